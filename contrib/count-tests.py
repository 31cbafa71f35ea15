#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up meson's test logs: count-tests.py [--failed-step LOG]... TESTLOG.json...

Prints the skipped tests with their reasons, the wall time of the virtual machines, of each failed
test and step the last lines of what it said, their names once more, and the sums alone on the last
line: the end of a long log tells what failed and why. A step that failed before its tests, and a
log that is not there or empty, count as failures."""
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
TAIL = 40


def tail(text):
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-TAIL:])


def read_file(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError as e:
        return f"{path}: {e.strerror}"


def tests_of(path):
    """The tests that a log tells of; the last line of one that was cut off is no test."""
    found = []
    for line in read_file(path).splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            print(f"not a test's result in {path}: {line[:200]}")
    return found


def said(test):
    """Its output: what went to stderr is the reason more often, so it comes last."""
    parts = [tail(test.get(stream) or "") for stream in ("stdout", "stderr")]
    return "\n".join(p for p in parts if p) or "    (it said nothing)"


def machines(tests):
    """What their suite took: from the start of its first test to the end of its last; their images."""
    ours = [t for t in tests if ":vm / " in t["name"] and t.get("starttime")]
    if ours:
        took = max(t["starttime"] + t["duration"] for t in ours) - min(t["starttime"] for t in ours)
        images = sum(t["duration"] for t in tests if t["name"].endswith(" / vm-images"))
        print(f"virtual machines: {len(ours)} tests in {took:.0f} s, their images in {images:.0f} s")


def main(args):
    failures, passed, skipped = [], 0, 0
    while args[:1] == ["--failed-step"]:
        failures.append((args[1], "a step before the tests", tail(read_file(args[1]))))
        args = args[2:]
    for path in args:
        tests = tests_of(path)
        for test in tests:
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] == "SKIP":
                skipped += 1
                reason = (test.get("stdout") or test.get("stderr") or "").strip().splitlines()
                print(f"skipped {test['name']}: {reason[-1] if reason else 'no reason given'}")
            else:
                how = f"{test['result']}, status {test.get('returncode')}, {test.get('duration', 0):.1f} s"
                failures.append((test["name"], how, said(test)))
        machines(tests)
        if not tests:
            failures.append((path, "no tests ran", ""))
    for name, how, text in failures:
        print(f"\n== failed {name}: {how}\n{text}")
    if failures:
        print()
    for name, how, _ in failures:
        print(f"failed {name}: {how}")
    print(f"{passed} passed, {len(failures)} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failures or not passed else 0


sys.exit(main(sys.argv[1:]))
