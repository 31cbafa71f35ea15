// SPDX-License-Identifier: MIT
/* The machines of sockets and paths: every pair of state and event, and the ways through. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "../../../runtime/base/unitname.h"
#include "../../../runtime/plan/launchwire.h"
#include "../../../supervisor/pathunit.h"
#include "../../../supervisor/socket.h"
#include "../test.h"

#define BIND  20u
#define FLUSH 21u
#define CLEAN 22u
#define LOOK  23u

static struct manifest_command commands[] = { { .phase = PHASE_START_PRE, .entry = 1 },
	{ .phase = PHASE_START_POST, .entry = 2 }, { .phase = PHASE_STOP, .entry = 3 },
	{ .phase = PHASE_STOP_POST, .entry = 4 } };
static struct manifest_service service_def = { .timeout_start_us = USEC_PER_SEC,
	.timeout_stop_us = USEC_PER_SEC,
	.kill_signal = SIGTERM,
	.send_sigkill = 1 };
static struct manifest_socket socket_def;
static struct manifest_path path_def;
static struct manifest_unit unit;

static struct service base;
static struct socket machine;
static struct pathunit path;
static struct effects fx;
static usec_t now;
static uint64_t run_id;

static void make_socket(uint32_t n_commands, bool accept)
{
	struct service_def def = { 1, 0, &unit, &service_def };

	socket_def = (struct manifest_socket) { .accept = accept,
		.bind_entry = BIND,
		.flush_entry = CATALOGUE_NONE,
		.max_connections = 2,
		.trigger_interval_us = 2 * USEC_PER_SEC,
		.trigger_burst = 3 };
	unit = (struct manifest_unit) { .name = "a.socket",
		.type = UNIT_SOCKET,
		.clean_entry = CLEAN,
		.check_entry = CATALOGUE_NONE,
		.service = { &service_def, 1 },
		.socket = { &socket_def, 1 },
		.commands = { commands, n_commands } };
	service_init(&base, &def);
	socket_init(&machine, &base);
	now = 10 * USEC_PER_SEC;
}

static void make_path(void)
{
	struct service_def def = { 1, 0, &unit, NULL };

	path_def = (struct manifest_path) {
		.watch_entry = LOOK, .trigger_interval_us = 2 * USEC_PER_SEC, .trigger_burst = 3
	};
	unit = (struct manifest_unit) {
		.name = "a.path", .type = UNIT_PATH, .path = { &path_def, 1 }
	};
	service_init(&base, &def);
	pathunit_init(&path, &base);
	now = 10 * USEC_PER_SEC;
}

static const struct effect *find(enum effect_type type)
{
	for (uint32_t i = 0; i < fx.n; i++) {
		if (fx.items[i].type == type) {
			return &fx.items[i];
		}
	}
	return NULL;
}

static void step(const struct service_event *event)
{
	fx.n = 0;
	if (unit.type == UNIT_SOCKET) {
		socket_step(&machine, event, now, &fx);
	} else {
		pathunit_step(&path, event, now, &fx);
	}
}

static void simple(enum service_event_type type)
{
	step(&(struct service_event) { .type = type });
}

static void ended(
	enum service_event_type type, enum entry_kind kind, int32_t value, uint32_t status)
{
	bool failed = type == EV_WORK_FAILED || type == EV_CONTROL_FAILED;
	struct wire_proc proc = { .kind = kind,
		.phase = failed ? WIRE_PHASE_FAILED : WIRE_PHASE_EXITED,
		.run_id = ++run_id,
		.value = value,
		.exit_code = CLD_EXITED,
		.exit_status = status,
		.step = failed ? STEP_SOCKETS : 0,
		.error = failed ? EADDRINUSE : 0 };

	step(&(struct service_event) { .type = type, .proc = &proc });
	assert_int_equal(fx.items[0].type, EFFECT_FORGET);
}

static bool runs(uint32_t entry)
{
	const struct effect *x = find(EFFECT_RUN);

	return x && x->entry == entry;
}

static void test_life(void **state)
{
	(void)state;
	make_socket(4, false);
	simple(EV_START);
	assert_true(machine.state == SOCKET_START_PRE && runs(1));
	ended(EV_CONTROL_EXITED, ENTRY_CONTROL, 0, 0);
	assert_true(machine.state == SOCKET_START_CHOWN && runs(BIND));
	ended(EV_WORK_EXITED, ENTRY_WORK, 1, 0);
	assert_true(machine.state == SOCKET_START_POST && runs(2));
	ended(EV_CONTROL_EXITED, ENTRY_CONTROL, 0, 0);
	assert_true(machine.state == SOCKET_LISTENING && find(EFFECT_WATCH));
	simple(EV_READABLE);
	assert_true(machine.state == SOCKET_RUNNING && find(EFFECT_TRIGGER));
	simple(EV_READABLE);
	assert_null(find(EFFECT_TRIGGER));
	simple(EV_TRIGGER_UP);
	simple(EV_TRIGGER_DOWN);
	assert_true(machine.state == SOCKET_LISTENING && find(EFFECT_WATCH));
	simple(EV_STOP);
	assert_true(machine.state == SOCKET_STOP_PRE && runs(3));
	ended(EV_CONTROL_EXITED, ENTRY_CONTROL, 0, 0);
	base.populated = false;
	assert_int_equal(machine.state, SOCKET_STOP_POST);
}

static void test_bind_fails(void **state)
{
	(void)state;
	make_socket(0, false);
	simple(EV_START);
	assert_true(machine.state == SOCKET_START_CHOWN && runs(BIND));
	ended(EV_WORK_FAILED, ENTRY_WORK, 0, 0);
	assert_int_equal(machine.state, SOCKET_CLEANING);
	assert_int_equal(base.failure.error, EADDRINUSE);
	assert_non_null(find(EFFECT_RELEASE));
	simple(EV_RELEASED);
	assert_int_equal(machine.state, SOCKET_FAILED);
	assert_int_equal(base.result, RESULT_RESOURCES);
	simple(EV_RESET_FAILED);
	assert_int_equal(machine.state, SOCKET_DEAD);
}

static void listen_now(bool accept)
{
	make_socket(0, accept);
	simple(EV_START);
	ended(EV_WORK_EXITED, ENTRY_WORK, 1, 0);
	assert_int_equal(machine.state, SOCKET_LISTENING);
}

static void test_limits(void **state)
{
	(void)state;
	listen_now(false);
	for (int i = 0; i < 3; i++) {
		simple(EV_READABLE);
		assert_int_equal(machine.state, SOCKET_RUNNING);
		simple(EV_TRIGGER_DOWN);
	}
	simple(EV_READABLE);
	assert_int_equal(base.result, RESULT_TRIGGER_LIMIT_HIT);
	assert_null(find(EFFECT_TRIGGER));

	listen_now(false);
	step(&(struct service_event) {
		.type = EV_TRIGGER_FAILED, .number = RESULT_SERVICE_START_LIMIT_HIT });
	assert_int_equal(base.result, RESULT_SERVICE_START_LIMIT_HIT);
}

static void test_accept(void **state)
{
	(void)state;
	listen_now(true);
	simple(EV_READABLE);
	assert_true(machine.state == SOCKET_LISTENING && find(EFFECT_TRIGGER));
	assert_null(find(EFFECT_WATCH));
	machine.n_connections = 1;
	simple(EV_ACCEPTED);
	assert_non_null(find(EFFECT_WATCH));
	simple(EV_READABLE);
	machine.n_connections = 2; /* as many as there may be */
	simple(EV_ACCEPTED);
	assert_null(find(EFFECT_WATCH));
	machine.n_connections = 1;
	simple(EV_TRIGGER_DOWN);
	assert_non_null(find(EFFECT_WATCH));
	assert_int_equal(machine.n_accepted, 2);
}

/* A note taken in any state is taken up by the next machine, which asks for what is missing. */
static void test_adopt(void **state)
{
	struct service_adoption facts = { 0 };
	struct note note;

	(void)state;
	listen_now(false);
	note_init(&note);
	socket_to_note(&machine, &note);
	make_socket(0, false);
	facts.note = &note;
	step(&(struct service_event) { .type = EV_ADOPT, .adoption = &facts });
	assert_true(machine.state == SOCKET_LISTENING && find(EFFECT_WATCH));
	struct wire_refused refused = { .request = WIRE_WATCH, .error = ENXIO };

	step(&(struct service_event) { .type = EV_REFUSED, .refused = &refused });
	assert_true(machine.state == SOCKET_START_CHOWN && runs(BIND));
}

static void test_path(void **state)
{
	(void)state;
	make_path();
	simple(EV_START);
	assert_true(path.state == PATH_START && runs(LOOK));
	assert_true(find(EFFECT_RUN)->params.watch_state & WIRE_WATCH_FIRST);
	ended(EV_WORK_EXITED, ENTRY_WORK, 0, 0);
	assert_true(path.state == PATH_WAITING && find(EFFECT_WATCH));
	simple(EV_READABLE);
	assert_true(runs(LOOK) && find(EFFECT_RUN)->params.watch_state == 0);
	ended(EV_WORK_EXITED, ENTRY_WORK, 1 | 1 << WIRE_WATCH_GOOD_SHIFT, 0);
	assert_true(path.state == PATH_RUNNING && find(EFFECT_TRIGGER) && path.triggering);
	simple(EV_TRIGGER_UP);
	assert_false(path.triggering);
	simple(EV_TRIGGER_DOWN);
	assert_true(runs(LOOK));
	assert_int_equal(find(EFFECT_RUN)->params.watch_state, 1 | WIRE_WATCH_FRESH);
	ended(EV_WORK_FAILED, ENTRY_WORK, 0, 0);
	assert_int_equal(path.state, PATH_FAILED);
}

/* Who writes beside the path without end gets so many looks in a second, and one more after it. */
static void test_path_looks(void **state)
{
	unsigned n = 0;

	(void)state;
	make_path();
	simple(EV_START);
	ended(EV_WORK_EXITED, ENTRY_WORK, 0, 0);
	for (simple(EV_READABLE); runs(LOOK); simple(EV_READABLE)) {
		ended(EV_WORK_EXITED, ENTRY_WORK, 0, 0);
		assert_true(find(EFFECT_WATCH) && ++n <= LIMIT_PATH_LOOKS);
	}
	assert_int_equal(n, LIMIT_PATH_LOOKS);
	assert_int_equal(base.deadline_us, now + LIMIT_PATH_LOOKS_US);
	now = base.deadline_us;
	base.deadline_us = USEC_INFINITY; /* as the engine does */
	simple(EV_TIMEOUT);
	assert_true(path.state == PATH_WAITING && runs(LOOK));
	assert_true(base.deadline_us == USEC_INFINITY);
}

/* ---- every pair ---- */

static void give(enum service_event_type type)
{
	struct wire_proc proc = { .run_id = ++run_id, .exit_code = CLD_EXITED };
	struct wire_refused refused = { .request = WIRE_WATCH };
	struct note note;
	struct service_adoption facts = { .note = &note };
	struct service_event event = { .type = type,
		.proc = &proc,
		.refused = &refused,
		.adoption = &facts,
		.number = RESULT_RESOURCES };
	bool failed = type == EV_CONTROL_FAILED || type == EV_WORK_FAILED || type == EV_MAIN_FAILED;

	note_init(&note);
	proc.phase = failed ? WIRE_PHASE_FAILED : WIRE_PHASE_EXITED;
	proc.kind = type == EV_CONTROL_EXITED || type == EV_CONTROL_FAILED ? ENTRY_CONTROL
		    : type == EV_WORK_EXITED || type == EV_WORK_FAILED     ? ENTRY_WORK
									   : ENTRY_MAIN;
	step(&event);
}

/* No more than one start of the same place, and what must be armed is armed. */
static void check_pair(enum service_event_type type, uint32_t before, uint32_t after)
{
	uint32_t n_runs[ENTRY_KIND_COUNT] = { 0 };

	for (uint32_t i = 0; i < fx.n; i++) {
		if (fx.items[i].type == EFFECT_RUN) {
			n_runs[fx.items[i].kind]++;
			assert_int_not_equal(fx.items[i].entry, CATALOGUE_NONE);
		}
	}
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		if (n_runs[i] > 1) {
			fail_msg("%s in %u: %u starts", service_event_to_string(type), before,
				n_runs[i]);
		}
	}
	if (unit.type == UNIT_SOCKET && before != after &&
		(after < SOCKET_LISTENING || after > SOCKET_RUNNING) && after != SOCKET_DEAD &&
		after != SOCKET_FAILED) {
		assert_true(base.deadline_us < USEC_INFINITY);
	}
}

/* True: the pair has a row. */
static bool check_socket_pair(unsigned k, unsigned e, bool commands_too)
{
	make_socket(commands_too ? 4 : 0, k % 2);
	machine.state = (enum socket_state)k;
	base.deadline_us = 2 * now;
	base.has_slot = true;
	give((enum service_event_type)e);
	check_pair((enum service_event_type)e, k, machine.state);
	if (!socket_pair_is_handled(k, e)) {
		assert_int_equal(machine.state, k);
	}
	return socket_pair_is_handled(k, e);
}

static void test_all_pairs(void **state)
{
	uint32_t n = 0;

	(void)state;
	for (unsigned k = 0; k < SOCKET_STATE_COUNT; k++) {
		for (unsigned e = 0; e < SERVICE_EVENT_COUNT; e++) {
			n += check_socket_pair(k, e, false);
			n += check_socket_pair(k, e, true);
		}
	}
	for (unsigned k = 0; k < PATH_STATE_COUNT; k++) {
		for (unsigned e = 0; e < SERVICE_EVENT_COUNT; e++) {
			make_path();
			path.state = (enum path_state)k;
			base.has_slot = true;
			give((enum service_event_type)e);
			check_pair((enum service_event_type)e, k, path.state);
			if (!pathunit_pair_is_handled(k, e)) {
				assert_int_equal(path.state, k);
			}
			n += pathunit_pair_is_handled(k, e);
		}
	}
	assert_true(n > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_bind_fails),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_path_looks),
		cmocka_unit_test(test_all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
