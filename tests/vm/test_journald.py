#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd-journald as Debian's own unit: what is in the journal, and what a kill -9 of it costs."""
import json
import re

import vm

IMPORT = "[supd]\nImportSystemdUnits=yes\n"
TARGET = """[Unit]
Wants=systemd-journald.service systemd-journald-dev-log.socket systemd-journal-flush.service
Wants=vm-agent.service
After=systemd-journald.service
"""
# Numbered lines in bursts, until told to end.
TALKER = """[Unit]
Description=Talks without end
After=log.target
[Service]
ExecStart=/bin/sh -c 'i=0; until [ -e /run/stop ]; do for k in 1 2 3 4 5 6 7 8 9 10; do \
i=$((i+1)); echo "%p $i"; done; sleep 0.1; done; echo "%p last $i"; exec sleep infinity'
"""
BRIEF = """[Service]
ExecStart=/bin/sh -c 'echo "brief one"; until [ -e /run/go ]; do sleep 0.1; done; echo "brief two"'
"""
# What journald is told of a unit before its first line.
TOLD = """[Service]
ExecStart=/bin/sh -c 'k=0; while [ $k -lt 50 ]; do k=$((k+1)); echo "<6>idle $k"; \
echo "<4>line $k"; done; exec sleep infinity'
LogLevelMax=warning
LogExtraFields=TEAM=web "NOTE=a b"
LogRateLimitIntervalSec=1h
LogRateLimitBurst=1
"""
LATE = "[Service]\nExecStart=/bin/echo late\n"
UNITS = {"log.target": TARGET, "ann.service": TALKER, "bob.service": TALKER,
         "brief.service": BRIEF, "late.service": LATE, "told.service": TOLD}
FILES = {"/etc/supd/supd.conf": IMPORT,
         "/etc/systemd/journald.conf.d/all.conf": "[Journal]\nRateLimitIntervalSec=0\n"}
# A read of journald's takes so much at most: what is in its hands when it is killed.
HELD_MAX = 64 * 1024


def entries(m, query):
    return [json.loads(line) for line in
            m.sh(f"journalctl --no-pager -q -o json {query}").splitlines()]


def kill_journald(m, while_stopped=""):
    """SIGKILL; until the next one has said that it is ready."""
    m.sh("supctl show -p MainPID --value systemd-journald.service >/run/old; "
         f"kill -STOP $(cat /run/old); {while_stopped or ':'}; kill -9 $(cat /run/old)")
    m.wait_sh("new=$(supctl show -p MainPID --value systemd-journald.service); "
              "test $new -gt 0 && ! grep -qx $new /run/old && "
              "supctl is-active systemd-journald.service")


def lost_lines(m, name):
    """The gaps in what a talker said, each as (first, last); its last line is there."""
    # A cut line (what journald held ended in its middle) is no line of its own.
    text = m.sh(f"journalctl --no-pager -q -o cat _SYSTEMD_UNIT={name}.service")
    last = re.search(rf"^{name} last (\d+)$", text, re.M)
    vm.check(f"{name} was heard to its end", last, text[-300:])
    seen = sorted({int(n) for n in re.findall(rf"^{name} (\d+)$", text, re.M)})
    numbers = [0] + seen + [int(last.group(1)) + 1]
    return [(a + 1, b - 1) for a, b in zip(numbers, numbers[1:]) if b - a > 1], len(seen)


def check_records(m):
    """Whose line it is, and what supd says about it: by unit, by invocation, by message id."""
    m.wait_sh("journalctl -q -o cat -u ann.service >/run/ann; grep -q '^ann 1$' /run/ann && "
              "grep -q '^Started ann.service' /run/ann")
    invocation = m.sh("supctl show -p InvocationID --value ann.service").strip()
    vm.check("an invocation id", re.fullmatch("[0-9a-f]{32}", invocation), invocation)
    own = entries(m, "-n 3 _SYSTEMD_UNIT=ann.service")
    vm.check("the service's lines", own and all(
        e["_SYSTEMD_INVOCATION_ID"] == invocation and e["_TRANSPORT"] == "stdout" and
        e["_SYSTEMD_SLICE"] == "system.slice" and e["SYSLOG_IDENTIFIER"] == "sh"
        for e in own), own)
    told = entries(m, f"INVOCATION_ID={invocation}")
    vm.check("supd's lines", any(
        e["UNIT"] == "ann.service" and e["_PID"] == "1" and e["JOB_RESULT"] == "done" and
        e["MESSAGE_ID"] == "39f53479d3a045ac8e11786248231fbf" for e in told), told)
    both = entries(m, "-u ann.service -n 100000")
    vm.check("-u finds both", {e["_TRANSPORT"] for e in both} == {"journal", "stdout"}, both[:4])
    # What was said before there was a journald came by the kernel's log.
    early = entries(m, "_TRANSPORT=kernel SYSLOG_IDENTIFIER=supd")
    vm.check("early lines", any("systemd-journald" in e["MESSAGE"] for e in early), early)


def check_told(m):
    """LogLevelMax=, LogExtraFields=, LogRateLimit…=: what supd leaves for journald to read."""
    m.sh("supctl start told.service")
    m.wait_sh("journalctl -q -o cat _SYSTEMD_UNIT=told.service | grep -x 'line 1'")
    lines = entries(m, "_SYSTEMD_UNIT=told.service _TRANSPORT=stdout")
    text = [e["MESSAGE"] for e in lines]
    # journald allows more of them the more room its disk has: not fifty.
    vm.check("warnings only, and not all", len(text) < 50 and
             text == [f"line {k}" for k in range(1, len(text) + 1)], text)
    vm.check("the further fields", all(e["TEAM"] == "web" and e["NOTE"] == "a b" for e in lines),
             lines)
    m.sh("supctl stop told.service")
    left = m.sh("ls /run/systemd/units")
    vm.check("they go with the unit", "told.service" not in left, left)


def test_journald():
    """The journal's fields; then journald is killed under load: only what it held may be missing."""
    with vm.Machine(UNITS, FILES, append="supd.unit=log.target") as m:
        m.wait_sh("supctl is-active log.target")
        m.sh("supctl start ann.service bob.service brief.service")
        check_records(m)
        m.wait_sh("journalctl -q -o cat -u brief.service | grep -q 'brief one'")
        kill_journald(m)
        # A stream that ends, and one that comes and goes, while nobody reads them.
        kill_journald(m, "touch /run/go; supctl start late.service; while "
                      "supctl is-active -q brief.service late.service; do sleep 0.2; done")
        m.sh("logger -t byhand hello; touch /run/stop")
        for name in ("ann", "bob"):
            m.wait_sh(f"journalctl -q -o cat -u {name}.service | grep -q '{name} last'")
            gaps, seen = lost_lines(m, name)
            print(f"     {name}: {seen} lines, lost with journald: {gaps}")
            vm.check("at most one gap for each kill", len(gaps) <= 2, gaps)
            for first, last in gaps:
                vm.check("no more than journald held", (last - first + 1) * 5 <= HELD_MAX, gaps)
        m.wait_sh("journalctl -q -o cat -u brief.service | grep -q 'brief two'")
        m.wait_sh("journalctl -q -o cat -u late.service | grep -qx late")
        m.wait_sh("journalctl -q -o cat -t byhand | grep -qx hello")
        vm.check("no service was touched", m.sh("supctl show -p NRestarts --value ann.service "
                                                "bob.service").split() == ["0", "0"])
        check_told(m)
        m.sh("supctl stop ann.service")
        vm.check("the link goes with the unit",
                 m.try_sh("test -h /run/systemd/units/invocation:ann.service")[0] == 1)
        m.send("supctl poweroff")
        m.wait_end("guest-shutdown")


vm.main(globals())
