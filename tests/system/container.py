#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""supd-init as PID 1 of a container that crun makes with what `podman run --systemd=always` gives:
its capabilities, masks and mounts. What cannot be done there is refused with the reason and the rest
works; with CAP_SYS_ADMIN, and with nothing masked, more does.

container.py BUILD_ROOT.  Exit 0, 1 a failure, 77 no crun or no right to make namespaces here."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import roof  # noqa: E402
from roof import Failed, SKIPPED, check  # noqa: E402

CAPS = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
        "SETPCAP", "SETUID", "SYS_CHROOT"]
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/dev/block"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
LOOP = "[Service]\nExecStart=/bin/sh -c 'echo said-by-%s; exec sleep infinity'\n"
UNITS = {f"{p}.service": LOOP % p + f"[Container]\nProfile={p}\n"
         for p in ("trusted", "compat", "standard", "strict")}


def mounts():
    def tmpfs(at, mode, *options):
        return {"destination": at, "type": "tmpfs", "source": "tmpfs",
                "options": ["nosuid", "nodev", f"mode={mode}", *options]}

    def bind(at):
        return {"destination": at, "type": "bind", "source": at, "options": ["rbind", "ro"]}
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "noexec", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        tmpfs("/dev/shm", "1777", "noexec"),
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
         "options": ["nosuid", "nodev", "noexec"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs",
         "options": ["nosuid", "nodev", "noexec", "ro"]},
        {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
         "options": ["nosuid", "nodev", "noexec", "rw"]},
        tmpfs("/run", "755"), tmpfs("/tmp", "1777"),
        bind("/usr"), bind("/etc/passwd"), bind("/etc/group"),
    ]


class Container(roof.Roof):
    """One container; leaves nothing behind."""

    def __init__(self, top, installed, more=(), masked=True, units=None, files=None,
                 readonly=False):
        self.name = "c%d" % os.getpid()
        self.root = os.path.join(top, "crun")
        self.bundle = tempfile.mkdtemp(dir=top)
        rootfs = os.path.join(self.bundle, "rootfs")
        for d in ("etc/supd", "usr", "var/tmp", "run", "tmp", "proc", "sys", "dev"):
            os.makedirs(os.path.join(rootfs, d))
        for d in ("bin", "sbin", "lib", "lib64"):
            os.symlink("usr/" + d, os.path.join(rootfs, d))
        for d in ("passwd", "group"):
            open(os.path.join(rootfs, "etc", d), "w").close()
        for name, path in (files or {}).items():
            shutil.copy(path, os.path.join(rootfs, name))
        for name, text in {**UNITS, **(units or {})}.items():
            os.makedirs(os.path.dirname(os.path.join(rootfs, "etc/supd", name)), exist_ok=True)
            with open(os.path.join(rootfs, "etc/supd", name), "w") as f:
                f.write(text)
        caps = ["CAP_" + c for c in [*CAPS, *more]]
        config = {
            "ociVersion": "1.0.2",
            "process": {
                "args": [installed["supd-init"], "trusted.service"], "cwd": "/",
                "env": ["PATH=/usr/bin:/usr/sbin:" + os.path.dirname(installed["supctl"]), "container=oci"],
                "user": {"uid": 0, "gid": 0},
                "capabilities": {k: caps for k in ("bounding", "effective", "permitted")},
            },
            "root": {"path": "rootfs", "readonly": readonly},
            "hostname": "container",
            "mounts": mounts() + [{"destination": installed["prefix"], "type": "bind",
                                   "source": installed["tree"], "options": ["rbind", "ro"]}],
            "linux": {
                "namespaces": [{"type": t} for t in ("pid", "ipc", "uts", "mount", "network")],
                "maskedPaths": MASKED if masked else [],
                "readonlyPaths": READ_ONLY if masked else [],
            },
        }
        with open(os.path.join(self.bundle, "config.json"), "w") as f:
            json.dump(config, f)
        self.supctl = installed["supctl"]
        self.console = open(os.path.join(self.bundle, "console"), "w+")
        self.process = None

    def crun(self, *args):
        return ["crun", "--root", self.root, "--cgroup-manager=disabled", *args]

    def __enter__(self):
        self.process = subprocess.Popen(self.crun("run", "-b", self.bundle, self.name), stdin=subprocess.DEVNULL,
                                        stdout=self.console, stderr=self.console)
        self.until("the container's supd", lambda: self.try_ctl("is-active", "trusted.service")[0] == 0)
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print("--- console:\n" + self.said(), file=sys.stderr)
            print("--- log:\n" + self.try_ctl("logs", "-n", "40")[1], file=sys.stderr)
        if self.process.poll() is None:
            subprocess.run(self.crun("kill", self.name, "KILL"), stderr=subprocess.DEVNULL)
        self.process.wait()
        subprocess.run(self.crun("delete", "-f", self.name), stderr=subprocess.DEVNULL)
        self.console.close()

    def said(self):
        with open(os.path.join(self.bundle, "console")) as f:
            return f.read()

    def exec(self, *command):
        done = subprocess.run(self.crun("exec", self.name, *command), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def refuses(self, profile, reason):
        status, seen = self.try_ctl("start", profile + ".service")
        # The unit's own line, or the profile's that put up the wall.
        origin = f"({profile}.service:2)" in seen or f"profile {profile})" in seen
        check(f"{profile}: refused because of {reason}", status == 1 and reason in seen and origin, seen)

    def ends(self, how, status):
        self.exec("kill", "-s", how, "1")
        self.ended(how, status)

    def ended(self, how, status):
        got = self.wait_end(how)
        check(f"{how}: exit status {status}", got == status, got)


def test_default(top, installed):
    with Container(top, installed) as c:
        check("it says what it has not", "no CAP_SYS_ADMIN here" in c.said(), c.said())
        c.runs("trusted")
        for profile in ("compat", "standard", "strict"):
            c.refuses(profile, "no CAP_SYS_ADMIN here")
        before = c.supd()
        check("supd runs", len(before) == 1, before)
        c.exec("kill", "-9", before[0])
        c.until("another supd", lambda: c.supd() not in ([], before))
        c.until("which adopts", lambda: c.try_ctl("is-active", "trusted.service")[0] == 0)
        check("nothing was started twice",
              c.try_ctl("logs", "trusted.service")[1].count("said-by-") == 1)
        c.ends("RTMIN+4", 0)


def test_admin(top, installed):
    """Its root is read-only as well, and has no /var/lib: state lies in /run."""
    with Container(top, installed, ["SYS_ADMIN"], readonly=True) as c:
        check("it says what is not kept", "is not kept over a restart: /var/lib/supd: Read-only" in
              c.said(), c.said())
        for profile in ("trusted", "compat", "standard"):
            c.runs(profile)
        status, seen = c.exec("sh", "-c", "for p in $(cat /sys/fs/cgroup/supd.slice/system.slice/standard.service/"
                              "cgroup.procs); do cat /proc/$p/uid_map; done")
        check("standard has ids of its own", status == 0 and seen and " 0 4294967295" not in seen, seen)
        c.refuses("strict", "mount /proc")
        c.ends("RTMIN+3", 0)


def test_unmasked(top, installed):
    with Container(top, installed, ["SYS_ADMIN"], masked=False) as c:
        for profile in ("compat", "standard", "strict"):
            c.runs(profile)
        check("a number too high", c.try_ctl("exit", "256")[0] == 2)
        c.try_ctl("exit", "7")
        c.ended("supctl exit 7", 7)


def main():
    if os.geteuid() != 0 or not shutil.which("crun"):
        print("skipped: root and crun are needed: contrib/install-deps.sh check")
        return SKIPPED
    return roof.run(sys.argv[1], (test_default, test_admin, test_unmasked))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
