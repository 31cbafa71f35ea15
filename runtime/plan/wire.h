// SPDX-License-Identifier: MIT
/*
 * supd <-> supd-init: fixed-size records of numbers. contrib/doc/PROTOCOLS.md has the reasons.
 *
 * Requests go from supd to supd-init by an O_DIRECT pipe (each write is one record and can carry no
 * descriptor). Events come back over a SEQPACKET pair whose supd-init end is shut down for reading.
 * supd-init does not queue: every event is the present state of a slot, a process place or a
 * catalogue, sent when it has changed and the socket is writable. So an event may stand for several
 * changes: a PROC event with phase EXITED and `execed` set says that it started, exec'd and exited.
 *
 * A request of unknown type, wrong size or with a number out of range means that supd is broken:
 * supd-init kills and restarts it. A request that is well formed but cannot be done now (place
 * occupied, slot frozen, catalogue dropped) is answered by REFUSED.
 *
 * Text appears in one direction only: from supd-init to supd, for messages.
 */
#pragma once

#include <stdint.h>

#include "../base/limits.h"
#include "catalogue.h"

#define WIRE_VERSION   2u
#define WIRE_SLOT_NONE UINT32_MAX

/* supd's descriptors at its start. */
enum supd_fd {
	SUPD_FD_REQUEST = 3, /* write end of the request pipe */
	SUPD_FD_EVENT = 4,   /* event socket */
	SUPD_FD_CONTROL = 5, /* listening control socket; listen() was called by supd-init */
	SUPD_FD_AUDIT = 6,   /* netlink socket of the kernel's seccomp records; /dev/null: none */
	SUPD_FD_STAMPS = 7,  /* STATE/timers, a file for supd alone; may be /dev/null */
};

enum wire_request_type {
	WIRE_RUN = 1,  /* catalogue, entry, cookie, params, note: start a catalogue entry */
	WIRE_MAIN,     /* slot, pid: this process of the slot's cgroup is its main one */
	WIRE_SIGNAL,   /* slot, target, signo, note (written first) */
	WIRE_KILL_ALL, /* slot, note (written first): cgroup.kill */
	WIRE_FREEZE,   /* slot */
	WIRE_THAW,     /* slot */
	WIRE_FORGET,   /* slot, kind, run_id, note: drop the exit record of that place */
	WIRE_RELEASE,  /* slot, catalogue, entry (CATALOGUE_NONE: nothing to clean), flags: run
			  CLEAN,  drop everything the slot holds; refused while anything lives */
	WIRE_NOTE, /* slot, or catalogue and unit when slot is WIRE_SLOT_NONE (makes the slot) */
	WIRE_LOAD, /* cookie: compile all units into a new catalogue */
	WIRE_DROP, /* catalogue: supd needs it no more */
	WIRE_LIST, /* send everything again, then LISTED */
	WIRE_PONG, /* answer to EV_PING; flags bit 0: ready (boot transaction done) */
	WIRE_STORE_NEW,  /* slot: make a parking place for one descriptor; answered by EV_PARK */
	WIRE_STORE_DROP, /* slot, park: empty that parking place */
	WIRE_POWER,   /* kind: enum wire_power; number 1: begin to stop (EV_STOP follows), 0: now */
	WIRE_WATCH,   /* slot, cookie: tell once when one of its held descriptors is readable */
	WIRE_REACHED, /* catalogue, entry (unit index): that unit is active; told upwards */
	WIRE_WAITING, /* catalogue, entry (unit index), kind: enum wire_wait, run_id: since, cookie:
			 until (0: no limit), number: how many more there are; a job that takes
			 long, for the console */
	WIRE_STATUS,  /* counters for the STATUS= that supd-init reports upwards */
	WIRE_LOG,     /* struct wire_log */
	WIRE_BUS,     /* a connection to the system bus; answered by EV_BUS */
	WIRE_REQUEST_COUNT,
};

enum wire_target {
	WIRE_TARGET_MAIN,
	WIRE_TARGET_CONTROL,
	WIRE_TARGET_ALL, /* every process of the cgroup, frozen meanwhile */
	WIRE_TARGET_ALL_BUT_MAIN,
	WIRE_TARGET_COUNT,
};

enum wire_power {
	WIRE_POWER_EXIT,       /* off PID 1: leave with params.exit_status; all services are down */
	WIRE_POWER_EXIT_LEAVE, /* off PID 1: leave, services stay */
	WIRE_POWER_POWEROFF,
	WIRE_POWER_REBOOT,
	WIRE_POWER_HALT,
	WIRE_POWER_KEXEC,
	WIRE_POWER_RESTART_SUPD, /* daemon-reexec, first half: supd exits and is started again */
	WIRE_POWER_REEXEC,       /* supd-init execs itself; supd follows */
	WIRE_POWER_SOFT_REBOOT,  /* user space only: supd-init starts anew after all is down */
	WIRE_POWER_COUNT,
};

enum wire_wait {
	WIRE_WAIT_START,
	WIRE_WAIT_STOP,
	WIRE_WAIT_RELOAD,
	WIRE_WAIT_RESTART,
	WIRE_WAIT_COUNT,
};

enum wire_run_flags {
	WIRE_RUN_NEW_INVOCATION = 1 << 0, /* a new INVOCATION_ID for the slot */
	WIRE_RUN_WATCHDOG = 1 << 1,
	WIRE_RUN_RESULT = 1 << 2,         /* result, exit_code and exit_status are meant */
	WIRE_RELEASE_KEEP_NOTE = 1 << 3,  /* RELEASE: the slot stays as a bare name and note */
	WIRE_RELEASE_KEEP_STORE = 1 << 4, /* RELEASE: stored descriptors stay */
	WIRE_RUN_STALE_OK = 1 << 5,       /* reload was tried: do not answer STALE again */
	WIRE_RUN_RESTART = 1 << 6,        /* CLEAN between restarts: honour preserve=restart */
	WIRE_SIGNAL_CONTINUE = 1 << 7,    /* SIGNAL: SIGCONT behind it, for who is stopped */
	WIRE_RUN_STARTUP = 1 << 8,        /* limits of the machine's start are meant */
	WIRE_RUN_FLAGS_ALL = (1 << 9) - 1,
};

/* What supd may contribute to a command's environment: enumerations and bounded integers. */
struct wire_params {
	uint32_t flags;          /* enum wire_run_flags */
	uint32_t service_result; /* enum service_result */
	uint32_t exit_code;      /* CLD_EXITED, CLD_KILLED, CLD_DUMPED, 0: none */
	uint32_t exit_status;    /* 0–255 or a signal number */
	uint64_t watchdog_us;
	uint32_t watch_state; /* PLAN_WATCH: enum wire_watch_state */
	uint32_t discard;     /* PLAN_DISCARD: a bit for each enum plan_dir_kind */
};

#define WIRE_DISCARD_ALL 0x1fu

/*
 * Why a unit runs, for TRIGGER_… and MONITOR_… of its commands. Units are named by index + 1 in the
 * catalogue of the RUN, 0: none; the launcher takes the names from there.
 */
struct wire_cause {
	uint32_t trigger;          /* the timer or path that has started it */
	uint32_t trigger_entry;    /* a path's PLAN_WATCH entry + 1 … */
	uint32_t trigger_line;     /* … and which of its lines was good, + 1 */
	uint32_t monitor;          /* the service whose OnFailure= or OnSuccess= it is */
	uint64_t trigger_real_us;  /* a timer: when it elapsed, CLOCK_REALTIME … */
	uint64_t trigger_us;       /* … and CLOCK_MONOTONIC */
	uint32_t monitor_instance; /* number of a connection's instance, else 0 */
	uint8_t monitor_result;    /* enum service_result */
	uint8_t monitor_code;      /* CLD_*, 0: none */
	uint8_t monitor_status;
	uint8_t reserved;
	uint8_t monitor_invocation[16];
};

/* Bits 0 to LIMIT_WATCHES - 1: that path of the unit was there at the last look. */
enum wire_watch_state {
	WIRE_WATCH_MASK = (1 << 24) - 1,
	/* in a result: index + 1 of the line that is good, 0: none */
	WIRE_WATCH_GOOD_SHIFT = 24,
	WIRE_WATCH_EXPIRE = 1 << 27, /* an automount: unmount what was not used of late */
	WIRE_WATCH_STOP = 1 << 28,   /* an automount: take it away */
	WIRE_WATCH_FRESH = 1 << 29,  /* the unit was up: what happened meanwhile is no change */
	WIRE_WATCH_FIRST = 1 << 30,  /* there was no look before */
	WIRE_WATCH_ALL = WIRE_WATCH_MASK | WIRE_WATCH_FRESH | WIRE_WATCH_FIRST | WIRE_WATCH_EXPIRE |
			 WIRE_WATCH_STOP,
};

struct wire_request {
	uint32_t type; /* enum wire_request_type */
	uint32_t slot;
	uint32_t catalogue;
	uint32_t entry; /* RUN, RELEASE: entry; NOTE: unit index; STORE_DROP: park index */
	uint32_t kind;  /* FORGET: enum entry_kind; SIGNAL: enum wire_target; POWER: enum wire_power
			 */
	int32_t number; /* SIGNAL: signal; MAIN: pid */
	uint64_t run_id; /* FORGET */
	uint64_t cookie; /* RUN, LOAD: comes back in the event */
	struct wire_params params;
	uint32_t counts[4]; /* STATUS: active, activating, failed units; queued jobs */
	uint32_t note_size; /* 0: leave the note as it is; RUN, FORGET, SIGNAL, KILL_ALL, RELEASE,
			       NOTE */
	uint8_t note[LIMIT_NOTE];
	uint32_t instance;       /* RUN, NOTE of a MANY unit: number of the instance; else 0 */
	struct wire_cause cause; /* RUN */
};

/*
 * A structured record for the journal: newline-separated FIELD=value, journald's native form. Where
 * its message stands in it is said in numbers: nobody looks for it.
 */
#define WIRE_LOG_MAX 3968u
struct wire_log {
	uint32_t type; /* WIRE_LOG */
	uint32_t size;
	uint16_t text_at, text_size;
	uint32_t priority; /* 0 to 7 */
	char data[WIRE_LOG_MAX];
};

enum wire_event_type {
	WIRE_EV_HELLO = 1, /* always first */
	WIRE_EV_LOADED,    /* a catalogue: with the manifest memfd when status is 0 */
	WIRE_EV_SLOT, /* present state of a slot; with the notify socket when has_notify is new */
	WIRE_EV_PROC, /* present state of one place of a slot */
	WIRE_EV_REFUSED,
	WIRE_EV_PARK,   /* one parking place; fd 0: push end, fd 1: peek end */
	WIRE_EV_LISTED, /* everything of LIST was sent */
	WIRE_EV_PING,   /* answer with WIRE_PONG */
	WIRE_EV_BUS,    /* answer to WIRE_BUS: with the connection when error is 0 */
	WIRE_EV_STOP,   /* stop everything, then WIRE_POWER with the given action */
	WIRE_EV_START,  /* a signal asks for a unit */
	WIRE_EVENT_COUNT,
};

/* CLOCK_MONOTONIC of what happened before this supd; 0: it did not happen, or is not known. */
struct wire_times {
	uint64_t initrd_us;     /* machine: supd-boot began in an initramfs that it left */
	uint64_t userspace_us;  /* machine: supd-boot began on the root file system */
	uint64_t load_begin_us; /* supd-load was started first … */
	uint64_t load_end_us;   /* … and had ended */
	uint64_t ready_us;      /* the boot's jobs were done */
	uint32_t soft_reboots;
	uint32_t reserved;
};

struct wire_hello {
	uint32_t version;
	uint32_t pid1;       /* supd-init is PID 1 of the machine or a namespace */
	uint32_t crashes;    /* of supd within LIMIT_CRASH_WINDOW_US */
	uint32_t safe_mode;  /* use only {desired, active, result, restarts} of the notes */
	uint32_t generation; /* counts supd processes; 1 is the first */
	uint32_t control_gid;
	uint32_t log_level;
	uint32_t controllers; /* bit per controller available below the root: see wire_controller */
	char runtime_dir[256];
	char state_dir[256];
	char log_dir[256];
	char cgroup_root[256]; /* absolute path, for reading */
	uint32_t n_units;      /* UNIT… of the command line follow in EV_HELLO's tail */
	char units[16][64];    /* the first of them; longer lists are a target's business */
	uint32_t use_journald; /* UseJournald=; whether journald is there is another matter */
	uint32_t asked;        /* 0: no supd has noted its jobs: start the initial units */
	uint64_t started_us;   /* CLOCK_MONOTONIC of supd-init's first start */
	uint64_t capabilities; /* of supd-init, a bit each: a container's root has fewer */
	struct wire_times times;
};

enum wire_controller {
	WIRE_CONTROLLER_CPU = 1 << 0,
	WIRE_CONTROLLER_IO = 1 << 1,
	WIRE_CONTROLLER_MEMORY = 1 << 2,
	WIRE_CONTROLLER_PIDS = 1 << 3,
	WIRE_CONTROLLER_CPUSET = 1 << 4,
};

struct wire_loaded {
	uint32_t catalogue; /* number; CATALOGUE_NONE when status is not 0 */
	int32_t status;     /* 0, or -errno: supd-load failed, was killed or wrote nonsense */
	uint64_t cookie;
	char text[LIMIT_FAIL_TEXT];
};

enum wire_slot_flags {
	WIRE_SLOT_POPULATED = 1 << 0, /* a process lives in the cgroup, or is being launched */
	WIRE_SLOT_FROZEN = 1 << 1,
	WIRE_SLOT_RELEASING = 1 << 2,  /* CLEAN is running */
	WIRE_SLOT_GONE = 1 << 3,       /* the slot is free now; last event of it */
	WIRE_SLOT_BARE = 1 << 4,       /* only name and note */
	WIRE_SLOT_HAS_NOTIFY = 1 << 5, /* the message carries the notify socket */
	WIRE_SLOT_OOM = 1 << 6,        /* n_oom has grown since the last start */
	WIRE_SLOT_READABLE = 1 << 7,   /* a held descriptor since WATCH watch_cookie */
	WIRE_SLOT_FREEZE = 1 << 8,     /* FREEZE was asked for and no THAW since */
};

struct wire_slot {
	uint32_t slot;
	uint32_t flags;
	uint32_t n_parked;
	uint32_t note_size;
	uint32_t n_oom;        /* processes of the cgroup killed for want of memory, ever */
	uint32_t reserved;     /* 0 */
	uint64_t watch_cookie; /* of the last WATCH that was carried out */
	uint8_t invocation_id[16];
	char name[LIMIT_UNIT_NAME];
	uint8_t note[LIMIT_NOTE];
};

enum wire_phase {
	WIRE_PHASE_FREE,      /* nothing in this place (also: record forgotten) */
	WIRE_PHASE_LAUNCHING, /* the launcher works */
	WIRE_PHASE_STARTED,   /* the process exists, exec not yet seen */
	WIRE_PHASE_RUNNING,   /* exec seen, or adopted by WIRE_MAIN */
	WIRE_PHASE_FAILED,    /* a launch step failed; nothing runs. Record until FORGET */
	WIRE_PHASE_EXITED,    /* record until FORGET */
	WIRE_PHASE_COUNT,
};

enum wire_proc_flags {
	WIRE_PROC_EXECED = 1 << 0,
	WIRE_PROC_FOREIGN = 1 << 1,        /* not a child of supd-init: only its end is known */
	WIRE_PROC_STATUS_UNKNOWN = 1 << 2, /* EXITED without a status */
	WIRE_PROC_NSINIT = 1 << 3,         /* pid is the payload; its parent is supd-nsinit */
	WIRE_PROC_STALE = 1 << 4,          /* FAILED: users have changed, load again */
};

struct wire_proc {
	uint32_t slot;
	uint32_t kind;  /* enum entry_kind */
	uint32_t phase; /* enum wire_phase */
	uint32_t flags;
	uint64_t run_id; /* supd-init's, never reused */
	uint64_t cookie; /* of the RUN */
	uint32_t catalogue;
	uint32_t entry;
	int32_t pid;
	int32_t value; /* a worker's result: index of the failed condition or -1, pid read, … */
	uint32_t exit_code;   /* CLD_* */
	uint32_t exit_status; /* code or signal */
	uint64_t start_us;    /* CLOCK_MONOTONIC */
	uint64_t exec_us;
	uint64_t exit_us;
	uint64_t user_us; /* rusage */
	uint64_t system_us;
	uint64_t max_rss_kb;
	uint32_t step;                  /* FAILED: enum launch_step */
	int32_t error;                  /* FAILED: errno, positive */
	char text[LIMIT_FAIL_TEXT];     /* FAILED: the object, "bind /srv/x" */
	char origin[LIMIT_FAIL_ORIGIN]; /* FAILED: "web.service:14" */
};

struct wire_refused {
	uint32_t slot;    /* WIRE_SLOT_NONE if there is none */
	uint32_t request; /* enum wire_request_type */
	uint32_t kind;
	int32_t error; /* EBUSY occupied, ESTALE no such catalogue, ENOENT no such run, EAGAIN
			  frozen… */
	uint64_t cookie;
};

struct wire_park {
	uint32_t slot;
	uint32_t park;     /* index within the slot, stable */
	uint32_t has_push; /* the message carries the push end (fresh) … */
	uint32_t has_peek; /* … or the peek end (LIST): recvmsg with MSG_PEEK only */
};

/* Units that a signal to PID 1 starts. */
enum wire_target_unit {
	WIRE_TARGET_DEFAULT, /* default.target, isolated */
	WIRE_TARGET_RESCUE,
	WIRE_TARGET_EMERGENCY,
	WIRE_TARGET_SIGPWR,
	WIRE_TARGET_KBREQUEST,
	WIRE_TARGET_UNIT_COUNT,
};

struct wire_start {
	uint32_t which; /* enum wire_target_unit */
	uint32_t reserved;
};

struct wire_stop {
	uint32_t power;  /* enum wire_power to send when all is down */
	uint32_t status; /* exit status for it */
};

/* Made and sent by a child that is supd's user: the bus sees who connected. */
struct wire_bus {
	int32_t error; /* positive errno */
};

struct wire_event {
	uint32_t type; /* enum wire_event_type */
	uint32_t reserved;
	union {
		struct wire_hello hello;
		struct wire_loaded loaded;
		struct wire_slot slot;
		struct wire_proc proc;
		struct wire_refused refused;
		struct wire_park park;
		struct wire_stop stop;
		struct wire_start start;
		struct wire_bus bus;
	};
};
/* Sent size: the header and the member of its type, see wire_event_size(). */
size_t wire_event_size(uint32_t type);

/* 0, or -EBADMSG: size, type or a number out of range. What supd-init applies to every record. */
int wire_request_check(const void *data, size_t size);
