// SPDX-License-Identifier: MIT
/*
 * What a kind of unit does with what happens to it: one row per unit type. The engine knows jobs,
 * dependencies, slots and notes; everything else about a socket, a timer or a mount is behind
 * these calls. A call must not call back into a public engine function; it changes the unit's
 * state by engine_changed(), asks for other units by engine_want(), and pushes effects.
 *
 * NULL stands for "nothing to do" (sub_state and the three job calls are never NULL). The unit's
 * places are u->service.places, whatever its type: the engine's own check of conditions takes the
 * worker's place of every kind of unit.
 */
#pragma once

#include "engine_internal.h"

struct unit_class {
	/* The definition is new or another one: u->def; NULL when it is gone. */
	void (*define)(struct engine *e, struct unit *u);
	/* A job runs; its conditions are good. Changes the state or finishes the job. */
	void (*start)(struct engine *e, struct unit *u, usec_t now);
	void (*stop)(struct engine *e, struct unit *u, usec_t now);
	void (*reload)(struct engine *e, struct unit *u, usec_t now); /* the unit is active */
	bool (*can_reload)(const struct unit *u);
	/* A start may begin although the unit is not down (auto-restart). */
	bool (*start_again)(const struct unit *u);
	/* A record of one of its places: acts on it and answers with FORGET. */
	void (*record)(struct engine *e, struct unit *u, const struct wire_proc *p, usec_t now);
	/* The slot's flags have changed from old, or a place has become free. */
	void (*slot)(struct engine *e, struct unit *u, uint32_t old, usec_t now);
	/* RELEASE is through. */
	void (*released)(struct engine *e, struct unit *u, usec_t now);
	void (*refused)(struct engine *e, struct unit *u, const struct wire_refused *r, usec_t now);
	void (*reset_failed)(struct engine *e, struct unit *u, usec_t now);
	/* The least time that it waits for; USEC_INFINITY: none. Then expired() is called. */
	usec_t (*deadline)(const struct unit *u);
	void (*expired)(struct engine *e, struct unit *u, usec_t now);
	/* A unit that this one triggers (DEP_TRIGGERS) has changed its active state. */
	void (*triggered)(struct engine *e, struct unit *u, struct unit *other, usec_t now);
	/* RELEASE was asked for and is not through: no new definition, no start meanwhile. */
	bool (*releasing)(const struct unit *u);
	/* The slot is needed though the unit is inactive and has no job. */
	bool (*keeps_note)(const struct unit *u);
	/* Its part of the note, and its state from it. adopt() sets u->active at the end. */
	void (*to_note)(const struct unit *u, struct note *note);
	/* Every unit is adopted: what of the others means something for this one. */
	void (*settled)(struct engine *e, struct unit *u, usec_t now);
	void (*adopt)(
		struct engine *e, struct unit *u, const struct service_adoption *facts, usec_t now);
	const char *(*sub_state)(const struct unit *u);
	/* What define() has allocated. */
	void (*fini)(struct unit *u);
};

/* By type; never NULL. */
const struct unit_class *unit_class(const struct unit *u);

extern const struct unit_class unit_class_service; /* engine_service.c */
extern const struct unit_class unit_class_device;  /* engine_device.c */
extern const struct unit_class unit_class_mount;   /* engine_mount.c: mounts and swaps */
extern const struct unit_class unit_class_socket;  /* engine_trigger.c */
extern const struct unit_class unit_class_path;
extern const struct unit_class unit_class_timer; /* engine_timerunit.c */
extern const struct unit_class unit_class_plain; /* targets, slices: up or down at once */

/* A record that nobody has a use for: the place is free, FORGET is sent. */
void unit_forget(struct engine *e, struct unit *u, const struct wire_proc *p);
/* For adoption: the active state without any of engine_changed()'s consequences. */
void unit_set_active(struct engine *e, struct unit *u, enum unit_active_state active);
/* An instance of a template that connections number gets its number, socket and definition. */
void engine_know_instance(struct engine *e, struct unit *u);
/* The main process of a connection's instance has taken the connection, or never will. */
void engine_accepted(struct engine *e, struct unit *u, usec_t now);
/* EV_RELOADED for whatever type waits for it. */
void engine_reloaded(
	struct engine *e, struct unit *u, const struct service_event *event, usec_t now);
