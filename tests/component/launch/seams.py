#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What test_fault reaches: seams.py SOURCE_ROOT OBJECT_DIRECTORY.

Every library call of supd-launch that can fail has a seam, or a reason here; every step of the
tables in exec.c is among those of which a unit of faultunits.c must have seen a failure."""
import os
import re
import subprocess
import sys

SOURCE, OBJECTS = sys.argv[1:]

# Cannot fail, or have no result that anybody could act upon.
HARMLESS = set("""_exit close explicit_bzero free geteuid getgid getpid getppid getuid madvise munmap setitimer signal
    sigaction sigemptyset sigfillset sigprocmask umask uname sysconf kill
    fnmatch inet_ntop memchr memcmp memcpy memmove memset snprintf vsnprintf stpcpy strcasecmp strcat strchr strcmp
    strcpy strcspn strlen strncasecmp strncat strncmp strncpy strnlen strpbrk strrchr strsep strspn
    strstr""".split())
# Before the job is there, or how a failure is told: without them there is nothing to say it by.
CHANNEL = set("recv recvmsg send sendmsg poll mmap64 calloc malloc realloc clock_gettime".split())
# Parents that wait for a child of theirs: told by what it leaves, which has its seams.
WAITS = set("waitid waitpid".split())
# Of other operations than EXEC, which test_launch.c and the system tests make fail.
OTHERS = {
    "accept4": "ACCEPT", "bind": "BIND", "fsetxattr": "BIND", "listen": "BIND",
    "getpeername": "ACCEPT", "getsockopt": "ACCEPT", "setsockopt": "BIND", "shutdown": "journald",
    "access": "CHECK", "faccessat": "CHECK", "lstat64": "CHECK", "readlink": "CHECK",
    "statvfs64": "CHECK", "sysinfo": "CHECK", "getrandom": "WARM", "dup3": "WARM",
    "inotify_add_watch": "WATCH", "inotify_init1": "WATCH", "msgctl": "CLEAN", "semctl": "CLEAN",
    "shmctl": "CLEAN", "sigwaitinfo": "supd-nsinit",
}
# Fail by what is in the job, not by a call: test_launch.c, test_sockets.c.
STEPS_OF_JOBS = {"STEP_USERS", "STEP_SOCKETS"}


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def symbols(option):
    files = [os.path.join(OBJECTS, f) for f in os.listdir(OBJECTS) if f.endswith(".o")]
    out = subprocess.run(["nm", option, *files], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines() if re.match(r"^[0-9a-f ]+ \w ", line)}


def check_calls():
    build = read("tests/component/launch/meson.build")
    wraps = re.search(r"foreach name : \[('syscall'.*?)\]", build, re.S).group(1)
    seams = set(re.findall(r"'(\w+)'", wraps))
    called = {s for s in symbols("--undefined-only") - symbols("--defined-only")
              if not s.startswith("_") or s == "_exit"}
    known = seams | HARMLESS | CHANNEL | WAITS | set(OTHERS)
    return [f"{name}: supd-launch calls it, and tests/component/launch/fault.c has no seam"
            for name in sorted(called - known)]


def check_steps():
    tables = set(re.findall(r"\{ (STEP_\w+), ", read("runtime/launch/exec.c")))
    seen = set(re.findall(r"FAULT_STEP\((STEP_\w+)\)",
                          read("tests/component/launch/faultunits.c")))
    return [f"{step}: no unit of tests/component/launch/faultunits.c must have failed there"
            for step in sorted(tables - seen - STEPS_OF_JOBS)]


bad = check_calls() + check_steps()
print("\n".join(bad) if bad else "every call and every step is reached")
sys.exit(1 if bad else 0)
