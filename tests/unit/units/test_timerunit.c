// SPDX-License-Identifier: MIT
/* [Timer]: what is read, what is refused, what follows without being written. */
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

static bool depends(const struct unit *u, enum dep_kind kind, const char *name)
{
	const struct unit_dep *deps = u->deps.items;

	for (size_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind == kind && strcmp(deps[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void test_read(void **state)
{
	struct fixture *f = *state;
	const struct unit_timer_value *v;
	struct unit *u;

	put(f, "etc/a.timer",
		"[Timer]\nOnBootSec=1\nOnActiveSec=\nOnActiveSec=2min\nOnUnitActiveSec=3h\n"
		"OnCalendar=Mon..Fri 06:30\nAccuracySec=0\nRandomizedDelaySec=5\n"
		"Persistent=yes\nRemainAfterElapse=no\nDeferReactivation=on\n");
	u = load_one(f, "a.timer");
	assert_int_equal(u->load_state, LOAD_LOADED);
	/* An empty line has dropped OnBootSec=. */
	assert_int_equal(u->timer->values.n, 3);
	v = u->timer->values.items;
	assert_true(v[0].base == TIMER_ACTIVE && v[0].value_us == 120000000);
	assert_true(v[1].base == TIMER_UNIT_ACTIVE && v[1].value_us == 10800000000);
	assert_true(v[2].base == TIMER_CALENDAR && v[2].calendar->weekdays == 0x1f);
	assert_int_equal(u->timer->flags, TIMER_PERSISTENT | TIMER_DEFER_REACTIVATION);
	assert_true(u->timer->random_delay_us == 5000000 && u->timer->accuracy_us == 0);
	assert_string_equal(u->timer->unit, "a.service");
}

/* What a template says with its instance is read in the instances; it is no error before. */
static void test_template(void **state)
{
	struct fixture *f = *state;
	const struct unit_timer_value *v;
	struct unit *u;

	put(f, "etc/i@.timer",
		"[Timer]\nOnCalendar=%i\nOnCalendar=*-*-* %i:00\nOnBootSec=%imin\n"
		"Unit=a@%i.service\n");
	put(f, "etc/p@.path", "[Path]\nPathExists=/%i\nUnit=a@%i.service\n");
	put(f, "etc/a@.service", "[Service]\nExecStart=/bin/true\n");
	put(f, "etc/x.target", "[Unit]\nWants=i@07.timer p@b.path\n");
	u = load_one(f, "i@.timer");
	assert_int_equal(u->load_state, LOAD_LOADED);
	u = unit_set_find(&f->set, "i@07.timer");
	assert_non_null(u);
	/* "07" is no calendar expression. */
	assert_int_equal(u->load_state, LOAD_BAD_SETTING);
	put(f, "etc/i@.timer",
		"[Timer]\nOnCalendar=*-*-* %i:00\nOnBootSec=%imin\nUnit=a@%i.service\n");
	diag_init(&f->d, &f->a);
	u = load_one(f, "i@07.timer");
	assert_int_equal(u->load_state, LOAD_LOADED);
	assert_int_equal(f->d.n_errors, 0);
	v = u->timer->values.items;
	assert_int_equal(u->timer->values.n, 2);
	assert_true(v[0].base == TIMER_CALENDAR && v[1].value_us == 420000000);
	assert_string_equal(u->timer->unit, "a@07.service");
	u = unit_set_find(&f->set, "p@b.path");
	assert_non_null(u);
	assert_string_equal(u->watch->unit, "a@b.service");
}

static void test_deps(void **state)
{
	struct fixture *f = *state;
	struct unit *u;

	put(f, "etc/a.service", "[Service]\nExecStart=/bin/true\n");
	put(f, "etc/a@.service", "[Service]\nExecStart=/bin/true\n");
	for (size_t i = 0; i < 5; i++) {
		static const char *const targets[] = { "timers", "sysinit", "shutdown", "time-set",
			"time-sync" };

		put(f, arena_printf(&f->a, "etc/%s.target", targets[i]), "[Unit]\n");
	}
	put(f, "etc/a.timer", "[Timer]\nOnCalendar=daily\n");
	put(f, "etc/b.timer", "[Timer]\nOnBootSec=1\nUnit=nowhere.service\n");
	put(f, "etc/c.timer",
		"[Unit]\nDefaultDependencies=no\n[Timer]\nOnCalendar=daily\n"
		"Unit=a.service\n");
	put(f, "etc/i@.timer", "[Timer]\nOnBootSec=1\nUnit=a@%i.service\n");
	put(f, "etc/x.target", "[Unit]\nWants=i@7.timer\n");
	u = load_one(f, "a.timer");
	assert_true(depends(u, DEP_TRIGGERS, "a.service") && depends(u, DEP_BEFORE, "a.service"));
	assert_true(depends(u, DEP_BEFORE, "timers.target"));
	assert_true(depends(u, DEP_REQUIRES, "sysinit.target"));
	assert_true(depends(u, DEP_AFTER, "sysinit.target"));
	assert_true(depends(u, DEP_CONFLICTS, "shutdown.target"));
	assert_true(depends(u, DEP_AFTER, "time-sync.target"));
	assert_true(depends(u, DEP_AFTER, "time-set.target"));
	u = unit_set_find(&f->set, "b.timer");
	assert_true(depends(u, DEP_TRIGGERS, "nowhere.service"));
	assert_false(depends(u, DEP_AFTER, "time-sync.target"));
	u = unit_set_find(&f->set, "c.timer");
	assert_true(depends(u, DEP_TRIGGERS, "a.service"));
	assert_false(depends(u, DEP_BEFORE, "timers.target"));
	u = unit_set_find(&f->set, "i@7.timer");
	assert_true(u && depends(u, DEP_TRIGGERS, "a@7.service"));
}

static void test_refused(void **state)
{
	static const char *const bad[][2] = {
		{ "", "no time" },
		{ "AccuracySec=5\n", "no time" },
		{ "OnCalendar=dayly\n", "dayly" },
		{ "OnCalendar=12:00 Mars/Olympus\n", "Mars" },
		{ "OnCalendar=25:00\n", "out of its range" },
		{ "OnBootSec=5 parsecs\n", "parsecs" },
		{ "OnBootSec=infinity\n", "infinity" },
		{ "OnBootSec=1\nUnit=other.timer\n", "other.timer" },
		{ "OnBootSec=1\nUnit=..\n", ".." },
		{ "OnBootSec=1\nPersistent=perhaps\n", "perhaps" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(f, arena_printf(&f->a, "etc/t%zu.timer", i),
			arena_printf(&f->a, "[Timer]\n%s", bad[i][0]));
	}
	put(f, "etc/clock.timer", "[Timer]\nOnClockChange=yes\n");
	assert_int_equal(load_one(f, "clock.timer")->load_state, LOAD_LOADED);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *name = arena_printf(&f->a, "t%zu.timer", i);
		const struct unit *u = unit_set_find(&f->set, name);

		assert_int_equal(u->load_state, LOAD_BAD_SETTING);
		if (!strstr(u->load_error, bad[i][1]) || !strstr(u->load_error, name)) {
			fail_msg("%s: %s", name, u->load_error);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_template, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
