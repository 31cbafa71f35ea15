// SPDX-License-Identifier: MIT
/* Last copies of a socket that lingers for ten minutes go here without waiting for it. */
#include "../test.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/patience.h"
#include "../lingerer.h"

static bool is_armed(void)
{
	struct itimerval t;

	assert_int_equal(getitimer(ITIMER_REAL, &t), 0);
	return t.it_value.tv_sec || t.it_value.tv_usec;
}

static void test_close(void **state)
{
	int peer, fd = make_lingerer(&peer);

	(void)state;
	assert_true(fd >= 0);
	patience_close(fd);
	assert_false(is_armed());
	patience_close(-1);
	assert_int_equal(close(peer), 0);
}

/* Discarded by a receive that has no room for it, and in the queue of a socket that goes. */
static void test_queued(void **state)
{
	int pair[2], peers[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		int fd = make_lingerer(&peers[i]);

		assert_true(fd >= 0);
		assert_int_equal(fd_send(pair[0], "x", 1, &fd, 1, 0), 0);
		assert_int_equal(close(fd), 0); /* not the last copy */
	}
	patience_begin();
	assert_true(is_armed());
	assert_int_equal(recv(pair[1], &byte, 1, MSG_DONTWAIT), 1);
	patience_end();
	assert_false(is_armed());
	patience_close(pair[1]);
	close(pair[0]);
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		close(peers[i]);
	}
}

static void test_errno(void **state)
{
	(void)state;
	errno = EILSEQ;
	patience_begin();
	patience_end();
	assert_int_equal(errno, EILSEQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_queued),
		cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
