// SPDX-License-Identifier: MIT
/*
 * supd-init against a supd that says anything: the four guarantees hold for any record, and for
 * bytes that are none. `test_any SUPD-INIT LOAD LAUNCH SUPD`. SUPD_TEST_REQUESTS is the number of
 * random requests, 100,000 if unset.
 */
#include "../../unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/plan/launchwire.h"
#include "bench.h"
#include "fake.h"

struct world {
	struct bench *t;
	unsigned seed;
};

static uint32_t any(struct world *w, uint32_t n)
{
	return (uint32_t)rand_r(&w->seed) % n;
}

/* Numbers of an event are in their range, whatever was asked. */
static void look(struct world *w)
{
	const struct wire_event *e = &w->t->got;

	assert_true(e->type > 0 && e->type < WIRE_EVENT_COUNT);
	if (e->type == WIRE_EV_LOADED && e->loaded.status == 0) {
		w->t->catalogue = e->loaded.catalogue;
	}
	if (e->type != WIRE_EV_PROC) {
		return;
	}
	assert_true(e->proc.kind < ENTRY_KIND_COUNT && e->proc.phase < WIRE_PHASE_COUNT);
	assert_true(e->proc.exit_code <= CLD_CONTINUED && e->proc.exit_status <= 255);
	assert_true(e->proc.step < STEP_COUNT);
}

static void take_events(struct world *w)
{
	struct pollfd p = { .fd = w->t->event, .events = POLLIN };

	while (poll(&p, 1, 0) == 1 && !(p.revents & POLLHUP)) {
		next_event(w->t);
		look(w);
	}
}

/* Number of processes in a cgroup whose command line is that of a main process. */
static int count_mains(struct bench *t, const char *unit)
{
	char path[300], text[65536];
	int n = 0;

	snprintf(path, sizeof(path), "%s/system.slice/%s/cgroup.procs", t->cgroup, unit);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : fd_read_full(fd, text, sizeof(text) - 1);

	text[size < 0 ? 0 : size] = 0;
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		char proc[64], command[256];

		snprintf(proc, sizeof(proc), "/proc/%ld/cmdline", strtol(line, NULL, 10));
		AUTO_CLOSE int cmd = open(proc, O_RDONLY | O_CLOEXEC);
		ssize_t got = cmd < 0 ? 0 : fd_read_full(cmd, command, sizeof(command));

		n += got > 2 && memcmp(command, "sh", 3) == 0;
	}
	return n;
}

static void fill(struct world *w, struct wire_request *q)
{
	*q = (struct wire_request) {
		.type = 1 + any(w, WIRE_STORE_DROP),
		.slot = any(w, 16) ? any(w, 3) : any(w, LIMIT_SLOTS),
		.catalogue = w->t->catalogue + (any(w, 8) ? 0 : any(w, 3) - 1),
		.entry = any(w, FAKE_FORGE),
		.kind = any(w, ENTRY_KIND_COUNT),
		.run_id = any(w, 8) ? w->t->got.proc.run_id : any(w, 1000),
		.cookie = any(w, 1000),
		.note_size = any(w, LIMIT_NOTE + 1),
	};
	switch ((enum wire_request_type)q->type) {
	case WIRE_MAIN:
		q->number = 2 + (int32_t)any(w, 200000);
		break;
	case WIRE_SIGNAL:
		q->number = any(w, 8) ? SIGCONT : 1 + (int32_t)any(w, 64);
		break;
	case WIRE_NOTE:
		q->slot = any(w, 2) ? q->slot : WIRE_SLOT_NONE;
		q->entry = any(w, 2);
		break;
	case WIRE_FREEZE:
		q->type = any(w, 4) ? WIRE_THAW : WIRE_FREEZE;
		break;
	case WIRE_LOAD:
	case WIRE_LIST:
		q->type = any(w, 200) ? WIRE_FORGET : q->type; /* each is much work */
		break;
	case WIRE_RELEASE:
		q->entry = any(w, 4) ? (uint32_t)FAKE_CLEAN : q->entry;
		q->catalogue = any(w, 2) ? q->catalogue : CATALOGUE_NONE;
		q->params.flags = any(w, 2) ? WIRE_RELEASE_KEEP_NOTE : 0;
		break;
	case WIRE_WAITING:
		q->kind = any(w, WIRE_WAIT_COUNT);
		break;
	case WIRE_RUN:
	case WIRE_KILL_ALL:
	case WIRE_THAW:
	case WIRE_FORGET:
	case WIRE_DROP:
	case WIRE_REACHED:
	case WIRE_PONG:
	case WIRE_STORE_NEW:
	case WIRE_STORE_DROP:
	case WIRE_WATCH:
	case WIRE_POWER:
	case WIRE_BUS:
	case WIRE_STATUS:
	case WIRE_LOG:
	case WIRE_REQUEST_COUNT:
		break;
	}
}

static int count_fds(pid_t pid)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while (readdir(dir)) {
		n++;
	}
	closedir(dir);
	return n;
}

static void check_world(struct world *w)
{
	struct bench *t = w->t;

	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	do {
		next_event(t);
		look(w);
	} while (t->got.type != WIRE_EV_LISTED);
	assert_true(count_mains(t, "a.service") <= 1);
	assert_true(count_mains(t, "b.service") <= 1);
	assert_int_equal(kill(t->init, 0), 0);
	assert_true(count_fds(t->init) < 600);
}

/* A bystander that supd-init also has in a cgroup: nothing that is asked may reach it. */
static pid_t start_bystander(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	while (pid == 0) {
		pause();
	}
	return pid;
}

static void test_any_request(void **state)
{
	const char *text = getenv("SUPD_TEST_REQUESTS");
	unsigned long n = text ? strtoul(text, NULL, 10) : 100000;
	struct world w = { .t = *state, .seed = 4711 };
	pid_t bystander = start_bystander(), supd = w.t->supd;
	int status;

	greet(w.t);
	print_message("%lu requests, seed %u\n", n, w.seed);
	for (unsigned long i = 0; i < n; i++) {
		struct wire_request q;

		fill(&w, &q);
		if (q.type == WIRE_MAIN && q.number == (int32_t)bystander) {
			continue;
		}
		/* Of numbers out of range the unit tests have all; here they end the supd. */
		if (wire_request_check(&q, sizeof(q)) == 0 && q.type != WIRE_POWER &&
			!(q.type == WIRE_RUN && q.entry == FAKE_WAIT)) {
			ask(w.t, &q);
		}
		take_events(&w);
		if (i % 5000 == 4999) {
			check_world(&w);
		}
	}
	check_world(&w);
	assert_int_equal(w.t->supd, supd); /* all was answered, nothing punished */
	assert_int_equal(kill(w.t->supd, 0), 0);
	assert_int_equal(waitpid(bystander, &status, WNOHANG), 0);
	kill(bystander, SIGKILL);
	waitpid(bystander, &status, 0);
}

/* Records that no supd would send: the pipe's owner is killed, the services stay. */
static void test_any_bytes(void **state)
{
	struct bench *t = *state;
	unsigned seed = 1147;

	greet(t);
	run(t, FAKE_SLEEP);
	pid_t pid = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING)->pid;

	for (int i = 0; i < 3; i++) {
		uint8_t bytes[4096];
		size_t size = 1 + (size_t)rand_r(&seed) % sizeof(bytes);

		for (size_t k = 0; k < size; k++) {
			bytes[k] = (uint8_t)rand_r(&seed);
		}
		bytes[3] |= 0x80; /* no type */
		assert_int_equal(write(t->request, bytes, size), (ssize_t)size);
		meet_supd(t);
		greet(t);
		const struct wire_proc *p = await_phase(t, ENTRY_MAIN, WIRE_PHASE_RUNNING);

		assert_int_equal(p->pid, pid);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_any_request),
		TEST(test_any_bytes),
	};

	bench_programs = argv + 1;
	signal(SIGPIPE, SIG_IGN);
	if (argc < 5 || geteuid() != 0 || !bench_find_cgroup()) {
		puts("skipped: needs root and a writable cgroup v2 tree");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
