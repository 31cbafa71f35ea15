// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../units/conf.h"

static char path[] = "/tmp/conf.XXXXXX";

struct outcome {
	struct arena arena;
	struct diagnostics d;
	struct userdb users;
	struct settings s;
	int r;
};

static void load(struct outcome *o, const char *text, const char *option, const char *value)
{
	const char *const argv[] = { "--config", path, option, value, NULL };
	struct conf_input input = { .argv = argv, .shipped_dir = "/shipped", .users = &o->users };
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	memset(o, 0, sizeof(*o));
	arena_init(&o->arena);
	diag_init(&o->d, &o->arena);
	assert_int_equal(
		userdb_parse(&o->users, "supd:x:700:701::/:/bin/false\n", "supd:x:701:\n"), 0);
	o->r = conf_load(&input, &o->arena, &o->d, &o->s);
}

static void drop(struct outcome *o)
{
	userdb_fini(&o->users);
	arena_fini(&o->arena);
}

static void test_file_and_options(void **state)
{
	struct outcome o;

	(void)state;
	load(&o,
		"[supd]\nRuntimeDirectory=/run/a\nStateDirectory=/var/a\n"
		"ImportSystemdUnits=yes\nLogMaxBytes=2M\nLogRateIntervalSec=5s\nLogLevel=debug\n"
		"DefaultDeviceTimeoutSec=2min\nDefaultTimeoutStartSec=3min\n"
		"DefaultTimeoutStopSec=infinity\nDefaultEnvironment=A=b \"C=d e\"\n",
		"--runtime-dir", "/run/b");
	assert_int_equal(o.r, 0);
	assert_string_equal(o.s.runtime_dir, "/run/b");
	assert_string_equal(o.s.state_dir, "/var/a");
	assert_int_equal(o.s.log_max_bytes, 2 * 1024 * 1024);
	assert_int_equal(o.s.log_rate_interval_us, 5000000);
	assert_int_equal(o.s.log_level, 7);
	assert_int_equal(o.s.device_timeout_us, 120000000);
	assert_int_equal(o.s.timeout_start_us, 180000000);
	assert_true(o.s.timeout_stop_us == UINT64_MAX);
	assert_memory_equal(o.s.environment, "A=b\0C=d e\0", 11);
	assert_int_equal(o.s.supd_uid, 700);
	assert_int_equal(o.s.control_gid, 701);
	assert_int_equal(o.s.load_uid, o.s.id_pool_first + 2);
	assert_int_equal(strncmp(o.s.unit_path, "/etc/supd:/run/b/units:/run/b/transient:", 40), 0);
	assert_non_null(strstr(o.s.unit_path, ":/usr/lib/systemd/system:"));
	assert_non_null(strstr(o.s.unit_path, ":/shipped"));
	drop(&o);
}

static void test_errors_name_the_line(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
	} rows[] = {
		{ "[supd]\n\nBogus=1\n", 3 },
		{ "[other]\nRuntimeDirectory=/a\n", 1 },
		{ "[supd]\nRuntimeDirectory=relative\n", 2 },
		{ "[supd]\nRuntimeDirectory=/a/../b\n", 2 },
		{ "[supd]\nImportSystemdUnits=perhaps\n", 2 },
		{ "[supd]\nLogLevel=loud\n", 2 },
		{ "[supd]\nDefaultDeviceTimeoutSec=soon\n", 2 },
		{ "[supd]\nDefaultTimeoutStartSec=soon\n", 2 },
		{ "[supd]\nDefaultEnvironment=A\n", 2 },
		{ "[supd]\nDefaultEnvironment=\"A=b\n", 2 },
		{ "[supd]\nDefaultMemoryPressureWatch=yes\n", 2 },
		{ "[supd]\nDefaultMemoryPressureThresholdSec=3s\n", 2 },
		{ "[supd]\nDefaultMemoryPressureThresholdSec=0\n", 2 },
		{ "[supd]\nControlAccessGroup=nobody-has-it\n", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o;
		const struct diagnostic *d;

		load(&o, rows[i].text, NULL, NULL);
		assert_int_equal(o.r, -EINVAL);
		d = o.d.rows.items;
		assert_int_equal(d[0].line, rows[i].line);
		assert_string_equal(d[0].file, path);
		drop(&o);
	}
}

static void test_bad_options(void **state)
{
	static const char *const rows[][2] = {
		{ "--bogus", "x" },
		{ "--runtime-dir", "" },
		{ "not a unit", NULL },
		{ "--unit-path", "/a:b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o;

		load(&o, "", rows[i][0], rows[i][1]);
		assert_int_equal(o.r, -EINVAL);
		drop(&o);
	}
}

/* A pool among the users' ids would give a unit other people's files. */
static void test_pool(void **state)
{
	struct outcome o;

	(void)state;
	load(&o, "[supd]\nIdPoolFirst=1000\n", NULL, NULL);
	assert_int_equal(o.r, -EINVAL);
	drop(&o);
	load(&o, "[supd]\nIdPoolRanges=65535\n", NULL, NULL);
	assert_int_equal(o.r, -EINVAL);
	drop(&o);
	load(&o, "[supd]\nIdPoolFirst=1048576\nIdPoolRanges=100\n", NULL, NULL);
	assert_int_equal(o.r, 0);
	drop(&o);
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

/* The defaults that manual page and example tell are those that hold. */
static void test_told_defaults(void **state)
{
	struct outcome without, with;
	struct conf_row row;
	char text[256];

	(void)state;
	load(&without, "[supd]\n", NULL, NULL);
	assert_int_equal(without.r, 0);
	for (size_t i = 0; conf_row(i, &row); i++) {
		if (*row.otherwise == '(') {
			continue;
		}
		snprintf(text, sizeof(text), "[supd]\n%s=%s\n", row.key, row.otherwise);
		load(&with, text, NULL, NULL);
		if (with.r != 0 || memcmp(&with.s, &without.s, sizeof(with.s)) != 0) {
			fail_msg("%s is not what holds without it", text);
		}
		drop(&with);
	}
	drop(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_and_options),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_told_defaults),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
