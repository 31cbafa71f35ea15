#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""[Install] against Debian's systemctl: the same generated trees of unit files, the same verbs,
`systemctl --root` on one and `supctl --root` on the other; links, states and exit codes must agree.

install_peer.py BUILD_ROOT [ROUNDS [SEED]].  Exit 0 equal, 1 a difference, 77 no systemctl here.
What is known to differ stands in contrib/doc/DEVIATIONS.md and is not generated here."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

BUILD = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
VERBS_PER_ROUND = 14

# The directories of systemd and what they are for supd, highest priority first.
DIRS = [("etc/systemd/system", "etc/supd"), ("run/systemd/system", "run/supd/units"),
        ("usr/local/lib/systemd/system", "usr/local/lib/supd"),
        ("usr/lib/systemd/system", "usr/lib/supd")]
PRESETS = [("etc/systemd/system-preset", "etc/supd/system-preset"),
           ("usr/lib/systemd/system-preset", "usr/lib/supd/system-preset")]
NAMES = ["a.service", "b.service", "c.service", "d.socket", "e.timer", "t@.service", "u@.service",
         "t@x.service", "m.target", "n.target", "default.target"]
WANTED = ["m.target", "n.target", "gone.target", "a.service", "t@x.service", "w@.service"]


def translate(text):
    for theirs, ours in PRESETS + DIRS:
        text = text.replace("/" + theirs, "/" + ours)
    return text


class Pair:
    """Two roots, and every change made to both."""

    def __init__(self, top):
        self.theirs, self.ours = os.path.join(top, "a"), os.path.join(top, "b")
        for theirs, ours in DIRS + PRESETS:
            os.makedirs(os.path.join(self.theirs, theirs))
            os.makedirs(os.path.join(self.ours, ours))
        for root in (self.theirs, self.ours):
            os.makedirs(os.path.join(root, "srv"))

    def write(self, path, text):
        for root, p in ((self.theirs, path), (self.ours, translate("/" + path)[1:])):
            full = os.path.join(root, p)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if os.path.lexists(full):
                os.unlink(full)
            with open(full, "w") as f:
                f.write(text)

    def link(self, path, target):
        for root, p, t in ((self.theirs, path, target),
                           (self.ours, translate("/" + path)[1:], translate(target))):
            full = os.path.join(root, p)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if os.path.lexists(full):
                os.unlink(full)
            os.symlink(t, full)

    def run(self, args):
        mine = [translate(a) if a.startswith("/") else a for a in args]
        return (call(["systemctl", "--root", self.theirs] + args),
                call([os.path.join(BUILD, "supctl"), "--root", self.ours] + mine))


def call(argv):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                            "SYSTEMD_LOG_LEVEL": "info"})
    return p.returncode, p.stdout, p.stderr


def tree(root):
    """Every link and file below a root, with systemd's names translated."""
    found = {}
    for top, dirs, files in os.walk(root):
        for name in files + [d for d in dirs if os.path.islink(os.path.join(top, d))]:
            full = os.path.join(top, name)
            inside = translate("/" + os.path.relpath(full, root))
            target = os.readlink(full) if os.path.islink(full) else "file"
            found[inside] = translate(target)
    return found


def states(text):
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and "." in words[0]:
            rows[words[0]] = words[1]
    return rows


def install_section(rng, name, also):
    lines = []
    for key, odds in (("WantedBy", 0.5), ("RequiredBy", 0.25)):
        if rng.random() < odds:
            lines.append(f"{key}={' '.join(rng.sample(WANTED, rng.randint(1, 2)))}")
    if rng.random() < 0.3:
        kind = name.rsplit(".", 1)[1]
        lines.append("Alias=" + rng.choice(["al." + kind, "bl@." + kind, "al.mount",
                                            "cl@%i." + kind, "a.service"]))
    if also and rng.random() < 0.25:
        lines.append("Also=" + " ".join(rng.sample(NAMES + ["gone.service"], rng.randint(1, 2))))
    if "@." in name and rng.random() < 0.5:
        lines.append("DefaultInstance=" + rng.choice(["one", "two"]))
    return "[Install]\n" + "\n".join(lines) + "\n" if lines else ""


def build(rng, pair):
    """Fills both roots. True if preset-all may be asked: what Also= names is not preset by systemctl
    252 if the directory happens to list it later, so it is the one or the other."""
    also = rng.random() < 0.6
    for name in NAMES:
        where = rng.choices([d for d, _ in DIRS], [1, 1, 1, 6])[0]
        if rng.random() < 0.12:
            continue
        if name == "t@x.service" and rng.random() < 0.7:
            continue
        text = f"[Unit]\nDescription=%n\n[Service]\nExecStart=/bin/true\n" + \
            install_section(rng, name, also)
        pair.write(f"{where}/{name}", text)
        if rng.random() < 0.15:
            pair.write(f"usr/lib/systemd/system/{name}", "[Unit]\nDescription=shipped\n")
        if rng.random() < 0.15 and name not in ("c.service", "e.timer"):
            pair.write(f"etc/systemd/system/{name}.d/x.conf",
                       "[Unit]\nDescription=x\n" + rng.choice(["", "[Install]\nWantedBy=n.target\n"]))
    for name in ("l.service", "k@.service", "plain.service"):
        pair.write(f"srv/{name}", "[Service]\nExecStart=/bin/true\n" +
                   install_section(rng, name, also))
    for _ in range(rng.randint(0, 2)):
        pair.link(f"etc/systemd/system/{rng.choice(NAMES)}", "/dev/null")
    if rng.random() < 0.4:  # preset-all of systemctl 252 stops at an alias of nothing
        pair.write("usr/lib/systemd/system/a.service", "[Unit]\nDescription=shipped\n")
        pair.link("usr/lib/systemd/system/z.service", "a.service")
    if rng.random() < 0.3:
        pair.link("usr/lib/systemd/system/m.target.wants/b.service", "../b.service")
    if rng.random() < 0.3:
        pair.write("usr/lib/systemd/system/t@.service", "[Unit]\nDescription=shipped\n")
        pair.link("usr/lib/systemd/system/y@.service", "t@.service")
    if rng.random() < 0.6:
        pair.write("usr/lib/systemd/system-preset/50-x.preset",
                   "# a comment\nenable a.service\ndisable b*\nenable t@.service p q\n" +
                   rng.choice(["", "disable [c-e]*\n"]))
    if rng.random() < 0.3:
        pair.write("etc/systemd/system-preset/10-y.preset", "disable a.service\nenable c.service\n")
    return not also


def make_verb(rng, preset_all):
    """A command: words for both programs."""
    units = NAMES + ["t@x.service", "t@z.service", "u@y.service", "z.service", "l.service",
                     "gone.service", "gone@q.service", "k@.service", "k@v.service", "y@h.service"]
    files = ["/srv/l.service", "/srv/k@.service", "/srv/plain.service", "/srv/missing.service"]
    some = rng.sample(units, rng.choice([1, 1, 1, 2]))
    verb = rng.choice(["enable"] * 5 + ["disable"] * 4 + ["mask", "unmask", "mask", "unmask", "link",
                      "reenable", "reenable", "preset", "preset", "preset-all", "add-wants",
                      "add-requires", "set-default", "get-default", "revert", "enable-file"])
    options = []
    if verb == "preset-all" and not preset_all:
        verb = "preset"
    if verb in ("enable", "disable", "mask", "unmask", "reenable", "preset", "link") and \
            rng.random() < 0.25:
        options.append("--runtime")
    if verb in ("enable", "reenable", "link", "mask", "preset") and rng.random() < 0.2:
        options.append("--force")
    if verb == "enable-file":
        return ["enable", rng.choice(files)] + options
    if verb == "link":
        return ["link", rng.choice(files)] + options
    if verb in ("preset-all", "get-default"):
        return [verb]
    if verb == "set-default":
        return [verb, rng.choice(["m.target", "n.target", "gone.target", "a.service",
                                  "default.target"])]
    if verb in ("add-wants", "add-requires"):
        return [verb, rng.choice(["m.target", "n.target", "a.service"])] + some
    if verb == "reenable":  # systemctl 252 forgets instances and drop-ins here
        some = [rng.choice(["c.service", "e.timer"])]
    if verb == "revert":  # systemctl 252 leaves links to what it has removed
        some = [rng.choice(["gone.service", "t@z.service"])]
    return [verb] + some + options


def compare(pair, history):
    """Differences between the two roots, as lines."""
    bad = []
    a, b = tree(pair.theirs), tree(pair.ours)
    for path in sorted(set(a) | set(b)):
        if a.get(path) != b.get(path):
            bad.append(f"{path}: systemctl {a.get(path)}, supctl {b.get(path)}")
    theirs, ours = pair.run(["list-unit-files", "--no-legend", "--no-pager"])
    a, b = states(theirs[1]), states(ours[1])
    for name in sorted(set(a) | set(b)):
        if a.get(name) != b.get(name):
            bad.append(f"state of {name}: systemctl {a.get(name)}, supctl {b.get(name)}")
    return bad


def one_round(number):
    rng = random.Random(SEED * 1000 + number)
    top = tempfile.mkdtemp(prefix="supd-install-")
    history = []
    try:
        pair = Pair(top)
        preset_all = build(rng, pair)
        bad = compare(pair, history)
        for _ in range(VERBS_PER_ROUND):
            if bad:
                break
            words = make_verb(rng, preset_all)
            theirs, ours = pair.run(words)
            history.append(" ".join(words))
            # systemctl 252 says that something failed, and may yet exit with 0.
            known = theirs[0] == 0 and ours[0] == 1 and "Failed to " in theirs[2] + ours[2]
            if theirs[0] != ours[0] and not known:
                bad.append(f"exit code: systemctl {theirs[0]}, supctl {ours[0]}")
            if words[0] == "get-default" and theirs[1] != ours[1]:
                bad.append(f"systemctl printed {theirs[1]!r}, supctl {ours[1]!r}")
            bad += compare(pair, history)
            if bad:
                bad += ["systemctl said: " + theirs[2].strip(), "supctl said: " + ours[2].strip()]
            words = ["is-enabled", rng.choice(NAMES + ["t@z.service", "gone.service"])]
            theirs, ours = pair.run(words)
            if theirs[0] != ours[0] or (theirs[0] == 0 and theirs[1] != ours[1]):
                bad.append(f"{' '.join(words)}: systemctl {theirs[:2]}, supctl {ours[:2]}")
        if bad:
            print(f"round {number} (seed {SEED}) after: " + "; ".join(history))
            print("\n".join("  " + line for line in bad))
            if os.environ.get("KEEP"):
                print("  tree in", top)
        return not bad
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(top)


ONLY = os.environ.get("ONLY")


def main():
    if not shutil.which("systemctl"):
        print("skipped: no systemctl here")
        return 77
    failed = sum(not one_round(n) for n in range(ROUNDS) if not ONLY or n == int(ONLY))
    print(f"{ROUNDS - failed} of {ROUNDS} rounds are equal")
    return 1 if failed else 0


sys.exit(main())
