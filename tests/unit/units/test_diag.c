// SPDX-License-Identifier: MIT
#include "../test.h"

#include "../../../runtime/base/limits.h"
#include "../../../units/diag.h"

static void test_format(void **state)
{
	struct arena a;
	struct diagnostics d;
	const struct diagnostic *rows;

	(void)state;
	arena_init(&a);
	diag_init(&d, &a);
	diag_add(&d, &(struct diag_place) { "/x/a.service", "a.service", 3, 5 }, SEVERITY_WARNING,
		"w %d", 1);
	diag_add(&d, &(struct diag_place) { "/x/a.service", "a.service", 4, 0 }, SEVERITY_ERROR,
		"e");
	rows = d.rows.items;
	assert_int_equal(d.rows.n, 2);
	assert_int_equal(d.n_errors, 1);
	assert_string_equal(diag_format(&a, &rows[0]), "/x/a.service:3:5: warning: w 1");
	assert_string_equal(diag_format(&a, &rows[1]), "/x/a.service:4: error: e");
	assert_ptr_equal(diag_first_error(&d, "a.service"), &rows[1]);
	assert_null(diag_first_error(&d, "b.service"));
	arena_fini(&a);
}

static void test_hostile_text(void **state)
{
	struct arena a;
	struct diagnostics d;
	const struct diagnostic *rows;

	(void)state;
	arena_init(&a);
	diag_init(&d, &a);
	diag_add(&d, &(struct diag_place) { .file = "/x/\033[31m\nweb.service" }, SEVERITY_ERROR,
		"\"%.2s\": \033]0;x\007 \xc2\x9b \xe2\x80\xae gr\xc3\xbcn", "a\xc3\xbc");
	rows = d.rows.items;
	/* The cut half of a character too: it would be no text for D-Bus. */
	assert_string_equal(diag_format(&a, &rows[0]),
		"/x/\\x1b[31m\\x0aweb.service: error: \"a\\xc3\": \\x1b]0;x\\x07 \\xc2\\x9b "
		"\\xe2\\x80\\xae gr\xc3\xbcn");
	arena_fini(&a);
}

static void test_bound(void **state)
{
	struct arena a;
	struct diagnostics d;

	(void)state;
	arena_init(&a);
	diag_init(&d, &a);
	for (unsigned i = 0; i < LIMIT_DIAGNOSTICS + 7; i++) {
		diag_add(&d, &(struct diag_place) { 0 }, SEVERITY_ERROR, "x");
	}
	assert_int_equal(d.rows.n, LIMIT_DIAGNOSTICS);
	assert_int_equal(d.n_dropped, 7);
	assert_int_equal(d.n_errors, LIMIT_DIAGNOSTICS + 7);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
