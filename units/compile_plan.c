// SPDX-License-Identifier: MIT
/* The entries of one unit: its commands, conditions, limits, PID file, and what cleans up. */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"
#include "conditionvalue.h"

#define CAP_ALL_MASK ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

void *compile_array_push(struct arena *arena, struct tlv_array *array, size_t size)
{
	/* Grown when n is a power of two: 1, 2, 4 … */
	if ((array->n & (array->n - 1)) == 0) {
		size_t n = array->n ? (size_t)array->n * 2 : 1;
		void *items = arena_alloc_array(arena, n, size);

		if (!items) {
			return NULL;
		}
		if (array->n) {
			memcpy(items, array->items, array->n * size);
		}
		array->items = items;
	}
	return (char *)array->items + array->n++ * size;
}

int compile_add_entry(struct compile_unit *cu, enum entry_kind kind, uint32_t flags,
	const struct plan *plan, uint32_t *ret)
{
	AUTO(tlv_buf_fini) struct tlv_buf buf = { 0 };
	int64_t entry;
	int r = plan_encode(&buf, plan);

	if (r < 0) {
		return r;
	}
	entry = catalogue_add_entry(&cu->c->builder, cu->index, kind, flags, &buf);
	if (entry == -E2BIG && buf.len > LIMIT_PLAN_BYTES) {
		return compile_refuse(cu, plan->origin, "this command needs more than %u bytes",
			LIMIT_PLAN_BYTES);
	}
	if (entry < 0) {
		return (int)entry;
	}
	*ret = (uint32_t)entry;
	return 0;
}

/* '+': as root, outside of every wall. */
static void drop_walls(struct plan *p)
{
	static const uint32_t walls = PLAN_NO_NEW_PRIVS | PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES |
				      PLAN_PROC_FRESH | PLAN_PROC_SUBSET_PID | PLAN_MDWE |
				      PLAN_PROC_INSTANCE | PLAN_ROOT_READ_ONLY | PLAN_DYNAMIC_USER |
				      PLAN_API_VFS | PLAN_CGROUP_MOUNT | PLAN_CGROUP_READ_ONLY |
				      PLAN_IDMAP_ROOT;

	p->flags &= ~walls;
	p->namespaces = 0;
	p->mounts = (struct tlv_array) { 0 };
	p->uid_map = (struct tlv_array) { 0 };
	p->gid_map = (struct tlv_array) { 0 };
	p->root_dir = NULL;
	p->root_image = NULL;
	p->host_name = NULL;
	p->hide_dir = NULL;
	p->proc_hide = PLAN_PROC_HIDE_NONE;
	p->uid = 0;
	p->gid = 0;
	p->groups.n = 0;
	p->stale_users = 0;
	p->cap_bounding = CAP_ALL_MASK;
	p->cap_effective = CAP_ALL_MASK;
	p->cap_ambient = 0;
	p->securebits = 0;
	p->seccomp_offset = 0;
	p->seccomp_size = 0;
	compile_landlock_drop(p);
	p->labels = (struct tlv_array) { 0 };
	p->netns_path = NULL;
	p->ipcns_path = NULL;
	p->quiet_offset = 0;
	p->quiet_size = 0;
}

/* '!' and PermissionsStartOnly=: the unit's root, other walls stay. */
static void drop_identity(struct compile_unit *cu, struct plan *p)
{
	uint32_t root = compile_root_is_mapped(cu)
				? cu->c->settings->id_pool_first + cu->range * IDTABLE_RANGE_IDS
				: 0;

	/* The file stays the unit's user's. */
	if (p->pressure >= PLAN_PRESSURE_ON && p->uid != root) {
		p->pressure = PLAN_PRESSURE_NONE;
	}
	p->uid = root;
	p->gid = root;
	p->groups.n = 0;
	p->stale_users = 0;
	p->cap_effective = p->cap_bounding;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *log_identifier(struct compile_unit *cu, const struct unit_command *command)
{
	const char *own = cu->unit->exec->log_identifier;
	const char *name = own ? own : base_name(command->path);

	return arena_strndup(cu->c->arena, name, strnlen(name, LIMIT_LOG_IDENTIFIER - 1));
}

static bool is_main(const struct unit_service *s, const struct unit_command *command)
{
	return command->phase == PHASE_START && s->type != SERVICE_FORKING;
}

static bool gets_notify(const struct unit_service *s, bool main)
{
	return main ? s->notify_access != NOTIFY_NONE
		    : s->notify_access == NOTIFY_EXEC || s->notify_access == NOTIFY_ALL;
}

/* Those of a start read them; what comes later has the same ones, whatever became of the source. */
static bool reads_credentials(const struct unit_command *command)
{
	return command->phase == PHASE_CONDITION || command->phase == PHASE_START_PRE ||
	       command->phase == PHASE_START || (command->flags & COMMAND_NO_SETUID);
}

static void set_command_flags(
	struct compile_unit *cu, const struct unit_command *command, struct plan *p)
{
	const struct unit_service *s = cu->unit->service;
	bool main = is_main(s, command);
	bool start = command->phase == PHASE_START;
	bool stop = command->phase == PHASE_STOP || command->phase == PHASE_STOP_POST;
	const struct {
		bool on;
		uint32_t flag;
	} flags[] = {
		{ command->no_env_expansion, PLAN_NO_ENV_EXPANSION },
		{ gets_notify(s, main || start), PLAN_NOTIFY_FD },
		{ start, PLAN_PASS_LISTEN_FDS },
		{ start && cu->unit->many, PLAN_ACCEPT },
		{ start && s->non_blocking, PLAN_NON_BLOCKING },
		{ start && s->watchdog_us, PLAN_PASS_WATCHDOG },
		{ !start, PLAN_PASS_MAINPID },
		{ stop, PLAN_PASS_RESULT },
		{ p->credentials.n && !reads_credentials(command), PLAN_CREDENTIALS_KEPT },
		{ start && s->pid_file && s->type == SERVICE_FORKING, PLAN_UNLINK_PIDFILE },
	};

	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		p->flags |= flags[i].on ? flags[i].flag : 0;
	}
	if (p->flags & PLAN_UNLINK_PIDFILE) {
		p->pid_file = s->pid_file;
	}
}

/* Mounts whose ids are mapped: images, and what belongs to nobody on the disk. */
static bool maps_mounts(const struct plan *p)
{
	const struct plan_mount *rows = p->mounts.items;
	bool found = false;

	for (uint32_t i = 0; i < p->mounts.n; i++) {
		found |= rows[i].kind == PLAN_MOUNT_IMAGE ||
			 rows[i].flags & PLAN_MOUNT_F_IDMAP_OWNER;
	}
	return found;
}

/*
 * A file that is open for writing keeps its mount from becoming read-only, if it was opened in the
 * same mount namespace.
 */
static bool writes_files(const struct plan *p)
{
	const struct plan_stdio *rows = p->stdio.items;
	bool found = false;

	for (uint32_t i = 1; i < p->stdio.n; i++) {
		found |= rows[i].kind == STDIO_FILE || rows[i].kind == STDIO_FILE_APPEND ||
			 rows[i].kind == STDIO_FILE_TRUNCATE;
	}
	return found;
}

/*
 * May the launcher be a process of the unit's cgroup and namespaces from its birth on? Not when one
 * of its steps has to be done outside: id maps, mounts on the host, device nodes under another
 * start's device rules, copies of a detached mount, which belong to the mount namespace that it was
 * made in; files that its output goes to; a terminal that the unit's own rules of a former start
 * may not let it open; nor when a namespace of another unit is entered.
 */
static uint32_t birth_flags(const struct compile_unit *cu, const struct plan *p)
{
	const uint32_t outside = PLAN_PRIVATE_DEVICES | PLAN_ACCEPT | PLAN_CREDENTIALS_KEPT;
	bool shared_tmp = p->flags & PLAN_PRIVATE_TMP && cu->unit->service->commands.n > 1;

	if (!(p->namespaces & PLAN_NS_MOUNT) || p->namespaces & (PLAN_NS_USER | PLAN_NS_NET) ||
		p->flags & outside || shared_tmp || cu->c->joins[cu->index].n ||
		(p->bpf.n && p->tty_path) || p->credentials.n || p->sched_reset_on_fork ||
		p->root_dir || p->root_image || p->netns_path || p->ipcns_path || maps_mounts(p) ||
		writes_files(p)) {
		return 0;
	}
	return CATALOGUE_ENTRY_BORN | p->namespaces << CATALOGUE_ENTRY_NS_SHIFT;
}

static int add_command(
	struct compile_unit *cu, const struct unit_command *command, struct manifest_command *row)
{
	const struct unit_service *s = cu->unit->service;
	struct plan p = cu->base;
	bool start = command->phase == PHASE_START;
	bool as_root = command->flags & COMMAND_NO_SETUID;
	uint32_t flags = 0;

	p.op = PLAN_EXEC;
	p.origin = command->origin;
	p.path = command->path;
	p.argv.items = (const char **)command->argv;
	p.argv.n = (uint32_t)command->n_argv;
	p.dirs_uid = p.uid;
	p.dirs_gid = p.gid;
	p.log_identifier = log_identifier(cu, command);
	if (!p.log_identifier) {
		return -ENOMEM;
	}
	compile_landlock_command(command->phase, &p);
	if (cu->unit->mount) {
		p.flags |= PLAN_KEEP_GROUP;
	}
	if (command->flags & COMMAND_PRIVILEGED || (s->permissions_start_only && !start)) {
		drop_walls(&p);
	} else if (as_root) {
		drop_identity(cu, &p);
	}
	if (s->root_directory_start_only && !start) {
		p.root_dir = p.root_image = NULL;
		p.flags &= ~(uint32_t)(PLAN_API_VFS | PLAN_IDMAP_ROOT);
	}
	set_command_flags(cu, command, &p);
	row->phase = command->phase;
	row->flags = command->flags;
	row->path = command->path;
	row->argv = cu->is_public ? p.argv : (struct tlv_strv) { 0 };
	row->origin = command->origin;
	flags |= (p.namespaces & PLAN_NS_PID) ? CATALOGUE_ENTRY_NSINIT : 0;
	flags |= start && p.listen_names.n ? CATALOGUE_ENTRY_LISTEN : 0;
	flags |= birth_flags(cu, &p);
	return compile_add_entry(
		cu, is_main(s, command) ? ENTRY_MAIN : ENTRY_CONTROL, flags, &p, &row->entry);
}

static struct plan work_plan(const struct compile_unit *cu, enum plan_op op)
{
	return (struct plan) { .op = op, .unit = cu->unit->name, .origin = cu->unit->name };
}

/* A pressure goes as numbers and the slice's cgroup (condpressure.h); one that is none as written.
 */
static const char *condition_parameter(struct compile *c, const struct unit_condition *from)
{
	struct condition_pressure p;
	const char *slice, *cgroup;

	if (!condition_is_pressure(from->type) ||
		condition_pressure_read(from->parameter, &p) < 0) {
		return from->parameter;
	}
	if (!p.slice) {
		return arena_printf(c->arena, "%u %s", p.limit, p.window);
	}
	slice = arena_strndup(c->arena, p.slice, p.slice_length);
	cgroup = slice ? compile_slice_path(c, slice) : NULL;
	return cgroup ? arena_printf(
				c->arena, "%u %s %s", p.limit, p.window, *cgroup ? cgroup : ".")
		      : NULL;
}

static int add_check(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_condition *from = cu->unit->conditions.items;
	struct plan p = work_plan(cu, PLAN_CHECK);

	if (cu->unit->conditions.n == 0) {
		return 0;
	}
	if (cu->unit->conditions.n > LIMIT_CONDITIONS) {
		return compile_refuse(cu, NULL, "more than %u conditions", LIMIT_CONDITIONS);
	}
	for (size_t i = 0; i < cu->unit->conditions.n; i++) {
		struct plan_condition *to =
			compile_array_push(cu->c->arena, &p.conditions, sizeof(*to));

		if (!to) {
			return -ENOMEM;
		}
		to->type = from[i].type;
		to->negate = from[i].negate;
		to->trigger = from[i].trigger;
		to->assert = from[i].assert;
		to->parameter = condition_parameter(cu->c, &from[i]);
		to->origin = from[i].origin;
		if (!to->parameter) {
			return -ENOMEM;
		}
	}
	return compile_add_entry(cu, ENTRY_WORK, 0, &p, &m->check_entry);
}

static int add_realize(struct compile_unit *cu, struct manifest_unit *m)
{
	struct plan p = work_plan(cu, PLAN_REALIZE);

	p.cgroup_writes = cu->base.cgroup_writes;
	p.bpf = cu->base.bpf;
	p.bpf_fixups = cu->base.bpf_fixups;
	m->limits_hash = cu->limits_hash;
	m->startup_limits = cu->startup_limits;
	/* Also of a service without any: those that it had may have to go. */
	return p.cgroup_writes.n + p.bpf.n == 0 && !cu->unit->service
		       ? 0
		       : compile_add_entry(cu, ENTRY_WORK, 0, &p, &m->realize_entry);
}

/* A file that `supctl run` wrote goes with its unit. */
static bool is_transient(const struct compile_unit *cu)
{
	return cu->unit->flags & UNIT_TRANSIENT;
}

/* As a runtime directory: it stays while the unit is only restarted. */
static int add_transient_file(struct compile_unit *cu, struct plan *p)
{
	struct tlv_array dirs = { 0 };
	struct plan_dir *row;

	for (uint32_t i = 0; i < p->dirs.n; i++) {
		row = compile_array_push(cu->c->arena, &dirs, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = ((const struct plan_dir *)p->dirs.items)[i];
	}
	row = compile_array_push(cu->c->arena, &dirs, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct plan_dir) { .kind = PLAN_DIR_RUNTIME,
		.path = cu->unit->fragment_path,
		.preserve = FDSTORE_PRESERVE_RESTART };
	p->dirs = dirs;
	return 0;
}

/*
 * A private /tmp goes with its last process, unless several commands share it: then the slot holds
 * it, and lets go in the RELEASE that the entry asks for. A restart without an entry is one launch
 * instead of two.
 */
static bool needs_clean(const struct compile_unit *cu)
{
	const struct plan_dir *dirs = cu->base.dirs.items;

	if (is_transient(cu)) {
		return true;
	}
	for (uint32_t i = 0; i < cu->base.dirs.n; i++) {
		if (dirs[i].kind == PLAN_DIR_RUNTIME && dirs[i].preserve != FDSTORE_PRESERVE_YES) {
			return true;
		}
	}
	return (cu->base.flags & PLAN_PRIVATE_TMP && cu->unit->service->commands.n > 1) ||
	       cu->base.credentials.n || cu->unit->exec->remove_ipc ||
	       (cu->base.flags & PLAN_DYNAMIC_USER) || cu->unit->service->pid_file;
}

static int add_clean(struct compile_unit *cu, struct manifest_unit *m)
{
	struct plan p = work_plan(cu, PLAN_CLEAN);
	const struct unit_exec *e = cu->unit->exec;

	if (!needs_clean(cu)) {
		return 0;
	}
	p.uid = cu->base.uid;
	p.gid = cu->base.gid;
	p.uid_map = cu->base.uid_map;
	p.gid_map = cu->base.gid_map;
	p.namespaces = cu->base.namespaces;
	p.dirs = cu->base.dirs;
	p.flags = cu->base.flags & (PLAN_PRIVATE_TMP | PLAN_DYNAMIC_USER);
	/* Never root's: RemoveIPC= is about a service's own user. */
	if ((e->remove_ipc && e->user) || (p.flags & PLAN_DYNAMIC_USER)) {
		p.flags |= cu->base.stale_users ? 0 : PLAN_REMOVE_IPC;
	}
	p.flags |= cu->base.credentials.n ? PLAN_CREDENTIALS_KEPT : 0;
	if (is_transient(cu) && add_transient_file(cu, &p) < 0) {
		return -ENOMEM;
	}
	if (cu->unit->service->pid_file) {
		p.pid_file = cu->unit->service->pid_file;
		p.flags |= PLAN_UNLINK_PIDFILE;
	}
	return compile_add_entry(cu, ENTRY_WORK, CATALOGUE_ENTRY_CLEAN, &p, &m->clean_entry);
}

/* One entry for all kinds; which of them go is said when it is run. */
static int add_discard(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct plan_dir *dirs = cu->base.dirs.items;
	struct plan p = work_plan(cu, PLAN_DISCARD);

	if (cu->base.dirs.n == 0 || cu->unit->many || cu->unit->mount) {
		return 0;
	}
	for (uint32_t i = 0; i < cu->base.dirs.n; i++) {
		m->discard_kinds |= UINT32_C(1) << dirs[i].kind;
	}
	p.dirs = cu->base.dirs;
	p.timeout_us = cu->unit->service->timeout_clean_us;
	return compile_add_entry(cu, ENTRY_WORK, CATALOGUE_ENTRY_DISCARD, &p, &m->discard_entry);
}

static int add_readpid(struct compile_unit *cu, struct manifest_service *s)
{
	struct plan p = work_plan(cu, PLAN_READPID);

	if (!cu->unit->service->pid_file) {
		return 0;
	}
	p.pid_file = cu->unit->service->pid_file;
	p.uid = cu->base.uid;
	p.gid = cu->base.gid;
	p.timeout_us = cu->unit->service->timeout_start_us;
	return compile_add_entry(cu, ENTRY_WORK, 0, &p, &s->readpid_entry);
}

int compile_prepare(struct compile_unit *cu)
{
	static int (*const parts[])(struct compile_unit *) = {
		compile_ids,
		compile_walls,
		compile_bpf,
		compile_caps,
		compile_credentials,
		compile_environment,
		compile_process,
		compile_attributes,
		compile_filter,
		compile_landlock,
		compile_labels,
		compile_listen_names,
	};

	cu->base.unit = cu->unit->name;
	if (!cu->unit->service || (cu->unit->socket && !cu->unit->service->commands.n)) {
		return compile_cgroup_writes(cu, &cu->base.cgroup_writes);
	}
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		int r = parts[i](cu);

		/* A refused part does not keep the errors of the next ones from being shown. */
		if (r < 0 && r != -EINVAL) {
			return r;
		}
	}
	return cu->unit->refused ? -EINVAL : compile_cgroup_writes(cu, &cu->base.cgroup_writes);
}

static int add_commands(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_command *commands = cu->unit->service->commands.items;

	if (cu->unit->service->commands.n > LIMIT_COMMANDS) {
		return compile_refuse(cu, NULL, "more than %u commands", LIMIT_COMMANDS);
	}
	for (size_t i = 0; i < cu->unit->service->commands.n; i++) {
		struct manifest_command *row =
			compile_array_push(cu->c->arena, &m->commands, sizeof(*row));
		int r = row ? add_command(cu, &commands[i], row) : -ENOMEM;

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int compile_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	int r;

	r = compile_trigger_entries(cu, m);
	if (r < 0) {
		return r;
	}
	if (!cu->unit->service) {
		r = add_realize(cu, m);
		return r < 0 ? r : add_check(cu, m);
	}
	r = add_commands(cu, m);
	if (r == 0) {
		r = add_check(cu, m);
	}
	if (r == 0) {
		r = add_realize(cu, m);
	}
	if (r == 0 && !cu->unit->socket) {
		r = add_clean(cu, m);
	}
	if (r == 0 && !cu->unit->socket) {
		r = add_discard(cu, m);
	}
	return r < 0 ? r : add_readpid(cu, m->service.items);
}
