// SPDX-License-Identifier: MIT
/* Ordering cycles among given files and what they pull in, and where each edge is written. */
#include "../test.h"

#include <string.h>

#include "../../../units/ordercycle.h"
#include "loadbox.h"

/* A drop-in, or a unit without default dependencies, so that only what is written counts. */
static void put(struct loadbox *f, const char *name, const char *lines)
{
	FILE *file = fopen(arena_printf(&f->a, "%s/%s", f->dir, name), "we");

	assert_non_null(file);
	if (strstr(name, ".conf")) {
		fprintf(file, "[Unit]\n%s", lines);
	} else {
		fprintf(file, "[Unit]\nDefaultDependencies=no\n%s[Service]\nExecStart=/bin/true\n",
			lines);
	}
	fclose(file);
}

/* Loads one file, as `verify` does. */
static void look(struct loadbox *f, const char *name)
{
	const char *const files[] = { arena_printf(&f->a, "%s/%s", f->dir, name), NULL };
	const char *const names[] = { name, NULL };
	const struct loader_options opts = { .relax_owner = true };

	diag_init(&f->d, &f->a);
	assert_int_equal(loader_load_files(&opts, files, &f->a, &f->d, &f->set), 0);
	assert_int_equal(ordercycle_report(&f->set, names, &f->a, &f->d), 0);
}

static const char *row(struct loadbox *f, size_t i)
{
	assert_true(i < f->d.rows.n);
	return diag_format(&f->a, (struct diagnostic *)f->d.rows.items + i);
}

static void assert_row(struct loadbox *f, size_t i, const char *text)
{
	assert_string_equal(row(f, i), arena_printf(&f->a, "%s/%s", f->dir, text));
}

/* Both directions of the order, a drop-in, and units that are only beside the given one. */
static void test_three(void **state)
{
	struct loadbox *f = *state;

	put(f, "a.service", "Requires=b.service\nAfter=b.service\n");
	put(f, "b.service", "Wants=c.service\n");
	put(f, "c.service", "Before=b.service\n");
	look(f, "a.service");
	assert_int_equal(f->d.rows.n, 0);

	assert_int_equal(mkdir(arena_printf(&f->a, "%s/a.service.d", f->dir), 0755), 0);
	put(f, "a.service.d/order.conf", "Before=c.service\n");
	look(f, "a.service");
	assert_int_equal(f->d.n_errors, 1);
	assert_int_equal(f->d.rows.n, 4);
	assert_row(f, 0,
		"a.service:4: error: ordering cycle: a.service -> b.service -> c.service -> "
		"a.service (each waits for the next)");
	assert_row(f, 1,
		"a.service:4: note: a.service waits for b.service: a.service has After=b.service");
	assert_row(f, 2,
		"c.service:3: note: b.service waits for c.service: c.service has Before=b.service");
	assert_row(f, 3,
		"a.service.d/order.conf:2: note: c.service waits for a.service: a.service has "
		"Before=c.service");
}

/* Order alone pulls nothing in: what does not start does not wait. */
static void test_not_pulled(void **state)
{
	struct loadbox *f = *state;

	put(f, "a.service", "After=b.service\n");
	put(f, "b.service", "After=a.service\n");
	look(f, "a.service");
	assert_int_equal(f->d.n_errors, 0);
	put(f, "top.service", "Wants=a.service b.service\nBefore=a.service\n");
	look(f, "top.service");
	assert_int_equal(f->d.n_errors, 1);
	assert_row(f, 0,
		"a.service:3: error: ordering cycle: a.service -> b.service -> a.service (each "
		"waits for the next)");
}

/* Two cycles are two errors; who only waits for one of them is in none. */
static void test_two(void **state)
{
	struct loadbox *f = *state;

	put(f, "a.service", "Wants=b.service c.service d.service\nAfter=b.service c.service\n");
	put(f, "b.service", "After=b2.service\nBindsTo=b2.service\n");
	put(f, "b2.service", "After=b.service\n");
	put(f, "c.service", "Before=d.service\n");
	put(f, "d.service", "Before=c.service\n");
	look(f, "a.service");
	assert_int_equal(f->d.n_errors, 2);
	assert_non_null(strstr(row(f, 0), "ordering cycle: b.service -> b2.service -> b.service"));
	assert_non_null(strstr(row(f, 3), "ordering cycle: c.service -> d.service -> c.service"));
}

/* A circle of n. */
static void put_circle(struct loadbox *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put(f, arena_printf(&f->a, "unit-%02u.service", i),
			arena_printf(&f->a, "Wants=unit-%02u.service\nAfter=unit-%02u.service\n",
				(i + 1) % n, (i + 1) % n));
	}
	look(f, "unit-07.service");
}

/* A long cycle is cut in the line and told whole in the notes. */
static void test_long(void **state)
{
	struct loadbox *f = *state;

	put_circle(f, 60);
	assert_int_equal(f->d.n_errors, 1);
	assert_int_equal(f->d.rows.n, 61);
	assert_non_null(strstr(row(f, 0), "… -> unit-00.service"));
	assert_non_null(strstr(row(f, 60), "unit-59.service waits for unit-00.service"));
}

/* Nothing is cut without a sign: the line holds the names of 20 of these. */
static void test_cut(void **state)
{
	struct loadbox *f = *state;

	put_circle(f, 21);
	assert_int_equal(f->d.n_errors, 1);
	assert_non_null(strstr(row(f, 0), "… -> unit-00.service"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, loadbox_setup, loadbox_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_three),
		T(test_not_pulled),
		T(test_two),
		T(test_long),
		T(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
