#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Words and values against Debian's systemd 252: systemd-escape, and systemd-analyze's condition,
exit-status, syscall-filter, timespan and verify. Fixtures, and generated cases around them.

words_peer.py BUILD_ROOT PEER_WORDS [ROUNDS [SEED]].  SUPD_PEER_ROUNDS overrides ROUNDS. Exit 0
equal, 1 a difference, 77 nothing to compare with."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

BUILD, WORDS = sys.argv[1], sys.argv[2]
ROUNDS = int(os.environ.get("SUPD_PEER_ROUNDS") or (sys.argv[3] if len(sys.argv) > 3 else 40))
SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
FLAWS = []


def call(argv, text=None):
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, input=text,
                       env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=300)
    return p.returncode, p.stdout, p.stderr


def ask(lines):
    """Answers of peer_words, one for each line."""
    out = call([WORDS], "\n".join(lines) + "\n")[1].splitlines()
    assert len(out) == len(lines), (len(out), len(lines))
    return out


def differ(what, theirs, ours):
    if theirs != ours:
        FLAWS.append(f"{what}: systemd {theirs!r}, supd {ours!r}")


# ---- systemd-escape ----
TEXTS = ["a", "", "/", "//", ".", ".a", "..", "a/b", "/a/b/", "a//b", "é x", "a-b", "a\\x2db", "-",
         "a\\xzz", "a\\x2", "foo@a-b.service", "foo@.service", "web@x\\x2dy.socket", "/dev/sda",
         "/srv/data dir/", "a.mount", "a b.service", "a*", "x@y", "/a/../b", "./a", "a/./b", "\\",
         "_:.-", "%n", "...", "a.b.c", "/sys/class", "-a", "\\x2e", "a\\x41"]
FLAGS = [[], ["--path"], ["--unescape"], ["--path", "--unescape"], ["--suffix=mount"],
         ["--path", "--suffix=swap"], ["--template=foo@.service"],
         ["--path", "--template=foo@.service"], ["--unescape", "--template=foo@.service"],
         ["--unescape", "--instance"], ["--unescape", "--instance", "--path"], ["--mangle"],
         ["--suffix=foo"], ["--template=foo.service"], ["--mangle", "--suffix=socket"]]


def escape_cases(rng):
    for flags in FLAGS:
        for text in rng.sample(TEXTS, 3):
            yield flags, text
    letters = "ab/.-\\x2d@é :_%*\"'"
    for _ in range(ROUNDS):
        yield rng.choice(FLAGS), "".join(rng.choice(letters) for _ in range(rng.randint(1, 9)))


def compare_escape(rng):
    for flags, text in escape_cases(rng):
        theirs = call(["systemd-escape"] + flags + ["--", text])
        ours = call([os.path.join(BUILD, "supctl"), "escape"] + flags + ["--", text])
        if theirs[0] == 0 and ("--path" in flags and "--unescape" not in flags and
                               not text.startswith("/")):
            continue  # it warns that the result may not lead back, and goes on
        differ(f"escape {flags} {text!r}", (theirs[0] == 0, theirs[1]), (ours[0] == 0, ours[1]))


# ---- conditions ----
CONDITIONS = [
    ("PathExists", ["/etc/passwd", "/none", "/"]),
    ("PathExistsGlob", ["/etc/*.conf", "/none/*", "/etc/pass??", "/etc/passwd"]),
    ("PathIsDirectory", ["/etc", "/etc/passwd", "/none"]),
    ("PathIsSymbolicLink", ["/etc/mtab", "/bin", "/etc", "/none"]),
    ("PathIsMountPoint", ["/", "/proc", "/etc", "/none", "/sys"]),
    ("PathIsReadWrite", ["/", "/etc", "/none", "/proc", "/sys"]),
    ("DirectoryNotEmpty", ["/etc", "/none", "/etc/passwd"]),
    ("FileNotEmpty", ["/etc/passwd", "/dev/null", "/etc", "/none"]),
    ("FileIsExecutable", ["/bin/sh", "/etc/passwd", "/etc", "/none"]),
    ("KernelVersion", [">=2.6", ">= 99", "<99", "=1", "!=1", "> 3", "*", "[0-9]*", "x*"]),
    ("KernelCommandLine", ["nonesuch", "init=/none"]),
    ("Architecture", ["x86-64", "native", "arm64", "x86"]),
    ("Virtualization", ["yes", "no", "vm", "container", "docker", "kvm", "nonesuch",
                        "private-users"]),
    ("Host", ["nonesuch", "*", os.uname().nodename, os.uname().nodename[:1] + "*"]),
    ("ACPower", ["yes", "no"]),
    ("User", ["root", "nobody", "0", "65534", "@system"]),
    ("Group", ["root", "nogroup", "0", "nonesuch"]),
    ("CPUs", [">=1", ">=100000", "<2", "!= 0", "= 0", "1"]),
    ("Memory", [">=1M", ">= 1T", "<1G", "> 0", "1K"]),
    ("Capability", ["CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_WAKE_ALARM"]),
    ("Security", ["selinux", "apparmor", "smack", "ima", "tomoyo", "audit", "uefi-secureboot",
                  "nonesuch"]),
    ("CPUFeature", ["fpu", "sse2", "nonesuch", "avx"]),
    ("OSRelease", ["ID=debian", "ID=x", "VERSION_ID>=11", "VERSION_ID<10", "VERSION_ID!=12",
                   "ID=deb VERSION_ID=12", "ID=debian VERSION_ID>1"]),
    ("FirstBoot", ["yes", "no"]),
    ("NeedsUpdate", ["/etc", "/var"]),
    ("Firmware", ["uefi", "device-tree", "nonesuch"]),
]
# Not here: ControlGroupController= (systemd takes those of v1 too, and unknown names as there),
# Environment= (of PID 1, not of who asks), words of the kernel's command line that this machine may
# have (in a container systemd reads PID 1's arguments instead).


def random_conditions(rng):
    """Comparisons and paths put together at random, also wrong ones."""
    compared = {"KernelVersion": ["6", "6.1", "5.10", "99", os.uname().release, "6.1~rc2", "6.1-rc2", "6^1",
                                  "*", "?.*", ""],
                "CPUs": ["0", "1", "2", "3", "64", "-1", "x", ""],
                "Memory": ["0", "1K", "1.5G", "64G", "1T", "10%", "x", "12x", ""],
                "OSRelease": ["VERSION_ID", "ID", "NONESUCH", "NAME"]}
    paths = ["/", "/etc", "/etc/passwd", "/etc/systemd", "/dev/null", "/bin", "/etc/mtab",
             "/proc/self", "/proc/self/exe", "/none", "/sys", "/tmp", "/root", "/usr/share", "/lost+found", "/run"]
    words = ["=", "==", "!=", "<", "<=", ">", ">=", "<>", "$=", "!$=", ""]
    for _ in range(ROUNDS):
        kind = rng.choice(list(compared))
        value = rng.choice(compared[kind])
        sign = rng.choice(words)
        if kind == "OSRelease":
            yield kind, f"{value}{sign or '='}{rng.choice(['12', 'debian', '11', '13', 'd*', '', '1.5'])}"
        else:
            yield kind, f"{sign}{rng.choice(['', ' '])}{value}".strip()
        yield rng.choice(["PathExists", "PathExistsGlob", "PathIsDirectory", "PathIsSymbolicLink",
                          "PathIsMountPoint", "PathIsReadWrite", "DirectoryNotEmpty", "FileNotEmpty",
                          "FileIsExecutable"]), rng.choice(paths)


def compare_conditions(rng):
    cases = [(t, p) for t, params in CONDITIONS for p in params]
    cases = list(dict.fromkeys(cases + [c for c in random_conditions(rng) if c[1]]))
    ours = ask([f"condition {t} {p}" for t, p in cases])
    theirs = {}
    text = "".join(call(["systemd-analyze", "condition"] +
                        [f"Condition{t}=|{p}" for t, p in cases])[1:])
    for m in re.finditer(r"^test\.service: Condition(\w+)=\|(.*) (succeeded|failed)\.$", text, re.M):
        theirs[m.group(1), m.group(2)] = "1" if m.group(3) == "succeeded" else "0"
    for case, mine in zip(cases, ours):
        if case in theirs:
            differ(f"Condition{case[0]}={case[1]}", theirs[case], mine.replace("-", "0"))
        elif not re.search(re.escape(case[1]), text):
            FLAWS.append(f"Condition{case[0]}={case[1]}: systemd said nothing")
    if len(theirs) < 60:
        FLAWS.append(f"only {len(theirs)} conditions were compared:\n{text}")


# ---- names of exit statuses, groups of system calls ----
def compare_statuses(_rng):
    rows = [line.split() for line in call(["systemd-analyze", "exit-status"])[1].splitlines()[1:]]
    rows = [r for r in rows if len(r) >= 3]
    for row, mine in zip(rows, ask([f"status {r[0]}" for r in rows])):
        differ(f"exit status {row[0]}", row[1], mine)
    if len(rows) < 50:
        FLAWS.append(f"only {len(rows)} names of exit statuses")


def compare_groups(_rng):
    groups, name = {}, None
    for line in call(["systemd-analyze", "syscall-filter"])[1].splitlines():
        if line.startswith("#") or line.strip().startswith("# "):
            name = None if line.startswith("#") else name
        elif line.startswith("@"):
            name = line.strip()
            groups[name] = set()
        elif name and line.strip():
            groups[name].add(line.strip())

    def members(name):
        return set().union(*(members(m) if m.startswith("@") else {m} for m in groups[name]))

    names = sorted(groups)
    for name, mine in zip(names, ask([f"group {n}" for n in names])):
        if name == "@known":
            continue  # all that libseccomp knew at its build
        missing = members(name) - set(mine.split())
        more = set(mine.split()) - members(name) - NEWER
        if missing or more:
            FLAWS.append(f"group {name}: systemd has also {sorted(missing)}, supd {sorted(more)}")
    if len(groups) < 25:
        FLAWS.append(f"only {len(groups)} groups")


# In a group since 253 or later, or younger than 252.
NEWER = {"cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake", "listmount",
         "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "map_shadow_stack", "mseal",
         "statmount", "getxattrat", "setxattrat", "listxattrat", "removexattrat",
         "open_tree_attr", "file_getattr", "file_setattr", "uretprobe", "riscv_hwprobe",
         "riscv_flush_icache"}


# ---- time spans ----
def spans(rng):
    units = ["us", "ms", "s", "sec", "m", "min", "h", "hr", "d", "day", "w", "M", "month", "y",
             "years", "seconds", "", "fortnight", "µs"]
    for text in ["5", "1y 2us", "infinity", "0", "1.5h", "", " 3 min ", "1d2h3m", "-5", "5 5",
                 "1.5", ".5s", "5.s", "1e3", "0x5", "99999999999999999999"]:
        yield text
    for _ in range(ROUNDS):
        yield rng.choice(["", " "]).join(
            f"{rng.choice([rng.randint(0, 99), rng.randint(0, 9) + 0.25])}{rng.choice(['', ' '])}"
            f"{rng.choice(units)}" for _ in range(rng.randint(1, 3)))


def compare_spans(rng):
    cases = [s for s in spans(rng) if "\n" not in s]
    for text, mine in zip(cases, ask([f"span {s}" for s in cases])):
        code, out, _ = call(["systemd-analyze", "timespan", "--", text])
        m = re.search(r"s: (\d+|infinity)", out.split("Original", 1)[-1].split("Human")[0])
        theirs = m.group(1) if code == 0 and m else "?"
        differ(f"time span {text!r}", theirs.replace("infinity", str(2 ** 64 - 1)), mine)


# ---- broken files ----
BROKEN = {
    "service": ["[Service]\nExecStart=relative/path", "[Service]\nExecStart=/bin/true 'open",
                "[Service]\nType=sometimes\nExecStart=/bin/true", "[Service]\nNoSuch=1\nExecStart=/bin/true",
                "[Nowhere]\nA=b\n[Service]\nExecStart=/bin/true", "ExecStart=/bin/true",
                "[Service]", "[Service]\nExecStart=/bin/true\nRestart=maybe",
                "[Service]\nExecStart=/bin/true\nTimeoutSec=soon",
                "[Service]\nExecStart=/bin/true\nUser=no such user",
                "[Service]\nExecStart=/bin/true\nLimitNOFILE=lots",
                "[Service]\nExecStart=/bin/true\nSystemCallFilter=nosuchcall",
                "[Unit]\nAfter=not!a!name\n[Service]\nExecStart=/bin/true",
                "[Service]\nExecStart=/bin/true\nExecStart=/bin/false",
                "[Service]\nType=oneshot\nRestart=always\nExecStart=/bin/true",
                "[Service]\nExecStart=/bin/true\nUMask=999", "[Service\nExecStart=/bin/true",
                "[Service]\nExecStart=/bin/true\nKillSignal=SIGNONE",
                "[Service]\nExecStart=/none/such/program",
                "[Service]\nExecStart=/bin/true\nReadWritePaths=relative"],
    "timer": ["[Timer]\nOnCalendar=someday", "[Timer]", "[Timer]\nOnBootSec=later"],
    "socket": ["[Socket]\nListenStream=:::", "[Socket]", "[Socket]\nListenStream=/run/x\nSocketMode=9"],
    "path": ["[Path]", "[Path]\nPathExists=relative"],
    "mount": ["[Mount]\nWhat=tmpfs\nWhere=/elsewhere", "[Mount]\nWhere=/broken"],
}


def compare_verify(_rng):
    top = tempfile.mkdtemp(prefix="supd-verify-")
    try:
        for kind, texts in BROKEN.items():
            for i, text in enumerate(texts):
                name = f"broken.{kind}" if kind == "mount" else f"broken{i}.{kind}"
                path = os.path.join(top, name)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text + "\n")
                theirs = call(["systemd-analyze", "verify", "--man=no", path])
                ours = call([os.path.join(BUILD, "supctl"), "verify", path])
                if not theirs[0] and not theirs[2].strip():
                    FLAWS.append(f"verify {text!r}: systemd says nothing")
                if not (ours[1] + ours[2]).strip():
                    FLAWS.append(f"verify {text!r}: systemd says {theirs[2].strip()!r}, supd nothing")
    finally:
        shutil.rmtree(top)


def main():
    if not shutil.which("systemd-analyze") or not shutil.which("systemd-escape"):
        print("skipped: no systemd-analyze and systemd-escape here")
        return 77
    rng = random.Random(SEED)
    for compare in (compare_escape, compare_conditions, compare_statuses, compare_groups,
                    compare_spans, compare_verify):
        before = len(FLAWS)
        compare(rng)
        print(f"{compare.__name__}: {len(FLAWS) - before} differences")
    print("\n".join("  " + flaw for flaw in FLAWS))
    return 1 if FLAWS else 0


sys.exit(main())
