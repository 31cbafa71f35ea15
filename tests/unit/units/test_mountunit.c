// SPDX-License-Identifier: MIT
/* [Mount] and [Swap]: what is read, what is refused, what they stand for. */
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

struct fixture {
	char dir[64];
	struct arena a;
	struct diagnostics d;
	struct unit_set set;
	struct loader_dir dirs[2];
	struct loader_options opts;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

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

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_fini(&f->a);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *name, const char *text)
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

static struct unit *load_one(struct fixture *f, const char *name)
{
	struct unit *u;

	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
	u = unit_set_find(&f->set, name);
	assert_non_null(u);
	return u;
}

static bool has_dep(const struct unit *u, enum dep_kind kind, const char *name)
{
	const struct unit_dep *deps = u->deps.items;

	for (size_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind == kind && strcmp(deps[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* The arguments of the command of a phase, joined by blanks. */
static const char *command(struct fixture *f, const struct unit *u, enum exec_phase phase)
{
	const struct unit_command *rows = u->service->commands.items;
	const char *text = "";

	for (size_t i = 0; i < u->service->commands.n; i++) {
		for (size_t k = 0; rows[i].phase == phase && k < rows[i].n_argv; k++) {
			text = arena_printf(&f->a, "%s%s%s", text, k ? " " : "", rows[i].argv[k]);
		}
	}
	return text;
}

static void test_mount(void **state)
{
	struct fixture *f = *state;
	const struct unit *u, *below;

	put(f, "lib/local-fs.target", "[Unit]\n");
	put(f, "lib/network-online.target", "[Unit]\n");
	put(f, "lib/umount.target", "[Unit]\n");
	put(f, "lib/remote-fs.target", "[Unit]\n");
	put(f, "etc/srv-a.mount",
		"[Mount]\nWhat=/dev/x\nWhere=/srv/a\nType=ext4\nOptions=ro,noatime\n"
		"SloppyOptions=yes\nLazyUnmount=yes\nForceUnmount=yes\nReadWriteOnly=yes\n"
		"DirectoryMode=0700\nTimeoutSec=7\nKillMode=process\n");
	put(f, "etc/srv-a-b.mount",
		"[Mount]\nWhat=h:/x\nWhere=/srv/a/b\nType=nfs\nOptions=nofail\n");
	u = load_one(f, "srv-a.mount");
	below = unit_set_find(&f->set, "srv-a-b.mount");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(command(f, u, PHASE_START),
		"/bin/mount /dev/x /srv/a -t ext4 -o ro,noatime,X-mount.mkdir=0700 -s -w");
	assert_string_equal(command(f, u, PHASE_STOP), "/bin/umount /srv/a -c -l -f");
	assert_string_equal(
		command(f, u, PHASE_RELOAD), "/bin/mount /dev/x /srv/a -o remount,ro,noatime");
	assert_int_equal(u->service->timeout_start_us, 7000000);
	assert_int_equal(u->service->kill_mode, KILL_PROCESS);
	assert_true(has_dep(u, DEP_BEFORE, "local-fs.target"));
	assert_true(has_dep(u, DEP_CONFLICTS, "umount.target"));
	assert_true(has_dep(below, DEP_REQUIRES, "srv-a.mount"));
	assert_true(has_dep(below, DEP_AFTER, "srv-a.mount"));
	assert_true(has_dep(below, DEP_AFTER, "network-online.target"));
	assert_false(has_dep(below, DEP_BEFORE, "local-fs.target"));
	assert_false(has_dep(below, DEP_BEFORE, "remote-fs.target"));
	assert_int_equal(below->service->timeout_start_us, 90000000);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
		{ "etc/a.mount", "[Mount]\nWhere=/a\n" },
		{ "etc/b.mount", "[Mount]\nWhat=tmpfs\n" },
		{ "etc/c.mount", "[Mount]\nWhat=tmpfs\nWhere=/d\n" },
		{ "etc/proc.mount", "[Mount]\nWhat=proc\nWhere=/proc\n" },
		{ "etc/e.mount", "[Mount]\nWhat=--bind\nWhere=/e\n" },
		{ "etc/f.mount", "[Mount]\nWhat=tmpfs\nWhere=f\n" },
		{ "etc/g.swap", "[Swap]\nWhat=UUID=1\n" },
		{ "etc/h.swap", "[Swap]\nWhat=/dev/x\n" },
		{ "etc/i.swap", "[Swap]\nPriority=1\n" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(f, rows[i].name, rows[i].text);
	}
	assert_int_equal(loader_load_all(&f->opts, &f->a, &f->d, &f->set), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct unit *u = unit_set_find(&f->set, rows[i].name + 4);

		assert_non_null(u);
		if (u->load_state != LOAD_BAD_SETTING) {
			fail_msg("%s was taken", rows[i].name);
		}
		assert_non_null(u->load_error);
	}
}

static void test_swap(void **state)
{
	struct fixture *f = *state;
	const struct unit *u;

	put(f, "lib/swap.target", "[Unit]\n");
	put(f, "etc/dev-x.swap", "[Swap]\nWhat=/dev/x\nPriority=5\nOptions=discard\n");
	u = load_one(f, "dev-x.swap");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_string_equal(command(f, u, PHASE_START), "/sbin/swapon -o discard -p 5 /dev/x");
	assert_string_equal(command(f, u, PHASE_STOP), "/sbin/swapoff /dev/x");
	assert_true(has_dep(u, DEP_BEFORE, "swap.target"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
