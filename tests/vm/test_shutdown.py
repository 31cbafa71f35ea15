#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How a machine goes down without supd, and how user space alone does. Other ways to ask are the ends
of other tests; what a stuck service costs: test_progress.py."""
import vm

def test_hung_supd():
    """supd stopped by a signal does not hold up the shutdown."""
    with vm.Machine(append=vm.QUIET) as m:
        m.wait_sh("supctl is-active multi-user.target")
        m.sh("kill -STOP $(pidof supd); /bin/kill -38 1")
        m.wait_console("supd does not answer")
        m.wait_end("guest-shutdown")


def test_soft_reboot():
    """User space alone: another boot of supd, the same kernel, no process of before."""
    units = {"steady.service": "[Service]\nExecStart=/bin/sleep infinity\n"
             "[Container]\nProfile=trusted\n"}
    links = {"/etc/supd/multi-user.target.wants/steady.service": "../steady.service"}
    with vm.Machine(units, append=vm.QUIET, links=links) as m:
        m.wait_sh("supctl is-active multi-user.target")
        boot = m.sh("cat /proc/sys/kernel/random/boot_id; pidof sleep").split()
        m.send("supctl soft-reboot")
        m.wait_agent()
        m.wait_sh("supctl is-active steady.service")
        again = m.sh("cat /proc/sys/kernel/random/boot_id; pidof sleep").split()
        vm.check("the same kernel, a new process", boot[0] == again[0] and boot[1] != again[1],
                 f"{boot} {again}")
        status, out = m.try_sh("supctl kexec")
        vm.check("before everything ends", status == 1 and "no kernel is loaded" in out, out)
        m.send("/bin/kill -40 1")  # by signal nobody is there to be told
        m.wait_console("no kernel is loaded for kexec: reboot")
        m.wait_end("guest-reset")


vm.main(globals())
