// SPDX-License-Identifier: MIT
#include "machine.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "../runtime/base/cleanup.h"
#include "unitlog.h"

/* What EV_STOP starts as PID 1: the action's target, as systemctl does. NULL: stops all itself. */
static const char *const power_targets[WIRE_POWER_COUNT] = {
	[WIRE_POWER_EXIT] = "exit.target",
	[WIRE_POWER_POWEROFF] = "poweroff.target",
	[WIRE_POWER_REBOOT] = "reboot.target",
	[WIRE_POWER_HALT] = "halt.target",
	[WIRE_POWER_KEXEC] = "kexec.target",
	[WIRE_POWER_SOFT_REBOOT] = "soft-reboot.target",
};

static const struct {
	const char *name;
	enum job_mode mode;
} starts[WIRE_TARGET_UNIT_COUNT] = {
	[WIRE_TARGET_DEFAULT] = { "default.target", JOB_MODE_ISOLATE },
	[WIRE_TARGET_RESCUE] = { "rescue.target", JOB_MODE_ISOLATE },
	[WIRE_TARGET_EMERGENCY] = { "emergency.target", JOB_MODE_ISOLATE },
	[WIRE_TARGET_SIGPWR] = { "sigpwr.target", JOB_MODE_REPLACE },
	[WIRE_TARGET_KBREQUEST] = { "kbrequest.target", JOB_MODE_REPLACE },
};

enum action_way {
	WAY_TARGET,    /* stop jobs in their order */
	WAY_FORCE,     /* everything is stopped, no target is started */
	WAY_IMMEDIATE, /* nothing is stopped */
};

/* In the order of enum unit_emergency_action. */
static const struct {
	const char *name;
	uint32_t power;
	enum action_way way;
} actions[] = {
	{ "none", WIRE_POWER_COUNT, WAY_TARGET },
	{ "reboot", WIRE_POWER_REBOOT, WAY_TARGET },
	{ "reboot-force", WIRE_POWER_REBOOT, WAY_FORCE },
	{ "reboot-immediate", WIRE_POWER_REBOOT, WAY_IMMEDIATE },
	{ "poweroff", WIRE_POWER_POWEROFF, WAY_TARGET },
	{ "poweroff-force", WIRE_POWER_POWEROFF, WAY_FORCE },
	{ "poweroff-immediate", WIRE_POWER_POWEROFF, WAY_IMMEDIATE },
	{ "exit", WIRE_POWER_EXIT, WAY_TARGET },
	{ "exit-force", WIRE_POWER_EXIT, WAY_FORCE },
	{ "halt", WIRE_POWER_HALT, WAY_TARGET },
	{ "halt-force", WIRE_POWER_HALT, WAY_FORCE },
	{ "halt-immediate", WIRE_POWER_HALT, WAY_IMMEDIATE },
	{ "kexec", WIRE_POWER_KEXEC, WAY_TARGET },
	{ "kexec-force", WIRE_POWER_KEXEC, WAY_FORCE },
	{ "soft-reboot", WIRE_POWER_SOFT_REBOOT, WAY_TARGET },
	{ "soft-reboot-force", WIRE_POWER_SOFT_REBOOT, WAY_FORCE },
};

static int send_power(struct shell *s, uint32_t power, uint32_t status, bool begin)
{
	struct wire_request q = {
		.type = WIRE_POWER,
		.kind = power,
		.number = begin,
		.params = { .exit_status = status },
	};

	return broker_send(&s->broker, &q);
}

int machine_power(struct shell *s, uint32_t power, uint32_t status)
{
	return send_power(s, power, status, true);
}

int machine_power_force(struct shell *s, uint32_t power)
{
	return send_power(s, power, 0, false);
}

/* 0: its job is queued; 1: it cannot be; -errno. */
static int start_unit(struct shell *s, const char *name, enum job_mode mode)
{
	struct engine_request q = { .type = JOB_START, .mode = mode };
	struct engine_error error = { .code = ENGINE_OK };
	uint32_t job = 0;
	int r;

	q.unit = engine_find(s->engine, name);
	if (q.unit == ENGINE_NONE) {
		unitlog_plain(s, LOG_ERR, "%s: there is no such unit", name);
		return 1;
	}
	r = engine_enqueue(s->engine, &q, now_us(), &job, &error);
	if (r == 1) {
		unitlog_plain(s, LOG_ERR, "%s: not started: %s %s", name,
			engine_error_to_string(error.code), error.text);
	}
	return r;
}

int machine_stop(struct shell *s, const struct wire_stop *stop)
{
	const char *target = stop->power < WIRE_POWER_COUNT ? power_targets[stop->power] : NULL;
	int r;

	s->stop = *stop;
	s->stop_begun = true;
	if (!s->listed) {
		s->stop_waits = true; /* what runs is not known yet */
		return 0;
	}
	s->stop_waits = false;
	if (!s->hello.pid1 || !target || s->stopping) {
		return shell_stop(s, stop->power, stop->status);
	}
	r = start_unit(s, target, JOB_MODE_REPLACE_IRREVERSIBLY);
	return r == 1 ? shell_stop(s, stop->power, stop->status) : r;
}

int machine_start(struct shell *s, uint32_t which)
{
	int r;

	if (which >= WIRE_TARGET_UNIT_COUNT) {
		return -EBADMSG;
	}
	r = s->listed ? start_unit(s, starts[which].name, starts[which].mode) : 0;
	return r == 1 ? 0 : r;
}

int machine_action(struct shell *s, const struct effect *e)
{
	const struct unit *u = engine_unit(s->engine, e->unit);
	size_t i = (size_t)e->number;
	bool exits;
	uint32_t status;

	if (e->number <= 0 || i >= ELEMENTSOF(actions)) {
		return 0;
	}
	/* Nobody may reboot a machine that is another's: then every action ends supd alone. */
	exits = actions[i].power == WIRE_POWER_EXIT || !s->hello.pid1;
	/* What was asked for before, by `exit 3` say, is carried out by a unit that has no status.
	 */
	status = e->state && exits ? e->state - 1 : s->stop.status;
	unitlog_plain(
		s, LOG_CRIT, "%s: taking emergency action %s", u ? u->name : "?", actions[i].name);
	if (!s->hello.pid1) {
		return shell_stop(s, WIRE_POWER_EXIT, status);
	}
	switch (actions[i].way) {
	case WAY_TARGET:
		return machine_power(s, actions[i].power, status);
	case WAY_FORCE:
		return shell_stop(s, actions[i].power, status);
	case WAY_IMMEDIATE:
		return send_power(s, actions[i].power, status, false);
	}
	return 0;
}

static bool is_target(const char *name)
{
	size_t n = strlen(name);

	return n > 7 && strcmp(name + n - 7, ".target") == 0;
}

static int reached(struct shell *s, const struct unit *u)
{
	struct wire_request q = {
		.type = WIRE_REACHED,
		.catalogue = u->catalogue,
		.entry = u->def_index,
	};

	return is_target(u->name) && u->def ? broker_send(&s->broker, &q) : 0;
}

int machine_boot_failed(struct shell *s, const char *name)
{
	int r;

	s->initial_job = 0;
	if (!s->hello.pid1) {
		return 0;
	}
	unitlog_plain(s, LOG_CRIT, "%s has failed: starting emergency.target", name);
	r = start_unit(s, "emergency.target", JOB_MODE_REPLACE);
	return r == 1 ? 0 : r;
}

int machine_job_removed(struct shell *s, const struct effect *e)
{
	const struct unit *u = engine_unit(s->engine, e->unit);
	bool start = e->kind == JOB_START || e->kind == JOB_RESTART;

	if (!s->hello.pid1 || !u || !start) {
		return 0;
	}
	if (e->job_result == JOB_DONE) {
		return reached(s, u);
	}
	if (e->job == s->initial_job && e->job_result != JOB_CANCELED &&
		e->job_result != JOB_SKIPPED && !s->stopping) {
		return machine_boot_failed(s, u->name);
	}
	return 0;
}
