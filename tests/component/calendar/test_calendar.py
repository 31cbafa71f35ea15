#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calendar expressions and time spans: supctl against Debian's systemd-analyze.

usage: test_calendar.py SUPCTL [SEED [COUNT]]. Expressions are generated from a fixed seed, many to a
call, in several time zones and from base times around their clock changes.
"""
import os
import random
import re
import shutil
import subprocess
import sys

ITERATIONS = 6
GAVE_UP = set()  # expressions that systemd-analyze found an "infinite loop" in

# Zone, base times (seconds): plain days, and the hours around clocks that are put forward and back.
ZONES = [
    ("UTC", [1767225600, 1771199999, 2147483647, 4102444800]),
    ("Europe/Berlin", [1774738800, 1774741500, 1792875600, 1792882500, 2521922400]),
    ("America/New_York", [1772949600, 1793509200, 1793514600]),
    ("Australia/Lord_Howe", [1775310000, 1791041400]),
    ("America/St_Johns", [1772941500, 1793500200]),
    ("Asia/Kolkata", [1767225600]),
    ("Africa/Casablanca", [1767225600]),
]

FIXED = """minutely hourly daily monthly yearly annually anually weekly quarterly biannually bi-annually
semiannually semi-annually HOURLY Weekly never 0 * ** *-* *-*-* *-*-*-* *:* *:*:* : - ~ 12 12:00 1:2:3
24:00 23:60 23:59:60 23:59:59.9 *:*:59.9999994 *:*:59.9999995 *-02-29 *-02-30 *-02~01 *-02~28 *-02~29
*-*~07/1 *-*~01..03 *-*~03..01 ~01 *-~01 02-29 2-29..31 70-01-01 69-01-01 99-12-31 100-01-01 2200-01-01
2199-12-31 1969-12-31 Mon..Fri Fri..Mon Mon-Fri Mon,Wed,Fri Mon, ,Mon Mon,Mon..Sun Sunday SUNDAY Mont
Sat,Thu,Mon..Wed,Sat..Sun Mon...Fri Mon..Fri..Sat Mon..Wed,Fri.. 00:00/1:00 0/6:0 0..23/5:0..59/7:0 *:0/90
*:0/60 *:0/59 *:60/1 *:30/29 *:30/30 *:0..10/10 *:0..10/11 *:10..5 *:5..5 *:5..6 *:*:0/0.5 *:*:0.5/1.25
*:*:0..10.5/2 *:*:0.000001 *:*:.5 *:*:5. *:*:5..7.25 *:*/1 */1:0 1/0:0 1,2,1,3..5,4:0 @0 @1771199999 @x
@1.5 @1771199999.5 *-*-1,15 *-1..12/2-1 2026..2030-1-1 2026/2-1-1 2026..2030/2-6-6 *-*-31 *-4-31 4-31
Mon@5 Mon*-*-* 2026-1-1T00:00 05:40,06 05,06:40 5:40:00,5 00:00:00.1234567 00:00:00.0000005 9999-1-1
1..2..3:0 1/2/3:0 *:0/-5 -1:0 +1:0 0x1:0 1e1:0 *-13-1 *-0-1 *-*-0 *-*-32 *-*~0 *-*~31 *:,5 *:5,""".split()
FIXED += ["", " ", "Mon  *-*-*   10:00", "Mon..Fri 22:30", "Sat,Sun 12-05 08:05", "*-*-* 02:30", "*-*-* 02:00",
          "*-*-* 03:00", "*-*-* 01:30", "*-*-* 00/2:30", "*:0/15", "*:45", "*:*:0/20", "Sun *-*~07..01 02:15",
          "hourly UTC", "daily Europe/Berlin", "*-*-* 02:30 America/New_York", "12:00 utc", "12:00 Utc",
          "12:00 Mars/Olympus", "12:00 UTC UTC", " 10:00", "Mon *-02-29", "Mon *-05~07/1",
          "Wed..Sat,Tue 12-10-15 1:2:3", "2003-02..04-05", "12..14:10,20,30", "mon,fri *-1/2-1,3 *:30:45",
          "Wed *-1", "08:05:40", "05:40", "Sat,Sun 12-05 08:05:40", "2003-03-05 05:40 UTC", "10-15",
          "monday *-12-* 17:00", "Mon,Fri *-*-3,1,2 *:30:45", "*-*-* *:0,15,30,45", "Europe/Berlin", "UTC"]
SPANS = """0 1 12 1s 1us 1ms 1min 1m 1M 1h 1hr 1d 1w 1y 1month 2months 3years 4weeks 5days 6hours 7minutes
8seconds 9msec 10usec 1.5h .5s 1. 1.. 1d2h3.5us infinity Infinity -1 1x 1sec2 1s1s 5min20s 18446744073709551615us 18446744073709551616us 500000y 600000y 1.23456789s
0.0000001s 1e3 1h30 h 1hh 3µs 3μs""".split()
SPANS += ["5min 20s", "1 d 2 h", " 5s ", "5 s", "", " ", "1h 30", "2 months 3 w", "1y 12month"]


def number(rng, low, high):
    return rng.randint(low, high)


def field(rng, low, high, width, fraction=False):
    """One field: mostly right, sometimes just out of its range."""
    def value():
        v = number(rng, low, high)
        if rng.random() < 0.01:
            v = rng.choice([low - 1, high + 1])
        text = "%0*d" % (width if rng.random() < 0.7 else 1, max(v, 0))
        if fraction and rng.random() < 0.2:
            text += ".%0*d" % (rng.randint(1, 7), number(rng, 0, 9))
        return text
    def part():
        kind = rng.random()
        if kind < 0.5:
            return value()
        if kind < 0.7:
            return value() + "/" + str(number(rng, 1, max(1, (high - low) // 2)))
        a = number(rng, low, high - 1)
        b = number(rng, a + 1, high)  # 252 refuses "5..5" in the seconds
        text = "%d..%d" % (a, b)
        return text + ("/%d" % number(rng, 1, 9) if rng.random() < 0.3 else "")
    if rng.random() < 0.4:
        return "*"
    return ",".join(part() for _ in range(rng.choice([1, 1, 1, 2, 3])))


def expression(rng):
    out = []
    days = ["Mon", "Tue", "Wednesday", "Thu", "fri", "SAT", "Sun"]
    if rng.random() < 0.3:
        a, b = sorted(rng.sample(range(7), 2))
        out.append(rng.choice([days[a], days[a] + "," + days[b], days[a] + ".." + days[b]]))
    if rng.random() < 0.6:
        tilde = rng.random() < 0.15
        day = field(rng, 1, 28 if tilde else 31, 2)
        date = field(rng, 1, 12, 2) + ("~" if tilde else "-") + day
        if rng.random() < 0.7:
            date = (field(rng, 2025, 2035, 4) if rng.random() < 0.3 else "*") + "-" + date
        out.append(date)
    if rng.random() < 0.85:
        time = field(rng, 0, 23, 2) + ":" + field(rng, 0, 59, 2)
        if rng.random() < 0.5:
            time += ":" + field(rng, 0, 59, 2, True)
        out.append(time)
    if rng.random() < 0.1:
        out.append(rng.choice(["UTC", "Europe/London", "Asia/Tokyo"]))
    return " ".join(out) or "daily"


def blocks(command, items, env):
    """Runs one call for all items; {item: lines of its block}. A refused item has no block."""
    done = subprocess.run(command + items, env=env, capture_output=True, text=True)
    GAVE_UP.update(re.findall(r"for '(.*)': Resource deadlock avoided", done.stderr))
    found = {}
    for block in re.split(r"\n\s*\n", done.stdout):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if not lines:
            continue
        # systemd-analyze prints no original where it is the normal form.
        item = lines[0].partition(": ")[2]
        found[item] = lines[lines[0].startswith("Original"):]
    return found


def calendar_answers(program, items, zone, base):
    env = dict(os.environ, TZ=zone, LC_ALL="C.UTF-8", SYSTEMD_LOG_LEVEL="err", SYSTEMD_COLORS="0")
    found = blocks(program + ["calendar", "--iterations=%d" % ITERATIONS, "--base-time=@%d" % base],
                   ["--"] + items, env)
    answers = {}
    for item, lines in found.items():
        keep = []
        for line in lines:
            title, _, text = line.partition(": ")
            text = re.sub(r"\.\d+ ", " ", text) if title != "Normalized form" else text
            if title == "Normalized form" or title == "(in UTC)":
                keep.append(text)
            elif title.startswith(("Next elapse", "Iter")) and (zone == "UTC" or text == "never"):
                keep.append(text)
        answers[item] = keep
    return answers


def span_answers(program, items):
    """systemd-analyze ends at the first span that it refuses: it goes on after that one."""
    env = dict(os.environ, LC_ALL="C.UTF-8", SYSTEMD_LOG_LEVEL="emerg")
    answers, rest = {}, list(items)
    while rest:
        found = blocks(program + ["timespan", "--"] + rest, [], env)
        for item, lines in found.items():
            answers[item] = lines[0].partition(": ")[2]  # the number; the words differ
        while rest and rest[0] in answers:
            rest.pop(0)
        del rest[:1]
    return answers


def known(item, ours, theirs):
    """Three faults of systemd 252: it takes three days off the bound of "~" with each comma; a repetition
    that runs out of the field ("1,41/8" from minute 50, "5/23" from minute 52 of the day's last hour)
    carries into the next hour and skips what is before, then all its times must still be among
    ours; and some repetitions it takes for an infinite loop ("Fri *-*-15/7")."""
    if theirs is None:
        return ours is not None and (re.search(r"~[^ ]*,", item) or item in GAVE_UP)
    if ours is None or ours[0] != theirs[0] or "/" not in item:
        return False
    return theirs[1] in ours or ours[1] != theirs[1]


def compare(what, items, ours, theirs):
    bad = 0
    for item in items:
        a, b = ours.get(item), theirs.get(item)
        if a != b and not known(item, a, b):
            bad += 1
            print("%s: %r\n  supctl:          %s\n  systemd-analyze: %s" % (what, item, a, b))
    return bad


def main():
    supctl, seed, count = sys.argv[1], 20260102, 40
    if len(sys.argv) > 2:
        seed = int(sys.argv[2])
    if len(sys.argv) > 3:
        count = int(sys.argv[3])
    analyze = shutil.which("systemd-analyze")
    if not analyze:
        print("systemd-analyze is not installed: nothing to compare with")
        return 77
    rng = random.Random(seed)
    bad = asked = refused = 0
    for zone, bases in ZONES:
        for base in bases:
            items = [e for e in dict.fromkeys(FIXED + [expression(rng) for _ in range(count)])]
            ours = calendar_answers([supctl], items, zone, base)
            theirs = calendar_answers([analyze], items, zone, base)
            refused += sum(1 for item in items if item not in theirs)
            bad += compare("%s @%d" % (zone, base), items, ours, theirs)
            asked += len(items)
    spans = list(dict.fromkeys(SPANS + ["%d%s %d%s" % (rng.randint(0, 999), rng.choice(["y", "w", "d", "h"]),
                                                       rng.randint(0, 9999), rng.choice(["min", "s", "ms", "us"]))
                                        for _ in range(50)]))
    bad += compare("timespan", spans, span_answers([supctl], spans), span_answers([analyze], spans))
    print("%d expressions (%d refused), %d spans, %d differences, seed %d"
          % (asked, refused, len(spans), bad, seed))
    return 1 if bad or refused == asked else 0


sys.exit(main())
