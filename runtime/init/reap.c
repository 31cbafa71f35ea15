// SPDX-License-Identifier: MIT
#include "reap.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "../base/timeutil.h"
#include "catalog.h"
#include "helper.h"
#include "launch.h"
#include "logs.h"
#include "logsend.h"
#include "notify.h"
#include "reports.h"
#include "rescue.h"
#include "slots.h"
#include "supdproc.h"
#include "util.h"

/* A service may make orphans as fast as they are reaped; others wait too. */
#define REAPS_PER_TURN 1024
/* So many turns in a row may bring events before the ends that no signal named are looked for. */
#define SWEEP_TURNS 32

/* linux/pidfd.h of Linux 6.15; older headers lack it, older kernels answer ENOTTY or EINVAL. */
#define PIDFD_INFO_EXIT_BIT (UINT64_C(1) << 3)
struct exit_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_GET_EXIT _IOWR(0xFF, 11, struct exit_info)

static void set_status(struct launch_end *end, int status)
{
	if (WIFEXITED(status)) {
		end->code = CLD_EXITED;
		end->status = (uint32_t)WEXITSTATUS(status);
	} else {
		end->code = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
		end->status = (uint32_t)WTERMSIG(status);
	}
}

static void remember_orphan(struct broker *b, const struct launch_end *end)
{
	b->t->orphans[b->t->next_orphan++ % LIMIT_ORPHANS] = (struct orphan) {
		.pid = end->pid,
		.code = end->code,
		.status = end->status,
		.at_us = now_us(),
	};
}

/* What nobody has asked for is told; why, it has said itself, if it could. */
static void tell_end(
	struct broker *b, const struct launch_end *end, bool expected, const char *what)
{
	if (!expected && b->phase != PHASE_FINAL) {
		logsend_say(b, what, end->code == CLD_EXITED ? "exit status" : "signal",
			(int)end->status);
	}
}

static void route(struct broker *b, const struct launch_end *end)
{
	int signo = end->code == CLD_EXITED ? 0 : (int)end->status;
	uint32_t ref;

	if (end->pid == b->supd.helper.pid) {
		bool expected = b->supd.helper.expected;

		helper_ended(&b->supd.helper, signo, now_us());
		supdproc_ended(b);
		tell_end(b, end, expected, "supd has ended and is started again");
	} else if (end->pid == b->log.helper.pid) {
		bool expected = b->log.helper.expected;

		helper_ended(&b->log.helper, signo, now_us());
		util_close(&b->log.fd);
		b->log.blocked = false;
		tell_end(b, end, expected, "supd-log has ended and is started again");
	} else if (rescue_ended(b, end->pid)) {
		util_say("the emergency shell has ended: supd is tried again", NULL, 0);
	} else if (end->pid == b->load.pid) {
		catalog_ended(b, end->code, end->status);
	} else if ((ref = slot_pid_find(b, end->pid)) != REF_NONE) {
		struct place *p = place_of(b, ref);

		if (p->flags & WIRE_PROC_FOREIGN) {
			util_close(&p->pidfd); /* became our child: the status is known */
		}
		launch_ended(b, ref, end);
	} else if (!warm_ended(b, end->pid)) {
		remember_orphan(b, end);
	}
}

/* False: it is no child, or has not ended. */
static bool reap_one(struct broker *b, pid_t pid)
{
	struct launch_end end = { .pid = pid };
	int status = 0;

	if (slot_pid_find(b, pid) == REF_NONE) {
		launch_drain_all(b); /* its hand-over may be waiting there */
		warm_readable(b, 0);
	}
	if (wait4(pid, &status, WNOHANG | __WALL, &end.usage) != pid) {
		return false;
	}
	set_status(&end, status);
	route(b, &end);
	return true;
}

void reap_hint(struct broker *b, pid_t pid)
{
	b->unswept = b->unswept ? b->unswept : 1;
	reap_one(b, pid);
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_LIVE; i++) {
		uint32_t ref = b->job_refs[i];

		if (ref != REF_NONE && place_of(b, ref)->launcher) {
			reap_one(b, place_of(b, ref)->launcher);
		}
	}
}

/* Reads all job sockets before it calls a pid unknown. */
static void reap_all(struct broker *b)
{
	b->unswept = 0;
	for (int i = 0; i < REAPS_PER_TURN; i++) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
			!info.si_pid || !reap_one(b, info.si_pid)) {
			return;
		}
	}
	b->unswept = SWEEP_TURNS; /* there may be more: in the next turn */
}

void reap_turn(struct broker *b, bool idle)
{
	if (b->unswept && (idle || ++b->unswept > SWEEP_TURNS)) {
		reap_all(b);
	}
}

void reap_foreign(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);
	struct exit_info info = { .mask = PIDFD_INFO_EXIT_BIT };
	struct launch_end end = { .pid = p->pid, .unknown = true };

	if (p->pidfd < 0 || !(p->flags & WIRE_PROC_FOREIGN)) {
		return;
	}
	reap_all(b); /* it may have been ours at last */
	if (p->pidfd < 0) {
		return;
	}
	if (ioctl(p->pidfd, PIDFD_GET_EXIT, &info) == 0 && info.mask & PIDFD_INFO_EXIT_BIT) {
		end.unknown = false;
		set_status(&end, info.exit_code);
	}
	util_close(&p->pidfd);
	p->exec_now = true;
	launch_ended(b, ref, &end);
}

void reap_helpers(struct broker *b)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t deadline = now_us() + 5 * USEC_PER_SEC;

	b->supd.helper.expected = b->log.helper.expected = true;
	supdproc_stop(b);
	helper_stop(&b->supd.helper, SIGKILL, true, now_us());
	helper_stop(&b->log.helper, SIGKILL, true, now_us());
	util_close(&b->log.fd);
	b->load.pending = false;
	if (b->load.pid) {
		kill(b->load.pid, SIGKILL);
	}
	while ((warm_stop(b) || b->supd.helper.pid || b->log.helper.pid || b->load.pid) &&
		now_us() < deadline) {
		reap_all(b);
		nanosleep(&step, NULL);
	}
}

void reap_rebuild(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state != SLOT_USED || s->bare) {
			continue;
		}
		if (s->unit_flags & CATALOGUE_UNIT_NOTIFY && notify_make(b, n) < 0) {
			util_say("no notify socket any more", s->name, 0);
		}
		if (s->unit_flags & CATALOGUE_UNIT_LOG && logs_prepare(b, n) < 0) {
			util_say("no log stream any more", s->name, 0);
		}
	}
}

void reap_log_tick(struct broker *b, uint64_t now)
{
	if (helper_tick(&b->log.helper, now)) {
		util_close(&b->log.fd);
	}
	logs_start(b);
}

void reap_log_deadline(const struct broker *b, uint64_t *at)
{
	if (b->log.wanted) {
		helper_deadline(&b->log.helper, at);
	}
}
