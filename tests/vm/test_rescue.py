#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What happens when supd's own parts fail: nothing is lost, and somebody can see to it."""
import os
import time

import vm

LIBEXEC = "/usr/local/libexec/supd"
SHELL = "emergency"
STEADY = """[Service]
ExecStart=/bin/sleep infinity
[Container]
Profile=trusted
"""


def test_supd_killed():
    """A hundred times: every service keeps its process, the last supd knows them, and the hardware
    watchdog is fed all the while."""
    names = [f"steady{i}" for i in range(5)]
    links = {f"/etc/supd/multi-user.target.wants/{n}.service": f"../{n}.service" for n in names}
    files = {"/etc/supd/supd.conf": "[supd]\nRuntimeWatchdogSec=20\n"}
    with vm.Machine({n + ".service": STEADY for n in names}, files, append=vm.QUIET,
                    links=links) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.wait_sh('test -n "$(ls -l /proc/1/fd | grep watchdog0)"')
        pids = "for i in 0 1 2 3 4; do supctl show -p MainPID --value steady$i.service; done"
        before = m.sh(pids)
        # for longer than the watchdog waits
        m.sh("""n=0; read start rest </proc/uptime; end=$((${start%.*} + 25))
while [ $n -lt 100 ] || { read now rest </proc/uptime; [ ${now%.*} -lt $end ]; }; do
    pid=$(pidof supd) && kill -9 $pid && n=$((n + 1))
    while [ "$(pidof supd)" = "$pid" ]; do sleep 0.01; done
done""", within=1800)
        m.wait_sh("supctl is-active steady0.service")
        vm.check("the same processes", m.sh(pids) == before, before)
        m.sh("supctl restart steady3.service")
        vm.check("the boot did not run again", m.sh("grep -c . /proc/uptime") == "1\n")
        # Seven times: at once, whatever supd does.
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
        m.wait_console("seven times")
        m.wait_end("guest-reset")


def on_console(m, reason, after=0):
    """The reason is told and a shell answers; the console's length then."""
    m.wait_console(reason, after=after)
    m.wait_console("tries again", after=after)
    # the shell may still be starting: it reads what was typed when it is there
    m.type("\n")
    m.type("echo typed-$((6 * 7))\n")
    m.wait_console("typed-42", after=after)
    return len(m.console_text())


def test_cannot_start():
    """Three reasons why supd-init cannot start, one behind the other, then a supd that cannot; each
    is told and repaired in the shell on the console, whose end tries again; then the machine boots."""
    # /run without room, then a loader that cannot run, then supd.conf with an error
    script = ("#!/bin/sh\nmount -o remount,nr_inodes=60 /run\ni=0\n"
              "while touch /run/f$i 2>/dev/null; do i=$((i + 1)); done\n"
              f"exec {LIBEXEC}/supd-init\n")
    files = {"/fill": (script, 0o755), "/etc/supd/supd.conf": "[supd]\nLogLevel=loud\n",
             "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, append=vm.QUIET + " init=/fill", wait=False) as m:
        m.wait_console("/etc/supd/supd.conf:2")
        seen = on_console(m, "supd-init cannot start")
        m.type("rm /etc/supd/supd.conf; exit\n")
        m.wait_console("No space left on device", after=seen)
        seen = on_console(m, "supd-init cannot start", seen)
        m.type(f"rm /run/f*; mv {LIBEXEC}/supd-load /kept; cp /bin/false {LIBEXEC}/supd-load; "
               "exit\n")
        seen = on_console(m, "supd-init cannot start", seen)
        m.type(f"mv /kept {LIBEXEC}/supd-load; mv {LIBEXEC}/supd /kept; "
               f"cp /bin/false {LIBEXEC}/supd; exit\n")
        on_console(m, "supd, the supervisor, cannot be started", seen)
        m.type(f"mv /kept {LIBEXEC}/supd; exit\n")
        m.wait_agent()
        m.wait_sh("supctl is-active multi-user.target")
        # The kernel's log has what the console was told.
        m.sh("dmesg | grep 'supd-init: .*No space left on device'")


def test_no_root():
    """The console says what there is and what to do; who mounts it by hand goes on with it."""
    with vm.Machine(append=vm.QUIET + " root=/dev/nowhere rootwait=2",
                    early={"bin/sh": vm.mark()["/usr/lib/vm-mark"]}) as m:
        m.wait_console("the root device did not appear: /dev/nowhere")
        m.wait_console("disks and partitions that are there: nvme0n1")
        m.wait_console("no root file system: mount it on /sysroot by hand")
        vm.check("it is the root", "nvme0n1" in m.sh("findmnt -n -o SOURCE /"))
        m.send("supctl reboot -ff")
        m.wait_end("guest-reset")


FOREVER = """[Service]
ExecStart=/bin/sh -c 'trap "" TERM HUP; while :; do sleep 1; done'
TimeoutStopSec=infinity
[Container]
Profile=trusted
"""


def test_default_target_fails():
    units = {"forever.service": FOREVER,
             "needed.service": "[Unit]\nBefore=multi-user.target\n[Service]\nType=oneshot\n"
             "ExecStart=/bin/false\n[Container]\nProfile=trusted\n",
             "multi-user.target.d/need.conf": "[Unit]\nRequires=needed.service\n"}
    disk = vm.disk("/run/supd-vm-%d-hurry" % os.getpid())
    try:
        with vm.Machine(units, {"/usr/sbin/sulogin": None}, append=vm.QUIET, disk=disk) as m:
            on_console(m, "the boot has failed")
            in_a_hurry(m)
    finally:
        os.unlink(disk)


def in_a_hurry(m):
    """Units are not stopped; a disk that does not answer is waited for, and then no longer."""
    m.sh("mkdir -p /dead; mount /dev/nvme1n1 /dead; sync")
    m.throttle("d1", 1)
    m.sh("echo lost >/dead/file")
    m.sh("supctl start forever.service")
    m.send("supctl poweroff -f")
    m.wait_console("was asked to end and has not: sh (")
    m.wait_console("supd-umount: waiting for: ")
    end = time.monotonic() + vm.END_WITHIN
    while not vm.said("nothing is waited for any longer", m.console_text()):
        vm.check("seven at once", time.monotonic() < end)
        try:
            for _ in range(14):
                m.key("ctrl", "alt", "delete", hold_ms=50)
        except OSError:
            break  # it has ended
        time.sleep(1)
    m.wait_console("nothing is waited for any longer")
    m.wait_console("the kernel does it: poweroff")


# No unit's: it lives until the machine ends all processes, and lets PID 1 hang then.
LAST = """#!/bin/sh
trap 'echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze' TERM
mkdir /sys/fs/cgroup/beside && echo $$ >/sys/fs/cgroup/beside/cgroup.procs && touch /run/beside
while :; do sleep 1; done
"""


def test_broken_fstab():
    """An emergency shell with the reason; and a power-off that hangs in its last phase is a reset by
    RebootWatchdogSec=."""
    files = {"/etc/supd/supd.conf": "[supd]\nRebootWatchdogSec=15\n", "/last": (LAST, 0o755),
             "/etc/fstab": "/dev/nothing /data ext4 x-systemd.device-timeout=2s 0 0\n",
             "/data/.x": "", "/usr/sbin/sulogin": None}
    with vm.Machine(files=files, append=vm.QUIET) as m:
        on_console(m, "the boot has failed")
        m.wait_sh("supctl logs -o cat dev-nothing.device | grep -q 'the device has not appeared'")
        m.sh("setsid /last </dev/null >/dev/null 2>&1 &")
        m.wait_sh("test -e /run/beside")
        vm.check("no watchdog yet", m.try_sh("ls -l /proc/1/fd | grep -q watchdog")[0] != 0)
        m.send("supctl poweroff")
        m.wait_end("guest-reset")


MACHINE_ID = "fedcba9876543210fedcba9876543210"
WORDS = ("systemd.setenv=FROM=there 'supd.setenv=TWO=a b' systemd.default_timeout_start_sec=77 "
         f"systemd.machine_id={MACHINE_ID} systemd.set_credential=word:value systemd.debug_shell=ttyS2 "
         "systemd.mount-extra=tmpfs:/mnt:tmpfs:size=1M systemd.show_status=yes").replace("'", '"')


def check_words(m):
    environment = m.sh("tr '\\0' '\\n' </proc/$(supctl show -p MainPID --value only.service)/environ")
    vm.check("setenv", "FROM=there\n" in environment and "TWO=a b\n" in environment, environment)
    out = m.sh("supctl show -p TimeoutStartUSec --value only.service")
    vm.check("default timeout", out == "1min 17s\n", out)
    vm.check("machine id", m.sh("cat /etc/machine-id") == MACHINE_ID + "\n")
    vm.check("credential", m.sh("cat /run/credentials/@system/word") == "value")
    m.sh("findmnt /mnt")
    vm.check("the console shows the log", vm.said("supd: ", m.console_text()), m.console_text())
    line = m.connect("line")
    try:
        line.sendall(b"\necho debugs-$((6 * 7)) on $(tty)\n")
        vm.wait_line(line, "debugs-42 on /dev/ttyS2")
    finally:
        line.close()


def test_command_line():
    """Words of the kernel command line: unit, mask, level, and a wrong one that only warns."""
    units = {"only.service": STEADY, "not.service": STEADY}
    links = {f"/etc/supd/only.target.wants/{n}.service": f"../{n}.service" for n in
             ("only", "not")}
    units["only.target"] = "[Unit]\nRequires=basic.target\nAfter=basic.target\n"
    with vm.Machine(units, append=vm.QUIET + " systemd.unit=only.target supd.mask=not.service "
                    "systemd.hostname=named supd.log_level=loud " + WORDS, links=links,
                    line=True, note=False) as m:
        m.wait_sh("supctl is-active only.target")
        check_words(m)
        # The boot is over: a host that listens late is told all the same.
        m.listen_late()
        m.wait_note("READY=1")
        m.wait_note("X_SYSTEMD_UNIT_ACTIVE=only.target")
        vm.check("masked", m.try_sh("supctl is-active not.service")[0] != 0)
        vm.check("default is not started", m.try_sh("supctl is-active multi-user.target")[0] != 0)
        vm.check("host name", m.sh("hostname") == "named\n")
        vm.check("the wrong word is named", "not a log level" in m.console_text())
        vm.check("no service takes all open files from the others",
                 int(m.sh("cat /proc/sys/fs/file-max")) > 1 << 60)
        m.sh("ip link show lo | grep -q LOWER_UP; grep -Eq '^[0-9a-f]{32}$' /etc/machine-id; "
             "grep -q memory /sys/fs/cgroup/system.slice/cgroup.subtree_control; "
             "for c in cpu cpuset io memory pids; do grep -qw $c /sys/fs/cgroup/cgroup.subtree_control "
             "|| exit 1; done")
        for place, kind in (("/dev/pts", "devpts"), ("/dev/shm", "tmpfs"), ("/run", "tmpfs"),
                            ("/sys/fs/cgroup", "cgroup2"), ("/sys/fs/bpf", "bpf"),
                            ("/sys/kernel/security", "securityfs")):
            vm.check(place, m.sh(f"findmnt -n -o FSTYPE {place}").split()[-1] == kind)
        m.wait_sh("supctl is-active only.target")
        m.key("ctrl", "alt", "delete")
        m.wait_console("the kernel does it: reboot")
        m.wait_end("guest-reset")


vm.main(globals())
