#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that is badly off says what is wrong and stays reachable: a clock in 1970 and no console
at all, a root file system that stays read-only, one that is none. (No root, a full /run, a broken
fstab: test_rescue.py.) Their ends are emergency actions."""
import os

import vm

TIMER = """[Timer]
OnCalendar=daily
Persistent=yes
AccuracySec=1s
"""
FIRED = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo fired >>/run/fired'\n"
TRUSTED = "[Container]\nProfile=trusted\n"
LOST = "[Unit]\nSuccessAction=poweroff-force\n[Service]\nType=oneshot\nExecStart=/bin/true\n"
# Nothing but the network's and devices' units is left out: their files and times are looked at.
WHOLE = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"


def number(m, script):
    return int(m.sh(script).split()[0])


def test_no_console_1970():
    """The host learns of READY from a machine without a console and with an empty clock; the clock
    starts at the system's own files, and a jump of it makes due what has become due."""
    units = {"daily.timer": TIMER, "daily.service": FIRED + TRUSTED, "lost.service": LOST}
    links = {"/etc/supd/timers.target.wants/daily.timer": "../daily.timer"}
    with vm.Machine(units, append=WHOLE, console=False, links=links,
                    qemu=["-rtc", "base=1970-01-01T00:00:10"]) as m:
        m.wait_note("READY=1")
        m.wait_sh("supctl is-active multi-user.target")
        vm.check("there is no console", m.try_sh("echo x >/dev/console")[0] != 0)
        floor = number(m, "stat -c %Y /usr")
        vm.check("the clock is not before the system", floor > 1700000000 and
                 number(m, "date +%s") >= floor, m.sh("date; stat /usr"))
        vm.check("it is said where somebody may read it", "the clock stood before" in m.sh("dmesg"))
        started = m.sh("supctl show -p ActiveEnterTimestamp --value multi-user.target").strip()
        vm.check("times of units", number(m, f"date -d '{started}' +%s") >= floor, started)
        logged = m.sh("supctl logs -o json -n 1 daily.timer")
        vm.check("times of the log", number(m, "stat -c %Y /var/log/supd") >= floor, logged)
        m.sh("test -s /var/lib/systemd/random-seed")
        m.sh("supctl is-active daily.timer; test ! -e /run/fired")
        m.sh("date -s '+2 days'")
        m.wait_sh("test $(cat /run/fired) = fired")
        m.sh("supctl is-active daily.timer")
        m.send("supctl start lost.service")
        m.wait_end("guest-shutdown")
        m.readers[0].join(vm.ANSWER_WITHIN)
        vm.check("and of the end", b"X_SYSTEMD_SHUTDOWN=poweroff" in m.notes, m.notes)


WORKS = ("[Service]\nExecStart=/bin/sh -c 'echo works; exec sleep infinity'\n"
         "[Install]\nWantedBy=multi-user.target\n")
STUCK = """[Unit]
JobTimeoutSec=1
JobTimeoutAction=poweroff
[Service]
Type=notify
ExecStart=/bin/sleep infinity
"""


def test_read_only_root():
    """It stays read-only, as fstab says: state and logs are below /run, which is said."""
    files = {"/etc/fstab": "/dev/nvme0n1 / ext4 ro 0 0\n"}
    units = {"works.service": WORKS, "stuck.service": STUCK}
    links = {"/etc/supd/multi-user.target.wants/works.service": "../works.service"}
    with vm.Machine(units, files, append=WHOLE + " ro", links=links) as m:
        m.wait_sh("supctl is-active multi-user.target works.service")
        vm.check("read-only", m.try_sh("echo x >/var/x")[0] != 0)
        m.wait_sh("supctl logs works.service | grep works")
        m.wait_console("Read-only file system")
        m.sh("kill -9 $(pidof supd)")
        m.wait_sh("supctl is-active works.service")
        status, out = m.try_sh("supctl disable works.service")
        vm.check("what cannot be written is named", status != 0 and "ead-only" in out, out)
        m.send("supctl start stuck.service")
        m.wait_end("guest-shutdown")


def test_broken_root():
    """A disk that holds no file system: its name and the kernel's word, and a shell."""
    disk = "/run/supd-vm-%d-garbage" % os.getpid()
    with open(disk, "wb") as f:
        f.write(bytes(range(256)) * 4096)
    try:
        with vm.Machine(append="root=/dev/nvme1n1", disk=disk, agent=False) as m:
            m.wait_console("/dev/nvme1n1")
            m.wait_console("no root file system")
    finally:
        os.unlink(disk)


vm.main(globals())
