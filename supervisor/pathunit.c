// SPDX-License-Identifier: MIT
#include "pathunit.h"

#include <string.h>

#include "../runtime/base/unitname.h"

#include "service_internal.h"

static const char *const path_state_table[] = {
	[PATH_DEAD] = "dead",
	[PATH_START] = "start",
	[PATH_WAITING] = "waiting",
	[PATH_RUNNING] = "running",
	[PATH_STOP] = "stop",
	[PATH_FAILED] = "failed",
};
ENUM_TABLE(path_state, enum path_state, PATH_STATE_COUNT)

enum unit_active_state pathunit_active_state(enum path_state state)
{
	static const uint8_t active[PATH_STATE_COUNT] = {
		[PATH_DEAD] = ACTIVE_INACTIVE,
		[PATH_START] = ACTIVE_ACTIVATING,
		[PATH_WAITING] = ACTIVE_ACTIVE,
		[PATH_RUNNING] = ACTIVE_ACTIVE,
		[PATH_STOP] = ACTIVE_DEACTIVATING,
		[PATH_FAILED] = ACTIVE_FAILED,
	};

	return (enum unit_active_state)active[state];
}

struct path_step {
	struct step st;
	struct pathunit *p;
};
typedef void path_fn(struct path_step *x);

static const struct manifest_path *def_of(const struct pathunit *p)
{
	return p->s->def.unit->path.items;
}

static bool is_automount(const struct pathunit *p)
{
	return p->s->def.unit->type == UNIT_AUTOMOUNT;
}

static void set_state(struct path_step *x, enum path_state state)
{
	struct effect *e = step_push(&x->st, EFFECT_STATE);

	e->old_state = x->p->state;
	e->state = state;
	x->p->state = state;
	x->p->watched = false;
	x->p->s->state_change_us = x->st.now;
	x->p->s->deadline_us = USEC_INFINITY;
}

static void fail(struct path_step *x, enum service_result result)
{
	service_record_result(x->p->s, result);
	x->p->triggering = x->p->looking = false;
	step_log(&x->st, LOG_FAILED, (int32_t)x->p->s->result);
	set_state(x, PATH_FAILED);
}

static void look(struct path_step *x, uint32_t flags)
{
	if (service_place_busy(x->p->s, ENTRY_WORK)) {
		x->p->again = flags; /* its end judges; an automount looks again */
		x->p->look_again = is_automount(x->p);
		return;
	}
	x->p->watched = x->p->look_again = false;
	step_run_entry(&x->st, ENTRY_WORK, def_of(x->p)->watch_entry, 0);
	x->st.out->items[x->st.out->n - 1].params.watch_state = x->p->there | flags;
}

static void path_on_start(struct path_step *x)
{
	struct service *s = x->p->s;

	s->result = RESULT_SUCCESS;
	memset(&s->failure, 0, sizeof(s->failure));
	s->new_invocation = true;
	x->p->there = x->p->good = 0;
	if (service_place_busy(s, ENTRY_WORK)) {
		fail(x, RESULT_RESOURCES); /* the worker of a former life is not through */
		return;
	}
	x->p->looking = false;
	set_state(x, PATH_START);
	look(x, WIRE_WATCH_FIRST);
}

static void trigger(struct path_step *x)
{
	const struct manifest_path *m = def_of(x->p);

	if (!rate_take(&x->p->trigger, m->trigger_interval_us, m->trigger_burst, x->st.now)) {
		step_log(&x->st, LOG_TRIGGER_LIMIT, 0);
		fail(x, RESULT_TRIGGER_LIMIT_HIT);
		return;
	}
	set_state(x, PATH_RUNNING);
	x->p->looking = false;
	x->p->triggering = true;
	step_push(&x->st, EFFECT_TRIGGER);
}

static void path_on_looked(struct path_step *x)
{
	uint32_t value = (uint32_t)x->st.event->proc->value;
	uint32_t good = value >> WIRE_WATCH_GOOD_SHIFT & 31;

	x->p->there = value & WIRE_WATCH_MASK;
	if (good) {
		x->p->good = good;
		trigger(x);
		return;
	}
	if (x->p->state != PATH_WAITING) {
		set_state(x, PATH_WAITING);
	}
	x->p->watched = true;
	step_push(&x->st, EFFECT_WATCH);
}

static void path_on_look_failed(struct path_step *x)
{
	if (x->st.event->type == EV_REFUSED) {
		if (x->st.event->refused->request == WIRE_WATCH && x->p->watched) {
			look(x, 0); /* a former supd-init had the watches */
		} else if (x->st.event->refused->request == WIRE_RUN) {
			fail(x, RESULT_RESOURCES);
		}
		return;
	}
	step_launch_failure(&x->st);
	fail(x, RESULT_RESOURCES);
}

/*
 * Each look is a process of ours, and who may write beside a path, or into a directory on the way
 * to it, can ask for them without end. What is not looked at now waits in the descriptor.
 */
static void path_on_readable(struct path_step *x)
{
	if (!x->p->watched) {
		return;
	}
	if (rate_take(&x->p->looks, LIMIT_PATH_LOOKS_US, LIMIT_PATH_LOOKS, x->st.now)) {
		look(x, 0);
	} else {
		x->p->s->deadline_us = x->p->looks.begin_us + LIMIT_PATH_LOOKS_US;
	}
}

/* TimeoutIdleSec=: asks twice at least, for only what was not used in between is unmounted. */
static void arm_idle(struct path_step *x)
{
	uint64_t idle = def_of(x->p)->idle_us;

	x->p->s->deadline_us = idle ? usec_add(x->st.now, idle) : USEC_INFINITY;
}

static void path_on_up(struct path_step *x)
{
	x->p->triggering = x->p->looking = false;
	if (x->p->state == PATH_WAITING) {
		set_state(x, PATH_RUNNING);
	}
	if (is_automount(x->p)) {
		arm_idle(x);
		look(x, 0); /* who waits goes on */
	}
}

static void path_on_idle(struct path_step *x)
{
	arm_idle(x);
	if (!service_place_busy(x->p->s, ENTRY_WORK)) {
		look(x, WIRE_WATCH_EXPIRE);
	}
}

/* What happened to the path while the unit was up is not a change that it has not seen. */
static void path_on_down(struct path_step *x)
{
	/* Who waits for a mount that has failed is told so; one that was unmounted comes again. */
	uint32_t flags = is_automount(x->p) && !x->p->triggering ? 0 : WIRE_WATCH_FRESH;

	x->p->triggering = false;
	x->p->looking = true;
	x->p->s->deadline_us = USEC_INFINITY;
	look(x, flags);
}

static void path_on_looked_again(struct path_step *x)
{
	if (x->p->look_again) {
		look(x, x->p->again);
	} else if (x->p->looking) {
		x->p->looking = false;
		path_on_looked(x);
	}
}

static void path_on_trigger_failed(struct path_step *x)
{
	fail(x, (enum service_result)x->st.event->number);
}

static void path_on_stop(struct path_step *x)
{
	x->p->triggering = x->p->looking = false;
	if (!is_automount(x->p)) {
		set_state(x, PATH_DEAD);
		return;
	}
	set_state(x, PATH_STOP);
	look(x, WIRE_WATCH_STOP);
}

/* The autofs mount is gone, or a look was still at work. */
static void path_on_stopped(struct path_step *x)
{
	if (x->p->look_again) {
		look(x, x->p->again);
		return;
	}
	set_state(x, PATH_DEAD);
}

static void path_on_reset_failed(struct path_step *x)
{
	x->p->s->result = RESULT_SUCCESS;
	memset(&x->p->s->failure, 0, sizeof(x->p->s->failure));
	x->p->trigger.count = 0;
	if (x->p->state == PATH_FAILED) {
		set_state(x, PATH_DEAD);
	}
}

static void path_on_adopt(struct path_step *x)
{
	const struct service_adoption *a = x->st.event->adoption;
	const struct note *n = a->note;
	struct pathunit *p = x->p;

	p->s->has_slot = !a->bare;
	service_take_places(p->s, a);
	if (!n) {
		return;
	}
	p->s->result = (enum service_result)n->result;
	if (a->safe_mode || n->state >= PATH_STATE_COUNT) {
		p->there = n->restarts & WIRE_WATCH_MASK;
		p->state = n->active == ACTIVE_ACTIVE   ? PATH_WAITING
			   : n->active == ACTIVE_FAILED ? PATH_FAILED
							: PATH_DEAD;
	} else {
		p->state = (enum path_state)n->state;
		p->there = n->restarts & WIRE_WATCH_MASK;
		p->triggering = n->flags & NOTE_TRIGGERING;
		p->good = n->command;
	}
	if (p->state == PATH_START) {
		look(x, WIRE_WATCH_FIRST);
	} else if (p->state == PATH_STOP) {
		look(x, WIRE_WATCH_STOP);
	} else if (p->state == PATH_RUNNING && is_automount(p)) {
		arm_idle(x);
	} else if (p->state == PATH_WAITING && !service_place_busy(p->s, ENTRY_WORK)) {
		p->watched = true;
		step_push(&x->st, EFFECT_WATCH); /* what is there already makes it readable */
	}
}

void pathunit_to_note(const struct pathunit *p, struct note *n)
{
	n->state = p->state;
	n->active = pathunit_active_state(p->state);
	n->result = p->s->result;
	n->restarts = p->there;
	n->command = p->good;
	n->flags |= p->triggering ? NOTE_TRIGGERING : 0;
}

#define ROWS_ENDED                                                                                 \
	[EV_ADOPT] = path_on_adopt, [EV_START] = path_on_start,                                    \
	[EV_RESET_FAILED] = path_on_reset_failed
#define ROWS_LOOKING                                                                               \
	[EV_ADOPT] = path_on_adopt, [EV_STOP] = path_on_stop, [EV_WORK_EXITED] = path_on_looked,   \
	[EV_WORK_FAILED] = path_on_look_failed, [EV_REFUSED] = path_on_look_failed

static path_fn *const table[PATH_STATE_COUNT][SERVICE_EVENT_COUNT] = {
	[PATH_DEAD] = { ROWS_ENDED },
	[PATH_FAILED] = { ROWS_ENDED },
	[PATH_START] = { ROWS_LOOKING },
	[PATH_WAITING] = { ROWS_LOOKING, [EV_READABLE] = path_on_readable,
		[EV_TIMEOUT] = path_on_readable, [EV_TRIGGER_UP] = path_on_up },
	[PATH_RUNNING] = { [EV_ADOPT] = path_on_adopt,
		[EV_STOP] = path_on_stop,
		[EV_WORK_EXITED] = path_on_looked_again,
		[EV_WORK_FAILED] = path_on_look_failed,
		[EV_REFUSED] = path_on_look_failed,
		[EV_TRIGGER_UP] = path_on_up,
		[EV_TRIGGER_DOWN] = path_on_down,
		[EV_TIMEOUT] = path_on_idle,
		[EV_TRIGGER_FAILED] = path_on_trigger_failed },
	[PATH_STOP] = { [EV_ADOPT] = path_on_adopt,
		[EV_WORK_EXITED] = path_on_stopped,
		[EV_WORK_FAILED] = path_on_look_failed,
		[EV_REFUSED] = path_on_look_failed },
};

bool pathunit_pair_is_handled(enum path_state state, enum service_event_type event)
{
	return table[state][event] != NULL;
}

void pathunit_init(struct pathunit *p, struct service *s)
{
	memset(p, 0, sizeof(*p));
	p->s = s;
}

void pathunit_step(
	struct pathunit *p, const struct service_event *event, usec_t now, struct effects *ret)
{
	struct path_step x = { .st = { .s = p->s, .event = event, .now = now, .out = ret },
		.p = p };
	path_fn *fn = table[p->state][event->type];

	if (step_begin(&x.st) && fn) {
		fn(&x);
	}
}
