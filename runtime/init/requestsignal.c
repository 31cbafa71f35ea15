// SPDX-License-Identifier: MIT
#include "requestsignal.h"

#include <errno.h>
#include <signal.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "cgroup.h"
#include "cgrouptree.h"
#include "launch.h"
#include "power.h"
#include "resources.h"
#include "slots.h"
#include "spare.h"

static int signal_once(struct broker *b, uint32_t ref, int signo)
{
	struct place *p = place_of(b, ref);

	if (signo == SIGKILL && p->phase == WIRE_PHASE_LAUNCHING) {
		launch_cancel(b, ref);
		return 0;
	}
	if (!place_is_live(p) || p->pid <= 0) {
		return -ESRCH;
	}
	if (p->pidfd >= 0) {
		return sysx_pidfd_send_signal(p->pidfd, signo) < 0 ? -errno : 0;
	}
	p->signalled |= p->launcher != 0;
	/* A direct child: its pid is its own until it is reaped here. */
	if (p->child != p->pid && p->launcher != p->pid) {
		return -ESRCH;
	}
	return kill(p->pid, signo) < 0 ? -errno : 0;
}

static int signal_place(struct broker *b, uint32_t kind, const struct wire_request *q)
{
	uint32_t ref = q->slot * ENTRY_KIND_COUNT + kind;
	int r = signal_once(b, ref, q->number);

	if (q->params.flags & WIRE_SIGNAL_CONTINUE) {
		signal_once(b, ref, SIGCONT);
	}
	return r;
}

/* A launcher stands outside of the cgroup, but what it starts belongs there. */
static void signal_launchers(struct broker *b, const struct wire_request *q)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		uint32_t ref = q->slot * ENTRY_KIND_COUNT + k;
		struct place *p = place_of(b, ref);
		bool spared = k == ENTRY_MAIN && q->kind == WIRE_TARGET_ALL_BUT_MAIN;

		if (p->worker || spared || q->number == SIGCONT) {
			continue;
		}
		if (p->pending || p->asked) {
			launch_cancel(b, ref);
		}
		p->signalled |= p->launcher != 0;
		if (p->phase == WIRE_PHASE_LAUNCHING && p->launcher) {
			kill(p->launcher, (int)q->number);
		}
	}
}

/* Before anything is frozen or signalled it is known whether descriptors are left. */
static int open_cgroup(struct broker *b, struct slot *s)
{
	int fd = cgroup_open(b->cgroup_fd, s->cgroup);

	return spare_give(b, fd) ? cgroup_open(b->cgroup_fd, s->cgroup) : fd;
}

/* Nothing forks meanwhile. */
static int signal_frozen(struct broker *b, int dir, const struct cgroup_signal *what, bool deep)
{
	int (*const send)(int, const struct cgroup_signal *) =
		deep ? cgrouptree_signal : cgroup_signal;
	int r = cgroup_write(dir, ".", "cgroup.freeze", "1");

	if (spare_give(b, r)) {
		cgroup_write(dir, ".", "cgroup.freeze", "1");
	}
	r = send(dir, what);
	return spare_give(b, r) ? send(dir, what) : r;
}

static int signal_cgroup(struct broker *b, const struct wire_request *q, struct slot *s)
{
	AUTO_CLOSE int dir = s->cgroup_made ? open_cgroup(b, s) : -ENOENT;
	struct cgroup_signal what = {
		.signo = q->number,
		.more = q->params.flags & WIRE_SIGNAL_CONTINUE,
		.except = q->kind == WIRE_TARGET_ALL_BUT_MAIN ? s->places[ENTRY_MAIN].pid : 0,
	};

	if (dir < 0) {
		return -ESRCH;
	}
	if (q->number == SIGKILL && !what.except) {
		launch_cancel_all(b, q->slot);
		return resources_kill(b, s);
	}
	signal_launchers(b, q);
	bool deep = s->unit_flags & CATALOGUE_UNIT_DELEGATE;

	if (!what.except && !deep && cgroup_signal_single(dir, &what) == 1) {
		return 0;
	}
	int r = signal_frozen(b, dir, &what, deep);

	if (!s->frozen_wanted) {
		cgroup_write(dir, ".", "cgroup.freeze", "0");
	}
	return r;
}

int request_signal(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_used(b, q->slot);

	if (!s) {
		return -ENOENT;
	}
	slot_set_note(s, q->note, q->note_size); /* why it is signalled, before it is */
	power_stops(b, q->slot);
	switch ((enum wire_target)q->kind) {
	case WIRE_TARGET_MAIN:
		return signal_place(b, ENTRY_MAIN, q);
	case WIRE_TARGET_CONTROL:
		return signal_place(b, ENTRY_CONTROL, q);
	case WIRE_TARGET_ALL:
	case WIRE_TARGET_ALL_BUT_MAIN:
		return signal_cgroup(b, q, s);
	case WIRE_TARGET_COUNT:
		break;
	}
	return -EBADMSG;
}

int request_kill_all(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_used(b, q->slot);

	if (!s) {
		return -ENOENT;
	}
	slot_set_note(s, q->note, q->note_size);
	power_stops(b, q->slot);
	launch_cancel_all(b, q->slot);
	return s->cgroup_made ? resources_kill(b, s) : 0;
}

static int set_frozen(struct broker *b, const struct wire_request *q, bool on)
{
	struct slot *s = slot_used(b, q->slot);

	if (!s || !s->cgroup_made) {
		return -ENOENT;
	}
	int r = cgroup_write(b->cgroup_fd, s->cgroup, "cgroup.freeze", on ? "1" : "0");

	if (r == 0) {
		s->frozen_wanted = on;
		resources_refresh(b, q->slot);
		slot_mark(b, q->slot, DIRTY_SLOT);
	}
	return r;
}

int request_freeze(struct broker *b, const struct wire_request *q)
{
	return set_frozen(b, q, true);
}

int request_thaw(struct broker *b, const struct wire_request *q)
{
	return set_frozen(b, q, false);
}
