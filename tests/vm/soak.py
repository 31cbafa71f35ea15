#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots and ends machines for hours, on one small root file system; contrib/soak-vm.sh calls it.

--cycles N  a machine boots and powers off N times
--kills N   at N random moments, in turns while a machine boots, runs and goes down: either its power
            is cut (qemu is killed), or supd is killed, up to three times, and must go on
After each: the file system is checked; a file that was synced has at least the generation that the
machine told, and after a power-off the last one; services were stopped in reverse order; and the next
boot, which finds the disk as it was left, comes up. Both go on where an earlier run stopped (--fresh:
from the beginning). At a failure the machine's console and the moment are shown, the image as it was
before and after is kept, and the next run begins with a new one.
--stalls N  N boots whose qemu is stopped for up to 100 s, or gets a tenth of the time, at a random
            moment, while supd is killed; none without this
--seed S     of the random moments; they are shares of the time that the same took before
--only K:I   one step alone, e.g. kills:17; with --seed and --image FILE it is done again
--lock FILE  is held (flock) for one machine at a time, so that others have their turns in between"""
import argparse
import fcntl
import json
import os
import random
import re
import signal
import sys
import time

import soak_image
import vm

FOLDER = os.path.join(vm.CACHE, "soak")
FRESH = {"cycles": 0, "kills": 0, "stalls": 0, "least": 0, "seconds": 0.0, "boot_s": 8.0, "stop_s": 2.0}
MARGIN = 1.2  # a moment may be later than the end was the last time
LIFE_S = 3
SUPD_KILLS_MAX = 3  # four before it has taken over are an emergency


class Soak:
    """What is kept between runs: the image and how far it has come."""

    def __init__(self, args):
        os.makedirs(FOLDER, exist_ok=True)
        self.path = os.path.join(FOLDER, "state.json")
        self.image = os.path.join(FOLDER, "root.ext4")
        self.before = os.path.join(FOLDER, "before.ext4")
        self.copy = os.path.join(FOLDER, "copy.ext4")
        self.told = os.path.join(FOLDER, "told")
        self.state = dict(FRESH, seed=args.seed or "supd")
        if os.path.exists(self.path) and not args.fresh:
            with open(self.path, encoding="ascii") as f:
                self.state.update(json.load(f))
        if args.seed and args.seed != self.state["seed"]:
            sys.exit(f"the run that goes on has the seed {self.state['seed']}: --fresh for another")
        if args.image or args.fresh or not os.path.exists(self.image):
            self.state["least"] = 0
            if args.image:
                copy(args.image, self.image)
            else:
                soak_image.make(self.image)
            self.state["init"] = soak_image.init_path()

    def save(self):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            json.dump(self.state, f)
        os.rename(self.path + ".new", self.path)

    def failed(self, kind, number):
        """The images as they were; the next run makes a new one."""
        kept = f"{FOLDER}/failed-{self.state['seed']}-{kind}-{number}"
        os.rename(self.before, kept + ".before")
        os.rename(self.image, kept + ".after")
        return kept

    def machine(self, words=""):
        with open(self.told, "wb"):
            pass
        words = f"{soak_image.WORDS} init={self.state['init']} {words}"
        line = ["-chardev", f"file,id=told,path={self.told}", "-serial", "chardev:told"]
        return vm.Machine(append=words, initrd=None, wait=False, persist=self.image, mem=256,
                          qemu=line)

    def learn(self, what, seconds):
        self.state[what] = (self.state[what] + seconds) / 2

    def last_told(self, word):
        """The generation that the writer told last, 0: none."""
        with open(self.told, encoding="ascii", errors="replace") as f:
            return int(([0] + re.findall(word + r" (\d+)\r?\n", f.read()))[-1])


def copy(source, target):
    vm.run("cp", "--sparse=always", "--reflink=auto", source, target)


def up(soak, m):
    m.wait_agent()
    m.wait_sh("supctl is-active multi-user.target writer.service && ! supctl is-failed '*'")
    soak.learn("boot_s", time.monotonic() - m.started)


def cut(m, moment):
    """The power goes away after so many seconds."""
    time.sleep(max(0, moment - (time.monotonic() - m.started)))
    m.process.kill()
    m.process.wait()


def stored(image, request):
    return vm.run("/usr/sbin/debugfs", "-R", request, image)


def check_data(image, least):
    """The file is whole and of that generation or later; its generation."""
    data = vm.file_in(image, soak_image.DATA)
    number = int(data[:15]) if data[:15].isdigit() else 0
    whole = data == b"%015d\n" % number * 4096 if number else data == b"" and least == 0
    vm.check("the synced file is whole", whole, f"{len(data)} bytes, generation {number}")
    vm.check("what was synced is there", number >= least, f"generation {number}, told {least}")
    return number


def check_cut(soak, m):
    """What the next boot does as well, on a copy: the journal is played back, nothing is wrong."""
    copy(soak.image, soak.copy)
    vm.run("/bin/sh", "-c", f"/usr/sbin/e2fsck -p {soak.copy}; test $? -le 1")
    vm.run("/usr/sbin/e2fsck", "-f", "-n", soak.copy)
    least = max(soak.state["least"], soak.last_told("begin"), soak.last_told("synced"))
    soak.state["least"] = check_data(soak.copy, least)


def end(soak, m, how="supctl poweroff", reason="guest-shutdown"):
    """It goes down by itself: nothing is lost, not even what nobody synced."""
    m.send(how)
    soak.learn("stop_s", m.wait_end(reason))
    vm.fsck_clean(soak.image)
    least = soak.last_told("last")
    vm.check("the writer was told to stop", least > soak.state["least"], m.console_text())
    soak.state["least"] = check_data(soak.image, least)
    # A power cut leaves zeros where an earlier boot's lines were not written yet: nobody synced them.
    text = stored(soak.image, "cat " + soak_image.ORDER).replace("\0", "")
    lines = text.split()[-len(soak_image.WHOLE):]
    vm.check("services start and stop once, in order", lines == soak_image.WHOLE, lines)


def moments(dice, until_s):
    """Of one to three ends of supd, as vm-soaker wants them."""
    many = dice.randint(1, SUPD_KILLS_MAX)
    return ",".join(str(ms) for ms in sorted(dice.randint(0, int(until_s * 1000))
                                             for _ in range(many)))


def clean(soak, dice):
    with soak.machine() as m:
        up(soak, m)
        if dice.random() < 0.5:
            end(soak, m)
            return "poweroff"
        end(soak, m, "supctl reboot", "guest-reset")
        return "reboot"


def cut_boot(soak, dice):
    moment = dice.random() * MARGIN * soak.state["boot_s"]
    with soak.machine() as m:
        cut(m, moment)
        check_cut(soak, m)
    return f"at {moment:.2f} s"


def cut_life(soak, dice):
    moment = dice.random() * LIFE_S
    with soak.machine() as m:
        up(soak, m)
        cut(m, time.monotonic() - m.started + moment)
        check_cut(soak, m)
    return f"at {moment:.2f} s of life"


def cut_stop(soak, dice):
    moment = dice.random() * MARGIN * soak.state["stop_s"]
    with soak.machine() as m:
        up(soak, m)
        m.send("supctl poweroff")
        cut(m, time.monotonic() - m.started + moment)
        check_cut(soak, m)
    return f"{moment:.2f} s after poweroff"


def kill_boot(soak, dice):
    ms = moments(dice, soak.state["boot_s"])
    with soak.machine("soak.kill=" + ms) as m:
        up(soak, m)
        end(soak, m)
    return f"at {ms} ms"


def kill_life(soak, dice):
    ms = moments(dice, LIFE_S)
    with soak.machine() as m:
        up(soak, m)
        before = m.sh("supctl show -p MainPID writer.service")
        m.sh(f"/usr/lib/vm-soaker plague {ms}")
        m.wait_sh("supctl is-active writer.service first.service second.service")
        vm.check("no service ended with supd", m.sh("supctl show -p MainPID writer.service") == before, before)
        end(soak, m)
    return f"at {ms} ms of life"


def kill_stop(soak, dice):
    ms = moments(dice, MARGIN * soak.state["stop_s"])
    with soak.machine() as m:
        up(soak, m)
        end(soak, m, f"/usr/lib/vm-soaker plague {ms} & supctl poweroff")
    return f"{ms} ms after poweroff"


def signal_qemu(m, signo):
    if m.process.poll() is None:
        m.process.send_signal(signo)


def starve(m, on_s, off_s, until):
    """qemu runs and stands still in turns; it runs afterwards."""
    while time.monotonic() < until and m.process.poll() is None:
        time.sleep(on_s)
        signal_qemu(m, signal.SIGSTOP)
        time.sleep(off_s)
        signal_qemu(m, signal.SIGCONT)


def stall_boot(soak, dice):
    moment = dice.random() * MARGIN * soak.state["boot_s"]
    pause = dice.choice((1, 12, 70, 100))
    ms = moments(dice, soak.state["boot_s"] + pause)
    with soak.machine("soak.kill=" + ms) as m:
        m.connect_agent()
        time.sleep(max(0, moment - (time.monotonic() - m.started)))
        starve(m, 0, pause, time.monotonic() + 0.001)
        m.wait_agent()
        m.wait_sh("supctl is-active multi-user.target writer.service")
        end(soak, m)
    return f"at {moment:.2f} s for {pause} s, supd killed at {ms} ms"


def starve_boot(soak, dice):
    share = dice.choice((0.05, 0.1, 0.2))
    ms = moments(dice, soak.state["boot_s"] / share)
    with soak.machine("soak.kill=" + ms) as m:
        m.connect_agent()
        starve(m, share, 1 - share, m.started + 60)
        m.wait_agent()
        m.wait_sh("supctl is-active multi-user.target writer.service")
        end(soak, m)
    return f"a share of {share} for 60 s, supd killed at {ms} ms"


WAYS = {"cycles": (clean,),
        "stalls": (stall_boot, starve_boot),
        "kills": (cut_boot, kill_boot, cut_life, kill_life, cut_stop, kill_stop)}


def step(soak, kind, number, lock):
    """One machine; what it did."""
    way = WAYS[kind][number % len(WAYS[kind])]
    dice = random.Random(f"{soak.state['seed']} {kind} {number}")
    with open(lock or os.path.join(FOLDER, "lock"), "a", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)  # without a lock of others: of two runs on one image
        copy(soak.image, soak.before)
        return way.__name__, way(soak, dice)


def run(soak, kind, number, lock):
    """One step, and a line about it; a failure ends the program."""
    begin = time.monotonic()
    try:
        name, moment = step(soak, kind, number, lock)
    except (vm.Failed, OSError) as error:
        kept = soak.failed(kind, number)
        print(f"FAILED {kind}:{number}: {error}\n{soak.state}\nimages: {kept}.*, what the writer told: "
              f"{soak.told}; again:\ncontrib/soak-vm.sh --fresh --seed '{soak.state['seed']}' "
              f"--only {kind}:{number} --image {kept}.before", flush=True)
        sys.exit(1)
    took = time.monotonic() - begin
    soak.state["seconds"] += took
    soak.state[kind] = number + 1
    soak.save()
    print(f"{time.strftime('%H:%M:%S')} {kind} {number + 1}: {name} {moment}, {took:.1f} s", flush=True)


def run_all(soak, wanted, lock):
    """In turns, so that a run that is stopped early has tried all ways."""
    while True:
        left = {kind: n - soak.state[kind] for kind, n in wanted.items() if n > soak.state[kind]}
        if not left:
            return
        kind = min(left, key=lambda k: soak.state[k])
        run(soak, kind, soak.state[kind], lock)
        each = soak.state["seconds"] / sum(soak.state[kind] for kind in wanted)
        if sum(left.values()) % 10 == 1:
            print(f"some {each * sum(left.values()) / 60:.0f} minutes left", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--cycles", type=int, default=200)
    p.add_argument("--kills", type=int, default=500)
    p.add_argument("--stalls", type=int, default=0)
    p.add_argument("--seed")
    p.add_argument("--only")
    p.add_argument("--image")
    p.add_argument("--lock")
    p.add_argument("--fresh", action="store_true", help="forget earlier runs")
    args = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the machine goes too
    soak = Soak(args)
    if args.only:
        kind, number = args.only.split(":")
        run(soak, kind, int(number), args.lock)
        return
    run_all(soak, {"cycles": args.cycles, "kills": args.kills, "stalls": args.stalls},
            args.lock)
    print(f"all good: {soak.state['cycles']} cycles, {soak.state['kills']} kills, seed "
          f"{soak.state['seed']}, {soak.state['seconds'] / 60:.0f} minutes of machines")


main()
