#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The root file system's journal after a shutdown and after the power was cut. soak.py: the long runs."""
import os

import vm


def with_root(what):
    path = vm.root_copy(f"/var/tmp/supd-vm-root-{os.getpid()}")
    try:
        what(path)
    finally:
        os.unlink(path)


WRITER = """[Unit]
Description=Writes when it is told to stop
RequiresMountsFor=/
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c 'echo stopped >/data/stopped'
[Container]
Profile=trusted
"""
# A descriptor for writing that supd-init keeps until the end: the root must be let go of all the same.
KEEPER = """[Unit]
Description=Has a file in its descriptor store
[Service]
Type=notify
ExecStart=/usr/lib/vm-mark store /var/kept
FileDescriptorStoreMax=1
FileDescriptorStorePreserve=yes
[Container]
Profile=trusted
"""
FILES = {"/etc/fstab": "/dev/nvme1n1 /data ext4 defaults 0 0\n", "/data/.here": ""}
WANTS = {f"/etc/supd/multi-user.target.wants/{name}.service": f"../{name}.service"
         for name in ("writer", "keeper")}
# The seed of random numbers is kept here: with all that a machine writes as it ends.
FULL = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"


def going_down(root, disk):
    """Data written right before the power-off, by whom it stops too, also below a loop device."""
    with vm.Machine({"writer.service": WRITER, "keeper.service": KEEPER}, dict(FILES, **vm.mark()),
                    append=FULL, persist=root, disk=disk, links=WANTS) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.wait_sh("supctl show -p NFileDescriptorStore keeper.service | grep =1")
        vm.check("fstab was mounted", "nvme1n1" in m.sh("findmnt -n /data"))
        m.sh("dd if=/dev/urandom of=/data/blob bs=64k count=20 status=none; "
             "md5sum </data/blob >/data/sum; "
             "truncate -s 4M /data/image; losetup /dev/loop0 /data/image; "
             "mke2fs -q /dev/loop0; mkdir -p /data/inner; mount /dev/loop0 /data/inner; "
             "echo deep >/data/inner/file")
        m.send("dd if=/dev/urandom of=/var/blob bs=64k count=20 status=none; "
               "md5sum </var/blob >/var/sum; supctl poweroff")
        took = m.wait_end("guest-shutdown")
        text = m.console_text()
        print(f"     poweroff took {took:.1f} s")
        vm.check("the root was let go of", "cannot be made read-only" not in text, text)
        vm.check("nothing stayed mounted", "stays mounted" not in text, text)
    vm.fsck_clean(disk)
    vm.fsck_clean(root)


def cut_off(root, disk):
    """All of it is there; then the power goes away."""
    with vm.Machine({}, FILES, append=FULL, disk=disk, persist=root) as m:
        m.wait_sh("test -e /data/stopped")
        m.sh("md5sum </var/blob | cmp - /var/sum; md5sum </data/blob | cmp - /data/sum")
        m.sh("mkdir -p /mnt/x; mount -o loop /data/image /mnt/x; grep -q deep /mnt/x/file")
        m.sh("test -s /var/lib/systemd/random-seed")
        m.sh("dd if=/dev/zero of=/var/blob bs=64k count=100 status=none")
        m.command_qmp("quit")


def debian_initramfs(root, disk):
    """And the machine boots again: by an initramfs of Debian's initramfs-tools, which checks the
    root, mounts it and executes supd-init there, as it would any other init. With udevd: it has
    already run in the initramfs, so that it is asked for devices."""
    init = vm.libexec(vm.installed_tree()) + "/supd-init"
    with vm.Machine(initrd=vm.DEBIAN_INITRD, persist=root, disk=disk,
                    append=f"init={init}") as m:
        m.wait_sh("supctl is-active multi-user.target")
        vm.check("PID 1", m.sh("readlink /proc/1/exe").strip() == init)
        m.sh("test -d /run/initramfs && findmnt -n -t cgroup2 /sys/fs/cgroup")
        m.sh("ip link show lo | grep -q LOWER_UP; grep -Eq '^[0-9a-f]{32}$' /etc/machine-id")
        vm.check("fstab was mounted", "nvme1n1" in m.sh("findmnt -n /data"))
        # Debian's initramfs leaves it read-only
        m.sh("echo x >/var/written")
        m.send("supctl poweroff")
        m.wait_end("guest-shutdown")
    vm.fsck_clean(root)


def test_root_is_clean():
    def what(root):
        disk = vm.disk("/run/supd-vm-%d-disk" % os.getpid())
        try:
            going_down(root, disk)
            cut_off(root, disk)
            debian_initramfs(root, disk)
        finally:
            os.unlink(disk)
    with_root(what)


vm.main(globals())
