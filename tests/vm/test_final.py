#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The last steps of a machine: halt, kexec, device-mapper devices; and the host's ear on vsock."""
import hashlib
import os

import vm

SECOND = """#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
echo "the second kernel runs" >/dev/console
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
"""
# A host that begins to listen when its guest is up: it is told all the same.
LISTEN = """[Service]
Type=notify
ExecStart=/usr/lib/vm-mark vsock 9999 /run/heard
[Container]
Profile=trusted
"""

ANSWER_SOCKET = "[Socket]\nListenStream=vsock::5555\nAccept=yes\n"
ANSWER = """[Service]
StandardInput=socket
StandardOutput=socket
ExecStart=/bin/sh -c 'read line; echo heard $line'
[Container]
Profile=compat
"""


def test_kexec():
    """A loaded kernel is started after everything was stopped. (Without one: test_shutdown.py.)"""
    with open(os.path.join(vm.CACHE, "kernel/vmlinuz"), "rb") as f:
        files = {"/boot/vmlinuz": f.read(), "/usr/lib/second": (SECOND, 0o755)}
    with vm.Machine({}, files, append=vm.QUIET, mem=768) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.sh("kexec -s -l /boot/vmlinuz --command-line='console=ttyS0 panic=-1 quiet nokaslr "
             "mitigations=off no_timer_check root=/dev/nvme0n1 rootfstype=ext4 "
             "init=/usr/lib/second'")
        m.send("supctl kexec")
        m.wait_console("the kernel does it: kexec")
        m.wait_console("the second kernel runs")
        m.wait_end("guest-shutdown")


# A namespace that a file keeps, with copies of all mounts and one that is nowhere else; swap in a file.
HIDDEN = """truncate -s 2M /mnt/x/hidden; mke2fs -q -F /mnt/x/hidden
mkdir -p /run/pin /mnt/z; mount --bind /run/pin /run/pin; mount --make-private /run/pin
touch /run/pin/ns; unshare --mount=/run/pin/ns sh -c \
    'mount -o loop /mnt/x/hidden /mnt/z && echo hidden >/mnt/z/file'
dd if=/dev/zero of=/mnt/x/swap bs=64k count=16 status=none; chmod 600 /mnt/x/swap
mkswap /mnt/x/swap; swapon /mnt/x/swap; ! findmnt /mnt/z"""
# 1.5 MB, of which nothing is on the disk before the machine ends, take ten seconds.
SLOW_BPS = 150000
HOOK = "/usr/lib/systemd/system-shutdown/test"
HOOK_TEXT = """#!/bin/sh
echo x >/written || echo "packages are told of $1, / is read-only"
"""


def test_halt():
    """A linear device on another below a mount, a loop device in it, a swap file, a mount of a
    namespace that no process is in, on a slow disk: all are let go of in order, and the console says
    what is waited for. Then the kernel stands still and the power stays on. From rescue mode, with
    its shell."""
    disk = vm.disk("/run/supd-vm-%d-dm" % os.getpid())
    inner = disk + ".inner"
    try:
        with vm.Machine(files={"/usr/sbin/sulogin": None, HOOK: (HOOK_TEXT, 0o755)}, append=vm.QUIET + " rescue",
                        disk=disk) as m:
            m.wait_console("rescue mode: file systems are there, services are not")
            m.wait_sh("supctl is-active rescue.target && ! supctl is-active multi-user.target")
            m.sh("export DM_DISABLE_UDEV=1; n=$(blockdev --getsz /dev/nvme1n1); "
                 "dmsetup create lower --table \"0 $n linear /dev/nvme1n1 0\"; "
                 "dmsetup create upper --table \"0 $n linear /dev/mapper/lower 0\"; "
                 "mkdir -p /mnt/x /mnt/y; mount /dev/mapper/upper /mnt/x; "
                 "truncate -s 4M /mnt/x/image; mke2fs -q -F /mnt/x/image; "
                 "mount -o loop /mnt/x/image /mnt/y; echo deep >/mnt/y/file; "
                 "echo kept >/mnt/x/file")
            m.sh(HIDDEN)
            m.sh("sync; echo 0 >/proc/sys/vm/dirty_writeback_centisecs")
            m.throttle("d1", SLOW_BPS)
            m.sh("dd if=/dev/urandom of=/mnt/x/slow bs=64k count=24 status=none; "
                 "md5sum </mnt/x/slow >/mnt/x/sum")
            m.send("supctl halt")
            m.wait_console("packages are told of halt, / is read-only")
            m.wait_console("the kernel does it: halt")
            m.wait_halt()
            vm.check("the machine is still on", m.process.poll() is None)
            text = m.console_text()
            vm.check("what it waits for", vm.said("supd-umount: waiting for: ", text) and
                     vm.said("B are not written yet", text), text)
            for words in ("stays in use", "cannot ", "is given up"):
                vm.check("it has let go of all", not vm.said("supd-umount: " + words, text), text)
            m.command_qmp("quit")
        vm.fsck_clean(disk)
        vm.check("the file", vm.file_in(disk, "/file") == b"kept\n")
        slow = vm.file_in(disk, "/slow")
        vm.check("what was written slowly", len(slow) == 24 << 16 and
                 hashlib.md5(slow).hexdigest() == vm.file_in(disk, "/sum").split()[0].decode())
        for name, words in (("/image", b"deep\n"), ("/hidden", b"hidden\n")):
            with open(inner, "wb") as f:
                f.write(vm.file_in(disk, name))
            vm.fsck_clean(inner)
            vm.check("the inner file", vm.file_in(inner, "/file") == words)
    finally:
        os.unlink(disk)
        if os.path.exists(inner):
            os.unlink(inner)


def check_sockets(m):
    """ListenStream=vsock:…, an instance for each connection; a CID that is not ours is refused."""
    m.sh("supctl start answer.socket")
    for _ in range(2):
        vm.check("an answer", m.sh("/usr/lib/vm-mark ask 1 5555") == "heard question\n")
    vm.check("a foreign CID", m.try_sh("supctl start foreign.socket")[0] != 0)
    m.wait_sh("supctl logs foreign.socket | grep 'vsock:77:5555'")


def test_vsock():
    """vmm.notify_socket=vsock:…: by the guest's own loopback (CID 1), as hosts without vhost-vsock
    have no other; the messages are those of a host that listens late, and by streams, which "vsock:"
    leaves open."""
    qemu = ["-smbios", "type=11,value=io.systemd.credential:vmm.notify_socket=vsock:1:9999"]
    units = {"listen.service": LISTEN, "answer.socket": ANSWER_SOCKET, "answer@.service": ANSWER,
             "foreign.socket": "[Socket]\nListenStream=vsock:77:5555\nAccept=yes\n",
             "foreign@.service": ANSWER}
    with vm.Machine(units, vm.mark(), append=vm.QUIET, qemu=qemu,
                    modules=["vsock", "vsock_loopback"]) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.sh("supctl start listen.service")
        m.wait_sh("grep -qx READY=1 /run/heard")
        m.wait_sh("grep -qx X_SYSTEMD_UNIT_ACTIVE=multi-user.target /run/heard")
        m.wait_sh("grep -q '^X_SUPD_READY_USEC=[1-9]' /run/heard")
        check_sockets(m)
        vm.check("the virtio port is not told as well", b"READY=1" not in m.notes, m.notes)
        # poweroff at once: by the signal of systemd's, without a stop job
        m.send("/bin/kill -48 1")
        m.wait_end("guest-shutdown")


vm.main(globals())
