# SPDX-License-Identifier: MIT
"""Limits as unit files have them, and what they are in the files of their cgroups: for each PID 1.

The same units under systemd and under supd, in machines alike; limits_peer.py compares. What systemd
252 makes of them is in limits_systemd.txt, which limits_peer.py --record writes: no machine with
systemd has to be booted to compare with it."""
import os

RECORDED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits_systemd.txt")
DISK = "/dev/nvme0n1"
# Lines of [Service], "; " between them.
CASES = [
    "", "MemoryMax=64M", "MemoryHigh=48M", "MemoryLow=8M", "MemoryMin=4M", "MemorySwapMax=1M",
    "MemorySwapMax=0", "MemoryMax=25%", "MemoryHigh=12.5%", "MemoryMax=infinity", "MemoryLimit=64M",
    "MemoryMax=5000000", "TasksMax=12", "TasksMax=50%", "TasksMax=infinity", "CPUQuota=20%",
    "CPUQuota=5%; CPUQuotaPeriodSec=10ms", "CPUQuota=150%", "CPUQuota=20%; CPUQuotaPeriodSec=10ms",
    "CPUQuota=10%; CPUQuotaPeriodSec=5ms", "CPUQuota=20%; CPUQuotaPeriodSec=2s",
    "CPUQuotaPeriodSec=50ms", "CPUQuota=20%; CPUQuotaPeriodSec=infinity", "CPUWeight=30",
    "CPUWeight=idle", "CPUShares=512", "StartupCPUWeight=70", "CPUWeight=30; StartupCPUWeight=70",
    "CPUWeight=30; StartupCPUWeight=idle", "IOWeight=40", "BlockIOWeight=500",
    "IOWeight=40; StartupIOWeight=900",
    f"IOReadBandwidthMax={DISK} 1M", "IOReadBandwidthMax=/etc/passwd 2M",
    f"IOWriteIOPSMax={DISK} 100; IOReadBandwidthMax={DISK} 3M",
    f"IOWriteBandwidthMax={DISK} 5000K; IOReadIOPSMax={DISK} 700", "AllowedCPUs=0",
    "AllowedCPUs=0-1", "AllowedCPUs=0 1", "AllowedCPUs=0; StartupAllowedCPUs=0-1",
    "AllowedMemoryNodes=0", "OOMPolicy=kill", "OOMPolicy=continue", "Delegate=yes",
    "Delegate=yes; User=nobody", "Delegate=cpu pids", "Slice=t-u.slice", "Slice=t-v.slice",
    "Slice=t-v.slice; MemoryLow=1M", "Slice=t.slice; MemoryMax=200M",
]
SLICES = {
    "t.slice": "MemoryMax=256M\nTasksMax=64\nCPUQuota=150%\nIOWeight=70\nDefaultMemoryLow=16M\n",
    "t-u.slice": "MemoryMax=128M\nCPUWeight=50\nAllowedCPUs=0\n",
    "t-v.slice": "DefaultMemoryLow=3M\nDefaultMemoryMin=2M\nStartupCPUWeight=900\n",
}
# The kernel's default stands for a file that is not there: no controller was asked for.
FILES = {
    "memory.min": "0", "memory.low": "0", "memory.high": "max", "memory.max": "max",
    "memory.swap.max": "max", "memory.swap.high": "max", "memory.oom.group": "0", "pids.max": "max",
    "cpu.max": "max 100000", "cpu.weight": "100", "cpu.idle": "0", "cpuset.cpus": "",
    "cpuset.mems": "", "io.max": "", "io.weight": "default 100",
    "cgroup.type": "domain", "cgroup.subtree_control": "",
}
BY_TEXT = {text: f"case{i}.service" for i, text in enumerate(CASES)}
# What is shown of a directory of the tree: who may do what there.
OWNERS = ("cgroup.procs", "cgroup.subtree_control", "memory.max")


def units(trusted=""):
    service = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sleep infinity\n"
    out = {name: service + text.replace("; ", "\n") + "\n" + trusted
           for text, name in BY_TEXT.items()}
    out.update({name: "[Slice]\n" + text for name, text in SLICES.items()})
    return out


def groups():
    """(what it is called, its path below the root of the tree)"""
    out = [(name, path) for name, path in (("t.slice", "t.slice"),
                                           ("t-u.slice", "t.slice/t-u.slice"),
                                           ("t-v.slice", "t.slice/t-v.slice"))]
    for text, name in BY_TEXT.items():
        top = "system.slice"
        for slice_, path in out[:3]:
            if f"Slice={slice_}" in text:
                top = path
        out.append((text or "nothing", f"{top}/{name}"))
    return out


def collect(m):
    """{(what it is called, file): its text}, of a machine whose units run. One process for each
    file, not for each file of each unit: a guest forks slowly."""
    tops = ("t.slice", "t.slice/*", "t.slice/*/*", "system.slice/case*.service")
    script = ["cd /sys/fs/cgroup"]
    for file in FILES:
        script.append("grep -s '' " + " ".join(f"{top}/{file}" for top in tops) + " /dev/null")
    for file in OWNERS:
        script.append("stat -c '%n:owner %U' " + " ".join(f"{top}/{file}" for top in tops)
                      + " 2>/dev/null")
    script.append("true")
    names = {path: what for what, path in groups()}
    found = {(what, file): [] for what in names.values()
             for file in [*FILES, *(f"owner:{o}" for o in OWNERS)]}
    for line in m.sh("\n".join(script)).splitlines():
        path, text = line.split(":", 1)
        path, file = path.rsplit("/", 1)
        if text.startswith("owner "):
            file, text = f"owner:{file}", text[6:]
        if path in names:
            found[(names[path], file)].append(text.strip())
    return {k: " / ".join(sorted(v)) or FILES.get(k[1], "root") for k, v in found.items()}


def is_known(what, file):
    """What contrib/doc/DEVIATIONS.md has."""
    return (file == "cgroup.subtree_control" or
            (file in ("cpu.weight", "cpu.idle") and ("Startup" in what or what == "t-v.slice")) or
            (what, file) == ("CPUQuotaPeriodSec=50ms", "cpu.max") or
            (what == "Delegate=yes; User=nobody" and file.startswith("owner:")))


def differences(ours, theirs):
    return [f"{what} | {file}: supd {ours.get((what, file))!r}, systemd {text!r}"
            for (what, file), text in sorted(theirs.items())
            if ours.get((what, file)) != text and not is_known(what, file)]


def write(path, found):
    """Only what is not the kernel's default."""
    with open(path, "w", encoding="ascii") as f:
        for (what, file), text in found.items():
            if text != FILES.get(file, "root"):
                f.write(f"{what} | {file} | {text}\n")


def read(path):
    found = {(what, file): default for what, _ in groups()
             for file, default in [*FILES.items(), *((f"owner:{o}", "root") for o in OWNERS)]}
    with open(path, encoding="ascii") as f:
        for line in f:
            what, file, text = line.rstrip("\n").split(" | ")
            found[(what, file)] = text
    return found
