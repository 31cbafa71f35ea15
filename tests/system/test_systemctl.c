// SPDX-License-Identifier: MIT
/*
 * An unmodified systemctl(1) drives supd: $XDG_RUNTIME_DIR/systemd/private is a link to the control
 * socket. And what somebody without rights may do.
 */
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

#define NOBODY 65534

static const char *payload;
static char supctl[512];
static pid_t last_pid; /* of the last program that was run */

static void drop_rights(uid_t uid)
{
	if (uid != 0 && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
				setresuid(uid, uid, uid) < 0)) {
		_exit(126);
	}
}

/* Runs argv as uid; output in s->output, returns the exit code. */
static int run_as(uid_t uid, const char *const *argv)
{
	int ends[2], status;
	ssize_t got;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	last_pid = fork();
	CHECK(last_pid >= 0);
	if (last_pid == 0) {
		/* Opened with rights: the build tree may be where others cannot go. */
		int program = *argv[0] == '/' ? open(argv[0], O_RDONLY | O_CLOEXEC) : -1;

		drop_rights(uid);
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		if (program >= 0) {
			fexecve(program, (char **)(uintptr_t)argv, environ);
		} else {
			execvp(argv[0], (char **)(uintptr_t)argv);
		}
		_exit(127);
	}
	close(ends[1]);
	got = fd_read_full(ends[0], s->output, sizeof(s->output) - 1);
	s->output[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	CHECK(waitpid(last_pid, &status, 0) == last_pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Words after the given first ones, split at spaces. */
static int run_line(uid_t uid, const char **argv, int n, const char *line)
{
	char copy[512], *save;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word && n < 31;
		word = strtok_r(NULL, " ", &save)) {
		argv[n++] = word;
	}
	return run_as(uid, argv);
}

static int systemctl(const char *line)
{
	const char *argv[32] = { "systemctl", "--user", "--no-pager" };

	return run_line(0, argv, 3, line);
}

/* supctl without rights. */
static int nobody(const char *line)
{
	char runtime[96];
	const char *argv[32] = { supctl, "--runtime-dir", runtime };

	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	return run_line(NOBODY, argv, 3, line);
}

static void test_start_stop(void **state)
{
	long pid;

	(void)state;
	CHECK(systemctl("start web.service") == 0);
	CHECK(systemctl("is-active web.service") == 0 && sys_said(s, "active"));
	pid = sys_number(s, "web.service", "MainPID");
	CHECK(pid > 1 && kill((pid_t)pid, 0) == 0);
	CHECK(systemctl("restart web.service") == 0);
	CHECK(sys_number(s, "web.service", "MainPID") != pid);
	CHECK(systemctl("stop web.service") == 0);
	CHECK(systemctl("is-active web.service") == 3 && sys_said(s, "inactive"));
	CHECK(systemctl("start web") == 0);
	CHECK(property_equals("web.service", "SubState", "running"));
}

static void test_timers(void **state)
{
	(void)state;
	load("tick.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	load("tick.timer", "[Timer]\nOnCalendar=*:*:*\nAccuracySec=1us\nOnActiveSec=1h\n");
	CHECK(systemctl("start tick.timer") == 0);
	sys_wait(s, "tick.service", "ActiveState", "inactive");
	CHECK(systemctl("list-timers --all") == 0);
	CHECK(sys_said(s, "tick.timer") && sys_said(s, "tick.service") && sys_said(s, "1 timers"));
	CHECK(systemctl("show tick.timer -p TimersCalendar -p TimersMonotonic -p Unit") == 0);
	CHECK(sys_said(s, "{ OnCalendar=*-*-* *:*:00 ; next_elapse=") ||
		sys_said(s, "{ OnCalendar=*-*-* *:*:* ; next_elapse="));
	CHECK(sys_said(s, "{ OnActiveUSec=1h ; next_elapse=") && sys_said(s, "Unit=tick.service"));
	CHECK(systemctl("status tick.timer") == 0);
	CHECK(sys_said(s, "Trigger: ") && sys_said(s, "Triggers: ● tick.service"));
	CHECK(systemctl("stop tick.timer") == 0);
}

static void test_failures(void **state)
{
	(void)state;
	CHECK(systemctl("start no-such-thing.service") == 5);
	CHECK(sys_said(s, "no-such-thing.service not found"));
	CHECK(systemctl("start broken.service") == 1);
	CHECK(systemctl("is-failed broken.service") == 0 && sys_said(s, "failed"));
	CHECK(systemctl("--failed") == 0 && sys_said(s, "broken.service"));
	CHECK(systemctl("status broken.service") == 3 && sys_said(s, "failed"));
	CHECK(systemctl("reset-failed broken.service") == 0);
	CHECK(systemctl("is-failed broken.service") == 1);
	CHECK(systemctl("is-active no-such-thing.service") == 3 && sys_said(s, "inactive"));
}

static void test_status_show(void **state)
{
	char text[128];

	(void)state;
	CHECK(systemctl("status web.service") == 0);
	CHECK(sys_said(s, "web.service - The web of tests"));
	CHECK(sys_said(s, "Active: active (running)") && sys_said(s, "Main PID: "));
	CHECK(sys_said(s, s->units));
	snprintf(text, sizeof(text), "MainPID=%ld", sys_number(s, "web.service", "MainPID"));
	CHECK(systemctl("show -p MainPID -p Type -p Description web.service") == 0);
	CHECK(sys_said(s, text) && sys_said(s, "Type=simple"));
	CHECK(sys_said(s, "Description=The web of tests"));
	CHECK(systemctl("show web.service") == 0 && sys_said(s, "ExecStart={ path="));
	CHECK(systemctl("show -p Version") == 0 && sys_said(s, "Version="));
	CHECK(systemctl("status") == 0 && sys_said(s, "State: "));
}

static void test_lists(void **state)
{
	(void)state;
	CHECK(systemctl("list-units --no-legend") == 0);
	CHECK(sys_said(s, "web.service") && sys_said(s, "running"));
	CHECK(systemctl("list-units --no-legend b*.service --all") == 0);
	CHECK(sys_said(s, "broken.service") && !sys_said(s, "web.service"));
	CHECK(systemctl("list-unit-files web.service") == 0 && sys_said(s, "web.service"));
	CHECK(systemctl("is-enabled web.service") == 0 && sys_said(s, "static"));
	CHECK(systemctl("list-dependencies web.service") == 0);
	CHECK(sys_said(s, "helper.service"));
	CHECK(systemctl("cat web.service") == 0);
	CHECK(sys_said(s, "# ") && sys_said(s, "Description=The web of tests"));
	CHECK(systemctl("is-system-running") >= 0 && sys_said(s, "running"));
}

static void test_jobs(void **state)
{
	(void)state;
	CHECK(systemctl("list-jobs") == 0 && sys_said(s, "No jobs running"));
	CHECK(systemctl("start --no-block slow.service") == 0);
	sys_wait(s, "slow.service", "ActiveState", "activating");
	CHECK(systemctl("list-jobs") == 0);
	CHECK(sys_said(s, "slow.service") && sys_said(s, "start") && sys_said(s, "1 jobs"));
	CHECK(systemctl("stop slow.service") == 0);
	CHECK(systemctl("list-jobs") == 0 && sys_said(s, "No jobs running"));
}

static void test_kill(void **state)
{
	(void)state;
	CHECK(systemctl("kill -s KILL web.service") == 0);
	sys_wait(s, "web.service", "ActiveState", "failed");
	CHECK(systemctl("is-failed web.service") == 0);
	CHECK(systemctl("reset-failed") == 0);
	CHECK(property_equals("web.service", "ActiveState", "inactive"));
}

static void test_reload(void **state)
{
	(void)state;
	sys_unit(s, "later.service",
		"[Unit]\nDescription=Came later\n[Service]\nExecStart=/bin/true\n");
	CHECK(systemctl("daemon-reload") == 0);
	CHECK(systemctl("show -p Description later.service") == 0);
	CHECK(sys_said(s, "Description=Came later"));
}

static void check_refused(const char *line, const char *method)
{
	char text[128];

	CHECK(nobody(line) != 0);
	CHECK(sys_said(s, "only root"));
	snprintf(text, sizeof(text), "%s on", method);
	wait_log("", text);
	snprintf(text, sizeof(text), "by uid %d, pid %d: refused", NOBODY, (int)last_pid);
	wait_log("", text);
}

/* One unit whose name brings what is no text does not keep the others from being listed. */
static void test_odd_name(void **state)
{
	char link[256];

	(void)state;
	snprintf(link, sizeof(link), "%s/odd@\\xff.service", s->units);
	CHECK(symlink("odd@.service", link) == 0);
	load("odd@.service", "[Unit]\nDescription=odd %I\n[Service]\nExecStart=/bin/true\n");
	CHECK(sys_said(s, "odd@.service:2") && sys_said(s, "specifier %I"));
	CHECK(systemctl("list-units --all") == 0 && sys_said(s, "web.service"));
	CHECK(unlink(link) == 0);
	sys_remove_unit(s, "odd@.service");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
}

static void test_unprivileged(void **state)
{
	long pid;

	(void)state;
	CHECK(sys_ctl(s, "start web.service") == 0);
	pid = sys_number(s, "web.service", "MainPID");
	CHECK(nobody("status web.service") == 0 && sys_said(s, "running"));
	CHECK(nobody("list") == 0 && sys_said(s, "web.service"));
	CHECK(nobody("show -p MainPID web.service") == 0 && sys_said(s, "MainPID="));
	CHECK(nobody("is-active web.service") == 0);
	check_refused("start broken.service", "StartUnit");
	check_refused("stop web.service", "StopUnit");
	check_refused("restart web.service", "RestartUnit");
	check_refused("kill web.service", "KillUnit");
	check_refused("reset-failed web.service", "ResetFailedUnit");
	check_refused("daemon-reload", "Reload");
	check_refused("daemon-reexec", "Reexecute");
	CHECK(sys_number(s, "web.service", "MainPID") == pid);
	CHECK(property_equals("web.service", "SubState", "running"));
	CHECK(property_equals("broken.service", "ActiveState", "inactive"));
}

static int setup_units(void **state)
{
	char path[128], target[128];

	setup(state);
	payload = sys_payload(s);
	snprintf(path, sizeof(path), "%s/systemd", s->dir);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/systemd/private", s->dir);
	snprintf(target, sizeof(target), "%s/run/control", s->dir);
	CHECK(symlink(target, path) == 0);
	CHECK(setenv("XDG_RUNTIME_DIR", s->dir, 1) == 0);
	sys_unit(s, "helper.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n");
	sys_unit(s, "broken.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
	loadf("slow.service", "[Service]\nType=notify\nExecStart=%s pause\n", payload);
	loadf("web.service",
		"[Unit]\nDescription=The web of tests\nWants=helper.service\n"
		"[Service]\nExecStart=%s pause\n",
		payload);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_stop),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_status_show),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_odd_name),
		cmocka_unit_test(test_unprivileged),
	};

	sys_require();
	if (access("/usr/bin/systemctl", X_OK) < 0 && access("/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs systemctl\n");
		return 77;
	}
	/* systemctl looks into files itself where this directory is missing. */
	sys_private(NULL);
	if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/system", 0755) < 0) {
		perror("/run/systemd/system");
		return 1;
	}
	snprintf(supctl, sizeof(supctl), "%s/supctl", getenv("SUPD_BUILD"));
	return cmocka_run_group_tests(tests, setup_units, teardown);
}
