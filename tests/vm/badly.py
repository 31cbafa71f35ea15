# SPDX-License-Identifier: MIT
"""Everything at once that a unit can do to a machine: the disk and /run are full, the console and the
log are flooded, processes fork for ever. For a machine that a test has anyway."""
import vm

TRUSTED = "[Container]\nProfile=trusted\n"
FLOODS = "console.service talker.service forks.service"
UNITS = {
    "works.service": "[Service]\nExecStart=/bin/sh -c 'echo works; exec sleep infinity'\n",
    # the large of it without writing it
    "filler.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'cd /var; i=0; for size in "
    "64M 4M 256K 4K; do while fallocate -l $$size fill.$$i; do i=$$((i+1)); done; done 2>/dev/null; "
    "echo x >one-more'\n" + TRUSTED,
    "console.service": "[Service]\nExecStart=/bin/sh -c 'exec yes flooded >/dev/console'\n"
    + TRUSTED,
    "needs-run.service": "[Unit]\nStartLimitIntervalSec=0\n"
    "[Service]\nType=oneshot\nRuntimeDirectory=needed\nExecStart=/bin/true\n",
    "talker.service": "[Service]\nExecStart=/usr/bin/yes flooded\n",
    # a fork with signals blocked, as perl's, cannot be ended by SIGTERM
    "forks.service": "[Service]\nExecStart=/usr/bin/perl -e 'while (1) { fork }'\n"
    "TasksMax=30\nTimeoutStopSec=1\n" + TRUSTED,
}
BOUND = "grep -v 'max 0' /sys/fs/cgroup/system.slice/forks.service/pids.events"
NO_ROOM = "is lost: No space left on device"
WITHIN = 600  # what is asked of a machine under all of it


def fill(m):
    """What runs goes on; who needs room is told, and where the log has none the console is."""
    m.sh("supctl start works.service")
    vm.check("who fills the disk fails", m.try_sh("supctl start filler.service")[0] != 0)
    m.sh("! echo x >/var/x")
    m.sh("supctl restart works.service; supctl start talker.service")
    m.wait_console(NO_ROOM)


# /run as it is, and four files more.
NO_MORE = """set -- $(df --output=itotal,iused /run | tail -n 1); echo $1 >/var/inodes
mount -o remount,nr_inodes=$(($2 + 4)) /run"""
# Whoever removes a file of its own meanwhile makes room: filled again with each try.
TRY = """i=0; while touch /run/full.$i 2>/dev/null; do i=$((i + 1)); done
{ supctl start needs-run.service && exit 1; supctl logs -n 5 needs-run.service; } >/var/said 2>&1
cat /var/said; grep -q needed /var/said && grep -q 'No space left' /var/said"""


def fill_run(m):
    """Who needs a file there is told which and why; the rest goes on, under a new supd too."""
    m.sh("supctl start works.service")
    m.sh(NO_MORE)
    m.wait_sh(TRY)
    m.sh("supctl status works.service")
    m.sh("old=$(pidof supd); kill -9 $old; until new=$(pidof supd) && test $new != $old; do "
         "sleep 0.1; done; supctl is-active works.service")
    m.sh("rm /run/full.* /var/said; mount -o remount,nr_inodes=$(cat /var/inodes) /run")
    m.sh("supctl start needs-run.service && supctl restart works.service")


def flood(m):
    """Who writes and forks for ever is answered past; a new supd finds its way in it."""
    m.sh(f"supctl start {FLOODS}", WITHIN)
    m.wait_console("flooded")
    m.wait_sh(BOUND, WITHIN)
    m.sh("supctl restart works.service && supctl status works.service", WITHIN)
    m.sh("old=$(pidof supd); kill -9 $old; until new=$(pidof supd) && test $new != $old; do "
         "sleep 0.1; done; supctl restart works.service", WITHIN)
    # asked once: each question takes its time there
    states = m.sh(f"supctl show -p ActiveState --value works.service {FLOODS}", WITHIN).split()
    vm.check("all go on", states == ["active"] * 4, states)


def check(m):
    fill_run(m)
    fill(m)
    flood(m)
    m.sh(f"supctl stop {FLOODS}", WITHIN)
    vm.check("none is left", m.try_sh("pidof yes perl")[0] != 0)
    m.sh("rm /var/fill.* /var/one-more")
    # The log tries a disk again that was full.
    m.wait_sh("supctl restart works.service; supctl logs -n 5 works.service | grep -w works")
