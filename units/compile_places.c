// SPDX-License-Identifier: MIT
/* The unit's root and what the kernel shows in it; mount options as a unit writes them. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "compile.h"

/* Words of a mount option list that are no option of the file system. */
static const struct {
	const char *word;
	uint32_t set;
	uint32_t clear;
	bool weakens; /* what the word asks for is never given */
} flag_words[] = {
	{ "ro", PLAN_MOUNT_F_READ_ONLY, 0, false },
	{ "rw", 0, PLAN_MOUNT_F_READ_ONLY, false },
	{ "nosuid", PLAN_MOUNT_F_NOSUID, 0, false },
	{ "nodev", PLAN_MOUNT_F_NODEV, 0, false },
	{ "noexec", PLAN_MOUNT_F_NOEXEC, 0, false },
	{ "exec", 0, PLAN_MOUNT_F_NOEXEC, false },
	{ "suid", 0, 0, true },
	{ "dev", 0, 0, true },
};

/* 1: it was a flag; 0: the file system's own; -EINVAL: refused. */
static int take_flag(struct compile_unit *cu, struct plan_mount *m, const char *word, size_t n)
{
	for (size_t i = 0; i < ELEMENTSOF(flag_words); i++) {
		if (strlen(flag_words[i].word) != n || strncmp(flag_words[i].word, word, n) != 0) {
			continue;
		}
		if (flag_words[i].weakens) {
			return compile_refuse(cu, m->origin,
				"mount option \"%s\" of %s: file systems of a unit are always "
				"nosuid and nodev",
				flag_words[i].word, m->target);
		}
		m->flags = (m->flags & ~flag_words[i].clear) | flag_words[i].set;
		return 1;
	}
	return 0;
}

int compile_mount_options(struct compile_unit *cu, struct plan_mount *m)
{
	const char *rest = "";

	for (const char *p = m->options ? m->options : ""; *p;) {
		size_t n = strcspn(p, ",");
		int r = n ? take_flag(cu, m, p, n) : 1;

		if (r < 0) {
			return r;
		}
		if (r == 0) {
			rest = arena_printf(
				cu->c->arena, "%s%s%.*s", rest, *rest ? "," : "", (int)n, p);
		}
		if (!rest) {
			return -ENOMEM;
		}
		p += n + (p[n] == ',');
	}
	if (m->kind == PLAN_MOUNT_TMPFS) {
		/* systemd's bounds: without them one unit could fill the machine's memory. */
		rest = arena_printf(cu->c->arena, "%s%s%s%s%s",
			strstr(rest, "mode=") ? "" : "mode=0755,",
			strstr(rest, "size=") ? "" : "size=10%,",
			strstr(rest, "nr_inodes=") ? "" : "nr_inodes=400k", *rest ? "," : "", rest);
	}
	m->options = rest && *rest ? rest : NULL;
	return rest ? 0 : -ENOMEM;
}

static int set_root(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;

	if (e->root_image && e->root_directory) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "RootImage"),
			"RootImage= and RootDirectory= are two roots; one is wanted");
	}
	if (e->root_image_options && !e->root_image) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "RootImageOptions"),
			"RootImageOptions= without RootImage=");
	}
	p->root_image = e->root_image;
	p->root_image_options = e->root_image_options;
	p->root_dir =
		e->root_directory && strcmp(e->root_directory, "/") != 0 ? e->root_directory : NULL;
	if (!p->root_image && !p->root_dir) {
		return 0;
	}
	p->flags |= e->mount_api_vfs != 0 ? PLAN_API_VFS : 0;
	/*
	 * Ids of a directory of the host are mapped only where nothing can be left in it that is
	 * root's and set-id outside.
	 */
	if (cu->user_namespace && e->users_map == USERS_PICK &&
		(p->root_image || ((p->flags & PLAN_ROOT_READ_ONLY) && e->restrict_suid_sgid))) {
		p->flags |= PLAN_IDMAP_ROOT;
	}
	return 0;
}

static int set_cgroups(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;

	if (!e->private_cgroups) {
		return 0;
	}
	cu->base.namespaces |= PLAN_NS_CGROUP;
	cu->base.flags |= PLAN_CGROUP_MOUNT;
	cu->base.flags |= e->protect_control_groups ? PLAN_CGROUP_READ_ONLY : 0;
	return 0;
}

int compile_places(struct compile_unit *cu)
{
	int r = set_root(cu);

	cu->base.host_name = cu->unit->exec->host_name;
	return r < 0 ? r : set_cgroups(cu);
}
