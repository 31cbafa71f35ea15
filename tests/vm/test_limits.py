#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What limits do: the kernel's controllers, out of memory, tasks, CPU. One machine for all."""
import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"
CG = "/sys/fs/cgroup/"
EAT = "tail /dev/zero"  # keeps all of a line that has no end
OOM_ID = "fe6faa94e7774663a0da52717891d8ef"  # of systemd's catalogue
# Whom records would go to: writes them to a file.
JOURNALD = """use Socket; mkdir "/run/systemd"; mkdir "/run/systemd/journal";
socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un("/run/systemd/journal/socket"));
open(F, ">", "/run/journal"); select F; $| = 1;
while (defined recv(S, $b, 65536, 0)) { print F $b, "\\n" }
"""


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
            unit + "io.max": "259:0 rbps=1048576 wbps=max riops=max wiops=100"}
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


def test_limits():
    with vm.Machine(UNITS, append=QUIET) as m:
        m.wait_sh("supctl is-active default.target")
        check_files(m)
        check_policies(m)
        check_message_id(m)
        check_unseen(m)
        check_spared(m)
        check_bomb(m)
        check_quota(m)


vm.main(globals())
