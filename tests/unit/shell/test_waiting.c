// SPDX-License-Identifier: MIT
/* Calls that are answered later, of several connections. */
#include "../test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../supervisor/bus/waiting.h"

#define CONNECTIONS 2

struct fixture {
	sd_bus *buses[CONNECTIONS];
	int peers[CONNECTIONS];
	struct bus_waiting *list;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	for (int i = 0; i < CONNECTIONS; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		assert_true(sd_bus_new(&f->buses[i]) >= 0);
		assert_true(sd_bus_set_fd(f->buses[i], ends[0], ends[0]) >= 0);
		assert_true(sd_bus_start(f->buses[i]) >= 0);
		f->peers[i] = ends[1];
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bus_waiting_drop(&f->list, NULL);
	assert_null(f->list);
	for (int i = 0; i < CONNECTIONS; i++) {
		/* Messages hold their connection: the sanitizers tell one that was not let go. */
		sd_bus_close_unref(f->buses[i]);
		close(f->peers[i]);
	}
	free(f);
	return 0;
}

static void add(struct fixture *f, int connection, uint32_t unit, uint32_t what)
{
	sd_bus_message *m = NULL;

	assert_true(sd_bus_message_new_method_call(
			    f->buses[connection], &m, NULL, "/a", "a.b", "Call") >= 0);
	assert_int_equal(bus_waiting_add(&f->list, m, unit, what), 1);
	/* The list has a reference of its own. */
	sd_bus_message_unref(m);
}

/* A bit for each unit that waits; each waits once. */
static uint32_t units_of(const struct fixture *f)
{
	uint32_t units = 0;

	for (const struct bus_waiting *w = f->list; w; w = w->next) {
		assert_false(units & 1u << w->unit);
		assert_non_null(w->message);
		units |= 1u << w->unit;
	}
	return units;
}

static uint32_t asked, ready;

/* Those whose unit is ready; server stands for nothing here but is handed through. */
static bool answer(struct bus_server *b, const struct bus_waiting *w)
{
	assert_ptr_equal(b, (struct bus_server *)&ready);
	assert_string_equal(sd_bus_message_get_member(w->message), "Call");
	assert_int_equal(w->what, w->unit % 2);
	asked |= 1u << w->unit;
	return ready & 1u << w->unit;
}

static void flush(struct fixture *f, uint32_t units)
{
	asked = 0;
	ready = units;
	bus_waiting_flush(&f->list, (struct bus_server *)&ready, answer);
}

/* Every subset of five, first, last and neighbours: the others stay and are asked again. */
static void test_flush(void **state)
{
	struct fixture *f = *state;

	flush(f, ~0u);
	assert_int_equal(asked, 0);
	for (uint32_t subset = 0; subset < 32; subset++) {
		for (uint32_t i = 0; i < 5; i++) {
			add(f, (int)i % CONNECTIONS, i, i % 2);
		}
		flush(f, subset);
		assert_int_equal(asked, 31);
		assert_int_equal(units_of(f), 31 & ~subset);
		flush(f, 0);
		assert_int_equal(asked, 31 & ~subset);
		flush(f, ~0u);
		assert_null(f->list);
	}
}

/* A connection takes its calls with it, and nobody else's. */
static void test_drop(void **state)
{
	struct fixture *f = *state;

	for (uint32_t mine = 0; mine < 32; mine++) {
		for (uint32_t i = 0; i < 5; i++) {
			add(f, mine & 1u << i ? 0 : 1, i, i % 2);
		}
		bus_waiting_drop(&f->list, f->buses[0]);
		assert_int_equal(units_of(f), 31 & ~mine);
		bus_waiting_drop(&f->list, f->buses[0]);
		assert_int_equal(units_of(f), 31 & ~mine);
		bus_waiting_drop(&f->list, NULL);
		assert_null(f->list);
	}
}

/* What is dropped is not answered; lists do not know of each other. */
static void test_lists(void **state)
{
	struct fixture *f = *state;
	struct fixture other = *f;

	other.list = NULL;
	add(f, 0, 1, 1);
	add(&other, 0, 2, 0);
	bus_waiting_drop(&f->list, f->buses[0]);
	flush(f, ~0u);
	assert_int_equal(asked, 0);
	assert_int_equal(units_of(&other), 1u << 2);
	flush(&other, ~0u);
	assert_int_equal(asked, 1u << 2);
	assert_null(other.list);
}

/* The same call may come twice, and waits twice. */
static void test_twice(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;

	add(f, 0, 3, 1);
	add(f, 0, 3, 1);
	flush(f, 0);
	for (const struct bus_waiting *w = f->list; w; w = w->next) {
		n++;
	}
	assert_int_equal(n, 2);
	flush(f, 1u << 3);
	assert_null(f->list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
