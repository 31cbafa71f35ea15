// SPDX-License-Identifier: MIT
#include "engine_class.h"

#include "../runtime/base/unitname.h"

const struct unit_class *unit_class(const struct unit *u)
{
	static const struct unit_class *const classes[UNIT_TYPE_COUNT] = {
		[UNIT_SERVICE] = &unit_class_service,
		[UNIT_SOCKET] = &unit_class_socket,
		[UNIT_TARGET] = &unit_class_plain,
		[UNIT_SLICE] = &unit_class_plain,
		[UNIT_TIMER] = &unit_class_timer,
		[UNIT_PATH] = &unit_class_path,
		[UNIT_MOUNT] = &unit_class_mount,
		[UNIT_AUTOMOUNT] = &unit_class_path,
		[UNIT_SWAP] = &unit_class_mount,
		[UNIT_DEVICE] = &unit_class_device,
		[UNIT_SCOPE] = &unit_class_plain,
	};

	if (!u->is_service &&
		(u->type == UNIT_SERVICE || u->type == UNIT_MOUNT || u->type == UNIT_SWAP)) {
		return &unit_class_plain; /* not found, or its definition has gone */
	}
	if ((u->type == UNIT_SOCKET && !u->socket) ||
		((u->type == UNIT_PATH || u->type == UNIT_AUTOMOUNT) && !u->path)) {
		return &unit_class_plain; /* never defined */
	}
	return classes[u->type];
}

void unit_forget(struct engine *e, struct unit *u, const struct wire_proc *p)
{
	struct service_place *place = &u->service.places[p->kind];
	struct effect *x = engine_push(e, EFFECT_FORGET, u);

	*place = (struct service_place) { .forgotten = p->run_id };
	if (x) {
		x->kind = p->kind;
		x->run_id = p->run_id;
	}
}

void unit_set_active(struct engine *e, struct unit *u, enum unit_active_state active)
{
	e->by_active[u->active]--;
	e->by_active[active]++;
	u->active = active;
}

static void plain_start(struct engine *e, struct unit *u, usec_t now)
{
	engine_changed(e, u, ACTIVE_ACTIVE, now);
}

static void plain_stop(struct engine *e, struct unit *u, usec_t now)
{
	engine_changed(e, u, ACTIVE_INACTIVE, now);
}

static void plain_reload(struct engine *e, struct unit *u, usec_t now)
{
	engine_finish(e, u, JOB_DONE, now);
}

static bool plain_can_reload(const struct unit *u)
{
	return u->def != NULL;
}

static void plain_record(struct engine *e, struct unit *u, const struct wire_proc *p,
	usec_t now __attribute__((unused)))
{
	unit_forget(e, u, p);
}

static void plain_reset_failed(struct engine *e, struct unit *u, usec_t now)
{
	if (u->active == ACTIVE_FAILED) {
		engine_changed(e, u, ACTIVE_INACTIVE, now);
	}
}

static void plain_adopt(struct engine *e, struct unit *u, const struct service_adoption *facts,
	usec_t now __attribute__((unused)))
{
	const struct note *n = facts->note;

	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		u->service.places[i].phase =
			facts->procs[i]->phase == WIRE_PHASE_FREE ? PLACE_FREE : PLACE_LIVE;
	}
	if (n && u->def && (n->active == ACTIVE_ACTIVE || n->active == ACTIVE_FAILED)) {
		unit_set_active(e, u, (enum unit_active_state)n->active);
	}
}

static const char *plain_sub_state(const struct unit *u)
{
	return u->active == ACTIVE_ACTIVE   ? "active"
	       : u->active == ACTIVE_FAILED ? "failed"
					    : "dead";
}

const struct unit_class unit_class_plain = {
	.start = plain_start,
	.stop = plain_stop,
	.reload = plain_reload,
	.can_reload = plain_can_reload,
	.record = plain_record,
	.reset_failed = plain_reset_failed,
	.adopt = plain_adopt,
	.sub_state = plain_sub_state,
};
