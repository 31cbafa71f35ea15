#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The attempts of the escape corpus under crun with what `crun spec` writes, as a control: its own
root (writable, as engines have it), three capabilities, no user namespace, no system call filter.
What does not depend on how the kernel was built must come out as here; all of it is printed and
stands in the crun column of contrib/doc/SECURITY.md.

crun.py PAYLOAD.  Exit 0, 1 a verdict is another, 77 no crun or no right to make namespaces here."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../system"))
import roof  # noqa: E402

HELD, OUT = "held", "got through"
# Arguments of the payload, and what must come of them whatever the kernel; None: as it comes.
ATTEMPTS = [
    ("handle", HELD), ("caps", OUT), ("groups 0", HELD), ("namespaces", None), ("mounts", HELD),
    ("sockets", None), ("foreign", None), ("kernel", OUT), ("young", None), ("reach", OUT),
    ("x32", None), ("tty", None), ("knobs", None), ("cgroup", None), ("nodes", OUT), ("fds", HELD),
    ("control /run/supd/control", HELD), ("file /secret", OUT),
]
EXECS = 40
LINKS = ["dev", "tmp", "proc", "sys", "run"]


class Container:
    """A bundle; each run is another container of it."""

    def __init__(self, top, payload):
        self.bundle = os.path.join(top, "bundle")
        self.root = os.path.join(self.bundle, "rootfs")
        self.state = os.path.join(top, "state")
        self.runs = 0
        os.makedirs(os.path.join(self.root, "etc"))
        os.mkdir(os.path.join(self.root, "tmp"))
        shutil.copy(payload, os.path.join(self.root, "probe"))
        for name in ("secret", "etc/shadow"):
            with open(os.path.join(self.root, name), "w") as f:
                f.write("secret\n")
            os.chmod(os.path.join(self.root, name), 0o600)
        subprocess.run(["crun", "spec"], cwd=self.bundle, check=True)
        with open(os.path.join(self.bundle, "config.json")) as f:
            self.spec = json.load(f)
        self.spec["process"]["terminal"] = False
        self.spec["root"]["readonly"] = False
        # Its program of devices wants CAP_SYS_RESOURCE, which not every machine has.
        self.spec["linux"].pop("resources", None)

    def crun(self, *args):
        return ["crun", "--root", self.state, "--cgroup-manager=disabled", *args]

    def line(self, args, cwd="/"):
        """The command of one more run."""
        self.spec["process"].update(args=["/probe", *args.split()], cwd=cwd)
        with open(os.path.join(self.bundle, "config.json"), "w") as f:
            json.dump(self.spec, f)
        self.runs += 1
        self.name = f"e{os.getpid()}-{self.runs}"
        return self.crun("run", "--bundle", self.bundle, self.name)

    def run(self, args, cwd="/"):
        """Exit status, and what was said."""
        ran = subprocess.run(self.line(args, cwd), stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=roof.WITHIN,
                             errors="replace")
        return ran.returncode, ran.stdout


def attempts(container):
    wrong = 0
    for args, wanted in ATTEMPTS:
        status, said = container.run(args)
        verdict = {0: HELD, 1: OUT}.get(status if "rror" not in said.split(":")[0] else -1)
        through = sorted({line.split(": got through")[0] for line in said.splitlines()})
        print(f"{args}: {verdict or 'not run: ' + said} {', '.join(through[:12])}")
        if verdict is None or (wanted and verdict != wanted):
            print(f"FAILED: {args} was to be: {wanted or 'one or the other'}")
            wrong += 1
    return wrong


def directories(container):
    """A working directory that is one of the runtime's descriptors: CVE-2024-21626."""
    started = [n for n in range(3, 12) if container.run("fds", f"/proc/self/fd/{n}")[0] == 0]
    print(f"cwd /proc/self/fd/3 to 11: {'started with ' + str(started) if started else 'none starts'}")


def links(container, top):
    """Mount points of the root that lead to a directory of the host."""
    canary = os.path.join(top, "canary")
    os.mkdir(canary)
    touched, started = [], []
    for name in LINKS:
        for to in (canary, "../../../../../../.." + canary):
            at = os.path.join(container.root, name)
            shutil.rmtree(at, ignore_errors=True)
            os.symlink(to, at)
            if container.run("caps")[0] in (0, 1):
                started.append(name)
            os.unlink(at)
            if os.listdir(canary):
                touched.append(name)
                shutil.rmtree(canary)
                os.mkdir(canary)
    print(f"roots of links: {len(started)} of {2 * len(LINKS)} started or failed inside, "
          f"the host's directory was touched: {touched or 'never'}")


def hunted(container):
    """`crun exec` while the container's root, with CAP_SYS_PTRACE, looks for its program."""
    for kind in ("bounding", "effective", "permitted"):
        container.spec["process"]["capabilities"][kind].append("CAP_SYS_PTRACE")
    hunter = subprocess.Popen(container.line("catch"), stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    ran = 0
    try:
        end = time.monotonic() + roof.WITHIN
        while ran < EXECS and time.monotonic() < end and hunter.poll() is None:
            done = subprocess.run(container.crun("exec", container.name, "/probe", "groups", "0"),
                                  stdin=subprocess.DEVNULL, capture_output=True)
            ran += done.returncode == 0
    finally:
        subprocess.run(container.crun("delete", "--force", container.name), capture_output=True)
        said, _ = hunter.communicate(timeout=roof.WITHIN)
    print(f"{ran} × exec, hunted: {sorted(set(said.splitlines())) or 'never seen, never traced'}")
    if ran == 0:
        print("FAILED: none was hunted")
    return ran == 0


def main(payload):
    if os.geteuid() != 0 or not shutil.which("crun"):
        print("skipped: needs root and crun")
        return roof.SKIPPED
    top = tempfile.mkdtemp(prefix="supd-escape-crun-", dir="/run")
    cgroup = tempfile.mkdtemp(prefix="supd-test-", dir=roof.UNIFIED)

    def work():
        if not roof.enter(top, cgroup):
            print("skipped: no mount namespace to be had")
            return roof.SKIPPED
        container = Container(top, payload)
        status, said = container.run("groups 0")
        if status != 0:
            print(f"skipped: crun runs nothing here: {said}")
            return roof.SKIPPED
        wrong = attempts(container)
        directories(container)
        links(container, top)
        wrong += hunted(container)
        return 1 if wrong else 0
    try:
        return roof.run_in_child(work)
    finally:
        with open(os.path.join(cgroup, "cgroup.kill"), "w") as f:
            f.write("1")
        roof.remove_cgroups(cgroup)
        shutil.rmtree(top, ignore_errors=True)


sys.exit(main(sys.argv[1]))
