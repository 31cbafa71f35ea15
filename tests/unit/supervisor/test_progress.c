// SPDX-License-Identifier: MIT
/* Which jobs the console is told of. */
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/progress.h"
#include "../test.h"

#define N 7u
#define S USEC_PER_SEC

static struct manifest_service services[N];
static struct manifest_unit units[N];
static struct manifest_command commands[N];
static struct manifest_dep deps[1];
static struct manifest manifest;
static const char *const names[N] = { "a.service", "b.service", "c.service", "d.service",
	"e.service", "f.service", "g.service" };

/* All are Type=notify and say nothing; g waits for f, and only the limit of b is short. */
static void make_manifest(void)
{
	for (uint32_t i = 0; i < N; i++) {
		commands[i] = (struct manifest_command) { .phase = PHASE_START, .entry = i };
		services[i] = (struct manifest_service) { .type = SERVICE_NOTIFY,
			.restart_max_delay_us = USEC_INFINITY,
			.timeout_start_us = i == 1 ? 30 * S : USEC_INFINITY,
			.timeout_stop_us = 90 * S,
			.timeout_abort_us = 90 * S,
			.runtime_max_us = USEC_INFINITY,
			.readpid_entry = CATALOGUE_NONE };
		units[i] = (struct manifest_unit) { .name = names[i],
			.type = UNIT_SERVICE,
			.slice = CATALOGUE_NONE,
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = i == 2 ? 600 * S : USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
		units[i].service = (struct tlv_array) { &services[i], 1 };
		units[i].commands = (struct tlv_array) { &commands[i], 1 };
	}
	deps[0] = (struct manifest_dep) { DEP_AFTER, 5, 0 };
	units[6].deps = (struct tlv_array) { deps, 1 };
	manifest = (struct manifest) { .version = 1, .units = { units, N } };
}

static void drain(struct engine *e)
{
	struct effect x;

	while (engine_next_effect(e, &x)) {
		free(x.text);
	}
}

static void start(struct engine *e, const char *name, usec_t now)
{
	struct engine_request q = { .type = JOB_START, .unit = engine_find(e, name) };
	struct engine_error error;
	uint32_t job;

	assert_int_equal(engine_enqueue(e, &q, now, &job, &error), 0);
	assert_int_not_equal(job, 0);
	drain(e);
}

static void test_pick(void **state)
{
	static const char *const order[] = { "d.service", "a.service", "b.service", "c.service",
		"e.service", "f.service", "g.service" };
	struct progress_job list[PROGRESS_AT_ONCE];
	struct engine *e = engine_new();
	uint32_t more = 99;

	(void)state;
	make_manifest();
	assert_int_equal(engine_load(e, &manifest, 1, 0), 0);
	assert_int_equal(engine_listed(e, 0), 0);
	drain(e);
	assert_int_equal(progress_pick(e, 100 * S, list, &more), 0);
	assert_int_equal(more, 0);
	for (uint32_t i = 0; i < N; i++) {
		start(e, order[i], (100 + i) * S);
	}
	assert_int_equal(progress_pick(e, 105 * S - 1, list, &more), 0);
	assert_int_equal(progress_pick(e, 106 * S, list, &more), 2);
	assert_int_equal(more, 0);
	assert_string_equal(list[0].unit->name, "d.service");
	assert_string_equal(list[1].unit->name, "a.service");
	/* g.service waits for another's job: that one is shown */
	assert_int_equal(progress_pick(e, 120 * S, list, &more), PROGRESS_AT_ONCE);
	assert_int_equal(more, 2);
	for (uint32_t i = 0; i < PROGRESS_AT_ONCE; i++) {
		assert_string_equal(list[i].unit->name, order[i]);
		assert_int_equal(list[i].since, (100 + i) * S);
		assert_int_equal(list[i].kind, WIRE_WAIT_START);
	}
	assert_int_equal(list[0].until, USEC_INFINITY);
	assert_int_equal(list[2].until, 132 * S); /* TimeoutStartSec= */
	assert_int_equal(list[3].until, 703 * S); /* JobTimeoutSec= */
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pick) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
