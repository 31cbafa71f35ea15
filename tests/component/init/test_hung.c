// SPDX-License-Identifier: MIT
/*
 * A supd to which nothing is sent, and that does not take a client; and one that nobody wants:
 * `test_hung SUPD-INIT LOAD LAUNCH SUPD`, as test_init.
 */
#include "../../unit/test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "bench.h"

static int dial(const struct bench *t)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/run/control", t->dir);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void greet_all(struct bench *t)
{
	greet(t);
	await(t, WIRE_EV_LISTED);
	drain_events(t);
	/* The watchdog's clock runs since supd-init began: a ping may be among what was drained. */
	ask(t, &(struct wire_request) { .type = WIRE_PONG });
}

/* Who answers is asked again while the client waits, and lives; who does not is replaced. */
static void test_client(void **state)
{
	struct bench *t = *state;
	pid_t first = t->supd;

	greet_all(t);
	AUTO_CLOSE int client = dial(t);

	for (unsigned i = 0; i < 2; i++) {
		await(t, WIRE_EV_PING);
		assert_int_equal(kill(first, 0), 0);
		ask(t, &(struct wire_request) { .type = WIRE_PONG });
	}
	/* Taken, so this is over; the next client begins anew. */
	AUTO_CLOSE int taken = accept4(t->control, NULL, NULL, SOCK_CLOEXEC);

	assert_true(taken >= 0);
	AUTO_CLOSE int other = dial(t);

	await(t, WIRE_EV_PING);
	assert_int_equal(kill(first, SIGSTOP), 0); /* and it ends nevertheless */
	struct pollfd next = { .fd = t->listener, .events = POLLIN };

	assert_int_equal(poll(&next, 1, PATIENCE_MS), 1); /* with its channel still open */
	meet_supd(t);
	assert_true(t->supd != first);
	greet_all(t);

	/* The client is connected to the socket, not to who died. */
	AUTO_CLOSE int still = accept4(t->control, NULL, NULL, SOCK_CLOEXEC);

	assert_true(still >= 0);
	assert_int_equal(write(still, "x", 1), 1);
	char byte = 0;

	assert_int_equal(read(other, &byte, 1), 1);
	assert_int_equal(byte, 'x');
}

static int setup_watched(void **state)
{
	setenv("WATCHDOG_USEC", "2000000", 1); /* as a manager that wants WATCHDOG=1 */
	int r = setup(state);

	unsetenv("WATCHDOG_USEC");
	return r;
}

/* Where a watchdog wants its food, one that hangs while nobody wants anything is replaced too. */
static void test_idle(void **state)
{
	struct bench *t = *state;
	pid_t first = t->supd;

	greet_all(t);
	for (unsigned i = 0; i < 2; i++) {
		await(t, WIRE_EV_PING);
		ask(t, &(struct wire_request) { .type = WIRE_PONG });
	}
	assert_int_equal(kill(first, SIGSTOP), 0);
	struct pollfd next = { .fd = t->listener, .events = POLLIN };

	assert_int_equal(poll(&next, 1, PATIENCE_MS), 1);
	meet_supd(t);
	assert_true(t->supd != first);
	greet_all(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_client),
		cmocka_unit_test_setup_teardown(test_idle, setup_watched, teardown),
	};

	bench_programs = argv + 1;
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
