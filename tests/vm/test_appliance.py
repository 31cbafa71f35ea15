#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""contrib/vm/build and contrib/vm/run: the smallest appliance, kernel and initramfs alone; and one
of Debian's packages with their own units on a disk."""
import os
import shutil
import subprocess
import tempfile
import time

import vm

UNIT = """[Unit]
Description=The only service
[Service]
ExecStart=/only
Restart=always
[Install]
WantedBy=multi-user.target
[Container]
Profile=trusted
"""
# The command line's own command takes the default target's place; its end is the machine's.
RUN = "systemd.run=\"/usr/local/bin/supctl start only.service\""
SOURCE = """#include <stdio.h>
#include <unistd.h>
int main(void)
{
	FILE *f = fopen("/dev/console", "w");

	fprintf(f, "the only service runs\\n");
	fclose(f);
	for (;;) {
		pause();
	}
}
"""


# A unit of one's own beside the packages': reaches lighttpd, or fails, and then ends the machine.
CHECK = """[Unit]
Description=Ask the web server
After=lighttpd.service ssh.service network.target
Requires=lighttpd.service
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/check
ExecStartPost=/usr/local/bin/supctl --no-block poweroff
[Install]
WantedBy=multi-user.target
[Container]
Profile=trusted
"""
SCRIPT = """#!/bin/bash
# Type=simple: it may not listen yet.
until (exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null; do sleep 0.2; done
"""
# Not what is asked here, and slow without hardware: test_daemons.py has them.
MASKED = " ".join(f"supd.mask={name}.service" for name in ("systemd-udev-trigger", "e2scrub_reap",
                                                           "apparmor"))


def boot(out, **environment):
    """The console's text of an appliance that ends by itself."""
    start = time.monotonic()
    try:
        result = subprocess.run([vm.SOURCE + "/contrib/vm/run", out],
                                env=dict(os.environ, VM_ACCEL="tcg,thread=multi", **environment),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, preexec_fn=vm.die_with_parent,
                                timeout=vm.BOOT_WITHIN + vm.END_WITHIN)
    except subprocess.TimeoutExpired as e:
        raise vm.Failed("the appliance does not end:\n" +
                        (e.output or b"").decode(errors="replace")) from None
    print(f"     initramfs {os.path.getsize(out + '/initrd') // 1024} KiB, boot to power-off "
          f"{time.monotonic() - start:.1f} s")
    return result.stdout.decode(errors="replace").replace("\r\n", "\n")


def test_debian():
    """The packages' own daemons and one's own unit, from one command. They are those of vm.py's root
    file system: what was made of them for that lies in the cache."""
    vm.prepare()
    top = tempfile.mkdtemp(prefix="supd-appliance-test-")
    try:
        os.mkdir(top + "/units")
        os.makedirs(top + "/files/usr/local/sbin")
        for name, text in (("units/check.service", CHECK), ("files/usr/local/sbin/check", SCRIPT)):
            with open(f"{top}/{name}", "w", encoding="ascii") as f:
                f.write(text)
        os.chmod(top + "/files/usr/local/sbin/check", 0o755)
        vm.run(vm.SOURCE + "/contrib/vm/build", "-o", top + "/out", "--build", vm.BUILD, "--files",
               top + "/files", "--import", "--password", "secret", "--append", MASKED, "--cache",
               vm.CACHE, "--kernel", vm.CACHE + "/kernel", top + "/units", *vm.packages())
        said = boot(top + "/out")
        vm.check("the unit reached lighttpd", vm.said("the kernel does it: poweroff", said), said)
    finally:
        shutil.rmtree(top)


def mistakes(top):
    """Each is told in a line that names it, at once, and nothing is left of the build."""
    out, units = top + "/wrong", top + "/bad"
    os.mkdir(units)
    with open(units + "/bad.service", "w", encoding="ascii") as f:
        f.write("[Service]\nExecStart=/only\nProtectAll=yes\n")
    minimal = ("--minimal", "--files", top + "/files", "--kernel", vm.CACHE + "/kernel")
    for words, said in (
            ((*minimal, units), "bad.service:3:1: error: unknown setting ProtectAll="),
            ((*minimal, top + "/nothing"), "/nothing is not a directory of unit files"),
            ((*minimal, "--modules", "nosuch", top + "/units"), "has no module nosuch"),
            (("--size", "much", top + "/units"), "--size much: a number"),
            ((top + "/units", "Not a package"), "Not a package is no name of a package")):
        done = subprocess.run([vm.SOURCE + "/contrib/vm/build", "-o", out, "--build", vm.BUILD, *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        vm.check("a mistake is told", done.returncode == 1 and said in done.stdout and
                 "Traceback" not in done.stdout, (words, done.stdout))
        vm.check("nothing is left", not os.path.exists(out) or not os.listdir(out), out)


def test_minimal():
    vm.prepare()
    top = tempfile.mkdtemp(prefix="supd-appliance-test-")
    try:
        for name in ("units", "files"):
            os.mkdir(os.path.join(top, name))
        with open(top + "/units/only.service", "w", encoding="ascii") as f:
            f.write(UNIT)
        with open(top + "/only.c", "w", encoding="ascii") as f:
            f.write(SOURCE)
        vm.run("cc", "-static", "-O", "-o", top + "/files/only", top + "/only.c")
        mistakes(top)
        vm.run(vm.SOURCE + "/contrib/vm/build", "-o", top + "/out", "--build", vm.BUILD,
               "--minimal", "--files", top + "/files", "--kernel", vm.CACHE + "/kernel",
               top + "/units")
        said = boot(top + "/out", VM_APPEND=RUN)
        vm.check("the service ran", vm.said("the only service runs", said), said)
        vm.check("power off", vm.said("the kernel does it: poweroff", said), said)
    finally:
        shutil.rmtree(top)


vm.main(globals())
