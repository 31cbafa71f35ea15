// SPDX-License-Identifier: MIT
#include "defaults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"

static const struct unit_command *command_at(const struct unit *u, size_t i)
{
	return (const struct unit_command *)u->service->commands.items + i;
}

static size_t count_phase(const struct unit *u, enum exec_phase phase)
{
	size_t n = 0;

	for (size_t i = 0; i < u->service->commands.n; i++) {
		n += command_at(u, i)->phase == phase;
	}
	return n;
}

/* Stable: a counting pass per phase. */
static int sort_commands(const struct defaults_context *c, struct unit *u)
{
	struct list *commands = &u->service->commands;
	struct unit_command *sorted = arena_alloc_array(c->arena, commands->n + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted) {
		return -ENOMEM;
	}
	for (unsigned phase = 0; phase < EXEC_PHASE_COUNT; phase++) {
		for (size_t i = 0; i < commands->n; i++) {
			if (command_at(u, i)->phase == phase) {
				sorted[n++] = *command_at(u, i);
			}
		}
	}
	commands->items = sorted;
	commands->capacity = commands->n;
	return 0;
}

static int default_slice(const struct defaults_context *c, struct unit *u)
{
	struct unit_name_parts parts;
	char prefix[LIMIT_UNIT_NAME], escaped[LIMIT_UNIT_NAME];

	if (u->cgroup.slice) {
		return 0;
	}
	u->cgroup.slice = "system.slice";
	if (unit_name_classify(u->name) == UNIT_NAME_PLAIN ||
		unit_name_split(u->name, &parts) != 0) {
		return 0;
	}
	memcpy(prefix, u->name, parts.prefix_len);
	prefix[parts.prefix_len] = '\0';
	if (unit_name_escape(prefix, escaped, sizeof(escaped)) == 0) {
		u->cgroup.slice = arena_printf(c->arena, "system-%s.slice", escaped);
	}
	return u->cgroup.slice ? 0 : -ENOMEM;
}

static void resolve_service(struct unit *u)
{
	struct unit_service *s = u->service;
	bool oneshot;

	if (s->type < 0) {
		s->type = s->bus_name                       ? SERVICE_DBUS
			  : count_phase(u, PHASE_START) > 0 ? SERVICE_SIMPLE
							    : SERVICE_ONESHOT;
	}
	oneshot = s->type == SERVICE_ONESHOT;
	if (oneshot && !s->timeout_start_set) {
		s->timeout_start_us = UINT64_MAX;
	}
	if (!s->timeout_abort_set) {
		s->timeout_abort_us = s->timeout_stop_us;
	}
	/* systemd.service(5): "missing or set to none" */
	if (s->notify_access < 0 || s->notify_access == NOTIFY_NONE) {
		bool notifies = s->type == SERVICE_NOTIFY || s->type == SERVICE_NOTIFY_RELOAD ||
				s->watchdog_us > 0 || s->fdstore_max > 0;

		s->notify_access = notifies ? NOTIFY_MAIN : NOTIFY_NONE;
	}
	if (s->oom_policy < 0) {
		s->oom_policy = u->cgroup.delegate ? OOM_POLICY_CONTINUE : OOM_POLICY_STOP;
	}
	u->cgroup.oom_group = s->oom_policy == OOM_POLICY_KILL;
}

/* systemd.exec(5), DynamicUser=: these cannot be turned off beside it. */
static void resolve_dynamic_user(struct unit_exec *e)
{
	if (!e->dynamic_user) {
		return;
	}
	e->protect_system = PROTECT_SYSTEM_STRICT;
	e->protect_home =
		e->protect_home == PROTECT_HOME_NO ? PROTECT_HOME_READ_ONLY : e->protect_home;
	e->private_tmp = true;
	e->remove_ipc = true;
	e->no_new_privileges = true;
	e->restrict_suid_sgid = true;
}

int defaults_resolve(const struct defaults_context *c, struct unit *u)
{
	if (defaults_resolve_trigger(c, u) != 0 || defaults_resolve_timer(c, u) != 0 ||
		defaults_resolve_mount(c, u) != 0) {
		return -ENOMEM;
	}
	if (!u->service) {
		return 0;
	}
	if (sort_commands(c, u) != 0 || default_slice(c, u) != 0 ||
		defaults_resolve_log(c, u) != 0) {
		return -ENOMEM;
	}
	resolve_service(u);
	resolve_dynamic_user(u->exec);
	return 0;
}

void defaults_refuse(
	const struct defaults_context *c, struct unit *u, const char *setting, const char *text)
{
	const char *origin = unit_setting_origin(u, setting);
	const char *colon = origin ? strrchr(origin, ':') : NULL;
	const char *base = u->fragment_path ? strrchr(u->fragment_path, '/') : NULL;
	struct diag_place place = { .file = u->fragment_path, .unit = u->name };

	/* The line is known when the setting stands in the fragment itself. */
	if (colon && base && strncmp(base + 1, origin, (size_t)(colon - origin)) == 0) {
		place.line = (uint32_t)strtoul(colon + 1, NULL, 10);
	}
	diag_add(c->d, &place, SEVERITY_ERROR, "%s", text);
	u->refused = true;
}

/* Only one unit can be isolated to. */
static void check_isolate(const struct defaults_context *c, struct unit *u)
{
	const struct unit_dep *deps = u->deps.items;
	const char *first = NULL;

	for (size_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind != DEP_ON_FAILURE || (first && strcmp(first, deps[i].name) == 0)) {
			continue;
		}
		if (first) {
			defaults_refuse(c, u, "OnFailureJobMode",
				"OnFailureJobMode=isolate goes with one unit in OnFailure= only");
			return;
		}
		first = deps[i].name;
	}
}

void defaults_check(const struct defaults_context *c, struct unit *u)
{
	const struct unit_service *s = u->service;
	size_t starts, stops;
	bool oneshot;

	defaults_check_trigger(c, u);
	defaults_check_timer(c, u);
	defaults_check_mount(c, u);
	if (u->on_failure_job_mode && strcmp(u->on_failure_job_mode, "isolate") == 0) {
		check_isolate(c, u);
	}
	if (u->type != UNIT_SERVICE || u->refused) {
		return;
	}
	starts = count_phase(u, PHASE_START);
	stops = count_phase(u, PHASE_STOP);
	oneshot = s->type == SERVICE_ONESHOT;
	if (starts == 0 && stops == 0 && u->success_action == ACTION_NONE) {
		defaults_refuse(c, u, "Type",
			"no ExecStart=, no ExecStop= and no SuccessAction= in [Service]");
		return;
	}
	if (!oneshot && starts == 0) {
		defaults_refuse(
			c, u, "Type", "only a service of Type=oneshot can do without ExecStart=");
	}
	if (!oneshot && starts > 1) {
		defaults_refuse(c, u, "ExecStart", "more than one ExecStart= needs Type=oneshot");
	}
	if (oneshot && starts == 0 && !s->remain_after_exit && u->success_action == ACTION_NONE) {
		defaults_refuse(
			c, u, "Type", "without ExecStart= a oneshot needs RemainAfterExit=yes");
	}
	if (oneshot && (s->restart == RESTART_ALWAYS || s->restart == RESTART_ON_SUCCESS)) {
		defaults_refuse(c, u, "Restart",
			"Restart=always and on-success would run a oneshot for ever; use "
			"on-failure");
	}
	if (oneshot && s->exit_type == EXIT_TYPE_CGROUP) {
		defaults_refuse(c, u, "ExitType", "ExitType=cgroup does not go with Type=oneshot");
	}
	if (s->type == SERVICE_DBUS && !s->bus_name) {
		defaults_refuse(c, u, "Type", "Type=dbus needs BusName=");
	}
}

/* ---- dependencies ---- */

int defaults_add(
	const struct defaults_context *c, struct unit *u, enum dep_kind kind, const char *name)
{
	struct unit_dep dep = {
		.kind = kind, .name = name, .implicit = true, .origin = "default dependency"
	};

	return unit_add_dep(u, c->arena, &dep);
}

static const struct {
	enum unit_type type;
	enum dep_kind kind;
	const char *name;
} default_deps[] = {
	{ UNIT_SERVICE, DEP_REQUIRES, "sysinit.target" },
	{ UNIT_SERVICE, DEP_AFTER, "sysinit.target" },
	{ UNIT_SERVICE, DEP_AFTER, "basic.target" },
	{ UNIT_SERVICE, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_SERVICE, DEP_BEFORE, "shutdown.target" },
	{ UNIT_SOCKET, DEP_BEFORE, "sockets.target" },
	{ UNIT_SOCKET, DEP_REQUIRES, "sysinit.target" },
	{ UNIT_SOCKET, DEP_AFTER, "sysinit.target" },
	{ UNIT_SOCKET, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_SOCKET, DEP_BEFORE, "shutdown.target" },
	{ UNIT_PATH, DEP_BEFORE, "paths.target" },
	{ UNIT_PATH, DEP_REQUIRES, "sysinit.target" },
	{ UNIT_PATH, DEP_AFTER, "sysinit.target" },
	{ UNIT_PATH, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_PATH, DEP_BEFORE, "shutdown.target" },
	{ UNIT_TIMER, DEP_BEFORE, "timers.target" },
	{ UNIT_TIMER, DEP_REQUIRES, "sysinit.target" },
	{ UNIT_TIMER, DEP_AFTER, "sysinit.target" },
	{ UNIT_TIMER, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_TIMER, DEP_BEFORE, "shutdown.target" },
	{ UNIT_TARGET, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_TARGET, DEP_BEFORE, "shutdown.target" },
	{ UNIT_SLICE, DEP_CONFLICTS, "shutdown.target" },
	{ UNIT_SLICE, DEP_BEFORE, "shutdown.target" },
};

/* The names that the unit orders itself against by its own lines. -ENOMEM. */
static int find_ordered(const struct unit *u, struct arena *arena, struct namemap *ret)
{
	const struct unit_dep *deps = u->deps.items;
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->deps.n; i++) {
		if (deps[i].kind == DEP_BEFORE || deps[i].kind == DEP_AFTER) {
			r = namemap_put(ret, arena, deps[i].name, u->deps.items);
		}
	}
	return r;
}

const char defaults_target_order[] = "default dependency of a target";

static int add_target_order(const struct defaults_context *c, struct unit *u, const char *name)
{
	struct unit_dep dep = {
		.kind = DEP_AFTER, .name = name, .implicit = true, .origin = defaults_target_order
	};

	return unit_add_dep(u, c->arena, &dep);
}

/* A target comes after what it pulls in, unless it says otherwise. */
static int order_target(const struct defaults_context *c, struct unit *u)
{
	struct namemap ordered = { 0 };
	size_t n = u->deps.n;

	if (find_ordered(u, c->arena, &ordered) != 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const struct unit_dep *dep = (const struct unit_dep *)u->deps.items + i;
		const char *name = dep->name;
		bool pulls = dep->kind == DEP_REQUIRES || dep->kind == DEP_REQUISITE ||
			     dep->kind == DEP_WANTS || dep->kind == DEP_BINDS_TO ||
			     dep->kind == DEP_UPHOLDS;

		if (pulls && !namemap_get(&ordered, name) &&
			(add_target_order(c, u, name) != 0 ||
				namemap_put(&ordered, c->arena, name, u) != 0)) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* "a-b-c.slice" is in "a-b.slice"; a top one is in the root slice. */
static int add_parent_slice(const struct defaults_context *c, struct unit *u)
{
	const char *dash = strrchr(u->name, '-');
	char *parent;

	if (!dash || dash == u->name) {
		return 0;
	}
	parent = arena_printf(c->arena, "%.*s.slice", (int)(dash - u->name), u->name);
	if (!parent || defaults_add(c, u, DEP_REQUIRES, parent) != 0) {
		return -ENOMEM;
	}
	return defaults_add(c, u, DEP_AFTER, parent);
}

int defaults_add_mounts(const struct defaults_context *c, struct unit *u, const char *path)
{
	char part[LIMIT_PATH], name[LIMIT_UNIT_NAME];
	size_t n = strlen(path);

	for (size_t i = 1; i <= n; i++) {
		const struct scan_entry *entry;
		const char *copy;

		if (path[i] != '/' && path[i] != '\0') {
			continue;
		}
		memcpy(part, path, i);
		part[i] = '\0';
		if (unit_name_escape_path(part, name, sizeof(name) - 6) != 0) {
			continue;
		}
		strcat(name, ".mount");
		/* Drop-ins alone make no unit, and one that is masked is not waited for. */
		entry = scan_get(c->scan, name);
		if (!entry || entry->masked ||
			(!entry->fragment && !entry->alias_of && !entry->fstab)) {
			continue;
		}
		copy = arena_strdup(c->arena, name);
		if (!copy || defaults_add(c, u, DEP_REQUIRES, copy) != 0 ||
			defaults_add(c, u, DEP_AFTER, copy) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* What a command needs to be mounted: systemd.exec(5), "Implicit dependencies". */
static int add_exec_mounts(const struct defaults_context *c, struct unit *u)
{
	static const char *const tops[PLAN_DIR_KIND_COUNT] = {
		[PLAN_DIR_RUNTIME] = "/run",
		[PLAN_DIR_STATE] = "/var/lib",
		[PLAN_DIR_CACHE] = "/var/cache",
		[PLAN_DIR_LOGS] = "/var/log",
		[PLAN_DIR_CONFIGURATION] = "/etc",
	};
	const struct unit_exec *e = u->exec;
	const char *const paths[] = { e->working_directory_missing_ok ? NULL : e->working_directory,
		e->root_directory, e->root_image, e->private_tmp ? "/tmp" : NULL,
		e->private_tmp ? "/var/tmp" : NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(paths); i++) {
		r = paths[i] ? defaults_add_mounts(c, u, paths[i]) : 0;
	}
	for (size_t kind = 0; kind < PLAN_DIR_KIND_COUNT; kind++) {
		const struct unit_dir *dirs = e->dirs[kind].names.items;

		for (size_t i = 0; r == 0 && i < e->dirs[kind].names.n; i++) {
			const char *path =
				arena_printf(c->arena, "%s/%s", tops[kind], dirs[i].name);

			r = path ? defaults_add_mounts(c, u, path) : -ENOMEM;
		}
	}
	return r;
}

/* It writes below /var, which may be part of the root file system. */
static bool keeps_files(const struct unit_exec *e)
{
	return e->dirs[PLAN_DIR_STATE].names.n || e->dirs[PLAN_DIR_CACHE].names.n ||
	       e->dirs[PLAN_DIR_LOGS].names.n;
}

static int add_service_deps(const struct defaults_context *c, struct unit *u)
{
	const struct unit_item *sockets = u->service->sockets.items;
	bool executes = !u->socket || u->service->commands.n;
	bool logs = false;
	int r = 0;

	/* A socket that logs must not wait for journald's own. */
	for (int i = 1; i < 3 && executes; i++) {
		logs = logs || u->exec->stdio[i].kind == STDIO_LOG ||
		       u->exec->stdio[i].kind == STDIO_LOG_CONSOLE;
	}
	r = defaults_add(c, u, DEP_REQUIRES, u->cgroup.slice);
	r = r == 0 ? defaults_add(c, u, DEP_AFTER, u->cgroup.slice) : r;
	if (r == 0 && logs) {
		r = defaults_add(c, u, DEP_AFTER, "systemd-journald.socket");
	}
	if (r == 0 && !u->mount && executes) {
		r = add_exec_mounts(c, u);
	}
	r = r == 0 && executes ? defaults_log_deps(c, u) : r;
	if (r == 0 && executes && keeps_files(u->exec)) {
		r = defaults_add(c, u, DEP_AFTER, "systemd-remount-fs.service");
	}
	if (r == 0 && executes && u->exec->private_tmp) {
		r = defaults_add(c, u, DEP_AFTER, "systemd-tmpfiles-setup.service");
	}
	if (r == 0 && u->service->type == SERVICE_DBUS) {
		r = defaults_add(c, u, DEP_REQUIRES, "dbus.socket");
		r = r == 0 ? defaults_add(c, u, DEP_AFTER, "dbus.socket") : r;
	}
	for (size_t i = 0; r == 0 && i < u->service->sockets.n; i++) {
		r = defaults_add(c, u, DEP_WANTS, sockets[i].text);
		r = r == 0 ? defaults_add(c, u, DEP_AFTER, sockets[i].text) : r;
	}
	return r;
}

int defaults_add_deps(const struct defaults_context *c, struct unit *u)
{
	const struct unit_item *paths = u->requires_mounts_for.items;
	int r = 0;

	for (size_t i = 0; r == 0 && i < u->requires_mounts_for.n; i++) {
		r = defaults_add_mounts(c, u, paths[i].text);
	}
	if (r == 0 && u->service) {
		r = add_service_deps(c, u);
	}
	if (r == 0 && u->type == UNIT_SLICE) {
		r = add_parent_slice(c, u);
	}
	r = r == 0 ? defaults_trigger_deps(c, u) : r;
	r = r == 0 ? defaults_timer_deps(c, u) : r;
	r = r == 0 ? defaults_mount_deps(c, u) : r;
	r = r == 0 ? defaults_automount_deps(c, u) : r;
	if (!(u->flags & UNIT_DEFAULT_DEPENDENCIES)) {
		return r;
	}
	if (r == 0 && u->type == UNIT_TARGET) {
		r = order_target(c, u);
	}
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(default_deps); i++) {
		if (default_deps[i].type == u->type && strcmp(default_deps[i].name, u->name) != 0) {
			r = defaults_add(c, u, default_deps[i].kind, default_deps[i].name);
		}
	}
	return r;
}
