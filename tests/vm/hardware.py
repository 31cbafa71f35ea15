#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A watchdog that is hardware to the machine: qemu's i6300esb, which only Debian's generic kernel drives.
Not part of the suite, for that kernel is 70 MB to fetch and unpacked 400 MB, and boots slowly:
contrib/hardware-vm.sh."""
import os

import vm

FILES = {"/etc/supd/supd.conf": "[supd]\nRuntimeWatchdogSec=30\n"}
UNITS = {"steady.service": "[Service]\nExecStart=/bin/sleep infinity\n[Container]\nProfile=trusted\n"}


def generic_kernel():
    path = os.path.join(vm.CACHE, "kernel-generic")
    vm.run(os.path.join(vm.SOURCE, "contrib/vm/kernel"), path, "linux-image-amd64")
    return path


def test_i6300esb():
    """It is fed while supd is killed, and resets the machine when supd-init hangs."""
    with vm.Machine(UNITS, FILES, append=vm.QUIET, kernel=generic_kernel(), modules=["i6300esb"],
                    without=["softdog"], boot_within=1200,
                    qemu=["-device", "i6300esb", "-action", "watchdog=reset"]) as m:
        print(f"     agent after {m.boot_s:.1f} s, kernel {m.sh('uname -r').strip()}")
        m.wait_sh("supctl is-active multi-user.target")
        vm.check("the hardware's", "i6300ESB" in m.sh("cat /sys/class/watchdog/watchdog0/identity"))
        vm.check("its time", m.sh("cat /sys/class/watchdog/watchdog0/timeout") == "30\n")
        m.wait_sh('test -n "$(ls -l /proc/1/fd | grep watchdog0)"')
        m.sh("supctl start steady.service")
        # For longer than it waits, supd dies again and again.
        m.sh("""read start rest </proc/uptime; end=$((${start%.*} + 40))
while read now rest </proc/uptime; [ ${now%.*} -lt $end ]; do kill -9 $(pidof supd); sleep 1; done""")
        m.wait_sh("supctl is-active steady.service")
        vm.check("it was fed", not [e for e in m.events if e["event"] == "WATCHDOG"], m.events)
        m.send("echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze")
        took = m.wait_end("guest-reset")
        vm.check("by the watchdog", any(e["event"] == "WATCHDOG" for e in m.events), m.events)
        print(f"     reset {took:.0f} s after supd-init was frozen")


vm.main(globals())
