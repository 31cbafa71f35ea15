// SPDX-License-Identifier: MIT
/* What blame, critical-chain and plot make of the times of units. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/bootplot.h"

#define S USEC_PER_SEC

struct row {
	const char *name;
	usec_t activating, activated, deactivating, deactivated;
	const char *after[8];
};

/*
 * User space begins at 10 s, and the boot is through at 20 s.
 * slow: 4 s; quick: 1 s after slow; twin: as quick, a little earlier; once: a one-shot that is
 * over; later: restarted after the boot; loop-a and loop-b: after each other.
 */
static const struct row rows[] = {
	{ "end.target", 17 * S, 17 * S, 0, 0,
		{ "quick.service", "twin.service", "once.service", "later.service",
			"missing.service", "never.service", "early.service" } },
	{ "slow.service", 11 * S, 15 * S, 0, 0, { "once.service" } },
	{ "quick.service", 15 * S, 16 * S + 500000, 0, 0, { "slow.service" } },
	{ "twin.service", 15 * S, 16 * S + 400000, 0, 0, { "slow.service" } },
	{ "once.service", 10 * S + 100, 0, 0, 10 * S + 200, { NULL } },
	{ "later.service", 30 * S, 31 * S, 29 * S, 30 * S, { NULL } },
	{ "early.service", 2 * S, 3 * S, 0, 0, { NULL } },
	{ "never.service", 0, 0, 0, 0, { NULL } },
	{ "hangs.service", 12 * S, 0, 0, 0, { NULL } },
	{ "loop-a.service", 12 * S, 12 * S, 0, 0, { "loop-b.service" } },
	{ "loop-b.service", 12 * S, 12 * S, 0, 0, { "loop-a.service" } },
};

static int setup(void **state)
{
	struct boottime *b = calloc(1, sizeof(*b));

	boottime_init(b);
	b->machine = true;
	b->initrd = 8 * S;
	b->userspace = 10 * S;
	b->finish = 20 * S;
	b->target = "end.target";
	assert_int_equal(boottime_reserve(b, ELEMENTSOF(rows)), 0);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct boottime_unit *u = &b->units[b->n_units++];

		*u = (struct boottime_unit) { rows[i].name, rows[i].activating, rows[i].activated,
			rows[i].deactivating, rows[i].deactivated, NULL, 0 };
		u->after = (const char **)(uintptr_t)rows[i].after;
		while (u->n_after < 8 && rows[i].after[u->n_after]) {
			u->n_after++;
		}
	}
	boottime_index(b);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	boottime_fini(*state);
	free(*state);
	return 0;
}

static void test_took(void **state)
{
	struct boottime *b = *state;

	assert_null(boottime_find(b, "missing.service"));
	assert_int_equal(boottime_took(boottime_find(b, "slow.service")), 4 * S);
	assert_int_equal(boottime_took(boottime_find(b, "once.service")), 100);
	assert_int_equal(boottime_took(boottime_find(b, "never.service")), 0);
	assert_int_equal(boottime_done(boottime_find(b, "hangs.service")), 0);
	assert_int_equal(boottime_took(boottime_find(b, "later.service")), S);
	assert_int_equal(boottime_origin(b), 0);
	b->soft_reboots = 1;
	assert_int_equal(boottime_origin(b), 10 * S);
}

static void test_blame(void **state)
{
	static const char *const expected[] = { "slow.service", "quick.service", "twin.service",
		"early.service", "later.service", "once.service" };
	size_t n = 0;
	AUTO_FREE const struct boottime_unit **list = boottime_blame(*state, &n);

	assert_int_equal(n, ELEMENTSOF(expected));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i]->name, expected[i]);
	}
}

/* Only what was started by this boot: nothing before user space, nothing after its end. */
static void test_started(void **state)
{
	static const char *const expected[] = { "once.service", "slow.service", "hangs.service",
		"loop-a.service", "loop-b.service", "twin.service", "quick.service", "end.target" };
	size_t n = 0;
	AUTO_FREE const struct boottime_unit **list = boottime_started(*state, &n);

	assert_int_equal(n, ELEMENTSOF(expected));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i]->name, expected[i]);
	}
}

struct said {
	char text[512];
	int stop_at; /* visits until it says stop */
};

static int visit(void *context, const struct boottime_link *link)
{
	struct said *said = context;
	size_t n = strlen(said->text);

	snprintf(said->text + n, sizeof(said->text) - n, "%u%s%s ", link->depth,
		link->last ? "." : ":", link->unit->name);
	return --said->stop_at == 0 ? -ECANCELED : 0;
}

static void assert_chain(const struct boottime *b, const char *unit, usec_t fuzz, const char *want)
{
	struct said said = { .text = "" };

	assert_int_equal(boottime_chain(b, boottime_find(b, unit), fuzz, visit, &said), 0);
	assert_string_equal(said.text, want);
}

static void test_chain(void **state)
{
	struct said said = { .stop_at = 2 };

	assert_chain(*state, "end.target", 0,
		"0.end.target 1.quick.service 2.slow.service 3.once.service ");
	/* What comes again is named and not taken apart again. */
	assert_chain(*state, "end.target", 200000,
		"0.end.target 1:quick.service 2.slow.service 3.once.service "
		"1.twin.service 2.slow.service ");
	assert_chain(*state, "once.service", 0, "0.once.service ");
	assert_chain(*state, "loop-a.service", 0, "0.loop-a.service 1.loop-b.service ");
	assert_int_equal(
		boottime_chain(*state, boottime_find(*state, "end.target"), 0, visit, &said),
		-ECANCELED);
	assert_string_equal(said.text, "0.end.target 1.quick.service ");
}

static void test_span(void **state)
{
	static const struct {
		usec_t span;
		const char *text;
	} spans[] = {
		{ 0, "0" },
		{ 7, "7us" },
		{ 1999, "1ms" },
		{ 999999, "999ms" },
		{ S, "1.000s" },
		{ 59 * S + 12345, "59.012s" },
		{ 62 * S + 345678, "1min 2.345s" },
		{ 3723 * S, "1h 2min 3.000s" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
		char text[WHEN_TEXT];

		boottime_span(spans[i].span, text);
		assert_string_equal(text, spans[i].text);
	}
}

static void test_nice(void **state)
{
	static const usec_t pairs[][2] = { { 0, 1 }, { 1, 1 }, { 2, 2 }, { 3, 5 }, { 6, 10 },
		{ 11, 20 }, { 50, 50 }, { 51, 100 }, { 2000001, 5000000 } };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
		assert_int_equal(bootplot_nice(pairs[i][0]), pairs[i][1]);
	}
	assert_int_equal(bootplot_nice(USEC_INFINITY), USEC_INFINITY);
}

/* Whatever a boot takes, the picture has a width that can be looked at. */
static void test_scale(void **state)
{
	struct boottime *b = *state;
	struct bootplot_scale s;

	bootplot_scale(b, &s);
	assert_int_equal(s.us_per_px, 20000);
	assert_int_equal(s.tick_us, 2 * S);
	assert_true(bootplot_x(&s, 0) == 0);
	assert_true(bootplot_x(&s, 10 * S) == 500);
	assert_true(bootplot_x(&s, 25 * S) == 1000);
	b->machine = false;
	for (usec_t length = 1500; length < 1000 * 3600 * S; length = length * 13 / 10) {
		b->finish = b->userspace + length;
		bootplot_scale(b, &s);
		assert_true(bootplot_x(&s, b->finish) >= 600);
		assert_true(bootplot_x(&s, b->finish) <= 1500);
		assert_true((length / s.tick_us) <= 20);
	}
	b->finish = b->userspace;
	bootplot_scale(b, &s);
	assert_true(bootplot_x(&s, b->finish) == 0);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
		n++;
	}
	return n;
}

static void test_picture(void **state)
{
	struct boottime *b = *state;
	size_t n = 0, size;
	AUTO_FREE const struct boottime_unit **list = NULL;
	AUTO_FREE char *text = NULL;
	struct bootplot plot = { .boot = b, .parts = { { "kernel", 0, 8 * S } }, .n_parts = 1 };
	FILE *out = open_memstream(&text, &size);

	((struct boottime_unit *)(uintptr_t)boottime_find(b, "hangs.service"))->name = "h<&\n>";
	list = boottime_started(b, &n);
	plot.units = list;
	plot.n_units = n;
	bootplot_write(&plot, out);
	fclose(out);
	assert_non_null(strstr(text, ">kernel (8.000s)</text>"));
	assert_non_null(strstr(text, ">slow.service (4.000s)</text>"));
	assert_non_null(strstr(text, ">h&lt;&amp;?&gt;</text>"));
	/* 11 s to 15 s at 20 ms a pixel, behind the left margin */
	assert_non_null(strstr(text, "<rect class=\"c1\" x=\"570.00\" y=\"100\" width=\"200.00\""));
	/* what never came up is shown as starting up to the end */
	assert_non_null(strstr(text, "<rect class=\"c1\" x=\"620.00\" y=\"120\" width=\"400.00\""));
	assert_int_equal(count(text, "<rect "), count(text, "/>") - count(text, "<line "));
	assert_int_equal(count(text, "<text"), count(text, "</text>"));
	assert_string_equal(text + size - 7, "</svg>\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_took, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_started, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_nice),
		cmocka_unit_test_setup_teardown(test_scale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_picture, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
