// SPDX-License-Identifier: MIT
/* [Timer]: what is read, what is refused, what follows without being written. */
#include "../test.h"

#include <string.h>

#include "loadbox.h"

static void test_read(void **state)
{
	struct loadbox *f = *state;
	const struct unit_timer_value *v;
	struct unit *u;

	loadbox_put(f, "etc/a.timer",
		"[Timer]\nOnBootSec=1\nOnActiveSec=\nOnActiveSec=2min\nOnUnitActiveSec=3h\n"
		"OnCalendar=Mon..Fri 06:30\nAccuracySec=0\nRandomizedDelaySec=5\n"
		"Persistent=yes\nRemainAfterElapse=no\nDeferReactivation=on\n");
	u = loadbox_load(f, "a.timer");
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
	struct loadbox *f = *state;
	const struct unit_timer_value *v;
	struct unit *u;

	loadbox_put(f, "etc/i@.timer",
		"[Timer]\nOnCalendar=%i\nOnCalendar=*-*-* %i:00\nOnBootSec=%imin\n"
		"Unit=a@%i.service\n");
	loadbox_put(f, "etc/p@.path", "[Path]\nPathExists=/%i\nUnit=a@%i.service\n");
	loadbox_put(f, "etc/a@.service", "[Service]\nExecStart=/bin/true\n");
	loadbox_put(f, "etc/x.target", "[Unit]\nWants=i@07.timer p@b.path\n");
	u = loadbox_load(f, "i@.timer");
	assert_int_equal(u->load_state, LOAD_LOADED);
	u = unit_set_find(&f->set, "i@07.timer");
	assert_non_null(u);
	/* "07" is no calendar expression. */
	assert_int_equal(u->load_state, LOAD_BAD_SETTING);
	loadbox_put(f, "etc/i@.timer",
		"[Timer]\nOnCalendar=*-*-* %i:00\nOnBootSec=%imin\nUnit=a@%i.service\n");
	diag_init(&f->d, &f->a);
	u = loadbox_load(f, "i@07.timer");
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
	struct loadbox *f = *state;
	struct unit *u;

	loadbox_put(f, "etc/a.service", "[Service]\nExecStart=/bin/true\n");
	loadbox_put(f, "etc/a@.service", "[Service]\nExecStart=/bin/true\n");
	for (size_t i = 0; i < 5; i++) {
		static const char *const targets[] = { "timers", "sysinit", "shutdown", "time-set",
			"time-sync" };

		loadbox_put(f, arena_printf(&f->a, "etc/%s.target", targets[i]), "[Unit]\n");
	}
	loadbox_put(f, "etc/a.timer", "[Timer]\nOnCalendar=daily\n");
	loadbox_put(f, "etc/b.timer", "[Timer]\nOnBootSec=1\nUnit=nowhere.service\n");
	loadbox_put(f, "etc/c.timer",
		"[Unit]\nDefaultDependencies=no\n[Timer]\nOnCalendar=daily\n"
		"Unit=a.service\n");
	loadbox_put(f, "etc/i@.timer", "[Timer]\nOnBootSec=1\nUnit=a@%i.service\n");
	loadbox_put(f, "etc/x.target", "[Unit]\nWants=i@7.timer\n");
	u = loadbox_load(f, "a.timer");
	assert_true(loadbox_has_dep(u, DEP_TRIGGERS, "a.service") &&
		    loadbox_has_dep(u, DEP_BEFORE, "a.service"));
	assert_true(loadbox_has_dep(u, DEP_BEFORE, "timers.target"));
	assert_true(loadbox_has_dep(u, DEP_REQUIRES, "sysinit.target"));
	assert_true(loadbox_has_dep(u, DEP_AFTER, "sysinit.target"));
	assert_true(loadbox_has_dep(u, DEP_CONFLICTS, "shutdown.target"));
	assert_true(loadbox_has_dep(u, DEP_AFTER, "time-sync.target"));
	assert_true(loadbox_has_dep(u, DEP_AFTER, "time-set.target"));
	u = unit_set_find(&f->set, "b.timer");
	assert_true(loadbox_has_dep(u, DEP_TRIGGERS, "nowhere.service"));
	assert_false(loadbox_has_dep(u, DEP_AFTER, "time-sync.target"));
	u = unit_set_find(&f->set, "c.timer");
	assert_true(loadbox_has_dep(u, DEP_TRIGGERS, "a.service"));
	assert_false(loadbox_has_dep(u, DEP_BEFORE, "timers.target"));
	u = unit_set_find(&f->set, "i@7.timer");
	assert_true(u && loadbox_has_dep(u, DEP_TRIGGERS, "a@7.service"));
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
	struct loadbox *f = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		loadbox_put(f, arena_printf(&f->a, "etc/t%zu.timer", i),
			arena_printf(&f->a, "[Timer]\n%s", bad[i][0]));
	}
	loadbox_put(f, "etc/clock.timer", "[Timer]\nOnClockChange=yes\n");
	assert_int_equal(loadbox_load(f, "clock.timer")->load_state, LOAD_LOADED);
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
		cmocka_unit_test_setup_teardown(test_read, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_template, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_deps, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_refused, loadbox_setup, loadbox_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
