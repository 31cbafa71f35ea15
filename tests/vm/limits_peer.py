#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The limits of limits_cases.py under systemd and under supd, file by file. Not in the suite.
usage: limits_peer.py [--record]: boots systemd, and writes down what it finds there"""
import sys

import limits_cases
import vm

TARGET = "[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n"


def links(folder):
    names = ["vm-agent.service"] + list(limits_cases.BY_TEXT.values())
    return {f"{folder}/cases.target.wants/{name}": f"../{name}" for name in names}


def common():
    return {"/etc/machine-id": "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e\n",
            "/etc/fstab": "/dev/nvme0n1 / ext4 defaults 0 1\n"}


def settled(m, cancel="true"):
    """The boot is over, so that Startup…= no longer counts. cancel: of jobs that wait for devices
    that this machine does not have."""
    names = " ".join(limits_cases.BY_TEXT.values())
    m.wait_sh(f"! systemctl is-active {names} | grep -qv -x active", 900)
    m.wait_sh(f"systemctl is-system-running | grep -E 'running|degraded' || "
              f"{{ systemctl --no-pager list-jobs; {cancel}; false; }}", 300)


def systemd():
    files = common()
    for name, text in limits_cases.units().items():
        files["/etc/systemd/system/" + name] = text
    files["/etc/systemd/system/cases.target"] = TARGET
    files["/etc/systemd/system/vm-agent.service"] = vm.AGENT.replace(
        "[Container]\nProfile=trusted\n", "")
    with vm.Machine({}, files, links=links("/etc/systemd/system"), modules=[], smp=2,
                    append="vm.direct=/lib/systemd/systemd systemd.unit=cases.target") as m:
        settled(m, "systemctl cancel")
        found = limits_cases.collect(m)
        m.send("systemctl poweroff")
        m.wait_end()
    return found


def supd():
    units = limits_cases.units("[Container]\nProfile=trusted\n")
    units["cases.target"] = TARGET
    with vm.Machine(units, common(), links=links("/etc/supd"), modules=[], smp=2,
                    append=vm.QUIET + " supd.unit=cases.target") as m:
        settled(m)
        found = limits_cases.collect(m)
        m.send("supctl poweroff")
        m.wait_end()
    return found


def main():
    vm.prepare()
    if "--record" in sys.argv:
        limits_cases.write(limits_cases.RECORDED, systemd())
    lines = limits_cases.differences(supd(), limits_cases.read(limits_cases.RECORDED))
    print("\n".join(lines))
    sys.exit(1 if lines else 0)


main()
