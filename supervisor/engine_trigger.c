// SPDX-License-Identifier: MIT
/* Sockets and paths as the engine sees them, and the numbered instances that connections are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "engine_class.h"

/* ---- what is triggered ---- */

static struct unit *target_of(struct engine *e, const struct unit *u)
{
	uint32_t n;
	const struct graph_edge *x = graph_edges(&e->graph, u->index, REL_TRIGGERS, &n);

	return n ? e->units[x[0].unit] : NULL;
}

static bool is_accepting(const struct unit *u)
{
	const struct manifest_socket *m = u->def ? u->def->socket.items : NULL;

	return m && m->accept;
}

/* Down, and neither about to start nor waiting for its own restart. */
static bool is_at_rest(const struct unit *other)
{
	bool restarting = other->is_service &&
			  (other->service.state == SERVICE_DEAD_BEFORE_AUTO_RESTART ||
				  other->service.state == SERVICE_FAILED_BEFORE_AUTO_RESTART ||
				  other->service.state == SERVICE_AUTO_RESTART);
	bool starting =
		other->job && (other->job->type == JOB_START || other->job->type == JOB_RESTART);

	return unit_is_down(other) && !restarting && !starting;
}

static uint32_t max_connections(const struct unit *u)
{
	return ((const struct manifest_socket *)u->def->socket.items)->max_connections;
}

/* "web@.service" and 7: the unit, NULL when there is none yet. */
static struct unit *find_instance(
	struct engine *e, const struct unit *template, uint32_t number, char *name)
{
	char digits[24];

	number_format_u64(digits, number);
	if (unit_name_instance(template->name, digits, name) < 0) {
		return NULL;
	}
	uint32_t index = graph_find(&e->graph, name);

	return index == GRAPH_NONE ? NULL : e->units[index];
}

static void count_connections(struct engine *e, struct unit *u)
{
	const struct unit *template = target_of(e, u);
	char name[LIMIT_UNIT_NAME];

	u->socket->n_connections = 0;
	for (uint32_t i = 1; template && i <= u->socket->top_instance; i++) {
		const struct unit *other = find_instance(e, template, i, name);

		u->socket->n_connections += other && !is_at_rest(other);
	}
}

/* The lowest number that is free; those that have failed are used last. 0: none. */
static uint32_t free_number(struct engine *e, struct unit *u, const struct unit *template)
{
	char name[LIMIT_UNIT_NAME];
	uint32_t failed = 0;

	for (uint32_t i = 1; i <= max_connections(u); i++) {
		const struct unit *other = find_instance(e, template, i, name);

		if (!other || (is_at_rest(other) && !unit_is_releasing(other) &&
				      other->active != ACTIVE_FAILED)) {
			return i;
		}
		failed = failed || !is_at_rest(other) || unit_is_releasing(other) ? failed : i;
	}
	return failed;
}

void engine_know_instance(struct engine *e, struct unit *u)
{
	char template_name[LIMIT_UNIT_NAME];
	struct unit_name_parts parts;
	const struct unit *template;
	uint32_t number, index, n;
	char digits[12];

	if (!u->is_instance || u->type != UNIT_SERVICE ||
		unit_name_template(u->name, template_name) < 0 ||
		unit_name_split(u->name, &parts) < 0 || parts.instance_len >= sizeof(digits)) {
		return;
	}
	memcpy(digits, u->name + parts.instance, parts.instance_len);
	digits[parts.instance_len] = '\0';
	index = graph_find(&e->graph, template_name);
	if (index == GRAPH_NONE || number_parse_u32(digits, &number) < 0 || number == 0 ||
		number > LIMIT_CONNECTIONS || e->n_catalogues == 0) {
		return;
	}
	template = e->units[index];
	if (template->newest_index == ENGINE_NONE ||
		!(manifest_unit_at(engine_manifest(e), template->newest_index)->flags &
			UNIT_MANY)) {
		return;
	}
	u->instance = number;
	u->newest_index = template->newest_index;
	const struct graph_edge *x = graph_edges(&e->graph, index, REL_TRIGGERED_BY, &n);

	u->accepted_by = n ? x[0].unit : ENGINE_NONE;
	if (n && e->units[x[0].unit]->socket &&
		e->units[x[0].unit]->socket->top_instance < number) {
		e->units[x[0].unit]->socket->top_instance = number;
	}
}

static struct unit *make_instance(struct engine *e, struct unit *u)
{
	struct unit *template = target_of(e, u), *other = NULL;
	uint32_t number = template ? free_number(e, u, template) : 0;
	char name[LIMIT_UNIT_NAME];

	if (!number) {
		return NULL;
	}
	find_instance(e, template, number, name);
	if (engine_add_unit(e, name, &other) < 0) {
		e->error = -ENOMEM;
		return NULL;
	}
	other->accepted_by = u->index;
	if (u->socket->top_instance < number) {
		u->socket->top_instance = number;
	}
	engine_refresh(e, other);
	engine_link_instance(e, other);
	return other;
}

/* ---- steps ---- */

static void step_unit(
	struct engine *e, struct unit *u, const struct service_event *event, usec_t now);

static void step_with(
	struct engine *e, struct unit *u, enum service_event_type type, int number, usec_t now)
{
	struct service_event event = { .type = type, .number = number };

	step_unit(e, u, &event, now);
}

static void step_simple(struct engine *e, struct unit *u, enum service_event_type type, usec_t now)
{
	step_with(e, u, type, 0, now);
}

/* The unit, or a connection's instance, is to be started. */
static void trigger(struct engine *e, struct unit *u, usec_t now)
{
	bool accept = u->socket && is_accepting(u);
	struct unit *other = accept ? make_instance(e, u) : target_of(e, u);
	struct engine_error error = { 0 };
	struct engine_request r = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	uint32_t job;

	if (u->job && (u->job->type == JOB_STOP || u->job->type == JOB_RESTART)) {
		return; /* it is about to stop listening */
	}
	if (!other && accept && target_of(e, u)) {
		step_simple(e, u, EV_ACCEPTED, now); /* none is free: it waits for one */
		return;
	}
	if (other && !accept && !unit_is_down(other)) {
		return;
	}
	r.unit = other ? other->index : ENGINE_NONE;
	if (accept) {
		u->socket->accepting = r.unit;
	}
	if (!other || engine_request(e, &r, now, &job, &error) > 0) {
		engine_log(e, u, LOG_DEPENDENCY_FAILED, error.code);
		if (e->n_effects && other) {
			e->effects[e->n_effects - 1].text = strdup(error.text);
		}
		step_with(e, u, EV_TRIGGER_FAILED, RESULT_RESOURCES, now);
	} else if (u->path) {
		engine_caused(other, u);
	}
}

static void give_cookie(struct engine *e, struct unit *u, struct effect *x)
{
	if (x->type == EFFECT_RUN) {
		x->cookie = u->service.places[x->kind].cookie = ++e->last_cookie;
	} else if (x->type == EFFECT_WATCH) {
		x->cookie = ++e->last_cookie;
		*(u->socket ? &u->socket->machine.watch_cookie : &u->path->watch_cookie) =
			x->cookie;
	}
}

static void take_effects(struct engine *e, struct unit *u, struct effects *fx, usec_t now)
{
	for (uint32_t i = 0; i < fx->n && e->error == 0; i++) {
		struct effect *x = &fx->items[i];
		struct effect *out;

		if (x->type == EFFECT_STATE || x->type == EFFECT_TRIGGER) {
			continue;
		}
		give_cookie(e, u, x);
		out = engine_push(e, x->type, u);
		if (out) {
			u->release_asked |= x->type == EFFECT_RELEASE &&
					    !(x->params.flags & WIRE_RELEASE_KEEP_NOTE);
			x->unit = u->index;
			x->slot = u->slot;
			*out = *x;
		}
	}
	for (uint32_t i = 0; i < fx->n && e->error == 0; i++) {
		const struct effect *x = &fx->items[i];

		if (x->type == EFFECT_STATE) {
			enum unit_active_state active =
				u->socket ? socket_active_state((enum socket_state)x->state)
					  : pathunit_active_state((enum path_state)x->state);

			if (active == u->active) {
				engine_push(e, EFFECT_UNIT_CHANGED, u);
			}
			engine_changed(e, u, active, now);
		} else if (x->type == EFFECT_TRIGGER) {
			trigger(e, u, now);
		}
	}
}

static void step_unit(
	struct engine *e, struct unit *u, const struct service_event *event, usec_t now)
{
	AUTO_FREE struct effects *fx = malloc(sizeof(*fx));

	if (!fx) {
		e->error = -ENOMEM;
		return;
	}
	fx->n = 0;
	if (u->socket) {
		count_connections(e, u);
		u->socket->machine.n_connections = u->socket->n_connections;
		socket_step(&u->socket->machine, event, now, fx);
	} else {
		pathunit_step(u->path, event, now, fx);
	}
	take_effects(e, u, fx, now);
	engine_touch(e, u, fx->n > 0);
}

void engine_reloaded(
	struct engine *e, struct unit *u, const struct service_event *event, usec_t now)
{
	if (u->is_service) {
		engine_step(e, u, event, now);
	} else if (u->socket || u->path) {
		step_unit(e, u, event, now);
	}
}

/* ---- the classes ---- */

static void common_define(struct engine *e __attribute__((unused)), struct unit *u)
{
	const struct manifest_unit *def = u->def;
	bool socket = u->type == UNIT_SOCKET;
	struct service_def sd = { u->catalogue, u->def_index, def, NULL };

	if (!def || (socket ? def->socket.n != 1 || def->service.n != 1 : def->path.n != 1)) {
		return;
	}
	sd.service = socket ? def->service.items : NULL;
	if (u->socket || u->path) {
		u->service.def = sd;
		return;
	}
	service_init(&u->service, &sd);
	if (socket) {
		u->socket = calloc(1, sizeof(*u->socket));
	} else {
		u->path = calloc(1, sizeof(*u->path));
	}
	if (!u->socket && !u->path) {
		e->error = -ENOMEM;
	} else if (socket) {
		socket_init(&u->socket->machine, &u->service);
	} else {
		pathunit_init(u->path, &u->service);
	}
}

static void common_start(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit *other = u->socket && !is_accepting(u) ? target_of(e, u) : NULL;

	if (other && !unit_is_down(other)) {
		engine_log(e, u, LOG_TRIGGER_ACTIVE, 0);
		engine_finish(e, u, JOB_FAILED, now);
		return;
	}
	step_simple(e, u, EV_START, now);
}

static void common_stop(struct engine *e, struct unit *u, usec_t now)
{
	step_simple(e, u, EV_STOP, now);
}

static void common_reload(struct engine *e, struct unit *u, usec_t now)
{
	engine_finish(e, u, JOB_DONE, now);
}

static bool never_reloads(const struct unit *u __attribute__((unused)))
{
	return false;
}

static void common_record(struct engine *e, struct unit *u, const struct wire_proc *p, usec_t now)
{
	struct service_event event = { .type = engine_event_of(p), .proc = p };

	if (u->def && u->def->check_entry != CATALOGUE_NONE && p->kind == ENTRY_WORK &&
		p->entry == u->def->check_entry) {
		unit_forget(e, u, p); /* the conditions': the engine's own */
		return;
	}
	step_unit(e, u, &event, now);
}

static bool is_free(const struct unit *u)
{
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		if (u->service.places[i].phase != PLACE_FREE) {
			return false;
		}
	}
	return true;
}

static void common_slot(
	struct engine *e, struct unit *u, uint32_t old __attribute__((unused)), usec_t now)
{
	uint64_t cookie = u->socket ? u->socket->machine.watch_cookie : u->path->watch_cookie;

	if (u->service.populated && !(u->slot_flags & WIRE_SLOT_POPULATED) && is_free(u)) {
		step_simple(e, u, EV_EMPTY, now);
	}
	if ((u->slot_flags & WIRE_SLOT_READABLE) && u->watch_cookie == cookie) {
		step_simple(e, u, EV_READABLE, now);
	}
}

static void common_released(struct engine *e, struct unit *u, usec_t now)
{
	if (u->service.releasing) {
		step_simple(e, u, EV_RELEASED, now);
	}
	u->service.has_slot = false;
}

static void common_refused(
	struct engine *e, struct unit *u, const struct wire_refused *r, usec_t now)
{
	struct service_event event = { .type = EV_REFUSED, .refused = r };

	step_unit(e, u, &event, now);
}

static void common_reset_failed(struct engine *e, struct unit *u, usec_t now)
{
	step_simple(e, u, EV_RESET_FAILED, now);
}

static usec_t common_deadline(const struct unit *u)
{
	return u->service.deadline_us;
}

static void common_expired(struct engine *e, struct unit *u, usec_t now)
{
	u->service.deadline_us = USEC_INFINITY;
	step_simple(e, u, EV_TIMEOUT, now);
}

/* Who waits at an automount waits for the mount itself. */
static bool counts_as_up(const struct unit *u, const struct unit *other)
{
	return u->type == UNIT_AUTOMOUNT ? other->active == ACTIVE_ACTIVE : !unit_is_down(other);
}

static void common_triggered(struct engine *e, struct unit *u, struct unit *other, usec_t now)
{
	bool limit = other->is_service && other->service.result == RESULT_START_LIMIT_HIT &&
		     other->active == ACTIVE_FAILED;

	if (!e->listed || other->type == UNIT_SOCKET || other->type == UNIT_PATH) {
		return;
	}
	if (limit && !is_accepting(u)) {
		step_with(e, u, EV_TRIGGER_FAILED,
			u->socket ? RESULT_SERVICE_START_LIMIT_HIT : RESULT_UNIT_START_LIMIT_HIT,
			now);
	} else if (is_at_rest(other)) {
		step_simple(e, u, EV_TRIGGER_DOWN, now);
	} else if (counts_as_up(u, other)) {
		step_simple(e, u, EV_TRIGGER_UP, now);
	}
}

void engine_accepted(struct engine *e, struct unit *u, usec_t now)
{
	struct unit *socket = unit_at(e, u->accepted_by);

	/* The end of another connection says nothing about the one that waits. */
	if (socket && socket->socket && socket->socket->accepting == u->index) {
		socket->socket->accepting = ENGINE_NONE;
		step_simple(e, socket, EV_ACCEPTED, now);
	}
}

/* After adoption: is the unit that it had triggered still up? If its start was lost, again. */
static void common_settled(struct engine *e, struct unit *u, usec_t now)
{
	struct unit *other = target_of(e, u);
	bool running = u->socket ? u->socket->machine.state == SOCKET_RUNNING
				 : u->path->state == PATH_RUNNING;
	bool triggering = u->path && u->path->triggering;

	if (u->socket && is_accepting(u)) {
		step_simple(e, u, EV_TRIGGER_DOWN, now);
	} else if (other && !is_at_rest(other)) {
		if (counts_as_up(u, other)) {
			step_simple(e, u, EV_TRIGGER_UP, now);
		}
	} else if (other && running && triggering) {
		trigger(e, u, now);
	} else if (other && running) {
		step_simple(e, u, EV_TRIGGER_DOWN, now);
	}
}

static bool common_releasing(const struct unit *u)
{
	return u->service.releasing;
}

static bool socket_keeps_note(const struct unit *u)
{
	return u->service.has_slot;
}

static bool path_keeps_note(const struct unit *u)
{
	return !is_free(u);
}

static void common_note(const struct unit *u, struct note *note)
{
	if (u->socket) {
		socket_to_note(&u->socket->machine, note);
	} else {
		pathunit_to_note(u->path, note);
	}
}

static void common_adopt(
	struct engine *e, struct unit *u, const struct service_adoption *facts, usec_t now)
{
	struct service_event event = { .type = EV_ADOPT, .adoption = facts };

	if (facts->note && !facts->safe_mode) {
		unit_set_active(e, u, (enum unit_active_state)facts->note->active);
	}
	step_unit(e, u, &event, now);
	unit_set_active(e, u,
		u->socket ? socket_active_state(u->socket->machine.state)
			  : pathunit_active_state(u->path->state));
}

static const char *common_sub_state(const struct unit *u)
{
	return u->socket ? socket_state_to_string(u->socket->machine.state)
			 : path_state_to_string(u->path->state);
}

static void common_fini(struct unit *u)
{
	free(u->socket);
	free(u->path);
}

#define COMMON                                                                                     \
	.define = common_define, .start = common_start, .stop = common_stop,                       \
	.reload = common_reload, .can_reload = never_reloads, .record = common_record,             \
	.slot = common_slot, .released = common_released, .refused = common_refused,               \
	.reset_failed = common_reset_failed, .deadline = common_deadline,                          \
	.expired = common_expired, .triggered = common_triggered, .settled = common_settled,       \
	.releasing = common_releasing, .to_note = common_note, .adopt = common_adopt,              \
	.sub_state = common_sub_state, .fini = common_fini

const struct unit_class unit_class_socket = { COMMON, .keeps_note = socket_keeps_note };
const struct unit_class unit_class_path = { COMMON, .keeps_note = path_keeps_note };
