// SPDX-License-Identifier: MIT
/*
 * supd-init against whoever owns supd or a service: the four guarantees hold for any record, and
 * nothing that either of them holds makes supd-init wait. `test_hostile SUPD-INIT LOAD LAUNCH
 * SUPD`. What a supd could say at random: test_any.c.
 */
#include "../../unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/plan/launchwire.h"
#include "../../unit/lingerer.h"
#include "bench.h"
#include "fake.h"

static void list(struct bench *t)
{
	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	await(t, WIRE_EV_LISTED);
}

/* Both are in the pipe before supd-init looks. */
static void ask_at_once(struct bench *t, const struct wire_request *q, size_t n)
{
	int status;

	assert_int_equal(kill(t->init, SIGSTOP), 0);
	assert_int_equal(waitpid(t->init, &status, WUNTRACED), t->init);
	for (size_t i = 0; i < n; i++) {
		ask(t, &q[i]);
	}
	assert_int_equal(kill(t->init, SIGCONT), 0);
}

/* Ends the main process of a.service and forgets its record. */
static void end_main(struct bench *t, uint32_t slot)
{
	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = slot });
	struct wire_proc end = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	await_empty(t, slot);
	forget(t, &end);
}

/* A pid that stands in a cgroup.procs of a.service. */
static pid_t member(struct bench *t)
{
	char path[300], text[16];

	snprintf(path, sizeof(path), "%s/system.slice/a.service/cgroup.procs", t->cgroup);
	for (int i = 0; i < PATIENCE_MS; i++) {
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);

		if (n > 0) {
			text[n] = 0;
			return (pid_t)strtol(text, NULL, 10);
		}
		poll(NULL, 0, 1);
	}
	fail_msg("nobody came into the cgroup");
	return 0;
}

static void drop_got(struct bench *t)
{
	if (t->got_fd >= 0) {
		close(TAKE_FD(t->got_fd));
	}
}

/* ---- records ---- */

/* RELEASE and RUN before supd was told GONE: the slot must not vanish below the new process. */
static void test_run_in_gone_slot(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	uint32_t slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->slot;

	end_main(t, slot);
	const struct wire_request both[] = {
		{ .type = WIRE_RELEASE, .slot = slot, .catalogue = CATALOGUE_NONE },
		{ .type = WIRE_RUN, .catalogue = t->catalogue, .entry = FAKE_SLEEP },
	};

	ask_at_once(t, both, 2);
	struct wire_proc a = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	run(t, FAKE_SLEEP_B);
	struct wire_proc b = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_not_equal(a.slot, b.slot);
	run(t, FAKE_SLEEP);
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
}

/* What a unit keeps goes only when it is down, and not on the way of a RELEASE. */
static void test_discard_of_living(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	uint32_t slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->slot;

	run(t, FAKE_DISCARD);
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
	end_main(t, slot);
	ask(t, &(struct wire_request) { .type = WIRE_RELEASE,
		       .slot = slot,
		       .catalogue = t->catalogue,
		       .entry = FAKE_DISCARD });
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EINVAL);
	run(t, FAKE_DISCARD);
	await_phase(t, ENTRY_WORK, WIRE_PHASE_EXITED);
}

/* The process that launches for one place is no main process of another. */
static void test_main_is_launcher(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_WAIT);
	uint32_t slot = await_phase(t, ENTRY_CONTROL, WIRE_PHASE_LAUNCHING)->slot;
	pid_t pid = member(t);

	ask(t, &(struct wire_request) { .type = WIRE_MAIN, .slot = slot, .number = pid });
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.request, WIRE_MAIN);
	assert_int_equal(t->got.refused.error, EBUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(await_phase(t, ENTRY_CONTROL, WIRE_PHASE_FAILED)->step, STEP_CRASHED);
}

/* The service has ended, then its launcher is killed: the service's own status counts. */
static void test_launcher_outlives_child(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_LATE);
	do {
		await(t, WIRE_EV_PROC);
	} while (t->got.proc.kind != ENTRY_MAIN || !t->got.proc.pid);
	struct wire_proc p = t->got.proc;

	while (kill(p.pid, 0) == 0) {
		poll(NULL, 0, 1);
	}
	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = p.slot });
	do {
		await(t, WIRE_EV_PROC);
	} while (t->got.proc.phase != WIRE_PHASE_EXITED && t->got.proc.phase != WIRE_PHASE_FAILED);
	assert_int_equal(t->got.proc.phase, WIRE_PHASE_EXITED);
	assert_int_equal(t->got.proc.exit_code, CLD_EXITED);
	assert_int_equal(t->got.proc.exit_status, 3);
}

/* A process of the test's own in a.service's cgroup. */
static pid_t start_member(struct bench *t)
{
	char path[300];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0) {
		return pid;
	}
	snprintf(path, sizeof(path), "%s/system.slice/a.service/cgroup.procs", t->cgroup);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(fd, "0", 1) != 1) {
		_exit(1);
	}
	for (;;) {
		pause();
	}
}

/* The main process changes while the old one lives: no third beside that. */
static void test_former_main(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_SLEEP);
	struct wire_proc old = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
	struct wire_request q = { .type = WIRE_MAIN, .slot = old.slot };
	pid_t pid = start_member(t);

	q.number = pid;
	do { /* until it is in the cgroup */
		ask(t, &q);
		do {
			next_event(t);
		} while (t->got.type != WIRE_EV_REFUSED && t->got.type != WIRE_EV_PROC);
	} while (t->got.type == WIRE_EV_REFUSED);
	assert_int_equal(t->got.proc.pid, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	struct wire_proc end = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	assert_int_equal(end.pid, pid);
	forget(t, &end);
	run(t, FAKE_SLEEP);
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.request, WIRE_RUN);
	assert_int_equal(t->got.refused.error, EBUSY);
	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = old.slot });
	await_empty(t, old.slot);
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

/* What a namespace's PID 1 says is believed only of processes of the slot. */
static void test_foreign_payload(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_PAYLOAD);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_not_equal(p.pid, t->init);
	assert_int_equal(p.flags & WIRE_PROC_NSINIT, 0);
}

/* A service with a delegated cgroup left very many below it: others are served meanwhile. */
static void test_many_cgroups(void **state)
{
	struct bench *t = *state;
	char path[300];

	greet(t);
	run(t, FAKE_SLEEP_B);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "%s/system.slice/b.service/%d", t->cgroup, i);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	end_main(t, p.slot);
	const struct wire_request both[] = {
		{ .type = WIRE_RELEASE, .slot = p.slot, .catalogue = CATALOGUE_NONE },
		{ .type = WIRE_RUN, .catalogue = t->catalogue, .entry = FAKE_SLEEP_B },
	};

	ask_at_once(t, both, 2);
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.request, WIRE_RUN);
	assert_int_equal(t->got.refused.error, EBUSY);
	do {
		await(t, WIRE_EV_SLOT);
	} while (!(t->got.slot.flags & WIRE_SLOT_GONE));
	*strrchr(path, '/') = 0;
	assert_int_equal(access(path, F_OK), -1);
}

/* The next supd needs a catalogue. */
static void test_drop_newest(void **state)
{
	struct bench *t = *state;

	greet(t);
	ask(t, &(struct wire_request) { .type = WIRE_DROP, .catalogue = t->catalogue });
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.error, EBUSY);
	ask(t, &(struct wire_request) { .type = WIRE_LOAD, .cookie = 7 });
	await(t, WIRE_EV_LOADED);
	uint32_t newer = t->got.loaded.catalogue;

	ask(t, &(struct wire_request) { .type = WIRE_DROP, .catalogue = t->catalogue });
	ask(t, &(struct wire_request) {
		       .type = WIRE_RUN, .catalogue = t->catalogue, .entry = FAKE_SLEEP });
	await(t, WIRE_EV_REFUSED);
	assert_int_equal(t->got.refused.request, WIRE_RUN);
	assert_int_equal(t->got.refused.error, ESTALE);
	t->catalogue = newer;
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

/* ---- descriptors ---- */

/* Of that slot; its directory has a random part. */
static void notify_path(struct bench *t, uint32_t slot, struct sockaddr_un *ret)
{
	char pattern[sizeof(ret->sun_path)];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/run/notify/%u-*/notify", t->dir, slot);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", found.gl_pathv[0]);
	globfree(&found);
}

/* A service leaves such a socket in its notify queue; RELEASE must not wait for it. */
static void test_linger_in_notify(void **state)
{
	struct bench *t = *state;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int peer, fd = make_lingerer(&peer);

	assert_true(fd >= 0);
	greet(t);
	run(t, FAKE_SLEEP);
	uint32_t slot = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->slot;

	notify_path(t, slot, &to);
	assert_int_equal(connect(sock, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fd_send(sock, "FDSTORE=1", 9, &fd, 1, 0), 0);
	end_main(t, slot);
	drop_got(t);                    /* the test's copy of the notify socket */
	assert_int_equal(close(fd), 0); /* not the last copy: that one is in the queue */
	ask(t, &(struct wire_request) {
		       .type = WIRE_RELEASE, .slot = slot, .catalogue = CATALOGUE_NONE });
	/* A cgroup may stay busy a moment after its last process: the slot goes when it can. */
	do {
		await(t, WIRE_EV_SLOT);
	} while (!(t->got.slot.flags & WIRE_SLOT_GONE));
	list(t);
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
	close(peer);
}

/* Reports without end and without truth: supd gets sane numbers, supd-init goes on. */
static void test_forged_reports(void **state)
{
	struct bench *t = *state;

	greet(t);
	run(t, FAKE_FORGE);
	struct wire_proc p = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

	assert_int_equal(p.flags & WIRE_PROC_NSINIT, 0);
	for (int i = 0; i < 20; i++) {
		list(t);
	}
	ask(t, &(struct wire_request) { .type = WIRE_KILL_ALL, .slot = p.slot });
	struct wire_proc end = *await_phase(t, ENTRY_MAIN, WIRE_PHASE_EXITED);

	assert_int_equal(end.exit_code, CLD_KILLED);
	assert_int_equal(end.exit_status, SIGKILL);
	assert_int_equal(end.value, 0);
}

/* supd shares the listening socket and may shut it down; the next supd gets one that works. */
static void test_control_shut_down(void **state)
{
	struct bench *t = *state;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_CLOSE int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	greet(t);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/run/control", t->dir);
	assert_int_equal(shutdown(t->control, SHUT_RDWR), 0);
	assert_int_equal(kill(t->supd, SIGKILL), 0);
	meet_supd(t);
	greet(t);
	assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	AUTO_CLOSE int got = accept4(t->control, NULL, NULL, SOCK_CLOEXEC);

	assert_true(got >= 0);
}

/* The same of a service's notify socket. */
static void test_notify_shut_down(void **state)
{
	struct bench *t = *state;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[8] = "";

	greet(t);
	run(t, FAKE_SLEEP);
	for (int i = 0; i < 2; i++) {
		do {
			await(t, WIRE_EV_SLOT);
		} while (t->got_fd < 0);
		if (i == 0) {
			assert_int_equal(shutdown(t->got_fd, SHUT_RDWR), 0);
			assert_int_equal(kill(t->supd, SIGKILL), 0);
			meet_supd(t);
			await(t, WIRE_EV_HELLO);
		}
	}
	notify_path(t, t->got.slot.slot, &to);
	assert_int_equal(sendto(sock, "READY=1", 7, 0, (struct sockaddr *)&to, sizeof(to)), 7);
	assert_int_equal(recv(t->got_fd, text, sizeof(text), MSG_DONTWAIT), 7);
}

/* ---- waiting ---- */

static int full_pipe[2] = { -1, -1 };

static int setup_full_stderr(void **state)
{
	static const char bytes[4096];

	assert_int_equal(pipe2(full_pipe, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(full_pipe[1], bytes, sizeof(bytes)) > 0) {
	}
	assert_int_equal(fd_set_nonblock(full_pipe[1], 0), 0);
	bench_stderr = full_pipe[1];
	int r = setup(state);

	bench_stderr = -1;
	return r;
}

static int teardown_full_stderr(void **state)
{
	close(full_pipe[0]);
	close(full_pipe[1]);
	return teardown(state);
}

/* Nobody reads what supd-init says: it goes on all the same. */
static void test_full_stderr(void **state)
{
	struct bench *t = *state;
	const uint32_t bad = 0;

	greet(t);
	assert_int_equal(write(t->request, &bad, sizeof(bad)), sizeof(bad));
	meet_supd(t);
	greet(t);
	run(t, FAKE_SLEEP);
	await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_run_in_gone_slot),
		TEST(test_discard_of_living),
		TEST(test_main_is_launcher),
		TEST(test_launcher_outlives_child),
		TEST(test_former_main),
		TEST(test_foreign_payload),
		TEST(test_many_cgroups),
		TEST(test_drop_newest),
		TEST(test_linger_in_notify),
		TEST(test_forged_reports),
		TEST(test_control_shut_down),
		TEST(test_notify_shut_down),
		cmocka_unit_test_setup_teardown(
			test_full_stderr, setup_full_stderr, teardown_full_stderr),
	};

	bench_programs = argv + 1;
	signal(SIGPIPE, SIG_IGN);
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
