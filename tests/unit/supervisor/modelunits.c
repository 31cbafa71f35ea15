// SPDX-License-Identifier: MIT
#include "modelunits.h"

#include <signal.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/unitname.h"

const char *const model_names[N_MODEL_UNITS] = {
	[U_SIMPLE] = "simple.service",
	[U_FORKING] = "forking.service",
	[U_NOTIFY] = "notify.service",
	[U_NRELOAD] = "nreload.service",
	[U_ONESHOT] = "oneshot.service",
	[U_TASK] = "task.service",
	[U_COND] = "cond.service",
	[U_DEP] = "dep.service",
	[U_BINDS] = "binds.service",
	[U_TARGET] = "all.target",
	[U_CONFLICT] = "conflict.service",
	[U_IDLE] = "idle.service",
};

struct row {
	uint32_t unit;
	enum exec_phase phase;
	uint32_t flags;
};

static const struct row command_rows[] = {
	{ U_SIMPLE, PHASE_START_PRE, 0 },
	{ U_SIMPLE, PHASE_START, 0 },
	{ U_SIMPLE, PHASE_START_POST, 0 },
	{ U_SIMPLE, PHASE_STOP_POST, 0 },
	{ U_FORKING, PHASE_START, 0 },
	{ U_FORKING, PHASE_STOP, 0 },
	{ U_NOTIFY, PHASE_START, 0 },
	{ U_NOTIFY, PHASE_START_POST, COMMAND_IGNORE_FAILURE },
	{ U_NOTIFY, PHASE_RELOAD, 0 },
	{ U_NRELOAD, PHASE_START, 0 },
	{ U_ONESHOT, PHASE_START, 0 },
	{ U_ONESHOT, PHASE_START, COMMAND_IGNORE_FAILURE },
	{ U_ONESHOT, PHASE_START, 0 },
	{ U_ONESHOT, PHASE_STOP, 0 },
	{ U_TASK, PHASE_START, 0 },
	{ U_TASK, PHASE_START, 0 },
	{ U_COND, PHASE_CONDITION, 0 },
	{ U_COND, PHASE_START_PRE, 0 },
	{ U_COND, PHASE_START_PRE, COMMAND_IGNORE_FAILURE },
	{ U_COND, PHASE_START, 0 },
	{ U_DEP, PHASE_START, 0 },
	{ U_DEP, PHASE_RELOAD, 0 },
	{ U_DEP, PHASE_RELOAD, 0 },
	{ U_BINDS, PHASE_START, 0 },
	{ U_BINDS, PHASE_STOP, 0 },
	{ U_BINDS, PHASE_STOP_POST, 0 },
	{ U_BINDS, PHASE_STOP_POST, 0 },
	{ U_CONFLICT, PHASE_START, 0 },
	{ U_IDLE, PHASE_START, 0 },
};

static const struct {
	uint32_t from;
	enum dep_kind kind;
	uint32_t to;
} dep_rows[] = {
	{ U_DEP, DEP_REQUIRES, U_SIMPLE },
	{ U_DEP, DEP_AFTER, U_SIMPLE },
	{ U_BINDS, DEP_BINDS_TO, U_DEP },
	{ U_BINDS, DEP_AFTER, U_DEP },
	{ U_COND, DEP_WANTS, U_TASK },
	{ U_TARGET, DEP_WANTS, U_SIMPLE },
	{ U_TARGET, DEP_WANTS, U_FORKING },
	{ U_TARGET, DEP_WANTS, U_NOTIFY },
	{ U_TARGET, DEP_WANTS, U_NRELOAD },
	{ U_TARGET, DEP_WANTS, U_ONESHOT },
	{ U_TARGET, DEP_WANTS, U_COND },
	{ U_TARGET, DEP_WANTS, U_BINDS },
	{ U_TARGET, DEP_WANTS, U_IDLE },
	{ U_TARGET, DEP_AFTER, U_SIMPLE },
	{ U_TARGET, DEP_AFTER, U_NOTIFY },
	{ U_TARGET, DEP_AFTER, U_ONESHOT },
	{ U_CONFLICT, DEP_CONFLICTS, U_FORKING },
};

static const uint32_t types[N_MODEL_UNITS] = {
	[U_SIMPLE] = SERVICE_SIMPLE,
	[U_FORKING] = SERVICE_FORKING,
	[U_NOTIFY] = SERVICE_NOTIFY,
	[U_NRELOAD] = SERVICE_NOTIFY_RELOAD,
	[U_ONESHOT] = SERVICE_ONESHOT,
	[U_TASK] = SERVICE_ONESHOT,
	[U_COND] = SERVICE_EXEC,
	[U_DEP] = SERVICE_SIMPLE,
	[U_BINDS] = SERVICE_SIMPLE,
	[U_CONFLICT] = SERVICE_SIMPLE,
	[U_IDLE] = SERVICE_IDLE,
};

static const uint32_t restarts[N_MODEL_UNITS] = {
	[U_SIMPLE] = RESTART_ALWAYS,
	[U_FORKING] = RESTART_ON_FAILURE,
	[U_NOTIFY] = RESTART_ON_ABNORMAL,
	[U_NRELOAD] = RESTART_ALWAYS,
	[U_TASK] = RESTART_ON_FAILURE,
	[U_COND] = RESTART_ON_ABORT,
	[U_DEP] = RESTART_ON_SUCCESS,
	[U_IDLE] = RESTART_ALWAYS,
};

struct set {
	struct manifest_service services[N_MODEL_UNITS];
	struct manifest_unit units[N_MODEL_UNITS];
	struct manifest_command commands[N_MODEL_UNITS][8];
	struct manifest_dep deps[N_MODEL_UNITS][16];
	struct manifest manifest;
	bool made;
};

static struct manifest_condition condition = { .type = 1, .parameter = "x" };

/* Catalogues of odd numbers have the units in reverse order. */
uint32_t model_unit_index(uint32_t catalogue, uint32_t index)
{
	return catalogue % 2 ? N_MODEL_UNITS - 1 - index : index;
}

static void add_commands(struct set *s, uint32_t u, struct manifest_unit *mu)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(command_rows); i++) {
		if (command_rows[i].unit == u) {
			s->commands[u][n] = (struct manifest_command) {
				.phase = command_rows[i].phase,
				.flags = command_rows[i].flags,
				.entry = u * 16 + n,
			};
			n++;
		}
	}
	mu->commands = (struct tlv_array) { s->commands[u], n };
}

static void add_deps(struct set *s, uint32_t parity, uint32_t u, struct manifest_unit *mu)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(dep_rows); i++) {
		if (dep_rows[i].from == u) {
			s->deps[u][n++] = (struct manifest_dep) { dep_rows[i].kind,
				model_unit_index(parity, dep_rows[i].to), 0 };
		}
	}
	mu->deps = (struct tlv_array) { s->deps[u], n };
}

static void make_service(struct manifest_service *m, uint32_t u)
{
	*m = (struct manifest_service) { .type = types[u],
		.restart = restarts[u],
		.restart_us = 1000,
		.restart_steps = u == U_NRELOAD ? 3 : 0,
		.restart_max_delay_us = u == U_NRELOAD ? 9000 : USEC_INFINITY,
		.restart_mode = u == U_DEP ? RESTART_MODE_DIRECT : RESTART_MODE_NORMAL,
		.timeout_start_us = 12 * USEC_PER_SEC,
		.timeout_stop_us = 6 * USEC_PER_SEC,
		.timeout_abort_us = 4 * USEC_PER_SEC,
		.runtime_max_us = u == U_CONFLICT ? 20 * USEC_PER_SEC : USEC_INFINITY,
		.watchdog_us = u == U_NOTIFY ? 5 * USEC_PER_SEC : 0,
		.readpid_entry = u == U_FORKING ? u * 16 + ENTRY_READPID : CATALOGUE_NONE,
		.remain_after_exit = u == U_ONESHOT,
		.notify_access = NOTIFY_MAIN,
		.kill_mode = u == U_BINDS  ? KILL_MIXED
			     : u == U_COND ? KILL_PROCESS
					   : KILL_CONTROL_GROUP,
		.kill_signal = SIGTERM,
		.watchdog_signal = SIGABRT,
		.reload_signal = SIGHUP,
		.send_sigkill = u != U_CONFLICT };
}

static void make_set(struct set *s, uint32_t parity)
{
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		struct manifest_unit *mu = &s->units[model_unit_index(parity, u)];
		bool checked = u == U_COND || u == U_TARGET;

		*mu = (struct manifest_unit) { .name = model_names[u],
			.type = u == U_TARGET ? UNIT_TARGET : UNIT_SERVICE,
			.slice = CATALOGUE_NONE,
			.check_entry = checked ? u * 16 + ENTRY_CHECK : CATALOGUE_NONE,
			.clean_entry = u % 2 ? u * 16 + ENTRY_CLEAN : CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.start_limit_interval_us = u == U_NRELOAD ? 10 * USEC_PER_SEC : 0,
			.start_limit_burst = 5,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
		if (checked) {
			mu->conditions = (struct tlv_array) { &condition, 1 };
		}
		add_deps(s, parity, u, mu);
		if (u != U_TARGET) {
			make_service(&s->services[u], u);
			mu->service = (struct tlv_array) { &s->services[u], 1 };
			add_commands(s, u, mu);
		}
	}
	s->manifest = (struct manifest) { .version = 1, .units = { s->units, N_MODEL_UNITS } };
	s->made = true;
}

const struct manifest *model_manifest(uint32_t catalogue)
{
	static struct set sets[2];
	struct set *s = &sets[catalogue % 2];

	if (!s->made) {
		make_set(s, catalogue % 2);
	}
	return &s->manifest;
}
