#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What limits do: the kernel's controllers, out of memory, tasks, CPU. One machine for all."""
import vm

CG = "/sys/fs/cgroup/"
EAT = "tail /dev/zero"  # keeps all of a line that has no end
OOM_ID = "fe6faa94e7774663a0da52717891d8ef"  # of systemd's catalogue
# Whom records would go to: writes them to a file.
JOURNALD = """use Socket; mkdir "/run/systemd"; mkdir "/run/systemd/journal";
socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un("/run/systemd/journal/socket"));
open(F, ">", "/run/journal"); select F; $| = 1;
while (defined recv(S, $b, 65536, 0)) { print F $b, "\\n" }
"""

# Told of pressure as the service's protocol says: /run/pressed when it came.
PRESSED = """#!/bin/sh
export TRIGGER="$(echo $MEMORY_PRESSURE_WRITE | base64 -d)"
exec perl -e 'open(F, "+<", $ENV{MEMORY_PRESSURE_WATCH}) or die "$!";
syswrite(F, $ENV{TRIGGER}) or die "$!"; mkdir "/run/watching";
vec($e, fileno(F), 1) = 1; select(undef, undef, $e, undef); mkdir "/run/pressed"; sleep'
"""


# A service that delegates: what it starts in a group of its own dies there.
DELEGATED = """#!/bin/sh
g=/sys/fs/cgroup$(sed s/0:://  /proc/self/cgroup)
mkdir $g/main $g/sub; echo $$ >$g/main/cgroup.procs; echo +memory >$g/cgroup.subtree_control
echo 8M >$g/sub/memory.max; echo 0 >$g/sub/memory.swap.max
sh -c "echo 0 >$g/sub/cgroup.procs; exec tail /dev/zero"
exec sleep infinity
"""
WEIGHT = "cat /sys/fs/cgroup$(sed s/0:://  /proc/self/cgroup)/cpu.weight"


def service(command, service_text="", unit_text=""):
    return (f"[Unit]\n{unit_text}\n[Service]\nExecStart={command}\n{service_text}\n"
            "[Container]\nProfile=trusted\n")


def beside(command):
    """A main process that stays, whatever becomes of its child."""
    return f"/bin/sh -c '{command}; exec sleep infinity'"


UNITS = {
    "a.slice": "[Slice]\nMemoryMax=256M\nTasksMax=64\nCPUQuota=150%\n",
    "a-b.slice": "[Slice]\nMemoryMax=128M\nCPUWeight=50\nIOWeight=60\n",
    "all.service": service(
        "/bin/sleep infinity", "Slice=a-b.slice\nMemoryMax=64M\nMemoryHigh=48M\nMemoryLow=8M\n"
        "MemoryMin=4M\nMemorySwapMax=1M\nTasksMax=12\nCPUQuota=20%\nCPUWeight=30\n"
        "IOWeight=40\nAllowedCPUs=0\nAllowedMemoryNodes=0\n"
        "IOReadBandwidthMax=/dev/nvme0n1 1M\nIOWriteIOPSMax=/dev/nvme0n1 100"),
    "neighbour.service": service("/bin/sleep infinity", "OOMPolicy=kill"),
    "eater.service": service(EAT, "MemoryMax=12M\nMemorySwapMax=0"),
    "parent.service": service(beside(EAT), "MemoryMax=12M"),
    "goon.service": service(beside(f"{EAT}; until test -e /run/again; do sleep 0.2; done; "
                                   f"{EAT}; touch /run/went-on"),
                            "MemoryMax=12M\nOOMPolicy=continue"),
    "group.service": service(beside(EAT), "MemoryMax=12M\nOOMPolicy=kill"),
    "quiet.service": service(EAT, "MemoryMax=12M\nStandardOutput=null\nStandardError=null"),
    "later.service": service(beside(f"until test -e /run/eat; do sleep 0.2; done; {EAT}"),
                             "MemoryMax=12M"),
    "inslice.service": service(EAT, "Slice=small.slice"),
    "small.slice": "[Slice]\nMemoryMax=12M\n",
    "live.service": service(
        "/bin/sleep infinity", "Slice=l.slice\nMemoryMax=64M\nMemoryLow=2M\nTasksMax=20\n"
        "CPUWeight=idle\nIOReadBandwidthMax=/dev/nvme0n1 1M\nAllowedCPUs=1\n"
        "AllowedMemoryNodes=0"),
    "l.slice": "[Slice]\nTasksMax=50\n",
    "pressed.service": service(beside("/usr/lib/pressed & until test -e /run/press; do sleep 0.2; "
                                      f"done; {EAT}"),
                               "MemoryPressureWatch=on\nMemoryHigh=16M\nMemorySwapMax=0"),
    "notify.service": service(beside(f"systemd-notify --ready; {EAT}"),
                              "MemoryMax=12M\nType=notify\nNotifyAccess=all"),
    # its only process dies when the unit has been up for long, and is told of by ExecStop=
    "left.service": service(f"/bin/sh -c '(until test -e /run/eat; do sleep 0.2; done; {EAT}) &'",
                            "MemoryMax=12M\nType=oneshot\nRemainAfterExit=yes\nKillMode=process\n"
                            "ExecStop=/bin/sh -c 'echo $SERVICE_RESULT >/run/left'"),
    "delegated.service": service("/usr/lib/delegated", "Delegate=yes"),
    # the boot is not over before it has looked
    "early.service": service(f"/bin/sh -c '{WEIGHT} >/run/early; systemd-notify --ready; "
                             "exec sleep infinity'", "Type=notify\nNotifyAccess=all\n"
                             "StartupCPUWeight=700\nCPUWeight=50\nStartupAllowedCPUs=0"),
    "used.service": service("/bin/dd if=/dev/nvme0n1 of=/dev/null bs=1M count=3 iflag=direct "
                            "status=none", "Type=oneshot\nSlice=a-b.slice"),
    # a fork with signals blocked, as perl's, cannot be ended by SIGTERM
    "bomb.service": service("/usr/bin/perl -e 'while (1) { fork }'",
                            "TasksMax=30\nTimeoutStopSec=1"),
    "spin.service": service("/bin/sh -c 'while :; do :; done'", "CPUQuota=10%"),
    "free.service": service("/bin/sh -c 'while :; do :; done'"),
}


def is_file(m, path, value):
    text = m.sh(f"cat {CG}{path}").strip()
    vm.check(path, text == value, f"{text!r}, expected {value!r}")


def check_files(m):
    unit = "a.slice/a-b.slice/all.service/"
    m.sh("supctl start all.service")
    expected = {
            "a.slice/memory.max": str(256 << 20), "a.slice/pids.max": "64",
            "a.slice/cpu.max": "150000 100000", "a.slice/a-b.slice/io.weight": "default 60",
            "a.slice/a-b.slice/memory.max": str(128 << 20), "a.slice/a-b.slice/cpu.weight": "50",
            unit + "memory.max": str(64 << 20), unit + "memory.high": str(48 << 20),
            unit + "memory.low": str(8 << 20), unit + "memory.min": str(4 << 20),
            unit + "memory.swap.max": str(1 << 20), unit + "pids.max": "12",
            unit + "cpu.max": "20000 100000", unit + "cpu.weight": "30",
            unit + "io.weight": "default 40",
            unit + "cpuset.cpus": "0", unit + "cpuset.mems": "0",
            unit + "memory.oom.group": "0",
            unit + "io.max": "259:0 rbps=1000000 wbps=max riops=max wiops=100"}
    found = m.sh(f"cd {CG}; cat {' '.join(expected)}").splitlines()
    for (path, value), text in zip(expected.items(), found):
        vm.check(path, text == value, f"{text!r}, expected {value!r}")
    vm.check("all of them", len(found) == len(expected), found)
    m.sh("supctl stop all.service")
    vm.check("empty slices go with their last unit", m.try_sh(f"test -e {CG}a.slice")[0] != 0)


def check_oom(m, unit):
    """The unit failed of it, and the log says so."""
    m.wait_sh(f"supctl is-failed {unit}")
    show = m.sh(f"supctl show -p Result --value {unit}")
    vm.check(f"result of {unit}", show == "oom-kill\n", show)
    log = m.wait_sh(f"supctl logs {unit} | grep \"'oom-kill'\" && supctl logs {unit}")
    vm.check(f"the log of {unit}", "killed by the OOM killer" in log, log)


def check_spared(m):
    """Who keeps the machine is spared, what it starts is not."""
    for name in ("supd", "supd-log"):
        score = int(m.sh(f"cat /proc/$(pidof {name})/oom_score_adj"))
        vm.check(f"{name} is the last to be killed", score <= -900, score)
    vm.check("its services are not", m.sh(
        "cat /proc/$(supctl show -p MainPID --value neighbour.service)/oom_score_adj") == "0\n")
    vm.check("memory for the supervisors", int(m.sh(f"cat {CG}init.scope/memory.min")) >= 8 << 20)


def check_policies(m):
    eaters = ("eater.service", "parent.service", "group.service", "inslice.service")
    m.sh("supctl start neighbour.service; pidof supd >/run/old")
    m.sh(f"supctl start --no-block goon.service {' '.join(eaters)}")
    is_file(m, "system.slice/neighbour.service/memory.oom.group", "1")
    for unit in eaters:
        check_oom(m, unit)
    # Two that are killed between two looks of supd would be one event.
    m.wait_sh("test $(supctl logs goon.service | grep -c 'killed by the OOM killer') = 1")
    m.sh("touch /run/again")
    m.wait_sh("test -e /run/went-on")
    m.wait_sh("test $(supctl logs goon.service | grep -c 'killed by the OOM killer') = 2")
    m.sh("supctl is-active goon.service neighbour.service && "
         "test \"$(pidof supd)\" = \"$(cat /run/old)\"")


def check_states(m):
    """Killed before it is up, behind a process that has ended, and in a group of its own."""
    m.try_sh("supctl start notify.service")
    check_oom(m, "notify.service")
    m.sh("rm -f /run/eat; supctl start left.service; touch /run/eat")
    check_oom(m, "left.service")
    vm.check("ExecStop= hears why", m.sh("cat /run/left") == "oom-kill\n")
    m.sh("supctl start delegated.service")
    m.wait_sh("supctl logs delegated.service | grep 'killed by the OOM killer'")
    vm.check("what it delegates is its own", m.sh(
        "supctl show -p ActiveState -p OOMPolicy --value delegated.service").split() in (
            ["active", "continue"], ["continue", "active"]))
    m.sh("supctl stop delegated.service; rm /run/eat")


def check_startup(m):
    """A limit of the machine's start goes when that is over, and is not kept by a new supd."""
    vm.check("at first", m.sh("cat /run/early") == "700\n")
    wait_files(m, {"system.slice/early.service/cpu.weight": 50,
                   "system.slice/early.service/cpuset.cpus": "0-1"})
    m.sh("kill -KILL $(pidof supd)")
    m.wait_sh("supctl restart early.service && grep -x 50 /run/early")


def check_used(m):
    """What a run has taken is known when it is over, and told."""
    m.sh("supctl start used.service")
    show = dict(line.split("=", 1) for line in m.sh("supctl show used.service").splitlines())
    vm.check("its cgroup is gone", not show.get("ControlGroup"), show)
    for name in ("CPUUsageNSec", "MemoryPeak", "IOReadOperations"):
        vm.check(name, 0 < int(show[name]) < 1 << 60, show[name])
    vm.check("IOReadBytes", int(show["IOReadBytes"]) >= 3 << 20, show["IOReadBytes"])
    m.wait_sh("supctl logs used.service | grep 'Consumed .* CPU time.* read [34]'")
    m.sh("supctl status used.service | grep 'CPU: '")


def check_frozen(m):
    """A freeze is the kernel's and supd-init's: the next supd thaws."""
    state = f"cat {CG}system.slice/neighbour.service/cgroup.events"
    m.sh("supctl freeze neighbour.service; kill -KILL $(pidof supd)")
    vm.check("it stays frozen", "frozen 1" in m.sh(state))
    m.wait_sh("supctl show -p FreezerState --value neighbour.service | grep -x frozen")
    m.sh("supctl thaw neighbour.service")
    vm.check("thawed", "frozen 0" in m.sh(state))


def check_message_id(m):
    """The record as journald gets it."""
    m.sh(f"echo '{JOURNALD}' >/run/journald.pl; setsid perl /run/journald.pl </dev/null "
         ">/dev/null 2>&1 & echo $! >/run/journald.pid")
    m.wait_sh("test -S /run/systemd/journal/socket")
    m.try_sh("supctl start quiet.service")
    record = m.wait_sh(f"grep -B20 -A20 {OOM_ID} /run/journal")
    vm.check("the record names the unit", "UNIT=quiet.service" in record, record)
    m.sh("kill $(cat /run/journald.pid); rm /run/systemd/journal/socket")


def check_unseen(m):
    """The kernel kills while supd is not there to see it: the next one finds it in the slot."""
    m.sh("supctl start later.service; kill -STOP $(pidof supd); touch /run/eat")
    m.wait_sh(f"grep -x 'oom_kill 1' {CG}system.slice/later.service/memory.events")
    m.sh("kill -KILL $(pidof supd)")
    check_oom(m, "later.service")


def check_bomb(m):
    m.sh("supctl start bomb.service")
    m.wait_sh(f"grep -v 'max 0' {CG}system.slice/bomb.service/pids.events")
    is_file(m, "system.slice/bomb.service/pids.current", "30")
    m.sh("supctl is-active neighbour.service bomb.service; supctl stop bomb.service")
    vm.check("the bomb is gone", m.try_sh("pidof perl")[0] != 0)


def check_quota(m):
    """By what the kernel counts, not by time."""
    m.sh("supctl start spin.service free.service")
    m.wait_sh(f"grep -E 'nr_throttled [1-9][0-9]*' {CG}system.slice/spin.service/cpu.stat")
    is_file(m, "system.slice/spin.service/cpu.max", "10000 100000")
    m.sh(f"grep -x 'nr_throttled 0' {CG}system.slice/free.service/cpu.stat")
    m.sh("supctl stop spin.service free.service")


def wait_files(m, expected):
    """Until all files of the group have these values."""
    tests = " && ".join(f'test "$(cat {path})" = "{value}"' for path, value in expected.items())
    m.wait_sh(f"cd {CG}; {tests} || {{ head {' '.join(expected)}; false; }}")


def check_live(m):
    """What a reload changes takes effect on the cgroup of what runs, its process stays."""
    unit = "l.slice/live.service/"
    pid = "supctl show -p MainPID --value live.service"
    m.sh(f"supctl start live.service; {pid} >/run/pid; supctl freeze live.service")
    wait_files(m, {unit + "memory.max": 64 << 20, unit + "cpu.idle": 1, unit + "pids.max": 20})
    m.sh("supctl set-property --runtime live.service MemoryMax=96M CPUQuota=50%")
    wait_files(m, {unit + "memory.max": 96 << 20, unit + "cpu.max": "50000 100000",
                   unit + "memory.low": 2 << 20, "l.slice/pids.max": 50})
    m.sh("supctl thaw live.service; supctl set-property l.slice TasksMax=44 MemoryHigh=1G")
    wait_files(m, {"l.slice/pids.max": 44, "l.slice/memory.high": 1 << 30})
    m.sh("grep -P 'Cpus_allowed_list:\\t1$' /proc/$(cat /run/pid)/status")
    m.sh("cd /etc/supd; rm -r l.slice.d /run/supd/units/live.service.d; sed -i -e /Weight/d "
         "-e /IORead/d -e /Low/d -e /TasksMax/d -e /Allowed/d live.service; supctl daemon-reload")
    wait_files(m, {unit + "memory.max": 64 << 20, unit + "cpu.max": "max 100000",
                   unit + "cpu.idle": 0, unit + "cpu.weight": 100, unit + "memory.low": 0,
                   unit + "io.max": "", "l.slice/pids.max": 50,
                   "l.slice/memory.high": "max", unit + "cpuset.cpus.effective": "0-1"})
    # the kernel empties no cpuset in which processes are: it gets all of them
    m.wait_sh("grep -P 'Cpus_allowed_list:\\t0-1$' /proc/$(cat /run/pid)/status")
    vm.check("no limit was refused", m.try_sh("supctl logs live.service | "
                                              "grep 'New limits cannot be applied'")[0] == 1)
    m.sh(f"kill -KILL $(pidof supd); test \"$({pid})\" = \"$(cat /run/pid)\"")
    # what cannot be done is said, and changes nothing
    m.sh("supctl set-property live.service AllowedCPUs=77")
    m.wait_sh("supctl logs live.service | grep 'New limits cannot be applied.*AllowedCPUs='")
    m.sh("supctl is-active live.service; supctl stop live.service")


def check_pressure(m):
    """A service that asked hears of its own memory's pressure, by the kernel's file of its cgroup."""
    m.sh("supctl start pressed.service")
    m.wait_sh("test -e /run/watching")
    m.sh("test ! -e /run/pressed; touch /run/press")
    m.wait_sh("test -e /run/pressed")
    m.sh("supctl stop pressed.service")


def check_accounting(m):
    m.sh("supctl start neighbour.service; dd if=/dev/nvme0n1 of=/dev/null bs=64k count=4 "
         "iflag=direct status=none")
    show = m.sh("supctl show neighbour.service")
    values = dict(line.split("=", 1) for line in show.splitlines())
    for name in ("MemoryCurrent", "MemoryPeak", "CPUUsageNSec", "TasksCurrent"):
        vm.check(name, int(values[name]) > 0, values[name])
    for name in ("IOReadBytes", "IOWriteBytes", "IOReadOperations", "MemorySwapCurrent"):
        vm.check(name, int(values[name]) >= 0, values[name])
    vm.check("CPUQuotaPerSecUSec", values["CPUQuotaPerSecUSec"] == "infinity")
    status = m.sh("supctl status neighbour.service")
    vm.check("status", "Memory: " in status and "peak: " in status and " read, " in status, status)


def check_orphans(m):
    """PID 1 reaps what nobody else does, as fast as the guest can fork; nothing is left behind."""
    before = m.sh("pidof supd")
    print("     " + m.sh("/usr/lib/vm-mark orphans 1000", within=1800).strip())
    m.wait_sh("for f in /proc/[0-9]*/stat; do read pid name state parent rest <$f || continue; "
              "[ \"$state$parent\" != Z1 ] || exit 1; done 2>/dev/null")
    vm.check("supd noticed nothing", m.sh("pidof supd") == before)


def test_limits():
    files = dict(vm.mark(), **{"/usr/lib/pressed": (PRESSED, 0o755),
                               "/usr/lib/delegated": (DELEGATED, 0o755)})
    links = {"/etc/supd/multi-user.target.wants/early.service": "../early.service"}
    with vm.Machine(UNITS, files, append=vm.QUIET, links=links, smp=2) as m:
        m.wait_sh("supctl is-active default.target")
        check_startup(m)
        check_files(m)
        check_used(m)
        check_policies(m)
        check_states(m)
        check_message_id(m)
        check_unseen(m)
        check_spared(m)
        check_frozen(m)
        check_pressure(m)
        check_accounting(m)
        check_live(m)
        check_orphans(m)
        check_bomb(m)
        check_quota(m)
        # Debian's own systemctl asks for the end
        m.send("systemctl poweroff")
        m.wait_end("guest-shutdown")


vm.main(globals())
