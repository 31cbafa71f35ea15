// SPDX-License-Identifier: MIT
#include "reports.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "jobfds.h"
#include "launch.h"
#include "listen.h"
#include "resources.h"
#include "slots.h"
#include "store.h"
#include "util.h"

/* More than fits into the socket's queue: what was there when the look began is seen. */
#define REPORTS_PER_TURN 1024

void reports_fail(struct broker *b, uint32_t ref, uint32_t step, int error, const char *text)
{
	struct place *p = place_of(b, ref);

	if (p->failed) {
		return; /* the first word counts */
	}
	p->failed = true;
	p->step = step;
	p->error = error;
	util_copy(b->t->fails[ref].text, LIMIT_FAIL_TEXT, text);
	b->t->fails[ref].origin[0] = 0;
}

/* supd took a process for the main one before its launcher had reported it for another place. */
static void disown(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	slot_pid_clear(b, ref);
	p->child = 0;
	p->flags |= WIRE_PROC_STATUS_UNKNOWN;
	launch_try_finish(b, ref);
}

static void got_child(struct broker *b, uint32_t ref, const struct launch_report *report)
{
	struct place *p = place_of(b, ref);
	siginfo_t info;

	/* Only the launcher says this, and its own pid is not yet reaped. */
	if (p->child || p->worker || !p->launcher ||
		waitid(P_PID, (id_t)report->value, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) <
			0) {
		return;
	}
	uint32_t other = slot_pid_find(b, report->value);

	if (other != REF_NONE) {
		if (place_of(b, other)->child != report->value) {
			return; /* a launcher */
		}
		disown(b, other);
	}
	p->child = report->value;
	p->pid = report->value;
	p->birth = b->pid1 ? 0 : launch_birth(p->pid);
	p->phase = WIRE_PHASE_STARTED;
	slot_pid_set(b, ref, p->child);
	slot_mark_ref(b, ref);
}

static void mark_execed(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	if (p->flags & WIRE_PROC_EXECED || p->failed || !p->child) {
		return;
	}
	p->flags |= WIRE_PROC_EXECED;
	p->phase = WIRE_PHASE_RUNNING;
	p->exec_us = now_us();
	slot_mark_ref(b, ref);
}

/* In the slot's cgroup, or dead already: what has ended stands in no cgroup.procs. */
static bool is_of_slot(struct broker *b, uint32_t n, pid_t pid, int pidfd)
{
	struct slot *s = &b->t->slots[n];
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	AUTO_CLOSE int dir = s->cgroup_made ? cgroup_open(b->cgroup_fd, s->cgroup) : -ENOENT;

	return pidfd < 0 || (dir >= 0 && cgroup_has_pid(dir, pid, true) == 1) ||
	       poll(&ended, 1, 0) == 1;
}

/*
 * With privileges over its PID namespace the sender may name any process of that. Before EXEC_NOW,
 * which the same process sends later over the same socket, it is our own code that speaks.
 */
static void got_payload(struct broker *b, uint32_t ref, pid_t pid)
{
	struct place *p = place_of(b, ref);

	if (pid <= 0 || !p->nsinit || p->flags & WIRE_PROC_NSINIT) {
		return;
	}
	AUTO_CLOSE int pidfd = sysx_pidfd_open(pid, 0);

	if (p->exec_now && !is_of_slot(b, ref / ENTRY_KIND_COUNT, pid, pidfd)) {
		return;
	}
	p->pid = pid;
	p->flags |= WIRE_PROC_NSINIT;
	p->pidfd = TAKE_FD(pidfd);
	slot_mark_ref(b, ref);
}

static void got_failed(struct broker *b, uint32_t ref, const struct launch_report *report)
{
	struct place *p = place_of(b, ref);

	if (p->failed || p->flags & WIRE_PROC_EXECED) {
		return; /* behind exec it is the service that speaks */
	}
	reports_fail(b, ref, report->step < STEP_COUNT ? report->step : STEP_CRASHED, report->value,
		report->text);
	util_copy(b->t->fails[ref].origin, LIMIT_FAIL_ORIGIN, report->origin);
	if (report->type == LAUNCH_STALE) {
		p->flags |= WIRE_PROC_STALE;
	}
}

/* From supd-nsinit, which has the service's own user: supd gets only what waitid(2) can say. */
static void got_exited(struct broker *b, uint32_t ref, const struct launch_report *report)
{
	struct place *p = place_of(b, ref);

	if (!p->nsinit || p->reported_exit || report->step < CLD_EXITED ||
		report->step > CLD_DUMPED || report->value < 0 || report->value > 255) {
		return;
	}
	p->reported_exit = true;
	p->exit_code = report->step;
	p->exit_status = (uint32_t)report->value;
}

static void got_result(struct broker *b, uint32_t ref, const struct launch_report *report)
{
	struct place *p = place_of(b, ref);

	if (p->worker) {
		p->result = true;
		p->value = report->value;
	}
}

/* A launcher has accepted a connection and asks whether it may serve it. */
static void got_source(struct broker *b, uint32_t ref, const struct launch_report *report)
{
	struct place *p = place_of(b, ref);
	bool yes = p->launcher && listen_source_allowed(b, ref / ENTRY_KIND_COUNT, report->text);

	if (send(p->job_fd, yes ? "y" : "n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		util_say("cannot answer a launcher", NULL, errno);
	}
}

static void got_report(
	struct broker *b, uint32_t ref, const struct launch_report *report, pid_t sender)
{
	struct place *p = place_of(b, ref);

	switch ((enum launch_report_type)report->type) {
	case LAUNCH_CHILD:
		got_child(b, ref, report);
		break;
	case LAUNCH_EXEC_NOW:
		p->exec_now = true;
		if (p->born) {
			launch_retire(b, ref);
		}
		break;
	case LAUNCH_EXECED:
		mark_execed(b, ref);
		break;
	case LAUNCH_FAILED:
	case LAUNCH_STALE:
		got_failed(b, ref, report);
		break;
	case LAUNCH_RESULT:
		got_result(b, ref, report);
		break;
	case LAUNCH_PAYLOAD:
		got_payload(b, ref, sender);
		break;
	case LAUNCH_EXITED:
		got_exited(b, ref, report);
		break;
	case LAUNCH_SOURCE:
		got_source(b, ref, report);
		break;
	case LAUNCH_FDS:
	case LAUNCH_REPORT_COUNT:
		break;
	}
}

/* Descriptors of a launcher are its unit's; whoever speaks later brings nothing. */
static void take_fds(
	struct broker *b, uint32_t ref, const struct launch_report *report, struct jobfds_got *got)
{
	struct place *p = place_of(b, ref);
	bool trusted = p->launcher && !p->exec_now;

	for (uint32_t i = 0; i < got->n_fds; i++) {
		bool tagged = report && i < report->n_tags && i < ELEMENTSOF(report->tags);

		if (trusted && tagged) {
			resources_take(
				b, ref / ENTRY_KIND_COUNT, report->tags[i], got->fds[i], p->hold);
		} else {
			store_discard(b, &got->fds[i]);
		}
	}
}

/* At end of file nothing is queued; else what is queued may hold descriptors. */
void reports_close(struct broker *b, struct place *p, bool queued)
{
	if (queued) {
		store_discard(b, &p->job_fd);
	} else {
		util_close(&p->job_fd);
	}
}

void launch_drain(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);
	struct launch_report report;
	struct jobfds_got got;
	int r;

	for (int n = 0; p->job_fd >= 0 && n < REPORTS_PER_TURN; n++) {
		r = jobfds_recv(p->job_fd, &report, &got);
		if (r == -EAGAIN) {
			break;
		}
		if (r == -ECONNRESET && !p->heard) {
			p->untouched = true; /* closed with the job unread; what was said follows */
			continue;
		}
		take_fds(b, ref, r > 0 ? &report : NULL, &got);
		if (r <= 0) {
			reports_close(b, p, r < 0);
			if (p->exec_now) {
				mark_execed(b, ref);
			}
			launch_try_finish(b, ref);
			break;
		}
		p->heard = true;
		p->untouched = false;
		report.text[LIMIT_FAIL_TEXT - 1] = 0;
		report.origin[LIMIT_FAIL_ORIGIN - 1] = 0;
		got_report(b, ref, &report, got.sender);
	}
}

void launch_drain_all(struct broker *b)
{
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_LIVE; i++) {
		if (b->job_refs[i] != REF_NONE) {
			launch_drain(b, b->job_refs[i]);
		}
	}
}
