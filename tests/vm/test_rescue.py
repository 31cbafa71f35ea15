#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What happens when supd's own parts fail: nothing is lost, and somebody can see to it."""
import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"
LIBEXEC = "/usr/local/libexec/supd"
SHELL = "emergency"
STEADY = """[Service]
ExecStart=/bin/sleep infinity
[Container]
Profile=trusted
"""


def test_supd_killed():
    """A hundred times: every service keeps its process, and the last supd knows them."""
    names = [f"steady{i}" for i in range(5)]
    links = {f"/etc/supd/multi-user.target.wants/{n}.service": f"../{n}.service" for n in names}
    with vm.Machine({n + ".service": STEADY for n in names}, append=QUIET, links=links) as m:
        m.wait_sh("supctl is-active multi-user.target")
        pids = "for i in 0 1 2 3 4; do supctl show -p MainPID --value steady$i.service; done"
        before = m.sh(pids)
        m.sh("""n=0
while [ $n -lt 100 ]; do
    pid=$(pidof supd) && kill -9 $pid && n=$((n + 1))
    while [ "$(pidof supd)" = "$pid" ]; do sleep 0.01; done
done""", within=1800)
        m.wait_sh("supctl is-active steady0.service")
        vm.check("the same processes", m.sh(pids) == before, before)
        m.sh("supctl restart steady3.service")
        vm.check("the boot did not run again", m.sh("grep -c . /proc/uptime") == "1\n")


def on_console(m, reason):
    m.wait_console(reason)
    m.wait_console("tries again")
    # the shell may still be starting: it reads what was typed when it is there
    m.type("\n")
    m.type("echo typed-$((6 * 7))\n")
    m.wait_console("typed-42")


BROKEN = ("#!/bin/false\n", 0o755)


def test_broken_supd():
    """A supd that cannot run: a shell with the reason, and the way back."""
    files = {LIBEXEC + "/supd": BROKEN, "/usr/sbin/sulogin": None, "/sbin/sulogin": None}
    with vm.Machine(files=files, append=QUIET, agent=False) as m:
        on_console(m, "supd, the supervisor, cannot be started")


def test_broken_loader():
    """Nothing can be read at all."""
    files = {LIBEXEC + "/supd-load": BROKEN, "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, append=QUIET, agent=False) as m:
        on_console(m, "supd-init cannot start")


def test_bad_configuration():
    """supd.conf with an error: named with its line; repaired in the shell, the machine boots."""
    files = {"/etc/supd/supd.conf": "[supd]\nLogLevel=loud\n", "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, append=QUIET, agent=True, wait=False) as m:
        m.wait_console("/etc/supd/supd.conf:2")
        on_console(m, "supd-init cannot start")
        m.type("rm /etc/supd/supd.conf; exit\n")
        m.wait_agent()
        m.wait_sh("supctl is-active multi-user.target")


def test_no_root():
    with vm.Machine(append="root=/dev/nowhere rootwait=2", agent=False) as m:
        m.wait_console("the root device did not appear: /dev/nowhere")
        m.wait_console("no root file system")


def test_full_run():
    """/run without room: supd-init says so on the console and stays reachable."""
    script = ("#!/bin/sh\nmount -o remount,nr_inodes=60 /run\ni=0\n"
              "while touch /run/f$i 2>/dev/null; do i=$((i + 1)); done\n"
              f"exec {LIBEXEC}/supd-init\n")
    files = {"/fill": (script, 0o755), "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, agent=False, append=QUIET + " init=/fill") as m:
        m.wait_console("No space left on device")
        on_console(m, "supd-init cannot start")


def test_default_target_fails():
    units = {"needed.service": "[Unit]\nBefore=multi-user.target\n[Service]\nType=oneshot\n"
             "ExecStart=/bin/false\n[Container]\nProfile=trusted\n",
             "multi-user.target.d/need.conf": "[Unit]\nRequires=needed.service\n"}
    with vm.Machine(units, {"/usr/sbin/sulogin": None}, append=QUIET) as m:
        on_console(m, "the boot has failed")


def test_broken_fstab():
    files = {"/etc/fstab": "/dev/nothing /data ext4 x-systemd.device-timeout=2s 0 0\n",
             "/data/.x": "",
             "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, append=QUIET) as m:
        on_console(m, "the boot has failed")
        m.wait_sh("supctl logs -o cat dev-nothing.device | grep -q 'the device has not appeared'")


def test_command_line():
    """Words of the kernel command line: unit, mask, level, and a wrong one that only warns."""
    units = {"only.service": STEADY, "not.service": STEADY}
    links = {f"/etc/supd/only.target.wants/{n}.service": f"../{n}.service" for n in
             ("only", "not")}
    units["only.target"] = "[Unit]\nRequires=basic.target\nAfter=basic.target\n"
    with vm.Machine(units, append=QUIET + " systemd.unit=only.target supd.mask=not.service "
                    "systemd.hostname=named supd.log_level=loud", links=links) as m:
        m.wait_sh("supctl is-active only.target")
        vm.check("masked", m.try_sh("supctl is-active not.service")[0] != 0)
        vm.check("default is not started", m.try_sh("supctl is-active multi-user.target")[0] != 0)
        vm.check("host name", m.sh("hostname") == "named\n")
        vm.check("the wrong word is named", "not a log level" in m.console_text())
        m.sh("ip link show lo | grep -q LOWER_UP; grep -Eq '^[0-9a-f]{32}$' /etc/machine-id; "
             "grep -q memory /sys/fs/cgroup/system.slice/cgroup.subtree_control")
        for place, kind in (("/dev/pts", "devpts"), ("/dev/shm", "tmpfs"), ("/run", "tmpfs"),
                            ("/sys/fs/cgroup", "cgroup2"), ("/sys/fs/bpf", "bpf"),
                            ("/sys/kernel/security", "securityfs")):
            vm.check(place, m.sh(f"findmnt -n -o FSTYPE {place}").split()[-1] == kind)


vm.main(globals())
