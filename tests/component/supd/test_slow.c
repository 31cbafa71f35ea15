// SPDX-License-Identifier: MIT
/*
 * The real supd on a machine that is slow or stands still, with a fake supd-init: units that come
 * late, a boot that goes on under the next supd, limits that ran on while nobody could do anything.
 */
#include "../../unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../runtime/base/timeutil.h"
#include "../../../supervisor/stallwatch.h"
#include "../../../units/unit.h"
#include "fakeinit.h"

enum { DAEMON, RESCUE, ROOT_SLICE, N_UNITS };

static const char *supd;
static struct manifest_unit units[N_UNITS];
static struct manifest_service service;
static struct manifest_command command;
static const char *argv_true[] = { "/bin/true", NULL };
static struct manifest manifest;
static struct fake fake;
static char out[65536];

static void describe(void)
{
	static const struct {
		const char *name;
		enum unit_type type;
	} rows[N_UNITS] = {
		[DAEMON] = { "daemon.service", UNIT_SERVICE },
		[RESCUE] = { "emergency.target", UNIT_TARGET },
		[ROOT_SLICE] = { "-.slice", UNIT_SLICE },
	};

	service = (struct manifest_service) { .type = SERVICE_NOTIFY,
		.timeout_start_us = 600 * USEC_PER_SEC,
		.timeout_stop_us = 90 * USEC_PER_SEC,
		.timeout_abort_us = 90 * USEC_PER_SEC,
		.restart_max_delay_us = USEC_INFINITY,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.notify_access = NOTIFY_MAIN,
		.kill_signal = SIGTERM,
		.final_kill_signal = SIGKILL,
		.send_sigkill = 1,
		.profile = "standard" };
	command = (struct manifest_command) {
		.phase = PHASE_START, .entry = DAEMON, .path = "/bin/true"
	};
	command.argv = (struct tlv_strv) { .items = argv_true, .n = 1 };
	for (uint32_t i = 0; i < N_UNITS; i++) {
		units[i] = (struct manifest_unit) { .name = rows[i].name,
			.type = rows[i].type,
			.slice = i == DAEMON ? ROOT_SLICE : CATALOGUE_NONE,
			.cgroup = i == DAEMON ? rows[i].name : "",
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY,
			.start_limit_burst = 5,
			.start_limit_interval_us = 10 * USEC_PER_SEC };
	}
	units[DAEMON].service = (struct tlv_array) { .items = &service, .n = 1 };
	units[DAEMON].commands = (struct tlv_array) { .items = &command, .n = 1 };
	units[ROOT_SLICE].flags = UNIT_PERPETUAL;
	manifest = (struct manifest) { .version = MANIFEST_VERSION,
		.default_target = "daemon.service",
		.unit_path = "/etc/supd" };
	manifest.units = (struct tlv_array) { .items = units, .n = N_UNITS };
}

static int setup(void **state)
{
	(void)state;
	describe();
	fake_init(&fake, supd, &manifest);
	fake.pid1 = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

static bool has_logged(struct fake *f, void *user)
{
	return strstr(f->log, user) != NULL;
}

static void wait_log(const char *text)
{
	fake_pump_until(&fake, has_logged, (void *)(uintptr_t)text);
}

static bool has_run(struct fake *f, void *user)
{
	(void)user;
	return f->runs[DAEMON] > 0 && fake_slot_of(f, DAEMON);
}

static bool is_ready(struct fake *f, void *user)
{
	(void)user;
	return f->ready;
}

static void assert_starting(void)
{
	char *argv[] = { "systemctl", "--user", "show", "--property=SystemState", NULL };

	assert_int_equal(fake_command(&fake, argv, out, sizeof(out)), 0);
	assert_string_equal(out, "SystemState=starting\n");
}

/*
 * The first load has failed: supd can be asked, and neither says that the boot is over nor that its
 * jobs are noted; also not the supd after it. Then the units come, and the boot begins.
 */
static void test_units_come_late(void **state)
{
	(void)state;
	fake.load_fails = true;
	for (int i = 0; i < 2; i++) {
		fake_start_supd(&fake, NULL);
		wait_log("loading the units failed");
		assert_starting();
		assert_false(fake.ready);
		assert_int_equal(fake.statuses, 0);
		if (i == 0) {
			fake_kill_supd(&fake);
			fake.unasked = true;
			memset(fake.log, 0, fake.log_size);
			fake.log_size = 0;
		}
	}
	fake.load_fails = false;
	fake_load_again(&fake);
	fake_pump_until(&fake, has_run, NULL);
	fake_notify(&fake, DAEMON, "READY=1", -1);
	fake_pump_until(&fake, is_ready, NULL);
	assert_true(fake.statuses > 0);
	assert_int_equal(fake.runs[DAEMON], 1);
}

/* supd is killed in the boot; that the default target fails is seen to by the next one. */
static void test_boot_fails_later(void **state)
{
	(void)state;
	fake_start_supd(&fake, NULL);
	fake_pump_until(&fake, has_run, NULL);
	fake_kill_supd(&fake);
	fake_start_supd(&fake, NULL);
	assert_starting();
	fake_exit_main(&fake, DAEMON, 1 /* CLD_EXITED */, 1);
	wait_log("daemon.service has failed: starting emergency.target");
}

/* What the machine is to be brought to is not there. */
static void test_no_such_unit(void **state)
{
	(void)state;
	fake_start_supd(&fake, "nothing.target");
	wait_log("nothing.target has failed: starting emergency.target");
}

static void test_stood_still(void **state)
{
	const struct timespec step = { .tv_nsec = 100 * 1000 * 1000 };

	(void)state;
	fake_start_supd(&fake, NULL);
	fake_pump_until(&fake, has_run, NULL);
	assert_starting(); /* it has heard of its process: the start is limited from now on */
	assert_int_equal(kill(fake.pid, SIGSTOP), 0);
	uint64_t until = now_us() + STALL_EVERY_US + 2 * STALL_LATE_US;

	while (now_us() < until) {
		nanosleep(&step, NULL);
	}
	assert_int_equal(kill(fake.pid, SIGCONT), 0);
	wait_log("stood still for");
	fake_notify(&fake, DAEMON, "READY=1", -1);
	fake_pump_until(&fake, is_ready, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_units_come_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boot_fails_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_unit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stood_still, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_slow SUPD\n");
		return 2;
	}
	if (geteuid() != 0 || access("/usr/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs root and systemctl\n");
		return 77;
	}
	supd = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
