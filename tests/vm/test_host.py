#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the host says to the machine and hears from it; watchdogs."""
import base64
import os

import badly
import vm

# Of one machine: what reaches a unit of the credentials, and what does not.
IMPORTS = """[Service]
Type=oneshot
RemainAfterExit=yes
DynamicUser=yes
ImportCredential=pla*
ImportCredential=config
ExecStart=/bin/sh -c 'cd $CREDENTIALS_DIRECTORY; for i in *; do echo "$$i: $(cat $$i)"; done'
"""
# What a host may give a machine: a unit and a drop-in for it, mounts, a name and an id.
EXTRA = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo is-$WHO'
[Container]
Profile=trusted
"""
MACHINE_ID = "0123456789abcdef0123456789abcdef"


def credential(name, value):
    """By SMBIOS; base64 where lines are to survive qemu's options."""
    coded = base64.b64encode(value.encode()).decode()
    return ["-smbios", f"type=11,value=io.systemd.credential.binary:{name}={coded}"]


GIVEN = (credential("systemd.extra-unit.extra.service", EXTRA) +
         credential("systemd.unit-dropin.extra.service", "[Service]\nEnvironment=WHO=first\n") +
         credential("systemd.unit-dropin.extra.service~60-last",
                    "[Service]\nEnvironment=WHO=last\n") +
         credential("fstab.extra", "# a comment\ntmpfs /srv tmpfs size=1M 0 0\n") +
         credential("system.hostname", "told\n") +
         credential("system.machine_id", MACHINE_ID) +
         credential("vmm.nothing", ""))
SECRET = base64.b64encode(b"two\nlines").decode()


def test_host_learns():
    """Readiness, state, targets and the end over the virtio port; credentials by both ways, for the
    machine and for a unit that asks for them. Its root is named by its UUID. It is
    flooded, answers all the same and says so; then it ends as ever."""
    fw_cfg = f"/run/supd-vm-{os.getpid()}-fwcfg"
    with open(fw_cfg, "w", encoding="ascii") as f:
        f.write("from fw_cfg")
    qemu = ["-smbios", "type=11,value=io.systemd.credential:plain=a word",
            "-smbios", f"type=11,value=io.systemd.credential.binary:binary={SECRET}",
            "-fw_cfg", f"name=opt/io.systemd.credentials/config,file={fw_cfg}"] + GIVEN
    try:
        files = {"/etc/machine-id": "", "/etc/hostname": None}
        with vm.Machine(dict(badly.UNITS, **{"imports.service": IMPORTS}), files, qemu=qemu,
                        append=f"{vm.QUIET} root=UUID={vm.root_uuid()}") as m:
            m.wait_note("READY=1")
            m.wait_note("STATUS=")
            m.wait_note("X_SYSTEMD_UNIT_ACTIVE=multi-user.target")
            base = "/run/credentials/@system/"
            vm.check("SMBIOS", m.sh(f"cat {base}plain") == "a word")
            vm.check("SMBIOS, binary", m.sh(f"cat {base}binary") == "two\nlines")
            vm.check("fw_cfg", m.sh(f"cat {base}config") == "from fw_cfg")
            vm.check("for root only", m.sh(f"stat -c %a%u {base} {base}plain").split() ==
                     ["5000", "4000"])
            m.sh("supctl start extra.service")
            m.wait_sh("supctl logs -o cat extra.service | grep -x is-last")
            vm.check("fstab.extra", "size=1024k" in m.sh("findmnt -n -o OPTIONS /srv"))
            vm.check("an empty one", m.sh(f"stat -c %s {base}vmm.nothing") == "0\n")
            vm.check("host name", m.sh("hostname; cat /etc/machine-id").split() ==
                     ["told", MACHINE_ID])
            m.sh("supctl start imports.service")
            had = m.wait_sh("supctl logs -o cat imports.service | grep -B9 '^plain: '")
            vm.check("what the unit has", "config: from fw_cfg\n" in had and
                     "plain: a word\n" in had and "binary" not in had, had)
            badly.check(m)
            m.send("supctl poweroff")
            m.wait_end("guest-shutdown")
            vm.check("the end is told", b"X_SYSTEMD_SHUTDOWN=poweroff" in m.notes and
                     b"EXIT_STATUS=0" in m.notes, m.notes)
    finally:
        os.unlink(fw_cfg)


WATCHED = {"/etc/supd/supd.conf": "[supd]\nRuntimeWatchdogSec=20\n"}
FED = "test -n \"$(ls -l /proc/1/fd | grep watchdog0)\""


def test_watchdog():
    """A supd that hangs is replaced though it is idle; a supd-init that hangs resets. (Fed:
    test_rescue.py.)"""
    units = {"steady.service": "[Service]\nExecStart=/bin/sleep infinity\nRestart=always\n"
             "[Container]\nProfile=trusted\n"}
    links = {"/etc/supd/multi-user.target.wants/steady.service": "../steady.service"}
    with vm.Machine(units, WATCHED, append=vm.QUIET, links=links) as m:
        m.wait_sh(FED)
        m.wait_sh("supctl is-active steady.service multi-user.target")
        # Nobody wants anything of it: supd-init itself finds that it hangs.
        pid = m.sh("supctl show -p MainPID --value steady.service")
        m.sh("pidof supd >/run/old; kill -STOP $(cat /run/old)")
        m.wait_sh("test -n \"$(pidof supd)\" && ! grep -qw \"$(pidof supd)\" /run/old")
        m.wait_console("supd does not answer")
        m.wait_sh("supctl is-active steady.service")
        vm.check("the service stayed", m.sh("supctl show -p MainPID --value steady.service") == pid)
        m.wait_sh("supctl is-active multi-user.target")
        m.send("echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze")
        took = m.wait_end("guest-reset")
        print(f"     reset {took:.0f} s after supd-init was frozen")


vm.main(globals())
