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
FILES = {"/etc/fstab": "/dev/nvme1n1 /data ext4 defaults 0 0\n", "/data/.here": ""}
WANTS = {"/etc/supd/multi-user.target.wants/writer.service": "../writer.service"}
# The seed of random numbers is kept here: with all that a machine writes as it ends.
FULL = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"


def going_down(root, disk):
    """Data written right before the power-off, by whom it stops too, also below a loop device."""
    with vm.Machine({"writer.service": WRITER}, FILES, append=FULL, persist=root, disk=disk,
                    links=WANTS) as m:
        m.wait_sh("supctl is-active multi-user.target")
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
        disk = vm.disk("/run/supd-vm-disk-%d" % os.getpid())
        try:
            going_down(root, disk)
            cut_off(root, disk)
            debian_initramfs(root, disk)
        finally:
            os.unlink(disk)
    with_root(what)


def cycles(count):
    def what(path):
        for i in range(count):
            cut = i % 2 == 1
            with vm.Machine(append=vm.QUIET, persist=path, wait=not cut) as m:
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
            with vm.Machine(append=vm.QUIET, persist=path, wait=False) as m:
                way(m)
                m.process.kill()
                m.process.wait()
            mend(path)
            print(f"{i + 1}/{count} {way.__name__}", flush=True)
        with vm.Machine(append=vm.QUIET, persist=path) as m:
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
