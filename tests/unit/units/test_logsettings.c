// SPDX-License-Identifier: MIT
/* LogLevelMax= and its kin: what is read, what is refused, what LogNamespace= brings along. */
#include "../test.h"

#include <string.h>

#include "loadbox.h"

static void test_read(void **state)
{
	struct loadbox *f = *state;
	const struct unit_item *fields;
	const struct unit_exec *e;

	loadbox_put(f, "etc/a.service",
		"[Service]\nExecStart=/bin/true\nLogLevelMax=err\nLogLevelMax=warning\n"
		"LogExtraFields=OLD=1\nLogExtraFields=\nLogExtraFields=A=b \"C_1=d e\"\n"
		"LogExtraFields=HOST=%n\nLogRateLimitIntervalSec=2min\nLogRateLimitBurst=7\n");
	e = loadbox_load(f, "a.service")->exec;
	fields = e->log_fields.items;
	assert_int_equal(e->log_level_max, 4 + 1);
	assert_int_equal(e->log_fields.n, 3);
	assert_string_equal(fields[0].text, "A=b");
	assert_string_equal(fields[1].text, "C_1=d e");
	assert_string_equal(fields[2].text, "HOST=a.service");
	assert_true(e->log_rate_interval.set && e->log_rate_interval.value == 120000000);
	assert_true(e->log_rate_burst.set && e->log_rate_burst.value == 7);
	assert_null(e->log_namespace);
}

/* 0 says that there is no limit; an empty value says nothing. */
static void test_zero(void **state)
{
	struct loadbox *f = *state;
	const struct unit_exec *e;

	loadbox_put(f, "etc/a.service",
		"[Service]\nExecStart=/bin/true\nLogRateLimitIntervalSec=0\nLogLevelMax=err\n"
		"LogRateLimitBurst=7\nLogRateLimitBurst=\nLogLevelMax=\n");
	e = loadbox_load(f, "a.service")->exec;
	assert_true(e->log_rate_interval.set && e->log_rate_interval.value == 0);
	assert_false(e->log_rate_burst.set);
	assert_int_equal(e->log_level_max, 0);
}

static void test_wrong(void **state)
{
	static const char *const lines[] = { "LogLevelMax=loud", "LogExtraFields=a=b",
		"LogExtraFields=_A=b", "LogExtraFields=1A=b", "LogExtraFields=A",
		"LogExtraFields==b", "LogRateLimitBurst=-1", "LogRateLimitIntervalSec=often",
		"LogNamespace=../x", "LogNamespace=.x", "LogNamespace=a/b", "LogNamespace=a b" };
	struct loadbox *f = *state;
	char text[128];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		size_t before = f->d.rows.n;

		snprintf(text, sizeof(text), "[Service]\nExecStart=/bin/true\n%s\n", lines[i]);
		loadbox_put(f, "etc/a.service", text);
		f->set = (struct unit_set) { 0 };
		loadbox_load(f, "a.service");
		if (f->d.rows.n == before) {
			print_message("nothing is said against %s\n", lines[i]);
			fail();
		}
	}
}

static void test_namespace(void **state)
{
	static const char *const sockets[] = { "systemd-journald@apart.socket",
		"systemd-journald-varlink@apart.socket" };
	struct loadbox *f = *state;
	const struct unit_path *path;
	const struct unit *u;

	for (size_t i = 0; i < 2; i++) {
		char file[64];

		snprintf(file, sizeof(file), "etc/systemd-journald%s@.socket", i ? "-varlink" : "");
		loadbox_put(f, file, "[Socket]\nListenStream=/run/%i\n");
	}
	loadbox_put(f, "etc/systemd-journald@.service", "[Service]\nExecStart=/bin/true\n");
	loadbox_put(f, "etc/a.service",
		"[Service]\nExecStart=/bin/true\nLogNamespace=no\nLogNamespace=apart\n");
	u = loadbox_load(f, "a.service");
	path = u->exec->paths.items;
	assert_string_equal(u->exec->log_namespace, "apart");
	assert_int_equal(u->exec->paths.n, 1);
	assert_string_equal(path->source, "/run/systemd/journal.apart");
	assert_string_equal(path->target, "/run/systemd/journal");
	assert_int_equal(path->flags, PLAN_MOUNT_F_READ_ONLY);
	for (size_t i = 0; i < 2; i++) {
		assert_true(loadbox_has_dep(u, DEP_REQUIRES, sockets[i]));
		assert_true(loadbox_has_dep(u, DEP_AFTER, sockets[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_zero, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_wrong, loadbox_setup, loadbox_teardown),
		cmocka_unit_test_setup_teardown(test_namespace, loadbox_setup, loadbox_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
