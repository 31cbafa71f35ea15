// SPDX-License-Identifier: MIT
/*
 * Jobs of units that have no processes: devices that come and go, what waits for them, the times
 * that a job may take and what follows, and the modes of a request.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/engine.h"
#include "../test.h"

enum {
	DEVICE,
	BOUND,  /* BindsTo= and After= the device */
	WAITER, /* After= and Requires= bound */
	OTHER,
	KEPT,    /* IgnoreOnIsolate= */
	ISOLATE, /* AllowIsolate=, Wants= other */
	SHUT,    /* Conflicts= other */
	HIND,    /* Wants= other, without After= */
	SLOW,    /* a device that does not come */
	N,
};

static const char *const names[N] = { "dev-a.device", "bound.target", "waiter.target",
	"other.target", "kept.target", "isolate.target", "shut.target", "hind.target",
	"dev-slow.device" };

static struct manifest_unit units[N];
static struct manifest_dep deps[N][2];
static struct manifest manifest;
static struct engine *e;
static usec_t now;
static bool plugged[N];
static unsigned logged[EFFECT_LOG_COUNT];
static int32_t action;
static enum job_result results[N];

static bool is_plugged(void *context, const char *unit)
{
	(void)context;
	for (unsigned i = 0; i < N; i++) {
		if (strcmp(names[i], unit) == 0) {
			return plugged[i];
		}
	}
	return false;
}

static void depend(unsigned from, unsigned i, enum dep_kind kind, unsigned to)
{
	deps[from][i] = (struct manifest_dep) { .kind = kind, .unit = to };
	units[from].deps = (struct tlv_array) { deps[from], i + 1 };
}

static void make_manifest(void)
{
	memset(units, 0, sizeof(units));
	for (unsigned i = 0; i < N; i++) {
		units[i] = (struct manifest_unit) { .name = names[i],
			.type = strstr(names[i], ".device") ? UNIT_DEVICE : UNIT_TARGET,
			.slice = CATALOGUE_NONE,
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
	}
	depend(BOUND, 0, DEP_BINDS_TO, DEVICE);
	depend(BOUND, 1, DEP_AFTER, DEVICE);
	depend(WAITER, 0, DEP_REQUIRES, BOUND);
	depend(WAITER, 1, DEP_AFTER, BOUND);
	depend(ISOLATE, 0, DEP_WANTS, OTHER);
	depend(SHUT, 0, DEP_CONFLICTS, OTHER);
	depend(HIND, 0, DEP_BINDS_TO, OTHER);
	units[KEPT].flags = UNIT_IGNORE_ON_ISOLATE;
	units[ISOLATE].flags = UNIT_ALLOW_ISOLATE;
	units[SLOW].job_running_timeout_us = 5 * USEC_PER_SEC;
	units[SLOW].job_timeout_action = 1;
	manifest = (struct manifest) { .version = 1, .units = { units, N } };
}

static void drain(void)
{
	struct effect x;

	while (engine_next_effect(e, &x)) {
		logged[x.log] += x.type == EFFECT_LOG;
		action = x.type == EFFECT_EMERGENCY ? x.number : action;
		if (x.type == EFFECT_JOB_REMOVED) {
			results[x.unit] = x.job_result;
		}
		free(x.text);
	}
}

static int setup(void **state)
{
	struct engine_host host = { .plugged = is_plugged };

	(void)state;
	make_manifest();
	memset(plugged, 0, sizeof(plugged));
	memset(logged, 0, sizeof(logged));
	memset(results, 0xff, sizeof(results));
	action = 0;
	now = 100 * USEC_PER_SEC;
	e = engine_new();
	assert_non_null(e);
	engine_set_host(e, &host);
	assert_int_equal(engine_load(e, &manifest, 1, now), 0);
	assert_int_equal(engine_listed(e, now), 0);
	drain();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_free(e);
	return 0;
}

static enum unit_active_state active(unsigned i)
{
	return engine_unit(e, i)->active;
}

static bool has_job(unsigned i, enum job_type type)
{
	return engine_unit(e, i)->job && engine_unit(e, i)->job->type == type;
}

static int ask(unsigned i, enum job_type type, enum job_mode mode)
{
	struct engine_request r = { .type = type, .mode = mode, .unit = i, .manual = true };
	struct engine_error error = { 0 };
	uint32_t job;
	int result = engine_enqueue(e, &r, now, &job, &error);

	drain();
	return result ? (int)error.code : 0;
}

static void plug(unsigned i, bool there)
{
	plugged[i] = there;
	assert_int_equal(engine_devices_changed(e, now), 0);
	drain();
}

static void test_device(void **state)
{
	(void)state;
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_true(has_job(DEVICE, JOB_START) && has_job(BOUND, JOB_START));
	assert_int_equal(active(WAITER), ACTIVE_INACTIVE);
	plug(DEVICE, true);
	assert_int_equal(active(DEVICE), ACTIVE_ACTIVE);
	assert_int_equal(active(WAITER), ACTIVE_ACTIVE);
	assert_string_equal(engine_sub_state(engine_unit(e, DEVICE)), "plugged");
	assert_int_equal(ask(DEVICE, JOB_STOP, JOB_MODE_REPLACE), ENGINE_NOT_APPLICABLE);
	plug(DEVICE, false);
	assert_int_equal(active(DEVICE), ACTIVE_INACTIVE);
	assert_int_equal(active(BOUND), ACTIVE_INACTIVE);
	assert_int_equal(active(WAITER), ACTIVE_INACTIVE); /* Requires=: the stop job reaches it */
}

/* At the end of the machine a device counts as stopped, and no other comes. */
static void test_device_shutdown(void **state)
{
	(void)state;
	plug(DEVICE, true);
	assert_int_equal(active(DEVICE), ACTIVE_ACTIVE);
	assert_int_equal(engine_shutdown(e, now), 0);
	drain();
	assert_int_equal(active(DEVICE), ACTIVE_INACTIVE);
	plug(SLOW, true);
	assert_int_equal(active(SLOW), ACTIVE_INACTIVE);
}

/* JobRunningTimeoutSec= counts from the run, JobTimeoutSec= from the request. */
static void test_timeout(void **state)
{
	(void)state;
	units[WAITER].job_timeout_us = 20 * USEC_PER_SEC;
	assert_int_equal(ask(SLOW, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(engine_deadline(e), now + 5 * USEC_PER_SEC);
	now += 5 * USEC_PER_SEC;
	assert_int_equal(engine_tick(e, now), 0);
	drain();
	assert_int_equal(results[SLOW], JOB_TIMEOUT);
	assert_int_equal(logged[LOG_JOB_TIMEOUT], 1);
	assert_int_equal(action, 1); /* JobTimeoutAction= */
	assert_true(has_job(WAITER, JOB_START));
	now += 15 * USEC_PER_SEC;
	action = 0;
	assert_int_equal(engine_tick(e, now), 0);
	drain();
	assert_int_equal(results[WAITER], JOB_TIMEOUT);
	assert_int_equal(action, 0);
	assert_true(has_job(DEVICE, JOB_START)); /* no time was set for it */
}

static void test_isolate(void **state)
{
	(void)state;
	plug(DEVICE, true);
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(ask(KEPT, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(ask(OTHER, JOB_START, JOB_MODE_ISOLATE), ENGINE_ISOLATE_REFUSED);
	assert_int_equal(ask(ISOLATE, JOB_START, JOB_MODE_ISOLATE), 0);
	assert_int_equal(active(ISOLATE), ACTIVE_ACTIVE);
	assert_int_equal(active(OTHER), ACTIVE_ACTIVE);
	assert_int_equal(active(KEPT), ACTIVE_ACTIVE);
	assert_int_equal(active(WAITER), ACTIVE_INACTIVE);
	assert_int_equal(active(BOUND), ACTIVE_INACTIVE);
}

static void test_flush(void **state)
{
	(void)state;
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(ask(OTHER, JOB_START, JOB_MODE_FLUSH), 0);
	assert_int_equal(active(OTHER), ACTIVE_ACTIVE);
	assert_int_equal(results[WAITER], JOB_CANCELED);
	assert_false(has_job(WAITER, JOB_START) || has_job(DEVICE, JOB_START));
}

static void test_irreversible(void **state)
{
	(void)state;
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE_IRREVERSIBLY), 0);
	assert_int_equal(ask(WAITER, JOB_STOP, JOB_MODE_REPLACE), ENGINE_DESTRUCTIVE);
	assert_int_equal(ask(OTHER, JOB_START, JOB_MODE_FLUSH), 0); /* and is not flushed */
	assert_true(has_job(WAITER, JOB_START));
	assert_int_equal(engine_cancel(e, engine_unit(e, WAITER)->job->id, now), 0);
	drain();
	assert_int_equal(results[WAITER], JOB_CANCELED);
}

/* Who requires what was cancelled is not started without it; who is cancelled with it neither. */
static void test_cancel(void **state)
{
	(void)state;
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(engine_cancel(e, engine_unit(e, BOUND)->job->id, now), 0);
	drain();
	assert_int_equal(results[BOUND], JOB_CANCELED);
	assert_int_equal(results[WAITER], JOB_DEPENDENCY);
	assert_int_equal(active(WAITER), ACTIVE_INACTIVE);
	assert_int_equal(engine_cancel_all(e, now), 0);
	drain();
	assert_int_equal(results[DEVICE], JOB_CANCELED);
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_REPLACE), 0);
	assert_int_equal(engine_cancel_all(e, now), 0);
	drain();
	assert_int_equal(results[WAITER], JOB_CANCELED);
	assert_int_equal(results[BOUND], JOB_CANCELED);
	assert_int_equal(active(WAITER), ACTIVE_INACTIVE);
	assert_int_equal(active(BOUND), ACTIVE_INACTIVE);
	assert_int_equal(engine_cancel(e, 4711, now), 1);
}

static void test_ignore_dependencies(void **state)
{
	(void)state;
	assert_int_equal(ask(WAITER, JOB_START, JOB_MODE_IGNORE_DEPENDENCIES), 0);
	assert_int_equal(active(WAITER), ACTIVE_ACTIVE);
	assert_int_equal(active(BOUND), ACTIVE_INACTIVE);
	assert_int_equal(ask(OTHER, JOB_START, JOB_MODE_FAIL), 0);
	assert_int_equal(ask(SHUT, JOB_START, JOB_MODE_IGNORE_DEPENDENCIES), 0);
	assert_int_equal(active(OTHER), ACTIVE_ACTIVE);
}

/* A unit that comes up by itself is treated as if it had been asked for. */
static void test_hindsight(void **state)
{
	(void)state;
	depend(DEVICE, 0, DEP_BINDS_TO, OTHER);
	depend(DEVICE, 1, DEP_CONFLICTS, KEPT);
	assert_int_equal(engine_load(e, &manifest, 2, now), 0);
	drain();
	assert_int_equal(ask(KEPT, JOB_START, JOB_MODE_REPLACE), 0);
	plug(DEVICE, true);
	assert_int_equal(active(OTHER), ACTIVE_ACTIVE);
	assert_int_equal(active(KEPT), ACTIVE_INACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_device, setup, teardown),
		cmocka_unit_test_setup_teardown(test_device_shutdown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_isolate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_irreversible, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ignore_dependencies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hindsight, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
