// SPDX-License-Identifier: MIT
/* What OOMPolicy= makes of a process that was killed for want of memory, in every state. */
#include <signal.h>
#include <stdlib.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/service.h"
#include "../test.h"

static struct manifest_command commands[] = {
	{ .phase = PHASE_START, .entry = 1 },
	{ .phase = PHASE_STOP, .entry = 2 },
	{ .phase = PHASE_STOP_POST, .entry = 3 },
};
static struct manifest_service definition;
static struct manifest_unit unit;

/* A service in that state with a live main process. */
static void make(struct service *s, enum service_type type, enum oom_policy policy, bool stops)
{
	struct service_def def = { 0, 0, &unit, &definition };

	definition = (struct manifest_service) { .type = type,
		.oom_policy = policy,
		.kill_signal = SIGTERM,
		.send_sigkill = 1,
		.restart_max_delay_us = USEC_INFINITY,
		.timeout_start_us = USEC_PER_SEC,
		.timeout_stop_us = USEC_PER_SEC,
		.timeout_abort_us = USEC_PER_SEC,
		.runtime_max_us = USEC_INFINITY };
	unit = (struct manifest_unit) { .name = "a.service",
		.clean_entry = CATALOGUE_NONE,
		.check_entry = CATALOGUE_NONE,
		.service = { &definition, 1 },
		.commands = { commands, stops ? 3 : 1 } };
	service_init(s, &def);
	s->deadline_us = 2 * USEC_PER_SEC;
	s->places[ENTRY_MAIN].phase = PLACE_LIVE;
	s->places[ENTRY_MAIN].run_id = 7;
	s->populated = s->has_slot = true;
}

/* What the event leads to; *ret_logs: how often it was told. */
static enum service_state after(struct service *s, enum service_state state, uint32_t *ret_logs)
{
	AUTO_FREE struct effects *fx = calloc(1, sizeof(*fx));
	const struct service_event event = { .type = EV_OOM };

	assert_non_null(fx);
	s->state = state;
	service_step(s, &event, USEC_PER_SEC, fx);
	*ret_logs = 0;
	for (uint32_t i = 0; i < fx->n; i++) {
		*ret_logs += fx->items[i].type == EFFECT_LOG && fx->items[i].log == LOG_OOM;
	}
	return s->state;
}

struct expected {
	enum service_state state;
	enum service_state stop, kill; /* with OOMPolicy=stop and kill */
	enum service_state bare;       /* stop without ExecStop= */
};

static const struct expected table[] = {
	{ SERVICE_START_PRE, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_START, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_START_POST, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_RUNNING, SERVICE_STOP, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_EXITED, SERVICE_STOP, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_RELOAD, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_STOP, SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGTERM },
	{ SERVICE_STOP_WATCHDOG, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL },
	{ SERVICE_STOP_SIGTERM, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL },
	{ SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL, SERVICE_STOP_SIGKILL },
	{ SERVICE_STOP_POST, SERVICE_FINAL_SIGKILL, SERVICE_FINAL_SIGKILL, SERVICE_FINAL_SIGKILL },
	{ SERVICE_FINAL_SIGTERM, SERVICE_FINAL_SIGKILL, SERVICE_FINAL_SIGKILL,
		SERVICE_FINAL_SIGKILL },
	{ SERVICE_FINAL_SIGKILL, SERVICE_FINAL_SIGKILL, SERVICE_FINAL_SIGKILL,
		SERVICE_FINAL_SIGKILL },
};

static const enum service_type types[] = { SERVICE_SIMPLE, SERVICE_NOTIFY, SERVICE_ONESHOT,
	SERVICE_FORKING };

static void check(const struct expected *x, enum service_type type, enum oom_policy policy)
{
	for (int stops = 0; stops < 2; stops++) {
		enum service_state want = policy == OOM_POLICY_CONTINUE ? x->state
					  : policy == OOM_POLICY_KILL   ? x->kill
					  : stops                       ? x->stop
									: x->bare;
		struct service s;
		uint32_t logs;

		make(&s, type, policy, stops);
		assert_string_equal(service_state_to_string(after(&s, x->state, &logs)),
			service_state_to_string(want));
		assert_int_equal(logs, 1);
		assert_int_equal(
			s.result, policy == OOM_POLICY_CONTINUE ? RESULT_SUCCESS : RESULT_OOM_KILL);
	}
}

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		for (size_t k = 0; k < ELEMENTSOF(types); k++) {
			check(&table[i], types[k], OOM_POLICY_STOP);
			check(&table[i], types[k], OOM_POLICY_KILL);
			check(&table[i], types[k], OOM_POLICY_CONTINUE);
		}
	}
}

/* The first reason stays. */
static void test_first(void **state)
{
	struct service s;
	uint32_t logs;

	(void)state;
	make(&s, SERVICE_SIMPLE, OOM_POLICY_STOP, false);
	s.result = RESULT_TIMEOUT;
	assert_int_equal(after(&s, SERVICE_STOP_SIGTERM, &logs), SERVICE_STOP_SIGKILL);
	assert_int_equal(s.result, RESULT_TIMEOUT);
}

/* What is mounted stays so, whatever happens to a helper that is left in its cgroup. */
static void test_mount(void **state)
{
	struct manifest_mount mount = { 0 };
	struct service s;
	uint32_t logs;

	(void)state;
	make(&s, SERVICE_ONESHOT, OOM_POLICY_STOP, true);
	unit.mount = (struct tlv_array) { &mount, 1 };
	assert_int_equal(after(&s, SERVICE_EXITED, &logs), SERVICE_EXITED);
	assert_int_equal(logs, 1);
	assert_int_equal(s.result, RESULT_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
