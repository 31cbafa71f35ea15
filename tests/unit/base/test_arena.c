// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/arena.h"
#include "../../../runtime/base/arenafmt.h"

static void test_growing(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	for (size_t i = 1; i < 3000; i++) {
		unsigned char *p = arena_alloc(&a, i);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		for (size_t k = 0; k < i; k++) {
			assert_int_equal(p[k], 0);
		}
		memset(p, 0xff, i);
	}
	assert_string_equal(arena_strndup(&a, "hello", 4), "hell");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
	assert_null(arena_alloc_array(&a, SIZE_MAX / 2, 4));
	arena_fini(&a);
	assert_int_equal(a.used, 0);
}

static void test_fixed_ends(void **state)
{
	unsigned char buf[65];
	struct arena a;
	size_t got = 0;

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	arena_init_fixed(&a, buf + 1, 64);
	while (1) {
		uint64_t *p = arena_alloc(&a, 8);

		if (!p) {
			break;
		}
		assert_true(*p == 0);
		got++;
	}
	assert_in_range(got, 7, 8);
	assert_null(arena_strdup(&a, "x"));
}

/* Texts of every length, across the ends of chunks, and what is handed out behind them is zero. */
static void test_texts(void **state)
{
	char text[201];
	struct arena a;

	(void)state;
	arena_init(&a);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int round = 0; round < 20; round++) {
		for (int n = 0; n < 200; n++) {
			const char *printed = arena_printf(&a, "%.*s", n, text);
			const unsigned char *behind = arena_alloc(&a, 64);

			assert_int_equal(strlen(printed), n);
			assert_memory_equal(printed, text, (size_t)n);
			for (int i = 0; i < 64; i++) {
				assert_int_equal(behind[i], 0);
			}
		}
	}
	assert_string_equal(arena_concat(&a, "one", NULL), "one");
	assert_string_equal(arena_concat(&a, "one", "", "=", "two", NULL), "one=two");
	arena_fini(&a);
}

static void test_texts_fixed(void **state)
{
	unsigned char buf[33];
	struct arena a;

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	arena_init_fixed(&a, buf, 32);
	assert_string_equal(arena_printf(&a, "%d", 1234567), "1234567");
	assert_string_equal(arena_concat(&a, "12", "34567", NULL), "1234567");
	assert_null(arena_printf(&a, "%s", "longer than what is left"));
	assert_null(arena_concat(&a, "longer than ", "what is left", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_fixed_ends),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_texts_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
