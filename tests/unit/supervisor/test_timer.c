// SPDX-License-Identifier: MIT
/* The machine of timers alone: every pair, and when it is due. */
#include "../test.h"

#include <string.h>

#include "../../../supervisor/timer.h"

#define S    USEC_PER_SEC
#define REAL (1771200000 * S) /* 2026-02-16 00:00:00 UTC */

static const struct zone *zone_asked_for(void *context, const char *name)
{
	*(const char **)context = name;
	return NULL;
}

static const char *asked;
static const struct timer_world fresh = {
	.now_us = 1000 * S,
	.real_us = REAL,
	.startup_us = 10 * S,
	.unit_down = true,
	.random = 12345678901u,
	.fixed_random = 77 * S + 5,
	.zone = zone_asked_for,
	.context = &asked,
};

/* A timer of one line and its definition. */
struct one {
	struct calendar calendar;
	struct manifest_timer_value values[2];
	struct manifest_timer def;
	struct timer t;
	struct timer_result r;
};

static void make(struct one *o, enum timer_base base, usec_t value)
{
	memset(o, 0, sizeof(*o));
	o->values[0] = (struct manifest_timer_value) { .base = base, .value_us = value };
	o->def = (struct manifest_timer) {
		.accuracy_us = 1, .flags = TIMER_REMAIN_AFTER_ELAPSE, .values = { o->values, 1 }
	};
	timer_init(&o->t, &o->def);
}

static void make_calendar(struct one *o, const char *text)
{
	make(o, TIMER_CALENDAR, 0);
	assert_int_equal(calendar_parse(text, NULL, &o->calendar), 0);
	o->values[0].calendar.data = &o->calendar;
	o->values[0].calendar.n = (uint32_t)calendar_packed_size(&o->calendar);
	o->values[0].text = text;
}

static void step(struct one *o, enum timer_event event, struct timer_world w)
{
	timer_step(&o->t, event, &w, &o->r);
}

static struct timer_world later(usec_t us)
{
	struct timer_world w = fresh;

	w.now_us += us;
	w.real_us += us;
	w.active_us = fresh.now_us;
	return w;
}

/* What each pair leads to; -1: ignored. */
static const int8_t expected[TIMER_STATE_COUNT][TIMER_EVENT_COUNT] = {
	[TIMER_DEAD] = { TIMER_WAITING, -1, -1, -1, -1, -1, -1, -1 },
	[TIMER_WAITING] = { -1, TIMER_DEAD, TIMER_RUNNING, TIMER_WAITING, -1, TIMER_WAITING,
		TIMER_WAITING, -1 },
	[TIMER_RUNNING] = { -1, TIMER_DEAD, -1, TIMER_ELAPSED, TIMER_FAILED, -1, -1, -1 },
	[TIMER_ELAPSED] = { -1, TIMER_DEAD, -1, TIMER_WAITING, -1, -1, -1, -1 },
	[TIMER_FAILED] = { TIMER_WAITING, TIMER_DEAD, -1, -1, -1, -1, -1, TIMER_DEAD },
};

static void test_pairs(void **state)
{
	(void)state;
	for (int s = 0; s < TIMER_STATE_COUNT; s++) {
		for (int e = 0; e < TIMER_EVENT_COUNT; e++) {
			struct one o;
			int want = expected[s][e];

			make(&o, TIMER_ACTIVE, 60 * S);
			o.t.state = (enum timer_state)s;
			/* A running one has elapsed: its only line is spent. */
			o.t.last_us = s == TIMER_RUNNING ? fresh.now_us + 90 * S : 0;
			step(&o, (enum timer_event)e, later(s == TIMER_RUNNING ? 100 * S : S));
			assert_int_equal(o.t.state, want < 0 ? s : want);
			assert_int_equal(o.r.changed, want >= 0 && want != s);
			assert_int_equal(timer_pair_is_handled(s, e), want >= 0);
			assert_int_equal(o.r.trigger, s == TIMER_WAITING && e == TIMER_EV_DUE);
			/* A deadline exactly where the state says. */
			assert_int_equal(o.t.deadline_us != USEC_INFINITY, want == TIMER_WAITING);
			assert_non_null(timer_state_to_string((enum timer_state)s));
		}
	}
}

static void test_once(void **state)
{
	static const struct {
		enum timer_base base;
		usec_t due;
	} rows[] = { { TIMER_ACTIVE, 1005 * S }, { TIMER_BOOT, 5 * S }, { TIMER_STARTUP, 15 * S } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct one o;

		make(&o, rows[i].base, 5 * S);
		step(&o, TIMER_EV_START, fresh);
		assert_int_equal(o.t.state, TIMER_WAITING);
		assert_true(o.t.next_us == rows[i].due);
		step(&o, TIMER_EV_DUE, later(5 * S));
		assert_true(o.r.trigger && !o.r.stamp);
		/* The unit runs: nothing is computed; it ends: it does not elapse again. */
		step(&o, TIMER_EV_UNIT, (struct timer_world) { .now_us = 1006 * S });
		assert_int_equal(o.t.state, TIMER_RUNNING);
		step(&o, TIMER_EV_UNIT, later(9 * S));
		assert_int_equal(o.t.state, TIMER_ELAPSED);
		/* Started anew it elapses anew. */
		step(&o, TIMER_EV_STOP, later(10 * S));
		step(&o, TIMER_EV_START, later(11 * S));
		assert_int_equal(o.t.state, TIMER_WAITING);
	}
}

static void test_goes(void **state)
{
	struct one o;

	(void)state;
	make(&o, TIMER_ACTIVE, 5 * S);
	o.def.flags = 0; /* RemainAfterElapse=no */
	step(&o, TIMER_EV_START, fresh);
	step(&o, TIMER_EV_DUE, later(5 * S));
	step(&o, TIMER_EV_UNIT, later(9 * S));
	assert_int_equal(o.t.state, TIMER_DEAD);
	assert_true(o.r.changed);
}

static void test_follows(void **state)
{
	struct timer_world w = later(20 * S);
	struct one o;

	(void)state;
	make(&o, TIMER_UNIT_INACTIVE, 5 * S);
	step(&o, TIMER_EV_START, fresh);
	assert_int_equal(o.t.state, TIMER_ELAPSED); /* the unit was never there */
	w.unit_active_us = 1001 * S;
	w.unit_inactive_us = 1018 * S;
	step(&o, TIMER_EV_UNIT, w);
	assert_int_equal(o.t.state, TIMER_WAITING);
	assert_true(o.t.deadline_us == 1023 * S + 1 || o.t.deadline_us == 1023 * S);
	make(&o, TIMER_UNIT_ACTIVE, 5 * S);
	step(&o, TIMER_EV_START, w);
	assert_true(o.t.next_us == 1006 * S);
}

static void test_calendar(void **state)
{
	struct timer_world w = fresh;
	struct one o;

	(void)state;
	make_calendar(&o, "*-*-* 06:00 Europe/Berlin");
	step(&o, TIMER_EV_START, w);
	assert_string_equal(asked, "Europe/Berlin");
	assert_true(o.t.next_real_us == REAL + 6 * 3600 * S);
	assert_true(o.t.next_us == USEC_INFINITY);
	assert_true(o.t.deadline_us - (1000 + 6 * 3600) * S <= 1);
	/* The clock is put forward beyond it: due at once, then the next day. */
	w = later(S);
	w.real_us = REAL + 7 * 3600 * S;
	step(&o, TIMER_EV_CLOCK, w);
	assert_int_equal(o.t.state, TIMER_WAITING);
	step(&o, TIMER_EV_DUE, w);
	assert_true(o.r.trigger && o.t.last_real_us == w.real_us);
	w.now_us += S;
	w.real_us += S;
	step(&o, TIMER_EV_UNIT, w);
	assert_true(o.t.next_real_us == REAL + 30 * 3600 * S);
	/* Put back by two days: what elapsed "in the future" does not keep it from elapsing. */
	w.real_us -= 48 * 3600 * S;
	step(&o, TIMER_EV_CLOCK, w);
	assert_true(o.t.last_real_us == w.real_us);
	assert_true(o.t.next_real_us == REAL - 18 * 3600 * S);
	o.def.flags |= TIMER_ON_CLOCK_CHANGE;
	step(&o, TIMER_EV_CLOCK, w);
	assert_true(o.r.trigger);
}

static void test_persistent(void **state)
{
	struct timer_world w = fresh;
	struct one o;

	(void)state;
	make_calendar(&o, "hourly");
	o.def.flags |= TIMER_PERSISTENT;
	/* No stamp: from now on it counts. */
	step(&o, TIMER_EV_START, w);
	assert_true(o.r.stamp && o.t.last_real_us == REAL);
	assert_true(o.t.next_real_us == REAL + 3600 * S);
	/* One of three hours ago: due at the start of supd, that is at once. */
	timer_init(&o.t, &o.def);
	w.stamp_real_us = REAL - 3 * 3600 * S;
	step(&o, TIMER_EV_START, w);
	assert_false(o.r.stamp);
	assert_true(o.t.next_real_us == REAL - 990 * S && o.t.deadline_us <= w.now_us + 1);
	step(&o, TIMER_EV_DUE, w);
	assert_true(o.r.stamp && o.r.trigger);
	/* One in the future is told and does not count. */
	timer_init(&o.t, &o.def);
	w.stamp_real_us = REAL + 3600 * S;
	step(&o, TIMER_EV_START, w);
	assert_true(o.r.future && !o.r.stamp && o.t.last_real_us == 0);
	/* Without Persistent= it is not looked at. */
	timer_init(&o.t, &o.def);
	o.def.flags = 0;
	w.stamp_real_us = REAL - 3 * 3600 * S;
	step(&o, TIMER_EV_START, w);
	assert_true(o.t.next_real_us == REAL + 3600 * S);
}

static void test_deferred(void **state)
{
	struct timer_world w = later(100 * S);
	struct one o;

	(void)state;
	make_calendar(&o, "*:*:0/30");
	o.t.state = TIMER_RUNNING;
	o.t.last_us = fresh.now_us;
	o.t.last_real_us = REAL;
	w.unit_inactive_us = w.now_us;
	step(&o, TIMER_EV_UNIT, w);
	assert_true(o.t.next_real_us == REAL + 30 * S); /* missed meanwhile: at once */
	o.t.state = TIMER_RUNNING;
	o.def.flags |= TIMER_DEFER_REACTIVATION;
	step(&o, TIMER_EV_UNIT, w);
	assert_true(o.t.next_real_us == REAL + 120 * S);
}

static void test_random(void **state)
{
	struct timer_world w = later(0);
	struct one o;
	usec_t first;

	(void)state;
	make(&o, TIMER_ACTIVE, 5 * S);
	o.def.random_delay_us = 60 * S;
	step(&o, TIMER_EV_START, w);
	first = o.t.next_us;
	assert_true(first >= 1005 * S && first < 1065 * S);
	w.random = 999;
	step(&o, TIMER_EV_UNIT, w); /* computed again, drawn once */
	assert_true(o.t.next_us == first);
	o.def.flags |= TIMER_FIXED_RANDOM_DELAY;
	step(&o, TIMER_EV_UNIT, w);
	assert_true(o.t.next_us == 1005 * S + 17 * S + 5);
}

static void test_gather(void **state)
{
	usec_t phase = 7 * S;

	(void)state;
	/* Two timers of a minute's accuracy wake up together. */
	assert_true(timer_gather(1001 * S, 60 * S, phase) == timer_gather(1020 * S, 60 * S, phase));
	for (usec_t from = 0; from < 200 * S; from += 777777) {
		static const usec_t accuracies[] = { 0, 1, 1000, S, 20 * S, 60 * S, 3600 * S };

		for (size_t i = 0; i < sizeof(accuracies) / sizeof(accuracies[0]); i++) {
			usec_t at = timer_gather(from, accuracies[i], phase);

			assert_true(at >= from && at <= from + accuracies[i]);
		}
	}
	assert_true(timer_gather(5, USEC_INFINITY, 0) == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_goes),
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_deferred),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_gather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
