// SPDX-License-Identifier: MIT
/*
 * The machine of a timer: timer_step(state, event) -> what to do. Pure: no clock, no zone file, no
 * stamp file; everything that it must know of the world is in struct timer_world.
 *
 * dead: not started. waiting: something is due. running: it elapsed and its unit was asked for;
 * until that unit is down again nothing is computed. elapsed: nothing is due any more, but it stays
 * up (RemainAfterElapse=, or the unit's next end makes it wait again). failed: its unit could not
 * be started.
 *
 * Times with _us are CLOCK_MONOTONIC, with _real_us CLOCK_REALTIME, in microseconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/base/enumtable.h"
#include "../runtime/base/timeutil.h"
#include "../runtime/base/zone.h"
#include "../runtime/plan/calendar.h"
#include "../runtime/plan/manifest.h"

enum timer_state {
	TIMER_DEAD,
	TIMER_WAITING,
	TIMER_RUNNING,
	TIMER_ELAPSED,
	TIMER_FAILED,
	TIMER_STATE_COUNT,
};
ENUM_DECLARE(timer_state, enum timer_state);

enum timer_event {
	TIMER_EV_START,
	TIMER_EV_STOP,
	TIMER_EV_DUE,     /* deadline_us has come */
	TIMER_EV_UNIT,    /* its unit has changed its state, or a start job of it has ended */
	TIMER_EV_REFUSED, /* its unit could not be asked for */
	TIMER_EV_CLOCK,   /* CLOCK_REALTIME was set */
	TIMER_EV_ZONE,    /* the local time zone was changed */
	TIMER_EV_RESET_FAILED,
	TIMER_EVENT_COUNT,
};

struct timer_world {
	usec_t now_us;
	usec_t real_us;
	usec_t boot_us;    /* where OnBootSec= counts from: 0, or supd's start in a container */
	usec_t startup_us; /* start of supd-init */
	usec_t active_us;  /* when the timer itself was started; 0: it is being started */
	bool unit_down;    /* its unit is inactive or failed, and nothing is about to start it */
	usec_t unit_active_us;   /* when the unit left inactive last; 0: never */
	usec_t unit_inactive_us; /* when it came back to it */
	usec_t stamp_real_us;    /* START with Persistent=: last time of the last life; 0: none */
	uint64_t random;         /* fresh at each call */
	uint64_t fixed_random;   /* of this unit on this machine */
	usec_t phase_us;         /* of the grid on which wake-ups are gathered; per machine */
	/* Zone of that name, "": the local one. NULL: UTC. */
	const struct zone *(*zone)(void *context, const char *name);
	void *context;
};

struct timer {
	const struct manifest_timer *def; /* NULL: gone */
	enum timer_state state;
	bool failed;         /* Result=resources */
	usec_t last_us;      /* when it elapsed last; 0: not since its start */
	usec_t last_real_us; /* the same; or from the stamp */
	usec_t computed_us;  /* when the times below were computed */
	usec_t random_us;    /* delay drawn for the next time; USEC_INFINITY: not yet */
	usec_t next_us;      /* least monotonic time; USEC_INFINITY: none */
	usec_t next_real_us; /* least calendar time */
	usec_t deadline_us;  /* when to wake up; USEC_INFINITY: not */
};

struct timer_result {
	bool changed; /* state is another one */
	bool trigger; /* start the unit */
	bool stamp;   /* write last_real_us to the stamp */
	bool future;  /* the stamp is in the future and does not count */
};

void timer_init(struct timer *t, const struct manifest_timer *def);
/* True when [state][event] does something. */
bool timer_pair_is_handled(enum timer_state state, enum timer_event event);
void timer_step(struct timer *t, enum timer_event event, const struct timer_world *w,
	struct timer_result *ret);
/* After adoption of state, last, computed and random: the times anew, what is spent stays spent. */
void timer_compute(struct timer *t, const struct timer_world *w);
/* The instant in [from, from + accuracy] at which other timers wake up too. */
usec_t timer_gather(usec_t from, usec_t accuracy, usec_t phase);
