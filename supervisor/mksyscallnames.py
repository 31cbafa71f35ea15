#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mksyscallnames.py OUTPUT CC...: rows "[165] = "mount"," of the machine's own system calls."""
import re
import subprocess
import sys

macros = subprocess.run(sys.argv[2:] + ["-E", "-dM", "-x", "c", "-"], check=True, text=True,
                        input="#include <asm/unistd.h>\n", stdout=subprocess.PIPE).stdout
rows = {int(m[2]): m[1] for m in re.finditer(r"^#define __NR_(\w+) (\d+)$", macros, re.M)}
with open(sys.argv[1], "w", encoding="ascii") as f:
    for number, name in sorted(rows.items()):
        f.write(f'[{number}] = "{name}",\n')
