#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The root file system's journal after a shutdown and after the power was cut. soak.py: the long runs."""
import os

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


vm.main(globals())
