// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../runtime/init/requests.h"
#include "../../../runtime/init/slots.h"
#include "../../../runtime/init/table.h"

static struct broker broker;

static int setup(void **state)
{
	struct broker *b = &broker;

	memset(b, 0, sizeof(*b));
	memset(b->job_refs, 0xff, sizeof(b->job_refs));
	b->inotify_fd = b->cgroup_fd = b->supd.request_fd = b->supd.event_fd = b->log.fd =
		b->logsend.native_fd = b->logsend.journald_fd = -1;
	assert_int_equal(table_map(b, -1), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct broker *b = *state;

	close(b->table_fd);
	return 0;
}

static void test_names(void **state)
{
	struct broker *b = *state;
	char name[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "u%d.service", i);
		assert_int_equal(slot_make(b, name), i);
	}
	assert_int_equal(slot_find(b, "u2999.service"), 2999);
	assert_int_equal(slot_find(b, "none.service"), WIRE_SLOT_NONE);
	slot_free(b, 7);
	assert_int_equal(slot_find(b, "u7.service"), WIRE_SLOT_NONE);
	assert_int_equal(slot_make(b, "new.service"), 7);
	memset(b->name_heads, 0, sizeof(b->name_heads));
	slots_index(b);
	assert_int_equal(slot_find(b, "new.service"), 7);
}

static void test_pids(void **state)
{
	struct broker *b = *state;

	slot_pid_set(b, 5, 100);
	slot_pid_set(b, 6, 100 + LIMIT_SLOTS); /* the same chain */
	assert_int_equal(slot_pid_find(b, 100), 5);
	slot_pid_set(b, 5, 101);
	assert_int_equal(slot_pid_find(b, 100), REF_NONE);
	assert_int_equal(slot_pid_find(b, 100 + LIMIT_SLOTS), 6);
	slot_pid_clear(b, 6);
	assert_int_equal(slot_pid_find(b, 100 + LIMIT_SLOTS), REF_NONE);
}

static void test_marks(void **state)
{
	struct broker *b = *state;

	slot_mark_ref(b, 130 * ENTRY_KIND_COUNT + ENTRY_HEALTH);
	slot_mark(b, 3, DIRTY_SLOT);
	assert_int_equal(slot_next_marked(b->slot_map, 0), 3);
	assert_int_equal(slot_next_marked(b->slot_map, 4), 130);
	assert_int_equal(b->slot_dirty[130], 1 << ENTRY_HEALTH);
	assert_int_equal(slot_next_marked(b->slot_map, 131), WIRE_SLOT_NONE);
}

/* Requests about nothing are refused; records that are none kill supd. */
static void test_requests(void **state)
{
	struct broker *b = *state;
	struct wire_request q = { .type = WIRE_RUN, .catalogue = 1 };

	assert_int_equal(requests_handle(b, &q, sizeof(q)), 0);
	assert_true(b->supd.refused_dirty);
	assert_int_equal(b->supd.refused.error, ESTALE);
	for (uint32_t type = WIRE_MAIN; type <= WIRE_RELEASE; type++) {
		q = (struct wire_request) { .type = type, .slot = 9, .number = 15 };
		b->supd.refused_dirty = false;
		assert_int_equal(requests_handle(b, &q, sizeof(q)), 0);
		assert_true(b->supd.refused_dirty);
		assert_int_equal(b->supd.refused.error, ENOENT);
	}
	q.slot = LIMIT_SLOTS;
	assert_int_equal(requests_handle(b, &q, sizeof(q)), -EBADMSG);
	assert_int_equal(requests_handle(b, &q, sizeof(q) - 1), -EBADMSG);
	q = (struct wire_request) { .type = WIRE_REQUEST_COUNT };
	assert_int_equal(requests_handle(b, &q, sizeof(q)), -EBADMSG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_pids),
		TEST(test_marks),
		TEST(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
