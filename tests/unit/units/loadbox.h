// SPDX-License-Identifier: MIT
/* Two directories of unit files and what the loader makes of them: for tests. */
#pragma once

#include "../test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/arenafmt.h"
#include "../../../units/loader.h"

struct loadbox {
	char dir[64];
	struct arena a;
	struct diagnostics d;
	struct unit_set set;
	struct loader_dir dirs[2];
	struct loader_options opts;
};

static inline int loadbox_remove_one(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* cmocka set-up: *state is the box. */
static inline int loadbox_setup(void **state)
{
	struct loadbox *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/supd-test-loader-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	arena_init(&f->a);
	diag_init(&f->d, &f->a);
	f->dirs[0].path = arena_printf(&f->a, "%s/etc", f->dir);
	f->dirs[1].path = arena_printf(&f->a, "%s/lib", f->dir);
	assert_int_equal(mkdir(f->dirs[0].path, 0755), 0);
	assert_int_equal(mkdir(f->dirs[1].path, 0755), 0);
	f->dirs[1].systemd = true;
	f->opts = (struct loader_options) { .dirs = f->dirs, .n_dirs = 2, .owner_uid = getuid() };
	*state = f;
	return 0;
}

static inline int loadbox_teardown(void **state)
{
	struct loadbox *f = *state;

	nftw(f->dir, loadbox_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_fini(&f->a);
	free(f);
	return 0;
}

/* A file below the box's directory; "etc/…" comes before "lib/…", which is systemd's. */
static inline void loadbox_put(struct loadbox *f, const char *name, const char *text)
{
	const char *path = arena_printf(&f->a, "%s/%s", f->dir, name);
	char *slash;
	char copy[512];
	FILE *file;

	snprintf(copy, sizeof(copy), "%s", path);
	slash = strrchr(copy, '/');
	*slash = '\0';
	if (mkdir(copy, 0755) != 0) {
		assert_int_equal(errno, EEXIST);
	}
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

/* Loads all and gives one of them. */
static inline struct unit *loadbox_load(struct loadbox *f, const char *name)
{
	struct unit *u;

	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
	u = unit_set_find(&f->set, name);
	assert_non_null(u);
	return u;
}

static inline bool loadbox_has_dep(const struct unit *u, enum dep_kind kind, const char *name)
{
	const struct unit_dep *deps = u->deps.items;

	for (size_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind == kind && strcmp(deps[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}
