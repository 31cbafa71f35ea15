#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The units of Debian's packages load: every file below tests/fixtures/packages, unchanged, under
profile compat, through `supd-load --verify`. No error is allowed, nor a warning that is not about
what only a system with the package has (users, groups, units of other packages). The table of
contrib/doc/PACKAGES.md must say the same.

test_packages.py SUPD_LOAD SOURCE_ROOT [--table]   --table prints contrib/doc/PACKAGES.md's rows."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

LOAD, SOURCE = sys.argv[1], sys.argv[2]
FIXTURES = os.path.join(SOURCE, "tests/fixtures/packages")
LEAST = 40
# What is missing on the machine where the test runs, not in supd.
ABSENT = re.compile(r"no such (user|group|unit)\b|is no program that can be executed on this machine|"
                    r"the kernel has no such group of devices now")


def packages():
    return sorted(p for p in os.listdir(FIXTURES) if os.path.isdir(os.path.join(FIXTURES, p)))


def lay_out(top):
    """All packages in one unit path, as on a system that has them; {unit file: package}."""
    owners = {}
    for package in packages():
        root = os.path.join(FIXTURES, package)
        for folder, _, files in os.walk(root):
            for name in files:
                path = os.path.join(os.path.relpath(folder, root), name)
                path = os.path.normpath(path)
                os.makedirs(os.path.dirname(os.path.join(top, path)), exist_ok=True)
                shutil.copyfile(os.path.join(folder, name), os.path.join(top, path))
                owners[path] = package
    os.makedirs(os.path.join(top, "service.d"))
    with open(os.path.join(top, "service.d/profile.conf"), "w") as f:
        f.write("[Container]\nProfile=compat\n")
    return owners


def verify(top, owners):
    files = [os.path.join(top, f) for f in sorted(owners) if "/" not in f]
    out = subprocess.run([LOAD, "--verify", "--unit-path",
                          top + ":" + os.path.join(SOURCE, "units/shipped")] + files,
                         capture_output=True, text=True, timeout=120)
    lines = (out.stdout + out.stderr).splitlines()
    return out.returncode, [line.replace(top + "/", "") for line in lines]


def package_of(line, owners):
    name = re.split(r":(?=\d|\s)", line)[0]
    return owners.get(name, "")


def table(owners, lines):
    units, said = collections.Counter(owners.values()), collections.defaultdict(list)
    for line in lines:
        said[package_of(line, owners)].append(line)
    rows = []
    for package in packages():
        notes = "; ".join(line.replace("|", "\\|") for line in said[package]
                          if ": note:" not in line and not ABSENT.search(line)) or "nothing"
        rows.append(f"| {package} | {units[package]} | all | {notes} |")
    return rows


def documented():
    with open(os.path.join(SOURCE, "contrib/doc/PACKAGES.md"), encoding="utf-8") as f:
        lines = f.read().splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| package |")]


def main():
    with tempfile.TemporaryDirectory(prefix="supd-packages-") as top:
        owners = lay_out(top)
        code, lines = verify(top, owners)
    if "--table" in sys.argv:
        print("\n".join(table(owners, lines)))
        return 0
    bad = [line for line in lines if ": error:" in line or
           (": warning:" in line and not ABSENT.search(line))]
    for line in bad:
        print(line)
    if len(packages()) < LEAST:
        bad.append("packages")
        print(f"only {len(packages())} packages below {FIXTURES}")
    for row in sorted(set(documented()) ^ set(table(owners, lines))):
        bad.append(row)
        print(f"contrib/doc/PACKAGES.md, not the same as --table: {row}")
    print(f"{len(packages())} packages, {len(owners)} files, {len(lines)} lines said, exit {code}")
    return 1 if bad or code != 0 else 0


sys.exit(main())
