// SPDX-License-Identifier: MIT
#include "apply.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "../runtime/base/cleanup.h"
#include "machine.h"
#include "shell.h"
#include "unitlog.h"

/* The request that an effect is, apart from its note. */
static void fill_request(const struct effect *e, uint32_t type, struct wire_request *q)
{
	*q = (struct wire_request) {
		.type = type,
		.slot = e->slot,
		/* A release without a CLEAN entry names no catalogue. */
		.catalogue = type == WIRE_RELEASE && e->entry == CATALOGUE_NONE ? CATALOGUE_NONE
										: e->catalogue,
		.entry = e->entry,
		.kind = type == WIRE_SIGNAL ? e->target : e->kind,
		.number = e->number,
		.run_id = e->run_id,
		.cookie = e->cookie,
		.params = e->params,
		.cause = e->cause,
		.instance = type == WIRE_RUN || type == WIRE_NOTE ? e->instance : 0,
		.note_size = e->note_size,
	};
	if (e->note_size <= LIMIT_NOTE) {
		memcpy(q->note, e->note, e->note_size);
	}
}

static int request(struct shell *s, const struct effect *e, uint32_t type)
{
	struct wire_request q;
	int r;

	fill_request(e, type, &q);
	if (type == WIRE_RUN && !s->ready && !s->hello.times.ready_us) {
		q.params.flags |= WIRE_RUN_STARTUP;
	}
	r = broker_send(&s->broker, &q);
	if (r == -EBADMSG) {
		unitlog_plain(s, LOG_ERR, "request %u for slot %u is malformed; not sent",
			(unsigned)type, (unsigned)e->slot);
		return 0;
	}
	return r;
}

static int set_main(struct shell *s, const struct effect *e)
{
	const struct unit *u = engine_unit(s->engine, e->unit);
	const char *cgroup = u ? shell_unit_cgroup(u) : NULL;
	pid_t pid = 0;

	if (e->number > 0) {
		return request(s, e, WIRE_MAIN);
	}
	if (cgroup) {
		pid = cgroup_guess_main(&s->cgroup, cgroup, u->service.places[ENTRY_CONTROL].pid);
	}
	return engine_guessed(s->engine, e->unit, (int32_t)pid, now_us());
}

static int drop(struct shell *s, const struct effect *e)
{
	int r = request(s, e, WIRE_DROP);

	catalogues_drop(&s->catalogues, e->catalogue);
	return r;
}

static int all_stopped(struct shell *s)
{
	struct wire_request q = {
		.type = WIRE_POWER,
		.kind = s->stop.power,
		.params = { .exit_status = s->stop.status },
	};

	return s->stopping ? broker_send(&s->broker, &q) : 0;
}

static int booted(struct shell *s)
{
	struct wire_request q = { .type = WIRE_PONG, .params = { .flags = 1 } };

	s->ready = true;
	s->ready_us = s->hello.times.ready_us ? s->hello.times.ready_us : now_us();
	if (!s->hello.times.ready_us) {
		unitlog_booted(s);
	}
	return engine_started(s->engine, now_us()) < 0 ? -ENOMEM : broker_send(&s->broker, &q);
}

static int stamp(struct shell *s, const struct effect *e)
{
	const struct unit *u = engine_unit(s->engine, e->unit);

	return u ? clockwatch_stamp(&s->clock, u->name, e->cookie) : 0;
}

static int load(struct shell *s)
{
	uint64_t cookie;

	return shell_load(s, false, &cookie);
}

static void use_of(struct shell *s, const struct effect *e,
	void (*what)(struct shell *s, const struct unit *u))
{
	const struct unit *u = engine_unit(s->engine, e->unit);

	if (u) {
		what(s, u);
	}
}

int apply_effect(struct shell *s, const struct effect *e)
{
	switch (e->type) {
	case EFFECT_RUN:
		if (e->kind == ENTRY_MAIN) {
			use_of(s, e, usage_begin);
		}
		return request(s, e, WIRE_RUN);
	case EFFECT_SIGNAL:
		return request(s, e, WIRE_SIGNAL);
	case EFFECT_KILL_ALL:
		use_of(s, e, usage_look);
		return request(s, e, WIRE_KILL_ALL);
	case EFFECT_FREEZE:
		return request(s, e, WIRE_FREEZE);
	case EFFECT_THAW:
		return request(s, e, WIRE_THAW);
	case EFFECT_FORGET:
		return request(s, e, WIRE_FORGET);
	case EFFECT_RELEASE:
		use_of(s, e, usage_end);
		return request(s, e, WIRE_RELEASE);
	case EFFECT_WATCH:
		return request(s, e, WIRE_WATCH);
	case EFFECT_NOTE:
		return request(s, e, WIRE_NOTE);
	case EFFECT_MAIN:
		return set_main(s, e);
	case EFFECT_LOAD:
		return load(s);
	case EFFECT_DROP:
		return drop(s, e);
	case EFFECT_STATE:
		bus_unit_changed(&s->bus, e->unit);
		return busnames_unit(&s->busnames, e->unit);
	case EFFECT_UNIT_CHANGED:
		bus_unit_changed(&s->bus, e->unit);
		return 0;
	case EFFECT_JOB_NEW:
		bus_job_new(&s->bus, e->job, e->unit);
		return 0;
	case EFFECT_JOB_REMOVED:
		bus_job_removed(&s->bus, e->job, e->unit, (enum job_result)e->job_result);
		return machine_job_removed(s, e);
	case EFFECT_LOG:
		unitlog_effect(s, e);
		return 0;
	case EFFECT_ALL_STOPPED:
		return all_stopped(s);
	case EFFECT_BOOTED:
		return booted(s);
	case EFFECT_STAMP:
		return stamp(s, e);
	case EFFECT_EMERGENCY:
		return machine_action(s, e);
	case EFFECT_AUTO_RESTART:
	case EFFECT_RELOAD_DONE:
	case EFFECT_TRIGGER:
	case EFFECT_TYPE_COUNT:
		return 0;
	}
	return 0;
}
