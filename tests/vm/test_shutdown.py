#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a machine goes down: order, deadlines, data, every way to ask."""
import os
import time

import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"
WRITER = """[Unit]
Description=Writes when it is told to stop
RequiresMountsFor=/
[Service]
ExecStart=/bin/sleep infinity
ExecStop=/bin/sh -c 'echo stopped >/data/stopped'
[Container]
Profile=trusted
"""
MOUNT = "/dev/nvme1n1 /data ext4 defaults 0 0\n"


def test_poweroff_keeps_data():
    disk = vm.disk("/run/supd-vm-disk-%d" % os.getpid())
    try:
        units = {"writer.service": WRITER}
        files = {"/etc/fstab": MOUNT, "/data/.here": ""}
        wants = {"/etc/supd/multi-user.target.wants/writer.service": "../writer.service"}
        with vm.Machine(units, files, append=QUIET, disk=disk, links=wants) as m:
            m.wait_sh("supctl is-active multi-user.target")
            vm.check("fstab was mounted", "nvme1n1" in m.sh("findmnt -n /data"))
            m.sh("dd if=/dev/urandom of=/data/blob bs=64k count=20 status=none; "
                 "md5sum </data/blob >/data/sum")
            m.sh("truncate -s 4M /data/image; losetup /dev/loop0 /data/image; "
                 "mke2fs -q /dev/loop0; mkdir -p /data/inner; mount /dev/loop0 /data/inner; "
                 "echo deep >/data/inner/file")
            m.send("supctl poweroff")
            took = m.wait_end("guest-shutdown")
            text = m.console_text()
            print(f"     poweroff took {took:.1f} s")
            vm.check("the root was let go of", "cannot be made read-only" not in text, text)
            vm.check("nothing stayed mounted", "stays mounted" not in text, text)
        vm.fsck_clean(disk)
        with vm.Machine(files={"/etc/fstab": MOUNT, "/data/.here": ""}, append=QUIET,
                        disk=disk) as m:
            m.wait_sh("test -e /data/stopped")
            m.sh("md5sum </data/blob | cmp - /data/sum")
            m.sh("mkdir -p /mnt/x; mount -o loop /data/image /mnt/x; grep -q deep /mnt/x/file")
    finally:
        os.unlink(disk)


SLOW = """[Unit]
Description=Does not end
[Service]
ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 1; done'
TimeoutStopSec=25
[Container]
Profile=trusted
"""


def test_stuck_service():
    """It costs its own timeout, is named meanwhile, and a supd that is killed changes nothing."""
    units = {"stuck.service": SLOW}
    with vm.Machine(units, append=QUIET,
                    links={"/etc/supd/multi-user.target.wants/stuck.service":
                           "../stuck.service"}) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.send("supctl reboot; sleep 1; kill -9 $(pidof supd)")
        m.wait_console("a stop job is running for: stuck.service (")
        m.wait_end("guest-reset")


def test_hung_supd():
    """supd stopped by a signal does not hold up the shutdown."""
    with vm.Machine(append=QUIET) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.sh("kill -STOP $(pidof supd); /bin/kill -38 1")
        m.wait_console("supd does not answer")
        m.wait_end("guest-shutdown")


def test_signals():
    """Ctrl-Alt-Del once, seven times, the power button, systemd's real-time signals."""
    def ask(what, reason, text=None):
        with vm.Machine(append=QUIET, modules=["button", "evdev"]) as m:
            m.wait_sh("supctl is-active multi-user.target")
            what(m)
            if text:
                m.wait_console(text)
            m.wait_end(reason)

    def seven(m):
        m.sh("kill -STOP $(pidof supd)")
        end = time.monotonic() + vm.END_WITHIN
        # Seven within two seconds: a busy host may need several goes.
        while not vm.said("seven times", m.console_text()) and m.process.poll() is None:
            vm.check("seven at once", time.monotonic() < end)
            try:
                for _ in range(14):  # two at once may count as one
                    m.key("ctrl", "alt", "delete", hold_ms=50)
            except OSError:
                break  # it has ended
            time.sleep(1)

    ask(lambda m: m.key("ctrl", "alt", "delete"), "guest-reset")
    ask(seven, "guest-reset", "seven times")
    ask(lambda m: (m.wait_sh("supctl is-active supd-power-key.service"),
                   m.command_qmp("system_powerdown")), "guest-shutdown")
    ask(lambda m: m.send("/bin/kill -48 1"), "guest-shutdown")


def test_systemctl():
    """Debian's own systemctl asks for it."""
    with vm.Machine(append=QUIET) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.send("systemctl poweroff")
        m.wait_end("guest-shutdown")


def test_soft_reboot():
    """User space alone: another boot of supd, the same kernel, no process of before."""
    units = {"steady.service": "[Service]\nExecStart=/bin/sleep infinity\n"
             "[Container]\nProfile=trusted\n"}
    links = {"/etc/supd/multi-user.target.wants/steady.service": "../steady.service"}
    with vm.Machine(units, append=QUIET, links=links) as m:
        m.wait_sh("supctl is-active multi-user.target")
        boot = m.sh("cat /proc/sys/kernel/random/boot_id; pidof sleep").split()
        m.send("supctl soft-reboot")
        m.wait_agent()
        m.wait_sh("supctl is-active steady.service")
        again = m.sh("cat /proc/sys/kernel/random/boot_id; pidof sleep").split()
        vm.check("the same kernel, a new process", boot[0] == again[0] and boot[1] != again[1],
                 f"{boot} {again}")


vm.main(globals())
