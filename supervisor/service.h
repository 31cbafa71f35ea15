// SPDX-License-Identifier: MIT
/*
 * The life of one service as a pure machine: service_step(service, event, now, effects).
 *
 * Who decides: jobs (job.h) say start, stop, reload; the machine says what that means for this
 * service and reports each change of state as an effect; the engine draws the conclusions for
 * other units. The machine never reads a clock, never logs and never allocates: everything that is
 * to be done comes out as values. A pair of state and event without a row in the table is ignored.
 *
 * Forward: dead -> condition -> start-pre -> start -> start-post -> running | exited
 * Reload:  running -> reload-signal | reload -> reload-notify -> running
 * Stop:    -> stop -> stop-sigterm -> stop-sigkill -> stop-post -> final-sigterm -> final-sigkill
 *          -> cleaning -> dead | failed, or -> *-before-auto-restart -> auto-restart -> (start)
 *
 * Exit records: whatever an EXITED or FAILED event means to the state, its FORGET is the first
 * effect, so that the note that goes with it is the state after the event. What the new state wants
 * to run comes after it; an adopting supd finds the place free and runs it (EV_ADOPT).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/timeutil.h"
#include "../runtime/plan/manifest.h"
#include "../runtime/plan/wire.h"
#include "note.h"
#include "notifymsg.h"

/* ActiveState. */
enum unit_active_state {
	ACTIVE_INACTIVE,
	ACTIVE_ACTIVATING,
	ACTIVE_ACTIVE,
	ACTIVE_RELOADING,
	ACTIVE_DEACTIVATING,
	ACTIVE_FAILED,
	ACTIVE_MAINTENANCE,
	ACTIVE_STATE_COUNT,
};
ENUM_DECLARE(active_state, enum unit_active_state);

/* SubState of a service. */
enum service_state {
	SERVICE_DEAD,
	SERVICE_CONDITION,
	SERVICE_START_PRE,
	SERVICE_START,
	SERVICE_START_POST,
	SERVICE_RUNNING,
	SERVICE_EXITED,
	SERVICE_RELOAD,
	SERVICE_RELOAD_SIGNAL,
	SERVICE_RELOAD_NOTIFY,
	SERVICE_STOP,
	SERVICE_STOP_WATCHDOG,
	SERVICE_STOP_SIGTERM,
	SERVICE_STOP_SIGKILL,
	SERVICE_STOP_POST,
	SERVICE_FINAL_WATCHDOG,
	SERVICE_FINAL_SIGTERM,
	SERVICE_FINAL_SIGKILL,
	SERVICE_FAILED,
	SERVICE_DEAD_BEFORE_AUTO_RESTART,
	SERVICE_FAILED_BEFORE_AUTO_RESTART,
	SERVICE_AUTO_RESTART,
	SERVICE_CLEANING,
	SERVICE_STATE_COUNT,
};
/* "dead", "start-pre" … */
ENUM_DECLARE(service_state, enum service_state);

enum service_event_type {
	EV_START, /* a start job runs; conditions are good. event.automatic: auto-restart */
	EV_STOP,  /* a stop job runs, or a dependency demands it */
	EV_RELOAD,
	EV_MAIN_STARTED,   /* proc: the process exists */
	EV_MAIN_EXECED,    /* proc: execve is done */
	EV_MAIN_EXITED,    /* proc */
	EV_MAIN_FAILED,    /* proc: a launch step failed */
	EV_CONTROL_EXITED, /* proc */
	EV_CONTROL_FAILED, /* proc */
	EV_WORK_EXITED,    /* proc: READPID has its result in value */
	EV_WORK_FAILED,    /* proc */
	EV_EMPTY,          /* no process is left in the cgroup */
	EV_REFUSED,        /* refused: a RUN or RELEASE cannot be done */
	EV_RELEASED,       /* the slot was cleaned and released */
	EV_RELOADED,       /* a catalogue was loaded after EFFECT_RELOAD_CATALOGUE */
	EV_NOTIFY,         /* notify, from_main, from_control: one datagram */
	EV_TIMEOUT,        /* deadline_us has come */
	EV_WATCHDOG,       /* watchdog_deadline_us has come */
	EV_OOM,            /* the kernel killed a process of the cgroup */
	EV_IDLE,           /* Type=idle: no job is left in the queue */
	EV_BUS_NAME,       /* Type=dbus: the name is owned (number 1) or lost (0) */
	EV_RESET_FAILED,
	/* sockets and paths only */
	EV_READABLE,       /* a held descriptor, since the last EFFECT_WATCH */
	EV_ACCEPTED,       /* a connection's instance has taken it, or has ended before */
	EV_TRIGGER_UP,     /* the unit that it triggers has come up */
	EV_TRIGGER_DOWN,   /* … has gone down and has no job; of a connection: has ended */
	EV_TRIGGER_FAILED, /* … cannot be started; number: enum service_result */
	/* mounts and swaps only */
	EV_APPEARED, /* the kernel has it mounted now */
	EV_VANISHED, /* … and now it has not */
	EV_ADOPT,    /* note, procs: state from before supd's crash */
	SERVICE_EVENT_COUNT,
};
ENUM_DECLARE(service_event, enum service_event_type);

/* What is in one place of the slot, as far as this machine knows. */
enum service_place_phase {
	PLACE_FREE,
	PLACE_PENDING, /* RUN was asked for, nothing heard yet */
	PLACE_LIVE,    /* launching, started or running */
};

struct service_place {
	uint32_t phase; /* enum service_place_phase */
	int32_t pid;    /* 0: not yet known */
	uint32_t entry;
	uint64_t run_id;    /* 0: not yet known */
	uint64_t forgotten; /* highest run_id that was forgotten: older records are echoes */
	uint64_t cookie;    /* of the RUN; set by the engine */
	bool execed;
};

/* Facts of an adoption. */
struct service_adoption {
	const struct note *note;
	const struct wire_proc *procs[ENTRY_KIND_COUNT]; /* NULL or phase FREE: place is free */
	bool populated;
	bool bare;      /* RELEASE is through: only name and note are left */
	bool releasing; /* RELEASE is at work */
	bool safe_mode;
};

struct service_event {
	enum service_event_type type;
	const struct wire_proc *proc;
	const struct wire_refused *refused;
	const struct notify_msg *notify;
	const struct service_adoption *adoption;
	bool from_main;    /* NOTIFY: the sender is the main process */
	bool from_control; /* NOTIFY: the sender is the control process */
	bool from_root;    /* NOTIFY: the sender has uid 0 in the initial namespace */
	bool automatic;    /* START: by auto-restart */
	int number;
};

enum effect_type {
	/* ---- requests to supd-init; note is attached by the engine to RUN, FORGET, NOTE ---- */
	EFFECT_RUN,      /* kind, catalogue, entry, cookie, params */
	EFFECT_SIGNAL,   /* target (enum wire_target), number: signal */
	EFFECT_KILL_ALL, /* cgroup.kill */
	EFFECT_FREEZE,
	EFFECT_THAW,
	EFFECT_FORGET,  /* kind, run_id */
	EFFECT_RELEASE, /* catalogue, entry, params.flags */
	EFFECT_MAIN, /* cookie, number: pid; 0: guess it from the cgroup, then call engine_guessed()
		      */
	EFFECT_WATCH, /* cookie: tell when a held descriptor is readable */
	EFFECT_NOTE,  /* the note alone */
	EFFECT_LOAD,  /* load a new catalogue (a plan was stale) */
	EFFECT_DROP,  /* catalogue: not used any more; its manifest may be unmapped */
	/* ---- news, for the control API and the journal ---- */
	EFFECT_STATE,        /* old_state, state: a service's sub-state; first thing after FORGET */
	EFFECT_UNIT_CHANGED, /* properties of the unit have changed */
	EFFECT_JOB_NEW,      /* job */
	EFFECT_JOB_REMOVED,  /* job, job_result */
	EFFECT_LOG,          /* log, number, text: a decision to be told */
	EFFECT_ALL_STOPPED,  /* engine_shutdown() is through */
	EFFECT_BOOTED,       /* the job queue has drained for the first time */
	EFFECT_EMERGENCY,    /* number: enum unit_emergency_action of the definition; state: exit
				status for it + 1, 0: as it stands */
	EFFECT_STAMP,        /* cookie: CLOCK_REALTIME at which a Persistent= timer has elapsed */
	/* ---- between the machine and the engine; never seen by the shell ---- */
	EFFECT_AUTO_RESTART, /* the restart delay is over: enqueue a start */
	EFFECT_RELOAD_DONE,  /* number: 0, or the reload has failed */
	EFFECT_TRIGGER,      /* start the unit that is triggered */
	EFFECT_TYPE_COUNT,
};

/* What EFFECT_LOG tells; the shell makes the text and the MESSAGE_ID. */
enum effect_log {
	LOG_STARTING,
	LOG_STARTED,
	LOG_FINISHED, /* a oneshot has done its work */
	LOG_STOPPING, /* by a job */
	LOG_STOPPED,
	LOG_RELOADING,
	LOG_RELOADED,
	LOG_START_FAILED,
	LOG_FAILED,            /* number: enum service_result */
	LOG_LAUNCH_FAILED,     /* fail: step, error, text, origin */
	LOG_SUCCEEDED,         /* down with result success, asked or not */
	LOG_MAIN_EXITED,       /* number: CLD_* << 8 | status; not clean */
	LOG_MAIN_ENDED,        /* the same, clean */
	LOG_CONTROL_EXITED,    /* the same, not clean */
	LOG_RESTART_SCHEDULED, /* number: restart counter */
	LOG_START_LIMIT,
	LOG_TIMEOUT, /* state: where */
	LOG_WATCHDOG,
	LOG_OOM,
	LOG_CONDITION_FAILED,  /* number: index of the condition */
	LOG_ASSERT_FAILED,     /* number: index of the condition */
	LOG_DEPENDENCY_FAILED, /* text: which, or why; may be NULL */
	LOG_JOB_TIMEOUT,       /* JobTimeoutSec=, JobRunningTimeoutSec= */
	LOG_ORDER_CYCLE,       /* text: the path */
	LOG_NOTIFY_REFUSED,    /* a message by one who may not, or with bad values */
	LOG_LEFTOVERS,         /* processes stay behind */
	LOG_REFUSED,           /* number: errno of a refused request */
	LOG_NOTE_LOST,         /* a note could not be read; unit was adopted from its processes */
	LOG_UPHOLD_LIMIT,      /* Upholds= tried too often */
	LOG_TRIGGER_LIMIT,     /* a socket or path has triggered too often */
	LOG_CONNECTION_GONE,   /* number: errno */
	LOG_TRIGGER_ACTIVE,    /* a socket is not started: its service is active */
	LOG_STAMP_FUTURE,      /* Persistent=: the stamp is later than the clock */
	LOG_LIMITS_FAILED,     /* number: errno, text: what; the running unit has its old limits */
	LOG_DISCARDED,         /* what a clean was asked for is gone */
	LOG_DISCARD_FAILED,    /* number: errno, text: what */
	LOG_TRIGGER_MISSING,   /* text: the unit that it is to start is not loaded */
	LOG_COLLECTED,         /* failed and transient, and too many others have failed since */
	EFFECT_LOG_COUNT,
};

/* One value. Which fields are meant is said at enum effect_type; all others are 0. */
struct effect {
	enum effect_type type;
	uint32_t unit; /* engine's unit index; set by the engine */
	uint32_t slot; /* WIRE_SLOT_NONE: none yet. Set by the engine */
	uint32_t kind; /* enum entry_kind */
	uint32_t target;
	uint32_t catalogue;
	uint32_t entry; /* NOTE: the unit's index in its catalogue */
	int32_t number;
	uint64_t run_id;
	uint64_t cookie;
	uint32_t old_state;
	uint32_t state;
	uint32_t log; /* enum effect_log */
	uint32_t job;
	uint32_t job_result;
	uint32_t instance; /* RUN, NOTE: of a connection's instance, else 0 */
	struct wire_params params;
	struct wire_cause cause; /* RUN of a service's command */
	uint32_t note_size;      /* 0: no note goes along */
	uint8_t note[LIMIT_NOTE];
	char *text; /* owned by the effect; NULL: none */
};

/* Effects of one step; a step never makes more. */
#define EFFECTS_MAX 24u
struct effects {
	uint32_t n;
	struct effect items[EFFECTS_MAX];
};

/* The definition a service lives by; borrowed from a manifest. */
struct service_def {
	uint32_t catalogue;
	uint32_t index; /* of the unit in its catalogue */
	const struct manifest_unit *unit;
	const struct manifest_service *service;
};

/* Why the last launch or control step failed; kept for `status` until the next start. */
struct service_failure {
	uint32_t step; /* enum launch_step */
	int32_t error; /* positive errno; 0: there is none */
	char text[LIMIT_FAIL_TEXT];
	char origin[LIMIT_FAIL_ORIGIN];
};

struct service {
	struct service_def def;
	enum service_state state;
	enum service_result result;
	enum service_result reload_result;
	struct service_place places[ENTRY_KIND_COUNT];
	bool populated;       /* the cgroup has processes, or a RUN was asked for since EMPTY */
	bool main_known;      /* the main process is or was known in this activation */
	uint64_t main_cookie; /* of the last EFFECT_MAIN; set by the engine */
	bool main_alien;      /* it was named by MAINPID= or PIDFile=, not started as main */
	bool forbid_restart;
	bool automatic; /* the present activation is an automatic restart */
	bool exec_condition_failed;
	bool stale_retried;
	bool stale_waiting; /* for EV_RELOADED */
	bool ready_seen;
	bool reload_seen;
	bool stopping_seen;
	bool bus_owned;
	bool releasing;
	bool has_slot;       /* something was run since the slot was released */
	bool new_invocation; /* the next RUN begins an activation */
	bool idle_waiting;   /* Type=idle: ExecStart= waits for EV_IDLE or its deadline */
	bool reading_pid;    /* forking: READPID works */
	bool mounted;        /* a mount or swap: the kernel says it is there; set by the engine */
	bool aborting;       /* reload: the control process was killed for its timeout */
	bool limit_hit;      /* the start limit ended the restarts */
	bool reload_failed;
	uint32_t phase;          /* enum exec_phase of the running control command */
	uint32_t command;        /* its index within the phase */
	uint32_t main_command;   /* index of the running ExecStart= */
	usec_t deadline_us;      /* when EV_TIMEOUT is due; USEC_INFINITY: never */
	usec_t deadline_base_us; /* the deadline without EXTEND_TIMEOUT_USEC= */
	usec_t watchdog_deadline_us;
	usec_t watchdog_override_us; /* USEC_INFINITY: none */
	usec_t restart_at_us;
	uint32_t restarts; /* NRestarts: automatic, in a row */
	usec_t limit_begin_us;
	uint32_t limit_count;
	uint32_t notify_access; /* NOTIFY_ACCESS_COUNT: as the unit says */
	int32_t main_pid;       /* 0: none alive or unknown */
	uint32_t main_code;     /* of the last main: CLD_*, 0 while it lives */
	uint32_t main_status;
	usec_t main_start_us;
	usec_t main_exit_us;
	uint32_t control_code; /* of the last control process */
	uint32_t control_status;
	usec_t reload_us;
	usec_t state_change_us;
	usec_t active_since_us; /* entered running, for the healthy rule */
	int32_t status_errno;
	char status[LIMIT_STATUS_TEXT];
	struct service_failure failure;
};

/* A dead service of that definition. Allocates nothing. */
void service_init(struct service *s, const struct service_def *def);
/* One event; effects are appended to *ret, which the caller has emptied. Never fails. */
void service_step(
	struct service *s, const struct service_event *event, usec_t now_us, struct effects *ret);
/* True when [state][event] has a row; for tests and the printed graph. */
bool service_pair_is_handled(enum service_state state, enum service_event_type event);
enum unit_active_state service_active_state(const struct service *s);
/* Time between two WATCHDOG=1 at most, 0: none is expected. */
usec_t service_watchdog_us(const struct service *s);
/* In auto-restart (or on its way there) for the third time in a row, or more. */
bool service_is_crash_looping(const struct service *s);
/* Transient and failed: its slot and its file are kept until reset-failed. */
bool service_is_kept(const struct service *s);
/* May the process that sent a message speak for the service? */
bool service_notify_allowed(const struct service *s, bool from_main, bool from_control);
/* The service's part of the note; desired and the job are the engine's. */
void service_to_note(const struct service *s, struct note *note);
