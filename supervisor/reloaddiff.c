// SPDX-License-Identifier: MIT
#include "reloaddiff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"

/* The two sides of one unit. */
struct pair {
	struct reload_changes *c;
	const struct manifest *manifests[2];
	const struct manifest_unit *units[2];
};

static int add(struct reload_changes *c, const struct reload_change *row)
{
	if (!row->from || !row->to) {
		return -ENOMEM;
	}
	if (c->n >= RELOADDIFF_MAX) {
		c->n_dropped++;
		return 0;
	}
	/* Grows at powers of two. */
	if ((c->n & (c->n - 1)) == 0) {
		struct reload_change *rows =
			reallocarray(c->rows, c->n ? c->n * 2 : 1, sizeof(*rows));

		if (!rows) {
			return -ENOMEM;
		}
		c->rows = rows;
	}
	c->rows[c->n++] = *row;
	return 0;
}

static int add_if_other(struct pair *p, const char *setting, const char *from, const char *to)
{
	const struct reload_change row = { p->units[1]->name, setting, from ? from : "",
		to ? to : "" };

	return strcmp(row.from, row.to) == 0 ? 0 : add(p->c, &row);
}

/* ---- plain members ---- */

enum member_kind {
	MEMBER_TEXT,
	MEMBER_NUMBER,
	MEMBER_TIME,
	MEMBER_LOAD_STATE,
	MEMBER_INSTALL_STATE,
	MEMBER_SERVICE_TYPE,
	MEMBER_RESTART,
	MEMBER_KILL_MODE,
};

struct member {
	const char *setting;
	enum member_kind kind;
	size_t offset;
};

#define UNIT(member)    offsetof(struct manifest_unit, member)
#define SERVICE(member) offsetof(struct manifest_service, member)

static const struct member unit_members[] = {
	{ "LoadState", MEMBER_LOAD_STATE, UNIT(load_state) },
	{ "Description", MEMBER_TEXT, UNIT(description) },
	{ "FragmentPath", MEMBER_TEXT, UNIT(fragment_path) },
	{ "UnitFileState", MEMBER_INSTALL_STATE, UNIT(install_state) },
	{ "ControlGroup", MEMBER_TEXT, UNIT(cgroup) },
	{ "JobTimeoutSec", MEMBER_TIME, UNIT(job_timeout_us) },
	{ "JobRunningTimeoutSec", MEMBER_TIME, UNIT(job_running_timeout_us) },
	{ "StartLimitIntervalSec", MEMBER_TIME, UNIT(start_limit_interval_us) },
	{ "StartLimitBurst", MEMBER_NUMBER, UNIT(start_limit_burst) },
};

static const struct member service_members[] = {
	{ "Type", MEMBER_SERVICE_TYPE, SERVICE(type) },
	{ "Restart", MEMBER_RESTART, SERVICE(restart) },
	{ "RestartSec", MEMBER_TIME, SERVICE(restart_us) },
	{ "RestartSteps", MEMBER_NUMBER, SERVICE(restart_steps) },
	{ "RestartMaxDelaySec", MEMBER_TIME, SERVICE(restart_max_delay_us) },
	{ "TimeoutStartSec", MEMBER_TIME, SERVICE(timeout_start_us) },
	{ "TimeoutStopSec", MEMBER_TIME, SERVICE(timeout_stop_us) },
	{ "TimeoutAbortSec", MEMBER_TIME, SERVICE(timeout_abort_us) },
	{ "TimeoutCleanSec", MEMBER_TIME, SERVICE(timeout_clean_us) },
	{ "RuntimeMaxSec", MEMBER_TIME, SERVICE(runtime_max_us) },
	{ "WatchdogSec", MEMBER_TIME, SERVICE(watchdog_us) },
	{ "RemainAfterExit", MEMBER_NUMBER, SERVICE(remain_after_exit) },
	{ "PIDFile", MEMBER_TEXT, SERVICE(pid_file) },
	{ "BusName", MEMBER_TEXT, SERVICE(bus_name) },
	{ "KillMode", MEMBER_KILL_MODE, SERVICE(kill_mode) },
	{ "KillSignal", MEMBER_NUMBER, SERVICE(kill_signal) },
	{ "FinalKillSignal", MEMBER_NUMBER, SERVICE(final_kill_signal) },
	{ "FileDescriptorStoreMax", MEMBER_NUMBER, SERVICE(fdstore_max) },
	{ "User", MEMBER_TEXT, SERVICE(user) },
	{ "Group", MEMBER_TEXT, SERVICE(group) },
	{ "Profile", MEMBER_TEXT, SERVICE(profile) },
	{ "StandardOutput", MEMBER_TEXT, SERVICE(status_stdout) },
};

static const char *time_text(struct arena *a, uint64_t us)
{
	if (us == UINT64_MAX) {
		return "infinity";
	}
	return us % 1000000 == 0 ? arena_printf(a, "%" PRIu64 "s", us / 1000000)
				 : arena_printf(a, "%" PRIu64 "ms", us / 1000);
}

static const char *member_text(struct arena *a, const void *base, const struct member *m)
{
	const void *at = (const char *)base + m->offset;
	const char *text = NULL;

	switch (m->kind) {
	case MEMBER_TEXT:
		text = *(const char *const *)at;
		return text ? text : "";
	case MEMBER_NUMBER:
		return arena_printf(a, "%" PRIu32, *(const uint32_t *)at);
	case MEMBER_TIME:
		return time_text(a, *(const uint64_t *)at);
	case MEMBER_LOAD_STATE:
		return load_state_to_string((enum unit_load_state) * (const uint32_t *)at);
	case MEMBER_INSTALL_STATE:
		return install_state_to_string(
			(enum manifest_install_state) * (const uint32_t *)at);
	case MEMBER_SERVICE_TYPE:
		return service_type_to_string((enum service_type) * (const uint32_t *)at);
	case MEMBER_RESTART:
		return service_restart_to_string((enum service_restart) * (const uint32_t *)at);
	case MEMBER_KILL_MODE:
		return kill_mode_to_string((enum kill_mode) * (const uint32_t *)at);
	}
	return text;
}

static int compare_members(
	struct pair *p, const void *const base[2], const struct member *members, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const char *from = member_text(&p->c->arena, base[0], &members[i]);
		const char *to = member_text(&p->c->arena, base[1], &members[i]);

		r = add_if_other(p, members[i].setting, from, to);
	}
	return r;
}

/* ---- lists ---- */

static bool has_dep(const struct pair *p, int side, const struct manifest_dep *dep)
{
	const struct manifest_unit *u = p->units[side];
	const char *name = manifest_unit_at(p->manifests[!side], dep->unit)->name;
	const struct manifest_dep *deps = u->deps.items;

	for (uint32_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind == dep->kind && deps[i].implicit == dep->implicit &&
			strcmp(manifest_unit_at(p->manifests[side], deps[i].unit)->name, name) ==
				0) {
			return true;
		}
	}
	return false;
}

/* Dependencies that one side has and the other has not. */
static int compare_deps(struct pair *p)
{
	int r = 0;

	for (int side = 0; side < 2; side++) {
		const struct manifest_unit *u = p->units[side];
		const struct manifest_dep *deps = u->deps.items;

		for (uint32_t i = 0; i < u->deps.n && r == 0; i++) {
			const char *name = manifest_unit_at(p->manifests[side], deps[i].unit)->name;

			if (deps[i].implicit || has_dep(p, !side, &deps[i])) {
				continue;
			}
			r = add_if_other(p, dep_kind_to_string((enum dep_kind)deps[i].kind),
				side ? "" : name, side ? name : "");
		}
	}
	return r;
}

static const char *find_property(const struct manifest_unit *u, const char *name)
{
	struct manifest_property row;
	uint32_t cursor = 0;

	while (manifest_next_property(u, &cursor, &row)) {
		if (strcmp(row.name, name) == 0) {
			return row.value;
		}
	}
	return NULL;
}

static int compare_properties(struct pair *p)
{
	struct manifest_property row;
	uint32_t cursor = 0;
	int r = 0;

	while (r == 0 && manifest_next_property(p->units[1], &cursor, &row)) {
		r = add_if_other(p, row.name, find_property(p->units[0], row.name), row.value);
	}
	cursor = 0;
	while (r == 0 && manifest_next_property(p->units[0], &cursor, &row)) {
		if (!find_property(p->units[1], row.name)) {
			r = add_if_other(p, row.name, row.value, "");
		}
	}
	return r;
}

static const char *command_text(struct arena *a, const struct manifest_command *c)
{
	const char *text = c->path;

	for (uint32_t i = 1; i < c->argv.n && text; i++) {
		text = arena_printf(a, "%s %s", text, c->argv.items[i]);
	}
	return text;
}

/* All commands of a phase, as one text. */
static const char *phase_text(struct arena *a, const struct manifest_unit *u, unsigned phase)
{
	const struct manifest_command *rows = u->commands.items;
	const char *text = "";

	for (uint32_t i = 0; i < u->commands.n && text; i++) {
		const char *one;

		if (rows[i].phase != phase) {
			continue;
		}
		one = command_text(a, &rows[i]);
		text = !one ? NULL : *text ? arena_printf(a, "%s ; %s", text, one) : one;
	}
	return text;
}

static int compare_commands(struct pair *p)
{
	int r = 0;

	for (unsigned phase = 0; phase < EXEC_PHASE_COUNT && r == 0; phase++) {
		const char *name = exec_phase_to_string((enum exec_phase)phase);
		const char *from = phase_text(&p->c->arena, p->units[0], phase);
		const char *to = phase_text(&p->c->arena, p->units[1], phase);

		r = from && to ? add_if_other(p, name, from, to) : -ENOMEM;
	}
	return r;
}

/* ---- units ---- */

static bool is_same(const struct manifest_unit *a, const struct manifest_unit *b)
{
	return a->config_hash_lo == b->config_hash_lo && a->config_hash_hi == b->config_hash_hi &&
	       a->load_state == b->load_state && a->install_state == b->install_state &&
	       (a->flags & UNIT_STALE) == (b->flags & UNIT_STALE);
}

static int compare_unit(struct pair *p)
{
	uint32_t before = p->c->n + p->c->n_dropped;
	const void *const units[2] = { p->units[0], p->units[1] };
	int r = compare_members(p, units, unit_members, ELEMENTSOF(unit_members));

	if (r == 0 && p->units[0]->service.n && p->units[1]->service.n) {
		const void *const services[2] = { p->units[0]->service.items,
			p->units[1]->service.items };

		r = compare_members(p, services, service_members, ELEMENTSOF(service_members));
	}
	r = r == 0 ? compare_deps(p) : r;
	r = r == 0 ? compare_commands(p) : r;
	r = r == 0 ? compare_properties(p) : r;
	if (r == 0 && (p->units[1]->flags & UNIT_STALE) && !(p->units[0]->flags & UNIT_STALE)) {
		r = add_if_other(p, "", "", "broken file, the old definition is kept");
	}
	/* Environment=, conditions and the like are not told apart in a manifest. */
	if (r == 0 && p->c->n + p->c->n_dropped == before &&
		(p->units[0]->config_hash_lo != p->units[1]->config_hash_lo ||
			p->units[0]->config_hash_hi != p->units[1]->config_hash_hi)) {
		r = add_if_other(p, "", "", "other settings");
	}
	return r;
}

static int add_unit(struct reload_changes *c, const struct manifest_unit *u, bool came)
{
	const char *state = load_state_to_string((enum unit_load_state)u->load_state);
	const struct reload_change row = { u->name, "", came ? "" : state, came ? state : "" };

	return u->load_state == LOAD_NOT_FOUND ? 0 : add(c, &row);
}

int reloaddiff_compute(
	const struct manifest *from, const struct manifest *to, struct reload_changes *ret)
{
	uint32_t i = 0, k = 0, n = from ? from->units.n : 0;
	int r = 0;

	*ret = (struct reload_changes) { 0 };
	arena_init(&ret->arena);
	while (r == 0 && (i < n || k < to->units.n)) {
		const struct manifest_unit *a = i < n ? manifest_unit_at(from, i) : NULL;
		const struct manifest_unit *b = k < to->units.n ? manifest_unit_at(to, k) : NULL;
		int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);

		if (order == 0) {
			struct pair p = { ret, { from, to }, { a, b } };

			r = is_same(a, b) ? 0 : compare_unit(&p);
		} else {
			r = order < 0 ? add_unit(ret, a, false) : add_unit(ret, b, true);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return r;
}

void reloaddiff_fini(struct reload_changes *c)
{
	free(c->rows);
	arena_fini(&c->arena);
	*c = (struct reload_changes) { 0 };
}
