// SPDX-License-Identifier: MIT
/* How supd-init itself starts, ends, is replaced, and speaks to whoever started it. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

static const char *payload;

/* Runs a program of the build root, or of $PATH, to its end; output in s->output, returns the exit
 * code. */
static int run_program(const char *name, const char *const *args)
{
	char path[512];
	const char *argv[32] = { name };
	int ends[2], status, n = 1;
	ssize_t got;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", getenv("SUPD_BUILD"), name);
	for (; *args && n < 31; args++) {
		argv[n++] = *args;
	}
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execv(path, (char **)argv);
		execvp(name, (char **)argv); /* not one of ours */
		_exit(127);
	}
	close(ends[1]);
	got = fd_read_full(ends[0], s->output, sizeof(s->output) - 1);
	s->output[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_init(void)
{
	int status;

	CHECK(waitpid(s->init, &status, 0) == s->init);
	s->init = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void start_keeper(void)
{
	loadf("keep.service", "[Service]\nExecStart=%s pause\n", payload);
	CHECK(sys_ctl(s, "start keep.service") == 0);
}

static void test_second_is_refused(void **state)
{
	char run[96], cgroup[200];
	const char *args[] = { "--unit-path", s->units, "--runtime-dir", run, "--state-dir", run,
		"--log-dir", run, "--cgroup", cgroup, NULL };
	long pid;

	(void)state;
	start_keeper();
	pid = sys_number(s, "keep.service", "MainPID");
	snprintf(run, sizeof(run), "%s/run", s->dir);
	snprintf(cgroup, sizeof(cgroup), "%s", s->cgroup);
	CHECK(run_program("supd-init", args) != 0);
	CHECK(sys_said(s, run) || sys_said(s, "another"));
	CHECK(sys_number(s, "keep.service", "MainPID") == pid);
	CHECK(property_equals("keep.service", "SubState", "running"));
}

static void test_two_side_by_side(void **state)
{
	struct sys *first = s, *second = sys_new();
	long one = sys_number(first, "keep.service", "MainPID");

	(void)state;
	s = second;
	sys_start(s, NULL);
	start_keeper();
	CHECK(sys_number(s, "keep.service", "MainPID") != one);
	CHECK(sys_ctl(s, "stop keep.service") == 0);
	CHECK(sys_number(first, "keep.service", "MainPID") == one);
	s = first;
	sys_free(second);
	CHECK(property_equals("keep.service", "SubState", "running"));
}

static void test_leave_and_adopt(void **state)
{
	long pid = sys_number(s, "keep.service", "MainPID");

	(void)state;
	CHECK(kill(s->init, SIGUSR2) == 0);
	CHECK(wait_init() == 0);
	CHECK(kill((pid_t)pid, 0) == 0);
	sys_start(s, NULL);
	sys_wait(s, "keep.service", "SubState", "running");
	CHECK(sys_number(s, "keep.service", "MainPID") == pid);
}

static void test_killed_and_adopted(void **state)
{
	char path[256];
	long pid = sys_number(s, "keep.service", "MainPID");

	(void)state;
	CHECK(pid > 1 && kill(s->init, SIGKILL) == 0);
	CHECK(wait_init() == 128 + SIGKILL);
	CHECK(kill((pid_t)pid, 0) == 0);
	sys_start(s, NULL);
	sys_wait(s, "keep.service", "SubState", "running");
	CHECK(sys_number(s, "keep.service", "MainPID") == pid);
	CHECK(sys_ctl(s, "stop keep.service") == 0);
	snprintf(path, sizeof(path), "%s/system.slice/keep.service", s->cgroup);
	wait_gone(path);
	CHECK(sys_ctl(s, "start keep.service") == 0);
}

static bool supd_changed(struct sys *sys, void *arg)
{
	pid_t pid = sys_supd_pid(sys);

	return pid > 0 && pid != *(pid_t *)arg;
}

static void test_reexec(void **state)
{
	long pid = sys_number(s, "keep.service", "MainPID");
	pid_t supd = sys_supd_pid(s);

	(void)state;
	loadf("done.service", "[Service]\nType=oneshot\nExecStart=%s exit=7\n", payload);
	CHECK(sys_ctl(s, "start done.service") == 1);
	CHECK(sys_ctl(s, "daemon-reexec") == 0);
	sys_wait_for(s, "another supd", supd_changed, &supd);
	sys_wait(s, "keep.service", "SubState", "running");
	CHECK(sys_number(s, "keep.service", "MainPID") == pid);
	CHECK(property_equals("done.service", "ActiveState", "failed"));
	CHECK(sys_number(s, "done.service", "ExecMainStatus") == 7);
	CHECK(sys_ctl(s, "restart keep.service") == 0);
	CHECK(sys_number(s, "keep.service", "MainPID") != pid);
}

static void test_terminate(void **state)
{
	char path[256];
	long pid = sys_number(s, "keep.service", "MainPID");

	(void)state;
	CHECK(pid > 1 && kill(s->init, SIGTERM) == 0);
	CHECK(wait_init() == 0);
	CHECK(kill((pid_t)pid, 0) < 0 && errno == ESRCH);
	snprintf(path, sizeof(path), "%s/system.slice", s->cgroup);
	CHECK(access(path, F_OK) < 0);
}

/* What comes to a notify socket until a message with the text is there; all of it in s->output. */
static void await_message(int fd, const char *text)
{
	size_t n = 0;

	s->output[0] = '\0';
	while (!sys_said(s, text)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		CHECK(poll(&p, 1, SYS_WITHIN_SEC * 1000) == 1);
		got = recv(fd, s->output + n, sizeof(s->output) - n - 2, 0);
		CHECK(got > 0);
		n += (size_t)got;
		s->output[n++] = '\n';
		s->output[n] = '\0';
	}
}

static void test_notifies_upwards(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/upwards", s->dir);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(setenv("NOTIFY_SOCKET", at.sun_path, 1) == 0);
	CHECK(setenv("WATCHDOG_USEC", "200000", 1) == 0);
	sys_spawn(s, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	await_message(fd, "READY=1");
	await_message(fd, "WATCHDOG=1");
	await_message(fd, "WATCHDOG=1");
	CHECK(kill(s->init, SIGTERM) == 0);
	await_message(fd, "STOPPING=1");
	CHECK(wait_init() == 0);
	close(fd);
}

static void test_bad_command_line(void **state)
{
	char conf[128];
	const char *const unknown[] = { "--no-such-option", NULL };
	const char *const missing[] = { "--runtime-dir", NULL };
	const char *const relative[] = { "--runtime-dir", "not/absolute", NULL };
	const char *const help[] = { "--help", NULL };
	const char *const nowhere[] = { "--config", "/does/not/exist.conf", NULL };
	const char *const config[] = { "--config", conf, NULL };

	(void)state;
	CHECK(run_program("supd-init", unknown) != 0);
	CHECK(sys_said(s, "--no-such-option"));
	CHECK(run_program("supd-init", missing) != 0 && sys_said(s, "--runtime-dir"));
	CHECK(run_program("supd-init", relative) != 0 && sys_said(s, "not/absolute"));
	CHECK(run_program("supd-init", nowhere) != 0 && sys_said(s, "/does/not/exist.conf"));
	CHECK(run_program("supd-init", help) == 0);
	CHECK(sys_said(s, "--unit-path") && sys_said(s, "--cgroup"));
	CHECK(run_program("supctl", help) == 0 && sys_said(s, "--runtime-dir"));
	CHECK(run_program("supctl", unknown) != 0 && sys_said(s, "no-such-option"));
	snprintf(conf, sizeof(conf), "%s/units/bad.conf", s->dir);
	sys_unit(s, "bad.conf", "[supd]\nLogLevel=info\nLogMaxByte=1M\n");
	CHECK(run_program("supd-init", config) != 0);
	CHECK(sys_said(s, "bad.conf:3") && sys_said(s, "LogMaxByte"));
	sys_unit(s, "bad.conf", "[supd]\nRuntimeDirectory=relative\n");
	CHECK(run_program("supd-init", config) != 0);
	CHECK(sys_said(s, "bad.conf:2") && sys_said(s, "relative"));
}

static int setup_payload(void **state)
{
	setup(state);
	payload = sys_payload(s);
	return 0;
}

/* ---- as PID 1 of a namespace ---- */

/* The child of unshare(1): supd-init. */
static bool has_child(struct sys *sys, void *arg)
{
	char path[64], text[64] = "";
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)sys->init, (int)sys->init);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		return false;
	}
	*(pid_t *)arg = (pid_t)strtol(text, NULL, 10);
	return *(pid_t *)arg > 1;
}

static void spawn_pid1(void)
{
	char paths[5][128];
	static const char *const names[] = { "run", "state", "log" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", s->dir, names[i]);
	}
	snprintf(paths[3], sizeof(paths[3]), "%s/supd-init", getenv("SUPD_BUILD"));
	snprintf(paths[4], sizeof(paths[4]), "%s/init.out", s->dir);
	s->init = fork();
	CHECK(s->init >= 0);
	if (s->init == 0) {
		int fd = open(paths[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execlp("unshare", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
			paths[3], "--unit-path", s->units, "--runtime-dir", paths[0], "--state-dir",
			paths[1], "--log-dir", paths[2], "--cgroup", s->cgroup, (char *)NULL);
		_exit(127);
	}
}

/* supctl inside the namespace: outside, the pids of its peers mean nothing. */
static int inside(pid_t pid1, const char *verb, const char *unit)
{
	char path[512], runtime[96], target[16];
	const char *argv[] = { "-t", target, "-p", "-m", path, "--runtime-dir", runtime, verb, unit,
		NULL };

	snprintf(path, sizeof(path), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	snprintf(target, sizeof(target), "%d", (int)pid1);
	return run_program("nsenter", argv);
}

struct within {
	pid_t pid1;
	const char *verb;
	const char *unit;
	const char *says;
};

static bool says_within(struct sys *sys, void *arg)
{
	const struct within *w = arg;

	inside(w->pid1, w->verb, w->unit);
	return sys_said(sys, w->says);
}

static bool no_zombies(struct sys *sys, void *arg)
{
	pid_t pid1 = *(pid_t *)arg;
	char path[64], text[4096] = "", *save = NULL;
	AUTO_CLOSE int fd = -1;

	(void)sys;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid1, (int)pid1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0) {
		return false;
	}
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char stat[512] = "";
		AUTO_CLOSE int f = -1;

		snprintf(path, sizeof(path), "/proc/%s/stat", w);
		f = open(path, O_RDONLY | O_CLOEXEC);
		if (f >= 0 && read(f, stat, sizeof(stat) - 1) > 0 && strstr(stat, ") Z ")) {
			return false;
		}
	}
	return true;
}

static void test_pid_one(void **state)
{
	struct sys *first = s;
	struct within running = { 0, "is-system-running", NULL, "running" };
	struct within orphans = { 0, "is-active", "orphans.service", "inactive" };
	pid_t pid1 = 0;
	char text[600];

	(void)state;
	s = sys_new();
	snprintf(text, sizeof(text), "[Service]\nExecStart=%s pause\n", payload);
	sys_unit(s, "good.service", text);
	/* Its child loses the parent, and is supd-init's then. */
	snprintf(text, sizeof(text), "[Service]\nExecStart=%s orphan=0 exit=3\n", payload);
	sys_unit(s, "orphans.service", text);
	spawn_pid1();
	sys_wait_for(s, "supd-init runs", has_child, &pid1);
	running.pid1 = orphans.pid1 = pid1;
	sys_wait_for(s, "supd is ready", says_within, &running);
	CHECK(inside(pid1, "start", "good.service") == 0);
	CHECK(inside(pid1, "is-active", "good.service") == 0);
	CHECK(inside(pid1, "start", "orphans.service") == 0);
	sys_wait_for(s, "orphans.service ends", says_within, &orphans);
	sys_wait_for(s, "orphans are reaped", no_zombies, &pid1);
	CHECK(inside(pid1, "restart", "good.service") == 0);
	CHECK(inside(pid1, "stop", "good.service") == 0);
	CHECK(inside(pid1, "start", "good.service") == 0);
	CHECK(kill(pid1, SIGTERM) == 0);
	CHECK(wait_init() == 0);
	sys_free(s);
	s = first;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_is_refused),
		cmocka_unit_test(test_two_side_by_side),
		cmocka_unit_test(test_leave_and_adopt),
		cmocka_unit_test(test_killed_and_adopted),
		cmocka_unit_test(test_reexec),
		cmocka_unit_test(test_terminate),
		cmocka_unit_test(test_notifies_upwards),
		cmocka_unit_test(test_bad_command_line),
		cmocka_unit_test(test_pid_one),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_payload, teardown);
}
