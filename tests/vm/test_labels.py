#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""AppArmor as Debian's kernel has it: a unit under its profile, and those that cannot have theirs."""
import vm

PROFILE = """#include <tunables/global>
profile small flags=(attach_disconnected) {
    / r,
    /** rixm,
    /dev/** rw,
    /run/allowed w,
    deny /etc/hostname r,
    signal,
    network,
    unix,
}
"""
SHOW = "cat /proc/self/attr/current; cat /etc/hostname; echo x >/run/allowed; echo x >/run/other"


def service(label):
    return (f"[Service]\nType=oneshot\n{label}\nExecStart=/bin/sh -c '{SHOW}; :'\n"
            "[Container]\nProfile=trusted\n")


LOOP = """[Unit]
StartLimitBurst=3
StartLimitIntervalSec=1000
StartLimitAction=reboot-force
[Service]
Restart=always
RestartSec=0
ExecStart=/bin/false
"""
UNITS = {
    "loop.service": LOOP,
    "small.service": service("AppArmorProfile=small"),
    "plain.service": service(""),
    "absent.service": service("AppArmorProfile=absent"),
    "maybe.service": service("AppArmorProfile=-absent"),
    "selinux.service": service("SELinuxContext=system_u:system_r:init_t:s0"),
    "smack.service": service("SmackProcessLabel=floor"),
}


def check_refused(m):
    for name, text in (("absent", "AppArmorProfile=absent"),
                       ("selinux", "SELinuxContext=system_u:system_r:init_t:s0"),
                       ("smack", "SmackProcessLabel=floor")):
        status, out = m.try_sh(f"supctl start {name}.service")
        vm.check(f"{name} does not start", status != 0)
        out += m.wait_sh(f"supctl logs {name}.service | grep 'needs' && "
                         f"supctl logs {name}.service")
        setting, value = text.split("=")
        vm.check("setting, value and place are named", setting in out and value in out and
                 f"({name}.service:3)" in out, out)
        vm.check("nothing ran", m.try_sh(f"supctl logs {name}.service | grep -q unconfined")[0])


def test_apparmor():
    files = {"/etc/apparmor.d/small": PROFILE}
    with vm.Machine(UNITS, files, append=vm.QUIET + " apparmor=1 security=apparmor") as m:
        m.wait_sh("supctl is-active multi-user.target")
        vm.check("the kernel has it", m.sh("cat /sys/module/apparmor/parameters/enabled") == "Y\n")
        m.sh("apparmor_parser -r /etc/apparmor.d/small")
        m.sh("supctl start plain.service; rm /run/allowed /run/other")
        m.wait_sh("supctl logs -o cat plain.service | grep -x unconfined")
        m.sh("supctl start small.service")
        log = m.wait_sh("supctl logs -o cat small.service | grep 'small (enforce)' && "
                        "supctl logs -o cat small.service")
        for path in ("/etc/hostname", "/run/other"):
            vm.check(f"{path} is denied", any(path in line and "ermission denied" in line
                                              for line in log.splitlines()), log)
        m.sh("test -e /run/allowed; test ! -e /run/other")
        m.sh("supctl start maybe.service")
        m.wait_sh("supctl logs -o cat maybe.service | grep -x unconfined")
        check_refused(m)
        m.send("supctl start loop.service")
        m.wait_end("guest-reset")


vm.main(globals())
