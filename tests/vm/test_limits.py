#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What limits do: the kernel's controllers, out of memory, freezing, what is accounted."""
import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"
CG = "/sys/fs/cgroup/"
# A file of /run is memory of the cgroup that writes it; tail keeps all of a line without an end.
EAT = "tail /dev/zero"


def service(command, service_text="", unit_text=""):
    return (f"[Unit]\n{unit_text}\n[Service]\nExecStart={command}\n{service_text}\n"
            "[Container]\nProfile=trusted\n")


UNITS = {
    "a.slice": "[Slice]\nMemoryMax=256M\nTasksMax=64\n",
    "a-b.slice": "[Slice]\nMemoryMax=128M\nCPUWeight=50\n",
    "all.service": service(
        "/bin/sleep infinity", "Slice=a-b.slice\nMemoryMax=64M\nMemoryHigh=48M\nMemoryLow=8M\n"
        "MemoryMin=4M\nMemorySwapMax=1M\nTasksMax=12\nCPUQuota=20%\nCPUWeight=30\n"
        "IOWeight=40\nAllowedCPUs=0\nAllowedMemoryNodes=0\n"
        "IOReadBandwidthMax=/dev/nvme0n1 1M\nIOWriteIOPSMax=/dev/nvme0n1 100"),
    "neighbour.service": service("/bin/sleep infinity"),
    "eater.service": service(EAT, "MemoryMax=24M\nMemorySwapMax=0"),
    # only the child is killed: the shell waits for it and sleeps
    "parent.service": service(f"/bin/sh -c '{EAT}; exec sleep infinity'", "MemoryMax=24M"),
    "goon.service": service(f"/bin/sh -c '{EAT}; exec sleep infinity'",
                            "MemoryMax=24M\nOOMPolicy=continue"),
    "group.service": service(f"/bin/sh -c '{EAT}; exec sleep infinity'",
                             "MemoryMax=24M\nOOMPolicy=kill"),
    "forks.service": service(
        "/bin/sh -c '(while sleep 1000 & do :; done); exec sleep infinity'", "TasksMax=8"),
    "counts.service": service(
        "/bin/sh -c 'while :; do i=$$((i+1)); echo $$i >/run/count; done'"),
}


def is_file(m, path, value):
    text = m.sh(f"cat {CG}{path}").strip()
    vm.check(path, text == value, f"{text!r}, expected {value!r}")


def check_files(m):
    unit = "a.slice/a-b.slice/all.service/"
    m.sh("supctl start all.service")
    for path, value in {
            "a.slice/memory.max": str(256 << 20), "a.slice/pids.max": "64",
            "a.slice/a-b.slice/memory.max": str(128 << 20), "a.slice/a-b.slice/cpu.weight": "50",
            unit + "memory.max": str(64 << 20), unit + "memory.high": str(48 << 20),
            unit + "memory.low": str(8 << 20), unit + "memory.min": str(4 << 20),
            unit + "memory.swap.max": str(1 << 20), unit + "pids.max": "12",
            unit + "cpu.max": "20000 100000", unit + "cpu.weight": "30",
            unit + "cpuset.cpus": "0", unit + "cpuset.mems": "0",
            unit + "io.max": "259:0 rbps=1048576 wbps=max riops=max wiops=100"}.items():
        is_file(m, path, value)
    show = m.sh("supctl show -p MemoryCurrent,TasksCurrent,MemoryMax,CPUUsageNSec all.service")
    values = dict(line.split("=", 1) for line in show.split())
    vm.check("accounting", values["TasksCurrent"] == "1" and values["MemoryMax"] ==
             str(64 << 20) and int(values["MemoryCurrent"]) > 0 and
             int(values["CPUUsageNSec"]) > 0, show)
    status = m.sh("supctl status all.service")
    vm.check("status", "Tasks: 1 (limit: 12)" in status and "Memory: " in status, status)
    m.sh("supctl stop all.service")


def check_oom(m, unit):
    m.try_sh(f"supctl start {unit}")
    m.wait_sh(f"supctl show -p Result --value {unit} | grep -x oom-kill")
    m.wait_sh(f"supctl is-failed {unit}")
    log = m.sh(f"supctl logs {unit}")
    vm.check(f"the log of {unit}", "killed by the OOM killer" in log and "'oom-kill'" in log, log)


def test_limits():
    """Written for slices and units alike; who eats memory dies alone."""
    with vm.Machine(UNITS, append=QUIET) as m:
        m.wait_sh("supctl is-active default.target")
        m.sh("supctl start neighbour.service; cat /run/supd/none 2>&1; pidof supd >/run/old")
        check_files(m)
        for unit in ("eater.service", "parent.service", "group.service"):
            check_oom(m, unit)
        m.sh("supctl start goon.service")
        m.wait_sh(f"grep -x 'oom_kill [1-9]*' {CG}system.slice/goon.service/memory.events")
        m.wait_sh("test $(cat /proc/$(supctl show -p MainPID --value goon.service)/comm) = sleep")
        m.sh("supctl is-active goon.service neighbour.service && test \"$(pidof supd)\" = "
             "\"$(cat /run/old)\"")
        vm.check("supd is the last to be killed", int(m.sh(
            "cat /proc/$(pidof supd)/oom_score_adj")) <= -900)
        vm.check("and its services are not", m.sh(
            "cat /proc/$(supctl show -p MainPID --value neighbour.service)/oom_score_adj") == "0\n")


def test_tasks_and_freezing():
    """A unit cannot fork without end; frozen it stands still, thawed it goes on."""
    with vm.Machine(UNITS, append=QUIET) as m:
        m.wait_sh("supctl is-active default.target")
        m.sh("supctl start --no-block forks.service; supctl start counts.service")
        m.wait_sh(f"grep -v 'max 0' {CG}system.slice/forks.service/pids.events")
        is_file(m, "system.slice/forks.service/pids.max", "8")
        m.wait_sh("test -s /run/count")
        m.sh("supctl freeze counts.service")
        m.wait_sh(f"grep -x 'frozen 1' {CG}system.slice/counts.service/cgroup.events")
        m.sh("a=$(cat /run/count); sleep 1; test \"$a\" = \"$(cat /run/count)\"")
        m.sh("supctl thaw counts.service")
        m.wait_sh("cp /run/count /run/was; sleep 1; ! cmp -s /run/was /run/count")


vm.main(globals())
