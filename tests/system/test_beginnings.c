// SPDX-License-Identifier: MIT
/*
 * supd-init that cannot start: what it prints names the thing that is wrong, by its whole path, and
 * what would be right. Each row is a mistake; no row gets as far as a service.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "harness.h"

#define STRANGER 1234
#define DEEP     "/a-directory-with-a-rather-long-name-for-a-place-where-sockets-are-to-be-made"

static char dir[] = "/run/supd-begin-XXXXXX";

/* In both texts '@' is the test's directory; words with bars between them must all be said. */
static const struct {
	const char *args, *words;
} rows[] = {
	{ "--runtime-dir @/none/run",
		"find the directory above the runtime directory: @/none/run: No" },
	{ "--runtime-dir @/file",
		"in the place of the runtime directory is something else|: @/file" },
	{ "--runtime-dir @/link", "in the place of the runtime directory|or a link: @/link" },
	{ "--runtime-dir @/foreign",
		"runtime directory belongs to uid 1234 and should belong to uid 0"
		": @/foreign" },
	{ "--runtime-dir @/open", "others may write to the runtime directory|chmod go-w: @/open" },
	{ "--runtime-dir @/ro/run", "cannot make the runtime directory: @/ro/run: Read-only file" },
	{ "--runtime-dir @/busy", "a supd-init that runs|stop that one|--runtime-dir|: @/busy" },
	{ "--runtime-dir @/own", "directory of supd belongs to uid 1234 and should|: @/own/supd" },
	{ "--runtime-dir @" DEEP,
		"too long for a socket, 107 bytes|a shorter --runtime-dir|" DEEP },
	{ "--runtime-dir run", "absolute path|'run'" },
	{ "--state-dir @/ro/state", "cannot make the state directory: @/ro/state: Read-only file" },
	{ "--state-dir @/file", "in the place of the state directory is something else|: @/file" },
	{ "--log-dir @/ro/log", "cannot make the log directory: @/ro/log: Read-only file" },
	{ "--log-dir @/foreign", "the log directory belongs to uid 1234|: @/foreign" },
	{ "--log-dir @/open", "others may write to the log directory|chmod go-w: @/open" },
	{ "--cgroup /sys/fs/cgroup/no/such", "cannot make the cgroup|/sys/fs/cgroup/no/such" },
	{ "--cgroup @/units", "no cgroup of version 2|below /sys/fs/cgroup: @/units" },
	{ "--cgroup @/units/new", "no cgroup of version 2|below /sys/fs/cgroup: @/units/new" },
	{ "--config @/none.conf", "@/none.conf: error: cannot open: 'No such file" },
	{ "--config @", "@: error: cannot open: 'not a regular file" },
	{ "--config @/fifo.conf", "@/fifo.conf: error: cannot open: 'not a regular file" },
	{ "--config @/open.conf", "@/open.conf: error: cannot open: 'refused: others than" },
	{ "--config @/garbage.conf", "@/garbage.conf:1:1: error: not an assignment" },
	{ "--config @/section.conf", "@/section.conf:1: error: unknown section (only [supd])" },
	{ "--config @/key.conf", "@/key.conf:2: error: unknown key: 'Foo'" },
	{ "--state-dir", "option without a value: '--state-dir'|usage: supd-init" },
	{ "--config", "option without a value: '--config'|usage: supd-init" },
	{ "--bogus", "unknown option: '--bogus'|usage: supd-init" },
	{ "./web.service", "neither an option nor a unit name: './web.service'" },
};

static const char *expand(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	for (; *text && n + sizeof(dir) < size; text++) {
		if (*text == '@') {
			strcpy(buf + n, dir);
			n += strlen(dir);
		} else {
			buf[n++] = *text;
		}
	}
	buf[n] = '\0';
	return buf;
}

static void make(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!text) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_int_equal(fd_write_full(fd, text, strlen(text)), 0);
}

static const char *in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* All below /run, which is this program's alone and goes with it. */
static int prepare(void **state)
{
	static const char *const dirs[] = { "units", "foreign", "open", "ro", "busy", "busy/init",
		"own", "own/supd" };
	static int lock;

	(void)state;
	sys_require();
	sys_private(NULL);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0); /* supd-load reads there */
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		make(dirs[i], NULL);
	}
	make("file", "");
	make("garbage.conf", "what is this\n");
	make("section.conf", "[Manager]\n");
	make("key.conf", "[supd]\nFoo=1\n");
	make("open.conf", "[supd]\n");
	assert_int_equal(symlinkat("units", AT_FDCWD, in("link")), 0);
	assert_int_equal(chown(in("foreign"), STRANGER, 0), 0);
	assert_int_equal(chown(in("own/supd"), STRANGER, 0), 0);
	assert_int_equal(chmod(in("open"), 0777), 0);
	assert_int_equal(chmod(in("open.conf"), 0666), 0);
	assert_int_equal(mkfifo(in("fifo.conf"), 0644), 0);
	assert_int_equal(mount("tmpfs", in("ro"), "tmpfs", MS_RDONLY, NULL), 0);
	lock = open(in("busy/init/lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	return 0;
}

/* The later of two options counts: without a mistake in the row the cgroup is one. */
static void exec_init(const char *from, const char *args)
{
	char text[1024], program[256], *argv[24], *save = NULL;
	int n = 0;

	snprintf(program, sizeof(program), "%s/supd-init", from);
	snprintf(text, sizeof(text),
		"supd-init --unit-path %s/units --runtime-dir %s/run --state-dir %s/state "
		"--log-dir %s/log --cgroup /sys/fs/cgroup/no/mistake %s",
		dir, dir, dir, dir, args);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		argv[n++] = word;
	}
	argv[n] = NULL;
	alarm(SYS_WITHIN_SEC);
	execv(program, argv);
	_exit(99);
}

/* What it has said, until its end; its exit status. */
static int run(const char *from, const char *args, char *said, size_t size)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	AUTO_CLOSE int output = fds[0];

	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		exec_init(from, args);
	}
	close(fds[1]);
	n = fd_read_full(output, said, size - 1);
	said[n < 0 ? 0 : n] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_rows(void **state)
{
	static char said[65536];
	char args[512], words[512], *save = NULL;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int code = run(getenv("SUPD_BUILD"), expand(rows[i].args, args, sizeof(args)), said,
			sizeof(said));

		if (code <= 0 || code == 99) {
			fail_msg("supd-init %s ended with %d: %s", args, code, said);
		}
		expand(rows[i].words, words, sizeof(words));
		for (char *w = strtok_r(words, "|", &save); w; w = strtok_r(NULL, "|", &save)) {
			if (!strstr(said, w)) {
				fail_msg("supd-init %s does not say '%s' but: %s", args, w, said);
			}
		}
	}
	/* Nothing is left of what was no cgroup. */
	assert_int_equal(access(in("units/new"), F_OK), -1);
}

/* A program that was copied without the others. */
static void test_alone(void **state)
{
	static char said[4096];
	char path[256];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/supd-init", getenv("SUPD_BUILD"));
	AUTO_CLOSE int from = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int to = open(in("supd-init"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_int_equal(fstat(from, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		assert_true(n > 0);
		left -= n;
	}
	close(TAKE_FD(to)); /* what is open for writing is not executed */
	assert_true(run(dir, "", said, sizeof(said)) > 0);
	if (!strstr(said, "cannot open the program: ") || !strstr(said, in("supd-launch: No"))) {
		fail_msg("%s", said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
		cmocka_unit_test(test_alone) };

	return cmocka_run_group_tests(tests, prepare, NULL);
}
