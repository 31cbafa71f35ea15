// SPDX-License-Identifier: MIT
/*
 * Why a unit runs: the timer or path that has started it, which its note keeps too, and the service
 * whose OnFailure= or OnSuccess= it is. Its commands are told both: $TRIGGER_…, $MONITOR_….
 */
#include <string.h>

#include "engine_class.h"
#include "timer.h"

void engine_caused(struct unit *u, const struct unit *by)
{
	bool starts = u->job && (u->job->type == JOB_START || u->job->type == JOB_RESTART);

	if (!starts || (by->type != UNIT_TIMER && by->type != UNIT_PATH)) {
		return;
	}
	u->cause = (struct unit_cause) { .by = by->index + 1 };
	if (by->timer) {
		u->cause.real_us = by->timer->last_real_us;
		u->cause.us = by->timer->last_us;
	}
	if (by->path) {
		u->cause.line = by->path->good;
	}
}

/* Index of the unit in that catalogue, where manifest and plans count alike; ENGINE_NONE. */
static uint32_t index_in(
	const struct engine *e, const struct engine_catalogue *c, const struct unit *u)
{
	if (u->catalogue == c->number && u->def) {
		return u->def_index;
	}
	if (c == &e->catalogues[e->n_catalogues - 1]) {
		return u->newest_index;
	}
	for (uint32_t i = 0; i < c->manifest->units.n; i++) {
		if (c->map[i] == u->index) {
			return i;
		}
	}
	return ENGINE_NONE;
}

static void tell_trigger(struct engine *e, const struct engine_catalogue *c, const struct unit *u,
	struct wire_cause *ret)
{
	const struct unit *by = unit_at(e, u->cause.by - 1);
	uint32_t index = by ? index_in(e, c, by) : ENGINE_NONE;

	if (index == ENGINE_NONE) {
		return; /* it was not there yet when this definition was loaded */
	}
	const struct manifest_unit *def = manifest_unit_at(c->manifest, index);
	const struct manifest_path *path = def->path.n ? def->path.items : NULL;

	ret->trigger = index + 1;
	ret->trigger_real_us = u->cause.real_us;
	ret->trigger_us = u->cause.us;
	if (path && path->watch_entry != CATALOGUE_NONE && u->cause.line &&
		u->cause.line <= path->watches.n) {
		ret->trigger_entry = path->watch_entry + 1;
		ret->trigger_line = u->cause.line;
	}
}

/* The only service that has it in OnFailure= or OnSuccess=; of several nobody knows which. */
static const struct unit *monitored_by(const struct engine *e, const struct unit *u)
{
	static const enum graph_rel rels[] = { REL_ON_FAILURE_OF, REL_ON_SUCCESS_OF };
	const struct unit *found = NULL;

	for (size_t k = 0; k < sizeof(rels) / sizeof(rels[0]); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			const struct unit *other = e->units[x[i].unit];

			if (other->type != UNIT_SERVICE || !other->is_service) {
				continue;
			}
			if (found && found != other) {
				return NULL;
			}
			found = other;
		}
	}
	return found;
}

static void tell_monitor(struct engine *e, const struct engine_catalogue *c, const struct unit *u,
	struct wire_cause *ret)
{
	bool start = u->service.phase == PHASE_START || u->service.phase == PHASE_START_PRE;
	const struct unit *other = start ? monitored_by(e, u) : NULL;
	uint32_t index = other && other->inactive_enter_us ? index_in(e, c, other) : ENGINE_NONE;

	if (index == ENGINE_NONE) {
		return;
	}
	ret->monitor = index + 1;
	ret->monitor_instance = other->instance;
	ret->monitor_result = (uint8_t)other->service.result;
	ret->monitor_code = (uint8_t)other->service.main_code;
	ret->monitor_status = (uint8_t)other->service.main_status;
	memcpy(ret->monitor_invocation, other->invocation_id, sizeof(ret->monitor_invocation));
}

void engine_tell_cause(struct engine *e, struct unit *u, struct effect *run)
{
	const struct engine_catalogue *c = engine_catalogue_at(e, u->catalogue);

	if (!c || run->kind == ENTRY_WORK) {
		return;
	}
	if (u->cause.by) {
		tell_trigger(e, c, u, &run->cause);
	}
	tell_monitor(e, c, u, &run->cause);
}

/* ---- the note ---- */

/* What stands for a name among the few units that trigger another one; never 0. */
static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++) {
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	}
	return hash ? hash : 1;
}

void engine_cause_to_note(struct engine *e, const struct unit *u, struct note *n)
{
	const struct unit *by = u->cause.by ? unit_at(e, u->cause.by - 1) : NULL;

	if (by) {
		n->trigger = name_hash(by->name);
		n->trigger_line = u->cause.line;
		n->trigger_real_us = u->cause.real_us;
		n->trigger_us = u->cause.us;
	}
}

void engine_cause_adopt(struct engine *e, struct unit *u, const struct note *n)
{
	uint32_t k;
	const struct graph_edge *x = graph_edges(&e->graph, u->index, REL_TRIGGERED_BY, &k);

	for (uint32_t i = 0; n->trigger && i < k; i++) {
		const struct unit *by = e->units[x[i].unit];

		if (name_hash(by->name) == n->trigger) {
			u->cause = (struct unit_cause) { .by = by->index + 1,
				.line = n->trigger_line,
				.real_us = n->trigger_real_us,
				.us = n->trigger_us };
			return;
		}
	}
}
