#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""contrib/vm/build and contrib/vm/run: the smallest appliance, kernel and initramfs alone."""
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
POWEROFF = """[Unit]
After=only.service
Requires=only.service
[Service]
Type=oneshot
ExecStart=/usr/local/bin/supctl poweroff
[Install]
WantedBy=multi-user.target
[Container]
Profile=trusted
"""
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


def test_minimal():
    vm.prepare()
    top = tempfile.mkdtemp(prefix="supd-appliance-test-")
    try:
        for name in ("units", "files"):
            os.mkdir(os.path.join(top, name))
        with open(top + "/units/only.service", "w", encoding="ascii") as f:
            f.write(UNIT)
        with open(top + "/units/last.service", "w", encoding="ascii") as f:
            f.write(POWEROFF)
        with open(top + "/only.c", "w", encoding="ascii") as f:
            f.write(SOURCE)
        vm.run("cc", "-static", "-O", "-o", top + "/files/only", top + "/only.c")
        vm.run(vm.SOURCE + "/contrib/vm/build", "-o", top + "/out", "--build", vm.BUILD,
               "--minimal", "--files", top + "/files", "--kernel", vm.CACHE + "/kernel",
               top + "/units")
        start = time.monotonic()
        out = subprocess.run([vm.SOURCE + "/contrib/vm/run", top + "/out"], text=True,
                             env=dict(os.environ, VM_ACCEL="tcg,thread=multi"),
                             capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
        size = os.path.getsize(top + "/out/initrd")
        print(f"     initramfs {size // 1024} KiB, boot to power-off "
              f"{time.monotonic() - start:.1f} s")
        vm.check("the service ran", "the only service runs" in out.stdout,
                 out.stdout + out.stderr)
        vm.check("it went down by itself", "the kernel does it: poweroff" in out.stdout,
                 out.stdout + out.stderr)
    finally:
        shutil.rmtree(top)


vm.main(globals())
