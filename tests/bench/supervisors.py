#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other supervisors with the same services: runit, s6, supervisor, systemd --user.

Nothing is confined, as they have no means for it. Runs in PID, mount and cgroup namespaces of its
own (it makes them itself), so that nothing stays behind.
usage: supervisors.py PAYLOAD [SERVICES [REPEATS]]
"""
import os
import select
import shutil
import signal
import subprocess
import sys
import time

BASE = "/run/bench"
FIFO = BASE + "/fifo"


def unified_tree():
    with open("/proc/self/mounts") as f:
        return [line.split()[1] for line in f if line.split()[2] == "cgroup2"][0]


def remove_tree(group):
    for path, _, _ in os.walk(group, topdown=False):
        os.rmdir(path)


def enter():
    """In a cgroup and namespaces of its own; both go with the child's end."""
    if os.environ.get("SUPERVISORS_INSIDE"):
        return
    group = "%s/supd-peers-%d" % (unified_tree(), os.getpid())
    os.mkdir(group)
    inside = ["unshare", "--mount", "--pid", "--cgroup", "--fork", "--kill-child", "--mount-proc",
              "--propagation", "private", sys.executable] + sys.argv
    done = subprocess.run(
        inside, env=dict(os.environ, SUPERVISORS_INSIDE="1"), check=False,
        preexec_fn=lambda: write(group + "/cgroup.procs", str(os.getpid()), None))
    remove_tree(group)
    sys.exit(done.returncode)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    if mode is not None:
        os.chmod(path, mode)


class Fifo:
    def __init__(self):
        os.mkfifo(FIFO)
        os.chmod(FIFO, 0o666)
        self.fd = os.open(FIFO, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, n, seconds):
        """Time of the n-th byte, or None."""
        end = time.monotonic() + seconds
        while n > 0:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return None
            n -= len(os.read(self.fd, min(n, 4096)))
        return time.monotonic()


def processes():
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid) as f:
                found[int(pid)] = f.read().strip()
        except OSError:
            pass
    return found


def pss_kb(names):
    total = 0
    for pid, comm in processes().items():
        if comm not in names:
            continue
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(int(l.split()[1]) for l in f if l.startswith("Pss:"))
        except OSError:
            pass
    return total


def end_everything():
    me = os.getpid()
    for _ in range(100):
        rest = [p for p in processes() if p != me and p != 1]
        for pid in rest:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        if not rest:
            return
        time.sleep(0.05)


class Runit:
    name, program, names = "runit (runsvdir)", "runsvdir", ("runsvdir", "runsv")

    def prepare(self, payload, n):
        for i in range(n):
            write(BASE + "/sv/%d/run" % i, "#!/bin/sh\nexec %s %s\n" % (payload, FIFO), 0o755)
        return ["runsvdir", BASE + "/sv"]


class S6:
    name, program, names = "s6 (s6-svscan)", "s6-svscan", ("s6-svscan", "s6-supervise")

    def prepare(self, payload, n):
        for i in range(n):
            write(BASE + "/sv/%d/run" % i, "#!/bin/sh\nexec %s %s\n" % (payload, FIFO), 0o755)
        return ["s6-svscan", "-c", str(2 * n + 10), BASE + "/sv"]


class Supervisor:
    name, program, names = "supervisor (supervisord)", "supervisord", ("supervisord", )

    def prepare(self, payload, n):
        text = "[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n" \
               "pidfile=%s/pid\nminfds=%d\n" % (BASE, 5 * n + 100)
        for i in range(n):
            text += "[program:p%d]\ncommand=%s %s\nautorestart=true\nstartsecs=0\n" \
                    "stdout_logfile=NONE\nstderr_logfile=NONE\n" % (i, payload, FIFO)
        write(BASE + "/supervisord.conf", text)
        return ["supervisord", "-c", BASE + "/supervisord.conf"]


class Systemd:
    name, program, names = "systemd --user", "/lib/systemd/systemd", ("systemd", )

    def prepare(self, payload, n):
        units = BASE + "/config/systemd/user"
        wants = ""
        for i in range(n):
            write(units + "/svc-%d.service" % i, "[Service]\nExecStart=%s %s\nRestart=always\n"
                  "RestartSec=0\nStartLimitIntervalSec=0\n" % (payload, FIFO))
            wants += "Wants=svc-%d.service\n" % i
        write(units + "/default.target", "[Unit]\n" + wants)
        for name in ("basic.target", "shutdown.target"):  # what every service implies
            write(units + "/" + name, "[Unit]\nDefaultDependencies=no\n")
        os.makedirs(BASE + "/runtime", mode=0o700, exist_ok=True)
        os.environ.update(XDG_RUNTIME_DIR=BASE + "/runtime", XDG_CONFIG_HOME=BASE + "/config",
                          SYSTEMD_UNIT_PATH=units)
        # A user instance asks by this directory whether systemd has booted the machine.
        os.makedirs("/run/systemd/system")
        subprocess.call(["umount", "-l", "/sys/fs/cgroup"], stderr=subprocess.DEVNULL)
        subprocess.call(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
        return [self.program, "--user", "--log-level=err"]


def payload_pids():
    return [p for p, comm in processes().items() if comm == "bench_payload"]


def measure(peer, payload, n, repeats):
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    fifo = Fifo()
    argv = peer.prepare(payload, n)
    start = time.monotonic()
    with open(BASE + "/output", "wb") as out:
        subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    up = fifo.wait(n, 30)
    if up is None:
        os.close(fifo.fd)
        with open(BASE + "/output") as f:
            print(f.read()[-2000:], file=sys.stderr)
        return "| %s | did not come up here | | |" % peer.name
    time.sleep(2)  # runsv and s6-supervise wait a second after a service that was too short
    pss = pss_kb(peer.names)
    times = []
    for pid in payload_pids()[:repeats]:
        t = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        again = fifo.wait(1, 10)
        if again:
            times.append((again - t) * 1000)
    os.close(fifo.fd)
    times.sort()
    restart = "%.2f / %.2f ms" % (times[len(times) // 2], times[len(times) * 9 // 10]) \
        if times else "none"
    return "| %s | %.0f ms | %.1f MB | %s |" % (peer.name, (up - start) * 1000, pss / 1024, restart)


PEERS = (Runit(), S6(), Supervisor(), Systemd())


def main():
    enter()
    payload = os.path.abspath(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    repeats = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run"])
    print("\n### Other supervisors, %d services, not confined\n" % n)
    print("| | all exec'd | PSS of the supervisor | kill -9 → replacement, p50 / p90 |")
    print("|---|---|---|---|", flush=True)
    for peer in PEERS:
        if not shutil.which(peer.program):
            print("| %s | not installed | | |" % peer.name)
            continue
        print(measure(peer, payload, n, repeats), flush=True)
        end_everything()


main()
