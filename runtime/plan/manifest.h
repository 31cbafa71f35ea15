// SPDX-License-Identifier: MIT
/*
 * The manifest half of a catalogue: what supd and its clients need to know of every unit. It
 * carries no environment values, no credentials and no file text. One TLV record; strings
 * point into the mapped memfd.
 *
 * A unit's index in manifest.units is its catalogue_unit index. Dependencies name units by index:
 * supd-load adds a LOAD_NOT_FOUND unit for every name that has no file, so that indices suffice.
 * Durations are microseconds; USEC_INFINITY (UINT64_MAX) is no limit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "catalogue.h"
#include "tlv.h"
#include "unitenum.h"

struct manifest_dep {
	uint32_t kind;     /* enum dep_kind */
	uint32_t unit;     /* index */
	uint32_t implicit; /* 1: a default or implied dependency, not written in the unit */
};

enum manifest_command_flags {
	COMMAND_IGNORE_FAILURE = 1 << 0, /* '-' */
	COMMAND_PRIVILEGED = 1 << 1,     /* '+' */
	COMMAND_NO_SETUID = 1 << 2,      /* '!' */
	COMMAND_AMBIENT = 1 << 3,        /* '!!' */
};

struct manifest_command {
	uint32_t phase; /* enum exec_phase; commands are sorted by phase, then as written */
	uint32_t entry; /* catalogue entry */
	uint32_t flags;
	const char *path;
	struct tlv_strv
		argv; /* as written, before $VAR expansion; empty if the file is not public */
	const char *origin;
};

struct manifest_condition {
	uint32_t type;
	uint32_t negate;
	uint32_t trigger;
	uint32_t assert;
	const char *parameter;
};

/* SuccessExitStatus= and its kin: codes as a bitmap, signals as a bitmap. */
struct manifest_exit_set {
	uint64_t codes[4];
	uint64_t signals; /* bit n: signal n */
};

struct manifest_service {
	uint32_t type; /* enum service_type */
	uint32_t exit_type;
	uint32_t restart; /* enum service_restart */
	uint32_t restart_mode;
	uint64_t restart_us;
	uint32_t restart_steps;
	uint64_t restart_max_delay_us;
	uint64_t timeout_start_us;
	uint64_t timeout_stop_us;
	uint64_t timeout_abort_us;
	uint64_t timeout_clean_us;
	uint32_t timeout_start_failure_mode;
	uint32_t timeout_stop_failure_mode;
	uint64_t runtime_max_us;
	uint64_t watchdog_us; /* 0: none */
	uint32_t remain_after_exit;
	uint32_t guess_main_pid;
	const char *pid_file;
	uint32_t readpid_entry; /* CATALOGUE_NONE without PIDFile= */
	const char *bus_name;
	uint32_t notify_access;
	uint32_t fdstore_max;
	uint32_t fdstore_preserve;
	uint32_t kill_mode;
	uint32_t kill_signal;
	uint32_t restart_kill_signal; /* 0: as kill_signal */
	uint32_t final_kill_signal;
	uint32_t watchdog_signal;
	uint32_t reload_signal;
	uint32_t send_sigkill;
	uint32_t send_sighup;
	uint32_t oom_policy;
	uint32_t pressure_watch;
	uint64_t pressure_us;
	uint32_t root_directory_start_only;
	uint32_t id_first; /* of the MANIFEST_OWN_IDS ids that are this unit's alone; 0: none */
	struct tlv_bytes success_status; /* struct manifest_exit_set, or empty */
	struct tlv_bytes prevent_restart;
	struct tlv_bytes force_restart;
	const char *user;
	const char *group;
	const char *profile;              /* trusted, compat, standard, strict */
	uint64_t start_limit_cooldown_us; /* [Container] StartLimitCooldownSec=; 0: none */
	const char *status_stdout;        /* StandardOutput= as written, for show */
};

struct manifest_listen {
	const char *type;    /* "Stream", "Datagram" … */
	const char *address; /* as `list-sockets` shows it */
	const char *fd_name;
};

/* TimeoutSec=, commands and how they are killed are in manifest_unit.service and .commands. */
struct manifest_socket {
	uint32_t accept;
	uint32_t bind_entry;
	uint32_t flush_entry;     /* CATALOGUE_NONE without FlushPending= */
	uint32_t max_connections; /* Accept=yes */
	uint32_t max_per_source;  /* 0: no limit */
	uint64_t trigger_interval_us;
	uint32_t trigger_burst; /* 0: no limit */
	uint64_t poll_interval_us;
	uint32_t poll_burst;      /* 0: no limit */
	struct tlv_array listens; /* struct manifest_listen */
};

struct manifest_watch {
	uint32_t type; /* enum plan_watch_type of plan.h, as a number */
	const char *path;
};

struct manifest_path {
	uint32_t watch_entry;
	uint32_t make_directory;
	uint32_t dir_mode;
	uint64_t trigger_interval_us;
	uint32_t trigger_burst;   /* 0: no limit */
	struct tlv_array watches; /* struct manifest_watch */
	uint64_t idle_us;         /* an automount: TimeoutIdleSec=; 0: never */
};

/* One line of a timer. */
struct manifest_timer_value {
	uint32_t base; /* enum timer_base */
	uint64_t value_us;
	struct tlv_bytes calendar; /* the head of struct calendar, with its parts; else empty */
	const char *text;          /* normal form, for show; NULL when it is monotonic */
};

enum manifest_timer_flags {
	TIMER_ON_CLOCK_CHANGE = 1 << 0,
	TIMER_ON_TIMEZONE_CHANGE = 1 << 1,
	TIMER_PERSISTENT = 1 << 2,
	TIMER_WAKE_SYSTEM = 1 << 3, /* shown; the machine is not woken */
	TIMER_REMAIN_AFTER_ELAPSE = 1 << 4,
	TIMER_FIXED_RANDOM_DELAY = 1 << 5,
	TIMER_DEFER_REACTIVATION = 1 << 6,
	TIMER_FLAGS_ALL = (1 << 7) - 1,
};

struct manifest_timer {
	uint32_t flags; /* enum manifest_timer_flags */
	uint64_t accuracy_us;
	uint64_t random_delay_us;
	struct tlv_array values; /* struct manifest_timer_value */
};

/* A mount or a swap; its control commands are in manifest_unit.commands. */
struct manifest_mount {
	const char *what;    /* a swap's is a path */
	const char *where;   /* absolute; NULL: swap */
	const char *fs_type; /* NULL: found out */
	const char *options;
};

enum manifest_unit_flags {
	UNIT_DEFAULT_DEPENDENCIES = 1 << 0,
	UNIT_REFUSE_MANUAL_START = 1 << 1,
	UNIT_REFUSE_MANUAL_STOP = 1 << 2,
	UNIT_ALLOW_ISOLATE = 1 << 3,
	UNIT_IGNORE_ON_ISOLATE = 1 << 4,
	UNIT_STOP_WHEN_UNNEEDED = 1 << 5,
	UNIT_TRANSIENT = 1 << 6,
	UNIT_PERPETUAL = 1 << 7,       /* -.slice */
	UNIT_MANY = 1 << 9,            /* a template: its instances are connections, by number */
	UNIT_COLLECT_FAILED = 1 << 10, /* CollectMode=inactive-or-failed */
	UNIT_STALE = 1 << 8, /* loaded from the previous catalogue: its file is broken now */
};

enum manifest_install_state {
	INSTALL_STATIC,
	INSTALL_ENABLED,
	INSTALL_ENABLED_RUNTIME,
	INSTALL_DISABLED,
	INSTALL_INDIRECT,
	INSTALL_ALIAS,
	INSTALL_GENERATED,
	INSTALL_TRANSIENT,
	INSTALL_MASKED,
	INSTALL_BAD,
	INSTALL_LINKED,
	INSTALL_LINKED_RUNTIME,
	INSTALL_MASKED_RUNTIME,
	INSTALL_STATE_COUNT,
};
ENUM_DECLARE(install_state, enum manifest_install_state);

struct manifest_unit {
	const char *name;
	uint32_t type;          /* enum unit_type */
	uint32_t load_state;    /* enum unit_load_state */
	const char *load_error; /* first diagnostic, "web.service:3: …" */
	struct tlv_strv aliases;
	const char *description;
	struct tlv_strv documentation;
	const char *fragment_path;
	struct tlv_strv dropin_paths;
	const char *source_path;
	uint32_t install_state;
	uint32_t flags;
	uint32_t slice;        /* index of the slice unit, CATALOGUE_NONE */
	const char *cgroup;    /* relative to the root */
	struct tlv_array deps; /* struct manifest_dep, sorted by kind, then unit, no doubles */
	struct tlv_array conditions; /* struct manifest_condition */
	uint32_t check_entry;        /* CATALOGUE_NONE when there is no condition */
	uint32_t clean_entry;        /* CATALOGUE_NONE when there is nothing to clean */
	uint32_t realize_entry;      /* limits; CATALOGUE_NONE */
	uint32_t discard_entry;      /* meant when there are discard_kinds */
	uint32_t discard_kinds;      /* a bit for each enum plan_dir_kind that the unit has */
	uint32_t limits_hash;        /* of what REALIZE writes: another one means other limits */
	uint32_t startup_limits;     /* 1: REALIZE writes others until the boot is over */
	uint64_t job_timeout_us;
	uint64_t job_running_timeout_us;
	uint64_t start_limit_interval_us;
	uint32_t start_limit_burst;
	uint32_t start_limit_action; /* enum emergency action, 0 none */
	uint32_t success_action;
	uint32_t failure_action;
	uint32_t job_timeout_action;
	uint32_t success_exit_status; /* for an action that exits: it + 1; 0: the service's own */
	uint32_t failure_exit_status;
	struct tlv_array service; /* struct manifest_service [1] for what runs commands */
	struct tlv_array socket;  /* struct manifest_socket [1] for sockets, else empty */
	struct tlv_array path; /* struct manifest_path [1] for paths and automounts, else empty */
	struct tlv_array commands; /* struct manifest_command */
	struct tlv_array timer;    /* struct manifest_timer [1] for timers, else empty */
	struct tlv_array mount;    /* struct manifest_mount [1] for mounts and swaps, else empty */
	/*
	 * Further properties for `show`: "NAME\0VALUE\0NAME\0VALUE\0…". supd only passes them on,
	 * so they are not taken apart before they are asked for: manifest_next_property().
	 */
	struct tlv_bytes properties;
	uint32_t config_hash_lo; /* of everything above: a changed unit needs a restart */
	uint32_t config_hash_hi;
	const char *job_mode_on_failure;
	uint64_t files_mark; /* filemark_add() of the fragment, then the drop-ins */
};

struct manifest_diagnostic {
	const char *file;
	uint32_t line;
	uint32_t column;
	uint32_t severity; /* enum manifest_severity */
	const char *unit;
	const char *text;
};

enum manifest_severity {
	SEVERITY_ERROR, /* the unit is refused */
	SEVERITY_WARNING,
	SEVERITY_NOTE,
	SEVERITY_COUNT,
};

struct manifest {
	uint32_t version;
	const char *default_target;
	struct tlv_array units;       /* struct manifest_unit */
	struct tlv_array diagnostics; /* struct manifest_diagnostic */
	uint64_t load_time_us;        /* how long the load took */
	const char *unit_path;
};

#define MANIFEST_VERSION 1u
#define MANIFEST_OWN_IDS 65536u

extern const struct tlv_schema manifest_schema;

/* Appends m to buf. -ENOMEM, -E2BIG. */
int manifest_encode(struct tlv_buf *buf, const struct manifest *m);
/* Decodes and checks every index, enum and name. data must stay mapped. -EBADMSG, -ENOMEM. */
int manifest_decode(const void *data, size_t size, struct arena *arena, struct manifest *ret);

/* The same in parts, so that ten thousand units do not hold up whoever decodes them. */
struct manifest_decoder {
	struct manifest manifest; /* good when manifest_decode_some() has returned 0 */
	struct tlv_items items;
	bool decoded;
	uint32_t checked; /* units */
};
/* *ret must not move until it is done. Errors as manifest_decode(). */
int manifest_decode_begin(
	const void *data, size_t size, struct arena *arena, struct manifest_decoder *ret);
/* Up to max units further. 1: there is more to do; 0: done. Errors as manifest_decode(). */
int manifest_decode_some(struct manifest_decoder *d, uint32_t max);

static inline const struct manifest_unit *manifest_unit_at(const struct manifest *m, uint32_t i)
{
	return (const struct manifest_unit *)m->units.items + i;
}

struct manifest_property {
	const char *name;
	const char *value;
};

/* *cursor starts at 0. False at the end. */
static inline bool manifest_next_property(
	const struct manifest_unit *u, uint32_t *cursor, struct manifest_property *ret)
{
	const char *at = (const char *)u->properties.data + *cursor;

	if (*cursor >= u->properties.n) {
		return false;
	}
	ret->name = at;
	ret->value = at + strlen(at) + 1;
	*cursor += (uint32_t)(ret->value - at + strlen(ret->value) + 1);
	return true;
}
