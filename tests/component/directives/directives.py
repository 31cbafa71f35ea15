#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every directive of systemd 256 by name (tests/fixtures/directives.tsv), each once with a value
that is none: none is unknown, and what is said of it names file, line, setting and value, and what
would be right. Then the deprecated spellings, with good values.

directives.py BUILD FIXTURE.  Exit 0 good, 1 not."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD, FIXTURE = sys.argv[1], sys.argv[2]
WRONG = "?!"
FLAWS = []

# Section: file, lines that make the unit complete.
FILES = {
    "Unit": ("x.service", "[Service]\nExecStart=/bin/true\n"),
    "Install": ("x.service", "[Service]\nExecStart=/bin/true\n"),
    "Service": ("x.service", ""), "Socket": ("x.socket", ""), "Timer": ("x.timer", ""),
    "Path": ("x.path", ""), "Mount": ("mnt-x.mount", ""), "Swap": ("dev-x.swap", ""),
    "Slice": ("x.slice", ""), "Automount": ("mnt-x.automount", ""),
}
# Any text will do, or what is wrong with it only the machine knows when the unit starts.
FREE = set("""AppArmorProfile BindToDevice CacheDirectory ConfigurationDirectory Description
Documentation ExtraOptions FileDescriptorName ImportCredential LogsDirectory Options PIDFile
RestrictNetworkInterfaces RootImageOptions RuntimeDirectory SELinuxContext SmackLabel SmackLabelIPIn
SmackLabelIPOut SmackProcessLabel StandardInputText StateDirectory SysVStartPriority SyslogIdentifier
TCPCongestion What BlockIOAccounting CPUAccounting IOAccounting MemoryAccounting TasksAccounting
ConditionCPUFeature ConditionCredential ConditionEnvironment ConditionFirmware ConditionGroup
ConditionHost ConditionKernelCommandLine ConditionKernelVersion ConditionNeedsUpdate
ConditionOSRelease ConditionUser LoadCredential Delegate SystemCallLog""".split())
FREE |= {name.replace("Condition", "Assert") for name in FREE if name.startswith("Condition")}
# Whose message is about the whole unit, not about one line.
WHOLE = {"Type", "ExecStart", "OnFailureJobMode"}
RIGHT = re.compile(r"such as |there are |there is |neither |none of | is not an? | is no |expected |"
                   r"use |not supported|no effect|would be less confined|: an? .* is [A-Z]|"
                   r"is not (\[|yes or no|default|udplite|off|low-delay|the name)|not a netlink|unknown system"
                   r" call")

# Old names and places, each with the section and a value that was right.
DEPRECATED = [
    ("Service", "ReadWriteDirectories=/srv"), ("Service", "ReadOnlyDirectories=/srv"),
    ("Service", "InaccessibleDirectories=/srv"), ("Service", "PermissionsStartOnly=yes"),
    ("Service", "StartLimitInterval=10s"), ("Service", "StartLimitBurst=3"),
    ("Service", "StartLimitAction=none"), ("Service", "FailureAction=none"),
    ("Service", "RebootArgument=x"), ("Service", "MemoryLimit=64M"), ("Service", "CPUShares=512"),
    ("Service", "StartupCPUShares=512"), ("Service", "BlockIOWeight=500"),
    ("Unit", "StartLimitInterval=10s"), ("Unit", "BindTo=y.service"),
    ("Unit", "RequiresOverridable=y.service"), ("Unit", "RequisiteOverridable=y.service"),
    ("Unit", "PropagateReloadTo=y.service"), ("Unit", "PropagateReloadFrom=y.service"),
    ("Unit", "OnFailureIsolate=yes"), ("Unit", "IgnoreOnSnapshot=yes"),
    ("Timer", "OnCalendar=daily"), ("Socket", "MaxConnectionsPerSource=3"),
]


def verify(path):
    p = subprocess.run([os.path.join(BUILD, "supctl"), "verify", path], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)
    return p.stdout


def flaw(*words):
    FLAWS.append(": ".join(words))


def check_line(section, name, said):
    """said: what was said about its line."""
    where = f"[{section}] {name}={WRONG}"
    if not said:
        if name not in FREE | WHOLE and not name.startswith("Exec"):
            flaw(where, "nothing is said")
        return
    text = " | ".join(said)
    if re.search(r"unknown (setting|key|section|directive)|did you mean", text, re.IGNORECASE):
        flaw(where, "unknown", text)
    if name not in text:
        flaw(where, "the setting is not named", text)
    if not RIGHT.search(text) and name not in FREE:
        flaw(where, "nobody says what would be right", text)
    if WRONG not in text and not re.search(r"not supported|no effect|confined|without|: an? ", text):
        flaw(where, "the value is not named", text)


def check_section(work, section, names):
    file, rest = FILES[section]
    path = os.path.join(work, file)
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join([f"[{section}]\n"] + [f"{n}={WRONG}\n" for n in names] + [rest]))
    said = {}
    for line in verify(path).splitlines():
        m = re.match(r".*/" + re.escape(file) + r":(\d+):(?:\d+:)? (.*)", line)
        if m:
            said.setdefault(int(m.group(1)), []).append(m.group(2))
    for i, name in enumerate(names):
        check_line(section, name, said.get(i + 2, []))
    os.unlink(path)
    return len(names)


def check_deprecated(work):
    extra = {"Unit": "[Service]\nExecStart=/bin/true\n", "Service": "ExecStart=/bin/true\n",
             "Timer": "", "Socket": "ListenStream=/run/x\n"}
    for section, line in DEPRECATED:
        path = os.path.join(work, FILES[section][0])
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"[{section}]\n{line}\n{extra[section]}")
        said = verify(path)
        if "error" in said or "unknown" in said:
            flaw(f"[{section}] {line}", said.strip())
        os.unlink(path)


def main():
    names = {}
    with open(FIXTURE, encoding="utf-8") as f:
        for line in f:
            section, name = line.rstrip("\n").split("\t")
            if section in FILES:  # scopes have no files
                names.setdefault(section, []).append(name)
    work = tempfile.mkdtemp(prefix="supd-directives-")
    try:
        n = sum(check_section(work, section, list(dict.fromkeys(rows)))
                for section, rows in names.items())
        check_deprecated(work)
    finally:
        shutil.rmtree(work)
    print(f"{n} directives, {len(DEPRECATED)} old spellings: {len(FLAWS)} flaws")
    print("\n".join("  " + x for x in FLAWS))
    return 1 if FLAWS or n < 1200 else 0


sys.exit(main())
