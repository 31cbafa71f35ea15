#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the kernel to the default target."""
import vm


def test_boot():
    with vm.Machine() as m:
        print(f"     agent after {m.boot_s:.1f} s")
        vm.check("PID 1", m.sh("cat /proc/1/comm") == "supd-init\n")
        m.wait_sh("supctl is-active default.target")


vm.main(globals())
