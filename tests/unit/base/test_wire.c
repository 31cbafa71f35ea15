// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stddef.h>

#include "../../../runtime/plan/unitenum.h"
#include "../../../runtime/plan/wire.h"

static void test_ranges(void **state)
{
	struct wire_request q = { .type = WIRE_SIGNAL, .number = 15 };

	(void)state;
	assert_int_equal(wire_request_check(&q, sizeof(q)), 0);
	assert_int_equal(wire_request_check(&q, sizeof(q) - 1), -EBADMSG);
	q.params.discard = WIRE_DISCARD_ALL;
	assert_int_equal(wire_request_check(&q, sizeof(q)), 0);
	q.params.discard = WIRE_DISCARD_ALL + 1;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.params.discard = 0;
	q.cause.trigger_line = LIMIT_WATCHES + 1;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.cause.trigger_line = LIMIT_WATCHES;
	q.cause.monitor_result = SERVICE_RESULT_COUNT;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.cause.monitor_result = 0;
	q.number = 65;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.number = 0;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.number = 9;
	q.slot = LIMIT_SLOTS;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.slot = 0;
	q.kind = WIRE_TARGET_COUNT;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.kind = 0;
	q.note_size = LIMIT_NOTE + 1;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.note_size = 0;
	q.params.flags = UINT32_MAX;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.params.flags = 0;
	q.type = WIRE_REQUEST_COUNT;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
	q.type = 0;
	assert_int_equal(wire_request_check(&q, sizeof(q)), -EBADMSG);
}

static void test_log(void **state)
{
	struct wire_log log = { .type = WIRE_LOG, .size = 10 };

	(void)state;
	assert_int_equal(wire_request_check(&log, offsetof(struct wire_log, data) + 10), 0);
	assert_int_equal(wire_request_check(&log, offsetof(struct wire_log, data) + 11), -EBADMSG);
	log.text_at = 4;
	log.text_size = 6;
	log.priority = 7;
	assert_int_equal(wire_request_check(&log, offsetof(struct wire_log, data) + 10), 0);
	log.text_size = 7;
	assert_int_equal(wire_request_check(&log, offsetof(struct wire_log, data) + 10), -EBADMSG);
	log.text_size = 6;
	log.priority = 8;
	assert_int_equal(wire_request_check(&log, offsetof(struct wire_log, data) + 10), -EBADMSG);
	log.size = WIRE_LOG_MAX + 1;
	assert_int_equal(wire_request_check(&log, sizeof(log)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
