#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine with the same services under supd, systemd and runit as PID 1, in turns.

The same kernel, root file system and services; PID 1 is executed on the read-only root as the kernel
does without an initramfs. Measured inside the machine: from the hand-over until the last service
runs, and the memory of the supervisors' processes; from outside: the end. All of it is emulated
(TCG), so only the ratios mean anything. contrib/bench-vm.sh calls it.
usage: vm_boot.py [-n SERVICES] [-r REPEATS] [-p PEER,PEER…] [--details]
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(SOURCE, "tests/vm"))
import vm  # noqa: E402

FIFO = "/usr/lib/vm-fifo"
READY = "/run/vm-ready"
READY_WITHIN = 300
# What to look at when the services do not come up.
WHY = ("systemctl --no-pager --failed; systemctl --no-pager list-jobs; journalctl --no-pager -n 40; mount",
       "supctl list --failed; supctl list-jobs; ps ax")
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


def mark():
    with open(os.path.join(vm.BUILD, "tests/vm/vm-mark"), "rb") as f:
        return {"/usr/lib/vm-mark": (f.read(), 0o755)}


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
: >/etc/runit/stopit; chmod 0 /etc/runit/stopit
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


SUPD_NAMES = ["supd-init", "supd", "supd-log", "supd-launch", "supd-load", "supd-nsinit"]
PEERS = {
    "supd": (supd, SUPD_NAMES, "supctl poweroff"),
    "supd-standard": (supd_standard, SUPD_NAMES, "supctl poweroff"),
    "systemd": (systemd, ["systemd", "systemd-journal", "(sd-pam)"], "systemctl poweroff"),
    "runit": (runit, ["runit", "runsvdir", "runsv"],
              "chmod 100 /etc/runit/stopit; kill -CONT 1"),
}
DETAILS = {
    "supd": "supctl time; supctl blame; supctl critical-chain bench.target",
    "supd-standard": "supctl time; supctl blame",
    "systemd": "systemd-analyze --no-pager time; systemd-analyze --no-pager blame",
    "runit": "true",
}


def boot(peer, n, details):
    """(seconds until ready, KiB of the supervisors, seconds until the machine was off)"""
    make, names, off = PEERS[peer]
    files, links, append = make(n)
    files.update(mark())
    files["/etc/machine-id"] = "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\n"  # else systemd asks questions
    files["/etc/fstab"] = "/dev/nvme0n1 / ext4 defaults 0 1\n"  # else its root stays read-only
    append = append.replace("LIBEXEC", libexec())
    with vm.Machine({}, files, append=append, links=links, modules=[]) as m:
        try:
            ready = int(m.wait_sh(f"cat {READY}", READY_WITHIN))
        except vm.Failed:
            print(m.try_sh(WHY[0] if peer == "systemd" else WHY[1])[1], file=sys.stderr)
            raise
        log = m.sh("dmesg")
        begin = int(re.search(r"hand-over (\d+)", log).group(1))
        m.wait_sh("sleep 5; sync")
        rows = [line.split() for line in m.sh("/usr/lib/vm-mark pss").splitlines()]
        kib = sum(int(row[-1]) for row in rows if " ".join(row[1:-1]) in names)
        running = sum(1 for row in rows if row[1] == "vm-mark")
        vm.check("all services run", running >= n + 1, f"{running} of {n + 1}")
        if details:
            by_name = {}
            for row in rows:
                name = " ".join(row[1:-1])
                by_name[name] = by_name.get(name, 0) + int(row[-1])
            print(f"--- {peer}\n{m.sh(DETAILS[peer])}{by_name}", file=sys.stderr, flush=True)
        start = time.monotonic()
        m.send(off)
        m.wait_end("guest-shutdown", 600)
        return (ready - begin) / 1e6, kib, time.monotonic() - start


def libexec():
    return vm.libexec(vm.installed_tree())


def compare(args):
    peers = args.peers.split(",")
    if "runit" in peers and not shutil.which("runsvdir"):
        sys.exit("runit is missing: run contrib/install-deps.sh bench")
    results = {peer: [] for peer in peers}
    for i in range(args.repeats):
        for peer in peers:  # in turns: a busy host is busy for all of them
            results[peer].append(boot(peer, args.services, args.details and i == 0))
            print(f"{peer} {i + 1}/{args.repeats}: {results[peer][-1]}", file=sys.stderr, flush=True)
    first = [statistics.median(column) for column in zip(*results[peers[0]])]
    print(f"\n### PID 1 of a machine: {args.services} services, {args.repeats} boots each, medians\n")
    print("| | hand-over → all services run | PSS of the supervisors | poweroff |")
    print("|---|---|---|---|")
    for peer in peers:
        cells = []
        for k, unit in enumerate(("s", "MB", "s")):
            value = statistics.median(row[k] for row in results[peer])
            shown = value / 1024 if unit == "MB" else value
            cells.append(f"{shown:.1f} {unit} (×{value / first[k]:.2f})")
        print(f"| {peer} | " + " | ".join(cells) + " |", flush=True)


ONLY = """[Service]
ExecStart=/only
[Install]
WantedBy=multi-user.target
[Container]
Profile=trusted
"""


def smallest(repeats):
    """Kernel and initramfs with supd and one static service, until the host has READY=1."""
    top = tempfile.mkdtemp(prefix="supd-bench-", dir="/run")
    try:
        os.makedirs(top + "/units")
        os.makedirs(top + "/files")
        with open(top + "/units/only.service", "w", encoding="ascii") as f:
            f.write(ONLY)
        with open(top + "/only.c", "w", encoding="ascii") as f:
            f.write("#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")
        vm.run("cc", "-static", "-O", "-o", top + "/files/only", top + "/only.c")
        vm.run(SOURCE + "/contrib/vm/build", "-o", top + "/out", "--build", vm.BUILD, "--minimal",
               "--files", top + "/files", "--kernel", vm.CACHE + "/kernel", top + "/units")
        rows = [one_appliance(top) for _ in range(repeats)]
        size = os.path.getsize(top + "/out/initrd") // 1024
    finally:
        shutil.rmtree(top)
    median = {k: statistics.median(row[k] for row in rows) for k in rows[0]}
    print(f"\n### The smallest appliance: an initramfs of {size} KiB, {repeats} boots, medians\n")
    print("| | |\n|---|---|")
    for name, seconds in median.items():
        print(f"| {name} | {seconds:.2f} s |")


def one_appliance(top):
    notes = top + "/notes"
    env = dict(os.environ, VM_ACCEL="tcg,thread=multi")
    qemu = [SOURCE + "/contrib/vm/run", top + "/out", "-device", "virtio-serial-pci",
            "-chardev", f"file,id=note,path={notes}",
            "-device", "virtserialport,chardev=note,name=org.supd.notify"]
    if os.path.exists(notes):
        os.unlink(notes)
    start = time.monotonic()
    with subprocess.Popen(qemu, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as p:
        try:
            text = ""
            while "X_SUPD_READY_USEC=" not in text or not text.endswith("\n\n"):
                if time.monotonic() > start + 300 or p.poll() is not None:
                    raise vm.Failed("the appliance does not become ready: " + text)
                time.sleep(0.02)
                if os.path.exists(notes):
                    with open(notes, encoding="utf-8", errors="replace") as f:
                        text = f.read()
            whole = time.monotonic() - start
        finally:
            p.kill()
    told = {k: int(v) / 1e6 for k, v in re.findall(r"X_SUPD_(\w+)_USEC=(\d+)", text)}
    return {"qemu and kernel until hand-over": whole - (told["READY"] - told["USERSPACE"]),
            "of it by the kernel's clock": told["USERSPACE"],
            "hand-over → supd-init": told["INIT"] - told["USERSPACE"],
            "supd-init → the units are loaded": told["LOADED"] - told["INIT"],
            "units loaded → READY": told["READY"] - told["LOADED"],
            "hand-over → READY=1 at the host": told["READY"] - told["USERSPACE"]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", dest="services", type=int, default=100)
    p.add_argument("-r", dest="repeats", type=int, default=3)
    p.add_argument("-p", dest="peers", default="supd,systemd,runit")
    p.add_argument("--details", action="store_true")
    p.add_argument("--smallest", action="store_true", help="the smallest appliance alone")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the machines go too
    vm.prepare()
    if not args.smallest:
        compare(args)
    smallest(args.repeats)


main()
