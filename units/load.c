// SPDX-License-Identifier: MIT
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/bootpaths.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/timeutil.h"
#include "install_loaded.h"

static int find_places(struct load *l)
{
	char path[LIMIT_PATH];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0) {
		return 0;
	}
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash) {
		return 0;
	}
	*slash = '\0';
	l->shipped_dir = arena_printf(&l->arena, "%s/units", path);
	l->profile_dir = arena_printf(&l->arena, "%s/units/profiles", path);
	return l->shipped_dir && l->profile_dir ? 0 : -ENOMEM;
}

int load_init(struct load *l)
{
	int r;

	memset(l, 0, sizeof(*l));
	arena_init(&l->arena);
	l->ids.fd = -1;
	diag_init(&l->diagnostics, &l->arena);
	r = userdb_load(&l->users, "/etc/passwd", "/etc/group");
	return r < 0 ? r : find_places(l);
}

static struct tlv_bytes map_file(int fd)
{
	struct tlv_bytes none = { NULL, 0 };
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
		st.st_size > (off_t)UINT32_MAX) {
		return none;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? none : (struct tlv_bytes) { p, (uint32_t)st.st_size };
}

void load_use_previous(struct load *l, int plans_fd, int manifest_fd)
{
	l->compile.previous = (struct compile_previous) {
		.plans_data = map_file(plans_fd),
		.manifest_data = map_file(manifest_fd),
	};
}

/* Is it the machine's own PID 1 whose units these are? */
static bool on_this_machine(const struct loader_options *opts)
{
	return opts->n_dirs && opts->dirs && strcmp(opts->dirs[0].path, BOOTUNITS_DIR) == 0;
}

static int load_units(struct load *l, const struct settings *settings, const char *const *files)
{
	struct loader_options opts = { .fstab = settings->fstab ? "/etc/fstab" : NULL,
		.profile_dir = l->profile_dir,
		.masks = settings->masks,
		.n_masks = settings->n_masks,
		.device_timeout_us = settings->device_timeout_us,
		.timeout_start_us = settings->timeout_start_us,
		.timeout_stop_us = settings->timeout_stop_us };
	struct loader_dir *dirs;
	int r = loader_split_path(settings->unit_path, &l->arena, &dirs, &opts.n_dirs);

	if (r < 0) {
		return r;
	}
	opts.dirs = dirs;
	if (!files) {
		opts.fstab_more = on_this_machine(&opts) ? BOOTFSTAB_PATH : NULL;
		return loader_load_all(&opts, &l->arena, &l->diagnostics, &l->set);
	}
	opts.relax_owner = true;
	return loader_load_files(&opts, files, &l->arena, &l->diagnostics, &l->set);
}

/* Units whose file `supctl run` wrote. */
static void mark_transient(struct unit_set *set, const char *runtime_dir)
{
	size_t n = strlen(runtime_dir);

	for (size_t i = 0; i < set->n; i++) {
		struct unit *u = set->units[i];

		if (u->fragment_path && strncmp(u->fragment_path, runtime_dir, n) == 0 &&
			strncmp(u->fragment_path + n, "/transient/", 11) == 0) {
			u->flags |= UNIT_TRANSIENT;
		}
	}
}

static bool unit_is_there(const void *context, const char *name)
{
	return unit_set_index(context, name) != CATALOGUE_NONE;
}

int load_run(
	struct load *l, const struct settings *settings, const char *const *files, int idtable_fd)
{
	struct compile *c = &l->compile;
	uint64_t start = now_us();
	int r = load_units(l, settings, files);

	if (r < 0) {
		return r;
	}
	mark_transient(&l->set, settings->runtime_dir);
	r = install_fill_states(&l->arena, &l->set, settings);
	if (r < 0) {
		return r;
	}
	r = idtable_open(&l->ids, idtable_fd, settings->id_pool_ranges);
	if (r < 0) {
		return r;
	}
	c->arena = &l->arena;
	c->diagnostics = &l->diagnostics;
	c->set = &l->set;
	c->settings = settings;
	c->users = &l->users;
	c->ids = &l->ids;
	l->ids.lives = unit_is_there;
	l->ids.context = &l->set;
	c->environ = (const char *const *)environ;
	compile_read_host(&c->host);
	r = compile_all(c);
	c->manifest.load_time_us = now_us() - start;
	return r;
}

int load_write(struct load *l, int plans_fd, int manifest_fd)
{
	AUTO(tlv_buf_fini) struct tlv_buf buf = { 0 };
	int r = manifest_encode(&buf, &l->compile.manifest);

	if (r < 0) {
		return r;
	}
	if (buf.len > LIMIT_MANIFEST_BYTES) {
		return -E2BIG;
	}
	r = fd_write_full(manifest_fd, buf.data, buf.len);
	return r < 0 ? r
		     : catalogue_write(
			       &l->compile.builder, &l->users.passwd, &l->users.group, plans_fd);
}

void load_fini(struct load *l)
{
	catalogue_builder_fini(&l->compile.builder);
	seccomp_cache_fini(&l->compile.seccomp);
	idtable_close(&l->ids);
	userdb_fini(&l->users);
	arena_fini(&l->arena);
}
