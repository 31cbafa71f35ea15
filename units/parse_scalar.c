// SPDX-License-Identifier: MIT
#include "parsers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/signals.h"
#include "expand.h"
#include "values.h"

int parse_bool(struct setting_context *c)
{
	return value_parse_bool(c->value, c->target) == 0
		       ? 0
		       : setting_error(c, 0, "\"%.64s\" is neither yes nor no", c->value);
}

int parse_bool_flag(struct setting_context *c)
{
	bool on = false;
	uint32_t *flags = c->target;

	if (value_parse_bool(c->value, &on) != 0) {
		return setting_error(c, 0, "\"%.64s\" is neither yes nor no", c->value);
	}
	*flags = on ? *flags | (uint32_t)c->row->arg : *flags & ~(uint32_t)c->row->arg;
	return 0;
}

int parse_collect_mode(struct setting_context *c)
{
	uint32_t *flags = c->target;

	*flags &= ~(uint32_t)UNIT_COLLECT_FAILED;
	if (strcmp(c->value, "inactive-or-failed") == 0) {
		*flags |= UNIT_COLLECT_FAILED;
	} else if (*c->value && strcmp(c->value, "inactive") != 0) {
		return setting_error(
			c, 0, "\"%.64s\" is neither inactive nor inactive-or-failed", c->value);
	}
	return 0;
}

int parse_bool_int(struct setting_context *c)
{
	bool on = false;

	if (value_parse_bool(c->value, &on) != 0) {
		return setting_error(c, 0, "\"%.64s\" is neither yes nor no", c->value);
	}
	*(int *)c->target = on;
	return 0;
}

int parse_string(struct setting_context *c)
{
	const char **target = c->target;
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r == 0) {
		*target = *text ? text : NULL;
	}
	return r;
}

/* The D-Bus specification's well-known names: elements of letters, digits, '_' and '-'. */
static bool is_bus_name(const char *name)
{
	bool dot = false;
	bool begins = true;

	for (const char *p = name; *p; p++) {
		bool digit = *p >= '0' && *p <= '9';

		if (*p == '.') {
			if (begins) {
				return false;
			}
			dot = begins = true;
			continue;
		}
		if (!(digit && !begins) && !(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
			*p != '_' && *p != '-') {
			return false;
		}
		begins = false;
	}
	return dot && !begins && strlen(name) <= 255;
}

int parse_bus_name(struct setting_context *c)
{
	const char **target = c->target;
	int r = parse_string(c);

	if (r == 0 && *target && !is_bus_name(*target)) {
		return setting_error(
			c, 0, "\"%.128s\" is not a D-Bus name such as org.example.Name", *target);
	}
	return r;
}

static int store_path(struct setting_context *c, const char *text)
{
	char *path = arena_strdup(c->arena, text);

	if (!path) {
		return -ENOMEM;
	}
	if (!value_is_path(path)) {
		return setting_error(
			c, 0, "\"%.128s\" is not an absolute path without \"..\"", text);
	}
	value_simplify_path(path);
	*(const char **)c->target = path;
	return 0;
}

int parse_path(struct setting_context *c)
{
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r == 0 && !*text) {
		*(const char **)c->target = NULL;
		return 0;
	}
	return r == 0 ? store_path(c, text) : r;
}

int parse_pid_file(struct setting_context *c)
{
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r == 0 && *text && *text != '/') {
		text = arena_printf(c->arena, "/run/%s", text);
		r = text ? 0 : -ENOMEM;
	}
	if (r == 0 && strncmp(text, "/var/run/", 9) == 0) {
		text += 4;
	}
	if (r == 0 && !*text) {
		*(const char **)c->target = NULL;
		return 0;
	}
	return r == 0 ? store_path(c, text) : r;
}

static int timespan(struct setting_context *c, uint64_t *ret)
{
	if (value_parse_timespan(c->value, 1000000, ret) == 0) {
		return 0;
	}
	return setting_error(c, 0, "\"%.64s\" is not a time span such as \"5min 20s\"", c->value);
}

int parse_seconds(struct setting_context *c)
{
	return timespan(c, c->target);
}

/* Empty or infinity is the default; the kernel takes no threshold of nothing. */
int parse_pressure_threshold(struct setting_context *c)
{
	uint64_t us = 0;
	int r = timespan(c, &us);

	if (r < 0) {
		return r;
	}
	if (!*c->value || us == VALUE_INFINITY) {
		us = UNIT_PRESSURE_THRESHOLD_US;
	}
	if (us > PLAN_PRESSURE_WINDOW_US) {
		setting_warning(c, "%s=: pressure is measured in windows of 2 s, so 2 s is taken",
			c->row->name);
		us = PLAN_PRESSURE_WINDOW_US;
	}
	*(uint64_t *)c->target = us ? us : 1;
	return 0;
}

int parse_timeout(struct setting_context *c)
{
	uint64_t *target = c->target;
	int r = timespan(c, target);

	if (r == 0 && *target == 0) {
		*target = VALUE_INFINITY;
	}
	return r;
}

int parse_timeout_start(struct setting_context *c)
{
	int r;

	c->target = &c->unit->service->timeout_start_us;
	r = parse_timeout(c);
	if (r == 0 && *c->value) {
		c->unit->service->timeout_start_set = true; /* no value is ignored */
	}
	return r;
}

int parse_timeout_stop(struct setting_context *c)
{
	c->target = &c->unit->service->timeout_stop_us;
	return parse_timeout(c);
}

int parse_timeout_abort(struct setting_context *c)
{
	c->target = &c->unit->service->timeout_abort_us;
	c->unit->service->timeout_abort_set = *c->value != '\0';
	return *c->value ? parse_timeout(c) : 0;
}

int parse_timeout_both(struct setting_context *c)
{
	int r = parse_timeout_start(c);

	return r == 0 ? parse_timeout_stop(c) : r;
}

int parse_job_timeout(struct setting_context *c)
{
	int r = parse_timeout(c);

	/* JobTimeoutSec= alone bounds the running time too. */
	if (r == 0 && !unit_setting_origin(c->unit, "JobRunningTimeoutSec")) {
		c->unit->job_running_timeout_us = c->unit->job_timeout_us;
	}
	return r;
}

int parse_nanoseconds(struct setting_context *c)
{
	return value_parse_timespan_ns(c->value, c->target) == 0
		       ? 0
		       : setting_error(c, 0, "\"%.64s\" is not a time span such as 50us or 50000",
				 c->value);
}

int parse_u32(struct setting_context *c)
{
	uint32_t v = 0;

	if (number_parse_u32(c->value, &v) != 0 || (c->row->arg && v > (uint32_t)c->row->arg)) {
		return setting_error(c, 0, "\"%.64s\" is not a number from 0 to %u", c->value,
			c->row->arg ? (uint32_t)c->row->arg : UINT32_MAX);
	}
	*(uint32_t *)c->target = v;
	return 0;
}

int parse_exit_status(struct setting_context *c)
{
	uint32_t v = 0;

	if (number_parse_u32(c->value, &v) != 0 || v > 255) {
		return setting_error(
			c, 0, "\"%.64s\" is not an exit status from 0 to 255", c->value);
	}
	*(uint32_t *)c->target = v + 1;
	return 0;
}

int parse_fdstore_max(struct setting_context *c)
{
	uint32_t v = 0;

	if (number_parse_u32(c->value, &v) != 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not a number from 0 to 4294967295", c->value);
	}
	if (v > LIMIT_FDSTORE_PER_UNIT) {
		setting_warning(c, "%s=: at most %u descriptors are kept", c->row->name,
			LIMIT_FDSTORE_PER_UNIT);
		v = LIMIT_FDSTORE_PER_UNIT;
	}
	*(uint32_t *)c->target = v;
	return 0;
}

int parse_mode(struct setting_context *c)
{
	mode_t mode = 0;

	if (number_parse_mode(c->value, &mode) != 0) {
		return setting_error(c, 0, "\"%.64s\" is not an octal mode", c->value);
	}
	*(uint32_t *)c->target = mode;
	return 0;
}

int parse_umask(struct setting_context *c)
{
	int r = parse_mode(c);

	if (r == 0 && *(uint32_t *)c->target > 0777) {
		return setting_error(c, 0, "a umask has nine bits");
	}
	c->unit->exec->umask_set = true;
	return r;
}

int parse_signal(struct setting_context *c)
{
	int signo = signal_from_name(c->value);

	if (signo <= 0) {
		return setting_error(c, 0,
			"\"%.64s\" is not a signal such as SIGTERM, HUP or RTMIN+3", c->value);
	}
	*(uint32_t *)c->target = (uint32_t)signo;
	return 0;
}

/* "yes" and "no" of the settings that once were booleans. */
static const char *bool_alias(long kind, const char *text)
{
	bool on = false;

	if (kind != ENUM_PROTECT_SYSTEM && kind != ENUM_PROTECT_HOME &&
		kind != ENUM_FDSTORE_PRESERVE) {
		return text;
	}
	if (value_parse_bool(text, &on) != 0) {
		return text;
	}
	return on ? "yes" : "no";
}

static const struct {
	int (*read)(const char *text);
	const char *(*word)(unsigned value);
} enum_readers[] = {
	[ENUM_SERVICE_TYPE] = { service_type_from_string, service_type_to_string },
	[ENUM_RESTART] = { service_restart_from_string, service_restart_to_string },
	[ENUM_RESTART_MODE] = { restart_mode_from_string, restart_mode_to_string },
	[ENUM_EXIT_TYPE] = { exit_type_from_string, exit_type_to_string },
	[ENUM_KILL_MODE] = { kill_mode_from_string, kill_mode_to_string },
	[ENUM_NOTIFY_ACCESS] = { notify_access_from_string, notify_access_to_string },
	[ENUM_TIMEOUT_FAILURE] = { timeout_failure_mode_from_string,
		timeout_failure_mode_to_string },
	[ENUM_OOM_POLICY] = { oom_policy_from_string, oom_policy_to_string },
	[ENUM_FDSTORE_PRESERVE] = { fdstore_preserve_from_string, fdstore_preserve_to_string },
	[ENUM_EMERGENCY_ACTION] = { emergency_action_from_string, emergency_action_to_string },
	[ENUM_PROTECT_SYSTEM] = { protect_system_from_string, protect_system_to_string },
	[ENUM_PROTECT_HOME] = { protect_home_from_string, protect_home_to_string },
	[ENUM_PROTECT_PROC] = { protect_proc_from_string, protect_proc_to_string },
	[ENUM_KEYRING] = { keyring_mode_from_string, keyring_mode_to_string },
	[ENUM_PRESSURE_WATCH] = { pressure_watch_from_string, pressure_watch_to_string },
	[ENUM_DEVICE_POLICY] = { device_policy_from_string, device_policy_to_string },
	[ENUM_PROFILE] = { NULL, NULL },
};
_Static_assert(sizeof(enum_readers) / sizeof(enum_readers[0]) == ENUM_KIND_COUNT, "enums drifted");

#define ENUM_VALUES 32u
#define ENUM_WORDS  256u

/* "simple, exec, forking" */
static void list_words(long kind, char words[ENUM_WORDS])
{
	size_t used = 0;

	words[0] = '\0';
	for (unsigned i = 0; i < ENUM_VALUES; i++) {
		const char *word = enum_readers[kind].word(i);

		if (word && used < ENUM_WORDS) {
			used += (size_t)snprintf(
				words + used, ENUM_WORDS - used, "%s%s", used ? ", " : "", word);
		}
	}
}

int parse_enum(struct setting_context *c)
{
	int v = enum_readers[c->row->arg].read(bool_alias(c->row->arg, c->value));
	char words[ENUM_WORDS];

	if (v < 0) {
		list_words(c->row->arg, words);
		return setting_error(c, 0, "\"%.64s\" is not a value of %s=; there are %s",
			c->value, c->row->name, words);
	}
	*(int *)c->target = v;
	return 0;
}

/* Values of settings without effect that ask for nothing, or for what is so anyway. */
static const struct {
	const char *name;
	const char *values[4];
} asks_nothing[] = {
	{ "BlockIOAccounting", { "" } }, /* "": all, for it is on where there is a controller */
	{ "CPUAccounting", { "" } },
	{ "IOAccounting", { "" } },
	{ "IPAccounting", { "no", "false", "off", "0" } },
	{ "ManagedOOMMemoryPressure", { "auto" } },
	{ "ManagedOOMMemoryPressureLimit", { "0", "0%" } },
	{ "ManagedOOMPreference", { "none" } },
	{ "ManagedOOMSwap", { "auto" } },
	{ "MemoryAccounting", { "" } },
	{ "SysVStartPriority", { "" } },
	{ "TTYVHangup", { "no", "false", "off", "0" } },
	{ "TTYVTDisallocate", { "no", "false", "off", "0" } },
	{ "TasksAccounting", { "" } },
};

static bool asks_for_something(const struct setting_context *c)
{
	bool asks = c->value[0] != '\0';

	for (size_t i = 0; i < ELEMENTSOF(asks_nothing); i++) {
		for (size_t v = 0; v < 4 && strcmp(asks_nothing[i].name, c->row->name) == 0; v++) {
			const char *value = asks_nothing[i].values[v];

			asks &= !value || (value[0] && strcmp(value, c->value) != 0);
		}
	}
	return asks;
}

int parse_ignored(struct setting_context *c)
{
	if (asks_for_something(c)) {
		setting_unsupported(c, "%s=%.64s has no effect here", c->row->name, c->value);
	}
	return 0;
}
