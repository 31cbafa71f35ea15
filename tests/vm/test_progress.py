#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the console says while a machine boots and goes down, and what can be asked afterwards."""
import json
import re
import time

import vm

SLOW = """[Unit]
Description=Takes its time
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=300
ExecStart=/bin/sh -c 'until test -e /run/go; do sleep 1; done'
[Container]
Profile=trusted
"""
STUCK = """[Unit]
Description=Does not end
[Service]
ExecStart=/bin/sh -c 'trap "" TERM; until test -e /run/end; do sleep 1; done'
TimeoutStopSec=300
[Container]
Profile=trusted
"""


def test_progress():
    """A job that takes long is named on the console with its limit, at the start and at the end, and
    nothing that is asked meanwhile changes how it ends."""
    links = {f"/etc/supd/multi-user.target.wants/{name}": f"../{name}"
             for name in ("slow.service", "stuck.service")}
    with vm.Machine({"slow.service": SLOW, "stuck.service": STUCK}, links=links,
                    append=vm.QUIET + " root=LABEL=root") as m:
        m.wait_console("a start job is running for: slow.service (")
        m.wait_console(" s / 300 s)")
        status, out = m.try_sh("supctl time")
        vm.check("the boot is not through", status == 1 and "not through" in out, out)
        m.sh("touch /run/go")
        m.wait_sh("supctl is-active multi-user.target")
        look_back(m)
        booted = len(m.console_text())
        # A supd that is killed meanwhile changes nothing.
        m.sh("supctl reboot; sleep 1; kill -9 $(pidof supd)")
        m.wait_console("a stop job is running for: stuck.service (", after=booted)
        # Nor does somebody who wants it to go down some other way.
        status, out = m.try_sh("supctl poweroff")
        vm.check("one end at a time", status and "going down already, by Reboot" in out, out)
        m.sh("/bin/kill -38 1")
        m.wait_console("the machine is going down already: reboot")
        wait_limit(m, booted)
        # The machine goes down when this is there, however long the steps above took.
        m.send("touch /run/end")
        m.wait_end("guest-reset")


def wait_limit(m, after):
    """Until a line tells a limit: once supd is there again, which tells what is left of it."""
    end = time.monotonic() + vm.END_WITHIN
    while not re.search(r"\(+\d+ +s+ +/+ +\d+ +s+\)", m.console_text()[after:]):
        vm.check("the limit", time.monotonic() < end, m.console_text()[after:])
        time.sleep(0.1)


def look_back(m):
    """time, blame and critical-chain, and systemd-analyze at the same socket."""
    times = json.loads(m.wait_sh("supctl time --json"))
    for part in ("kernel_us", "initrd_us", "userspace_us"):
        vm.check(part, times[part] > 0, times)
    parts = sum(times[part] for part in ("kernel_us", "initrd_us", "userspace_us"))
    vm.check("the parts are the whole", parts == times["total_us"], times)
    blame = json.loads(m.sh("supctl blame --json"))
    slow = [row["time_us"] for row in blame if row["unit"] == "slow.service"]
    vm.check("slow.service took 5 s at least", slow and slow[0] >= 5000000, blame)
    chain = m.sh("supctl critical-chain multi-user.target")
    vm.check("the chain leads to it", "└─slow.service @" in chain, chain)
    vm.check("plot", "</svg>" in m.sh("supctl plot"))
    theirs = m.sh("systemd-analyze --no-pager blame")
    ours = m.sh("supctl blame")
    vm.check("blame of both", [line.split() for line in ours.splitlines()] ==
             [line.split() for line in theirs.splitlines()], ours + theirs)
    print("     " + m.sh("supctl time").replace("\n", "\n     "))
    total = m.sh("systemd-analyze --no-pager time").split("\n")[0].strip()
    vm.check("time of both", m.sh("supctl time").startswith(total), total)


vm.main(globals())
