// SPDX-License-Identifier: MIT
/*
 * The NOTE of a slot: everything that must survive a supd, in at most LIMIT_NOTE bytes. It travels
 * in the same record as the RUN or FORGET that makes it true. Little endian, fixed layout, one
 * version; decode checks every field's range and refuses the whole note otherwise.
 *
 * The first bytes {version, desired, active, result, restarts} are what safe mode uses: they are
 * checked alone by note_decode_safe().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/timeutil.h"

#define NOTE_VERSION 3u
#define NOTE_STATUS  96u /* status text kept, with its NUL; longer ones are cut */

/* Is the unit wanted up? Set by jobs, cleared by stop jobs and final failures. */
enum note_desired {
	NOTE_DOWN,
	NOTE_UP,
	NOTE_DESIRED_COUNT,
};

/*
 * A timer has these of its own in the fields of a service: state: enum timer_state; main_start_us
 * and main_exit_us: when it elapsed last, monotonic and by the wall clock; reload_us: when its
 * times were computed; limit_begin_us: the random delay that was drawn.
 */
enum note_flags {
	NOTE_FORBID_RESTART = 1 << 0,    /* a stop was asked for */
	NOTE_MAIN_KNOWN = 1 << 1,        /* main_pid is known, or was */
	NOTE_MAIN_EXITED = 1 << 2,       /* main_code and main_status are the last main's */
	NOTE_RELEASING = 1 << 3,         /* RELEASE was asked for */
	NOTE_STALE_RETRIED = 1 << 4,     /* the reload for STALE was made */
	NOTE_READY_SEEN = 1 << 5,        /* READY=1 came */
	NOTE_RELOAD_SEEN = 1 << 6,       /* RELOADING=1 came in reload-signal */
	NOTE_ADOPTED_MAIN = 1 << 7,      /* the main was set by MAINPID= or PIDFile= */
	NOTE_RESTARTED = 1 << 8,         /* this start is an automatic restart */
	NOTE_CHECKED = 1 << 9,           /* job: conditions were checked and are good */
	NOTE_STOP_MODE_JOB = 1 << 10,    /* job: second half of a restart is still to come */
	NOTE_JOB_IRREVERSIBLE = 1 << 11, /* job */
	NOTE_JOB_IGNORE_ORDER = 1 << 12, /* job */
	NOTE_STOPPING_SEEN = 1 << 13,    /* STOPPING=1 came before it could be acted on */
	NOTE_PLACE_DONE = 1 << 14,       /* control command of this index is done */
	NOTE_RESTART_PENDING = 1 << 15,  /* a dependency's restart is to start the unit again */
	NOTE_RELOAD_FAILED = 1 << 16,    /* the running reload has failed */
	NOTE_JOB_RUNNING = 1 << 17,      /* job: dispatched; the unit's state ends it */
	NOTE_TRIGGERING = 1 << 18,       /* sockets, paths: the unit's start was asked for */
	NOTE_FLAGS_ALL = (1 << 19) - 1,
};

struct note {
	uint32_t desired;  /* enum note_desired */
	uint32_t active;   /* enum unit_active_state */
	uint32_t result;   /* enum service_result */
	uint32_t restarts; /* automatic restarts in a row */
	/* --- not used in safe mode --- */
	uint32_t state;        /* enum service_state; of a socket or path its own */
	uint32_t flags;        /* enum note_flags */
	uint32_t command;      /* index of the running command within its phase */
	uint32_t main_command; /* oneshot: index of the ExecStart= that runs */
	uint32_t job;          /* enum job_type, JOB_NONE: none */
	uint32_t job_id;
	uint32_t main_code; /* CLD_*, 0: none */
	uint32_t main_status;
	int32_t main_pid;       /* 0: unknown */
	uint32_t reload_result; /* enum service_result */
	uint32_t limit_count;   /* automatic restarts in the start limit's window */
	int32_t status_errno;
	uint32_t notify_access; /* enum notify_access; NOTIFY_ACCESS_COUNT: as the unit says */
	uint32_t limits;        /* manifest_unit.limits_hash of what its cgroup has */
	usec_t limit_begin_us;
	usec_t deadline_us; /* of the state; USEC_INFINITY: none */
	usec_t watchdog_us; /* WATCHDOG_USEC= override, 0: none; USEC_INFINITY: as the unit says */
	usec_t state_change_us;
	usec_t inactive_exit_us;
	usec_t active_enter_us;
	usec_t active_exit_us;
	usec_t inactive_enter_us;
	usec_t main_start_us;
	usec_t main_exit_us;
	usec_t reload_us;      /* when the reload signal was sent */
	uint32_t trigger;      /* hash of the timer's or path's name that has started it; 0: none */
	uint32_t trigger_line; /* of a path: index of the good line + 1 */
	usec_t trigger_real_us; /* of a timer: when it elapsed */
	usec_t trigger_us;
	char status[NOTE_STATUS];
};

/* Writes the note; returns its size, at most LIMIT_NOTE. */
size_t note_encode(const struct note *note, uint8_t buf[LIMIT_NOTE]);
/* 0, or -EBADMSG: not exactly a note of this version with every field in range. */
int note_decode(const void *data, size_t size, struct note *ret);
/* As note_decode, but only of the four safe fields; all others get the values of a dead unit. */
int note_decode_safe(const void *data, size_t size, struct note *ret);
/* An unset note: down, inactive, success, no deadline. */
void note_init(struct note *note);
