// SPDX-License-Identifier: MIT
/*
 * Host name and machine id from files that are what nobody expects, in a root of the test's own
 * with namespaces of its own.
 */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/boot/boot.h"

#define NO_NAMESPACE 255
#define WITHIN_SEC   60

/* What the child has to say about a step that went wrong is its exit status: the line. */
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			_exit(__LINE__);                                                           \
		}                                                                                  \
	} while (0)

static const char victim[] =
	"something of seventy bytes that nobody wants to lose, least of all here\n";

static void put(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	MUST(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0);
}

static void check_id(const char *path, bool is_one)
{
	char text[128];
	ssize_t n = fd_read_text(path, text, sizeof(text));

	MUST((n == 33 && strspn(text, "0123456789abcdef") == 32) == is_one);
}

static void check_name(const char *expected)
{
	char name[128];

	MUST(gethostname(name, sizeof(name)) == 0 && strcmp(name, expected) == 0);
}

/* Neither is waited for; the id is bound over its file. */
static void with_fifos(void)
{
	MUST(mkfifo("/etc/machine-id", 0644) == 0 && mkfifo("/etc/hostname", 0644) == 0);
	identity_set(&(struct cmdline) { 0 });
	check_id("/etc/machine-id", true);
	check_name("localhost");
}

/* What the link leads to is neither written over nor hidden. */
static void with_link(void)
{
	char text[128];

	put("/etc/victim", victim);
	MUST(symlink("victim", "/etc/machine-id") == 0);
	put("/etc/hostname", "\033]0;title\a\n");
	identity_set(&(struct cmdline) { 0 });
	MUST(fd_read_text("/etc/victim", text, sizeof(text)) > 0 && strcmp(text, victim) == 0);
	check_id("/run/machine-id", true);
	check_name("localhost");
}

/* An image whose /etc leads into /run, as many have it. */
static void with_dangling(void)
{
	MUST(symlink("/run/machine-id", "/etc/machine-id") == 0);
	put("/etc/hostname", "web-1.example # the first\n");
	identity_set(&(struct cmdline) { 0 });
	check_id("/etc/machine-id", true);
	check_name("web-1.example");
}

static void with_empty(void)
{
	put("/etc/machine-id", "uninitialized\n");
	identity_set(&(struct cmdline) { 0 });
	check_id("/etc/machine-id", true);
	check_name("localhost");
}

static void run(const char *dir, void (*what)(void))
{
	alarm(WITHIN_SEC); /* who waits for ever is killed */
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", dir, "tmpfs", 0, NULL) < 0) {
		fprintf(stderr, "no namespaces or mounts of one's own: %s\n", strerror(errno));
		_exit(NO_NAMESPACE);
	}
	MUST(chroot(dir) == 0 && chdir("/") == 0);
	MUST(mkdir("/etc", 0755) == 0 && mkdir("/run", 0755) == 0);
	what();
	_exit(0);
}

static void in_child(void (*what)(void))
{
	char dir[] = "/tmp/supd-identity-XXXXXX";
	int status = 0;

	if (geteuid() != 0) {
		print_message("not root: no machine is given a name\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	pid_t pid = fork();

	if (pid == 0) {
		run(dir, what);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(dir);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE) {
		print_message("no machine is given a name\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_fifos(void **state)
{
	(void)state;
	in_child(with_fifos);
}

static void test_link(void **state)
{
	(void)state;
	in_child(with_link);
}

static void test_dangling(void **state)
{
	(void)state;
	in_child(with_dangling);
}

static void test_empty(void **state)
{
	(void)state;
	in_child(with_empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fifos),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_dangling),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
