// SPDX-License-Identifier: MIT
#include "dump.h"

#include <inttypes.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/plan/plan.h"
#include "values.h"

static const char *const op_names[PLAN_OP_COUNT] = { "exec", "check", "clean", "readpid", "realize",
	"bind", "flush", "watch", "automount", "join", "discard" };
static const char *const kind_names[ENTRY_KIND_COUNT] = { "main", "control", "health", "work" };
static const char *const mount_names[PLAN_MOUNT_KIND_COUNT] = {
	[PLAN_MOUNT_BIND] = "bind",
	[PLAN_MOUNT_READ_ONLY] = "read-only",
	[PLAN_MOUNT_READ_WRITE] = "read-write",
	[PLAN_MOUNT_INACCESSIBLE] = "inaccessible",
	[PLAN_MOUNT_TMPFS] = "tmpfs",
	[PLAN_MOUNT_EXEC] = "exec",
	[PLAN_MOUNT_NOEXEC] = "noexec",
	[PLAN_MOUNT_IMAGE] = "image",
	[PLAN_MOUNT_EXTENSION] = "extensions",
};
static const char *const namespace_names[] = { "user", "mount", "pid", "ipc", "uts", "cgroup",
	"net" };
static const char *const flag_names[] = { "no-new-privs", "no-env-expansion", "private-tmp",
	"private-devices", "proc-fresh", "proc-subset-pid", "ignore-sigpipe", "keyring-private",
	"workdir-missing-ok", "notify", "listen-fds", "watchdog", "mainpid", "result", "mdwe",
	"tty-reset", "dynamic-user", "remove-ipc", "root-read-only", "unlink-pidfile",
	"proc-instance" };

static void put_bits(
	FILE *out, const char *label, uint64_t bits, const char *const *names, size_t n)
{
	if (!bits) {
		return;
	}
	fprintf(out, "    %s:", label);
	for (size_t i = 0; i < n; i++) {
		if (bits & UINT64_C(1) << i) {
			fprintf(out, " %s", names[i]);
		}
	}
	fputc('\n', out);
}

static void put_caps(FILE *out, const char *label, uint64_t caps)
{
	fprintf(out, "    %s:", label);
	for (unsigned i = 0; i < 64; i++) {
		const char *name = caps & UINT64_C(1) << i ? value_capability_to_name(i) : NULL;

		if (name) {
			fprintf(out, " %s", name);
		}
	}
	fprintf(out, "%s\n", caps ? "" : " none");
}

static void put_map(FILE *out, const char *label, const struct tlv_array *map)
{
	const struct plan_idmap *rows = map->items;

	for (uint32_t i = 0; i < map->n; i++) {
		fprintf(out, "    %s: %u -> %u (%u)\n", label, rows[i].inside, rows[i].outside,
			rows[i].count);
	}
}

static void put_strings(FILE *out, const char *label, const struct tlv_strv *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		fprintf(out, "    %s: %s\n", label, v->items[i]);
	}
}

static void put_walls(FILE *out, const struct plan *p)
{
	static const char *const phases[PLAN_LIMIT_PHASE_COUNT] = { "", " while it starts",
		" later" };
	const struct plan_mount *mounts = p->mounts.items;
	const struct plan_dir *dirs = p->dirs.items;
	const struct plan_cgroup_write *writes = p->cgroup_writes.items;
	const struct plan_rlimit *limits = p->rlimits.items;

	for (uint32_t i = 0; i < p->mounts.n; i++) {
		fprintf(out, "    mount: %s %s%s%s%s (%s)\n", mount_names[mounts[i].kind],
			mounts[i].target, mounts[i].source ? " <- " : "",
			mounts[i].source ? mounts[i].source : "",
			mounts[i].flags & PLAN_MOUNT_F_IGNORE_MISSING ? " if there" : "",
			mounts[i].origin ? mounts[i].origin : "");
	}
	for (uint32_t i = 0; i < p->dirs.n; i++) {
		fprintf(out, "    dir: %s %04o\n", dirs[i].path, dirs[i].mode);
	}
	for (uint32_t i = 0; i < p->cgroup_writes.n; i++) {
		fprintf(out, "    cgroup: %s%s%s = %s%s%s (%s)\n",
			writes[i].cgroup ? writes[i].cgroup : "", writes[i].cgroup ? "/" : "",
			writes[i].file, writes[i].value, writes[i].required ? "" : " if there",
			phases[writes[i].phase], writes[i].origin);
	}
	for (uint32_t i = 0; i < p->rlimits.n; i++) {
		fprintf(out, "    rlimit: %u = %" PRIu64 ":%" PRIu64 "\n", limits[i].resource,
			limits[i].soft, limits[i].hard);
	}
}

static void put_exec(FILE *out, const struct plan *p)
{
	put_strings(out, "argument", &p->argv);
	put_strings(out, "environment", &p->env);
	fprintf(out, "    uid %u gid %u groups", p->uid, p->gid);
	for (uint32_t i = 0; i < p->groups.n; i++) {
		fprintf(out, " %u", p->groups.items[i]);
	}
	fprintf(out, "%s\n", p->stale_users ? " (not all names exist)" : "");
	put_map(out, "uid map", &p->uid_map);
	put_map(out, "gid map", &p->gid_map);
	put_bits(out, "namespaces", p->namespaces, namespace_names, ELEMENTSOF(namespace_names));
	put_caps(out, "bounding", p->cap_bounding);
	put_caps(out, "ambient", p->cap_ambient);
	put_caps(out, "effective", p->cap_effective);
	fprintf(out, "    filter: %zu instructions, quietly %zu\n", p->seccomp_size / (size_t)8,
		p->quiet_size / (size_t)8);
	fprintf(out, "    umask: %04o\n", p->umask);
}

static int put_entry(FILE *out, const struct catalogue *c, uint32_t entry, struct arena *arena)
{
	const struct catalogue_entry *e = &c->entries[entry];
	struct plan p;
	int r = plan_decode(c, entry, arena, &p);

	if (r < 0) {
		return r;
	}
	fprintf(out, "  entry %u: %s, %s%s%s (%s)\n", entry, op_names[p.op], kind_names[e->kind],
		e->flags & CATALOGUE_ENTRY_NSINIT ? ", nsinit" : "",
		e->flags & CATALOGUE_ENTRY_BORN ? ", born" : "", p.origin ? p.origin : "");
	put_bits(out, "flags", p.flags, flag_names, ELEMENTSOF(flag_names));
	if (p.op == PLAN_EXEC) {
		fprintf(out, "    path: %s\n", p.path);
		put_exec(out, &p);
	}
	put_walls(out, &p);
	if (p.pid_file) {
		fprintf(out, "    pid file: %s\n", p.pid_file);
	}
	return 0;
}

int dump_catalogue(
	FILE *out, const struct catalogue *c, const struct manifest *m, struct arena *arena)
{
	for (uint32_t i = 0; i < c->header->n_units; i++) {
		const struct manifest_unit *u = manifest_unit_at(m, i);

		if (u->load_state == LOAD_NOT_FOUND) {
			continue;
		}
		fprintf(out, "%s: %s, cgroup %s, flags %#x\n", u->name,
			load_state_to_string(u->load_state), u->cgroup, c->units[i].flags);
		for (uint32_t k = 0; k < c->header->n_entries; k++) {
			int r = c->entries[k].unit == i ? put_entry(out, c, k, arena) : 0;

			if (r < 0) {
				return r;
			}
		}
	}
	return 0;
}
