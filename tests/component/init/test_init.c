// SPDX-License-Identifier: MIT
/*
 * The real supd-init between fake partners: `test_init SUPD-INIT LOAD LAUNCH SUPD`. Each test has a
 * directory and a cgroup of its own. The fake supd hands its channel over: the test is supd.
 */
#include "../../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/plan/launchwire.h"
#include "../../../runtime/plan/wire.h"
#include "bench.h"
#include "fake.h"

/* ---- tests ---- */

static void test_life(void **state)
{
	struct bench *t = *state;

	await(t, WIRE_EV_HELLO);
	assert_int_equal(t->got.hello.generation, 1);
	assert_string_equal(t->got.hello.units[0], "a.service");
	await(t, WIRE_EV_LOADED);
	t->catalogue = t->got.loaded.catalogue;
	await(t, WIRE_EV_LISTED);
	run(t, FAKE_EXIT3);
	struct wire_proc end = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	assert_int_equal(end.exit_code, CLD_EXITED);
	assert_int_equal(end.exit_status, 3);
	assert_true(end.flags & WIRE_PROC_EXECED);
	assert_int_equal(end.cookie, FAKE_EXIT3 + 100);
	run(t, FAKE_EXIT3); /* the record was not forgotten */
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
	forget(t, &end);
	run(t, FAKE_SLEEP);
	struct wire_proc main_proc = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_true(main_proc.run_id > end.run_id);
	assert_int_equal(kill(main_proc.pid, 0), 0);
	run(t, FAKE_SLEEP); /* nothing is started twice */
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
	ask(t, &(struct wire_request) { .type = WIRE_SIGNAL,
		       .slot = main_proc.slot,
		       .kind = WIRE_TARGET_ALL,
		       .number = SIGTERM });
	end = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
	assert_int_equal(end.exit_code, CLD_KILLED);
	assert_int_equal(end.exit_status, SIGTERM);
}

/* Where the kernel kills what is cloned into a killed cgroup, each start gets a fresh one. */
static void test_start_after_kill(void **state)
{
	struct bench *t = *state;
	struct stat before = { 0 }, now;
	char path[300], line[300];

	greet(t);
	snprintf(path, sizeof(path), "%s/system.slice/a.service", t->cgroup);
	for (int i = 0; i < 4; i++) {
		run(t, FAKE_SLEEP);
		struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

		snprintf(line, sizeof(line), "grep -q '/a.service$' /proc/%d/cgroup", p.pid);
		assert_int_equal(system(line), 0);
		assert_int_equal(stat(path, &now), 0);
		assert_true(now.st_ino != before.st_ino);
		before = now;
		ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = p.slot });
		p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
		assert_int_equal(p.exit_status, SIGKILL);
		forget(t, &p);
		await_empty(t, p.slot);
	}
}

/* supd: its own uid, no capability in any set, no new privileges, the leaf cgroup. */
static void test_supd_is_nobody(void **state)
{
	static const char *const lines[] = { "Uid:\t64001\t64001\t64001\t64001\n", "\nGroups:\t \n",
		"CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n",
		"CapBnd:\t0000000000000000\n", "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n" };
	struct bench *t = *state;
	char path[64], text[8192];

	snprintf(path, sizeof(path), "/proc/%d/status", t->supd);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd_read_full(fd, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = 0;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		if (!strstr(text, lines[i])) {
			fail_msg("/proc/PID/status lacks %s", lines[i]);
		}
	}
}

/*
 * Well-formed nonsense. Whatever is asked, only entries of the catalogue run: at most one main per
 * unit, and supd-init answers afterwards as before.
 */
static void test_random(void **state)
{
	struct bench *t = *state;
	unsigned seed = 1;

	greet(t);
	print_message("seed %u\n", seed);
	for (int i = 0; i < 2000; i++) {
		struct wire_request q = { .type = 1 + (uint32_t)rand_r(&seed) % WIRE_STORE_DROP };

		q.slot = (uint32_t)rand_r(&seed) % 3;
		q.catalogue = t->catalogue + (uint32_t)rand_r(&seed) % 2;
		q.entry = (uint32_t)rand_r(&seed) % (q.type == WIRE_NOTE ? 2 : FAKE_ENTRY_COUNT);
		q.kind = (uint32_t)rand_r(&seed) % WIRE_TARGET_COUNT;
		q.number = q.type == WIRE_MAIN ? 2 + rand_r(&seed) % 9999 : SIGCONT;
		q.run_id = (uint64_t)rand_r(&seed) % 64;
		if (q.type == WIRE_DROP || q.type == WIRE_LOAD || q.type == WIRE_FREEZE) {
			continue;
		}
		ask(t, &q);
		drain_events(t);
	}
	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	await(t, WIRE_EV_LISTED);
	assert_int_equal(kill(t->supd, 0), 0); /* all of it was answered, none of it punished */
	assert_int_equal(kill(t->init, 0), 0);
}

/* A supd that asks and does not read: requests wait, no answer is lost, nothing is queued. */
static void test_slow_reader(void **state)
{
	struct bench *t = *state;
	int asked = 0, answers = 0;
	struct wire_request q = { .type = WIRE_THAW, .slot = 5 };

	greet(t);
	await(t, WIRE_EV_LISTED);
	assert_int_equal(fd_set_nonblock(t->request, 1), 0);
	while (write(t->request, &q, sizeof(q)) == (ssize_t)sizeof(q)) {
		asked++;
	}
	assert_int_equal(errno, EAGAIN);
	while (answers < asked) {
		await(t, WIRE_EV_REFUSED);
		answers++;
	}
	assert_int_equal(fd_set_nonblock(t->request, 0), 0);
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

static void test_worker_and_failure(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_WORK);
	struct wire_proc p = *await_phase(t, ENTRY_WORK, WIRE_PHASE_EXITED);

	assert_int_equal(p.value, 7);
	forget(t, &p);
	run(t, FAKE_FAIL);
	p = *await_phase(t, ENTRY_CONTROL, WIRE_PHASE_FAILED);
	assert_int_equal(p.step, STEP_MOUNTS);
	assert_int_equal(p.error, ENOENT);
	assert_string_equal(p.text, "bind /srv/x");
	assert_string_equal(p.origin, "a.service:14");
	forget(t, &p);
	run(t, FAKE_CRASH);
	p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_FAILED);
	assert_int_equal(p.step, STEP_CRASHED);
	forget(t, &p);
	/* What the launcher left was killed; the event that says so may have come before. */
	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	do {
		await(t, WIRE_EV_SLOT);
	} while (t->got.slot.flags & WIRE_SLOT_POPULATED);
	run(t, FAKE_SLEEP); /* and the unit starts again */
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

static void test_release(void **state)
{
	struct bench *t = *state;
	char path[256];

	greet(t);
	run(t, FAKE_SLEEP);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
	const struct wire_request release = {
		.type = WIRE_RELEASE, .slot = p.slot, .catalogue = t->catalogue, .entry = FAKE_CLEAN
	};

	snprintf(path, sizeof(path), "%s/system.slice/a.service", t->cgroup);
	assert_int_equal(access(path, F_OK), 0);
	ask(t, &release);
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = p.slot });
	p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	do {
		await(t, WIRE_EV_SLOT);
	} while (t->got.slot.flags & WIRE_SLOT_POPULATED);
	forget(t, &p);
	ask(t, &release);
	do {
		await(t, WIRE_EV_SLOT);
	} while (!(t->got.slot.flags & WIRE_SLOT_GONE));
	assert_int_equal(access(path, F_OK), -1);
}

/* supd dies: the service goes on, its record and note come back, nothing is started twice. */
static void test_supd_dies(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	struct wire_proc before = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(kill(t->supd, SIGKILL), 0);
	meet_supd(t);
	await(t, WIRE_EV_HELLO);
	assert_int_equal(t->got.hello.generation, 2);
	assert_int_equal(t->got.hello.crashes, 0); /* SIGKILL from outside is no crash */
	await(t, WIRE_EV_SLOT);
	assert_string_equal(t->got.slot.name, "a.service");
	assert_int_equal(t->got.slot.note_size, 4);
	assert_true(t->got.slot.flags & WIRE_SLOT_HAS_NOTIFY && t->got_fd >= 0);
	const struct wire_proc *p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(p->pid, before.pid);
	assert_true(p->run_id == before.run_id);
	await(t, WIRE_EV_LISTED);
}

/* A supd that dies before it has noted what it starts leaves that to the next one. */
static void test_initial_units(void **state)
{
	const struct wire_request counts = { .type = WIRE_STATUS, .counts = { 0, 0, 0, 1 } };
	struct bench *t = *state;

	greet(t);
	assert_int_equal(kill(t->supd, SIGKILL), 0);
	meet_supd(t);
	await(t, WIRE_EV_HELLO);
	assert_int_equal(t->got.hello.generation, 2);
	assert_int_equal(t->got.hello.asked, 0);
	await(t, WIRE_EV_LISTED);
	ask(t, &counts);
	assert_int_equal(kill(t->supd, SIGKILL), 0);
	meet_supd(t);
	await(t, WIRE_EV_HELLO);
	assert_int_equal(t->got.hello.generation, 3);
	assert_int_equal(t->got.hello.asked, 1);
}

static void test_hostile(void **state)
{
	static const uint8_t bad[][8] = { { 0 }, { 255, 255, 255, 255 }, { WIRE_RUN } };
	struct bench *t = *state;

	greet(t);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		assert_int_equal(write(t->request, bad[i], sizeof(bad[i])), sizeof(bad[i]));
		meet_supd(t);
		greet(t);
		if (i == 1) {
			break; /* the third restart waits for seconds */
		}
	}
	assert_int_equal(kill(t->init, 0), 0);
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

static void test_reexec(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	struct wire_proc before = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(kill(t->init, SIGUSR1), 0);
	meet_supd(t);
	greet(t);
	const struct wire_proc *p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(p->pid, before.pid);
	assert_int_equal(p->flags & WIRE_PROC_FOREIGN, 0);
	assert_int_equal(kill(before.pid, SIGKILL), 0);
	p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
	assert_int_equal(p->exit_status, SIGKILL);
}

static void test_init_killed(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	struct wire_proc before = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(kill(t->init, SIGKILL), 0);
	assert_int_equal(waitpid(t->init, NULL, 0), t->init);
	kill(t->supd, SIGKILL);
	start_init(t);
	meet_supd(t);
	await(t, WIRE_EV_HELLO);
	assert_true(t->got.hello.generation > 1);
	const struct wire_proc *p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(p->pid, before.pid);
	assert_true(p->flags & WIRE_PROC_FOREIGN);
	assert_int_equal(kill(before.pid, SIGKILL), 0);
	p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);
	assert_int_equal(p->pid, before.pid);
}

static void test_stop(void **state)
{
	struct bench *t = *state;
	int status;

	greet(t);
	assert_int_equal(kill(t->init, SIGTERM), 0);
	await(t, WIRE_EV_STOP);
	ask(t, &(struct wire_request) {
		       .type = WIRE_POWER, .kind = t->got.stop.power, .params.exit_status = 5 });
	assert_int_equal(waitpid(t->init, &status, 0), t->init);
	t->init = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
	assert_int_equal(access(t->cgroup, F_OK), -1);
}

static void test_store(void **state)
{
	struct bench *t = *state;
	char name[8] = "";
	int fd;
	size_t n = 1;

	greet(t);
	run(t, FAKE_SLEEP);
	uint32_t slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->slot;

	ask(t, &(struct wire_request) { .type = WIRE_STORE_NEW, .slot = slot });
	await(t, WIRE_EV_PARK);
	assert_true(t->got.park.has_push && t->got_fd >= 0);
	assert_int_equal(fd_send(t->got_fd, "null", 4, &t->listener, 1, 0), 0);
	kill(t->supd, SIGKILL);
	meet_supd(t);
	await(t, WIRE_EV_PARK);
	assert_true(t->got.park.has_peek && t->got_fd >= 0);
	assert_int_equal(fd_recv(t->got_fd, name, sizeof(name), &fd, &n, MSG_PEEK), 4);
	assert_string_equal(name, "null");
	assert_int_equal(n, 1);
	close(fd);
	ask(t, &(struct wire_request) {
		       .type = WIRE_STORE_DROP, .slot = slot, .entry = t->got.park.park });
	do {
		await(t, WIRE_EV_SLOT);
	} while (t->got.slot.n_parked);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_start_after_kill),
		TEST(test_supd_is_nobody),
		TEST(test_random),
		TEST(test_slow_reader),
		TEST(test_worker_and_failure),
		TEST(test_release),
		TEST(test_supd_dies),
		TEST(test_initial_units),
		TEST(test_hostile),
		TEST(test_reexec),
		TEST(test_init_killed),
		TEST(test_stop),
		TEST(test_store),
	};

	bench_programs = argv + 1;
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
