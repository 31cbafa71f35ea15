#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The root file system's journal after a shutdown and after the power was cut.

test_root_is_clean runs with the suite. Long runs, on one root file system (contrib/soak-vm.sh):
test_power_cut.py cycles N   boots and ends a machine N times, half of them by cutting the power
test_power_cut.py cuts N     cuts the power N times, in turns while it boots, while it writes and
                             while it goes down; each time fsck, then the next boot"""
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


def cut_boot(m):
    time.sleep(random.uniform(0, 15))


def cut_writing(m):
    m.wait_agent()
    m.wait_sh("supctl is-active multi-user.target")
    m.send("while :; do dd if=/dev/urandom of=/var/blob.$$ bs=64k count=8 status=none; sync; "
           "mv /var/blob.$$ /var/blob; done")
    time.sleep(random.uniform(0, 5))


def cut_stop(m):
    m.wait_agent()
    m.wait_sh("supctl is-active multi-user.target")
    m.send("echo written >/var/before; sync; supctl poweroff")
    time.sleep(random.uniform(0, 8))


def mend(path):
    """What any boot does after a power cut: the journal is played back, nothing else is wrong."""
    vm.run("/bin/sh", "-c", f"/usr/sbin/e2fsck -p {path}; test $? -le 1")
    vm.run("/usr/sbin/e2fsck", "-f", "-n", path)


def cuts(count):
    ways = (cut_boot, cut_writing, cut_stop)

    def what(path):
        for i in range(count):
            way = ways[i % len(ways)]
            with vm.Machine(append=QUIET, persist=path, wait=False) as m:
                way(m)
                m.process.kill()
                m.process.wait()
            mend(path)
            print(f"{i + 1}/{count} {way.__name__}", flush=True)
        with vm.Machine(append=QUIET, persist=path) as m:
            m.wait_sh("supctl is-active multi-user.target")
            m.send("supctl poweroff")
            m.wait_end("guest-shutdown")
        vm.fsck_clean(path)
    with_root(what)


LONG = {"cycles": cycles, "cuts": cuts}
if len(sys.argv) == 3 and sys.argv[1] in LONG:
    LONG[sys.argv[1]](int(sys.argv[2]))
else:
    vm.main(globals())
