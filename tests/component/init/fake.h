// SPDX-License-Identifier: MIT
/* The entries of fake_load's catalogue; fake_launch does what the entry's number says. */
#pragma once

/* Files beside fake_load: what it does while they are there. */
#define FAKE_LOAD_FAILS     "load-fails"
#define FAKE_LOAD_STALLS    "load-stalls"
#define FAKE_SETTINGS_STALL "settings-stall"

enum fake_entry {
	FAKE_SLEEP,   /* main: runs until killed */
	FAKE_EXIT3,   /* main: exits 3 */
	FAKE_CRASH,   /* main: the launcher dies after it has left a process in the cgroup */
	FAKE_FAIL,    /* control: a failed step */
	FAKE_WORK,    /* worker: result 7 */
	FAKE_CLEAN,   /* worker: CLEAN */
	FAKE_SLEEP_B, /* main of another unit */
	FAKE_WAIT,    /* control: the launcher joins the cgroup and waits there */
	FAKE_FORGE,   /* main: keeps the job socket and floods it with forged reports */
	FAKE_LATE,    /* main: exits 3 while its launcher stays */
	FAKE_BORN,    /* main: may be born in its cgroup; if so it is killed at once. Then sleeps */
	FAKE_DISCARD, /* worker: DISCARD */
	FAKE_PAYLOAD, /* main with a PID namespace: names supd-init as its payload */
	FAKE_ENTRY_COUNT,
};
