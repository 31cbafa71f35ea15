// SPDX-License-Identifier: MIT
/*
 * time, blame, critical-chain and plot of a supd that has just started three units one after the
 * other; the same asked by systemd-analyze(1).
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

static char gate[128];

static bool gate_opens(struct sys *sys, void *arg)
{
	AUTO_CLOSE int fd = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	(void)sys;
	(void)arg;
	return fd >= 0; /* ENXIO: the unit does not read yet */
}

static bool is_booting(struct sys *sys, void *arg)
{
	(void)arg;
	return sys_ctl(sys, "is-active gate.service") == 3 && sys_said(sys, "activating");
}

static bool has_booted(struct sys *sys, void *arg)
{
	(void)arg;
	return sys_ctl(sys, "time") == 0;
}

static int setup_boot(void **state)
{
	static const char *const units[] = { "all.target", NULL };

	(void)state;
	s = sys_new();
	snprintf(gate, sizeof(gate), "%s/gate", s->dir);
	if (mkfifo(gate, 0600) < 0) {
		return -1;
	}
	char text[512];

	snprintf(text, sizeof(text),
		"[Unit]\nAfter=first.service\n[Container]\nProfile=compat\n"
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\n"
		"ExecStart=/bin/cat %s\n",
		gate);
	sys_unit(s, "gate.service", text);
	sys_unit(s, "first.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	sys_unit(s, "last.service",
		"[Unit]\nAfter=gate.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	sys_unit(s, "all.target",
		"[Unit]\nWants=first.service gate.service last.service\n"
		"After=first.service gate.service last.service\n");
	sys_spawn(s, units);
	sys_wait_for(s, "gate.service is being started", is_booting, NULL);
	return 0;
}

/* The first test: the others look at the boot that it lets go on. */
static void test_not_through(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "time") == 1 && sys_said(s, "the boot is not through yet"));
	CHECK(sys_ctl(s, "critical-chain") == 1 && sys_said(s, "list-jobs"));
	CHECK(sys_ctl(s, "plot") == 1 && !sys_said(s, "<svg"));
	/* what is done already can be asked for */
	CHECK(sys_ctl(s, "blame") == 0 && sys_said(s, "first.service"));
	CHECK(!sys_said(s, "gate.service"));
	sys_wait_for(s, "gate.service reads", gate_opens, NULL);
	sys_wait_for(s, "the boot is through", has_booted, NULL);
}

static void test_time(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "time") == 0 && sys_said(s, "Startup finished in "));
	CHECK(sys_said(s, " (userspace) = ") && !sys_said(s, "(kernel)"));
	CHECK(sys_said(s, "userspace: ") && sys_said(s, " (units) + ") && sys_said(s, " (jobs)\n"));
	CHECK(sys_ctl(s, "time --json") == 0 && sys_said(s, "{\"userspace_us\":"));
	CHECK(sys_said(s, "\"soft_reboots\":0") && !sys_said(s, "kernel_us"));
}

static void test_blame(void **state)
{
	char *gate_at, *first_at;

	(void)state;
	CHECK(sys_ctl(s, "blame") == 0);
	gate_at = strstr(s->output, " gate.service\n");
	first_at = strstr(s->output, " first.service\n");
	CHECK(gate_at && first_at); /* which of them was slower is the machine's business */
	CHECK(sys_ctl(s, "blame --json") == 0);
	CHECK(sys_said(s, "{\"unit\":\"gate.service\",\"time_us\":"));
}

static void test_chain(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "critical-chain all.target") == 0);
	CHECK(sys_said(s, "\nall.target @") && sys_said(s, "\n└─last.service @"));
	CHECK(sys_said(s, "\n  └─gate.service @") && sys_said(s, "\n    └─first.service @"));
	CHECK(sys_ctl(s, "critical-chain --json last.service") == 0);
	CHECK(sys_said(s, "[{\"unit\":\"last.service\",\"depth\":0,"));
	CHECK(sys_said(s, "{\"unit\":\"gate.service\",\"depth\":1,"));
	CHECK(sys_said(s, "{\"unit\":\"first.service\",\"depth\":2,"));
	CHECK(sys_ctl(s, "critical-chain --fuzz 1h all.target") == 0);
	CHECK(sys_said(s, "├─") && sys_said(s, "first.service @"));
	CHECK(sys_ctl(s, "critical-chain --fuzz soon") == 2 && sys_said(s, "no time span"));
	CHECK(sys_ctl(s, "critical-chain no-such.service") == 5 && sys_said(s, "no-such.service"));
}

static void test_plot(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "plot") == 0);
	CHECK(strncmp(s->output, "<?xml ", 6) == 0 && sys_said(s, "</svg>\n"));
	CHECK(sys_said(s, ">gate.service (") && sys_said(s, ">userspace ("));
	CHECK(sys_ctl(s, "plot --json") == 0);
	CHECK(sys_said(s, "{\"unit\":\"gate.service\",\"activating_us\":"));
}

/* Output of systemd-analyze, which finds the control socket where a user's systemd has its own. */
static int analyze(const char *verb, char *out, size_t size)
{
	char path[160];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	snprintf(path, sizeof(path), "%s/xdg", s->dir);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		setenv("XDG_RUNTIME_DIR", path, 1);
		dup2(ends[1], STDOUT_FILENO);
		execlp("systemd-analyze", "systemd-analyze", "--user", "--no-pager", verb,
			(char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	n = fd_read_full(ends[0], out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Blanks at the beginning of lines are dropped: columns are a matter of taste. */
static void normalize(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		if (*from != ' ' || (to > text && to[-1] != '\n')) {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static void test_systemd_analyze(void **state)
{
	static char theirs[65536], ours[sizeof(s->output)];
	char path[192], control[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/xdg", s->dir);
	CHECK(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/xdg/systemd", s->dir);
	CHECK(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/xdg/systemd/private", s->dir);
	snprintf(control, sizeof(control), "%s/run/control", s->dir);
	CHECK(symlink(control, path) == 0);
	int code = analyze("blame", theirs, sizeof(theirs));

	if (code == 127) {
		print_message("systemd-analyze is not installed: nothing to compare with\n");
		return;
	}
	CHECK(code == 0);
	CHECK(sys_ctl(s, "blame") == 0);
	strcpy(ours, s->output);
	normalize(ours);
	normalize(theirs);
	if (strcmp(ours, theirs) != 0) {
		sys_fail(s, "blame: supctl says:\n%s\nsystemd-analyze:\n%s", ours, theirs);
	}
	CHECK(analyze("time", theirs, sizeof(theirs)) == 0);
	CHECK(strstr(theirs, "Startup finished in "));
	CHECK(analyze("critical-chain", theirs, sizeof(theirs)) == 0);
	CHECK(analyze("plot", theirs, sizeof(theirs)) == 0);
	CHECK(strstr(theirs, "<svg") && strstr(theirs, "gate.service ("));
}

static bool is_another_supd(struct sys *sys, void *arg)
{
	pid_t pid = sys_supd_pid(sys);

	return pid > 0 && pid != *(pid_t *)arg && sys_ctl(sys, "time") == 0;
}

/* The times are supd-init's and the notes': the next supd tells the same. */
static void test_survives_supd(void **state)
{
	static char before[sizeof(s->output)];
	pid_t pid = sys_supd_pid(s);

	(void)state;
	CHECK(sys_ctl(s, "critical-chain --json all.target") == 0);
	strcpy(before, s->output);
	CHECK(pid > 0 && kill(pid, SIGKILL) == 0);
	sys_wait_for(s, "the next supd answers", is_another_supd, &pid);
	CHECK(sys_ctl(s, "critical-chain --json all.target") == 0);
	CHECK(strcmp(before, s->output) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_through),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_systemd_analyze),
		cmocka_unit_test(test_survives_supd),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_boot, teardown);
}
