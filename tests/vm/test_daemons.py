#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A whole Debian: its own unit files as they are, from the kernel to a login and back."""
import subprocess

import vm

SYSTEM, ADMIN = "/lib/systemd/system/", "/etc/systemd/system/"
PASSWORD = "open-sesame"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFyZxn5fXH0pE5mW0o2gk3J0m5p0c7dJtW1c3b5Qx8aE of-the-host"
# What a package would do on installing: contrib/sysusers/supd.conf.
USERS = "".join(f"supd{n}:x:{980 + i}:{980 + i}::/:/usr/sbin/nologin\n"
                for i, n in enumerate(("", "-load", "-log")))
FILES = {
    "/etc/supd/supd.conf": "[supd]\nImportSystemdUnits=yes\nFstab=yes\n"
    "DefaultDeviceTimeoutSec=10min\n",
    "/etc/fstab": "tmpfs /srv tmpfs nosuid,size=1M 0 0\n",
    "/etc/sysctl.d/test.conf": "kernel.panic = 77\n",
    "/etc/modules-load.d/test.conf": "dummy\n",
    "/etc/tmpfiles.d/test.conf": "f /run/made 0640 daemon adm - hello\n",
    "/etc/udev/rules.d/99-test.rules":
        'SUBSYSTEM=="net", RUN+="/bin/sh -c \'echo $env{INTERFACE} >>/run/ruled\'"\n',
    "/etc/systemd/network/10-test.network": "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n",
}
LINKS = {
    ADMIN + "multi-user.target.wants/systemd-networkd.service":
        SYSTEM + "systemd-networkd.service",
    ADMIN + "getty.target.wants/console-getty.service": SYSTEM + "console-getty.service",
    ADMIN + "getty.target.wants/serial-getty@ttyS2.service": SYSTEM + "serial-getty@.service",
}
# Not a network: qemu answers DHCP and lets nothing through.
NETWORK = ["-device", "virtio-net-pci,netdev=n0", "-netdev", "user,id=n0,restrict=on"]
DAEMONS = ("systemd-journald systemd-udevd systemd-networkd systemd-logind dbus ssh "
           "console-getty serial-getty@ttyS2").split()
DONE = ("systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-sysctl systemd-modules-load "
        "systemd-udev-trigger systemd-random-seed systemd-sysusers systemd-update-utmp "
        "systemd-user-sessions systemd-journal-flush").split()


def machine():
    files = dict(FILES)
    files["/etc/passwd"] = vm.image_text("/etc/passwd") + USERS
    coded = subprocess.run(["openssl", "passwd", "-6", "-salt", "sodium", PASSWORD], check=True,
                           capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    shadow = vm.image_text("/etc/shadow")
    vm.check("root has no password yet", "root:*:" in shadow, shadow)
    # The host's: a password for the consoles, a key for ssh.
    given = {"passwd.hashed-password.root": coded.strip(), "ssh.authorized_keys.root": KEY}
    qemu = [w for name, value in given.items() for w in
            ("-smbios", f"type=11,value=io.systemd.credential:{name}={value}")]
    # udevd finds the network's driver by its alias; no one else loads it.
    files.update(vm.module_tree("virtio_net", "dummy"))
    return vm.Machine({}, files, links=LINKS, qemu=NETWORK + qemu, modules=["autofs4"],
                      line=True)


def check_units(m):
    m.wait_sh("supctl is-active multi-user.target")
    vm.check("nothing has failed", "0 units" in m.sh("supctl list --failed"),
             m.sh("supctl list --failed; journalctl -q -n 60"))
    for names, state in ((DAEMONS, "running"), (DONE, "exited")):
        units = " ".join(n + ".service" for n in names)
        out = m.sh(f"supctl show -p SubState --value {units}").split()
        vm.check("they are up", out == [state] * len(names), list(zip(names, out)))
    # Debian's own files; only [Container] is ours, in a drop-in.
    out = m.sh("supctl show -p FragmentPath --value " +
               " ".join(n + ".service" for n in DAEMONS)).split()
    vm.check("Debian's unit files", all("/lib/systemd/system/" in p for p in out), out)
    vm.check("no ordering cycle", "ordering cycle" not in
             m.sh("journalctl -q -b -o cat -t supd"))


def check_work(m):
    """What each of them is there for."""
    vm.check("sysctl", m.sh("cat /proc/sys/kernel/panic") == "77\n")
    vm.check("modules-load", "dummy " in m.sh("cat /proc/modules"))
    vm.check("tmpfiles", m.sh("cat /run/made; stat -c %U:%G:%a /run/made") ==
             "hellodaemon:adm:640\n")
    vm.check("fstab", "nosuid" in m.sh("grep ' /srv ' /proc/mounts"))
    m.wait_sh("udevadm settle && test -h /dev/disk/by-label/root && grep -q . /run/ruled")
    vm.check("a driver by its alias", "virtio_net " in m.sh("cat /proc/modules"))
    m.wait_sh("ip -4 addr | grep -q 'inet 10\\.0\\.2\\.15/'")
    m.wait_sh("networkctl --no-legend | grep -q 'routable.*configured'")
    out = m.sh("busctl --no-pager --no-legend list")
    vm.check("logind is on the bus", "systemd-logind" in out, out)


def check_ssh(m):
    keys = m.sh("cat /root/.ssh/authorized_keys; echo; stat -c %a /root/.ssh /root/.ssh/authorized_keys")
    vm.check("the host's key", keys.split() == KEY.split() + ["700", "600"], keys)
    m.sh("ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && "
         "(echo; cat /root/.ssh/id_ed25519.pub) >>/root/.ssh/authorized_keys")
    out = m.sh("ssh -o StrictHostKeyChecking=no -o BatchMode=yes root@127.0.0.1 "
               "'id -u; supctl is-active ssh.service; mount -t tmpfs tmpfs /mnt' 2>&1 | tail -n 2")
    vm.check("a command by ssh", out == "0\nactive\n", out)
    # Who logs in is on the machine itself, not behind a daemon's walls.
    m.sh("grep -q ' /mnt ' /proc/1/mounts")
    m.wait_sh("journalctl -q -o cat -u ssh | grep -q 'Accepted publickey for root'")


def log_in(say, wait, unit, tty):
    """By a line, as a person would; the getty comes again after it."""
    wait("login: ")
    say("root\n")
    wait("Password: ")
    say(PASSWORD + "\n")
    wait("root@")
    say("echo in-as-$(id -un)-$((40+2)) on $(tty)\n")
    wait(f"in-as-root-42 on {tty}")


def check_again(m, unit, leave):
    old = m.sh(f"supctl show -p MainPID --value {unit}").strip()
    leave("exit\n")
    m.wait_sh(f"new=$(supctl show -p MainPID --value {unit}); test $new -gt 0 && test $new -ne {old}")


def check_login(m):
    """On the console; then its serial port is given to a getty that is bound to the device."""
    log_in(m.type, m.wait_console, "console-getty.service", "/dev/console")
    check_again(m, "console-getty.service", m.type)
    m.sh("supctl stop console-getty.service")
    seen = len(m.console_text())
    m.sh("supctl start serial-getty@ttyS0.service")
    log_in(m.type, lambda text: m.wait_console(text, after=seen), "serial-getty@ttyS0.service",
           "/dev/ttyS0")
    check_again(m, "serial-getty@ttyS0.service", m.type)


def check_serial(m):
    """One that was wanted at boot: its port appeared with udevd."""
    line, unit = m.connect("line"), "serial-getty@ttyS2.service"
    try:
        bound = m.sh(f"supctl show -p BindsTo --value {unit}")
        vm.check("bound to its device", "dev-ttyS2.device" in bound, bound)
        vm.check("the device", m.sh("supctl show -p SubState --value dev-ttyS2.device") ==
                 "plugged\n")
        line.sendall(b"\n")  # its first prompt came before anybody listened
        log_in(lambda text: line.sendall(text.encode()), lambda text: vm.wait_line(line, text),
               unit, "/dev/ttyS2")
        check_again(m, unit, lambda text: line.sendall(text.encode()))
    finally:
        line.close()


def test_debian():
    with machine() as m:
        check_units(m)
        check_work(m)
        check_ssh(m)
        check_login(m)
        check_serial(m)
        m.send("supctl poweroff")
        m.wait_end("guest-shutdown")


vm.main(globals())
