// SPDX-License-Identifier: MIT
#include "../test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../units/kernelcmd.h"

struct fixture {
	struct arena arena;
	struct diagnostics d;
	struct settings s;
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	diag_init(&f->d, &f->arena);
	f->s.log_level = 6;
}

static void apply(struct fixture *f, const char *text)
{
	begin(f);
	kernelcmd_apply(text, &f->d, &f->s);
}

static void test_units(void **state)
{
	static const struct {
		const char *text;
		const char *unit; /* NULL: the default */
	} rows[] = {
		{ "quiet root=/dev/a", NULL },
		{ "supd.unit=a.target", "a.target" },
		{ "systemd.unit=a.target supd.unit=b.target", "b.target" },
		{ "rescue", "rescue.target" },
		{ "single", "rescue.target" },
		{ "s", "rescue.target" },
		{ "S", "rescue.target" },
		{ "1", "rescue.target" },
		{ "emergency quiet", "emergency.target" },
		{ "-b", "emergency.target" },
		{ "2", "multi-user.target" },
		{ "3", "multi-user.target" },
		{ "4", "multi-user.target" },
		{ "5", "graphical.target" },
		{ "6", NULL },
		{ "rescue emergency", "emergency.target" },
		{ "rescue systemd.unit=a.target", "a.target" },
		{ "emergency.x", NULL },
		{ "supd.unit=\"a.target\"", "a.target" },
		{ "-- supd.unit=a.target", NULL },
		{ "supd.unit=../evil", NULL },
		{ "rd.systemd.unit=a.target", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		apply(&f, rows[i].text);
		assert_int_equal(f.s.n_units, rows[i].unit ? 1 : 0);
		if (rows[i].unit) {
			assert_string_equal(f.s.units[0], rows[i].unit);
		}
		arena_fini(&f.arena);
	}
}

static void test_the_rest(void **state)
{
	struct fixture f;

	(void)state;
	apply(&f, "supd.mask=a.service systemd.mask=b.service supd.log_level=debug "
		  "supd.wants=c.service systemd.watchdog_sec=1min systemd.show_status=1");
	assert_int_equal(f.s.n_masks, 2);
	assert_string_equal(f.s.masks[1], "b.service");
	assert_int_equal(f.s.log_level, 7);
	assert_int_equal(f.s.n_units, 2);
	assert_string_equal(f.s.units[0], "default.target");
	assert_string_equal(f.s.units[1], "c.service");
	assert_int_equal(f.s.runtime_watchdog_us, 60000000);
	assert_int_equal(f.d.rows.n, 0);
	arena_fini(&f.arena);
}

/* Both prefixes of every word. */
static void test_spellings(void **state)
{
	static const char *const prefixes[] = { "supd.", "systemd." };

	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct fixture f;
		char text[256];

		snprintf(text, sizeof(text),
			"%1$sunit=a.target %1$swants=b.service %1$smask=c.service %1$slog_level=7 "
			"%1$swatchdog_sec=20",
			prefixes[i]);
		apply(&f, text);
		assert_int_equal(f.s.n_units, 2);
		assert_string_equal(f.s.units[0], "a.target");
		assert_string_equal(f.s.units[1], "b.service");
		assert_int_equal(f.s.n_masks, 1);
		assert_string_equal(f.s.masks[0], "c.service");
		assert_int_equal(f.s.log_level, 7);
		assert_int_equal(f.s.runtime_watchdog_us, 20000000);
		assert_int_equal(f.d.rows.n, 0);
		arena_fini(&f.arena);
	}
}

/* A wrong word is named, is no error, and leaves what was there. */
static void test_wrong_words_warn(void **state)
{
	static const char *const rows[] = { "supd.log_level=loud", "supd.mask=/etc/passwd",
		"supd.bogus=1", "supd.unit", "supd.watchdog_sec=soon" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		apply(&f, rows[i]);
		assert_int_equal(f.d.rows.n, 1);
		assert_int_equal(f.d.n_errors, 0);
		assert_int_equal(f.s.log_level, 6);
		assert_int_equal(f.s.n_masks + f.s.n_units, 0);
		arena_fini(&f.arena);
	}
}

/* The words that this table has and supd-boot reads are no mistake. */
static void test_words_of_others(void **state)
{
	struct fixture f;

	(void)state;
	apply(&f, "supd.hostname=a supd.machine_id=firmware supd.run=x supd.debug_shell "
		  "supd.debug_shell=ttyS1 supd.set_credential=a:b supd.mount-extra=a:/b "
		  "supd.getty_auto=no supd.import_credentials=no supd.show_status");
	assert_int_equal(f.d.rows.n, 0);
	assert_int_equal(f.s.n_units, 0);
	arena_fini(&f.arena);
	apply(&f, "supd.run supd.hostname");
	assert_int_equal(f.d.rows.n, 2);
	arena_fini(&f.arena);
}

static void test_defaults(void **state)
{
	struct fixture f;

	(void)state;
	apply(&f, "systemd.default_timeout_start_sec=5min systemd.default_device_timeout_sec=0 "
		  "systemd.setenv=A=b \"systemd.setenv=C=d e\" supd.setenv=F= fstab=no");
	assert_int_equal(f.s.timeout_start_us, 300000000);
	assert_true(f.s.device_timeout_us == UINT64_MAX);
	assert_memory_equal(f.s.environment, "A=b\0C=d e\0F=\0", 14);
	assert_int_equal(f.s.fstab, 0);
	assert_int_equal(f.d.rows.n, 0);
	arena_fini(&f.arena);
	apply(&f, "systemd.default_timeout_start_sec=soon systemd.setenv=A systemd.setenv=1=b "
		  "fstab=maybe systemd.log_target=nowhere systemd.show_status=perhaps");
	assert_int_equal(f.d.rows.n, 6);
	assert_int_equal(f.d.n_errors, 0);
	assert_int_equal(f.s.environment[0], 0);
	arena_fini(&f.arena);
}

static void test_show(void **state)
{
	static const struct {
		const char *text;
		uint32_t show;
	} rows[] = {
		{ "quiet", SHOW_WAITING },
		{ "systemd.show_status=auto", SHOW_WAITING },
		{ "systemd.show_status", SHOW_LOG },
		{ "systemd.show_status=1", SHOW_LOG },
		{ "systemd.show_status=no", SHOW_NOTHING },
		{ "systemd.show_status=error", SHOW_NOTHING },
		{ "systemd.log_target=console", SHOW_LOG_ALWAYS },
		{ "systemd.log_target=journal-or-kmsg", SHOW_WAITING },
		{ "systemd.log_target=console systemd.show_status=yes", SHOW_LOG_ALWAYS },
		{ "systemd.log_target=console systemd.show_status=auto", SHOW_LOG_ALWAYS },
		{ "systemd.log_target=console systemd.show_status=error", SHOW_LOG_ALWAYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		apply(&f, rows[i].text);
		assert_int_equal(f.s.show, rows[i].show);
		assert_int_equal(f.d.rows.n, 0);
		arena_fini(&f.arena);
	}
}

static void test_many_masks(void **state)
{
	struct fixture f;
	char text[4096] = "";

	(void)state;
	for (unsigned i = 0; i < SETTINGS_MASKS + 3; i++) {
		strcat(text, "supd.mask=a.service ");
	}
	apply(&f, text);
	assert_int_equal(f.s.n_masks, SETTINGS_MASKS);
	assert_int_equal(f.d.rows.n, 3);
	arena_fini(&f.arena);
}

static void test_notify(void **state)
{
	static const struct {
		const char *text;
		uint32_t type, cid, port;
		const char *path;
	} rows[] = {
		{ "vsock:2:1234\n", SETTINGS_VSOCK_ANY, 2, 1234, "" },
		{ "vsock-stream:2:1234", SOCK_STREAM, 2, 1234, "" },
		{ "@name", 0, 0, 0, "@name" },
		{ "@", 0, 0, 0, "" },
		{ "vsock-seqpacket:3:9", SOCK_SEQPACKET, 3, 9, "" },
		{ "vsock-dgram:2:1", SOCK_DGRAM, 2, 1, "" },
		{ "/dev/virtio-ports/x", 0, 0, 0, "/dev/virtio-ports/x" },
		{ "vsock:2", 0, 0, 0, "" },
		{ "vsock:2:70000000000", 0, 0, 0, "" },
		{ "relative", 0, 0, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f;

		begin(&f);
		kernelcmd_notify(rows[i].text, &f.d, &f.s);
		assert_int_equal(f.s.notify_type, rows[i].type);
		assert_string_equal(f.s.notify_path, rows[i].path);
		if (rows[i].type) {
			assert_int_equal(f.s.notify_cid, rows[i].cid);
			assert_int_equal(f.s.notify_port, rows[i].port);
		}
		assert_int_equal(f.d.rows.n, rows[i].type || *rows[i].path ? 0 : 1);
		arena_fini(&f.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_wrong_words_warn),
		cmocka_unit_test(test_words_of_others),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_many_masks),
		cmocka_unit_test(test_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
