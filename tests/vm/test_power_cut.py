#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The root file system's journal after a shutdown and after the power was cut.

test_root_is_clean runs with the suite; `test_power_cut.py cycles N` boots and ends a machine N
times on one root file system, half of them by cutting the power at a random moment."""
import os
import random
import sys
import time

import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"


def with_root(what):
    path = vm.root_copy(f"/var/tmp/supd-vm-root-{os.getpid()}")
    try:
        what(path)
    finally:
        os.unlink(path)


def test_root_is_clean():
    """Data written right before the power-off is there, and the journal needs no recovery."""
    def what(path):
        with vm.Machine(append=QUIET, persist=path) as m:
            m.wait_sh("supctl is-active multi-user.target")
            m.send("dd if=/dev/urandom of=/var/blob bs=64k count=20 status=none; "
                   "md5sum </var/blob >/var/sum; supctl poweroff")
            m.wait_end("guest-shutdown")
        vm.fsck_clean(path)
        with vm.Machine(append=QUIET, persist=path) as m:
            m.sh("md5sum </var/blob | cmp - /var/sum")
            # and after the power went away the machine boots again
            m.sh("dd if=/dev/zero of=/var/blob bs=64k count=100 status=none")
            m.command_qmp("quit")
        with vm.Machine(append=QUIET, persist=path) as m:
            m.wait_sh("supctl is-active multi-user.target")
    with_root(what)


def cycles(count):
    def what(path):
        for i in range(count):
            cut = i % 2 == 1
            with vm.Machine(append=QUIET, persist=path, wait=not cut) as m:
                if cut:
                    time.sleep(random.uniform(0, 20))
                    m.process.kill()
                    m.process.wait()
                else:
                    m.wait_sh("supctl is-active multi-user.target")
                    m.send("supctl poweroff")
                    m.wait_end("guest-shutdown")
            if not cut:
                vm.fsck_clean(path)
            print(f"{i + 1}/{count}", "cut" if cut else "clean", flush=True)
    with_root(what)


if len(sys.argv) == 3 and sys.argv[1] == "cycles":
    cycles(int(sys.argv[2]))
else:
    vm.main(globals())
