#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine with the same services under supd, systemd and runit as PID 1, in turns.

The same kernel, root file system and services; PID 1 is executed on the read-only root as the kernel
does without an initramfs. Measured inside the machine: from the hand-over until the last service
runs, and the memory of the supervisors' processes; from outside: the end. All of it is emulated
(TCG), so only the ratios mean anything: each is that of one turn's figures. A boot that fails is
shown and left out. contrib/bench-vm.sh calls it.
usage: vm_boot.py [-n SERVICES] [-r REPEATS] [-p PEER,PEER…] [-m MINUTES] [-a WORDS] [--details]
                  [--smallest] [--plot FILE]
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(SOURCE, "tests/vm"))
import vm  # noqa: E402
import vm_peers  # noqa: E402
import vm_smallest  # noqa: E402

READY_WITHIN, END_WITHIN = 900, 600
# What this project wants of supd / systemd; None: no goal.
FIGURES = (("hand-over → all services run", "s", 1, 0.5),
           ("PSS of the supervisors", "MB", 1024, 1 / 3),
           ("poweroff", "s", 1, 0.5))


def libexec():
    return vm.libexec(vm.installed_tree())


def wait_ready(m, why, within):
    try:
        return int(m.wait_sh(f"sleep 2; cat {vm_peers.READY}", within))  # asking takes its time too
    except vm.Failed:
        with contextlib.suppress(vm.Failed, OSError):
            print(m.try_sh(why)[1], file=sys.stderr)
        raise


def boot(peer, args, details, deadline):
    """(seconds until ready, KiB of the supervisors, seconds until the machine was off)"""
    make, names, off, times, why = vm_peers.PEERS[peer]
    files, links, append = make(args.services)
    files.update(vm_peers.common())
    append = append.replace("LIBEXEC", args.libexec) + " " + args.append
    within = min(READY_WITHIN, deadline - time.monotonic())
    with vm.Machine({}, files, append=append, links=links, modules=[], boot_within=within) as m:
        ready = wait_ready(m, why, within)
        begin = int(re.search(r"hand-over (\d+)", m.sh("dmesg")).group(1))
        m.wait_sh("sleep 5; sync")
        rows = [line.split() for line in m.sh("/usr/lib/vm-mark pss").splitlines()]
        kib = sum(int(row[-1]) for row in rows if " ".join(row[1:-1]) in names)
        running = sum(1 for row in rows if row[1] == "vm-mark")
        vm.check("all services run", running >= args.services + 1, f"{running}")
        if details:
            by_name = {}
            for row in rows:
                name = " ".join(row[1:-1])
                by_name[name] = by_name.get(name, 0) + int(row[-1])
            print(f"--- {peer}\n{m.sh(times)}{by_name}", file=sys.stderr, flush=True)
        start = time.monotonic()
        m.send(off)
        m.wait_end("guest-shutdown", END_WITHIN)
        return (ready - begin) / 1e6, kib, time.monotonic() - start


def take_turns(peers, args):
    """A row for each turn: {peer: figures}. In turns: a busy host is busy for all of them."""
    deadline = time.monotonic() + args.minutes * 60
    turns = [{} for _ in range(args.repeats)]
    for i, turn in enumerate(turns):
        for peer in peers:
            if time.monotonic() > deadline - 10:
                print(f"{args.minutes} minutes are over: {peer} {i + 1} is left out",
                      file=sys.stderr)
                continue
            try:
                with contextlib.redirect_stdout(sys.stderr):  # the console of one that fails
                    turn[peer] = boot(peer, args, args.details and i == 0, deadline)
                says = "%.1f s, %d KiB, %.1f s" % turn[peer]
            except (vm.Failed, OSError, ValueError) as error:
                says = f"FAILED: {error}"
            print(f"{peer} {i + 1}/{args.repeats}: {says}", file=sys.stderr, flush=True)
    return turns


def spread(values, digits):
    """p50 (from … to)"""
    if not values:
        return "–"
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f} … {max(values):.{digits}f})"


def ratios(turns, over, under, k):
    return [turn[over][k] / turn[under][k] for turn in turns if over in turn and under in turn]


def compare(args):
    peers = args.peers.split(",")
    if "runit" in peers and not shutil.which("runsvdir"):
        sys.exit("runit is missing: run contrib/install-deps.sh bench")
    args.libexec = libexec()
    begin = time.monotonic()
    turns = take_turns(peers, args)
    first = peers[0]
    print(f"\n### PID 1 of a machine: {args.services} services, {args.repeats} boots each in "
          f"{(time.monotonic() - begin) / 60:.0f} minutes, p50 (from … to)\n")
    print("| | boots | " + " | ".join(f"{name} | {first} = 1" for name, *_ in FIGURES) + " |")
    print("|---|---|" + "---|---|" * len(FIGURES))
    for peer in peers:
        cells = [peer, f"{sum(peer in turn for turn in turns)} of {len(turns)}"]
        for k, (_, unit, scale, _) in enumerate(FIGURES):
            values = [turn[peer][k] / scale for turn in turns if peer in turn]
            cells += [f"{spread(values, 1)} {unit}", spread(ratios(turns, peer, first, k), 2)]
        print("| " + " | ".join(cells) + " |")
    if "supd" in peers and "systemd" in peers:
        print("\n| supd / systemd | p50 (from … to) | goal |\n|---|---|---|")
        for k, (name, _, _, goal) in enumerate(FIGURES):
            print(f"| {name} | {spread(ratios(turns, 'supd', 'systemd', k), 2)} | ≤ {goal:.2f} |")
    sys.stdout.flush()
    return all(peer in turn for turn in turns for peer in peers)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-n", dest="services", type=int, default=100)
    p.add_argument("-r", dest="repeats", type=int, default=3)
    p.add_argument("-p", dest="peers", default="supd,systemd,runit")
    p.add_argument("-m", dest="minutes", type=float, default=20,
                   help="no boot of the comparison is begun or waited for after that")
    p.add_argument("-a", dest="append", default="", help="more words for the kernel command line")
    p.add_argument("--details", action="store_true", help="where the time of the first boots went")
    p.add_argument("--smallest", action="store_true", help="the smallest appliance alone")
    p.add_argument("--plot", default=os.path.join(vm.BUILD, "smallest.svg"),
                   help="the file that gets the last boot of the smallest appliance as a picture")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the machines go too
    vm.prepare()
    good = args.smallest or compare(args)
    vm_smallest.measure(args.repeats, args.plot)
    sys.exit(0 if good else 1)


main()
