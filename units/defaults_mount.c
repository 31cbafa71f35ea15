// SPDX-License-Identifier: MIT
/*
 * Mounts and swaps: the commands of util-linux that they stand for, what they wait for, and what
 * is refused. The commands work on the machine's own mounts, so they run as '+' commands do.
 */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "defaults.h"

#define ARGS_MAX 10

struct args {
	const char *items[ARGS_MAX];
	size_t n;
};

static void push(struct args *a, const char *text)
{
	a->items[a->n++] = text;
}

static int add_command(const struct defaults_context *c, struct unit *u, enum exec_phase phase,
	const struct args *a)
{
	struct unit_command *row = list_push(c->arena, &u->service->commands, sizeof(*row));
	const char **argv = arena_alloc_array(c->arena, a->n + 1, sizeof(*argv));
	const char *origin = unit_setting_origin(u, "What");

	if (!row || !argv) {
		return -ENOMEM;
	}
	memcpy(argv, a->items, a->n * sizeof(*argv));
	*row = (struct unit_command) {
		.phase = phase,
		.flags = COMMAND_PRIVILEGED,
		.no_env_expansion = true,
		.path = a->items[0],
		.argv = argv,
		.n_argv = a->n,
		.origin = origin ? origin : u->name,
	};
	return 0;
}

static void push_options(struct args *a, const char *options)
{
	if (options && *options) {
		push(a, "-o");
		push(a, options);
	}
}

/* mount(8) makes the mount point: X-mount.mkdir. */
static int add_mount(const struct defaults_context *c, struct unit *u)
{
	const struct unit_mount *m = u->mount;
	bool some = m->options && *m->options;
	const char *options = arena_printf(c->arena, "%s%sX-mount.mkdir=%04o",
		some ? m->options : "", some ? "," : "", m->dir_mode);
	const char *again =
		arena_printf(c->arena, "remount%s%s", some ? "," : "", some ? m->options : "");
	struct args mount = { { "/bin/mount" }, 1 }, umount = { { "/bin/umount" }, 1 };
	struct args remount = { { "/bin/mount", m->what, m->where, "-o", again }, 5 };
	int r;

	if (!options || !again) {
		return -ENOMEM;
	}
	push(&mount, m->what);
	push(&mount, m->where);
	if (m->fs_type && *m->fs_type) {
		push(&mount, "-t");
		push(&mount, m->fs_type);
	}
	push_options(&mount, options);
	if (m->sloppy) {
		push(&mount, "-s");
	}
	if (m->read_write_only) {
		push(&mount, "-w");
	}
	push(&umount, m->where);
	push(&umount, "-c");
	if (m->lazy) {
		push(&umount, "-l");
	}
	if (m->force) {
		push(&umount, "-f");
	}
	r = add_command(c, u, PHASE_START, &mount);
	r = r == 0 ? add_command(c, u, PHASE_STOP, &umount) : r;
	return r == 0 ? add_command(c, u, PHASE_RELOAD, &remount) : r;
}

static int add_swap(const struct defaults_context *c, struct unit *u)
{
	const struct unit_mount *m = u->mount;
	struct args on = { { "/sbin/swapon" }, 1 };
	struct args off = { { "/sbin/swapoff", m->what }, 2 };
	int r;

	push_options(&on, m->options);
	if (m->priority != UINT32_MAX) {
		push(&on, "-p");
		push(&on, arena_printf(c->arena, "%u", m->priority));
	}
	push(&on, m->what);
	if (!on.items[on.n - 2]) {
		return -ENOMEM;
	}
	r = add_command(c, u, PHASE_START, &on);
	return r == 0 ? add_command(c, u, PHASE_STOP, &off) : r;
}

int defaults_resolve_mount(const struct defaults_context *c, struct unit *u)
{
	struct unit_mount *m = u->mount;
	struct unit_service *s = u->service;

	if (!m) {
		return 0;
	}
	s->type = SERVICE_ONESHOT;
	s->remain_after_exit = true;
	s->timeout_start_set = true; /* 90 s, not for ever as a oneshot's */
	s->notify_access = NOTIFY_NONE;
	u->exec->stdio[0].kind = STDIO_NULL;
	if (!m->what || !*m->what) {
		return 0;
	}
	if (u->type == UNIT_SWAP) {
		return add_swap(c, u);
	}
	return m->where ? add_mount(c, u) : 0;
}

/* What makes the machine a machine is mounted before any unit, and stays. */
bool defaults_is_api(const char *path)
{
	static const char *const places[] = { "/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm",
		"/run", "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		if (strcmp(places[i], path) == 0) {
			return true;
		}
	}
	return false;
}

static void check_name(
	const struct defaults_context *c, struct unit *u, const char *setting, const char *path)
{
	const char *suffix = u->type == UNIT_SWAP ? ".swap" : ".mount";
	char name[LIMIT_UNIT_NAME];
	const char *text;

	if (unit_name_escape_path(path, name, sizeof(name) - strlen(suffix)) != 0) {
		text = arena_printf(c->arena, "%s=%s is too long for a unit's name", setting, path);
	} else {
		strcat(name, suffix);
		if (strcmp(name, u->name) == 0) {
			return;
		}
		text = arena_printf(c->arena,
			"%s=%s does not go with the unit's name: the file would have to be named "
			"%s",
			setting, path, name);
	}
	defaults_refuse(c, u, setting, text ? text : "wrong name");
}

void defaults_check_mount(const struct defaults_context *c, struct unit *u)
{
	const struct unit_mount *m = u->mount;
	bool swap = u->type == UNIT_SWAP;

	if (!m || u->refused || u->is_template) {
		return;
	}
	if (!m->what || !*m->what) {
		defaults_refuse(
			c, u, "What", swap ? "no What=: which swap?" : "no What=: mount what?");
	} else if (m->what[0] == '-') {
		defaults_refuse(c, u, "What", "What= would be taken for an option of the command");
	} else if (swap && m->what[0] != '/') {
		defaults_refuse(c, u, "What", "What= of a swap is an absolute path");
	} else if (swap) {
		check_name(c, u, "What", m->what);
	} else if (!m->where) {
		defaults_refuse(c, u, "Where", "no Where=: mount it where?");
	} else if (defaults_is_api(m->where)) {
		defaults_refuse(c, u, "Where",
			"this place belongs to the machine itself: no unit mounts it or takes it "
			"away");
	} else {
		check_name(c, u, "Where", m->where);
	}
}

/* ---- dependencies ---- */

bool defaults_has_option(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = options; at && *at; at += *at == ',') {
		size_t length = strcspn(at, ",");

		if (length == n && strncmp(at, name, n) == 0) {
			return true;
		}
		at += length;
	}
	return false;
}

/* A file system that needs the network. */
bool defaults_is_remote(const char *fs_type, const char *options)
{
	static const char *const types[] = { "nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs",
		"9p", "afs", "ncpfs", "ocfs2", "gfs2", "fuse.sshfs", "sshfs" };

	for (size_t i = 0; fs_type && i < ELEMENTSOF(types); i++) {
		if (strcmp(types[i], fs_type) == 0) {
			return true;
		}
	}
	return defaults_has_option(options, "_netdev");
}

static int parent_mounts(const struct defaults_context *c, struct unit *u)
{
	const struct unit_mount *m = u->mount;
	const char *slash = m->where ? strrchr(m->where, '/') : NULL;
	bool bind = defaults_has_option(m->options, "bind") ||
		    defaults_has_option(m->options, "rbind") ||
		    defaults_has_option(m->options, "loop");
	char *parent;
	int r = 0;

	if (slash && slash > m->where) {
		parent = arena_strndup(c->arena, m->where, (size_t)(slash - m->where));
		r = parent ? defaults_add_mounts(c, u, parent) : -ENOMEM;
	}
	if (r == 0 && m->what[0] == '/' && (bind || strncmp(m->what, "/dev/", 5) != 0)) {
		r = defaults_add_mounts(c, u, m->what);
	}
	return r;
}

struct implied {
	enum dep_kind kind;
	const char *name;
};

static int add_implied(
	const struct defaults_context *c, struct unit *u, const struct implied *rows, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = defaults_add(c, u, rows[i].kind, rows[i].name);
	}
	return r;
}

int defaults_mount_deps(const struct defaults_context *c, struct unit *u)
{
	static const struct implied all[] = { { DEP_CONFLICTS, "umount.target" },
		{ DEP_BEFORE, "umount.target" } };
	static const struct implied local[] = { { DEP_AFTER, "local-fs-pre.target" },
		{ DEP_BEFORE, "local-fs.target" } };
	static const struct implied remote[] = { { DEP_AFTER, "remote-fs-pre.target" },
		{ DEP_AFTER, "network.target" }, { DEP_AFTER, "network-online.target" },
		{ DEP_WANTS, "network-online.target" }, { DEP_BEFORE, "remote-fs.target" } };
	static const struct implied swap[] = { { DEP_BEFORE, "swap.target" } };
	const struct unit_mount *m = u->mount;
	bool nofail = m && defaults_has_option(m->options, "nofail");
	int r;

	if (!m || u->refused || u->is_template) {
		return 0;
	}
	r = parent_mounts(c, u);
	r = r < 0 ? r : defaults_mount_device(c, u);
	if (r < 0 || !(u->flags & UNIT_DEFAULT_DEPENDENCIES)) {
		return r;
	}
	r = add_implied(c, u, all, ELEMENTSOF(all));
	if (r == 0 && m->fs_type && strcmp(m->fs_type, "tmpfs") == 0) {
		r = defaults_add(c, u, DEP_AFTER, "swap.target");
	}
	if (r < 0) {
		return r;
	}
	if (u->type == UNIT_SWAP) {
		return nofail ? 0 : add_implied(c, u, swap, ELEMENTSOF(swap));
	}
	return defaults_is_remote(m->fs_type, m->options)
		       ? add_implied(c, u, remote, ELEMENTSOF(remote) - nofail)
		       : add_implied(c, u, local, ELEMENTSOF(local) - nofail);
}
