// SPDX-License-Identifier: MIT
#include "requests.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "catalog.h"
#include "events.h"
#include "helper.h"
#include "launch.h"
#include "listen.h"
#include "logsend.h"
#include "mainpid.h"
#include "power.h"
#include "requestsignal.h"
#include "resources.h"
#include "slots.h"
#include "store.h"
#include "supdproc.h"
#include "uplink.h"
#include "util.h"

#define REQUESTS_PER_TURN 256
#define REQUESTS_TURN_US  (20 * 1000) /* children are reaped in between, whatever is asked */

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
	struct slot *s = slot_used(b, q->slot);

	if (!s) {
		return -ENOENT;
	}
	return cleaning(s) ? -EBUSY : mainpid_take(b, q);
}

static int do_forget(struct broker *b, const struct wire_request *q)
{
	struct slot *s = slot_used(b, q->slot);
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
	struct slot *s = slot_used(b, q->slot);
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
	struct slot *s = q->slot == WIRE_SLOT_NONE ? NULL : slot_used(b, q->slot);
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
	int r = slot_used(b, q->slot) ? store_new(b, q->slot) : -ENOENT;

	return r < 0 ? r : 0;
}

static int do_store_drop(struct broker *b, const struct wire_request *q)
{
	return slot_used(b, q->slot) ? store_drop(b, q->slot, q->entry) : -ENOENT;
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
	b->t->asked = true;              /* ... and has sent the notes of what it starts */
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
	[WIRE_SIGNAL] = request_signal,
	[WIRE_KILL_ALL] = request_kill_all,
	[WIRE_FREEZE] = request_freeze,
	[WIRE_THAW] = request_thaw,
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
		logsend_forward(b, record);
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
