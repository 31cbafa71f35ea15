// SPDX-License-Identifier: MIT
/*
 * Mounts and swaps as the engine sees them: the commands are a oneshot service's that stays up,
 * and whether it is up is the kernel's word, which is asked before every event. What comes and
 * goes without the unit's doing are the events APPEARED and VANISHED.
 */
#include "engine_class.h"

/* While everything is stopped nothing comes up again, and what cannot be taken away is left. */
static void ask(struct engine *e, struct unit *u)
{
	u->service.mounted = u->is_service && u->def && u->def->mount.n && !e->shutting_down &&
			     e->host.mounted &&
			     e->host.mounted(e->host.context, u->def->mount.items);
}

static void tell(struct engine *e, struct unit *u, enum service_event_type type, usec_t now)
{
	struct service_event event = { .type = type };

	engine_step(e, u, &event, now);
}

static void follow(struct engine *e, struct unit *u, usec_t now)
{
	ask(e, u);
	if (u->is_service && e->listed && !e->shutting_down) {
		tell(e, u, u->service.mounted ? EV_APPEARED : EV_VANISHED, now);
	}
}

static void mount_start(struct engine *e, struct unit *u, usec_t now)
{
	ask(e, u);
	if (u->service.mounted) {
		tell(e, u, EV_APPEARED, now); /* never twice */
	}
	if (u->active != ACTIVE_ACTIVE) {
		unit_class_service.start(e, u, now);
	}
}

static void mount_stop(struct engine *e, struct unit *u, usec_t now)
{
	ask(e, u);
	unit_class_service.stop(e, u, now);
}

static void mount_record(struct engine *e, struct unit *u, const struct wire_proc *p, usec_t now)
{
	ask(e, u);
	unit_class_service.record(e, u, p, now);
	follow(e, u, now);
}

static void mount_slot(struct engine *e, struct unit *u, uint32_t old, usec_t now)
{
	ask(e, u);
	unit_class_service.slot(e, u, old, now);
	follow(e, u, now);
}

static void mount_released(struct engine *e, struct unit *u, usec_t now)
{
	unit_class_service.released(e, u, now);
	follow(e, u, now);
}

static void mount_adopt(
	struct engine *e, struct unit *u, const struct service_adoption *facts, usec_t now)
{
	ask(e, u);
	unit_class_service.adopt(e, u, facts, now);
}

static const char *mount_sub_state(const struct unit *u)
{
	static const char *const mounts[SERVICE_STATE_COUNT] = {
		[SERVICE_START] = "mounting",
		[SERVICE_START_POST] = "mounting-done",
		[SERVICE_EXITED] = "mounted",
		[SERVICE_RELOAD] = "remounting",
		[SERVICE_STOP] = "unmounting",
		[SERVICE_STOP_SIGTERM] = "unmounting-sigterm",
		[SERVICE_STOP_SIGKILL] = "unmounting-sigkill",
		[SERVICE_FINAL_SIGTERM] = "unmounting-sigterm",
		[SERVICE_FINAL_SIGKILL] = "unmounting-sigkill",
	};
	static const char *const swaps[SERVICE_STATE_COUNT] = {
		[SERVICE_START] = "activating",
		[SERVICE_START_POST] = "activating-done",
		[SERVICE_EXITED] = "active",
		[SERVICE_STOP] = "deactivating",
		[SERVICE_STOP_SIGTERM] = "deactivating-sigterm",
		[SERVICE_STOP_SIGKILL] = "deactivating-sigkill",
		[SERVICE_FINAL_SIGTERM] = "deactivating-sigterm",
		[SERVICE_FINAL_SIGKILL] = "deactivating-sigkill",
	};
	const char *name = (u->type == UNIT_SWAP ? swaps : mounts)[u->service.state];

	return name ? name : service_state_to_string(u->service.state);
}

static void mount_define(struct engine *e, struct unit *u)
{
	unit_class_service.define(e, u);
}

static void mount_reload(struct engine *e, struct unit *u, usec_t now)
{
	ask(e, u);
	unit_class_service.reload(e, u, now);
}

static bool mount_can_reload(const struct unit *u)
{
	return unit_class_service.can_reload(u);
}

static void mount_refused(
	struct engine *e, struct unit *u, const struct wire_refused *r, usec_t now)
{
	ask(e, u);
	unit_class_service.refused(e, u, r, now);
}

static void mount_reset_failed(struct engine *e, struct unit *u, usec_t now)
{
	unit_class_service.reset_failed(e, u, now);
}

static usec_t mount_deadline(const struct unit *u)
{
	return unit_class_service.deadline(u);
}

static void mount_expired(struct engine *e, struct unit *u, usec_t now)
{
	ask(e, u);
	unit_class_service.expired(e, u, now);
}

static bool mount_releasing(const struct unit *u)
{
	return unit_class_service.releasing(u);
}

static bool mount_keeps_note(const struct unit *u)
{
	return unit_class_service.keeps_note(u);
}

static void mount_to_note(const struct unit *u, struct note *note)
{
	unit_class_service.to_note(u, note);
}

const struct unit_class unit_class_mount = {
	.define = mount_define,
	.start = mount_start,
	.stop = mount_stop,
	.reload = mount_reload,
	.can_reload = mount_can_reload,
	.record = mount_record,
	.slot = mount_slot,
	.released = mount_released,
	.refused = mount_refused,
	.reset_failed = mount_reset_failed,
	.deadline = mount_deadline,
	.expired = mount_expired,
	.releasing = mount_releasing,
	.keeps_note = mount_keeps_note,
	.to_note = mount_to_note,
	.adopt = mount_adopt,
	.sub_state = mount_sub_state,
};

int engine_mounts_changed(struct engine *e, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units && e->error == 0; i++) {
		if (e->units[i]->type == UNIT_MOUNT || e->units[i]->type == UNIT_SWAP) {
			follow(e, e->units[i], now);
		}
	}
	return engine_settle(e, now);
}
