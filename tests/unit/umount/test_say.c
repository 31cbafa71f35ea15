// SPDX-License-Identifier: MIT
/* A console that takes nothing any more (Ctrl-S) costs the lines, and keeps nobody waiting. */
#include "../test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../../../runtime/umount/say.h"

#define LINES 5000 /* more than any terminal keeps */

static void test_stopped(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	int slave;
	char text[256];
	pid_t pid;

	(void)state;
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(slave, STDERR_FILENO);
		say_keep_nobody_waiting();
		say("is said", "while it goes", 0);
		tcflow(STDERR_FILENO, TCOOFF);
		for (int i = 0; i < LINES; i++) {
			say("is lost", "/data", 0);
		}
		/* nor is the inherited description another one now */
		_exit(fcntl(slave, F_GETFL) & O_NONBLOCK ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ssize_t n = read(master, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, "supd-umount: is said: while it goes"));
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_stopped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
