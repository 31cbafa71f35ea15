#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare_audit.py SUPCTL [ROUNDS [SEED]]: `supctl audit` of units with Profile=trusted, which mean to
supd what they mean to systemd, against `systemd-analyze security --offline` of the same files: the
share of every check and the overall exposure and level.

Exit 0 equal, 1 different (each place on a line), 77 when systemd-analyze is not here."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

FLAGS = ("PrivateDevices PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProtectClock "
         "ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules "
         "ProtectKernelTunables LockPersonality MemoryDenyWriteExecute NoNewPrivileges "
         "RestrictRealtime RestrictSUIDSGID RemoveIPC DynamicUser").split()
CAPS = ("AUDIT_WRITE BPF CHOWN DAC_OVERRIDE FOWNER IPC_LOCK KILL LEASE MAC_ADMIN MKNOD NET_ADMIN "
        "NET_RAW SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PTRACE SYS_RAWIO SYS_TIME "
        "SYSLOG WAKE_ALARM BLOCK_SUSPEND SETPCAP AUDIT_READ SYS_PACCT SYS_TTY_CONFIG LINUX_IMMUTABLE "
        "MAC_OVERRIDE SETFCAP FSETID IPC_OWNER NET_BIND_SERVICE NET_BROADCAST AUDIT_CONTROL SYS_MODULE "
        "SYS_RESOURCE SETGID DAC_READ_SEARCH").split()
NAMESPACES = "cgroup ipc net mnt pid user uts".split()
FAMILIES = "UNIX INET INET6 NETLINK PACKET BLUETOOTH VSOCK ALG".split()
CALLS = ("@system-service @clock @mount @debug @privileged @resources @raw-io @swap @reboot @module "
         "@obsolete @cpu-emulation @basic-io @file-system settimeofday chown ptrace umount2 "
         "reboot:EPERM swapon:ENOSYS").split()
ADDRESSES = "any localhost link-local multicast 10.0.0.0/8 127.0.0.1 192.168.1.1 ::1 fe80::/64".split()
DEVICES = ["/dev/null rw", "/dev/zero r", "/dev/sda rwm", "char-pts", "block-loop r", "char-* rwm"]
CHOICES = {
    "User": ["", "root", "0", "nobody", "daemon", "12345"],
    "SupplementaryGroups": ["", "bin", "bin daemon"],
    "ProtectSystem": ["no", "yes", "full", "strict"],
    "ProtectHome": ["no", "yes", "read-only", "tmpfs"],
    "ProtectProc": ["default", "noaccess", "invisible", "ptraceable"],
    "ProcSubset": ["all", "pid"],
    "KeyringMode": ["inherit", "private", "shared"],
    "NotifyAccess": ["none", "main", "exec", "all"],
    "Delegate": ["no", "yes", "pids"],
    "UMask": ["0000", "0002", "0022", "0027", "0007", "0077", "0037", "0026"],
    "SystemCallArchitectures": ["", "native", "x86-64", "native x86-64"],
    "DevicePolicy": ["auto", "closed", "strict"],
    "RootImage": ["", "/srv/image"],
    "Group": ["", "bin"],
    "PrivateIPC": ["yes", "no"],
    "IPAddressDeny": ["", "any", "any"],
    "RootDirectory": ["", "/", "/srv"],
    "AmbientCapabilities": ["", "CAP_KILL"],
}


def some(rng, words, prefix="", most=6):
    return " ".join(prefix + w for w in rng.sample(words, rng.randint(1, min(most, len(words)))))


def generate(rng):
    density = rng.random()
    lines = ["[Service]", "ExecStart=/bin/true"]
    for flag in FLAGS:
        if rng.random() < density:
            lines.append(f"{flag}={rng.choice(['yes', 'yes', 'no'])}")
    for name, values in CHOICES.items():
        if rng.random() < density:
            lines.append(f"{name}={rng.choice(values)}")
    if rng.random() < density:
        lines.append("CapabilityBoundingSet=" + rng.choice(["", "~"]) + some(rng, CAPS, "CAP_", 20))
    if rng.random() < density:
        lines.append("RestrictNamespaces=" + rng.choice(
            ["yes", "no", some(rng, NAMESPACES), "~" + some(rng, NAMESPACES)]))
    if rng.random() < density:
        lines.append("RestrictAddressFamilies=" + rng.choice(
            ["none", some(rng, FAMILIES, "AF_"), "~" + some(rng, FAMILIES, "AF_")]))
    if rng.random() < density:
        for _ in range(rng.randint(1, 3)):
            lines.append("SystemCallFilter=" + rng.choice(["", "~"]) + some(rng, CALLS))
    for name in ("IPAddressDeny", "IPAddressAllow"):
        if rng.random() < density:
            lines += [f"{name}={some(rng, ADDRESSES, most=3)}" for _ in range(rng.randint(1, 2))]
    if rng.random() < density / 2:
        lines.append("MountImages=/srv/image:/mnt")
    if rng.random() < density:
        lines += ["DeviceAllow=" + d for d in rng.sample(DEVICES, rng.randint(1, 3))]
    return "\n".join(lines + ["[Container]", "Profile=trusted", ""])


def systemd(path):
    args = ["systemd-analyze", "security", "--offline=true", "--no-pager"]
    table = subprocess.run(args + ["--json=short", path], capture_output=True, text=True)
    text = subprocess.run(args + [path], capture_output=True, text=True)
    if not table.stdout.startswith("["):
        raise SystemExit(f"{path}: systemd-analyze: {table.stderr}")
    overall = [line for line in text.stdout.splitlines() if "Overall exposure level" in line][-1]
    score, level = overall.rsplit(": ", 1)[1].split()[:2]
    shares = {r["json_field"]: round(float(r["exposure"] or 0) * 10) for r in json.loads(table.stdout)}
    return shares, round(float(score) * 10), level


def ours(supctl, path):
    run = subprocess.run([supctl, "audit", "--json", path], capture_output=True, text=True)
    if not run.stdout.strip():
        raise SystemExit(f"{path}: supctl: {run.stderr}")
    unit = json.loads(run.stdout)[0]
    return {c["id"]: c["exposure"] for c in unit["checks"]}, unit["exposure"], unit["level"]


def compare(supctl, path, text):
    wrong = []
    a, b = systemd(path), ours(supctl, path)
    for check in sorted(set(a[0]) | set(b[0])):
        if a[0].get(check) != b[0].get(check):
            wrong.append(f"{check}: systemd {a[0].get(check)}, supd {b[0].get(check)}")
    if a[1:] != b[1:]:
        wrong.append(f"overall: systemd {a[1:]}, supd {b[1:]}")
    for line in wrong:
        print(f"{os.path.basename(path)}: {line}")
    if wrong:
        print(text)
    return not wrong


def main():
    if not shutil.which("systemd-analyze"):
        print("no systemd-analyze here")
        return 77
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20)
    good = True
    with tempfile.TemporaryDirectory(prefix="supd-audit-") as top:
        for i in range(rounds):
            path = f"{top}/unit{i}.service"
            text = generate(rng)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            good = compare(sys.argv[1], path, text) and good
    print(f"{rounds} units compared")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
