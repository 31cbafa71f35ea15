// SPDX-License-Identifier: MIT
/* Last copies of a socket that lingers for ten minutes go here without waiting for it. */
#include "../test.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/patience.h"

#define LINGER_SECS 600 /* far beyond the time that the test has */

/* A connected socket whose last close waits for a peer that reads nothing. */
static int make_lingerer(int *ret_peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_SECS };
	static const char bytes[65536];
	socklen_t size = sizeof(address);
	AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	*ret_peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*ret_peer >= 0);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	return fd;
}

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
