// SPDX-License-Identifier: MIT
/*
 * kill -9 of supd at random instants while services start, stop, crash, exit and notify. After
 * every kill: each service that should be up has exactly one process and was started exactly as
 * often as something asked for it; every exit status and every READY arrived.
 *
 * SUPD_CRASH_ROUNDS (default 100) and SUPD_SEED (default: the clock, printed) come from the
 * environment, so that a failure can be run again and the long run is the same program.
 */
#include "../unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/timeutil.h"
#include "../system/harness.h"

#define N_KEEP  6
#define N_READY 3
#define N_CODE  8
#define N_UNITS (N_KEEP + N_READY + N_CODE)

static struct sys *s;
static unsigned rounds = 100;

struct tracked {
	char name[64];
	long starts; /* lines expected in its count file */
	bool up;     /* should have one process */
};

static struct tracked units[N_UNITS];

#define CHECK_OF(cond, unit)                                                                       \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			sys_fail(s, "%s:%d: %s: %s", __FILE__, __LINE__, (unit), #cond);           \
		}                                                                                  \
	} while (0)

static long count_starts(const struct tracked *u, long *ret_last_pid)
{
	char path[128], text[65536];
	long lines = 0, pid = 0;

	snprintf(path, sizeof(path), "count/%s", u->name);
	sys_file(s, path, text, sizeof(text));
	for (char *p = text; *p; p += strcspn(p, "\n") + 1) {
		pid = strtol(p, NULL, 10);
		lines++;
	}
	*ret_last_pid = pid;
	return lines;
}

static long count_processes(const struct tracked *u)
{
	char path[512], text[4096];
	FILE *f;
	long n = 0;

	snprintf(path, sizeof(path), "%s/system.slice/%s/cgroup.procs", s->cgroup, u->name);
	if (strstr(u->name, "code@")) {
		snprintf(path, sizeof(path), "%s/system.slice/system-code.slice/%s/cgroup.procs",
			s->cgroup, u->name);
	}
	f = fopen(path, "re");
	while (f && fgets(text, sizeof(text), f)) {
		n++;
	}
	if (f) {
		fclose(f);
	}
	return n;
}

static bool started_as_expected(struct sys *sys, void *arg)
{
	const struct tracked *u = arg;
	long pid;

	(void)sys;
	return count_starts(u, &pid) >= u->starts && count_processes(u) == u->up;
}

static void check_all(void)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		long pid, starts;

		sys_wait_for(s, units[i].name, started_as_expected, &units[i]);
		starts = count_starts(&units[i], &pid);
		if (starts != units[i].starts) {
			sys_fail(s, "%s was started %ld times instead of %ld", units[i].name,
				starts, units[i].starts);
		}
	}
}

static void kill_supd_within(unsigned max_us)
{
	pid_t pid;
	long delay = max_us ? random() % max_us : 0;

	nanosleep(&(struct timespec) { .tv_nsec = delay * 1000 }, NULL);
	pid = sys_supd_pid(s);
	if (pid > 0) {
		kill(pid, SIGKILL);
	}
}

/* Runs supctl in a child while supd is killed; returns its exit code. */
static int ctl_while_killing(const char *verb, const char *unit)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		int code = sys_ctl(s, "%s %s", verb, unit);

		if (code != 0) {
			fprintf(stderr, "supctl %s %s: %d: %s\n", verb, unit, code, s->output);
		}
		_exit(code);
	}
	kill_supd_within(20000);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void round_service_killed(struct tracked *u)
{
	long pid;

	count_starts(u, &pid);
	CHECK_OF(kill((pid_t)pid, SIGKILL) == 0, u->name);
	u->starts++;
	kill_supd_within(20000);
}

static void round_stop_and_start(struct tracked *u)
{
	u->up = false;
	CHECK_OF(ctl_while_killing("stop", u->name) == 0, u->name);
	check_all();
	u->up = true;
	u->starts++;
	CHECK_OF(ctl_while_killing("start", u->name) == 0, u->name);
	sys_wait(s, u->name, "SubState", "running");
}

static bool has_started(struct sys *sys, void *arg)
{
	const struct tracked *u = arg;
	long pid;

	(void)sys;
	return count_starts(u, &pid) >= u->starts;
}

static void round_exit_status(struct tracked *u, long code)
{
	CHECK_OF(sys_ctl(s, "reset-failed %s", u->name) == 0, u->name);
	u->starts++;
	CHECK_OF(sys_ctl(s, "start --no-block %s", u->name) == 0, u->name);
	sys_wait_for(s, u->name, has_started, u);
	kill_supd_within(40000);
	sys_wait(s, u->name, "ActiveState", "failed");
	CHECK_OF(sys_number(s, u->name, "ExecMainStatus") == code, u->name);
}

static void test_churn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		long pick = random() % 3;

		if (pick == 0) {
			round_service_killed(&units[random() % N_KEEP]);
		} else if (pick == 1) {
			round_stop_and_start(&units[random() % (N_KEEP + N_READY)]);
		} else {
			long n = random() % N_CODE;

			round_exit_status(&units[N_KEEP + N_READY + n], n + 1);
		}
		check_all();
	}
}

static void track(size_t i, const char *prefix, int n, bool up)
{
	snprintf(units[i].name, sizeof(units[i].name), "%s%d.service", prefix, n);
	units[i].up = up;
	units[i].starts = up;
}

#define START_FORMAT                                                                               \
	"[Unit]\nStartLimitIntervalSec=0\n[Service]\n%sExecStart=/bin/sh -c 'echo $$$$ >> "        \
	"%s/count/%%n; %s'\n"

static void write_units(void)
{
	char text[512], name[64], path[160];

	sys_unit(s, "service.d/profile.conf", "[Container]\nProfile=compat\n");
	for (int i = 0; i < N_KEEP; i++) {
		track((size_t)i, "keep-", i, true);
		snprintf(text, sizeof(text), START_FORMAT, "Restart=always\nRestartSec=0\n", s->dir,
			"exec sleep infinity");
		sys_unit(s, units[i].name, text);
	}
	for (int i = 0; i < N_READY; i++) {
		track((size_t)(N_KEEP + i), "ready-", i, true);
		snprintf(text, sizeof(text), START_FORMAT, "Type=notify\nNotifyAccess=all\n",
			s->dir, "systemd-notify --ready; exec sleep infinity");
		sys_unit(s, units[N_KEEP + i].name, text);
	}
	snprintf(text, sizeof(text), START_FORMAT, "Type=oneshot\n", s->dir, "sleep 0.02; exit %i");
	sys_unit(s, "code@.service", text);
	for (int i = 0; i < N_CODE; i++) {
		track((size_t)(N_KEEP + N_READY + i), "code@", i + 1, false);
		snprintf(name, sizeof(name), "code@%d.service", i + 1);
		snprintf(path, sizeof(path), "%s/%s", s->units, name);
		assert_int_equal(symlink("code@.service", path), 0);
	}
}

static int setup(void **state)
{
	char path[96];
	const char *list[N_KEEP + N_READY + 1] = { NULL };
	const char *seed_text = getenv("SUPD_SEED"), *rounds_text = getenv("SUPD_CRASH_ROUNDS");
	unsigned seed = seed_text ? (unsigned)strtoul(seed_text, NULL, 10) : (unsigned)now_us();

	(void)state;
	printf("SUPD_SEED=%u\n", seed);
	srandom(seed);
	if (rounds_text) {
		rounds = (unsigned)strtoul(rounds_text, NULL, 10);
	}
	s = sys_new();
	snprintf(path, sizeof(path), "%s/count", s->dir);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(chmod(path, 0777), 0);
	write_units();
	for (size_t i = 0; i < N_KEEP + N_READY; i++) {
		list[i] = units[i].name;
	}
	sys_start(s, list);
	check_all();
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
		cmocka_unit_test(test_churn),
	};

	sys_require();
	return cmocka_run_group_tests(tests, setup, teardown);
}
