// SPDX-License-Identifier: MIT
/* Descriptors of the store, with what supd puts behind their names. */
#include "../../unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "fakeinit.h"

static const char *build_dir;

static void run(struct fake *f, const char *out, struct outcome *ret)
{
	const char *argv[] = { "sh", "-c",
		"echo $$LISTEN_FDS:$$LISTEN_FDNAMES; test -e /proc/self/fd/3 && echo passed" };
	const char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin" };
	struct plan_stdio stdio[3] = {
		[1] = { .kind = STDIO_FILE_TRUNCATE, .path = out },
		[2] = { .kind = STDIO_INHERIT },
	};
	const struct plan plan = {
		.op = PLAN_EXEC,
		.flags = PLAN_PASS_LISTEN_FDS,
		.unit = "web.service",
		.origin = "web.service:7",
		.path = "/bin/sh",
		.argv = { argv, 3 },
		.env = { env, 1 },
		.stdio = { stdio, 3 },
		.umask = 022,
	};

	memset(ret->got, 0xff, sizeof(ret->got));
	assert_int_equal(fake_compile(f, &plan), 0);
	assert_int_equal(fake_run(f, ret), 0);
}

/* A name of n bytes, with FDPOLL=0 or without. */
static void pass(struct fake *f, size_t n, bool poll)
{
	struct outcome outcome = { 0 };
	char out[128], name[LIMIT_PARKED_NAME], expected[512], got[512];
	int ends[2];
	AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	memset(name, 'x', n);
	name[n] = '\0';
	snprintf(expected, sizeof(expected), "1:%s\npassed\n", name);
	name[n + 1] = 'n';
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(fd_send(ends[0], name, poll ? n : n + 2, &fd, 1, 0), 0);
	f->held[LAUNCH_TAG_PARK] = ends[1];
	snprintf(out, sizeof(out), "%s/out", f->dir);
	run(f, out, &outcome);
	assert_true(fd_read_text(out, got, sizeof(got)) > 0);
	assert_string_equal(got, expected);
	f->held[LAUNCH_TAG_PARK] = -1;
	outcome_fini(&outcome);
	close(ends[0]);
	close(ends[1]);
}

static void test_long_names(void **state)
{
	struct fake f = { 0 };

	(void)state;
	assert_int_equal(fake_init(&f, build_dir), 0);
	for (size_t n = LIMIT_FD_NAME - 3; n < LIMIT_FD_NAME; n++) {
		pass(&f, n, true);
		pass(&f, n, false);
	}
	fake_fini(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_long_names) };

	if (geteuid() != 0 || argc < 2) {
		puts("skipped: needs root and the build directory");
		return 77;
	}
	build_dir = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
