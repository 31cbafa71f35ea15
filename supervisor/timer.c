// SPDX-License-Identifier: MIT
#include "timer.h"

#include "../runtime/base/cleanup.h"

static const char *const timer_state_table[] = {
	[TIMER_DEAD] = "dead",
	[TIMER_WAITING] = "waiting",
	[TIMER_RUNNING] = "running",
	[TIMER_ELAPSED] = "elapsed",
	[TIMER_FAILED] = "failed",
};
ENUM_TABLE(timer_state, enum timer_state, TIMER_STATE_COUNT)

/* One step under way. */
struct turn {
	struct timer *t;
	const struct timer_world *w;
	struct timer_result *out;
};
typedef void turn_fn(struct turn *x);

void timer_init(struct timer *t, const struct manifest_timer *def)
{
	*t = (struct timer) { .def = def,
		.random_us = USEC_INFINITY,
		.next_us = USEC_INFINITY,
		.next_real_us = USEC_INFINITY,
		.deadline_us = USEC_INFINITY };
}

static usec_t least(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static usec_t most(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

static bool has(const struct timer *t, enum manifest_timer_flags flag)
{
	return t->def && (t->def->flags & flag);
}

/* ---- when ---- */

usec_t timer_gather(usec_t from, usec_t accuracy, usec_t phase)
{
	static const usec_t grids[] = { 60 * USEC_PER_SEC, 10 * USEC_PER_SEC, USEC_PER_SEC,
		250 * USEC_PER_MSEC };
	usec_t last = usec_add(from, accuracy);

	if (last == USEC_INFINITY) {
		return from;
	}
	for (size_t i = 0; i < ELEMENTSOF(grids); i++) {
		usec_t offset = phase % grids[i];
		usec_t at = last < offset ? 0 : (last - offset) / grids[i] * grids[i] + offset;

		if (at >= from && at <= last) {
			return at;
		}
	}
	return from;
}

/* The delay stays until the timer elapses: it is not drawn anew whenever something is computed. */
static usec_t delay(struct timer *t, const struct timer_world *w)
{
	usec_t range = t->def->random_delay_us;

	if (range == 0) {
		return 0;
	}
	if (has(t, TIMER_FIXED_RANDOM_DELAY)) {
		return w->fixed_random % range;
	}
	if (t->random_us == USEC_INFINITY) {
		t->random_us = w->random % range;
	}
	return t->random_us;
}

static usec_t to_real(const struct timer_world *w, usec_t at_us)
{
	usec_t past = w->now_us > at_us ? w->now_us - at_us : 0;

	return w->real_us > past ? w->real_us - past : 0;
}

/* What OnCalendar= counts on from: the last time, or else the timer's own start. */
static usec_t calendar_base(const struct timer *t, const struct timer_world *w)
{
	usec_t base = t->last_real_us ? t->last_real_us
				      : to_real(w, w->active_us ? w->active_us : w->now_us);

	if (has(t, TIMER_DEFER_REACTIVATION) && w->unit_inactive_us) {
		base = most(base, to_real(w, w->unit_inactive_us));
	}
	return base;
}

static usec_t next_calendar(
	const struct timer *t, const struct manifest_timer_value *v, const struct timer_world *w)
{
	struct calendar c;
	usec_t next;

	if (calendar_unpack(v->calendar.data, v->calendar.n, &c) < 0) {
		return USEC_INFINITY;
	}
	next = calendar_next(&c, c.utc ? NULL : w->zone(w->context, c.zone), calendar_base(t, w));
	/* What was missed while the machine was off is spread over the delay from its start on. */
	return next == USEC_INFINITY ? next : most(next, to_real(w, w->startup_us));
}

/* Point of a monotonic line; USEC_INFINITY: it does not count now. */
static usec_t next_monotonic(
	const struct timer *t, const struct manifest_timer_value *v, const struct timer_world *w)
{
	const usec_t bases[TIMER_BASE_COUNT] = {
		[TIMER_ACTIVE] = w->active_us ? w->active_us : w->now_us,
		[TIMER_BOOT] = w->boot_us,
		[TIMER_STARTUP] = w->startup_us,
		[TIMER_UNIT_ACTIVE] = most(w->unit_active_us, t->last_us),
		[TIMER_UNIT_INACTIVE] = most(w->unit_inactive_us, t->last_us),
	};
	bool follows = v->base == TIMER_UNIT_ACTIVE || v->base == TIMER_UNIT_INACTIVE;
	usec_t next = usec_add(bases[v->base], v->value_us);

	if (follows) {
		return bases[v->base] ? next : USEC_INFINITY;
	}
	/* The others elapse once: what is past when the timer has elapsed is spent. */
	return t->last_us && next < t->computed_us ? USEC_INFINITY : next;
}

static bool follows_unit(const struct timer *t)
{
	const struct manifest_timer_value *values = t->def->values.items;

	for (uint32_t i = 0; i < t->def->values.n; i++) {
		if (values[i].base == TIMER_UNIT_ACTIVE || values[i].base == TIMER_UNIT_INACTIVE) {
			return true;
		}
	}
	return false;
}

void timer_compute(struct timer *t, const struct timer_world *w)
{
	const struct manifest_timer_value *values = t->def->values.items;
	usec_t due = USEC_INFINITY;

	t->next_us = t->next_real_us = USEC_INFINITY;
	for (uint32_t i = 0; i < t->def->values.n; i++) {
		if (values[i].base == TIMER_CALENDAR) {
			t->next_real_us = least(t->next_real_us, next_calendar(t, &values[i], w));
		} else {
			t->next_us = least(t->next_us, next_monotonic(t, &values[i], w));
		}
	}
	if (t->next_us != USEC_INFINITY) {
		t->next_us = usec_add(t->next_us, delay(t, w));
		due = t->next_us;
	}
	if (t->next_real_us != USEC_INFINITY) {
		usec_t left;

		t->next_real_us = usec_add(t->next_real_us, delay(t, w));
		left = t->next_real_us > w->real_us ? t->next_real_us - w->real_us : 0;
		due = least(due, usec_add(w->now_us, left));
	}
	t->deadline_us =
		due == USEC_INFINITY ? due : timer_gather(due, t->def->accuracy_us, w->phase_us);
}

/* ---- states ---- */

static void set_state(struct turn *x, enum timer_state state)
{
	x->out->changed = x->t->state != state;
	x->t->state = state;
	if (state != TIMER_WAITING) {
		x->t->deadline_us = x->t->next_us = x->t->next_real_us = USEC_INFINITY;
	}
}

static void enter_waiting(struct turn *x)
{
	struct timer *t = x->t;
	uint32_t by_news = TIMER_ON_CLOCK_CHANGE | TIMER_ON_TIMEZONE_CHANGE;
	bool stays = has(t, TIMER_REMAIN_AFTER_ELAPSE);

	t->computed_us = x->w->now_us;
	timer_compute(t, x->w);
	if (t->deadline_us != USEC_INFINITY || (t->def->flags & by_news)) {
		set_state(x, TIMER_WAITING);
	} else {
		set_state(x, stays || follows_unit(t) ? TIMER_ELAPSED : TIMER_DEAD);
	}
}

static void enter_running(struct turn *x)
{
	struct timer *t = x->t;

	t->last_us = x->w->now_us;
	t->last_real_us = x->w->real_us;
	t->random_us = USEC_INFINITY;
	x->out->trigger = true;
	x->out->stamp = has(t, TIMER_PERSISTENT);
	set_state(x, TIMER_RUNNING);
}

static void on_start(struct turn *x)
{
	struct timer *t = x->t;

	t->failed = false;
	t->last_us = t->last_real_us = 0;
	t->random_us = USEC_INFINITY;
	if (has(t, TIMER_PERSISTENT) && x->w->stamp_real_us <= x->w->real_us) {
		t->last_real_us = x->w->stamp_real_us;
	}
	if (has(t, TIMER_PERSISTENT) && !t->last_real_us) {
		x->out->future = x->w->stamp_real_us > 0;
		x->out->stamp = !x->out->future;
		t->last_real_us = x->out->stamp ? x->w->real_us : 0;
	}
	enter_waiting(x);
}

static void on_stop(struct turn *x)
{
	set_state(x, TIMER_DEAD);
}

static void on_unit(struct turn *x)
{
	enter_waiting(x);
}

static void on_unit_running(struct turn *x)
{
	if (x->w->unit_down) {
		enter_waiting(x);
	}
}

static void on_refused(struct turn *x)
{
	x->t->failed = true;
	set_state(x, TIMER_FAILED);
}

static void on_clock(struct turn *x)
{
	struct timer *t = x->t;

	/* It seems to have elapsed in the future: the clock was set back. */
	t->last_real_us = least(t->last_real_us, x->w->real_us);
	if (has(t, TIMER_ON_CLOCK_CHANGE)) {
		enter_running(x);
	} else {
		enter_waiting(x);
	}
}

static void on_zone(struct turn *x)
{
	if (has(x->t, TIMER_ON_TIMEZONE_CHANGE)) {
		enter_running(x);
	} else {
		enter_waiting(x);
	}
}

static turn_fn *const rows[TIMER_STATE_COUNT][TIMER_EVENT_COUNT] = {
	[TIMER_DEAD] = { [TIMER_EV_START] = on_start },
	[TIMER_WAITING] = { [TIMER_EV_STOP] = on_stop,
		[TIMER_EV_DUE] = enter_running,
		[TIMER_EV_UNIT] = on_unit,
		[TIMER_EV_CLOCK] = on_clock,
		[TIMER_EV_ZONE] = on_zone },
	[TIMER_RUNNING] = { [TIMER_EV_STOP] = on_stop,
		[TIMER_EV_UNIT] = on_unit_running,
		[TIMER_EV_REFUSED] = on_refused },
	[TIMER_ELAPSED] = { [TIMER_EV_STOP] = on_stop, [TIMER_EV_UNIT] = on_unit },
	[TIMER_FAILED] = { [TIMER_EV_START] = on_start,
		[TIMER_EV_STOP] = on_stop,
		[TIMER_EV_RESET_FAILED] = on_stop },
};

bool timer_pair_is_handled(enum timer_state state, enum timer_event event)
{
	return rows[state][event] != NULL;
}

void timer_step(struct timer *t, enum timer_event event, const struct timer_world *w,
	struct timer_result *ret)
{
	struct turn x = { .t = t, .w = w, .out = ret };

	*ret = (struct timer_result) { 0 };
	if (rows[t->state][event] &&
		(t->def || event == TIMER_EV_STOP || event == TIMER_EV_RESET_FAILED)) {
		rows[t->state][event](&x);
	}
}
