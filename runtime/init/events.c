// SPDX-License-Identifier: MIT
#include "events.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/timeutil.h"
#include "helper.h"
#include "resources.h"
#include "slots.h"
#include "store.h"
#include "util.h"

void events_mark_all(struct broker *b, bool hello)
{
	struct supd_channel *supd = &b->supd;

	supd->hello_dirty |= hello;
	supd->listed_dirty = true;
	for (uint32_t i = 0; i < LIMIT_CATALOGUES; i++) {
		supd->catalogue_dirty[i] = b->t->catalogues[i].used;
	}
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state != SLOT_USED) {
			continue;
		}
		b->notify_sent[n] = b->notify_sent[n] && !hello;
		slot_mark(b, n, DIRTY_SLOT);
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			if (s->places[k].phase != WIRE_PHASE_FREE) {
				slot_mark_ref(b, n * ENTRY_KIND_COUNT + k);
			}
		}
		for (int i = s->n_parked ? store_next(b, n, 0) : -1; i >= 0;
			i = store_next(b, n, i + 1)) {
			b->park_dirty[i] = 2;
			slot_mark(b, n, DIRTY_PARK);
		}
	}
}

static int send_event(struct broker *b, struct wire_event *event, int fd)
{
	int r = fd_send(b->supd.event_fd, event, wire_event_size(event->type), &fd, fd >= 0 ? 1 : 0,
		MSG_DONTWAIT);

	if (r == 0 && !b->supd.waiting_from) {
		b->supd.waiting_from = now_us();
	}
	return r;
}

static int send_hello(struct broker *b)
{
	const struct settings *set = &b->t->settings;
	struct wire_event event = { .type = WIRE_EV_HELLO };
	struct wire_hello *hello = &event.hello;

	hello->version = WIRE_VERSION;
	hello->pid1 = b->pid1;
	hello->crashes = helper_crashes(&b->supd.helper, now_us());
	hello->safe_mode = hello->crashes >= 2;
	hello->generation = b->t->generation;
	hello->asked = b->t->asked || b->t->ready;
	hello->control_gid = set->control_gid;
	hello->log_level = set->log_level;
	hello->use_journald = set->use_journald;
	hello->controllers = b->controllers;
	hello->started_us = b->t->started_us;
	hello->capabilities = util_capabilities();
	hello->times = b->t->times;
	util_copy(hello->runtime_dir, sizeof(hello->runtime_dir), set->runtime_dir);
	util_copy(hello->state_dir, sizeof(hello->state_dir), set->state_dir);
	util_copy(hello->log_dir, sizeof(hello->log_dir), set->log_dir);
	util_copy(hello->cgroup_root, sizeof(hello->cgroup_root), b->t->cgroup_root);
	for (uint32_t i = 0; i < set->n_units && i < ELEMENTSOF(hello->units); i++) {
		util_copy(hello->units[i], sizeof(hello->units[i]), set->units[i]);
		hello->n_units = i + 1;
	}
	return send_event(b, &event, -1);
}

static int send_catalogue(struct broker *b, uint32_t i)
{
	struct wire_event event = { .type = WIRE_EV_LOADED };

	event.loaded.catalogue = b->t->catalogues[i].number;
	event.loaded.cookie = b->t->catalogues[i].cookie;
	return send_event(b, &event, b->t->catalogues[i].manifest_fd);
}

static int send_slot(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	struct wire_event event = { .type = WIRE_EV_SLOT };
	struct wire_slot *w = &event.slot;
	bool with_notify = s->state == SLOT_USED && s->notify >= 0 && !b->notify_sent[n];
	const struct {
		bool set;
		uint32_t flag;
	} flags[] = {
		{ s->state == SLOT_USED && resources_populated(s), WIRE_SLOT_POPULATED },
		{ s->frozen, WIRE_SLOT_FROZEN },
		{ s->oom, WIRE_SLOT_OOM },
		{ s->frozen_wanted, WIRE_SLOT_FREEZE },
		{ s->releasing, WIRE_SLOT_RELEASING },
		{ s->state == SLOT_GONE, WIRE_SLOT_GONE },
		{ s->state == SLOT_USED && s->bare, WIRE_SLOT_BARE },
		{ with_notify, WIRE_SLOT_HAS_NOTIFY },
		{ s->readable, WIRE_SLOT_READABLE },
	};

	w->slot = n;
	w->n_parked = s->n_parked;
	w->n_oom = s->n_oom;
	w->watch_cookie = s->watch_cookie;
	w->note_size = s->note_size;
	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		w->flags |= flags[i].set ? flags[i].flag : 0;
	}
	memcpy(w->invocation_id, s->invocation_id, sizeof(w->invocation_id));
	memcpy(w->note, s->note, s->note_size);
	util_copy(w->name, sizeof(w->name), s->name);
	int r = send_event(b, &event, with_notify ? s->notify : -1);

	b->notify_sent[n] |= r == 0 && with_notify;
	return r;
}

static int send_proc(struct broker *b, uint32_t ref)
{
	const struct place *p = place_of(b, ref);
	struct wire_event event = { .type = WIRE_EV_PROC };
	struct wire_proc *w = &event.proc;

	*w = (struct wire_proc) {
		.slot = ref / ENTRY_KIND_COUNT,
		.kind = ref % ENTRY_KIND_COUNT,
		.phase = p->phase,
		.flags = p->flags,
		.run_id = p->run_id,
		.cookie = p->cookie,
		.catalogue = p->catalogue,
		.entry = p->entry,
		.pid = p->pid,
		.value = p->value,
		.exit_code = p->exit_code,
		.exit_status = p->exit_status,
		.start_us = p->start_us,
		.exec_us = p->exec_us,
		.exit_us = p->exit_us,
		.user_us = p->user_us,
		.system_us = p->system_us,
		.max_rss_kb = p->max_rss_kb,
		.step = p->step,
		.error = p->error,
	};
	if (p->phase == WIRE_PHASE_FAILED) {
		util_copy(w->text, sizeof(w->text), b->t->fails[ref].text);
		util_copy(w->origin, sizeof(w->origin), b->t->fails[ref].origin);
	}
	return send_event(b, &event, -1);
}

static int send_parks(struct broker *b, uint32_t n)
{
	for (int i = store_next(b, n, 0); i >= 0; i = store_next(b, n, i + 1)) {
		const struct park *park = &b->t->parks[i];
		struct wire_event event = { .type = WIRE_EV_PARK };
		bool push = b->park_dirty[i] == 1;

		if (!b->park_dirty[i]) {
			continue;
		}
		event.park = (struct wire_park) { n, park->index, push, !push };
		int r = send_event(b, &event, push ? park->push : park->peek);

		if (r < 0) {
			return r;
		}
		b->park_dirty[i] = 0;
	}
	return 0;
}

static int send_marked(struct broker *b, uint32_t n)
{
	uint8_t *dirty = &b->slot_dirty[n];
	int r = 0;

	if (*dirty & DIRTY_SLOT && (r = send_slot(b, n)) == 0) {
		*dirty &= (uint8_t)~DIRTY_SLOT;
	}
	for (uint32_t k = 0; r == 0 && k < ENTRY_KIND_COUNT; k++) {
		if (*dirty & 1u << k && (r = send_proc(b, n * ENTRY_KIND_COUNT + k)) == 0) {
			*dirty &= (uint8_t) ~(1u << k);
		}
	}
	if (r == 0 && *dirty & DIRTY_PARK && (r = send_parks(b, n)) == 0) {
		*dirty &= (uint8_t)~DIRTY_PARK;
	}
	if (r == 0) {
		b->slot_map[n / 64] &= ~(UINT64_C(1) << n % 64);
	}
	if (r == 0 && b->t->slots[n].state == SLOT_GONE && !b->log_dirty[n]) {
		slot_free(b, n);
	}
	return r;
}

/* Sends a plain event when its mark is set. */
static int send_flag(struct broker *b, bool *mark, struct wire_event *event)
{
	int r = *mark ? send_event(b, event, -1) : 0;

	*mark = *mark && r < 0;
	return r;
}

static int send_head(struct broker *b)
{
	struct supd_channel *supd = &b->supd;
	struct wire_event ping = { .type = WIRE_EV_PING };
	struct wire_event stop = { .type = WIRE_EV_STOP, .stop = supd->stop };
	struct wire_event refused = { .type = WIRE_EV_REFUSED, .refused = supd->refused };
	struct wire_event load = { .type = WIRE_EV_LOADED, .loaded = b->load.result };
	int r = supd->hello_dirty ? send_hello(b) : 0;

	supd->hello_dirty = supd->hello_dirty && r < 0;
	r = r < 0 ? r : send_flag(b, &supd->ping_dirty, &ping);
	for (uint32_t i = 0; r == 0 && i < LIMIT_CATALOGUES; i++) {
		r = supd->catalogue_dirty[i] ? send_catalogue(b, i) : 0;
		supd->catalogue_dirty[i] = supd->catalogue_dirty[i] && r < 0;
	}
	r = r < 0 ? r : send_flag(b, &supd->load_dirty, &load);
	r = r < 0 ? r : send_flag(b, &supd->refused_dirty, &refused);
	r = r < 0 ? r : send_flag(b, &supd->stop_dirty, &stop);
	for (uint32_t i = 0; r == 0 && supd->start_dirty && i < WIRE_TARGET_UNIT_COUNT; i++) {
		struct wire_event start = { .type = WIRE_EV_START, .start = { .which = i } };

		r = supd->start_dirty & 1u << i ? send_event(b, &start, -1) : 0;
		supd->start_dirty &= r == 0 ? ~(1u << i) : ~0u;
	}
	return r;
}

int events_flush(struct broker *b)
{
	struct wire_event listed = { .type = WIRE_EV_LISTED };
	int r = 0;

	if (b->supd.event_fd < 0 || b->supd.blocked) {
		return 0;
	}
	r = send_head(b);
	for (uint32_t n = slot_next_marked(b->slot_map, 0); r == 0 && n != WIRE_SLOT_NONE;
		n = slot_next_marked(b->slot_map, n + 1)) {
		r = send_marked(b, n);
	}
	if (r == 0 && b->load.first_done) {
		r = send_flag(b, &b->supd.listed_dirty, &listed);
	}
	if (r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS) {
		if (!b->supd.waiting_from) {
			b->supd.waiting_from = now_us();
		}
		b->supd.blocked = true;
		return broker_watch(b, b->supd.event_fd, EPOLLOUT, WATCH_EVENT, 0);
	}
	return r;
}

void events_forget_gone(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->t->slots[n].state == SLOT_GONE && !b->log_dirty[n]) {
			slot_free(b, n);
		}
	}
}
