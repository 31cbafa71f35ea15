// SPDX-License-Identifier: MIT
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "born.h"
#include "catalog.h"
#include "cgroup.h"
#include "invocation.h"
#include "jobfds.h"
#include "logs.h"
#include "reports.h"
#include "resources.h"
#include "slots.h"
#include "store.h"
#include "util.h"

#define WARM_IDLE   2 /* launchers that wait while nothing is asked for */
#define RETRIES_MAX 3 /* of one job, whose launchers were killed before they had read it */

static struct slot *slot_of(struct broker *b, uint32_t ref)
{
	return &b->t->slots[ref / ENTRY_KIND_COUNT];
}

uint64_t launch_birth(pid_t pid)
{
	char path[48], digits[21], text[1024];
	const char *const parts[4] = { "/proc/", digits, "/stat", NULL };
	uint64_t birth = 0;

	number_format_u64(digits, (uint64_t)pid);
	util_join(path, sizeof(path), parts);
	if (fd_read_text(path, text, sizeof(text)) <= 0) {
		return 0;
	}
	const char *at = strrchr(text, ')'); /* the name before it may hold anything */

	for (int field = 2; at && field < 22; field++) {
		at = strchr(at + 1, ' ');
	}
	for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++) {
		birth = birth * 10 + (uint64_t)(*at - '0');
	}
	return birth;
}

/* ---- starting ---- */

static void pending_push(struct broker *b, uint32_t ref)
{
	place_of(b, ref)->next_pending = REF_NONE;
	if (b->t->pending_last == REF_NONE) {
		b->t->pending_first = ref;
	} else {
		place_of(b, b->t->pending_last)->next_pending = ref;
	}
	b->t->pending_last = ref;
}

static void pending_put_back(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	p->pending = true;
	p->next_pending = b->t->pending_first;
	b->t->pending_first = ref;
	if (b->t->pending_last == REF_NONE) {
		b->t->pending_last = ref;
	}
}

static void pending_remove(struct broker *b, uint32_t ref)
{
	uint32_t before = REF_NONE;
	uint32_t at = b->t->pending_first;

	while (at != REF_NONE && at != ref) {
		before = at;
		at = place_of(b, at)->next_pending;
	}
	if (at == REF_NONE) {
		return;
	}
	if (before == REF_NONE) {
		b->t->pending_first = place_of(b, at)->next_pending;
	} else {
		place_of(b, before)->next_pending = place_of(b, at)->next_pending;
	}
	if (b->t->pending_last == ref) {
		b->t->pending_last = before;
	}
	place_of(b, ref)->pending = false;
}

void launch_order(struct broker *b, const struct launch_order *order)
{
	const struct catalogue *c = &b->catalogues[order->catalogue_index];
	const struct catalogue_entry *e = &c->entries[order->entry];
	uint32_t ref = order->slot * ENTRY_KIND_COUNT + e->kind;
	struct slot *s = slot_of(b, ref);
	struct place *p = place_of(b, ref);

	slot_reset_place(p);
	p->phase = WIRE_PHASE_LAUNCHING;
	p->pending = true;
	p->worker = e->kind == ENTRY_WORK;
	p->release = order->release;
	p->clean = e->flags & (CATALOGUE_ENTRY_CLEAN | CATALOGUE_ENTRY_DISCARD);
	p->nsinit = e->flags & CATALOGUE_ENTRY_NSINIT;
	p->hold = c->units[e->unit].flags & CATALOGUE_UNIT_HOLD;
	p->catalogue = b->t->catalogues[order->catalogue_index].number;
	p->entry = order->entry;
	p->cookie = order->cookie;
	p->run_id = b->t->next_run++;
	p->params = *order->params;
	if (order->cause) {
		s->cause = *order->cause;
	}
	p->start_us = now_us();
	if (p->params.flags & WIRE_RUN_NEW_INVOCATION &&
		getrandom(s->invocation_id, sizeof(s->invocation_id), GRND_NONBLOCK) < 0) {
		memcpy(s->invocation_id, &p->run_id, sizeof(p->run_id));
		memcpy(s->invocation_id + 8, &p->start_us, sizeof(p->start_us));
	}
	if (p->params.flags & WIRE_RUN_NEW_INVOCATION) {
		invocation_tell(b, order->slot);
	}
	if (e->kind == ENTRY_MAIN || p->params.flags & WIRE_RUN_NEW_INVOCATION) {
		s->oom = false;
	}
	slot_mark(b, order->slot, DIRTY_SLOT);
	slot_mark_ref(b, ref);
	pending_push(b, ref);
	launch_serve(b);
}

void launch_fill_job(struct broker *b, uint32_t ref, struct launch_job *job)
{
	struct slot *s = slot_of(b, ref);
	struct place *p = place_of(b, ref);
	struct place *main = &s->places[ENTRY_MAIN];
	bool main_lives = main->phase == WIRE_PHASE_STARTED || main->phase == WIRE_PHASE_RUNNING;

	*job = (struct launch_job) {
		.magic = LAUNCH_MAGIC,
		.catalogue = p->catalogue,
		.entry = p->entry,
		.slot = ref / ENTRY_KIND_COUNT,
		.require_controllers = b->t->settings.require_controllers,
		.params = p->params,
		.cause = s->cause,
		.instance = s->instance,
		.main_pid = main_lives && main != p ? main->pid : 0,
		.into_cgroup =
			b->clone_into && !s->killed && !(s->unit_flags & CATALOGUE_UNIT_DELEGATE),
		.use_journald = logs_journald(b),
		.machine = b->machine,
		.new_cgroup = s->cgroup_new,
	};
	s->cgroup_new = false;
	memcpy(job->invocation_id, s->invocation_id, sizeof(job->invocation_id));
	if (s->notify >= 0) {
		resources_notify_path(b, job->slot, job->notify_path, sizeof(job->notify_path));
	}
}

/* Launchers that are needed soon. */
static uint32_t wanted(struct broker *b)
{
	uint32_t n = WARM_IDLE, at = b->t->pending_first;

	for (; at != REF_NONE && n < LIMIT_LAUNCHES_WARM; n++) {
		at = place_of(b, at)->next_pending;
	}
	return n;
}

/* -EAGAIN: none is there yet. */
static int start_launcher(struct broker *b, uint32_t ref, int catalogue)
{
	const struct catalogue_entry *e =
		&b->catalogues[catalogue].entries[place_of(b, ref)->entry];
	struct place *p = place_of(b, ref);
	struct launch_job job;
	int sock, r;

	launch_fill_job(b, ref, &job);
	do {
		pid_t pid = warm_take(b, wanted(b), &sock);

		if (pid <= 0) {
			return pid < 0 ? pid : -EAGAIN;
		}
		p->launcher = pid;
		p->job_fd = sock;
		r = jobfds_send(
			b, ref, &job, &(struct jobfds) { sock, catalogue, p->entry, e->flags, -1 });
		r = r < 0 ? r : broker_watch(b, sock, EPOLLIN, WATCH_JOB, ref);
		if (r < 0) { /* it sees an end of file, or is dead */
			util_close(&p->job_fd);
			p->launcher = 0;
		}
	} while (r == -EPIPE || r == -ECONNRESET);
	return r;
}

void launch_retire(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	if (p->job_index >= 0) {
		b->job_refs[p->job_index] = REF_NONE;
		p->job_index = -1;
		b->n_live--;
	}
	p->launcher = 0;
}

static int free_job_index(struct broker *b)
{
	for (int i = 0; i < (int)LIMIT_LAUNCHES_LIVE; i++) {
		if (b->job_refs[i] == REF_NONE) {
			return i;
		}
	}
	return -1;
}

/*
 * Nothing of its job has been done: another launcher gets it, unless a request wanted its end or
 * too many have been killed.
 */
void launch_again(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	launch_retire(b, ref);
	util_close(&p->job_fd);
	slot_pid_clear(b, ref);
	p->child = p->pid = 0;
	p->plain |= p->born;
	p->born = p->untouched = p->heard = false;
	p->phase = WIRE_PHASE_LAUNCHING;
	slot_mark_ref(b, ref);
	if (p->signalled || ++p->retries > RETRIES_MAX) {
		reports_fail(b, ref, p->signalled ? STEP_JOB : STEP_CRASHED,
			p->signalled ? ECANCELED : EINTR, p->signalled ? "" : "supd-launch");
		launch_try_finish(b, ref);
		return;
	}
	pending_put_back(b, ref);
}

/* False: no launcher is there yet. */
static bool start(struct broker *b, uint32_t ref, int index)
{
	struct place *p = place_of(b, ref);
	struct slot *s = slot_of(b, ref);
	int catalogue = catalog_find(b, p->catalogue);
	int r = catalogue;

	if (!p->worker) {
		resources_freshen(b, ref / ENTRY_KIND_COUNT, ref % ENTRY_KIND_COUNT);
	}
	if (r >= 0) {
		const struct catalogue *c = &b->catalogues[catalogue];

		r = resources_prepare(
			b, ref / ENTRY_KIND_COUNT, c, &c->units[c->entries[p->entry].unit]);
	}
	if (r < 0) {
		reports_fail(b, ref, r == -ESTALE ? STEP_JOB : STEP_CGROUP, -r, s->cgroup);
		launch_try_finish(b, ref);
		return true;
	}
	p->alone = !s->populated;
	r = born_namespaces(b, ref, catalogue) ? born_ask(b, ref, catalogue)
					       : start_launcher(b, ref, catalogue);
	if (r == -EAGAIN) {
		pending_put_back(b, ref);
		return false;
	}
	if (r < 0) {
		reports_fail(b, ref, STEP_CLONE, -r, "supd-launch");
		launch_try_finish(b, ref);
		return true;
	}
	p->job_index = (int8_t)index;
	b->job_refs[index] = ref;
	b->n_live++;
	if (p->worker) {
		p->pid = p->launcher;
	}
	return true;
}

void launch_warm_up(struct broker *b)
{
	warm_fill(b, WARM_IDLE);
}

void launch_rest(struct broker *b)
{
	warm_trim(b, WARM_IDLE);
	if (b->warm.barren == 0) {
		warm_fill(b, WARM_IDLE);
	}
}

void launch_serve(struct broker *b)
{
	while (b->t->pending_first != REF_NONE && b->n_live < LIMIT_LAUNCHES_LIVE) {
		uint32_t ref = b->t->pending_first;
		uint32_t live = b->n_live;

		b->launched = true;
		pending_remove(b, ref);
		if (!start(b, ref, free_job_index(b))) {
			return;
		}
		if (b->n_live > live) { /* one is used up */
			warm_fill(b, wanted(b));
		}
	}
}

void launch_cancel(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	if (p->pending) {
		pending_remove(b, ref);
		reports_fail(b, ref, STEP_JOB, ECANCELED, "");
		launch_try_finish(b, ref);
		return;
	}
	p->signalled = true;
	if (p->launcher) {
		kill(p->launcher, SIGKILL);
	}
}

void launch_cancel_all(struct broker *b, uint32_t n)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		uint32_t ref = n * ENTRY_KIND_COUNT + k;
		struct place *p = place_of(b, ref);

		if (place_is_live(p) && (p->pending || p->asked || p->launcher) && !p->release) {
			launch_cancel(b, ref);
		}
	}
}

/* ---- ending ---- */

/* The launcher is gone and nobody knows what it left behind. */
static void crashed(struct broker *b, uint32_t ref)
{
	struct slot *s = slot_of(b, ref);
	struct place *p = place_of(b, ref);

	reports_fail(
		b, ref, STEP_CRASHED, p->exit_code == CLD_EXITED ? EPROTO : EINTR, "supd-launch");
	if (!p->worker && p->alone && s->cgroup_made) {
		bool others = false;

		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			others |= &s->places[k] != p && place_is_live(&s->places[k]);
		}
		if (!others && resources_kill(b, s) == 0) {
			s->replace = true;
		}
	}
}

static void launcher_ended(struct broker *b, uint32_t ref, const struct launch_end *end)
{
	struct place *p = place_of(b, ref);

	launch_drain(b, ref); /* to its end of file; the place must not be finished by it yet */
	launch_retire(b, ref);
	bool had_child = !p->worker && p->pid; /* reported; it may have ended before its launcher */

	if (!had_child) {
		p->exit_code = end->code;
		p->exit_status = end->status;
	}
	if (p->failed || p->result || had_child) {
		return;
	}
	if (p->untouched) {
		launch_again(b, ref);
	} else {
		crashed(b, ref);
	}
}

static void record_end(struct broker *b, uint32_t ref, const struct launch_end *end)
{
	struct place *p = place_of(b, ref);

	if (!p->reported_exit) {
		p->exit_code = end->code;
		p->exit_status = end->status;
	}
	p->flags |= end->unknown && !p->reported_exit ? WIRE_PROC_STATUS_UNKNOWN : 0;
	p->user_us = (uint64_t)end->usage.ru_utime.tv_sec * USEC_PER_SEC +
		     (uint64_t)end->usage.ru_utime.tv_usec;
	p->system_us = (uint64_t)end->usage.ru_stime.tv_sec * USEC_PER_SEC +
		       (uint64_t)end->usage.ru_stime.tv_usec;
	p->max_rss_kb = (uint64_t)end->usage.ru_maxrss;
	/* A shell whose child was killed ends with a status; its record is not to come first. */
	if (p->exit_code != CLD_EXITED || p->exit_status != 0) {
		resources_check_oom(b, ref / ENTRY_KIND_COUNT);
	}
}

/* The service, its namespace's init, or what was to become one of them. */
static void child_ended(struct broker *b, uint32_t ref, const struct launch_end *end)
{
	struct place *p = place_of(b, ref);

	p->child = 0;
	slot_pid_clear(b, ref);
	if (p->born) {
		launch_retire(b, ref);
	}
	if (p->untouched && !p->failed) {
		launch_again(b, ref);
		return;
	}
	record_end(b, ref, end);
	if (!p->exec_now && !p->failed && !(p->flags & WIRE_PROC_EXECED)) {
		reports_fail(b, ref, STEP_CRASHED, EINTR, "second stage");
	}
}

void launch_ended(struct broker *b, uint32_t ref, const struct launch_end *end)
{
	struct place *p = place_of(b, ref);

	launch_drain(b, ref);
	if (end->pid == p->launcher && !p->born) {
		launcher_ended(b, ref, end);
	} else {
		child_ended(b, ref, end);
	}
	launch_try_finish(b, ref);
}

static void finish(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	reports_close(b, p, true);
	util_close(&p->pidfd);
	slot_pid_clear(b, ref);
	p->exit_us = now_us();
	if (p->exec_now && !p->failed && !(p->flags & WIRE_PROC_EXECED)) {
		p->flags |= WIRE_PROC_EXECED;
		p->exec_us = p->exit_us;
	}
	p->phase = p->failed ? WIRE_PHASE_FAILED : WIRE_PHASE_EXITED;
	slot_mark_ref(b, ref);
	resources_refresh(b, ref / ENTRY_KIND_COUNT);
	slot_mark(b, ref / ENTRY_KIND_COUNT, DIRTY_SLOT);
	if (p->release) {
		launch_release_done(b, ref / ENTRY_KIND_COUNT);
	}
}

void launch_try_finish(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);
	bool foreign = p->flags & WIRE_PROC_FOREIGN && p->pidfd >= 0;

	if (!place_is_live(p) || p->pending || p->asked || p->launcher || p->child || foreign) {
		return;
	}
	finish(b, ref);
}

void launch_release_done(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		slot_reset_place(&s->places[k]);
	}
	b->slot_dirty[n] &= (uint8_t)~DIRTY_PROCS;
	s->removing = s->cgroup_made && !resources_keep_cgroup(b, s) &&
		      cgroup_remove(b->cgroup_fd, s->cgroup,
			      s->unit_flags & CATALOGUE_UNIT_DELEGATE) == -EAGAIN;
	if (s->removing) {
		s->releasing = true;
		b->remove_again = true;
		return;
	}
	resources_drop(b, n, s->keep_store);
	s->releasing = false;
	if (!s->keep_note) {
		store_drop_all(b, n);
		s->state = SLOT_GONE;
	}
	slot_mark(b, n, DIRTY_SLOT);
}

void launch_release_more(struct broker *b)
{
	if (!b->remove_again) {
		return;
	}
	b->remove_again = false;
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_USED && s->removing) {
			launch_release_done(b, n);
			b->remove_again = true; /* or another slot's */
			return;
		}
	}
}
