# SPDX-License-Identifier: MIT
"""Why a machine does not go on, asked of qemu: its processors and their timers, and whether a pause
moves it, as it would if qemu had lost a wake-up."""
import re
import time

LOOKS = ("info registers", "info lapic", "info pic")
NUDGED_S = 10


def monitor(m, line):
    return m.command_qmp("human-monitor-command", **{"command-line": line}) or ""


def processors(m):
    return "".join(f"--- {look}\n{monitor(m, look)}\n" for look in LOOKS)


def stands(m):
    """Two looks find the processor waiting at one place."""
    at = []
    for _ in range(2):
        text = monitor(m, "info registers")
        at.append((re.search(r"RIP=(\w+)", text)[1], "HLT=1" in text))
        time.sleep(1)
    return at[0] == at[1] and at[0][1]


def look(m):
    """Text for who reads of a failed test."""
    text = processors(m)
    if not stands(m):
        return text + "--- the processor works, or wakes up\n"
    said = len(m.console_text())
    m.command_qmp("stop")
    m.command_qmp("cont")
    deadline = time.monotonic() + NUDGED_S
    while time.monotonic() < deadline and m.process.poll() is None:
        if len(m.console_text()) != said:
            return text + "--- a pause moved it: qemu had lost a wake-up\n"
        time.sleep(0.2)
    return text + ("--- a pause did not move it\n" if m.process.poll() is None else
                   "--- a pause moved it to its end: qemu had lost a wake-up\n")
