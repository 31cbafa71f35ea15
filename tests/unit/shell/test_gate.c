// SPDX-License-Identifier: MIT
/* What a client sends comes out at the other end, counted; too much of it, or a descriptor, does
 * not. */
#include "../test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../supervisor/bus/gate.h"

#define LIMIT 100000u

struct bed {
	sd_event *event;
	struct gate gate;
	int client, inner;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int pair[2];

	assert_true(b && sd_event_new(&b->event) >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_set_nonblock(pair[0], 1), 0);
	assert_int_equal(gate_init(&b->gate, b->event, pair[1], LIMIT, &b->inner), 0);
	close(pair[1]); /* the gate has a copy */
	b->client = pair[0];
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	gate_fini(&b->gate);
	close(b->inner);
	if (b->client >= 0) {
		close(b->client);
	}
	sd_event_unref(b->event);
	free(b);
	return 0;
}

static void turn(struct bed *b)
{
	assert_true(sd_event_run(b->event, 0) >= 0);
}

static void test_passes(void **state)
{
	struct bed *b = *state;
	char text[16];

	assert_int_equal(send(b->client, "hello", 5, 0), 5);
	turn(b);
	assert_int_equal(recv(b->inner, text, sizeof(text), MSG_DONTWAIT), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(gate_message(&b->gate), 5);
	assert_int_equal(gate_message(&b->gate), 0);
	assert_false(gate_is_broken(&b->gate));
	close(b->client);
	b->client = -1;
	turn(b);
	assert_int_equal(recv(b->inner, text, sizeof(text), MSG_DONTWAIT), 0);
}

/* More than the pair holds: nothing is lost, in order, and nothing spins while there is no room. */
static void test_no_room(void **state)
{
	static char bytes[4096];
	struct bed *b = *state;
	uint32_t sent = 0, got = 0, word;

	b->gate.limit = SIZE_MAX;
	for (bool more = true; more;) {
		more = send(b->client, &sent, sizeof(sent), MSG_DONTWAIT) == sizeof(sent);
		sent += more;
		turn(b);
	}
	assert_true(sent > 0);
	assert_int_equal(sd_event_run(b->event, 0), 0);
	while (got < sent) {
		ssize_t n = recv(b->inner, bytes, sizeof(bytes), MSG_DONTWAIT);

		for (ssize_t at = 0; at + (ssize_t)sizeof(word) <= n; at += sizeof(word)) {
			memcpy(&word, bytes + at, sizeof(word));
			assert_int_equal(word, got++);
		}
		assert_true(n <= 0 || n % sizeof(word) == 0);
		turn(b);
	}
	assert_false(gate_is_broken(&b->gate));
}

static void test_too_long(void **state)
{
	static char bytes[LIMIT + 1];
	struct bed *b = *state;

	for (unsigned i = 0; i < 2; i++) {
		size_t left = LIMIT / 2 + 1;

		while (left > 0) {
			ssize_t n = send(b->client, bytes, left, MSG_DONTWAIT);

			left -= n > 0 ? (size_t)n : 0;
			turn(b);
			(void)recv(b->inner, bytes, sizeof(bytes), MSG_DONTWAIT);
		}
		while (sd_event_run(b->event, 0) > 0) {
			(void)recv(b->inner, bytes, sizeof(bytes), MSG_DONTWAIT);
		}
		assert_int_equal(gate_is_broken(&b->gate), i == 1);
	}
}

static void test_descriptor(void **state)
{
	struct bed *b = *state;
	char text[16];
	AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(fd_send(b->client, "x", 1, &fd, 1, 0), 0);
	turn(b);
	assert_true(gate_is_broken(&b->gate));
	assert_int_equal(recv(b->inner, text, sizeof(text), MSG_DONTWAIT), 0);
}

/* sd-bus has closed its end. */
static void test_nobody(void **state)
{
	struct bed *b = *state;

	close(b->inner);
	b->inner = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(send(b->client, "x", 1, 0), 1);
	turn(b);
	assert_true(gate_is_broken(&b->gate));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_passes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
