#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""supd-init as PID 1 of a container in which services make orphans, at 10,000 a second and as fast as
they can: all are reaped, it answers meanwhile, and nobody notices. Prints the rates and the backlog.

storm.py BUILD_ROOT STORM [ORPHANS].  Exit 0, 1 a failure, 77 no crun or no right to make namespaces here."""
import os
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import container  # noqa: E402
import roof  # noqa: E402
from roof import SKIPPED, check  # noqa: E402

RATES = (10000, 0)


def unit(rate, count):
    return (f"[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\n"
            f"ExecStart=/bin/sh -c 'exec /storm {count} {rate} >/tmp/storm.{rate}'\n"
            "[Container]\nProfile=trusted\n")


def cpu_us(c):
    """What supd-init has used of the processor."""
    fields = c.exec("cat", "/proc/1/stat")[1].rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000000 // os.sysconf("SC_CLK_TCK")


def storms(storm, count):
    def test_storms(top, installed):
        units = {f"storm{rate}.service": unit(rate, count) for rate in RATES}
        with container.Container(top, installed, units=units, files={"storm": storm}) as c:
            supd = c.supd()
            pid = c.try_ctl("show", "-p", "MainPID", "--value", "trusted.service")
            for rate in RATES:
                name = f"storm{rate}.service"
                c.try_ctl("start", "--no-block", name)
                asked, used = 0, cpu_us(c)

                def done():
                    nonlocal asked
                    asked += c.try_ctl("is-active", "trusted.service")[0] == 0
                    return c.try_ctl("is-active", name)[0] == 0
                c.until("the storm is over and nothing is left", done)
                print("   " + c.exec("cat", f"/tmp/storm.{rate}")[1].strip() +
                      f"; {(cpu_us(c) - used) / count:.0f} us of supd-init for each; answered {asked} times")
                check("it answered", asked > 0)
            check("supd noticed nothing", c.supd() == supd)
            check("nor did a service", pid == c.try_ctl("show", "-p", "MainPID", "--value", "trusted.service"))
            c.ends("RTMIN+3", 0)
    return test_storms


def main():
    if os.geteuid() != 0 or not shutil.which("crun"):
        print("skipped: root and crun are needed: contrib/install-deps.sh check")
        return SKIPPED
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20000
    return roof.run(sys.argv[1], (storms(sys.argv[2], count),))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
