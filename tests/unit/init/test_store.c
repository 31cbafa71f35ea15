// SPDX-License-Identifier: MIT
/* Sockets that a child closes. */
#include "../test.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/init/spawn.h"
#include "../../../runtime/init/store.h"

#define HANG_UP_MS 60000

static struct broker the_broker;

/* One end above what supd-init keeps for itself; the other is the peer's. */
static int make_pair(int *ret_peer)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	int ours = fcntl(pair[0], F_DUPFD_CLOEXEC, LOW_FD_END + 20);

	*ret_peer = fcntl(pair[1], F_DUPFD_CLOEXEC, LOW_FD_END + 20);
	assert_true(ours >= 0 && *ret_peer >= 0);
	close(pair[0]);
	close(pair[1]);
	return ours;
}

static void assert_hung_up(int peer)
{
	struct pollfd p = { .fd = peer };

	assert_int_equal(poll(&p, 1, HANG_UP_MS), 1);
	assert_true(p.revents & POLLHUP);
	close(peer);
}

static void reap(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int status;

		assert_true(waitpid(-1, &status, 0) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/*
 * The numbers lie in memory that the child shares, as supd-init's table does: what is written there
 * behind the fork must not keep it from having its copies.
 */
static void test_shared(void **state)
{
	int *fds = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(fds, MAP_FAILED);
	for (int i = 0; i < 100; i++) {
		int peers[2];

		fds[0] = make_pair(&peers[0]);
		fds[1] = make_pair(&peers[1]);
		assert_int_equal(spawn_closer(fds, 2), 0);
		assert_int_equal(fds[0], -1);
		assert_int_equal(fds[1], -1);
		assert_hung_up(peers[0]);
		assert_hung_up(peers[1]);
		reap(1);
	}
	munmap(fds, 4096);
}

/* A child for each eight of them, and one for the rest. */
static void test_many(void **state)
{
	struct broker *b = &the_broker;
	int peers[2 * SPAWN_CLOSER_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		int fd = make_pair(&peers[i]);

		store_discard(b, &fd);
		assert_int_equal(fd, -1);
	}
	store_flush(b);
	store_flush(b);
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		assert_hung_up(peers[i]);
	}
	reap(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
