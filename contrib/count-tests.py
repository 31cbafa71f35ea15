#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up meson's test logs: count-tests.py FAILED_STEPS TESTLOG.json...

Prints the failed and skipped tests by name, then the sums alone on the last line. A step that
failed before its tests, and a log that is not there or empty, count as failures."""
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
failed, passed, skipped = int(sys.argv[1]), 0, 0
for path in sys.argv[2:]:
    count = 0
    try:
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines()
    except OSError as e:
        print(f"no test results: {e}")
        lines = []
    for line in lines:
        test = json.loads(line)
        count += 1
        if test["result"] in PASSED:
            passed += 1
        elif test["result"] == "SKIP":
            skipped += 1
            reason = (test.get("stdout") or test.get("stderr") or "").strip().splitlines()
            print(f"skipped {test['name']}: {reason[-1] if reason else 'no reason given'}")
        else:
            failed += 1
            print(f"failed {test['name']}: {test['result']}")
    if count == 0:
        failed += 1
        print(f"failed: no tests ran ({path})")
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(1 if failed or not passed else 0)
