// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"

static void test_message(void **state)
{
	int pair[2], got[4];
	size_t n = 4;
	char data[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], "abc", 3, pair, 2, 0), 0);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, &n, 0), 3);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fcntl(got[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		close(got[i]);
	}
	close(pair[0]);
	close(pair[1]);
}

static int open_fds(void)
{
	int n = 0;

	for (int i = 0; i < 256; i++) {
		n += fcntl(i, F_GETFD) >= 0;
	}
	return n;
}

/* Too long, or with more descriptors than room: refused, and nothing leaks. */
static void test_refused(void **state)
{
	int pair[2], got[1], before;
	size_t n = 1;
	char data[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	before = open_fds();
	assert_int_equal(fd_send(pair[0], "abc", 3, pair, 1, 0), 0);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, &n, 0), -EMSGSIZE);
	assert_int_equal(open_fds(), before);
	n = 1;
	assert_int_equal(fd_send(pair[0], "ab", 2, pair, 2, 0), 0);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, &n, 0), -E2BIG);
	assert_int_equal(open_fds(), before);
	assert_int_equal(fd_send(pair[0], "ab", 2, pair, 2, 0), 0);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), NULL, NULL, 0), 2);
	assert_int_equal(open_fds(), before);
	close(pair[1]);
	assert_int_equal(fd_send(pair[0], "ab", 2, NULL, 0, 0), -EPIPE);
	close(pair[0]);
}

static void test_text(void **state)
{
	char buf[8] = "left";

	(void)state;
	assert_int_equal(fd_read_text("/nowhere/at/all", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(fd_read_text("/proc/sys/kernel/ostype", buf, sizeof(buf)), 6);
	assert_string_equal(buf, "Linux\n");
	assert_int_equal(fd_read_text("/proc/sys/kernel/ostype", buf, 4), 3);
	assert_string_equal(buf, "Lin");
}

/* A descriptor that is good for nothing else, and the largest there can be. */
static void test_link(void **state)
{
	AUTO_CLOSE int node = open("/dev/null", O_PATH | O_CLOEXEC);
	char path[FD_LINK_SIZE];
	char byte = 'x';

	(void)state;
	assert_string_equal(fd_link(7, path), "/proc/self/fd/7");
	assert_string_equal(fd_link(INT_MAX, path), "/proc/self/fd/2147483647");
	assert_int_equal(write(node, &byte, 1), -1);
	AUTO_CLOSE int fd = fd_reopen(node, O_WRONLY);

	assert_int_equal(write(fd, &byte, 1), 1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fd_reopen(node, O_RDONLY | O_DIRECTORY), -ENOTDIR);
}

/* Neither waited for nor opened: what is no file. */
static void test_plain(void **state)
{
	char dir[] = "/tmp/supd-fd-XXXXXX", path[64], text[8] = "";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fd_open_plain(path), -EINVAL);
	unlink(path);
	assert_int_equal(fd_open_plain(path), -ENOENT);
	assert_int_equal(fd_open_plain(dir), -EINVAL);
	assert_int_equal(fd_open_plain("/dev/null"), -EINVAL);
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_full(fd, "text", 4), 0);
	close(fd);
	fd = fd_open_plain(path);
	assert_true(fd >= 0 && fd_read_full(fd, text, sizeof(text)) == 4);
	close(fd);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
