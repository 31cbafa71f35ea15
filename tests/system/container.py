#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""supd-init as PID 1 of a container that crun makes with what `podman run --systemd=always` gives:
its capabilities, masks and mounts. What cannot be done there is refused with the reason and the rest
works; with CAP_SYS_ADMIN, and with nothing masked, more does.

container.py BUILD_ROOT.  Exit 0, 1 a failure, 77 no crun or no right to make namespaces here."""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = sys.argv[1]
UNIFIED = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
WITHIN = 60
CAPS = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
        "SETPCAP", "SETUID", "SYS_CHROOT"]
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/dev/block"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
LOOP = "[Service]\nExecStart=/bin/sh -c 'echo said-by-%s; exec sleep infinity'\n"
UNITS = {f"{p}.service": LOOP % p + f"[Container]\nProfile={p}\n"
         for p in ("trusted", "compat", "standard", "strict")}


class Failed(Exception):
    pass


def check(what, true, seen=""):
    if not true:
        raise Failed(f"{what}\n{seen}")


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


class Container:
    """One container; leaves nothing behind."""

    def __init__(self, top, installed, more=(), masked=True):
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
        for name, text in UNITS.items():
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
            "root": {"path": "rootfs"},
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

    def try_ctl(self, *args):
        return self.exec(self.supctl, *args)

    def until(self, what, condition):
        end = time.monotonic() + WITHIN
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise Failed(f"waited in vain: {what}\n{self.said()}")
            time.sleep(0.05)

    def runs(self, profile):
        status, seen = self.try_ctl("start", profile + ".service")
        check(f"{profile}: started", status == 0, seen)
        self.until("its line", lambda: f"said-by-{profile}" in self.try_ctl("logs", profile + ".service")[1])

    def refuses(self, profile, reason):
        status, seen = self.try_ctl("start", profile + ".service")
        check(f"{profile}: refused because of {reason}",
              status == 1 and reason in seen and f"({profile}.service:2)" in seen, seen)

    def supd(self):
        """The pid of supd inside: child of 1."""
        _, seen = self.exec("sh", "-c", "grep -ls '^supd$' /proc/[0-9]*/comm")
        return [line.split("/")[2] for line in seen.split()]

    def ends(self, how, status):
        self.exec("kill", "-s", how, "1")
        self.ended(how, status)

    def ended(self, how, status):
        try:
            got = self.process.wait(WITHIN)
        except subprocess.TimeoutExpired as e:
            raise Failed(f"{how} does not end it") from e
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
    with Container(top, installed, ["SYS_ADMIN"]) as c:
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


def install(top):
    """What `meson install` gives, and where it would be."""
    subprocess.run(["/usr/bin/meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir",
                    os.path.join(top, "installed")], check=True, stdout=subprocess.DEVNULL)
    found = {}
    for at, _, names in os.walk(os.path.join(top, "installed")):
        for name in ("supd-init", "supctl"):
            if name in names and "/completions" not in at:
                found[name] = os.path.join(at, name)[len(os.path.join(top, "installed")):]
    prefix = os.path.commonpath(list(found.values()))
    return {**found, "prefix": prefix, "tree": os.path.join(top, "installed") + prefix}


def enter(top, cgroup):
    """Mounts and cgroup of the test's own; crun sees a pure cgroup v2 machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(os.path.join(cgroup, "cgroup.procs"), "w") as f:
        f.write("0")
    if libc.unshare(0x00020000 | 0x02000000):  # NEWNS, NEWCGROUP
        return False
    for command in (["mount", "--make-rprivate", "/"], ["umount", "-R", "/sys/fs/cgroup"],
                    ["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"],
                    ["mount", "--bind", top, top]):
        subprocess.run(command, check=True)
    return True


def remove_cgroups(top):
    for _ in range(int(WITHIN / 0.05)):
        left = [at for at, _, _ in os.walk(top, topdown=False)]
        for at in left:
            try:
                os.rmdir(at)
            except OSError:
                pass
        if not os.path.exists(top):
            return
        time.sleep(0.05)


def run_in_child(work):
    """Its exit status; the parent keeps the machine's view for the clean-up."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = work()
        except Failed as e:
            print(f"FAILED: {e}", file=sys.stderr)
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    if os.geteuid() != 0 or not shutil.which("crun"):
        print("skipped: root and crun are needed: contrib/install-deps.sh check")
        return 77
    top = tempfile.mkdtemp(prefix="supd-test-", dir="/run")
    cgroup = tempfile.mkdtemp(prefix="supd-test-", dir=UNIFIED)

    def work():
        if not enter(top, cgroup):
            print("skipped: no mount namespace to be had")
            return 77
        installed = install(top)
        for test in (test_default, test_admin, test_unmasked):
            print(test.__name__, flush=True)
            test(top, installed)
        return 0

    try:
        return run_in_child(work)
    finally:
        kill = os.path.join(cgroup, "cgroup.kill")
        with open(kill, "w") as f:
            f.write("1")
        remove_cgroups(cgroup)
        shutil.rmtree(top, ignore_errors=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
sys.exit(main())
