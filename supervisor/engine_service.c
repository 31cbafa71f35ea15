// SPDX-License-Identifier: MIT
/* Services as the engine sees them: its calls become events of the machine in service.c. */
#include "engine_class.h"

static void class_define(struct engine *e __attribute__((unused)), struct unit *u)
{
	const struct manifest_unit *def = u->def;
	struct service_def sd;

	if (!def || def->service.n != 1) {
		u->is_service = false;
		return;
	}
	sd = (struct service_def) { u->catalogue, u->def_index, def, def->service.items };
	if (u->is_service) {
		u->service.def = sd;
	} else {
		service_init(&u->service, &sd);
		u->is_service = true;
	}
}

static void class_start(struct engine *e, struct unit *u, usec_t now)
{
	struct service_event event = { .type = EV_START,
		.automatic = u->job && (u->job->flags & JOB_AUTOMATIC) };

	engine_step(e, u, &event, now);
}

static void simple_step(struct engine *e, struct unit *u, enum service_event_type type, usec_t now)
{
	struct service_event event = { .type = type };

	engine_step(e, u, &event, now);
}

static void class_stop(struct engine *e, struct unit *u, usec_t now)
{
	simple_step(e, u, EV_STOP, now);
}

static void class_reload(struct engine *e, struct unit *u, usec_t now)
{
	simple_step(e, u, EV_RELOAD, now);
}

static bool class_can_reload(const struct unit *u)
{
	const struct manifest_command *c = u->def ? u->def->commands.items : NULL;

	if (u->service.def.service->type == SERVICE_NOTIFY_RELOAD) {
		return true;
	}
	for (uint32_t i = 0; c && i < u->def->commands.n; i++) {
		if (c[i].phase == PHASE_RELOAD) {
			return true;
		}
	}
	return false;
}

static bool class_start_again(const struct unit *u)
{
	return u->service.state == SERVICE_AUTO_RESTART;
}

/* phase and kind of a record -> event; SERVICE_EVENT_COUNT: nothing to tell. */
enum service_event_type engine_event_of(const struct wire_proc *p)
{
	static const uint8_t events[ENTRY_KIND_COUNT][WIRE_PHASE_COUNT] = {
		[ENTRY_MAIN] = { [WIRE_PHASE_STARTED] = EV_MAIN_STARTED + 1,
			[WIRE_PHASE_RUNNING] = EV_MAIN_EXECED + 1,
			[WIRE_PHASE_FAILED] = EV_MAIN_FAILED + 1,
			[WIRE_PHASE_EXITED] = EV_MAIN_EXITED + 1 },
		[ENTRY_CONTROL] = { [WIRE_PHASE_FAILED] = EV_CONTROL_FAILED + 1,
			[WIRE_PHASE_EXITED] = EV_CONTROL_EXITED + 1 },
		[ENTRY_WORK] = { [WIRE_PHASE_FAILED] = EV_WORK_FAILED + 1,
			[WIRE_PHASE_EXITED] = EV_WORK_EXITED + 1 },
	};
	uint32_t v = p->kind < ENTRY_KIND_COUNT && p->phase < WIRE_PHASE_COUNT
			     ? events[p->kind][p->phase]
			     : 0;

	return v ? (enum service_event_type)(v - 1) : SERVICE_EVENT_COUNT;
}

static void class_record(struct engine *e, struct unit *u, const struct wire_proc *p, usec_t now)
{
	struct service_event event = { .type = engine_event_of(p), .proc = p };

	engine_step(e, u, &event, now);
}

/*
 * The slot's last state says that nothing lives. It may be older than a RUN that is on its way, so
 * it counts only when no place is taken: the record that frees a place is never sent before the
 * slot's state that goes with it.
 */
static void check_empty(struct engine *e, struct unit *u, usec_t now)
{
	const struct service *s = &u->service;

	if (!s->populated || (u->slot_flags & WIRE_SLOT_POPULATED)) {
		return;
	}
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		if (s->places[i].phase != PLACE_FREE) {
			return;
		}
	}
	simple_step(e, u, EV_EMPTY, now);
}

static void class_slot(
	struct engine *e, struct unit *u, uint32_t old __attribute__((unused)), usec_t now)
{
	bool killed = u->n_oom != u->oom_told && (u->slot_flags & WIRE_SLOT_OOM);

	u->oom_told = u->n_oom;
	if (killed) {
		simple_step(e, u, EV_OOM, now);
	}
	check_empty(e, u, now);
}

static void class_released(struct engine *e, struct unit *u, usec_t now)
{
	if (u->service.releasing) {
		simple_step(e, u, EV_RELEASED, now);
	}
}

static void class_refused(
	struct engine *e, struct unit *u, const struct wire_refused *r, usec_t now)
{
	struct service_event event = { .type = EV_REFUSED, .refused = r };

	engine_step(e, u, &event, now);
}

static void class_reset_failed(struct engine *e, struct unit *u, usec_t now)
{
	u->cooldown_us = USEC_INFINITY;
	simple_step(e, u, EV_RESET_FAILED, now);
}

static usec_t class_deadline(const struct unit *u)
{
	return u->service.deadline_us < u->service.watchdog_deadline_us
		       ? u->service.deadline_us
		       : u->service.watchdog_deadline_us;
}

static void class_expired(struct engine *e, struct unit *u, usec_t now)
{
	if (u->service.deadline_us <= now) {
		u->service.deadline_us = USEC_INFINITY;
		simple_step(e, u, EV_TIMEOUT, now);
	}
	if (u->service.watchdog_deadline_us <= now) {
		u->service.watchdog_deadline_us = USEC_INFINITY;
		if (u->slot_flags & WIRE_SLOT_FREEZE) { /* it cannot answer */
			u->service.watchdog_deadline_us =
				usec_add(now, service_watchdog_us(&u->service));
			return;
		}
		simple_step(e, u, EV_WATCHDOG, now);
	}
}

static bool class_releasing(const struct unit *u)
{
	return u->service.releasing;
}

static bool class_keeps_note(const struct unit *u)
{
	return u->service.has_slot || u->service.main_code;
}

static void class_note(const struct unit *u, struct note *note)
{
	service_to_note(&u->service, note);
}

static void class_adopt(
	struct engine *e, struct unit *u, const struct service_adoption *facts, usec_t now)
{
	struct service_event event = { .type = EV_ADOPT, .adoption = facts };

	if (facts->note && !facts->safe_mode) {
		unit_set_active(e, u, (enum unit_active_state)facts->note->active);
	}
	engine_step(e, u, &event, now);
	/* Killed just before supd was: where it makes no difference it is not told twice. */
	if (facts->note && (u->slot_flags & WIRE_SLOT_OOM) && u->service.result == RESULT_SUCCESS &&
		u->service.def.service->oom_policy != OOM_POLICY_CONTINUE) {
		simple_step(e, u, EV_OOM, now);
	}
	unit_set_active(e, u, service_active_state(&u->service));
}

static const char *class_sub_state(const struct unit *u)
{
	return service_is_crash_looping(&u->service) ? "crash-looping"
						     : service_state_to_string(u->service.state);
}

const struct unit_class unit_class_service = {
	.define = class_define,
	.start = class_start,
	.stop = class_stop,
	.reload = class_reload,
	.can_reload = class_can_reload,
	.start_again = class_start_again,
	.record = class_record,
	.slot = class_slot,
	.released = class_released,
	.refused = class_refused,
	.reset_failed = class_reset_failed,
	.deadline = class_deadline,
	.expired = class_expired,
	.releasing = class_releasing,
	.keeps_note = class_keeps_note,
	.to_note = class_note,
	.adopt = class_adopt,
	.sub_state = class_sub_state,
};
