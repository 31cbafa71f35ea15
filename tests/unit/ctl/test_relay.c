// SPDX-License-Identifier: MIT
/*
 * Our streams to a unit's. The test stands for supctl and for the unit: what would be supctl's own
 * streams are a pipe and two files while the copying child is made.
 */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/fd.h"
#include "../../../supervisor/ctl/relay.h"

#define WAIT_MS  60000
#define BIG_SIZE (1024u * 1024u)

struct fixture {
	struct relay relay;
	int in[2]; /* what is our standard input, and what is typed into it */
	int out[2];
	int saved[3];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->relay = (struct relay)RELAY_NONE;
	assert_int_equal(pipe2(f->in, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) {
		f->out[i] = memfd_create("out", MFD_CLOEXEC);
		assert_true(f->out[i] >= 0);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	relay_fini(&f->relay);
	close(f->in[0]);
	if (f->in[1] >= 0) {
		close(f->in[1]);
	}
	close(f->out[0]);
	close(f->out[1]);
	free(f);
	return 0;
}

/* False, and says why: the directory of the FIFOs is /run's. */
static bool open_pipes(struct fixture *f)
{
	int r = relay_open(&f->relay, false);

	if (r == -EACCES || r == -EROFS) {
		printf("skipped: /run cannot be written here: %s\n", strerror(-r));
		return false;
	}
	assert_int_equal(r, 0);
	return true;
}

/* The child gets our streams as they are when it is made. */
static void start(struct fixture *f)
{
	const int ours[] = { f->in[0], f->out[0], f->out[1] };
	int r;

	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		f->saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		assert_true(f->saved[i] >= 0);
		assert_true(dup2(ours[i], i) == i);
	}
	r = relay_start(&f->relay);
	for (int i = 0; i < 3; i++) {
		dup2(f->saved[i], i);
		close(f->saved[i]);
	}
	assert_int_equal(r, 0);
	assert_true(f->relay.child > 0);
}

static int open_unit(const struct fixture *f, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->relay.dir, name);
	fd = open(path, flags | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void type(struct fixture *f, const char *text)
{
	assert_int_equal(fd_write_full(f->in[1], text, strlen(text)), 0);
}

static void end_input(struct fixture *f)
{
	close(f->in[1]);
	f->in[1] = -1;
}

static void assert_output(const struct fixture *f, int i, const char *text)
{
	char buf[256] = "";

	assert_true(pread(f->out[i], buf, sizeof(buf) - 1, 0) >= 0);
	assert_string_equal(buf, text);
}

/* Until that much of standard output is there; polling does not touch what is waited for. */
static void await_output(const struct fixture *f, int i, off_t size)
{
	struct stat st;

	for (int tries = 0; tries < WAIT_MS / 10; tries++) {
		assert_int_equal(fstat(f->out[i], &st), 0);
		if (st.st_size >= size) {
			return;
		}
		poll(NULL, 0, 10);
	}
	fail_msg("%lld bytes after a minute, not %lld", (long long)st.st_size, (long long)size);
}

static void test_fifos(void **state)
{
	static const char *const names[] = { "in", "out", "err" };
	struct fixture *f = *state;
	char path[128], dir[64];
	struct stat st;

	if (!open_pipes(f)) {
		return;
	}
	strcpy(dir, f->relay.dir);
	assert_string_equal(f->relay.tty, "");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISFIFO(st.st_mode));
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	relay_fini(&f->relay);
	assert_int_equal(stat(dir, &st), -1);
	assert_int_equal(f->relay.out[0], -1);
	relay_fini(&f->relay);
}

/* Each stream goes where it belongs, to its end. */
static void test_copies(void **state)
{
	struct fixture *f = *state;
	char buf[32] = "";
	int in, out, err;

	if (!open_pipes(f)) {
		return;
	}
	type(f, "to the unit\n");
	end_input(f); /* before there is a child that has this end too */
	start(f);
	in = open_unit(f, "in", O_RDONLY);
	out = open_unit(f, "out", O_WRONLY);
	err = open_unit(f, "err", O_WRONLY);
	assert_int_equal(fd_read_full(in, buf, sizeof(buf) - 1), 12);
	assert_string_equal(buf, "to the unit\n");
	assert_int_equal(fd_write_full(out, "said\n", 5), 0);
	assert_int_equal(fd_write_full(err, "complained\n", 11), 0);
	close(in);
	close(out);
	close(err);
	relay_finish(&f->relay);
	assert_int_equal(f->relay.child, -1);
	assert_output(f, 0, "said\n");
	assert_output(f, 1, "complained\n");
}

/* More than a FIFO holds, with zero bytes in it, and ended by the unit's death alone. */
static void test_big(void **state)
{
	struct fixture *f = *state;
	unsigned char *data, *copy;
	int out;

	if (!open_pipes(f)) {
		return;
	}
	start(f);
	data = malloc(BIG_SIZE);
	copy = calloc(1, BIG_SIZE);
	assert_non_null(data);
	assert_non_null(copy);
	for (unsigned i = 0; i < BIG_SIZE; i++) {
		data[i] = (unsigned char)(i * 31 + i / 4096);
	}
	out = open_unit(f, "out", O_WRONLY);
	assert_int_equal(fd_write_full(out, data, BIG_SIZE), 0);
	close(out);
	relay_finish(&f->relay);
	assert_int_equal(pread(f->out[0], copy, BIG_SIZE, 0), BIG_SIZE);
	assert_memory_equal(data, copy, BIG_SIZE);
	free(data);
	free(copy);
}

/* A unit's commands come one after the other: each opens the streams anew. */
static void test_again(void **state)
{
	struct fixture *f = *state;
	int out;

	if (!open_pipes(f)) {
		return;
	}
	start(f);
	out = open_unit(f, "out", O_WRONLY);
	assert_int_equal(fd_write_full(out, "one ", 4), 0);
	close(out);
	await_output(f, 0, 4);
	out = open_unit(f, "out", O_WRONLY);
	assert_int_equal(fd_write_full(out, "two", 3), 0);
	close(out);
	relay_finish(&f->relay);
	assert_output(f, 0, "one two");
}

/* Nobody ever reads what is typed, or opens anything: that is no reason to wait. */
static void test_no_reader(void **state)
{
	struct fixture *f = *state;

	if (!open_pipes(f)) {
		return;
	}
	type(f, "unread");
	start(f);
	relay_finish(&f->relay);
	relay_finish(&f->relay);
	assert_output(f, 0, "");
}

/* A unit that closes its input goes on being heard. */
static void test_closed_input(void **state)
{
	struct fixture *f = *state;
	char byte;
	int in, out;

	if (!open_pipes(f)) {
		return;
	}
	start(f);
	type(f, "x");
	in = open_unit(f, "in", O_RDONLY);
	assert_int_equal(fd_read_full(in, &byte, 1), 1);
	close(in);
	type(f, "nobody reads this");
	out = open_unit(f, "out", O_WRONLY);
	assert_int_equal(fd_write_full(out, "alive", 5), 0);
	close(out);
	await_output(f, 0, 5);
	relay_finish(&f->relay);
	assert_output(f, 0, "alive");
}

/* Without a start there is nothing to finish; without rights there is no directory. */
static void test_refused(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	relay_finish(&f->relay);
	if (geteuid() != 0) {
		printf("skipped: not root, who alone can become somebody else\n");
		return;
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct relay r = RELAY_NONE;
		int code = setgid(65534) < 0 || setuid(65534) < 0 ? 1 : 0;

		code = code == 0 && relay_open(&r, false) != -EACCES ? 2 : code;
		code = code == 0 && r.dir[0] != '\0' ? 3 : code;
		relay_fini(&r);
		_exit(code);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- terminals ---- */

/* As the unit: its end of the terminal, without the terminal's own editing. */
static int open_terminal(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	assert_true(fd >= 0);
	assert_int_equal(tcgetattr(fd, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
	return fd;
}

static void test_terminal(void **state)
{
	struct fixture *f = *state;
	char buf[8] = "";
	int unit;

	assert_int_equal(relay_open(&f->relay, true), 0);
	assert_string_equal(f->relay.dir, "");
	unit = open_terminal(f->relay.tty);
	assert_true(isatty(unit));
	start(f);
	assert_false(f->relay.raw); /* ours is a pipe */
	type(f, "typed");
	assert_int_equal(fd_read_full(unit, buf, 5), 5);
	assert_string_equal(buf, "typed");
	assert_int_equal(fd_write_full(unit, "shown", 5), 0);
	close(unit);
	relay_finish(&f->relay);
	assert_output(f, 0, "shown");
	assert_output(f, 1, "");
}

/* Ours is raw as long as the unit has it, and then as it was. */
static void test_own_terminal(void **state)
{
	struct fixture *f = *state;
	struct termios before, during, after;
	char path[64];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, path, sizeof(path)), 0);
	close(f->in[0]);
	f->in[0] = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(f->in[0], &before), 0);
	assert_true(before.c_lflag & ICANON);
	assert_int_equal(relay_open(&f->relay, true), 0);
	start(f);
	assert_true(f->relay.raw);
	assert_int_equal(tcgetattr(f->in[0], &during), 0);
	assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
	/* relay_finish() means our standard input. */
	f->saved[0] = fcntl(0, F_DUPFD_CLOEXEC, 10);
	assert_true(dup2(f->in[0], 0) == 0);
	relay_finish(&f->relay);
	dup2(f->saved[0], 0);
	close(f->saved[0]);
	assert_int_equal(tcgetattr(f->in[0], &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fifos, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_big, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_terminal, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
