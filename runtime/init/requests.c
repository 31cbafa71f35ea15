// SPDX-License-Identifier: MIT
#include "requests.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "catalog.h"
#include "cgroup.h"
#include "events.h"
#include "helper.h"
#include "launch.h"
#include "listen.h"
#include "logs.h"
#include "mainpid.h"
#include "power.h"
#include "resources.h"
#include "slots.h"
#include "spare.h"
#include "store.h"
#include "supdproc.h"
#include "uplink.h"
#include "util.h"

#define REQUESTS_PER_TURN 256
#define REQUESTS_TURN_US  (20 * 1000) /* children are reaped in between, whatever is asked */

/* The slot of a request: used, or NULL. */
static struct slot *slot_for(struct broker *b, const struct wire_request *q)
{
	struct slot *s = &b->t->slots[q->slot];

	return q->slot < b->t->n_slots && s->state == SLOT_USED ? s : NULL;
}

static bool cleaning(const struct slot *s)
{
	const struct place *p = &s->places[ENTRY_WORK];

	return s->releasing || (place_is_live(p) && p->clean);
}

/* A process that MAIN has left is no main any more, but a second main beside it is one too many. */
static bool former_main_lives(struct broker *b, uint32_t n)
{
	const struct slot *s = &b->t->slots[n];

	resources_refresh(b, n);
	return s->main_moved && !(s->unit_flags & CATALOGUE_UNIT_KEEP_LEFTOVERS);
}

/* What the unit keeps goes when nobody can be using it, whatever supd believes. */
static bool discard_allowed(struct broker *b, uint32_t n)
{
	const struct slot *s = &b->t->slots[n];

	resources_refresh(b, n);
	return !slot_is_live(s) && !s->populated;
}

static int run_allowed(struct broker *b, uint32_t n, const struct catalogue_entry *e)
{
	const struct slot *s = &b->t->slots[n];

	if (cleaning(s) || s->places[e->kind].phase != WIRE_PHASE_FREE) {
		return -EBUSY;
	}
	if (s->frozen_wanted && e->kind != ENTRY_WORK) { /* a worker stands outside of the cgroup */
		return -EAGAIN;
	}
	bool busy = (e->flags & CATALOGUE_ENTRY_CLEAN && slot_is_live(s)) ||
		    (e->flags & CATALOGUE_ENTRY_DISCARD && !discard_allowed(b, n)) ||
		    (e->kind == ENTRY_MAIN && s->main_moved && former_main_lives(b, n));

	return busy ? -EBUSY : 0;
}

/* Index of the catalogue that q names, if it has the entry too; -errno. */
static int find_entry(const struct broker *b, const struct wire_request *q)
{
	int index = catalog_find(b, q->catalogue);

	if (index >= 0 && q->entry >= b->catalogues[index].header->n_entries) {
		return -EBADMSG;
	}
	return index;
}

static int do_run(struct broker *b, const struct wire_request *q)
{
	int index = find_entry(b, q);

	if (index < 0) {
		return index;
	}
	const struct catalogue *c = &b->catalogues[index];

	if (b->phase == PHASE_FINAL) {
		return -ESHUTDOWN;
	}
	const struct catalogue_entry *e = &c->entries[q->entry];
	int64_t n = catalog_has_cause(c, &q->cause) ? listen_slot(b, c, e->unit, q->instance)
						    : -EBADMSG;
	if (n < 0) {
		return (int)n;
	}
	slot_revive(b, (uint32_t)n);
	int r = run_allowed(b, (uint32_t)n, e);

	if (r < 0) {
		return r;
	}
	slot_set_note(&b->t->slots[n], q->note, q->note_size);
	launch_order(b, &(struct launch_order) { .slot = (uint32_t)n,
				.catalogue_index = (uint32_t)index,
				.entry = q->entry,
				.cookie = q->cookie,
				.params = &q->params,
				.cause = &q->cause });
	return 0;
}

static int do_main(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_for(b, q);

	if (!s) {
		return -ENOENT;
	}
	return cleaning(s) ? -EBUSY : mainpid_take(b, q);
}

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
static int signal_frozen(struct broker *b, int dir, const struct cgroup_signal *what)
{
	int r = cgroup_write(dir, ".", "cgroup.freeze", "1");

	if (spare_give(b, r)) {
		cgroup_write(dir, ".", "cgroup.freeze", "1");
	}
	r = cgroup_signal(dir, what);
	return spare_give(b, r) ? cgroup_signal(dir, what) : r;
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
	if (!what.except && cgroup_signal_single(dir, &what) == 1) {
		return 0;
	}
	int r = signal_frozen(b, dir, &what);

	if (!s->frozen_wanted) {
		cgroup_write(dir, ".", "cgroup.freeze", "0");
	}
	return r;
}

static int do_signal(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_for(b, q);

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

static int do_kill_all(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_for(b, q);

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
	struct slot *s = slot_for(b, q);

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

static int do_freeze(struct broker *b, const struct wire_request *q)
{
	return set_frozen(b, q, true);
}

static int do_thaw(struct broker *b, const struct wire_request *q)
{
	return set_frozen(b, q, false);
}

static int do_forget(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_for(b, q);
	uint32_t ref = q->slot * ENTRY_KIND_COUNT + q->kind;
	struct place *p = place_of(b, ref);

	if (!s || p->run_id != q->run_id ||
		(p->phase != WIRE_PHASE_EXITED && p->phase != WIRE_PHASE_FAILED)) {
		return -ENOENT;
	}
	uint64_t run_id = p->run_id;

	power_moves(b);
	slot_reset_place(p);
	p->run_id = run_id;
	slot_set_note(s, q->note, q->note_size);
	slot_mark_ref(b, ref);
	return 0;
}

/* The CLEAN entry that RELEASE names: index of its catalogue, or -errno. */
static int clean_entry(struct broker *b, const struct wire_request *q, const struct slot *s)
{
	int index = find_entry(b, q);

	if (index < 0) {
		return index;
	}
	const struct catalogue *c = &b->catalogues[index];
	const struct catalogue_entry *e = &c->entries[q->entry];

	char name[LIMIT_UNIT_NAME];

	if (!(e->flags & CATALOGUE_ENTRY_CLEAN) || e->kind != ENTRY_WORK ||
		listen_instance(catalogue_string(c, c->units[e->unit].name), s->instance, name,
			sizeof(name)) < 0 ||
		strcmp(name, s->name) != 0) {
		return -EINVAL;
	}
	return index;
}

static int do_release(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_for(b, q);
	int index = -1;

	if (!s) {
		return -ENOENT;
	}
	if (cleaning(s) || slot_has_records(s) ||
		(s->populated && !(s->unit_flags & CATALOGUE_UNIT_KEEP_LEFTOVERS))) {
		return -EBUSY;
	}
	if (q->catalogue != CATALOGUE_NONE && q->entry != CATALOGUE_NONE && !s->bare) {
		index = clean_entry(b, q, s);
		if (index < 0) {
			return index;
		}
	}
	s->keep_note = q->params.flags & WIRE_RELEASE_KEEP_NOTE;
	s->keep_store = s->keep_note && q->params.flags & WIRE_RELEASE_KEEP_STORE;
	slot_set_note(s, q->note, q->note_size);
	if (index < 0) {
		launch_release_done(b, q->slot);
		return 0;
	}
	s->releasing = true;
	launch_order(b, &(struct launch_order) { .slot = q->slot,
				.catalogue_index = (uint32_t)index,
				.entry = q->entry,
				.cookie = q->cookie,
				.params = &q->params,
				.release = true });
	return 0;
}

static int do_note(struct broker *b, const struct wire_request *q)
{
	struct slot *s = q->slot == WIRE_SLOT_NONE ? NULL : slot_for(b, q);
	int64_t n = q->slot;

	if (q->slot == WIRE_SLOT_NONE) {
		int index = catalog_find(b, q->catalogue);

		if (index < 0) {
			return index;
		}
		const struct catalogue *c = &b->catalogues[index];

		if (q->entry >= c->header->n_units) {
			return -EBADMSG;
		}
		n = listen_slot(b, c, q->entry, q->instance);
		if (n < 0) {
			return (int)n;
		}
		slot_revive(b, (uint32_t)n);
		s = &b->t->slots[n];
		slot_mark(b, (uint32_t)n, DIRTY_SLOT); /* supd learns the number */
	}
	if (!s) {
		return -ENOENT;
	}
	slot_set_note(s, q->note, q->note_size);
	return 0;
}

static int do_load(struct broker *b, const struct wire_request *q)
{
	return catalog_load(b, q->cookie);
}

static int do_drop(struct broker *b, const struct wire_request *q)
{
	int index = catalog_find(b, q->catalogue);

	if (index < 0) {
		return index;
	}
	if (catalog_count(b) == 1) {
		return -EBUSY; /* the next supd needs one */
	}
	catalog_drop(b, (uint32_t)index);
	return 0;
}

static int do_list(struct broker *b, const struct wire_request *q)
{
	events_mark_all(b, q->type != WIRE_LIST);
	return 0;
}

static int do_pong(struct broker *b, const struct wire_request *q)
{
	supdproc_pong(b);
	if (q->params.flags & 1) {
		power_ready(b);
	}
	return 0;
}

static int do_store_new(struct broker *b, const struct wire_request *q)
{
	int r = slot_for(b, q) ? store_new(b, q->slot) : -ENOENT;

	return r < 0 ? r : 0;
}

static int do_store_drop(struct broker *b, const struct wire_request *q)
{
	return slot_for(b, q) ? store_drop(b, q->slot, q->entry) : -ENOENT;
}

static int do_power(struct broker *b, const struct wire_request *q)
{
	if (q->number && q->kind != WIRE_POWER_RESTART_SUPD && q->kind != WIRE_POWER_REEXEC) {
		power_begin(b, q->kind, q->params.exit_status);
		return 0;
	}
	return power_request(b, q->kind, q->params.exit_status);
}

static int do_bus(struct broker *b, const struct wire_request *q __attribute__((unused)))
{
	return supdproc_bus(b);
}

static int do_status(struct broker *b, const struct wire_request *q)
{
	memcpy(b->counts, q->counts, sizeof(b->counts));
	b->status_dirty = true;
	helper_settled(&b->supd.helper); /* supd counts once it has adopted everything */
	if (q->counts[3] == 0) {
		power_ready(b); /* the boot's jobs are done */
	}
	return 0;
}

/* The unit of that index of a catalogue, by name. 0, -ESTALE or -EBADMSG. */
static int unit_named(struct broker *b, const struct wire_request *q, const char **ret)
{
	int index = catalog_find(b, q->catalogue);

	if (index < 0) {
		return index;
	}
	const struct catalogue *c = &b->catalogues[index];

	if (q->entry >= c->header->n_units) {
		return -EBADMSG;
	}
	*ret = catalogue_string(c, c->units[q->entry].name);
	return 0;
}

static int do_reached(struct broker *b, const struct wire_request *q)
{
	const char *name;
	int r = unit_named(b, q, &name);

	if (r == 0) {
		uplink_send_value(b, "X_SYSTEMD_UNIT_ACTIVE", name);
	}
	return r;
}

static int do_waiting(struct broker *b, const struct wire_request *q)
{
	const char *name;
	int r = unit_named(b, q, &name);

	if (r == 0) {
		power_waits(b, q, name);
	}
	return r;
}

static int (*const handlers[WIRE_REQUEST_COUNT])(struct broker *, const struct wire_request *) = {
	[WIRE_RUN] = do_run,
	[WIRE_MAIN] = do_main,
	[WIRE_SIGNAL] = do_signal,
	[WIRE_KILL_ALL] = do_kill_all,
	[WIRE_FREEZE] = do_freeze,
	[WIRE_THAW] = do_thaw,
	[WIRE_FORGET] = do_forget,
	[WIRE_RELEASE] = do_release,
	[WIRE_NOTE] = do_note,
	[WIRE_LOAD] = do_load,
	[WIRE_DROP] = do_drop,
	[WIRE_LIST] = do_list,
	[WIRE_PONG] = do_pong,
	[WIRE_STORE_NEW] = do_store_new,
	[WIRE_STORE_DROP] = do_store_drop,
	[WIRE_POWER] = do_power,
	[WIRE_WATCH] = listen_watch,
	[WIRE_REACHED] = do_reached,
	[WIRE_WAITING] = do_waiting,
	[WIRE_STATUS] = do_status,
	[WIRE_BUS] = do_bus,
};

int requests_handle(struct broker *b, const void *record, size_t size)
{
	const struct wire_request *q = record;
	int r = wire_request_check(record, size);

	if (r < 0) {
		return -EBADMSG;
	}
	if (q->type == WIRE_LOG) {
		logs_forward(b, record);
		return 0;
	}
	r = handlers[q->type](b, q);
	if (r < 0 && r != -EBADMSG) {
		b->supd.refused = (struct wire_refused) {
			.slot = q->slot < LIMIT_SLOTS && q->type != WIRE_RUN ? q->slot
									     : WIRE_SLOT_NONE,
			.request = q->type,
			.kind = q->kind,
			.error = -r,
			.cookie = q->cookie,
		};
		b->supd.refused_dirty = true;
		r = 0;
	}
	return r;
}

void requests_read(struct broker *b)
{
	uint64_t record[4096 / sizeof(uint64_t)];
	uint64_t until = now_us() + REQUESTS_TURN_US;

	for (int i = 0; i < REQUESTS_PER_TURN && b->supd.request_fd >= 0 && now_us() < until; i++) {
		if (b->supd.refused_dirty && events_flush(b) < 0) {
			supdproc_gone(b);
			return;
		}
		if (b->supd.refused_dirty) {
			/* No more questions until this answer is out. */
			b->supd.paused = true;
			broker_watch(b, b->supd.request_fd, 0, WATCH_REQUEST, 0);
			return;
		}
		ssize_t n = read(b->supd.request_fd, record, sizeof(record));

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			return;
		}
		if (n <= 0) {
			supdproc_gone(b);
			return;
		}
		if (requests_handle(b, record, (size_t)n) < 0) {
			char type[21];

			number_format_u64(type, *(const uint32_t *)record);
			util_say("bad request of type", type, 0);
			supdproc_kill(b, "it sent a bad request");
			return;
		}
	}
}

void requests_drain(struct broker *b)
{
	uint64_t record[4096 / sizeof(uint64_t)];
	ssize_t n = 1;

	while (b->supd.request_fd >= 0 && n > 0) {
		n = read(b->supd.request_fd, record, sizeof(record));
		if (n > 0 && requests_handle(b, record, (size_t)n) < 0) {
			return;
		}
	}
}
