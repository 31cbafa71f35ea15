// SPDX-License-Identifier: MIT
/* The queue of log records against a plain model of it. */
#include "../../unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/init/logqueue.h"

static struct logqueue q; /* too large for the stack */

static int begin(void **state)
{
	(void)state;
	memset(&q, 0, sizeof(q));
	return 0;
}

static void test_order(void **state)
{
	size_t size = 99;

	(void)state;
	assert_true(logqueue_is_empty(&q));
	assert_null(logqueue_first(&q, &size));
	assert_int_equal(size, 99);
	assert_int_equal(logqueue_put(&q, "one", 3), 0);
	assert_int_equal(logqueue_put(&q, "", 0), 0);
	assert_int_equal(logqueue_put(&q, "three", 5), 0);
	assert_memory_equal(logqueue_first(&q, &size), "one", 3);
	assert_int_equal(size, 3);
	logqueue_pop(&q);
	assert_non_null(logqueue_first(&q, &size));
	assert_int_equal(size, 0);
	logqueue_pop(&q);
	assert_memory_equal(logqueue_first(&q, &size), "three", 5);
	assert_false(logqueue_is_empty(&q));
	logqueue_pop(&q);
	assert_true(logqueue_is_empty(&q));
	assert_int_equal(q.tail, 0);
}

static void test_full(void **state)
{
	static char big[LOGQUEUE_BYTES];
	size_t size, n = 0;

	(void)state;
	assert_int_equal(logqueue_put(&q, big, sizeof(big)), -ENOBUFS);
	assert_int_equal(logqueue_put(&q, big, sizeof(big) - 3), -ENOBUFS);
	assert_true(logqueue_is_empty(&q));
	assert_int_equal(logqueue_put(&q, big, sizeof(big) - 4), 0);
	assert_int_equal(logqueue_put(&q, "", 0), -ENOBUFS);
	logqueue_pop(&q);
	while (logqueue_put(&q, big, 1000) == 0) {
		n++;
	}
	assert_int_equal(n, LOGQUEUE_BYTES / 1004);
	/* One off, one on: what is left moves to the front. */
	logqueue_pop(&q);
	assert_int_equal(logqueue_put(&q, "moved", 5), 0);
	for (; n > 1; n--) {
		assert_non_null(logqueue_first(&q, &size));
		assert_int_equal(size, 1000);
		logqueue_pop(&q);
	}
	assert_memory_equal(logqueue_first(&q, &size), "moved", 5);
}

/* Random sizes in and out: everything comes out once, unharmed and in order. */
static void test_model(void **state)
{
	unsigned put = 0, taken = 0;
	uint32_t seed = 1;
	char record[4000];
	size_t size;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (seed >> 31 || logqueue_is_empty(&q)) {
			size_t n = sizeof(put) + put * 7919u % (sizeof(record) - sizeof(put));

			memset(record, (int)(put & 0xff), n);
			memcpy(record, &put, sizeof(put));
			put += logqueue_put(&q, record, n) == 0;
			continue;
		}
		const char *first = logqueue_first(&q, &size);

		assert_non_null(first);
		assert_int_equal(
			size, sizeof(taken) + taken * 7919u % (sizeof(record) - sizeof(taken)));
		assert_memory_equal(first, &taken, sizeof(taken));
		assert_true(size == sizeof(taken) || first[size - 1] == (char)(taken & 0xff));
		logqueue_pop(&q);
		taken++;
	}
	assert_true(taken > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, begin),
		cmocka_unit_test_setup(test_full, begin),
		cmocka_unit_test_setup(test_model, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
