// SPDX-License-Identifier: MIT
/*
 * supctl shell and exec as people and scripts use them: input that is empty, a pipe, closed, a
 * terminal that goes; signals to supctl. Each ends, and leaves nothing in the unit.
 */
#include "../unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "harness.h"

static struct sys *s;

enum stream {
	IN_NULL,
	IN_PIPE,
	IN_CLOSED,
	IN_TTY,
	ALL_CLOSED,
	OUT_TTY, /* input from /dev/null */
};

enum act {
	ACT_NONE,
	ACT_HANG_UP,     /* the terminal goes */
	ACT_SIGNAL,      /* to supctl */
	ACT_TYPE_SIGNAL, /* after more was typed than anybody reads */
};

#define ANY (-1)

static const struct row {
	const char *name;
	const char *args[6]; /* after the name of the unit */
	enum stream stream;
	const char *input; /* of a pipe or terminal */
	const char *said;  /* to be waited for before the act; NULL: none */
	enum act act;
	int signo;
	int code; /* exit code of supctl */
} rows[] = {
	{ "shell, /dev/null", { NULL }, IN_NULL, NULL, NULL, ACT_NONE, 0, 0 },
	{ "shell, /dev/null, shown at a terminal", { NULL }, OUT_TTY, NULL, NULL, ACT_NONE, 0, 0 },
	{ "shell, closed", { NULL }, IN_CLOSED, NULL, NULL, ACT_NONE, 0, 0 },
	{ "shell, pipe", { NULL }, IN_PIPE, "echo two$((1+1)); exit 3\n", "two2", ACT_NONE, 0, 3 },
	{ "shell, terminal", { NULL }, IN_TTY, "echo two$((1+1)); exit 5\n", "two2", ACT_NONE, 0,
		5 },
	{ "shell, terminal gone", { NULL }, IN_TTY, "echo two$((1+1))\n", "two2", ACT_HANG_UP, 0,
		ANY },
	{ "shell, SIGTERM", { NULL }, IN_TTY, "echo two$((1+1))\n", "two2", ACT_SIGNAL, SIGTERM,
		ANY },
	{ "shell, SIGHUP", { NULL }, IN_TTY, "echo two$((1+1))\n", "two2", ACT_SIGNAL, SIGHUP,
		ANY },
	{ "exec, pipe", { "--", "cat" }, IN_PIPE, "hello", "hello", ACT_NONE, 0, 0 },
	{ "exec, closed", { "--", "cat" }, IN_CLOSED, NULL, NULL, ACT_NONE, 0, 0 },
	{ "exec, all closed", { "--", "/bin/sh", "-c", "exit 7" }, ALL_CLOSED, NULL, NULL, ACT_NONE,
		0, 7 },
	{ "exec, SIGINT", { "--", "/bin/sh", "-c", "echo ready; exec sleep 1000" }, IN_NULL, NULL,
		"ready", ACT_SIGNAL, SIGINT, 128 + SIGINT },
	{ "exec, SIGTERM", { "--", "/bin/sh", "-c", "echo ready; exec sleep 1000" }, IN_NULL, NULL,
		"ready", ACT_SIGNAL, SIGTERM, 128 + SIGTERM },
	{ "exec, deaf", { "--", "/bin/sh", "-c", "trap '' TERM HUP; echo ready; exec sleep 1000" },
		IN_NULL, NULL, "ready", ACT_SIGNAL, SIGTERM, 128 + SIGKILL },
	{ "exec, never reads", { "--", "/bin/sh", "-c", "echo ready; exec sleep 1000" }, IN_TTY,
		NULL, "ready", ACT_TYPE_SIGNAL, SIGTERM, ANY },
};

struct client {
	pid_t pid;
	int master; /* of its terminal, or the write end of its input; -1 */
	int status;
	char text[65536]; /* what it has said at the terminal */
	size_t n;
	char out[160]; /* where it says it otherwise */
};

static int make_terminal(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	char path[64];

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	CHECK(ptsname_r(master, path, sizeof(path)) == 0);
	*ret_slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(*ret_slave >= 0);
	return master;
}

static __attribute__((noreturn)) void become_supctl(
	const struct row *row, const struct client *c, int in, bool out_is_tty)
{
	const char *argv[12] = { "supctl", "--runtime-dir", "", row->args[0] ? "exec" : "shell",
		"entered.service" };
	char program[256], runtime_dir[128];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = out_is_tty ? in : open(c->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool in_is_null = row->stream == IN_NULL || row->stream == OUT_TTY;

	snprintf(program, sizeof(program), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(runtime_dir, sizeof(runtime_dir), "%s/run", s->dir);
	argv[2] = runtime_dir;
	for (size_t i = 0; i < ELEMENTSOF(row->args); i++) {
		argv[5 + i] = row->args[i];
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	if (out_is_tty) {
		ioctl(in, TIOCSCTTY, 0);
	}
	dup2(in_is_null ? null : in, 0);
	dup2(out, 1);
	dup2(out, 2);
	if (row->stream == IN_CLOSED || row->stream == ALL_CLOSED) {
		close(0);
	}
	if (row->stream == ALL_CLOSED) {
		close(1);
		close(2);
	}
	execv(program, (char *const *)argv);
	_exit(126);
}

static void start(const struct row *row, struct client *c)
{
	bool tty = row->stream == IN_TTY || row->stream == OUT_TTY;
	int ends[2] = { -1, -1 };

	*c = (struct client) { .master = -1 };
	snprintf(c->out, sizeof(c->out), "%s/said", s->dir);
	unlink(c->out);
	if (tty) {
		ends[1] = make_terminal(&ends[0]);
	} else if (row->stream == IN_PIPE) {
		CHECK(pipe2(ends, O_CLOEXEC) == 0);
	}
	c->pid = fork();
	CHECK(c->pid >= 0);
	if (c->pid == 0) {
		become_supctl(row, c, ends[0], tty);
	}
	c->master = ends[1];
	if (ends[0] >= 0) {
		close(ends[0]);
	}
	if (row->input) {
		CHECK(fd_write_full(c->master, row->input, strlen(row->input)) == 0);
	}
	if (!tty && c->master >= 0) {
		close(TAKE_FD(c->master));
	}
}

static void read_said(struct client *c, const struct row *row)
{
	AUTO_CLOSE int file = -1;
	ssize_t n;

	if (row->stream != IN_TTY && row->stream != OUT_TTY) {
		file = open(c->out, O_RDONLY | O_CLOEXEC);
		c->n = 0;
	}
	n = read(file >= 0 ? file : c->master, c->text + c->n, sizeof(c->text) - 1 - c->n);
	c->n += n > 0 ? (size_t)n : 0;
	c->text[c->n] = '\0';
}

struct waiting {
	struct client *c;
	const struct row *row;
};

static bool has_said(struct sys *sys, void *arg)
{
	const struct waiting *w = arg;

	(void)sys;
	read_said(w->c, w->row);
	return strstr(w->c->text, w->row->said) != NULL;
}

static bool has_ended(struct sys *sys, void *arg)
{
	const struct waiting *w = arg;

	(void)sys;
	if (w->c->master >= 0) {
		read_said(w->c, w->row);
	}
	return waitpid(w->c->pid, &w->c->status, WNOHANG) == w->c->pid;
}

/* The main process alone. */
static bool is_alone(struct sys *sys, void *arg)
{
	char path[256], text[256] = "";

	(void)arg;
	snprintf(path, sizeof(path), "%s/system.slice/entered.service/cgroup.procs", sys->cgroup);
	CHECK(fd_read_text(path, text, sizeof(text)) > 0);
	return strchr(text, '\n') == strrchr(text, '\n');
}

static void act(const struct row *row, struct client *c)
{
	char much[1024];

	switch (row->act) {
	case ACT_NONE:
		return;
	case ACT_HANG_UP:
		close(TAKE_FD(c->master));
		return;
	case ACT_TYPE_SIGNAL:
		memset(much, 'x', sizeof(much));
		for (int i = 0; i < 256; i++) {
			(void)!write(c->master, much, sizeof(much));
		}
		kill(c->pid, row->signo);
		return;
	case ACT_SIGNAL:
		kill(c->pid, row->signo);
		return;
	}
}

static void test_row(const struct row *row)
{
	static struct client c;
	struct waiting w = { &c, row };

	start(row, &c);
	if (row->said && row->act != ACT_NONE) {
		sys_wait_for(s, row->name, has_said, &w);
	}
	act(row, &c);
	sys_wait_for(s, row->name, has_ended, &w);
	if (row->said && row->act == ACT_NONE) {
		sys_wait_for(s, row->name, has_said, &w);
	}
	if (row->code != ANY && (!WIFEXITED(c.status) || WEXITSTATUS(c.status) != row->code)) {
		read_said(&c, row);
		sys_fail(s, "%s: status %#x, not %d: %s", row->name, (unsigned)c.status, row->code,
			c.text);
	}
	sys_wait_for(s, row->name, is_alone, NULL);
	cleanup_close(&c.master);
}

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		test_row(&rows[i]);
	}
}

/* A command that joined would stand still, and whoever waits for it. */
static void test_frozen(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "freeze entered") == 0);
	CHECK(sys_ctl(s, "exec entered -- /bin/true") == 1);
	CHECK(sys_said(s, "entered.service: is frozen") &&
		sys_said(s, "supctl thaw entered.service"));
	CHECK(sys_ctl(s, "thaw entered") == 0);
	CHECK(sys_ctl(s, "exec entered -- /bin/true") == 0);
}

static int setup(void **state)
{
	(void)state;
	sys_private(NULL);
	s = sys_new();
	sys_unit(s, "entered.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	sys_start(s, NULL);
	CHECK(sys_ctl(s, "start entered") == 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_frozen),
	};

	sys_require();
	return cmocka_run_group_tests(tests, setup, teardown);
}
