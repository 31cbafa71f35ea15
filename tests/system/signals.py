#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each signal does to supd-init as PID 1 of a container: MACHINE.md's table, row by row. (As a machine's
PID 1: tests/vm.)

signals.py BUILD_ROOT.  Exit 0, 1 a failure, 77 no crun or no right to make namespaces here."""
import os
import shutil
import signal
import sys

sys.dont_write_bytecode = True
import container  # noqa: E402
import roof  # noqa: E402
from roof import SKIPPED, check  # noqa: E402

TARGET = "[Unit]\nAllowIsolate=yes\n"
UNITS = {f"{name}.target": TARGET for name in ("sigpwr", "kbrequest", "rescue", "emergency")}
UNITS["last.service"] = ("[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/touch /var/tmp/stopped\n"
                         "[Container]\nProfile=trusted\n")
UNITS["trusted.service.d/last.conf"] = "[Unit]\nRequires=last.service\nAfter=last.service\n"
LATE = "[Service]\nExecStart=/bin/sleep infinity\n[Container]\nProfile=trusted\n"
# Signal, exit status, whether units are stopped before. Without CAP_SYS_BOOT there is no reboot(2) here.
ENDS = (("TERM", 0, True), ("INT", 0, True), ("RTMIN+3", 0, True), ("RTMIN+4", 0, True), ("RTMIN+5", 0, True),
        ("RTMIN+6", 0, True), ("RTMIN+7", 0, True), ("RTMIN+13", 0, False), ("RTMIN+14", 0, False),
        ("RTMIN+15", 0, False), ("RTMIN+16", 0, False), ("RTMIN+24", 0, True))


def life(c):
    """Another after an exec, for the kernel puts the stack elsewhere."""
    return c.exec("cat", "/proc/1/stat")[1].rsplit(")", 1)[1].split()[25]


def is_active(c, unit):
    return lambda: c.try_ctl("is-active", unit)[0] == 0


def test_stays(top, installed):
    with open("/proc/sys/kernel/randomize_va_space") as f:
        random = f.read().strip() != "0"
    with container.Container(top, installed, units=UNITS) as c:
        def send(name):
            check(name, c.exec("kill", "-s", name, "1")[0] == 0)

        def main():
            return c.try_ctl("show", "-p", "MainPID", "--value", "trusted.service")
        pid = main()
        for name, target in (("PWR", "sigpwr"), ("WINCH", "kbrequest")):
            send(name)
            c.until(f"{name} starts {target}.target", is_active(c, target + ".target"))
        with open(os.path.join(c.bundle, "rootfs/etc/supd/late.service"), "w") as f:
            f.write(LATE)
        check("it is not loaded", c.try_ctl("show", "-p", "LoadState", "--value", "late.service")[1] != "loaded\n")
        send("HUP")
        c.until("HUP loads units", lambda: c.try_ctl("show", "-p", "LoadState", "--value", "late.service")[1] ==
                "loaded\n")
        send("USR2")
        for name in ("USR1", "RTMIN+25"):
            before = life(c)
            send(name)
            if random:
                c.until(f"{name} executes it anew", lambda: life(c) != before)
            c.until("it answers", is_active(c, "trusted.service"))
        check("no service noticed", main() == pid, (pid, main()))
        for name, target in (("RTMIN+1", "rescue"), ("RTMIN+2", "emergency"), ("RTMIN+0", "default")):
            send(name)
            c.until(f"{name} starts {target}.target", is_active(c, target + ".target"))
        c.ends("RTMIN+4", 0)


def test_ends(top, installed):
    for name, status, stops in ENDS:
        with container.Container(top, installed, units=UNITS) as c:
            c.ends(name, status)
            stopped = os.path.exists(os.path.join(c.bundle, "rootfs/var/tmp/stopped"))
            check(f"{name}: units are {'' if stops else 'not '}stopped before", stopped == stops, c.said())
            print(f"  {name}")


def main():
    if os.geteuid() != 0 or not shutil.which("crun"):
        print("skipped: root and crun are needed: contrib/install-deps.sh check")
        return SKIPPED
    return roof.run(sys.argv[1], (test_stays, test_ends))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
