// SPDX-License-Identifier: MIT
/* What supd-load cannot do: each try runs in a child of its own behind sandbox_enter. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../units/sandbox.h"

static char dir[] = "/tmp/sandbox.XXXXXX";
static char file[64];

static int try_read(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int try_list(void)
{
	return open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int try_write(void)
{
	return open(file, O_WRONLY | O_CLOEXEC);
}

static int try_create(void)
{
	return open("/tmp/sandbox-made", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int try_truncate(void)
{
	return truncate(file, 0);
}

static int try_chmod(void)
{
	return chmod(file, 0777);
}

static int try_chown(void)
{
	return chown(file, 1, 1);
}

static int try_unlink(void)
{
	return unlink(file);
}

static int try_mkdir(void)
{
	return mkdir("/tmp/sandbox-made", 0700);
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_kill(void)
{
	return kill(getppid(), 0);
}

static int try_exec(void)
{
	char *const argv[] = { "true", NULL };

	return execv("/bin/true", argv);
}

static int try_fork(void)
{
	return fork();
}

/* Exit status of a child that tries: 0 it worked, 1 refused, 2 no sandbox. */
static int run(int (*try)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_enter() < 0) {
			_exit(2);
		}
		_exit(try() >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_reading_works(void **state)
{
	(void)state;
	assert_int_equal(run(try_read), 0);
	assert_int_equal(run(try_list), 0);
}

static void test_nothing_else_does(void **state)
{
	static const struct {
		const char *name;
		int (*try)(void);
	} rows[] = {
		{ "write", try_write },
		{ "create", try_create },
		{ "truncate", try_truncate },
		{ "chmod", try_chmod },
		{ "chown", try_chown },
		{ "unlink", try_unlink },
		{ "mkdir", try_mkdir },
		{ "socket", try_socket },
		{ "unix socket", try_unix_socket },
		{ "kill", try_kill },
		{ "exec", try_exec },
		{ "fork", try_fork },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = run(rows[i].try);

		if (status != 1) {
			fail_msg("%s: %s", rows[i].name, status ? "no sandbox" : "it worked");
		}
	}
}

static int setup(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(dir)) {
		return -1;
	}
	strcpy(file, dir);
	strcat(file, "/file");
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading_works),
		cmocka_unit_test(test_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
