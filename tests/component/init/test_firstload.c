// SPDX-License-Identifier: MIT
/*
 * The first load when it does not work: supd-init has no units then, and goes on trying.
 * `test_firstload SUPD-INIT LOAD LAUNCH SUPD`, as test_init.
 */
#include "../../unit/test.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/timeutil.h"
#include "bench.h"
#include "fake.h"

static void put(struct bench *t, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
}

static void take_away(struct bench *t, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	assert_int_equal(unlink(path), 0);
}

/* A process that runs the bench's supd-load, other than that one; 0: there is none. */
static pid_t find_load(const struct bench *t, pid_t other)
{
	char want[128], path[300], exe[256];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	assert_non_null(dir);
	snprintf(want, sizeof(want), "%s/supd-load", t->dir);
	while (!found && (e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0])) {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
		ssize_t n = readlink(path, exe, sizeof(exe) - 1);

		exe[n > 0 ? n : 0] = 0;
		if (strcmp(exe, want) == 0 && atoi(e->d_name) != other) {
			found = (pid_t)atoi(e->d_name);
		}
	}
	closedir(dir);
	return found;
}

static pid_t await_load(const struct bench *t, pid_t other)
{
	const struct timespec step = { .tv_nsec = 20 * 1000 * 1000 };
	uint64_t deadline = now_us() + PATIENCE_MS * USEC_PER_MSEC;
	pid_t pid;

	while (!(pid = find_load(t, other))) {
		assert_true(now_us() < deadline);
		nanosleep(&step, NULL);
	}
	return pid;
}

/* Until a LOADED that is good; the test's supd may have been told of failures. */
static void await_units(struct bench *t)
{
	do {
		await(t, WIRE_EV_LOADED);
	} while (t->got.loaded.status < 0);
	assert_true(t->got_fd >= 0);
}

static void prepare_failing(struct bench *t)
{
	put(t, FAKE_LOAD_FAILS);
}

/* supd is told, and that this is all, so that it can be talked to; then the units come. */
static void test_fails(void **state)
{
	struct bench *t = *state;

	await(t, WIRE_EV_HELLO);
	await(t, WIRE_EV_LOADED);
	assert_true(t->got.loaded.status < 0);
	assert_string_equal(t->got.loaded.text, "it was to fail");
	await(t, WIRE_EV_LISTED);
	await(t, WIRE_EV_LOADED); /* tried again */
	assert_true(t->got.loaded.status < 0);
	take_away(t, FAKE_LOAD_FAILS);
	await_units(t);
}

static void prepare_stalling(struct bench *t)
{
	put(t, FAKE_LOAD_STALLS);
}

/* What killed it is over: the same. */
static void test_killed(void **state)
{
	struct bench *t = *state;

	assert_int_equal(kill(await_load(t, 0), SIGKILL), 0);
	await(t, WIRE_EV_LOADED);
	assert_int_equal(t->got.loaded.status, -EINTR);
	assert_string_equal(t->got.loaded.text, "supd-load was killed");
	take_away(t, FAKE_LOAD_STALLS);
	await_units(t);
}

/* An exec of supd-init ends the first load with all its helpers; the next one loads. */
static void test_reexec(void **state)
{
	struct bench *t = *state;

	await_load(t, 0);
	assert_int_equal(kill(t->init, SIGUSR1), 0);
	meet_supd(t);
	take_away(t, FAKE_LOAD_STALLS);
	await(t, WIRE_EV_HELLO);
	await_units(t);
}

static pid_t killer;

/* setup() waits for supd, which needs settings: somebody else has to kill who hangs over them. */
static void prepare_settings(struct bench *t)
{
	put(t, FAKE_SETTINGS_STALL);
	killer = fork();
	assert_true(killer >= 0);
	if (killer == 0) {
		pid_t first = await_load(t, 0);

		kill(first, SIGKILL);
		await_load(t, first);
		take_away(t, FAKE_SETTINGS_STALL);
		_exit(0);
	}
}

static void test_settings(void **state)
{
	int status = -1;

	assert_int_equal(waitpid(killer, &status, 0), killer);
	assert_int_equal(status, 0);
	greet(*state);
}

static int setup_failing(void **state)
{
	bench_prepare = prepare_failing;
	return setup(state);
}

static int setup_stalling(void **state)
{
	bench_prepare = prepare_stalling;
	return setup(state);
}

static int setup_settings(void **state)
{
	bench_prepare = prepare_settings;
	return setup(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fails, setup_failing, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup_stalling, teardown),
		cmocka_unit_test_setup_teardown(test_reexec, setup_stalling, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup_settings, teardown),
	};

	bench_programs = argv + 1;
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
