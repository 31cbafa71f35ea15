#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A watchdog that is hardware to the machine: qemu's i6300esb, which only Debian's generic kernel drives;
and a disk that no longer answers. Not part of the suite, for that kernel is 70 MB to fetch and
unpacked 400 MB, and boots slowly, and the disk is waited for: contrib/hardware-vm.sh."""
import hashlib
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


SUSPEND = """export DM_DISABLE_UDEV=1; n=$(blockdev --getsz /dev/nvme1n1)
dmsetup create dead --table "0 $n linear /dev/nvme1n1 0"; mkdir -p /dead; mount /dev/mapper/dead /dead
echo x >/dead/file; dmsetup suspend --noflush --nolockfs dead; echo y >>/dead/file"""
DEAD_WITHIN = 150  # 60 s in which nothing moves, and the rest of a machine's end


def with_disks(what, size):
    disk = vm.disk(f"/var/tmp/supd-vm-disk-{os.getpid()}", size)
    root = vm.root_copy(f"/var/tmp/supd-vm-root-{os.getpid()}")
    try:
        what(disk, root)
    finally:
        os.unlink(disk)
        os.unlink(root)


def test_dead_disk():
    """A file system whose disk hangs in the middle costs its own time: the machine still goes down,
    and the root file system is let go of as ever."""
    def what(disk, root):
        with vm.Machine(append=vm.QUIET, disk=disk, persist=root) as m:
            m.wait_sh("supctl is-active multi-user.target")
            m.sh(SUSPEND)
            m.send("dd if=/dev/urandom of=/var/blob bs=64k count=20; md5sum </var/blob >/var/sum; "
                   "supctl poweroff")
            took = m.wait_end("guest-shutdown")
            text = m.console_text()
            print(f"     poweroff took {took:.0f} s")
            for words in ("supd-umount: does not come to an end, the others go first: /dead",
                          "supd-umount: waiting for: ", "nothing has moved for ",
                          "supd-umount: is given up, for nothing moves any more"):
                vm.check("what hangs is named", vm.said(words, text), text)
            vm.check("the root was let go of", "cannot be made read-only" not in text, text)
            vm.check("it is told from a slow one", took < DEAD_WITHIN, took)
        vm.fsck_clean(root)
        vm.check("its data", len(vm.file_in(root, "/var/blob")) == 20 << 16)
    with_disks(what, "16M")


SLOW_MB, SLOW_BPS = 48, 150000  # more than five minutes of writing


def test_slow_disk():
    """A disk that is slow and healthy gets the time that its data needs, and loses nothing."""
    def what(disk, root):
        with vm.Machine(append=vm.QUIET, disk=disk, persist=root) as m:
            m.wait_sh("supctl is-active multi-user.target")
            m.sh("mkdir -p /slow; mount /dev/nvme1n1 /slow; sync; "
                 "echo 90 >/proc/sys/vm/dirty_ratio; echo 80 >/proc/sys/vm/dirty_background_ratio; "
                 "echo 0 >/proc/sys/vm/dirty_writeback_centisecs")
            m.throttle("d1", SLOW_BPS)
            m.sh(f"dd if=/dev/urandom of=/slow/blob bs=1M count={SLOW_MB} status=none; "
                 "md5sum </slow/blob >/var/sum")
            m.send("supctl poweroff")
            took = m.wait_end("guest-shutdown", within=4 * SLOW_MB * 1000000 // SLOW_BPS)
            text = m.console_text()
            print(f"     poweroff took {took:.0f} s")
            print("     " + "\n     ".join(line for line in text.splitlines()
                                           if "supd-umount" in line))
            vm.check("what it waits for", vm.said("supd-umount: waiting for: ", text), text)
            vm.check("how much", vm.said(" MB are not written yet", text), text)
            vm.check("nothing was given up", "is given up" not in text, text)
        vm.fsck_clean(disk)
        vm.fsck_clean(root)
        vm.check("its data", hashlib.md5(vm.file_in(disk, "/blob")).hexdigest() ==
                 vm.file_in(root, "/var/sum").split()[0].decode())
    with_disks(what, "64M")


vm.main(globals())
