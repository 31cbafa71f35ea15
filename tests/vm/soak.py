#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots and ends machines for hours, on one root file system; contrib/soak-vm.sh calls it.

--cycles N  a machine boots and powers off N times; every second time the power is cut at a random
            moment of the boot instead
--kills N   the power is cut N times, in turns while a machine boots, writes and goes down
After each the root file system is checked, and what was written and synced has to be there; the next
boot has to come up. Both go on where an earlier run stopped (--fresh: from the beginning). At the
first failure the machine's console is shown, the image stays, and the next run begins with a new one.
--lock FILE  is held (flock) for one machine at a time, so that others have their turns in between
--seed S     of the random moments; a moment is a share of the time that the same took before"""
import argparse
import fcntl
import json
import os
import random
import re
import signal
import sys
import time

import vm

QUIET = "supd.mask=systemd-udev-trigger.service supd.mask=systemd-udevd.service"
FOLDER = os.path.join(vm.CACHE, "soak")
BLOB = 8 * 65536
WRITE = ("while :; do dd if=/dev/urandom of=/var/blob.new bs=64k count=8 status=none; sync; "
         "mv /var/blob.new /var/blob; done")


class Soak:
    """What is kept between runs: the image and how far it has come."""

    def __init__(self, seed, fresh):
        os.makedirs(FOLDER, exist_ok=True)
        self.path = os.path.join(FOLDER, "state.json")
        self.image = os.path.join(FOLDER, "root.ext4")
        self.state = {"cycles": 0, "kills": 0, "seed": seed, "boot_s": 20.0, "stop_s": 5.0}
        if os.path.exists(self.path) and not fresh:
            with open(self.path, encoding="ascii") as f:
                self.state.update(json.load(f))
        if fresh or not os.path.exists(self.image):
            vm.root_copy(self.image)

    def save(self):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            json.dump(self.state, f)
        os.rename(self.path + ".new", self.path)

    def failed(self):
        """The image as it was found; the next run makes a new one."""
        kept = f"{self.image}.failed-{self.state['cycles']}-{self.state['kills']}"
        os.rename(self.image, kept)
        return kept

    def machine(self, **how):
        return vm.Machine(append=QUIET, persist=self.image, **how)

    def learn(self, what, seconds):
        self.state[what] = (self.state[what] + seconds) / 2


def up(soak, m):
    m.wait_agent()
    m.wait_sh("supctl is-active multi-user.target")
    soak.learn("boot_s", time.monotonic() - m.started)


def power_off(soak, m):
    m.send("supctl poweroff")
    soak.learn("stop_s", m.wait_end("guest-shutdown"))


def cut(m, moment):
    """The power goes away after so many seconds."""
    time.sleep(moment)
    m.process.kill()
    m.process.wait()


def mend(image):
    """What any boot does after a power cut: the journal is played back, nothing else is wrong."""
    vm.run("/bin/sh", "-c", f"/usr/sbin/e2fsck -p {image}; test $? -le 1")
    vm.run("/usr/sbin/e2fsck", "-f", "-n", image)


def stored(image, request):
    return vm.run("/usr/sbin/debugfs", "-R", request, image)


def cut_boot(soak, share, number):
    with soak.machine(wait=False) as m:
        cut(m, share * 1.2 * soak.state["boot_s"])
    mend(soak.image)


def cut_writing(soak, share, number):
    with soak.machine(wait=False) as m:
        up(soak, m)
        m.send(WRITE)
        cut(m, share * 5)
    mend(soak.image)
    blob = re.search(r"Size: (\d+)", stored(soak.image, "stat /var/blob"))
    vm.check("a file that was synced before it got its name is whole",
             blob is None or int(blob.group(1)) == BLOB, blob)


def cut_stop(soak, share, number):
    with soak.machine(wait=False) as m:
        up(soak, m)
        m.sh(f"echo {number} >/var/before; sync")
        m.send("supctl poweroff")
        cut(m, share * 1.2 * soak.state["stop_s"])
    mend(soak.image)
    found = stored(soak.image, "cat /var/before").strip()
    vm.check("what was synced before the poweroff is there", found == str(number), found)


def clean(soak, share, number):
    with soak.machine(wait=False) as m:
        up(soak, m)
        m.sh(f"echo {number} >/var/last")
        power_off(soak, m)
    vm.fsck_clean(soak.image)
    found = stored(soak.image, "cat /var/last").strip()
    vm.check("what was written before the poweroff is there", found == str(number), found)


WAYS = {"cycles": (clean, cut_boot), "kills": (cut_boot, cut_writing, cut_stop)}


def step(soak, kind, lock):
    """One machine; a line of what it did."""
    number = soak.state[kind]
    way = WAYS[kind][number % len(WAYS[kind])]
    share = random.Random(f"{soak.state['seed']} {kind} {number}").random()
    with open(lock or os.path.join(FOLDER, "lock"), "a", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)  # without a lock of others: of two runs on one image
        begin = time.monotonic()
        way(soak, share, number)
    soak.state[kind] += 1
    soak.save()
    return way.__name__, share, time.monotonic() - begin


def run(soak, kind, wanted, lock):
    spent, here = 0.0, 0
    while soak.state[kind] < wanted:
        name, share, seconds = step(soak, kind, lock)
        spent, here = spent + seconds, here + 1
        left = (wanted - soak.state[kind]) * spent / here / 60
        print(f"{kind} {soak.state[kind]}/{wanted}: {name} at {share:.2f}, {seconds:.0f} s; "
              f"some {left:.0f} minutes left", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--cycles", type=int, default=200)
    p.add_argument("--kills", type=int, default=500)
    p.add_argument("--seed", default="supd")
    p.add_argument("--lock")
    p.add_argument("--fresh", action="store_true", help="forget earlier runs")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the machine goes too
    vm.prepare()
    soak = Soak(args.seed, args.fresh)
    try:
        run(soak, "cycles", args.cycles, args.lock)
        run(soak, "kills", args.kills, args.lock)
    except (vm.Failed, OSError) as error:
        print(f"FAILED after {soak.state}: {error}\nthe image: {soak.failed()}", flush=True)
        sys.exit(1)
    print(f"all good: {soak.state['cycles']} cycles, {soak.state['kills']} kills")


main()
