// SPDX-License-Identifier: MIT
#include "intake.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "../runtime/base/cleanup.h"
#include "machine.h"
#include "reloaddiff.h"
#include "shell.h"
#include "unitlog.h"

/* A millisecond each. */
#define DECODE_UNITS_PER_TURN 500u
#define MAP_UNITS_PER_TURN    2000u

static int on_hello(struct shell *s, struct broker_message *m)
{
	s->hello = m->event.hello;
	if (s->hello.version != WIRE_VERSION) {
		return -EPROTO;
	}
	s->hello_seen = true;
	cgroup_root_init(&s->cgroup, s->hello.cgroup_root);
	clockwatch_hello(&s->clock);
	engine_set_safe_mode(s->engine, s->hello.safe_mode != 0);
	engine_set_starting(s->engine, s->hello.times.ready_us == 0);
	/* all of LIST follows by itself */
	return 0;
}

/* A catalogue that was only asked for to see what a reload would change. */
static int drop_catalogue(struct shell *s, uint32_t number)
{
	struct wire_request q = { .type = WIRE_DROP, .catalogue = number };

	catalogues_drop(&s->catalogues, number);
	return broker_send(&s->broker, &q);
}

/* Catalogues that are adopted carry the cookies of a former supd: those say nothing about ours. */
static void note_loaded(struct shell *s, uint64_t cookie)
{
	if (cookie && cookie <= s->load_cookie) {
		s->loaded_cookie = cookie;
	}
}

/* 0: its job is queued; 1: it cannot be; -errno. */
static int start_unit(struct shell *s, const char *name)
{
	struct engine_request q = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_OK };
	uint32_t job = 0;
	int r;

	q.unit = engine_find(s->engine, name);
	if (q.unit == ENGINE_NONE) {
		unitlog_plain(s, LOG_ERR, "%s: there is no such unit", name);
		return 1;
	}
	r = engine_enqueue(s->engine, &q, now_us(), &job, &error);
	s->initial_job = s->initial_job ? s->initial_job : job;
	if (r == 1) {
		unitlog_plain(s, LOG_ERR, "%s: not started: %s %s", name,
			engine_error_to_string(error.code), error.text);
	}
	return r;
}

/* What the machine is to be brought to: the first that was named, or the default. NULL: nothing. */
static const char *goal(const struct shell *s)
{
	const struct manifest *manifest = engine_manifest(s->engine);

	return s->hello.n_units ? s->hello.units[0] : manifest ? manifest->default_target : NULL;
}

static int start_initial(struct shell *s)
{
	const char *name = goal(s);
	int r = name ? start_unit(s, name) : 0;

	if (r == 1) {
		r = machine_boot_failed(s, name);
	}
	for (uint32_t i = 1; r >= 0 && i < s->hello.n_units && i < ELEMENTSOF(s->hello.units);
		i++) {
		r = start_unit(s, s->hello.units[i]);
	}
	return r < 0 ? r : 0;
}

/* What is wrong with the units of a machine is said once; `supctl verify` says it at any time. */
static void tell_diagnostics(struct shell *s)
{
	const struct manifest *m = engine_manifest(s->engine);
	const struct manifest_diagnostic *rows = m ? m->diagnostics.items : NULL;

	for (uint32_t i = 0; m && s->hello.pid1 && i < m->diagnostics.n; i++) {
		if (rows[i].severity == SEVERITY_ERROR) {
			unitlog_plain(s, LOG_ERR, "%s:%u: %s", rows[i].file ? rows[i].file : "?",
				(unsigned)rows[i].line, rows[i].text ? rows[i].text : "?");
		}
	}
}

/*
 * Once, when what runs and the units are both known, by a supd of which none before has lived to
 * note its jobs. On a slow machine the first load may fail, and its next try comes later than
 * LISTED.
 */
static int ask_initial(struct shell *s)
{
	int r;

	if (!s->listed || !s->initial_due || !engine_manifest(s->engine)) {
		return 0;
	}
	s->initial_due = false;
	s->asked_us = now_us();
	tell_diagnostics(s);
	r = start_initial(s);
	return r < 0 ? r : engine_boot_asked(s->engine, now_us());
}

/* The boot goes on, and what becomes of it is still to be seen to. */
static void find_initial(struct shell *s)
{
	const char *name = goal(s);
	const struct unit *u = name ? engine_unit(s->engine, engine_find(s->engine, name)) : NULL;

	if (!s->hello.times.ready_us && u && u->job) {
		s->initial_job = u->job->id;
	}
}

/* It counts, and whoever asked for it hears what it has changed. */
static int finish_load(struct shell *s)
{
	note_loaded(s, s->load.cookie);
	s->rest_due = true;
	s->mounts.changed = true; /* new units may be mounted already */
	s->devices.changed = true;
	bus_report(&s->bus, s->load.cookie, s->decoded, &s->changes);
	bus_loaded(&s->bus, s->load.cookie, 0, "");
	reloaddiff_fini(&s->changes);
	s->decoded = NULL;
	return ask_initial(s);
}

/* What is new is worked out before the engine may drop what was. */
static int take_catalogue(
	struct shell *s, const struct wire_loaded *l, const struct manifest *manifest)
{
	int r = 0;

	/* A load of the former supd's: what this one asks for is counted from there. */
	if (l->cookie > s->load_cookie) {
		s->load_cookie = s->wanted_cookie = l->cookie;
	}
	if (bus_wants_changes(&s->bus, l->cookie)) {
		r = reloaddiff_compute(engine_manifest(s->engine), manifest, &s->changes);
	}
	if (r < 0) {
		return r;
	}
	if (shell_is_dry(s, l->cookie)) {
		bus_report(&s->bus, l->cookie, manifest, &s->changes);
		reloaddiff_fini(&s->changes);
		s->rest_due = true;
		s->loading = false;
		return drop_catalogue(s, l->catalogue);
	}
	s->decoded = manifest;
	return engine_load_begin(s->engine, manifest, l->catalogue);
}

static int load_failed(struct shell *s, const struct wire_loaded *l, int error)
{
	/* Ours: the next one may have it. supd-init's or supd-load's is an answer like any other.
	 */
	if (error == -ENOMEM && l->status == 0) {
		return error;
	}
	unitlog_plain(s, LOG_ERR, "loading the units failed: %s%s%s", strerror(-error),
		*l->text ? ": " : "", l->text);
	note_loaded(s, l->cookie);
	bus_loaded(&s->bus, l->cookie, error, l->text);
	return engine_load_failed(s->engine, now_us());
}

static int decode_some(struct shell *s)
{
	const struct manifest *manifest;
	int r = catalogues_some(&s->catalogues, DECODE_UNITS_PER_TURN, &manifest);

	if (r > 0) {
		return 0;
	}
	if (r < 0) {
		s->loading = false;
		return load_failed(s, &s->load, r);
	}
	return take_catalogue(s, &s->load, manifest);
}

int intake_load_some(struct shell *s)
{
	int r;

	if (!s->decoded) {
		return decode_some(s);
	}
	r = engine_load_some(s->engine, MAP_UNITS_PER_TURN, now_us());
	if (r > 0) {
		return 0;
	}
	s->loading = false;
	return r < 0 ? r : finish_load(s);
}

static int no_descriptor(const struct broker_message *m)
{
	return m->fds_lost ? -EMFILE : -EBADMSG;
}

/* While clients are served a large manifest is decoded and taken over several turns of the loop,
 * before the next event is read. */
static int on_loaded(struct shell *s, struct broker_message *m)
{
	const struct wire_loaded *l = &m->event.loaded;
	int r = l->status;

	if (!s->hello.times.load_end_us) {
		s->hello.times.load_end_us = now_us(); /* HELLO came before it */
	}
	if (r == 0 && catalogues_find(&s->catalogues, l->catalogue)) {
		bus_loaded(&s->bus, l->cookie, 0, "");
		return 0;
	}
	if (r == 0) {
		r = m->n_fds == 1 ? catalogues_begin(&s->catalogues, l->catalogue, m->fds[0])
				  : no_descriptor(m);
	}
	if (r < 0) {
		return load_failed(s, l, r);
	}
	s->load = *l;
	s->loading = true;
	r = 0;
	while (r == 0 && s->loading && !s->listed) {
		r = intake_load_some(s);
	}
	return r;
}

static int on_slot(struct shell *s, struct broker_message *m)
{
	const struct wire_slot *slot = &m->event.slot;
	uint32_t unit = ENGINE_NONE;
	bool gone = slot->flags & WIRE_SLOT_GONE, bare = slot->flags & WIRE_SLOT_BARE;
	int r;

	if (slot->slot >= LIMIT_SLOTS) {
		return -EBADMSG;
	}
	if (gone || bare) {
		notify_detach(&s->notify, slot->slot);
	}
	if (gone || (bare && slot->n_parked == 0)) {
		store_clear(&s->store, slot->slot);
	}
	r = engine_slot(s->engine, slot, now_us(), &unit);
	if (r < 0) {
		return r;
	}
	if (gone || bare || !engine_unit(s->engine, unit)) {
		return 0;
	}
	if (m->fds_lost) {
		unitlog_plain(s, LOG_ERR,
			"%s: supd has no descriptor left (RLIMIT_NOFILE): notifications of the "
			"unit are not read",
			engine_unit(s->engine, unit)->name);
	}
	if (m->n_fds == 0) {
		return 0;
	}
	return notify_attach(&s->notify, slot->slot, unit, TAKE_FD(m->fds[0]));
}

static int on_proc(struct shell *s, struct broker_message *m)
{
	const struct wire_proc *proc = &m->event.proc;
	int r = 0;

	if (proc->phase >= WIRE_PHASE_COUNT || proc->kind >= ENTRY_KIND_COUNT) {
		return -EBADMSG;
	}
	if (proc->phase == WIRE_PHASE_EXITED && !s->listed) {
		notify_mark_exit(&s->notify, proc->slot);
	} else if (proc->phase == WIRE_PHASE_EXITED) {
		r = engine_proc_start(s->engine, proc, now_us());
		if (r == 0) {
			r = notify_drain(&s->notify, proc->slot);
		}
	}
	if (r >= 0) {
		r = engine_proc(s->engine, proc, now_us());
	}
	return r < 0 ? r : notify_retry(&s->notify, proc->slot);
}

static int on_refused(struct shell *s, struct broker_message *m)
{
	const struct wire_refused *refused = &m->event.refused;
	int r;

	if (refused->request == WIRE_BUS) {
		return busnames_connected(&s->busnames, refused->error, -1);
	}
	if (refused->request == WIRE_STORE_NEW) {
		store_refused(&s->store, refused->slot);
		return notify_resume(&s->notify, refused->slot);
	}
	r = engine_refused(s->engine, refused, now_us());
	return r < 0 ? r : notify_retry(&s->notify, refused->slot);
}

static int on_park(struct shell *s, struct broker_message *m)
{
	const struct wire_park *park = &m->event.park;
	int r = store_parked(&s->store, park, m->fds, m->n_fds);

	return r < 0 ? r : notify_resume(&s->notify, park->slot);
}

static int on_listed(struct shell *s, struct broker_message *m)
{
	int r;

	(void)m;
	engine_adopt(s->engine, now_us());
	r = s->listed ? 0 : notify_adopt(&s->notify);
	if (r == 0) {
		r = engine_listed(s->engine, now_us());
	}
	if (r < 0 || s->listed) {
		return r;
	}
	s->listed = true;
	busnames_adopt(&s->busnames);
	s->initial_due = !s->hello.asked;
	if (s->hello.asked) {
		find_initial(s);
		r = engine_boot_asked(s->engine, now_us());
	} else {
		r = ask_initial(s);
	}
	return r == 0 && s->stop_waits ? machine_stop(s, &s->stop) : r;
}

static int on_ping(struct shell *s, struct broker_message *m)
{
	struct wire_request q = { .type = WIRE_PONG, .params = { .flags = s->ready ? 1 : 0 } };

	(void)m;
	return broker_send(&s->broker, &q);
}

static int on_stop(struct shell *s, struct broker_message *m)
{
	return machine_stop(s, &m->event.stop);
}

static int on_start(struct shell *s, struct broker_message *m)
{
	return machine_start(s, m->event.start.which);
}

static int on_bus(struct shell *s, struct broker_message *m)
{
	int fd = m->n_fds == 1 ? TAKE_FD(m->fds[0]) : -1;
	int error = m->fds_lost ? EMFILE : m->event.bus.error;

	return busnames_connected(&s->busnames, error, fd);
}

static int (*const handlers[WIRE_EVENT_COUNT])(struct shell *, struct broker_message *) = {
	[WIRE_EV_HELLO] = on_hello,
	[WIRE_EV_LOADED] = on_loaded,
	[WIRE_EV_SLOT] = on_slot,
	[WIRE_EV_PROC] = on_proc,
	[WIRE_EV_REFUSED] = on_refused,
	[WIRE_EV_PARK] = on_park,
	[WIRE_EV_LISTED] = on_listed,
	[WIRE_EV_PING] = on_ping,
	[WIRE_EV_BUS] = on_bus,
	[WIRE_EV_STOP] = on_stop,
	[WIRE_EV_START] = on_start,
};

int intake_event(struct shell *s, struct broker_message *m)
{
	uint32_t type = m->event.type;

	if (type >= WIRE_EVENT_COUNT || !handlers[type]) {
		return -EBADMSG;
	}
	if (!s->hello_seen && type != WIRE_EV_HELLO) {
		return -EPROTO;
	}
	return handlers[type](s, m);
}
