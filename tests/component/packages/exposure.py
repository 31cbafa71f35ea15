#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How exposed the services of Debian's packages are: the table of contrib/doc/SECURITY.md, from the
unit files below tests/fixtures/packages, unchanged but for the profile's line. supd's columns by
`supctl audit`; systemd's by `systemd-analyze security --offline`, where version 252 is here. The
mean under compat may be at most half of systemd's.

exposure.py SUPCTL SOURCE_ROOT [--table]   --table prints the rows; else they are compared.
Exit 0 equal, 1 different (each row on a line)."""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SUPCTL, SOURCE = sys.argv[1], sys.argv[2]
FIXTURES = os.path.join(SOURCE, "tests/fixtures/packages")
PEER = "systemd 252 "
ROW = re.compile(r"^\| (\S+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.M)
MEAN = re.compile(r"^\| \*\*mean of the services\*\* \| (\d+) \| \*\*([\d.]+)\*\* \| \*\*([\d.]+)\*\* \| "
                  r"\*\*([\d.]+)\*\* \|$", re.M)


def services():
    """{package: [file]} of those that have something to execute."""
    found = collections.defaultdict(list)
    for folder, _, files in sorted(os.walk(FIXTURES)):
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith(".service"):
                with open(path, encoding="utf-8") as f:
                    if re.search(r"^ExecStart=", f.read(), re.M):
                        found[os.path.relpath(path, FIXTURES).split(os.sep)[0]].append(path)
    return found


def lay_out(top, paths, profile):
    """Copies, by name: a template as its instance 1, as systemd-analyze needs it."""
    copies = []
    for path in paths:
        name = os.path.basename(path).replace("@.service", "@1.service")
        copies.append(os.path.join(top, name))
        shutil.copyfile(path, copies[-1])
        if profile:
            with open(copies[-1], "a", encoding="utf-8") as f:
                f.write(f"\n[Container]\nProfile={profile}\n")
    return copies


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def audited(paths, profile):
    with tempfile.TemporaryDirectory() as top:
        copies = lay_out(top, paths, profile)
        out, err = run(SUPCTL, "audit", "--json", *copies)
        try:
            rows = json.loads(out)
        except ValueError:
            sys.exit(f"supctl audit: {err or out}")
        return {os.path.basename(row["unit"]): row["exposure"] / 10 for row in rows}


def analyzed(paths):
    """None where systemd-analyze is not the one of the table."""
    if not shutil.which("systemd-analyze") or not run("systemd-analyze", "--version")[0].startswith(PEER):
        return None
    figures = {}
    with tempfile.TemporaryDirectory() as top:
        for copy in lay_out(top, paths, None):
            out, err = run("systemd-analyze", "security", "--offline=true", "--no-pager", copy)
            match = re.search(r"Overall exposure level for \S+: ([\d.]+)", out)
            if not match:
                sys.exit(f"systemd-analyze security {os.path.basename(copy)}: {err or out}")
            figures[os.path.basename(copy)] = float(match.group(1))
    return figures


def mean(figures):
    return sum(figures) / len(figures)


def table():
    """Rows of text, and the means."""
    packages = services()
    paths = [p for files in packages.values() for p in files]
    columns = [analyzed(paths), audited(paths, "compat"), audited(paths, "standard")]
    lines, every = [], [[], [], []]
    for package, files in sorted(packages.items()):
        names = [os.path.basename(f).replace("@.service", "@1.service") for f in files]
        cells = []
        for i, column in enumerate(columns):
            figures = [column[n] for n in names] if column else None
            every[i] += figures or []
            cells.append(f"{mean(figures):.1f}" if figures else None)
        lines.append((package, str(len(files)), *cells))
    means = [f"{mean(e):.2f}" if e else None for e in every]
    return lines, (str(len(paths)), *means)


def compare(lines, means):
    with open(os.path.join(SOURCE, "contrib/doc/SECURITY.md"), encoding="utf-8") as f:
        text = f.read()
    written = {row[0]: row for row in ROW.findall(text)}
    bad = []
    for line in lines:
        there = written.pop(line[0], None)
        if not there or any(a is not None and a != b for a, b in zip(line, there)):
            bad.append(f"{line[0]}: SECURITY.md has {there}, it is {line}")
    bad += [f"{name}: no such package" for name in written]
    mean_row = MEAN.search(text)
    if not mean_row or any(a is not None and a != b for a, b in zip(means, mean_row.groups())):
        bad.append(f"mean: SECURITY.md has {mean_row and mean_row.groups()}, it is {means}")
    elif float(mean_row.group(3)) > float(mean_row.group(2)) / 2:
        bad.append(f"mean: compat's {mean_row.group(3)} is more than half of systemd's {mean_row.group(2)}")
    return bad


rows, of_all = table()
if sys.argv[3:] == ["--table"]:
    for row in rows:
        print("| " + " | ".join(c or "?" for c in row) + " |")
    print(f"| **mean of the services** | {of_all[0]} | " + " | ".join(f"**{c or '?'}**" for c in of_all[1:]) + " |")
    sys.exit(0)
wrong = compare(rows, of_all)
print("\n".join(wrong) if wrong else f"{len(rows)} packages, {of_all[0]} services: as SECURITY.md says")
sys.exit(1 if wrong else 0)
