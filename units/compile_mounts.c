// SPDX-License-Identifier: MIT
/*
 * Namespaces and the rows of the mount tree. Rows that the unit wrote win over rows that a Protect
 * setting implies for the same path; of two written ones the more restrictive wins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"

/* A row with its rank: what it decides about the path, and how much it weighs. */
struct ranked {
	struct plan_mount mount;
	uint32_t aspect; /* 0 content, 1 access, 2 execution */
	uint32_t rank;   /* smaller wins */
	uint32_t order;
};

struct rows {
	struct compile_unit *cu;
	struct ranked *items;
	uint32_t n;
	bool overflow;
	bool own_root; /* nothing of the host's tree is there by itself */
};

/* by kind: aspect and weight; the setting that makes such rows */
static const struct {
	uint8_t aspect;
	uint8_t rank;
	const char *setting;
} kinds[PLAN_MOUNT_KIND_COUNT] = {
	[PLAN_MOUNT_BIND] = { 0, 0, "BindPaths" },
	[PLAN_MOUNT_TMPFS] = { 0, 1, "TemporaryFileSystem" },
	[PLAN_MOUNT_INACCESSIBLE] = { 1, 0, "InaccessiblePaths" },
	[PLAN_MOUNT_READ_ONLY] = { 1, 1, "ReadOnlyPaths" },
	[PLAN_MOUNT_READ_WRITE] = { 1, 2, "ReadWritePaths" },
	[PLAN_MOUNT_NOEXEC] = { 2, 0, "NoExecPaths" },
	[PLAN_MOUNT_IMAGE] = { 0, 0, "MountImages" },
	[PLAN_MOUNT_EXEC] = { 2, 1, "ExecPaths" },
	[PLAN_MOUNT_EXTENSION] = { 0, 2, "ExtensionDirectories" },
};

#define RANK_IMPLIED 16u

/* What a setting implies; all are skipped where they do not exist. */
struct implied {
	enum plan_mount_kind kind;
	const char *target;
};

static const struct implied system_yes[] = {
	{ PLAN_MOUNT_READ_ONLY, "/usr" },
	{ PLAN_MOUNT_READ_ONLY, "/boot" },
	{ PLAN_MOUNT_READ_ONLY, "/efi" },
};
static const struct implied system_full[] = { { PLAN_MOUNT_READ_ONLY, "/etc" } };
static const struct implied system_strict[] = {
	{ PLAN_MOUNT_READ_WRITE, "/dev" },
	{ PLAN_MOUNT_READ_WRITE, "/proc" },
	{ PLAN_MOUNT_READ_WRITE, "/sys" },
};
static const struct implied home_yes[] = {
	{ PLAN_MOUNT_INACCESSIBLE, "/home" },
	{ PLAN_MOUNT_INACCESSIBLE, "/root" },
	{ PLAN_MOUNT_INACCESSIBLE, "/run/user" },
};
static const struct implied home_read_only[] = {
	{ PLAN_MOUNT_READ_ONLY, "/home" },
	{ PLAN_MOUNT_READ_ONLY, "/root" },
	{ PLAN_MOUNT_READ_ONLY, "/run/user" },
};
static const struct implied home_tmpfs[] = {
	{ PLAN_MOUNT_TMPFS, "/home" },
	{ PLAN_MOUNT_TMPFS, "/root" },
	{ PLAN_MOUNT_TMPFS, "/run/user" },
};
static const struct implied kernel_tunables[] = {
	{ PLAN_MOUNT_READ_ONLY, "/proc/acpi" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/apm" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/asound" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/bus" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/fs" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/irq" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/latency_stats" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/mtrr" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/scsi" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/sys" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/sysrq-trigger" },
	{ PLAN_MOUNT_READ_ONLY, "/proc/timer_stats" },
	{ PLAN_MOUNT_INACCESSIBLE, "/proc/kallsyms" },
	{ PLAN_MOUNT_INACCESSIBLE, "/proc/kcore" },
	{ PLAN_MOUNT_READ_ONLY, "/sys" },
	{ PLAN_MOUNT_INACCESSIBLE, "/sys/kernel/debug" },
	{ PLAN_MOUNT_INACCESSIBLE, "/sys/kernel/tracing" },
};
static const struct implied cgroups_writable[] = { { PLAN_MOUNT_READ_WRITE, "/sys/fs/cgroup" } };
static const struct implied control_groups[] = { { PLAN_MOUNT_READ_ONLY, "/sys/fs/cgroup" } };
static const struct implied kernel_modules[] = {
	{ PLAN_MOUNT_INACCESSIBLE, "/usr/lib/modules" },
};
static const struct implied kernel_logs[] = {
	{ PLAN_MOUNT_INACCESSIBLE, "/proc/kmsg" },
	{ PLAN_MOUNT_INACCESSIBLE, "/dev/kmsg" },
};

static void push(struct rows *rows, const struct plan_mount *m, uint32_t rank)
{
	struct ranked *row;

	if (rows->n >= LIMIT_MOUNTS) {
		rows->overflow = true;
		return;
	}
	row = &rows->items[rows->n];
	row->mount = *m;
	row->aspect = kinds[m->kind].aspect;
	row->rank = kinds[m->kind].rank + rank;
	row->order = rows->n++;
}

/* "web.service:9", or for a profile's line "profile standard". */
static const char *show_origin(const struct compile_unit *cu, const char *origin)
{
	if (origin && !compile_origin_is_profile(cu, origin)) {
		return origin;
	}
	return origin ? arena_concat(cu->c->arena, "profile ", cu->profile->name, NULL)
		      : cu->unit->name;
}

/* "ProtectHome=, web.service:9", for a start that fails there. */
static const char *name_origin(
	const struct compile_unit *cu, const char *setting, const char *origin)
{
	const char *named = arena_concat(cu->c->arena, setting, "=, ", origin, NULL);

	return named ? named : origin;
}

static bool path_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static void imply(struct rows *rows, const char *setting, const struct implied *table, size_t n)
{
	const char *origin = name_origin(rows->cu, setting,
		show_origin(rows->cu, unit_setting_origin(rows->cu->unit, setting)));

	for (size_t i = 0; i < n; i++) {
		struct plan_mount m = {
			.kind = table[i].kind,
			.flags = PLAN_MOUNT_F_IGNORE_MISSING,
			.target = table[i].target,
			.origin = origin,
		};

		/* A /dev of the unit's own is writable and has no kmsg. */
		if (rows->cu->unit->exec->private_devices && path_is_below(m.target, "/dev")) {
			continue;
		}
		if (m.kind == PLAN_MOUNT_TMPFS) {
			m.flags |=
				PLAN_MOUNT_F_READ_ONLY | PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV;
			m.options = "mode=0755";
		}
		push(rows, &m, RANK_IMPLIED);
	}
}

#define IMPLY(rows_, on_, setting_, table_)                                                        \
	do {                                                                                       \
		if (on_) {                                                                         \
			imply(rows_, setting_, table_, ELEMENTSOF(table_));                        \
		}                                                                                  \
	} while (0)

static void imply_all(struct rows *rows)
{
	const struct unit_exec *e = rows->cu->unit->exec;
	enum protect_system system = e->protect_system;
	bool kernel_fs_ro = e->protect_kernel_tunables;

	if (rows->cu->base.flags & PLAN_DYNAMIC_USER) {
		system = PROTECT_SYSTEM_STRICT;
	}
	IMPLY(rows, system == PROTECT_SYSTEM_YES || system == PROTECT_SYSTEM_FULL, "ProtectSystem",
		system_yes);
	IMPLY(rows, system == PROTECT_SYSTEM_FULL, "ProtectSystem", system_full);
	IMPLY(rows, system == PROTECT_SYSTEM_STRICT, "ProtectSystem", system_strict);
	IMPLY(rows, e->protect_home == PROTECT_HOME_YES, "ProtectHome", home_yes);
	IMPLY(rows, e->protect_home == PROTECT_HOME_READ_ONLY, "ProtectHome", home_read_only);
	IMPLY(rows, e->protect_home == PROTECT_HOME_TMPFS, "ProtectHome", home_tmpfs);
	IMPLY(rows, kernel_fs_ro, "ProtectKernelTunables", kernel_tunables);
	IMPLY(rows, kernel_fs_ro && !e->protect_control_groups, "ProtectKernelTunables",
		cgroups_writable);
	IMPLY(rows, e->protect_control_groups && !e->private_cgroups, "ProtectControlGroups",
		control_groups);
	IMPLY(rows, e->protect_kernel_modules, "ProtectKernelModules", kernel_modules);
	IMPLY(rows, e->protect_kernel_logs, "ProtectKernelLogs", kernel_logs);
}

static const char *below_root(const struct compile_unit *cu, const char *path)
{
	const char *root = cu->base.root_dir;

	return root && path_is_below(path, root) && strcmp(path, root) != 0 ? path + strlen(root)
									    : path;
}

static int add_written(struct rows *rows)
{
	struct compile_unit *cu = rows->cu;
	const struct unit_path *paths = cu->unit->exec->paths.items;

	for (size_t i = 0; i < cu->unit->exec->paths.n; i++) {
		bool profile = compile_origin_is_profile(cu, paths[i].origin);
		struct plan_mount m = {
			.kind = paths[i].kind,
			.flags = paths[i].flags,
			.source = paths[i].source,
			.target = paths[i].target,
			.options = paths[i].options,
			.origin = show_origin(cu, paths[i].origin),
		};

		if (m.kind == PLAN_MOUNT_EXTENSION) {
			continue; /* together: add_extensions() */
		}
		/* Whoever holds /proc can redirect what is written there (launch.md R2). */
		if (kinds[m.kind].aspect == 0 && path_is_below(m.target, "/proc")) {
			return compile_refuse(
				cu, m.origin, "nothing can be mounted on %s", m.target);
		}
		if (m.kind == PLAN_MOUNT_INACCESSIBLE && strcmp(m.target, "/") == 0) {
			return compile_refuse(cu, m.origin, "/ cannot be inaccessible");
		}
		if (kinds[m.kind].aspect == 0 && strcmp(m.target, "/") == 0) {
			cu->base.flags |= cu->unit->exec->mount_api_vfs ? PLAN_API_VFS : 0;
			rows->own_root = true;
		}
		if (m.kind == PLAN_MOUNT_TMPFS || m.kind == PLAN_MOUNT_IMAGE) {
			int r = compile_mount_options(cu, &m);

			if (r < 0) {
				return r;
			}
		}
		/* '+' or not, what the host calls ROOT/x is the unit's /x. */
		if (!paths[i].in_root && m.kind != PLAN_MOUNT_IMAGE) {
			m.target = below_root(cu, m.target);
		}
		m.flags |= cu->user_namespace && cu->unit->exec->users_map == USERS_PICK &&
					   m.kind == PLAN_MOUNT_IMAGE
				   ? PLAN_MOUNT_F_IDMAP
				   : 0;
		m.origin = name_origin(cu,
			m.kind == PLAN_MOUNT_BIND && m.flags & PLAN_MOUNT_F_READ_ONLY
				? "BindReadOnlyPaths"
				: kinds[m.kind].setting,
			m.origin);
		push(rows, &m, profile ? RANK_IMPLIED : 0);
	}
	return 0;
}

/* One row for each hierarchy, with all directories. */
static int add_extensions(struct rows *rows)
{
	static const char *const hierarchies[] = { "/opt", "/usr" };
	struct compile_unit *cu = rows->cu;
	const struct unit_path *paths = cu->unit->exec->paths.items;
	struct plan_mount m = { .kind = PLAN_MOUNT_EXTENSION,
		.flags = PLAN_MOUNT_F_IGNORE_MISSING | PLAN_MOUNT_F_READ_ONLY };

	for (size_t i = 0; i < cu->unit->exec->paths.n; i++) {
		if (paths[i].kind != PLAN_MOUNT_EXTENSION) {
			continue;
		}
		m.options =
			arena_concat(cu->c->arena, m.options ? m.options : "", m.options ? ":" : "",
				paths[i].flags & PLAN_MOUNT_F_IGNORE_MISSING ? "-" : "",
				paths[i].source, NULL);
		if (!m.options) {
			return -ENOMEM;
		}
		m.origin = name_origin(cu, kinds[m.kind].setting, show_origin(cu, paths[i].origin));
	}
	for (size_t i = 0; m.options && i < ELEMENTSOF(hierarchies); i++) {
		m.target = hierarchies[i];
		push(rows, &m, 0);
	}
	return 0;
}

/* Directories of the unit's own; they stay writable where all else is read-only. */
static void add_dir(struct rows *rows, const struct plan_dir *dir)
{
	bool read_only = dir->flags & PLAN_DIR_READ_ONLY;
	struct plan_mount m = {
		.kind = read_only ? PLAN_MOUNT_READ_ONLY : PLAN_MOUNT_READ_WRITE,
		.target = dir->path,
		.origin = dir->origin,
	};

	if (rows->own_root || dir->real) {
		m.kind = PLAN_MOUNT_BIND;
		m.source = dir->real ? dir->real : dir->path;
		m.target = rows->own_root ? dir->path : m.source;
		m.flags = (read_only ? PLAN_MOUNT_F_READ_ONLY : 0) |
			  (dir->real ? PLAN_MOUNT_F_IDMAP_OWNER : 0);
		push(rows, &m, 0);
		return;
	}
	if (read_only || (dir->kind != PLAN_DIR_CONFIGURATION &&
				 (rows->cu->base.flags & PLAN_ROOT_READ_ONLY))) {
		push(rows, &m, 0);
	}
}

/* Nobody but root may look into TOP/private: the unit sees one with its own directories alone. */
static int hide_others(struct rows *rows, const struct plan_dir *dir)
{
	struct plan_mount m = {
		.kind = PLAN_MOUNT_TMPFS,
		.flags = PLAN_MOUNT_F_READ_ONLY | PLAN_MOUNT_F_NOSUID | PLAN_MOUNT_F_NODEV,
		.origin = dir->origin,
		.options = "mode=0755,size=64k",
		.target = arena_printf(rows->cu->c->arena, "%s/private", plan_dir_top(dir->kind)),
	};

	if (!m.target) {
		return -ENOMEM;
	}
	push(rows, &m, RANK_IMPLIED);
	return 0;
}

static int add_dirs(struct rows *rows)
{
	const struct plan *p = &rows->cu->base;
	const struct plan_dir *dirs = p->dirs.items;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->dirs.n; i++) {
		add_dir(rows, &dirs[i]);
		if (dirs[i].real && !rows->own_root) {
			r = hide_others(rows, &dirs[i]);
		}
	}
	return r;
}

static int compare_rows(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int r = strcmp(x->mount.target, y->mount.target);

	if (r == 0 && x->aspect != y->aspect) {
		r = x->aspect < y->aspect ? -1 : 1;
	}
	if (r == 0 && x->rank != y->rank) {
		r = x->rank < y->rank ? -1 : 1;
	}
	/* Of two equal ones the later line counts. */
	return r ? r : (x->order > y->order ? -1 : x->order < y->order);
}

static int finish_rows(struct rows *rows)
{
	struct compile_unit *cu = rows->cu;
	struct plan_mount *mounts;
	uint32_t n = 0;

	if (rows->overflow) {
		return compile_refuse(cu, NULL, "more than %u paths", LIMIT_MOUNTS);
	}
	qsort(rows->items, rows->n, sizeof(*rows->items), compare_rows);
	mounts = arena_alloc_array(cu->c->arena, rows->n, sizeof(*mounts));
	if (!mounts) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct ranked *row = &rows->items[i];

		if (i && row[-1].aspect == row->aspect &&
			strcmp(row[-1].mount.target, row->mount.target) == 0) {
			continue;
		}
		mounts[n++] = row->mount;
	}
	cu->base.mounts = (struct tlv_array) { mounts, n };
	return 0;
}

static int build_rows(struct compile_unit *cu)
{
	/* Not cleared: that would take longer than all the rest. */
	AUTO_FREE struct ranked *items = malloc(LIMIT_MOUNTS * sizeof(*items));
	struct rows rows = {
		.cu = cu,
		.items = items,
		.own_root = cu->base.root_dir || cu->base.root_image,
	};
	int r;

	if (!items) {
		return -ENOMEM;
	}
	imply_all(&rows);
	r = add_written(&rows);
	r = r == 0 ? add_extensions(&rows) : r;
	if (r == 0) {
		r = add_dirs(&rows);
	}
	return r < 0 ? r : finish_rows(&rows);
}

/* ProtectProc=, ProcSubset=: by the PID namespace's own proc, or by one more of the host's. */
static void set_proc(struct compile_unit *cu)
{
	static const uint8_t hide[UNIT_PROTECT_PROC_COUNT] = {
		[PROTECT_PROC_DEFAULT] = PLAN_PROC_HIDE_NONE,
		[PROTECT_PROC_NOACCESS] = PLAN_PROC_HIDE_NO_ACCESS,
		[PROTECT_PROC_INVISIBLE] = PLAN_PROC_HIDE_INVISIBLE,
		[PROTECT_PROC_PTRACEABLE] = PLAN_PROC_HIDE_PTRACEABLE,
	};
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;

	p->proc_hide = hide[e->protect_proc];
	p->flags |= e->proc_subset_pid ? PLAN_PROC_SUBSET_PID : 0;
	if (p->namespaces & PLAN_NS_PID) {
		p->flags |= PLAN_PROC_FRESH;
	} else if (p->proc_hide || e->proc_subset_pid) {
		p->flags |= PLAN_PROC_INSTANCE;
	}
}

static void set_flags(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	bool dynamic = cu->base.flags & PLAN_DYNAMIC_USER;
	const struct {
		bool on;
		uint32_t flag;
	} flags[] = {
		{ e->private_tmp || dynamic, PLAN_PRIVATE_TMP },
		{ e->private_devices, PLAN_PRIVATE_DEVICES },
		{ e->protect_system == PROTECT_SYSTEM_STRICT || dynamic, PLAN_ROOT_READ_ONLY },
	};

	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		cu->base.flags |= flags[i].on ? flags[i].flag : 0;
	}
}

static int set_namespaces(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_service *s = cu->unit->service;
	struct plan *p = &cu->base;
	const struct {
		bool on;
		uint32_t flag;
	} wanted[] = {
		{ cu->user_namespace, PLAN_NS_USER },
		{ e->private_network, PLAN_NS_NET },
		{ e->private_ipc, PLAN_NS_IPC },
		{ e->private_pids, PLAN_NS_PID },
		{ e->protect_hostname || e->private_hostname, PLAN_NS_UTS },
		{ e->private_mounts, PLAN_NS_MOUNT },
	};

	p->namespaces = cu->profile->namespaces;
	for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
		p->namespaces |= wanted[i].on ? wanted[i].flag : 0;
	}
	if (!e->private_network && unit_setting_origin(cu->unit, "PrivateNetwork")) {
		p->namespaces &= ~(uint32_t)PLAN_NS_NET;
	}
	if (!e->private_pids && unit_setting_origin(cu->unit, "PrivatePIDs")) {
		p->namespaces &= ~(uint32_t)PLAN_NS_PID;
	}
	if ((p->namespaces & PLAN_NS_PID) && (s->type == SERVICE_FORKING || s->pid_file)) {
		return compile_refuse(cu,
			unit_setting_origin(cu->unit, s->pid_file ? "PIDFile" : "Type"),
			"%s%s gives the unit a PID namespace of its own, in which %s cannot "
			"work; use Type=notify or exec, or PrivatePIDs=no",
			e->private_pids ? "PrivatePIDs=yes" : "profile ",
			e->private_pids ? "" : cu->profile->name,
			s->pid_file ? "PIDFile=" : "Type=forking");
	}
	return 0;
}

int compile_walls(struct compile_unit *cu)
{
	struct plan *p = &cu->base;
	int r = set_namespaces(cu);

	if (r < 0) {
		return r;
	}
	set_flags(cu);
	set_proc(cu);
	r = compile_places(cu);
	r = r < 0 ? r : compile_dirs(cu);
	r = r < 0 ? r : build_rows(cu);
	if (r < 0) {
		return r;
	}
	if (p->mounts.n || p->root_dir || p->root_image ||
		(p->flags & (PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES | PLAN_ROOT_READ_ONLY |
				    PLAN_PROC_FRESH | PLAN_PROC_INSTANCE | PLAN_CGROUP_MOUNT))) {
		p->namespaces |= PLAN_NS_MOUNT;
	}
	/* In a root of its own the notify directory has no other way in. */
	if ((cu->profile->hide_runtime || p->root_dir || p->root_image) &&
		(p->namespaces & PLAN_NS_MOUNT)) {
		p->hide_dir = cu->c->settings->runtime_dir;
	}
	return 0;
}
