# SPDX-License-Identifier: MIT
"""What the tests of supd-init as PID 1 of a container share: an installed tree, mounts and a cgroup of
the test's own, and a clean-up that comes whatever happened."""
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

UNIFIED = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
WITHIN = 60
SKIPPED = 77


class Failed(Exception):
    pass


def check(what, true, seen=""):
    if not true:
        raise Failed(f"{what}\n{seen}")


def install(build, top):
    """What `meson install` gives, and where it would be."""
    subprocess.run(["/usr/bin/meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir",
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


class Roof:
    """A container with supd-init as its PID 1. Of its own it has: process, supctl, said() and exec()."""

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
        self.until("its line", lambda: f"said-by-{profile}" in
                   self.try_ctl("logs", profile + ".service")[1])

    def supd(self):
        """The pids of supd inside."""
        _, seen = self.exec("/bin/sh", "-c", "grep -ls '^supd$' /proc/[0-9]*/comm")
        return [line.split("/")[2] for line in seen.split()]

    def wait_end(self, how):
        """Its exit status."""
        try:
            return self.process.wait(WITHIN)
        except subprocess.TimeoutExpired as e:
            raise Failed(f"{how} does not end it") from e


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


def each(tests, top, installed):
    for test in tests:
        print(test.__name__, flush=True)
        test(top, installed)
    return 0


def as_init(work):
    """work() as PID 1 of a PID namespace, where no other process has a cgroup out of sight."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x20000000):  # NEWPID
        print("skipped: no PID namespace to be had")
        return SKIPPED

    def inside():
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        # The top is whoever hands controllers down: nobody may be in it.
        os.mkdir("/sys/fs/cgroup/test")
        with open("/sys/fs/cgroup/test/cgroup.procs", "w") as f:
            f.write("0")
        return work()
    return run_in_child(inside)


def run(build, tests, inside=lambda work: work()):
    """tests: functions of a scratch directory and what was installed. The exit status."""
    top = tempfile.mkdtemp(prefix="supd-test-", dir="/run")
    cgroup = tempfile.mkdtemp(prefix="supd-test-", dir=UNIFIED)

    def work():
        if not enter(top, cgroup):
            print("skipped: no mount namespace to be had")
            return SKIPPED
        installed = install(build, top)
        return inside(lambda: each(tests, top, installed))

    try:
        return run_in_child(work)
    finally:
        with open(os.path.join(cgroup, "cgroup.kill"), "w") as f:
            f.write("1")
        remove_cgroups(cgroup)
        shutil.rmtree(top, ignore_errors=True)
