// SPDX-License-Identifier: MIT
/* How long is waited for who may hang: supd's answer, supd-load, a stop. */
#include "../test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/sysx.h"
#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/init/catalog.h"
#include "../../../runtime/init/grace.h"
#include "../../../runtime/init/helper.h"
#include "../../../runtime/init/power.h"
#include "../../../runtime/init/supdproc.h"

#define START (1000 * USEC_PER_SEC)
#define SLICE LIMIT_GRACE_SLICE_US
#define MANY  100000u

static struct broker broker;
static struct table table;

static void test_slices(void **state)
{
	struct grace g = { 0 };
	uint64_t now = START, at = 0;

	(void)state;
	grace_deadline(&g, &at);
	assert_int_equal(at, 0);
	assert_false(grace_is_over(&g, now));
	grace_begin(&g, 3 * SLICE, now);
	assert_true(grace_runs(&g));
	/* An hour in which nobody could do anything is one slice. */
	now += 3600 * USEC_PER_SEC;
	assert_false(grace_is_over(&g, now));
	assert_false(grace_is_over(&g, now));     /* no time has gone */
	assert_false(grace_is_over(&g, now - 1)); /* a turn may know an older now */
	grace_deadline(&g, &at);
	assert_int_equal(at, now + SLICE);
	now += SLICE + SLICE / 2;
	assert_false(grace_is_over(&g, now));
	now += SLICE / 2;
	assert_false(grace_is_over(&g, now));
	now += SLICE / 2;
	assert_true(grace_is_over(&g, now));
	grace_end(&g);
	assert_false(grace_runs(&g));
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(grace_limit(10, 100, 0), 10);
	assert_int_equal(grace_limit(10, 100, 1), 20);
	assert_int_equal(grace_limit(10, 100, 3), 80);
	assert_int_equal(grace_limit(10, 100, 4), 100);
	assert_int_equal(grace_limit(10, 100, UINT32_MAX), 100);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			pause();
		}
	}
	return pid;
}

static bool ends(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

/* The signal was sent in the turn before: it is a matter of time. */
static void await_end(pid_t pid)
{
	int fd = sysx_pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_true(fd >= 0);
	assert_int_equal(poll(&p, 1, 60000), 1);
	close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void clean(void)
{
	broker = (struct broker) { .t = &table, .machine = false };
	broker.supd.request_fd = broker.supd.event_fd = -1;
	broker.load.plans_fd = broker.load.manifest_fd = broker.load.error_fd = -1;
	table.control_fd = -1;
	/* Nothing is started again here. */
	broker.phase = PHASE_FINAL;
}

/* Turns of a slice until the load is killed. */
static unsigned turns_until_killed(uint64_t *now)
{
	unsigned n = 0;

	while (!broker.load.killed && n++ < MANY) {
		uint64_t at = 0;

		catalog_deadline(&broker, &at);
		assert_in_range(at, *now, *now + SLICE);
		*now = at;
		catalog_tick(&broker, *now);
	}
	return n;
}

/* supd-load that takes too long: the next has twice as much time; a pause of the machine none of
 * it. */
static void test_load(void **state)
{
	uint64_t now = START;
	unsigned expected = LIMIT_LOAD_TIME_US / SLICE;

	(void)state;
	clean();
	for (unsigned i = 0; i < 3; i++, expected *= 2) {
		pid_t pid = sleeper();

		broker.load.pid = pid;
		broker.load.killed = false;
		grace_begin(&broker.load.grace,
			grace_limit(
				LIMIT_LOAD_TIME_US, LIMIT_LOAD_TIME_MAX_US, broker.load.timeouts),
			now);
		now += 3600 * USEC_PER_SEC;
		catalog_tick(&broker, now);
		assert_false(broker.load.killed);
		assert_false(ends(pid));
		assert_int_equal(turns_until_killed(&now), expected - 1);
		await_end(pid);
		catalog_ended(&broker, CLD_KILLED, SIGKILL);
		assert_int_equal(broker.load.result.status, -ETIMEDOUT);
		assert_int_equal(broker.load.timeouts, i + 1);
		assert_true(broker.load.retry_at != 0); /* for there are no units */
	}
}

/* One that does not even die is left alone, and PID 1 does not spin meanwhile. */
static void test_load_hangs(void **state)
{
	uint64_t now = START;
	unsigned n = 0;
	pid_t pid = sleeper();

	(void)state;
	clean();
	broker.load.pid = pid;
	grace_begin(&broker.load.grace, SLICE, now);
	turns_until_killed(&now);
	await_end(pid); /* nobody tells supd-init */
	while (broker.load.pid && n++ < MANY) {
		uint64_t at = 0;

		catalog_deadline(&broker, &at);
		assert_true(at > now);
		now = at;
		catalog_tick(&broker, now);
	}
	assert_int_equal(broker.load.pid, 0);
	assert_int_equal(broker.load.result.status, -ETIMEDOUT);
}

static unsigned turns_until_ended(uint64_t *now)
{
	unsigned n = 0;

	supdproc_probe(&broker, *now);
	while (!broker.supd.helper.dying && n++ < MANY) {
		uint64_t at = 0;

		supdproc_deadline(&broker, &at);
		assert_true(at >= *now);
		*now = at;
		supdproc_tick(&broker, *now);
	}
	return n;
}

static void begin_supd(uint64_t now)
{
	helper_started(&broker.supd.helper, sleeper());
	broker.supd.helper.started_at = now;
}

/* supd that does not answer soon after its start: the next has twice as much time to. */
static void test_supd(void **state)
{
	uint64_t now = START;
	unsigned expected = LIMIT_PONG_WITHIN_US / SLICE;

	(void)state;
	clean();
	for (unsigned i = 0; i < 4; i++, expected *= 2) {
		begin_supd(now);
		assert_int_equal(turns_until_ended(&now), expected);
		await_end(broker.supd.helper.pid);
	}
	/* One that has long been there has nothing to do with those. */
	begin_supd(now);
	now += 3600 * USEC_PER_SEC;
	turns_until_ended(&now);
	await_end(broker.supd.helper.pid);
	begin_supd(now);
	assert_int_equal(turns_until_ended(&now), 2 * LIMIT_PONG_WITHIN_US / SLICE);
	await_end(broker.supd.helper.pid);
	broker.supd.helper.pid = 0;
}

/* A stop: a pause of the machine is no time in which supd did not move. */
static void test_stop(void **state)
{
	uint64_t now = START, at;

	(void)state;
	clean();
	broker.phase = PHASE_STOPPING;
	broker.stop_began = now;
	broker.stop_deadline = now + 300 * USEC_PER_SEC;
	broker.show_at = now + 5 * USEC_PER_SEC;
	power_tick(&broker, now);
	now += 3600 * USEC_PER_SEC;
	power_tick(&broker, now);
	assert_int_equal(broker.phase, PHASE_STOPPING);
	do {
		at = 0;
		power_deadline(&broker, &at);
		assert_true(at > now && at - now <= 5 * USEC_PER_SEC);
		now = at;
		power_tick(&broker, now);
	} while (broker.phase == PHASE_STOPPING);
	assert_int_equal(now, START + 3900 * USEC_PER_SEC);
	assert_int_equal(broker.phase, PHASE_FINAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_hangs),
		cmocka_unit_test(test_supd),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
