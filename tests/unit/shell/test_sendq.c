// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../supervisor/sendq.h"

static void test_order(void **state)
{
	struct sendq q;
	unsigned char record[300];
	size_t size;
	unsigned in = 0, out = 0;

	(void)state;
	sendq_init(&q, 1u << 20);
	for (unsigned round = 0; round < 500; round++) {
		for (unsigned i = 0; i < 1 + round % 3; i++, in++) {
			memset(record, (int)(in & 255), sizeof(record));
			assert_int_equal(sendq_push(&q, record, 1 + in % sizeof(record)), 0);
		}
		for (unsigned i = 0; i < 2 && out < in; i++, out++) {
			const unsigned char *front = sendq_front(&q, &size);

			assert_non_null(front);
			assert_int_equal(size, 1 + out % sizeof(record));
			assert_int_equal(front[0], out & 255);
			assert_int_equal(front[size - 1], out & 255);
			sendq_pop(&q);
		}
	}
	sendq_fini(&q);
}

static void test_bound(void **state)
{
	struct sendq q;
	char record[100] = { 0 };
	size_t size, n = 0;

	(void)state;
	sendq_init(&q, 1000);
	while (sendq_push(&q, record, sizeof(record)) == 0) {
		n++;
	}
	assert_int_equal(n, 9);
	assert_int_equal(sendq_push(&q, record, sizeof(record)), -ENOBUFS);
	sendq_pop(&q);
	assert_int_equal(sendq_push(&q, record, sizeof(record)), 0);
	while (sendq_front(&q, &size)) {
		sendq_pop(&q);
	}
	assert_int_equal(sendq_pending(&q), 0);
	sendq_fini(&q);
}

/* What a burst needed does not stay. */
static void test_burst(void **state)
{
	struct sendq q;
	char record[1000] = { 0 };

	(void)state;
	sendq_init(&q, 1u << 20);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(sendq_push(&q, record, sizeof(record)), 0);
	}
	assert_true(q.cap >= 1000 * sizeof(record));
	while (sendq_pending(&q)) {
		sendq_pop(&q);
	}
	assert_true(q.cap <= SENDQ_KEPT);
	assert_int_equal(sendq_push(&q, record, sizeof(record)), 0);
	assert_int_equal(sendq_pending(&q), sizeof(uint32_t) + sizeof(record));
	sendq_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
