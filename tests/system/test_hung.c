// SPDX-License-Identifier: MIT
/*
 * supd stands still while nothing happens: the client that comes has it replaced and is served by
 * the next one; a client that waits for a job goes on waiting; no service notices.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

static const char units[] = "[Service]\nExecStart=/bin/sleep 100000\n";

struct child {
	pid_t pid;
	char path[128]; /* what it wrote, both streams */
	char text[65536];
};

static const char *runtime_name = "run";

/* supctl in the background. */
static void begin(struct child *c, const char *name, const char *verb, const char *unit)
{
	char program[512], runtime[128];

	snprintf(c->path, sizeof(c->path), "%s/%s", s->dir, name);
	snprintf(program, sizeof(program), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(runtime, sizeof(runtime), "%s/%s", s->dir, runtime_name);
	c->pid = fork();
	CHECK(c->pid >= 0);
	if (c->pid == 0) {
		int fd = open(c->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(program, program, "--runtime-dir", runtime, verb, unit, (char *)NULL);
		_exit(127);
	}
}

static const char *read_back(struct child *c)
{
	AUTO_CLOSE int fd = open(c->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, c->text, sizeof(c->text) - 1);

	c->text[n > 0 ? n : 0] = '\0';
	return c->text;
}

static int end(struct child *c)
{
	int status;

	CHECK(waitpid(c->pid, &status, 0) == c->pid);
	read_back(c);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool has_job(struct sys *sys, void *arg)
{
	sys_ctl(sys, "list-jobs");
	return sys_said(sys, arg);
}

static void test_idle(void **state)
{
	struct child waits = { .pid = -1 }, asks = { .pid = -1 }, logs = { .pid = -1 };
	long pid;
	pid_t supd;

	(void)state;
	sys_unit(s, "a.service", units);
	sys_unit(s, "logged.service",
		"[Service]\nType=oneshot\nExecStart=/bin/echo hung-log-line\n");
	sys_unit(s, "slow.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\n"
		"ExecStart=/bin/sh -c 'until test -e /run/hung-go; do sleep 0.1; done'\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "start a.service logged.service") == 0);
	wait_log("logged.service", "hung-log-line");
	begin(&waits, "waits", "start", "slow.service");
	sys_wait_for(s, "the job of slow.service", has_job, "slow.service");
	pid = sys_number(s, "a.service", "MainPID");
	supd = sys_supd_pid(s);
	CHECK(pid > 1 && supd > 1 && kill(supd, SIGSTOP) == 0);

	begin(&asks, "asks", "list", NULL);
	begin(&logs, "logs", "logs", "logged.service");
	if (end(&logs) != 0 || !strstr(logs.text, "hung-log-line")) {
		sys_fail(s, "logs: %s", logs.text);
	}
	if (end(&asks) != 0 || !strstr(asks.text, "a.service")) {
		sys_fail(s, "list: %s", asks.text);
	}
	CHECK(sys_supd_pid(s) != supd);
	CHECK(sys_number(s, "a.service", "MainPID") == pid);
	CHECK(sys_number(s, "a.service", "NRestarts") == 0);
	fclose(fopen("/run/hung-go", "we"));
	if (end(&waits) != 0) {
		sys_fail(s, "start: %s", waits.text);
	}
	CHECK(property_equals("slow.service", "ActiveState", "active"));
}

static bool says_waiting(struct sys *sys, void *arg)
{
	(void)sys;
	return strstr(read_back(arg), "supd does not answer; waiting for it") != NULL;
}

/* Nobody takes the connection at all. */
static void test_message(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct child asks = { .pid = -1 };
	char dir[128];
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(dir, sizeof(dir), "%s/deaf", s->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/deaf/control", s->dir);
	CHECK(fd >= 0 && mkdir(dir, 0755) == 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0);
	runtime_name = "deaf";
	begin(&asks, "deaf-asks", "list", NULL);
	runtime_name = "run";
	sys_wait_for(s, "supctl says that it waits", says_waiting, &asks);
	CHECK(kill(asks.pid, SIGTERM) == 0);
	end(&asks);
	CHECK(!strstr(asks.text, "Transport"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_message, setup, teardown),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
