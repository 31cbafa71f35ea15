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
    path = vm.disk("/run/supd-vm-%d-devices" % os.getpid())
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


def check_swap(m):
    """One of fstab, one of a unit: the kernel's table is what the units say."""
    vm.check("swap of fstab", swaps(m) == [["/swap.1", "7"]], swaps(m))
    m.sh("supctl is-active swap.1.swap swap.target; supctl start swap.2.swap")
    vm.check("swap of a unit", ["/swap.2", "3"] in swaps(m), swaps(m))
    m.sh("swapoff /swap.2")
    m.wait_sh("! supctl is-active swap.2.swap")
    m.sh("supctl start swap.2.swap; supctl stop swap.1.swap")
    vm.check("one has gone", swaps(m) == [["/swap.2", "3"]], swaps(m))


def swaps(m):
    """Files and priorities of the kernel's swap space."""
    rows = [line.split() for line in m.sh("cat /proc/swaps").splitlines()[1:]]
    return [[row[0], row[4]] for row in rows]


def test_fstab():
    """The whole of a boot, with swap and a file system by UUID: waited for, checked, mounted; gone
    with its device and back again. Then the power button."""
    disk = make_disk()
    files = {"/etc/fstab": f"UUID={UUID} /data ext4 x-systemd.device-timeout=10min 0 2\n"
             "/dev/missing /absent ext4 nofail,x-systemd.device-timeout=3s 0 0\n"
             "this line is broken 0 x\n"
             "/swap.1 none swap pri=7 0 0\n",
             # of the port that its unit is bound to
             "/etc/supd/supd.conf": "[supd]\nDefaultDeviceTimeoutSec=10min\n",
             "/data/.here": "", "/swap.1": vm.swap_space(), "/swap.2": vm.swap_space()}
    units = {"tty@.service": TTY, "swap.2.swap": "[Swap]\nWhat=/swap.2\nPriority=3\n"}
    links = {"/etc/supd/multi-user.target.wants/tty@ttyS0.service": "../tty@.service"}
    device = "dev-disk-by\\x2duuid-" + UUID.replace("-", "\\x2d") + ".device"
    try:
        with vm.Machine(units, files, links=links, disk=disk) as m:
            m.wait_sh("supctl is-active multi-user.target default.target")
            print(f"     agent after {m.boot_s:.1f} s")
            vm.check("PID 1", m.sh("cat /proc/1/comm") == "supd-init\n")
            vm.check("mounted", "nvme1n1" in m.sh("findmnt -n /data"))
            check = device.replace("dev-", "systemd-fsck@dev-", 1).replace(".device", ".service")
            vm.check("checked", state(m, check, "ExecMainStartTimestampMonotonic") != "0"
                     and state(m, check, "Result") == "success")
            vm.check("device", state(m, device) == "plugged")
            m.wait_sh("supctl is-active tty@ttyS0.service")
            check_swap(m)
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
            m.wait_sh("supctl is-active supd-power-key.service")
            m.command_qmp("system_powerdown")
            m.wait_console("the kernel does it: poweroff")
            m.wait_end("guest-shutdown")
        vm.fsck_clean(disk)
    finally:
        os.unlink(disk)


# What the udevd of an initramfs leaves: a socket's file that nobody listens to.
LEFT = """#!/usr/bin/perl
use Socket;
mkdir "/run/udev";
socket(S, AF_UNIX, SOCK_SEQPACKET, 0) && bind(S, pack_sockaddr_un("/run/udev/control")) &&
    listen(S, 1) or die "/run/udev/control: $!";
exec "%s/supd-init";
"""


def test_without_udevd():
    """The node in devtmpfs is enough, and an udevd that was there once does not count; a UUID is
    mount's own business. And automounts: mounted at the first access, unmounted when idle, also
    when supd was killed meanwhile."""
    disk = make_disk()
    files = {"/etc/fstab": f"/dev/nvme1n1 /data ext4 x-systemd.device-timeout=10min 0 2\n"
             f"UUID={UUID} /again ext4 defaults,x-systemd.after=data.mount 0 0\n" + AUTO,
             "/data/.here": "", "/again/.here": "",
             "/left": (LEFT % vm.libexec(vm.installed_tree()), 0o755)}
    try:
        with vm.Machine({}, files, disk=disk, append=vm.QUIET + " init=/left",
                        modules=["autofs4"]) as m:
            m.wait_sh("supctl is-active multi-user.target")
            m.sh("test -S /run/udev/control")
            vm.check("no udevd", m.try_sh("pidof systemd-udevd")[0] != 0)
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
