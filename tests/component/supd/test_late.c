// SPDX-License-Identifier: MIT
/*
 * A timer of a service falls due while a descriptor of the service (FDSTORE=1) is on its way to
 * supd-init: what the service said behind it counts, and the descriptor is not lost.
 */
#include "../../unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/base/unitname.h"
#include "../../../units/unit.h"
#include "fakeinit.h"

enum {
	READY,
	TARGET,
	ROOT_SLICE,
	N_UNITS,
};

#define TRIES 20

static const char *supd;

struct fixture {
	struct manifest_unit units[N_UNITS];
	struct manifest_service service;
	struct manifest_command command;
	const char *argv;
	struct manifest manifest;
	struct fake fake;
	char out[4096];
};

static void describe(struct fixture *x)
{
	static const struct manifest_service service = { .type = SERVICE_NOTIFY,
		.timeout_start_us = 90 * USEC_PER_SEC,
		.timeout_stop_us = 90 * USEC_PER_SEC,
		.timeout_abort_us = 90 * USEC_PER_SEC,
		.restart_max_delay_us = USEC_INFINITY,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.notify_access = NOTIFY_MAIN,
		.fdstore_max = 4,
		.kill_signal = SIGTERM,
		.final_kill_signal = SIGKILL,
		.watchdog_signal = SIGABRT,
		.reload_signal = SIGHUP,
		.send_sigkill = 1,
		.oom_policy = OOM_POLICY_STOP,
		.profile = "standard" };
	static const struct manifest_unit units[N_UNITS] = {
		[READY] = { .name = "ready.service",
			.type = UNIT_SERVICE,
			.slice = ROOT_SLICE,
			.cgroup = "ready.service" },
		[TARGET] = { .name = "default.target",
			.type = UNIT_TARGET,
			.slice = CATALOGUE_NONE },
		[ROOT_SLICE] = { .name = "-.slice",
			.type = UNIT_SLICE,
			.flags = UNIT_PERPETUAL,
			.slice = CATALOGUE_NONE,
			.cgroup = "" },
	};

	memcpy(x->units, units, sizeof(units));
	x->service = service;
	x->argv = "/bin/daemon";
	x->command = (struct manifest_command) { .phase = PHASE_START, .path = "/bin/daemon" };
	x->command.argv = (struct tlv_strv) { .items = &x->argv, .n = 1 };
	for (uint32_t i = 0; i < N_UNITS; i++) {
		struct manifest_unit *u = &x->units[i];

		u->check_entry = u->clean_entry = u->realize_entry = CATALOGUE_NONE;
		u->job_timeout_us = u->job_running_timeout_us = USEC_INFINITY;
	}
	x->units[READY].service = (struct tlv_array) { .items = &x->service, .n = 1 };
	x->units[READY].commands = (struct tlv_array) { .items = &x->command, .n = 1 };
	x->manifest = (struct manifest) { .version = MANIFEST_VERSION,
		.default_target = "default.target" };
	x->manifest.units = (struct tlv_array) { .items = x->units, .n = N_UNITS };
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	describe(x);
	fake_init(&x->fake, supd, &x->manifest);
	fake_start_supd(&x->fake, NULL);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	fake_fini(&x->fake);
	assert_int_equal(x->fake.malformed, 0);
	free(x);
	return 0;
}

#define SYSTEMCTL(x, ...)                                                                          \
	fake_command(&(x)->fake, (char *[]) { "systemctl", "--user", __VA_ARGS__, NULL },          \
		(x)->out, sizeof((x)->out))

static bool is_ready(struct fake *f, void *user)
{
	(void)user;
	return f->ready;
}

static bool has_run(struct fake *f, void *user)
{
	(void)user;
	return f->runs[READY] == 1 && fake_slot_of(f, READY);
}

static bool is_parked(struct fake *f, void *user)
{
	(void)user;
	return f->parks[0].used;
}

static bool is_signalled(struct fake *f, void *user)
{
	(void)user;
	return f->signals > 0;
}

static void start_and_hold(struct fixture *x)
{
	fake_pump_until(&x->fake, is_ready, NULL);
	assert_int_equal(SYSTEMCTL(x, "--no-block", "start", "ready.service"), 0);
	fake_pump_until(&x->fake, has_run, NULL);
	x->fake.hold_parks = true;
}

/* 1: the ping was heard, 0: the service was killed, -1: this process was too late to tell. */
static int ping_behind_store(struct fixture *x)
{
	AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	usec_t begun;

	start_and_hold(x);
	begun = now_us();
	fake_notify(&x->fake, READY, "READY=1\nWATCHDOG_USEC=200000\nFDSTORE=1\nFDPOLL=0", fd);
	fake_notify(&x->fake, READY, "WATCHDOG=1\nWATCHDOG_USEC=600000000\nSTATUS=heard", -1);
	fake_pump_for(&x->fake, 800 * USEC_PER_MSEC);
	fake_let_park(&x->fake);
	if (now_us() > begun + LIMIT_NOTIFY_LATE_US - USEC_PER_SEC) {
		return -1;
	}
	if (x->fake.signals) {
		return 0;
	}
	fake_pump_until(&x->fake, is_parked, NULL);
	do {
		assert_int_equal(
			SYSTEMCTL(x, "show", "-p", "StatusText", "--value", "ready.service"), 0);
	} while (strcmp(x->out, "heard\n") != 0 && !x->fake.signals);
	return x->fake.signals == 0;
}

static void test_ping(void **state)
{
	for (int i = 0; i < TRIES; i++) {
		int r = ping_behind_store(*state);

		if (r >= 0) {
			assert_int_equal(r, 1);
			return;
		}
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
	print_message("skipped: %d times this machine was too slow\n", TRIES);
	skip();
}

/* What is on its way for ever keeps no timer: it acts, and leaves the datagram to the next supd. */
static void test_never_parked(void **state)
{
	struct fixture *x = *state;
	AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	start_and_hold(x);
	fake_notify(&x->fake, READY,
		"READY=1\nWATCHDOG_USEC=200000\nFDSTORE=1\nFDNAME=conn\nFDPOLL=0", fd);
	fake_pump_until(&x->fake, is_signalled, NULL);
	assert_int_equal(x->fake.parks_held, 1);
	assert_true(x->fake.signal_had_queued);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_parked, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_supd_late SUPD\n");
		return 2;
	}
	if (geteuid() != 0 || access("/usr/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs root and systemctl\n");
		return 77;
	}
	supd = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
