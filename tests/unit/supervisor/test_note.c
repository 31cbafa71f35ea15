// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/note.h"
#include "../../../supervisor/notifymsg.h"
#include "../../../supervisor/service_internal.h"
#include "../test.h"

static void test_round_trip(void **state)
{
	struct note in, out;
	uint8_t buf[LIMIT_NOTE];
	size_t n;

	(void)state;
	note_init(&in);
	in.desired = NOTE_UP;
	in.state = SERVICE_RUNNING;
	in.restarts = 70000;
	in.main_pid = 4242;
	in.reload_us = 123456789012345u;
	in.trigger = 0xfeedf00du;
	in.trigger_line = LIMIT_WATCHES;
	in.trigger_real_us = USEC_INFINITY - 1;
	in.trigger_us = 17;
	memset(in.status, 'x', sizeof(in.status) - 1);
	n = note_encode(&in, buf);
	assert_true(n <= LIMIT_NOTE);
	assert_int_equal(note_decode(buf, n, &out), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(note_decode(buf, i, &out), -EBADMSG);
	}
	buf[1] = NOTE_DESIRED_COUNT;
	assert_int_equal(note_decode(buf, n, &out), -EBADMSG);
	assert_int_equal(note_decode_safe(buf, n, &out), -EBADMSG);
}

static void test_notify(void **state)
{
	static const char text[] =
		"READY=1\nSTATUS=a\xc3\xa4\nMAINPID=77\nX_Y=1\nEXTEND_TIMEOUT_USEC=0\n";
	struct notify_msg m;

	(void)state;
	assert_int_equal(notify_msg_parse(text, sizeof(text) - 1, &m), 0);
	assert_int_equal(m.fields, NOTIFY_READY | NOTIFY_STATUS | NOTIFY_MAINPID);
	assert_int_equal(m.n_bad, 1);
	assert_int_equal(m.mainpid, 77);
	assert_string_equal(m.status, "a\xc3\xa4");
	assert_int_equal(notify_msg_parse("WATCHDOG_USEC=0", 15, &m), 0);
	assert_int_equal(m.fields, NOTIFY_WATCHDOG_USEC);
	assert_int_equal(m.watchdog_us, 0);
	assert_int_equal(notify_msg_parse("WATCHDOG_USEC=18446744073709551615", 34, &m), 0);
	assert_int_equal(m.fields, NOTIFY_WATCHDOG_USEC);
	assert_int_equal(m.watchdog_us, 0);
	assert_int_equal(notify_msg_parse(text, sizeof(text), &m), -EBADMSG);
	assert_int_equal(notify_msg_parse(text, 0, &m), -EBADMSG);
}

/* Prints the graph of the table and checks that no state is a dead end. */
static void test_table(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < SERVICE_STATE_COUNT; s++) {
		unsigned n = 0;

		for (uint32_t v = 0; v < SERVICE_EVENT_COUNT; v++) {
			if (service_pair_is_handled(s, v)) {
				print_message("%s: %s\n", service_state_to_string(s),
					service_event_to_string(v));
				n++;
			}
		}
		assert_true(n > 1);
		assert_true(service_pair_is_handled(s, EV_ADOPT));
		assert_true(service_pair_is_handled(s, EV_STOP) ||
			    service_pair_is_handled(s, EV_START));
	}
}

static void test_backoff(void **state)
{
	struct manifest_service m = {
		.restart_us = 1000, .restart_steps = 2, .restart_max_delay_us = 4000
	};

	(void)state;
	assert_int_equal(service_restart_delay(&m, 1), 1000);
	assert_int_equal(service_restart_delay(&m, 2), 2000);
	assert_int_equal(service_restart_delay(&m, 3), 4000);
	assert_int_equal(service_restart_delay(&m, 1000), 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
