// SPDX-License-Identifier: MIT
/*
 * Launchers that wait for a job: killed, stopped, without a program, and over the ends of
 * supd-init. `test_warm SUPD-INIT LOAD LAUNCH SUPD`, as test_init.
 */
#include "../../unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/plan/launchwire.h"
#include "bench.h"
#include "fake.h"

#define WAITING 3 /* the stem and two launchers, when nothing happens */

struct found {
	pid_t pids[64]; /* the oldest, the stem, first */
	size_t n;
};

static bool is_called(long pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(comm, sizeof(comm), f)) {
			comm[0] = '\0';
		}
		fclose(f);
	}
	return strcmp(comm, name) == 0;
}

static void find(const struct bench *t, const char *name, struct found *ret)
{
	char path[64];
	long pid;
	FILE *f;

	ret->n = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)t->init, (int)t->init);
	f = fopen(path, "re");
	while (f && fscanf(f, "%ld", &pid) == 1) {
		if (is_called(pid, name) && ret->n < ELEMENTSOF(ret->pids)) {
			ret->pids[ret->n++] = (pid_t)pid;
		}
	}
	if (f) {
		fclose(f);
	}
}

static void pause_ms(unsigned ms)
{
	usleep(ms * 1000);
}

/* Waits until so many are there. */
static void await_launchers(const struct bench *t, size_t n, struct found *ret)
{
	for (unsigned ms = 0; ms < PATIENCE_MS; ms += 5) {
		find(t, "supd-launch\n", ret);
		if (ret->n == n) {
			return;
		}
		pause_ms(5);
	}
	fail_msg("%zu launchers instead of %zu", ret->n, n);
}

static void await_gone(const struct found *f, size_t from)
{
	for (size_t i = from; i < f->n; i++) {
		for (unsigned ms = 0; kill(f->pids[i], 0) == 0; ms += 5) {
			assert_true(ms < PATIENCE_MS);
			pause_ms(5);
		}
	}
}

static void run_once(struct bench *t)
{
	run(t, FAKE_EXIT3);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	assert_int_equal(p.exit_status, 3);
	forget(t, &p);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_FREE);
}

/* Among those that are found may be one that has done its job and goes by itself. */
static void end(pid_t pid)
{
	assert_true(kill(pid, SIGKILL) == 0 || errno == ESRCH);
}

/* Whoever is killed while it waits, stem or launcher: the next start does not notice. */
static void test_killed_waiting(void **state)
{
	struct bench *t = *state;
	struct found f;

	greet(t);
	for (size_t from = 0; from < WAITING; from++) {
		await_launchers(t, WAITING, &f);
		for (size_t i = from; i < f.n; i++) {
			end(f.pids[i]);
		}
		await_gone(&f, from);
		run_once(t);
		run_once(t);
	}
	await_launchers(t, WAITING, &f);
	end(f.pids[0]);
	run_once(t);
	run_once(t);
	run_once(t);
	await_launchers(t, WAITING, &f);
}

/* All that wait for a job are stopped, before they see one. */
static void stop_waiting(const struct found *f)
{
	for (size_t i = 1; i < f->n; i++) {
		char path[64], state = 0;

		assert_int_equal(kill(f->pids[i], SIGSTOP), 0);
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)f->pids[i]);
		for (unsigned ms = 0; state != 'T'; ms += 5) {
			FILE *file = fopen(path, "re");

			assert_non_null(file);
			assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
			fclose(file);
			assert_true(ms < PATIENCE_MS);
			pause_ms(state == 'T' ? 0 : 5);
		}
	}
}

/*
 * The services are shells. The kernel's list of children may leave some out while another ends:
 * so it is read until it says the number.
 */
static void await_services(const struct bench *t, size_t n)
{
	struct found f;

	for (unsigned ms = 0; ms < PATIENCE_MS; ms += 5) {
		find(t, "sh\n", &f);
		if (f.n == n) {
			return;
		}
		pause_ms(5);
	}
	fail_msg("%zu services instead of %zu", f.n, n);
}

/* A launcher that is killed before it has read its job has done nothing of it: another does it. */
static void test_killed_before_job(void **state)
{
	struct bench *t = *state;
	struct found f;

	greet(t);
	await_launchers(t, WAITING, &f);
	stop_waiting(&f);
	run(t, FAKE_SLEEP); /* goes to one of them, and no further */
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_LAUNCHING);
	assert_int_equal(kill(f.pids[1], SIGKILL), 0);
	assert_int_equal(kill(f.pids[2], SIGKILL), 0);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
	await_services(t, 1);
	await_gone(&f, 1);
}

/* … unless its end was asked for. */
static void test_cancelled_before_job(void **state)
{
	struct bench *t = *state;
	struct found f;

	greet(t);
	await_launchers(t, WAITING, &f);
	stop_waiting(&f);
	run(t, FAKE_SLEEP);
	uint32_t slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_LAUNCHING)->slot;

	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = slot });
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_FAILED);

	await_services(t, 0);
	kill(f.pids[1], SIGKILL);
	kill(f.pids[2], SIGKILL);
	await_gone(&f, 1);
	forget(t, &p);
	run_once(t);
	await_launchers(t, WAITING, &f);
}

/* What dies where it was to be born is launched the ordinary way. */
static void test_dead_at_birth(void **state)
{
	struct bench *t = *state;
	struct found f;

	greet(t);
	await_launchers(t, WAITING, &f);
	for (int i = 0; i < 3; i++) {
		run(t, FAKE_BORN);
		struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

		await_services(t, 1);
		ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = p.slot });
		p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
		forget(t, &p);
		await_phase(t, ENTRY_MAIN, WIRE_PHASE_FREE);
		await_empty(t, p.slot);
	}
	await_launchers(t, WAITING, &f);
}

/* Nothing is tried for ever, and nothing is given up for ever. */
static void test_no_program(void **state)
{
	struct bench *t = *state;
	struct found f;
	char path[128];

	greet(t);
	await_launchers(t, WAITING, &f);
	snprintf(path, sizeof(path), "%s/supd-launch", t->dir);
	assert_int_equal(chmod(path, 0), 0);
	for (size_t i = 0; i < f.n; i++) {
		assert_int_equal(kill(f.pids[i], SIGKILL), 0);
	}
	await_gone(&f, 0);
	for (int i = 0; i < 2; i++) {
		run(t, FAKE_EXIT3);
		struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_FAILED);

		assert_int_equal(p.step, STEP_CLONE);
		assert_string_equal(p.text, "supd-launch");
		forget(t, &p);
	}
	assert_int_equal(chmod(path, 0755), 0);
	run_once(t);
	await_launchers(t, WAITING, &f);
}

/* None outlives its supd-init, however that ends; the next one has its own. */
static void test_ends_with_init(void **state)
{
	struct bench *t = *state;
	struct found before, after;

	greet(t);
	await_launchers(t, WAITING, &before);
	assert_int_equal(kill(t->init, SIGUSR1), 0); /* executes itself */
	meet_supd(t);
	greet(t);
	await_gone(&before, 0);
	await_launchers(t, WAITING, &after);
	run_once(t);
	await_launchers(t, WAITING, &after);
	assert_int_equal(kill(t->init, SIGKILL), 0);
	assert_int_equal(waitpid(t->init, NULL, 0), t->init);
	kill(t->supd, SIGKILL);
	await_gone(&after, 0);
	start_init(t);
	meet_supd(t);
	greet(t);
	await_launchers(t, WAITING, &before);
	run_once(t);
}

/* A reload and starts without end leave no more of them than before. */
static void test_no_growth(void **state)
{
	struct bench *t = *state;
	struct found f;

	greet(t);
	for (int i = 0; i < 30; i++) {
		run_once(t);
	}
	await_launchers(t, WAITING, &f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_killed_waiting),
		TEST(test_killed_before_job),
		TEST(test_cancelled_before_job),
		TEST(test_dead_at_birth),
		TEST(test_no_program),
		TEST(test_ends_with_init),
		TEST(test_no_growth),
	};

	bench_programs = argv + 1;
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
