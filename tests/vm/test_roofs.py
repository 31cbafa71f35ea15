#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Under systemd as PID 1: contrib/systemd/supd.service, delegated controllers, restarts, watchdog."""
import vm

SERVICE = "[Service]\nExecStart=/bin/sh -c 'echo line-of-%s; exec sleep infinity'\n%s"
AGENT = """[Unit]
DefaultDependencies=no
[Service]
ExecStart=/usr/lib/vm-agent /dev/ttyS1
Restart=always
"""


def test_systemd():
    files = {
        "/etc/supd/supd.conf": "[supd]\nUseJournald=no\n",
        "/etc/supd/vm-agent.service": None,  # it is systemd's
        "/etc/systemd/system/supd.service.d/quick.conf":
            "[Service]\nWatchdogSec=30s\nTimeoutAbortSec=2s\n",
        "/etc/systemd/system/vm-agent.service": AGENT,
    }
    units = {
        "limited.service": SERVICE % ("limited", "MemoryMax=64M\nTasksMax=20\n"),
        "compat.service": SERVICE % ("compat", "[Container]\nProfile=compat\n"),
    }
    links = {"/etc/systemd/system/multi-user.target.wants/vm-agent.service": "../vm-agent.service",
             "/etc/supd/default.target.wants/limited.service": "../limited.service"}
    with vm.Machine(units, files, links=links, mem=768,
                    append="init=/lib/systemd/systemd systemd.unit=multi-user.target") as m:
        vm.check("PID 1", m.sh("cat /proc/1/comm") == "systemd\n")
        m.sh("systemctl start supd.service || { journalctl -u supd -n 30; exit 1; }")
        m.wait_sh("systemctl is-active supd.service")
        m.wait_sh("supctl is-active limited.service")
        m.sh("supctl start compat.service")
        vm.check("systemd's main process is supd-init",
                 m.sh("cat /proc/$(systemctl show -P MainPID supd)/comm") == "supd-init\n")
        group = m.sh("supctl show -p ControlGroup --value limited.service").strip()
        vm.check("below the delegated cgroup", "/system.slice/supd-units.service/units.slice/" in group, group)
        vm.check("its limit", m.sh(f"cat /sys/fs/cgroup{group}/memory.max") == f"{64 << 20}\n")
        pids = m.sh("supctl show -p MainPID --value limited.service compat.service")
        m.sh("kill -9 $(systemctl show -P MainPID supd)")
        m.wait_sh("test $(systemctl show -P NRestarts supd) = 1 && systemctl is-active supd"
                  " && supctl is-active limited.service compat.service"
                  " || { systemctl status supd; journalctl -u supd -n 20 -o cat; exit 1; }")
        vm.check("adopted, none started again",
                 m.sh("supctl show -p MainPID --value limited.service compat.service") == pids)
        m.sh("systemctl reload supd")
        m.wait_sh("supctl logs limited.service | grep -q line-of-limited")
        # A supd-init that hangs is ended by systemd's watchdog.
        m.sh("kill -STOP $(systemctl show -P MainPID supd)")
        m.wait_sh("test $(systemctl show -P NRestarts supd) = 2 && systemctl is-active supd"
                  " && supctl is-active limited.service"
                  " || { systemctl status supd; journalctl -u supd -n 20 -o cat; exit 1; }")
        vm.check("the services still run",
                 m.sh("supctl show -p MainPID --value limited.service compat.service") == pids)
        m.sh("systemctl stop supd")
        vm.check("all are stopped", m.try_sh("for p in %s; do kill -0 $p && exit 0; done; exit 1"
                                             % pids.replace("\n", " "))[0] == 1)
        vm.check("stopped well", m.sh("systemctl show -P Result supd") == "success\n")


vm.main(globals())
