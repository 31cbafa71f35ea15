#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From the kernel to the default target, and by the power button to the end."""
import vm


def test_boot():
    with vm.Machine() as m:
        print(f"     agent after {m.boot_s:.1f} s")
        vm.check("PID 1", m.sh("cat /proc/1/comm") == "supd-init\n")
        m.wait_sh("supctl is-active default.target")
        m.wait_sh("supctl is-active supd-power-key.service")
        m.command_qmp("system_powerdown")
        m.wait_console("the kernel does it: poweroff")
        m.wait_end("guest-shutdown")


vm.main(globals())
