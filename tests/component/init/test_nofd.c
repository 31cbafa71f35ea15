// SPDX-License-Identifier: MIT
/*
 * supd-init without a free descriptor: services can still be ended, at once. `test_nofd SUPD-INIT
 * LOAD LAUNCH SUPD`, as test_init.
 */
#include "../../unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "bench.h"
#include "fake.h"

#define MEMBERS 12 /* more than there are spare descriptors */

static rlim_t first_free(const struct bench *t)
{
	char path[64], to[64];
	rlim_t fd = 0;

	for (;; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)t->init, (int)fd);
		if (readlink(path, to, sizeof(to)) < 0) {
			return fd;
		}
	}
}

/* When supd-init rests: the lowest free descriptor is the first that it may not have. */
static void exhaust(const struct bench *t)
{
	struct rlimit limit;
	rlim_t free_fd, before = 0;

	for (unsigned ms = 0; (free_fd = first_free(t)) != before; ms += 50) {
		assert_true(ms < PATIENCE_MS);
		before = free_fd;
		usleep(50000);
	}
	assert_int_equal(prlimit(t->init, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = free_fd;
	assert_int_equal(prlimit(t->init, RLIMIT_NOFILE, &limit, NULL), 0);
}

static void relieve(const struct bench *t)
{
	struct rlimit limit;

	assert_int_equal(prlimit(t->init, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(prlimit(t->init, RLIMIT_NOFILE, &limit, NULL), 0);
}

static void join(const struct bench *t, pid_t pid)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/system.slice/a.service/cgroup.procs", t->cgroup);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%d", (int)pid) > 0);
	assert_int_equal(fclose(f), 0);
}

static void add_members(const struct bench *t, pid_t *pids)
{
	for (int i = 0; i < MEMBERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			pause();
			_exit(0);
		}
		assert_true(pids[i] > 0);
		join(t, pids[i]);
	}
}

static void expect_ends(const pid_t *pids, int signo)
{
	for (int i = 0; i < MEMBERS; i++) {
		pid_t r = 0;
		int status = 0;

		for (unsigned ms = 0; r == 0; ms += 10) {
			r = waitpid(pids[i], &status, WNOHANG);
			assert_true(ms < PATIENCE_MS);
			usleep(10000);
		}
		assert_int_equal(r, pids[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signo);
	}
}

/* Ends what runs by a request that has no descriptor to work with. */
static void end_without(struct bench *t, struct wire_request *q, int signo)
{
	pid_t members[MEMBERS];

	run(t, FAKE_SLEEP);
	q->slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->slot;
	add_members(t, members);
	exhaust(t);
	ask(t, q);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	assert_int_equal(p.exit_status, signo);
	expect_ends(members, signo);
	await_empty(t, p.slot);
	relieve(t);
	forget(t, &p);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_FREE);
}

static void test_signal(void **state)
{
	struct bench *t = *state;

	greet(t);
	for (int i = 0; i < 2; i++) { /* the spare ones have come back */
		end_without(t,
			&(struct wire_request) {
				.type = WIRE_SIGNAL, .kind = WIRE_TARGET_ALL, .number = SIGTERM },
			SIGTERM);
	}
}

static void test_kill(void **state)
{
	struct bench *t = *state;

	greet(t);
	for (int i = 0; i < 2; i++) {
		end_without(t, &(struct wire_request) { .type = WIRE_KILL_ALL }, SIGKILL);
	}
}

/* A start fails with its reason, and the next one works. */
static void test_start(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_EXIT3);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	forget(t, &p);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_FREE);
	exhaust(t);
	run(t, FAKE_SLEEP);
	p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_FAILED);
	assert_int_equal(p.error, EMFILE);
	relieve(t);
	forget(t, &p);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_FREE);
	run(t, FAKE_EXIT3);
	assert_int_equal(await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED)->exit_status, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_signal),
		TEST(test_kill),
		TEST(test_start),
	};

	bench_programs = argv + 1;
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
