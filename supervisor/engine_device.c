// SPDX-License-Identifier: MIT
/*
 * Devices as the engine sees them: whether one is there is the kernel's and udevd's word. A start
 * job waits until it is, or until JobRunningTimeoutSec=; when it goes, so does what is bound to it.
 * Nobody can stop a device; at the very end they count as stopped.
 */
#include "engine_class.h"

static bool is_plugged(const struct engine *e, const struct unit *u)
{
	return e->host.plugged && e->host.plugged(e->host.context, u->name);
}

static void device_start(struct engine *e, struct unit *u, usec_t now)
{
	if (is_plugged(e, u)) {
		engine_changed(e, u, ACTIVE_ACTIVE, now);
	}
}

static void device_stop(struct engine *e, struct unit *u, usec_t now)
{
	if (e->shutting_down) {
		engine_changed(e, u, ACTIVE_INACTIVE, now);
	} else {
		engine_finish(e, u, JOB_SKIPPED, now);
	}
}

static void device_reload(struct engine *e, struct unit *u, usec_t now)
{
	engine_finish(e, u, JOB_DONE, now);
}

static bool never_reloads(const struct unit *u __attribute__((unused)))
{
	return false;
}

static void follow(struct engine *e, struct unit *u, usec_t now)
{
	bool plugged = is_plugged(e, u);

	if (!e->listed || e->shutting_down || u->load_state != LOAD_LOADED ||
		plugged == (u->active == ACTIVE_ACTIVE)) {
		return;
	}
	engine_changed(e, u, plugged ? ACTIVE_ACTIVE : ACTIVE_INACTIVE, now);
}

static void device_record(struct engine *e, struct unit *u, const struct wire_proc *p,
	usec_t now __attribute__((unused)))
{
	unit_forget(e, u, p); /* the conditions' worker */
}

static void device_adopt(struct engine *e, struct unit *u, const struct service_adoption *facts,
	usec_t now __attribute__((unused)))
{
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		u->service.places[i].phase =
			facts->procs[i]->phase == WIRE_PHASE_FREE ? PLACE_FREE : PLACE_LIVE;
	}
	if (facts->note && u->def && facts->note->active == ACTIVE_ACTIVE) {
		unit_set_active(e, u, ACTIVE_ACTIVE); /* until settled() has asked */
	}
}

static const char *device_sub_state(const struct unit *u)
{
	return u->active == ACTIVE_ACTIVE ? "plugged" : "dead";
}

const struct unit_class unit_class_device = {
	.start = device_start,
	.stop = device_stop,
	.reload = device_reload,
	.can_reload = never_reloads,
	.record = device_record,
	.settled = follow,
	.adopt = device_adopt,
	.sub_state = device_sub_state,
};

int engine_devices_changed(struct engine *e, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units && e->error == 0; i++) {
		if (e->units[i]->type == UNIT_DEVICE) {
			follow(e, e->units[i], now);
		}
	}
	return engine_settle(e, now);
}
