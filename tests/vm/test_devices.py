#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Devices, what is bound to them, and fstab, under a real udevd and without one."""
import os
import subprocess

import vm

UUID = "6d0c1c52-8f6e-4c7e-9f0e-3b6f6a1f2d10"
TTY = """[Unit]
BindsTo=dev-%i.device
After=dev-%i.device
[Service]
ExecStart=/bin/sleep infinity
[Container]
Profile=trusted
"""


def make_disk():
    path = vm.disk("/run/supd-vm-devices-%d" % os.getpid())
    subprocess.run(["tune2fs", "-f", "-U", UUID, path], check=True, capture_output=True)
    return path


AUTO = """tmpfs /auto tmpfs noauto,x-systemd.automount,x-systemd.idle-timeout=1s 0 0
/dev/missing /never ext4 noauto,nofail,x-systemd.automount,x-systemd.device-timeout=2s 0 0
"""
# Asking with a path would be a use, and what is used is not idle: the table is read instead.
MOUNTED = "grep -q '^tmpfs /auto tmpfs ' /proc/mounts"
USED = "test $(stat -f -c %T /auto/.) = tmpfs"


def state(m, unit, prop="SubState"):
    return m.sh(f"supctl show -p {prop} --value '{unit}'").strip()


def test_fstab():
    """A file system by UUID: waited for, checked, mounted; gone with its device and back again."""
    disk = make_disk()
    files = {"/etc/fstab": f"UUID={UUID} /data ext4 x-systemd.device-timeout=10min 0 2\n"
             "/dev/missing /absent ext4 nofail,x-systemd.device-timeout=3s 0 0\n"
             "this line is broken 0 x\n",
             "/data/.here": ""}
    links = {"/etc/supd/multi-user.target.wants/tty@ttyS0.service": "../tty@.service"}
    device = "dev-disk-by\\x2duuid-" + UUID.replace("-", "\\x2d") + ".device"
    try:
        with vm.Machine({"tty@.service": TTY}, files, links=links, disk=disk) as m:
            m.wait_sh("supctl is-active multi-user.target")
            vm.check("mounted", "nvme1n1" in m.sh("findmnt -n /data"))
            check = device.replace("dev-", "systemd-fsck@dev-", 1).replace(".device", ".service")
            vm.check("checked", state(m, check, "ExecMainStartTimestampMonotonic") != "0"
                     and state(m, check, "Result") == "success")
            vm.check("device", state(m, device) == "plugged")
            m.wait_sh("supctl is-active tty@ttyS0.service")
            m.wait_sh("supctl logs absent.mount | grep -q 'dev-missing.device'")
            vm.check("nofail: no emergency",
                     m.try_sh("supctl is-active emergency.target")[0] != 0)
            vm.check("the broken line is named on the console",
                     vm.said("fstab:3", m.console_text()), m.console_text())
            m.sh("echo 1 >/sys/class/nvme/nvme1/device/remove")
            m.wait_sh("! findmnt -n /data")
            m.wait_sh("test $(supctl show -p SubState --value data.mount) = dead")
            m.sh("supctl start --no-block data.mount; supctl list-jobs | grep -q data.mount")
            m.sh("echo 1 >/sys/bus/pci/rescan")
            # udevd looks at a new disk more than once; a link that it takes away for a moment takes
            # the device and with it the job.
            m.wait_sh("findmnt -n /data || { supctl start --no-block data.mount; false; }")
            m.send("supctl poweroff")
            m.wait_end("guest-shutdown")
        vm.fsck_clean(disk)
    finally:
        os.unlink(disk)


def test_without_udevd():
    """The node in devtmpfs is enough; a UUID is mount's own business. And automounts: mounted at
    the first access, unmounted when idle, also when supd was killed meanwhile."""
    disk = make_disk()
    files = {"/etc/fstab": f"/dev/nvme1n1 /data ext4 x-systemd.device-timeout=10min 0 2\n"
             f"UUID={UUID} /again ext4 defaults,x-systemd.after=data.mount 0 0\n" + AUTO,
             "/data/.here": "", "/again/.here": ""}
    try:
        with vm.Machine({}, files, disk=disk, append=vm.QUIET, modules=["autofs4"]) as m:
            m.wait_sh("supctl is-active multi-user.target")
            vm.check("no udevd", m.try_sh("test -e /run/udev/control")[0] != 0)
            vm.check("mounted", "nvme1n1" in m.sh("findmnt -n /data"))
            vm.check("by UUID", "nvme1n1" in m.sh("findmnt -n /again"))
            vm.check("device", state(m, "dev-nvme1n1.device") == "plugged")
            check_automount(m)
            m.send("supctl poweroff")
            m.wait_end("guest-shutdown")
        vm.fsck_clean(disk)
    finally:
        os.unlink(disk)


def check_automount(m):
    vm.check("waiting", state(m, "auto.automount") == "waiting")
    m.sh(f"! {MOUNTED}")
    m.sh(f"echo x >/auto/file; {USED}")
    m.wait_sh(f"! {MOUNTED}")
    m.sh(f"kill -9 $(pidof supd); {USED}")
    vm.check("what cannot be mounted is told", m.try_sh("ls /never/x")[0] != 0)
    m.wait_sh("test $(supctl show -p SubState --value never.automount) = waiting")


vm.main(globals())
