#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What all machines share: kernel, root file system, Debian's initramfs; made by the first test that
wants them. It is this one in a whole run: it begins with it, while other tests have the other core."""
import os

import vm


def test_images():
    vm.prepare()
    vm.fsck_clean(os.path.join(vm.CACHE, "root.ext4"))
    for name in ("kernel/vmlinuz", "kernel/version", "debian-initrd"):
        vm.check(name, os.path.getsize(os.path.join(vm.CACHE, name)) > 0)
    passwd = vm.image_text("/etc/passwd")
    vm.check("users of the root file system", passwd.startswith("root:"), passwd)


vm.main(globals())
