// SPDX-License-Identifier: MIT
#include "mainpid.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "launch.h"
#include "slots.h"
#include "store.h"

/* An orphan that ended before it was named: the record is made from the ring. */
static bool main_from_ring(struct broker *b, const struct wire_request *q, struct place *p)
{
	for (uint32_t i = 0; i < LIMIT_ORPHANS; i++) {
		struct orphan *o = &b->t->orphans[i];

		if (o->pid == q->number) {
			p->exit_code = o->code;
			p->exit_status = o->status;
			p->exit_us = o->at_us;
			p->phase = WIRE_PHASE_EXITED;
			o->pid = 0;
			return true;
		}
	}
	return false;
}

static int main_allowed(struct broker *b, const struct wire_request *q, int pidfd)
{
	struct slot *s = &b->t->slots[q->slot];
	AUTO_CLOSE int dir = s->cgroup_made ? cgroup_open(b->cgroup_fd, s->cgroup) : -ENOENT;

	if (pidfd < 0 || dir < 0) {
		return -ESRCH;
	}
	int r = cgroup_has_pid(dir, q->number, s->unit_flags & CATALOGUE_UNIT_DELEGATE);

	return r < 0 ? r : (r ? 0 : -EPERM);
}

static int adopt_main(struct broker *b, const struct wire_request *q, int *pidfd)
{
	uint32_t ref = q->slot * ENTRY_KIND_COUNT + ENTRY_MAIN;
	struct place *p = place_of(b, ref);
	siginfo_t info;

	p->phase = WIRE_PHASE_RUNNING;
	p->exec_now = true;
	p->birth = launch_birth(q->number);
	if (waitid(P_PID, (id_t)q->number, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0) {
		p->child = q->number;
		slot_pid_set(b, ref, p->child);
		return 0;
	}
	p->flags = WIRE_PROC_FOREIGN;
	p->pidfd = TAKE_FD(*pidfd);
	slot_pid_set(b, ref, q->number); /* it may become our child yet */
	return broker_watch(b, p->pidfd, EPOLLIN, WATCH_PIDFD, ref);
}

int mainpid_take(struct broker *b, const struct wire_request *q)
{
	struct slot *s = &b->t->slots[q->slot];
	uint32_t ref = q->slot * ENTRY_KIND_COUNT + ENTRY_MAIN;
	struct place *p = place_of(b, ref);

	if (place_is_live(p) && p->pid == q->number) {
		return 0;
	}
	if ((p->phase != WIRE_PHASE_FREE && p->phase != WIRE_PHASE_RUNNING) || p->launcher) {
		return -EBUSY;
	}
	uint32_t owner = slot_pid_find(b, q->number);

	if (owner != REF_NONE && owner != ref) {
		return -EBUSY; /* a launcher, or the process of another place */
	}
	AUTO_CLOSE int pidfd = sysx_pidfd_open(q->number, 0);
	int r = main_allowed(b, q, pidfd);
	struct place old = *p;

	if (r == -ESRCH || r == -EPERM) {
		slot_reset_place(p);
		if (old.phase != WIRE_PHASE_FREE || !main_from_ring(b, q, p)) {
			*p = old;
			return r;
		}
	} else if (r < 0) {
		return r;
	} else {
		slot_pid_clear(b, ref);
		store_discard(b, &old.job_fd);
		cleanup_close(&old.pidfd);
		s->main_moved |= old.phase == WIRE_PHASE_RUNNING;
		slot_reset_place(p);
		r = adopt_main(b, q, &pidfd);
	}
	p->run_id = b->t->next_run++;
	p->cookie = q->cookie;
	p->pid = q->number;
	p->start_us = old.phase == WIRE_PHASE_FREE ? now_us() : old.start_us;
	slot_mark_ref(b, ref);
	slot_mark(b, q->slot, DIRTY_SLOT);
	return r < 0 ? r : 0;
}
