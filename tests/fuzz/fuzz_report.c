// SPDX-License-Identifier: MIT
/*
 * Any sequence of records on a job socket, as its owner could send them who has broken out of
 * supd-nsinit: the place stays one of known states and supd is told numbers in their range. The
 * first byte says what the place is; records are 340 bytes, the last may be short.
 */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/init/broker.h"
#include "../../runtime/init/launch.h"
#include "../../runtime/init/reports.h"
#include "../../runtime/init/slots.h"

#define RECORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int broker_watch(struct broker *b, int fd, uint32_t events, enum watch_kind kind, uint32_t index)
{
	(void)b, (void)fd, (void)events, (void)kind, (void)index;
	return 0;
}

static struct broker *make_broker(void)
{
	struct broker *b = calloc(1, sizeof(*b));
	void *table = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert(b && table != MAP_FAILED);
	b->t = table;
	b->t->pending_first = b->t->pending_last = REF_NONE;
	b->table_fd = b->cgroup_fd = b->supd.event_fd = b->log.fd = -1;
	memset(b->job_refs, 0xff, sizeof(b->job_refs));
	assert(slot_make(b, "a.service") == 0);
	return b;
}

static void reset(struct broker *b, uint8_t shape, int job)
{
	struct place *p = &b->t->slots[0].places[ENTRY_MAIN];

	slot_pid_clear(b, ENTRY_MAIN);
	slot_reset_place(p);
	p->phase = WIRE_PHASE_LAUNCHING;
	p->nsinit = shape & 1;
	p->worker = shape & 2;
	/* No process of that number is a child of ours. */
	p->launcher = shape & 4 ? INT32_MAX : 0;
	p->child = shape & 8 ? INT32_MAX - 1 : 0;
	p->job_fd = job;
}

static void check(const struct broker *b)
{
	const struct place *p = &b->t->slots[0].places[ENTRY_MAIN];

	assert(p->phase < WIRE_PHASE_COUNT);
	assert(p->step < STEP_COUNT);
	assert(p->exit_code <= CLD_DUMPED && p->exit_status <= 255);
	assert(p->phase != WIRE_PHASE_RUNNING || p->child);
	assert(memchr(b->t->fails[ENTRY_MAIN].text, 0, LIMIT_FAIL_TEXT));
	assert(memchr(b->t->fails[ENTRY_MAIN].origin, 0, LIMIT_FAIL_ORIGIN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct broker *b;
	int pair[2];

	if (size < 1 || size > 1 + RECORDS_MAX * sizeof(struct launch_report)) {
		return 0;
	}
	b = b ? b : make_broker();
	assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	reset(b, data[0], pair[0]);
	for (size_t at = 1; at < size; at += sizeof(struct launch_report)) {
		size_t n = size - at;

		n = n < sizeof(struct launch_report) ? n : sizeof(struct launch_report);
		if (send(pair[1], data + at, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			break;
		}
	}
	launch_drain(b, ENTRY_MAIN);
	check(b);
	close(pair[1]);
	launch_drain(b, ENTRY_MAIN);
	check(b);
	assert(b->t->slots[0].places[ENTRY_MAIN].job_fd < 0);
	return 0;
}
