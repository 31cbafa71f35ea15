#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""supd-init as the init of system containers of LXC (Debian's package lxc), with Debian's own common.conf:
its capabilities, devices, mounts and system call filter; then in a user namespace as well. What cannot be
done there is refused with the reason and the rest works.

lxc.py BUILD_ROOT.  Exit 0, 1 a failure, 77 no lxc or no right to make namespaces here."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import roof  # noqa: E402
from roof import Failed, SKIPPED, WITHIN, check  # noqa: E402

LOOP = "[Service]\nExecStart=/bin/sh -c 'echo said-by-%s; exec sleep infinity'\n"
UNITS = {f"{p}.service": LOOP % p + f"[Container]\nProfile={p}\n"
         for p in ("trusted", "compat", "standard", "strict")}
UNITS["last.service"] = ("[Service]\nExecStart=/bin/sleep infinity\n"
                         "ExecStop=/bin/sh -c 'echo stopped >/var/tmp/last'\n"
                         "[Container]\nProfile=trusted\n")
# The root file system lies in a directory of ours: nobody has to go in to see that it is up.
UNITS["ready.service"] = ("[Unit]\nAfter=trusted.service last.service\n[Service]\nType=oneshot\n"
                          "ExecStart=/bin/touch /var/tmp/ready\n[Container]\nProfile=trusted\n")
UNITS["multi-user.target"] = "[Unit]\nWants=trusted.service last.service ready.service\n"
CONFIG = """lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = box
lxc.rootfs.path = dir:%(root)s
lxc.rootfs.mount = %(top)s/mnt
lxc.mount.entry = /usr usr none rbind,ro 0 0
lxc.mount.entry = %(tree)s %(prefix)s none rbind,ro,create=dir 0 0
lxc.net.0.type = empty
lxc.console.logfile = %(top)s/console
lxc.environment = PATH=/usr/bin:/usr/sbin:/bin:/sbin
lxc.init.cmd = %(init)s
%(more)s"""
# The container's root is nobody outside.
SHIFT, IDS = 300000, 4 * 65536
MAPPED = f"lxc.idmap = u 0 {SHIFT} {IDS}\nlxc.idmap = g 0 {SHIFT} {IDS}\n"
OURS = "[supd]\nIdPoolFirst=65536\nIdPoolRanges=3\n"


class Box(roof.Roof):
    """One container; leaves nothing behind."""

    def __init__(self, top, installed, shifted=False, conf=""):
        self.top = tempfile.mkdtemp(dir=top)
        self.supctl = installed["supctl"]
        self.config = self.path("config")
        root, tree = self.path("root"), installed["tree"]
        for d in ("lxc", "mnt"):
            os.mkdir(self.path(d))
        for d in ("etc/supd", "usr", "var/tmp", "run", "tmp", "proc", "sys", "dev"):
            os.makedirs(os.path.join(root, d))
        for d in ("bin", "sbin", "lib", "lib64"):
            os.symlink("usr/" + d, os.path.join(root, d))
        for name in ("passwd", "group", "ld.so.cache"):
            shutil.copy("/etc/" + name, os.path.join(root, "etc"))
        for name, text in [*UNITS.items(), ("supd.conf", conf)]:
            with open(os.path.join(root, "etc/supd", name), "w") as f:
                f.write(text)
        if shifted:
            tree = self.path("tree")
            subprocess.run(["cp", "-a", installed["tree"], tree], check=True)
            subprocess.run(["chown", "-R", f"{SHIFT}:{SHIFT}", root, tree], check=True)
            os.chmod(top, 0o755)
            os.chmod(self.top, 0o755)
        with open(self.config, "w") as f:
            f.write(CONFIG % {"root": root, "top": self.top, "tree": tree,
                              "prefix": installed["prefix"].lstrip("/"),
                              "init": installed["supd-init"], "more": MAPPED if shifted else ""})
        self.process, self.sent = None, []

    def path(self, name):
        return os.path.join(self.top, name)

    def lxc(self, tool, *args):
        return ["lxc-" + tool, "-n", "box", "-P", self.path("lxc"), *args]

    def start(self):
        self.process = subprocess.Popen(
            self.lxc("start", "-F", "-f", self.config, "-o", self.path("log"), "-l", "INFO"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.start()
        try:
            self.until_ready()
        except Failed as e:
            self.__exit__(Failed, e, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            for name in ("console", "log"):
                print(f"--- {name}:\n" + self.said(name), file=sys.stderr)
            print("--- its log:\n" + self.try_ctl("logs", "-n", "40")[1], file=sys.stderr)
        if self.process.poll() is None:
            subprocess.run(self.lxc("stop", "-k"), stderr=subprocess.DEVNULL,
                           stdin=subprocess.DEVNULL)
        self.process.wait()
        for attached in self.sent:
            attached.kill()
            attached.wait()

    def until_ready(self):
        self.until("its units", lambda: os.path.exists(self.path("root/var/tmp/ready")))

    def said(self, name="console"):
        try:
            with open(self.path(name), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def attach(self, *command):
        return self.lxc("attach", "-f", self.config, "--clear-env", "--", *command)

    def exec(self, *command):
        try:
            done = subprocess.run(self.attach(*command), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=WITHIN)
        except subprocess.TimeoutExpired as e:
            raise Failed(f"in the container: {' '.join(command)}: no end") from e
        return done.returncode, done.stdout

    def send(self, *args):
        """A command that ends the container, and lxc-attach with it or not: nobody waits for it."""
        self.sent.append(subprocess.Popen(self.attach(self.supctl, *args),
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL))

    def refuses(self, profile, reason):
        status, seen = self.try_ctl("start", profile + ".service")
        check(f"{profile}: refused because of {reason}",
              status == 1 and reason in seen and f"({profile}.service:2)" in seen, seen)

    def own_ids(self, profile):
        status, seen = self.exec(
            "/bin/sh", "-c", "for p in $(cat /sys/fs/cgroup/supd.slice/system.slice/"
            f"{profile}.service/cgroup.procs); do cat /proc/$p/uid_map; done")
        check(f"{profile} has ids of its own", status == 0 and "4294967295" not in seen and
              any(line.split()[2] == "65536" for line in seen.splitlines()), seen)


def test_privileged(top, installed):
    with Box(top, installed) as c:
        check("PID 1", c.exec("/bin/cat", "/proc/1/comm") == (0, "supd-init\n"))
        for profile in ("trusted", "compat", "standard"):
            c.runs(profile)
        c.own_ids("standard")
        # LXC mounts over /proc/sys: the kernel gives nobody in there a /proc that is whole
        c.refuses("strict", "mount /proc (ProtectProc=")
        before = c.supd()
        check("supd runs", len(before) == 1, before)
        c.exec("/bin/kill", "-9", before[0])
        c.until("another supd", lambda: c.supd() not in ([], before))
        c.until("which adopts", lambda: c.try_ctl("is-active", "trusted.service")[0] == 0)
        check("nothing was started twice",
              c.try_ctl("logs", "trusted.service")[1].count("said-by-") == 1)
        # reboot(2) in a PID namespace: LXC starts the container again
        os.unlink(c.path("root/var/tmp/ready"))
        c.send("reboot")
        c.until_ready()
        check("the units were stopped before", os.path.exists(c.path("root/var/tmp/last")))
        os.unlink(c.path("root/var/tmp/last"))
        # LXC asks an init that blocks SIGRTMIN+3 by it, and kills none that ends in time
        done = subprocess.run(c.lxc("stop", "-t", str(WITHIN), "--nokill"), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * WITHIN)
        check("lxc-stop", done.returncode == 0, done.stderr)
        c.wait_end("lxc-stop")
        check("the units were stopped", os.path.exists(c.path("root/var/tmp/last")))
        # how the kernel tells of a halt
        check("halted", "ended on signal Interrupt" in c.said("log"), c.said("log"))


def test_user_namespace(top, installed):
    ids = os.path.join(top, "subid")
    with open(ids, "w") as f:
        f.write(f"root:{SHIFT}:{IDS}\n")
    for name in ("/etc/subuid", "/etc/subgid"):  # of this mount namespace only
        if os.path.exists(name):
            subprocess.run(["mount", "--bind", ids, name], check=True)
    with Box(top, installed, shifted=True, conf=OURS) as c:
        for profile in ("trusted", "compat", "standard"):
            c.runs(profile)
        c.own_ids("standard")
        c.refuses("strict", "mount /proc (ProtectProc=")
        c.send("exit", "7")
        c.wait_end("supctl exit 7")
        check("its status", "ended on error (7)" in c.said("log"), c.said("log"))
    # Ids of the usual pool are nobody's there: that is said.
    c = Box(top, installed, shifted=True)
    c.start()
    c.wait_end("what cannot start")
    check("the reason", "IdPoolFirst=" in c.said() and "not mapped" in c.said(), c.said())


def main():
    if os.geteuid() != 0 or not shutil.which("lxc-start"):
        print("skipped: root and lxc are needed: contrib/install-deps.sh check")
        return SKIPPED
    return roof.run(sys.argv[1], (test_privileged, test_user_namespace), roof.as_init)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
sys.exit(main())
