#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Loader and transactions against Debian's `systemd --test`: generated directories of unit files,
read by both; load states, values, dependencies and the jobs that a start makes must agree.

loader_peer.py PEER_UNITS PEER_JOBS [ROUNDS [SEED]].  Exit 0 equal, 1 a difference, 77 no systemd
here. SUPD_PEER_ROUNDS overrides ROUNDS; ONLY=N runs one round, KEEP=1 leaves its directory."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

import peerdump
import unitgen

SYSTEMD = "/lib/systemd/systemd"
UNITS, JOBS = sys.argv[1], sys.argv[2]
ROUNDS = int(os.environ.get("SUPD_PEER_ROUNDS") or (sys.argv[3] if len(sys.argv) > 3 else 10))
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
ANCHORS = ["all.target", "a.service", "t.target", "i@one.service"]


def ask_systemd(top, anchor):
    """What PID 1 would do, as nobody, so that nothing of the machine is touched."""
    def drop():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    p = subprocess.run([SYSTEMD, "--test", "--system", "--unit=" + anchor],
                       env={"SYSTEMD_UNIT_PATH": top, "XDG_RUNTIME_DIR": "/nonexistent",
                            "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       preexec_fn=drop, timeout=300)
    return p.stdout


def ask_supd(top, manifest):
    p = subprocess.run([UNITS, top, manifest], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, timeout=300)
    if p.returncode != 0:
        raise RuntimeError("peer_units: " + p.stderr)
    return p.stdout, p.stderr


def ask_jobs(manifest, anchor):
    p = subprocess.run([JOBS, manifest, anchor], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, timeout=300)
    if p.returncode == 1:
        return None, p.stderr
    if p.returncode != 0:
        raise RuntimeError("peer_jobs: " + p.stderr)
    return {tuple(line.split("\t")) for line in p.stdout.splitlines()}, p.stderr


def one_round(number):
    rng = random.Random(SEED * 100000 + number)
    work = tempfile.mkdtemp(prefix="supd-peer-")
    top = os.path.join(work, "units")
    try:
        os.chmod(work, 0o755)
        os.mkdir(top)
        unitgen.generate(rng, top)
        manifest = os.path.join(work, "manifest")
        dump, said = ask_supd(top, manifest)
        bad = []
        for anchor in [ANCHORS[0], rng.choice(ANCHORS[1:])]:
            theirs = ask_systemd(top, anchor)
            jobs, why = ask_jobs(manifest, anchor)
            bad += [f"{anchor}: {line}" for line in
                    peerdump.compare(theirs, dump, jobs, why, anchor)]
        if bad:
            print(f"round {number} (seed {SEED}):")
            print("\n".join("  " + line for line in bad))
            if os.environ.get("KEEP"):
                print(f"  tree in {work}; supd said:\n{said}")
        return not bad
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(work)


def main():
    if not os.path.exists(SYSTEMD):
        print("skipped: no systemd here")
        return 77
    if os.getuid() != 0:
        print("skipped: only root can ask systemd as nobody")
        return 77
    only = os.environ.get("ONLY")
    failed = sum(not one_round(n) for n in range(ROUNDS) if not only or n == int(only))
    print(f"{ROUNDS - failed} of {ROUNDS} rounds are equal")
    return 1 if failed else 0


sys.exit(main())
