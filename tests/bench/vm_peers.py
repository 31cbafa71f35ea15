# SPDX-License-Identifier: MIT
"""What vm_boot.py puts into a machine for each PID 1: the same services, each with the means it has.

A row of PEERS: make(n) -> (files, links, kernel command line); names of the supervisor's processes;
how it is told to power off; what says where its time went; what says why it did not come up."""
import os

import vm

FIFO = "/usr/lib/vm-fifo"
READY = "/run/vm-ready"
WALLS = """User=nobody
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
COUNTER = """[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/lib/vm-mark count {fifo} {n} {ready}
"""
TARGET = """[Unit]
Requires=basic.target
After=basic.target
AllowIsolate=yes
"""
TRUSTED = "[Container]\nProfile=trusted\n"


def services(n):
    unit = f"[Unit]\nDescription=Service %p\n[Service]\nExecStart=/usr/lib/vm-mark say {FIFO}\n{WALLS}"
    return {f"bench{i}.service": unit for i in range(n)}


def wants(folder, n):
    names = ["vm-agent.service", "bench-count.service"] + [f"bench{i}.service" for i in range(n)]
    return {f"{folder}/bench.target.wants/{name}": f"../{name}" for name in names}


def common():
    """What each of them needs: without the first systemd asks questions, without the second its
    root stays read-only."""
    files = {"/etc/machine-id": "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\n",
             "/etc/fstab": "/dev/nvme0n1 / ext4 defaults 0 1\n"}
    with open(os.path.join(vm.BUILD, "tests/vm/vm-mark"), "rb") as f:
        files["/usr/lib/vm-mark"] = (f.read(), 0o755)
    return files


def with_supd(n, profile):
    units = {name: text + f"[Container]\nProfile={profile}\n" for name, text in services(n).items()}
    units["bench-count.service"] = COUNTER.format(fifo=FIFO, n=n, ready=READY) + TRUSTED
    units["bench.target"] = TARGET
    files = {"/etc/supd/" + name: text for name, text in units.items()}
    return files, wants("/etc/supd", n), "vm.direct=LIBEXEC/supd-init supd.unit=bench.target"


def supd(n):
    return with_supd(n, "compat")


def supd_standard(n):
    return with_supd(n, "standard")


def systemd(n):
    units = services(n)
    units["bench-count.service"] = COUNTER.format(fifo=FIFO, n=n, ready=READY)
    units["bench.target"] = TARGET
    units["vm-agent.service"] = vm.AGENT.replace(TRUSTED, "")
    files = {"/etc/systemd/system/" + name: text for name, text in units.items()}
    return (files, wants("/etc/systemd/system", n),
            "vm.direct=/lib/systemd/systemd systemd.unit=bench.target")


RUNIT_1 = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=755 run /run; mount -t cgroup2 cgroup /sys/fs/cgroup
fsck -T -a /dev/nvme0n1
mount -o remount,rw /
hostname bench; ip link set lo up
: >/run/runit.stopit; chmod 0 /run/runit.stopit
"""
RUNIT_2 = """#!/bin/sh
exec env - PATH=/usr/sbin:/usr/bin:/sbin:/bin runsvdir -P /etc/service
"""
RUNIT_3 = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
sv -w20 force-stop /etc/service/*; sv exit /etc/service/*
sync; umount -a -r; mount -o remount,ro /; sync
"""


def runit(n):
    files = {}
    for path in ("/sbin/runit", "/usr/bin/runsvdir", "/usr/bin/runsv", "/usr/bin/sv",
                 "/usr/bin/chpst"):
        with open(path, "rb") as f:
            files[path] = (f.read(), 0o755)
    for name, text in (("1", RUNIT_1), ("2", RUNIT_2), ("3", RUNIT_3)):
        files["/etc/runit/" + name] = (text, 0o755)
    runs = {f"bench{i}": f"exec chpst -u nobody:nogroup /usr/lib/vm-mark say {FIFO}\n"
            for i in range(n)}
    runs["agent"] = "exec /usr/lib/vm-agent /dev/ttyS1\n"
    runs["count"] = f"exec /usr/lib/vm-mark count {FIFO} {n} {READY}\n"
    for name, text in runs.items():
        files[f"/etc/service/{name}/run"] = ("#!/bin/sh\n" + text, 0o755)
    return files, {}, "vm.direct=/sbin/runit"


SUPD_NAMES = ["supd-init", "supd", "supd-log", "supd-launch", "supd-load", "supd-nsinit",
              "supd-boot"]
SUPD_TIMES = "supctl time; supctl blame | head -n 40; supctl critical-chain bench.target"
SUPD_WHY = "supctl list --failed; supctl list-jobs; ps ax"
# Debian's runit looks for its stop file in /run.
PEERS = {
    "supd": (supd, SUPD_NAMES, "supctl poweroff", SUPD_TIMES, SUPD_WHY),
    "supd-standard": (supd_standard, SUPD_NAMES, "supctl poweroff", SUPD_TIMES, SUPD_WHY),
    "systemd": (systemd, ["systemd", "systemd-journal", "(sd-pam)"], "systemctl poweroff",
                "systemd-analyze --no-pager time; systemd-analyze --no-pager blame | head -n 40",
                "systemctl --no-pager --failed; systemctl --no-pager list-jobs; "
                "journalctl --no-pager -n 40; mount"),
    "runit": (runit, ["runit", "runsvdir", "runsv"],
              "chmod 100 /run/runit.stopit; kill -CONT 1", "true", "ps ax; mount"),
}
