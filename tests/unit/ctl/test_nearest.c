// SPDX-License-Identifier: MIT
/* Which name somebody may have meant. */
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/nearest.h"

static void test_distance(void **state)
{
	char longest[LIMIT_UNIT_NAME + 2];

	(void)state;
	assert_int_equal(nearest_distance("", ""), 0);
	assert_int_equal(nearest_distance("nginx", "nginx"), 0);
	assert_int_equal(nearest_distance("ngnix", "nginx"), 1);
	assert_int_equal(nearest_distance("strat", "start"), 1);
	assert_int_equal(nearest_distance("NGINX", "nginx"), 0);
	assert_int_equal(nearest_distance("ab", ""), 2);
	assert_int_equal(nearest_distance("", "ab"), 2);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(nearest_distance(longest, longest), LIMIT_UNIT_NAME);
}

/* What is suggested for unit of the names in known (spaces between them); "" is nothing. */
static const struct row {
	const char *unit, *known, *expected;
} rows[] = {
	{ "ngnix.service", "redis.service nginx.service nginx.socket", "nginx.service" },
	{ "nginx.servce.service", "redis.service nginx.service", "nginx.service" },
	{ "nginx.socket", "nginx.service", "nginx.service" },
	{ "ngnix.socket", "nginx.service", "" },
	{ "NetworkManager.service", "networkmanager.service", "networkmanager.service" },
	{ "a.service", "b.service", "" },
	{ "sh.service", "ssh.service", "" },
	{ "far.service", "away.service other.service", "" },
	/* three of nine letters may differ, four never */
	{ "abcdefghi.service", "abcdef123.service", "abcdef123.service" },
	{ "abcdefghijklmnop.service", "abcdefghijkl1234.service", "" },
	/* equally near: the first of the alphabet, in whatever order they come */
	{ "web.service", "wex.service wea.service wed.service", "wea.service" },
	/* templates and instances */
	{ "getyt@tty1.service", "getty@.service", "getty@tty1.service" },
	{ "getty@tty1.service", "getty@.service", "" },
	{ "getty@tty1.service", "getty@tty2.service getty@.service", "getty@tty2.service" },
	{ "getty.service", "getty@.service", "getty@INSTANCE.service" },
	{ "getty.service", "getty@.service gettyx.service", "getty@INSTANCE.service" },
	{ "gety@.service", "getty@.service", "getty@.service" },
	{ "far@x.service", "getty@.service", "" },
	/* what is no unit's name does not count */
	{ "web.service", "wea wea.service.d .wea.service wea.servicx", "" },
	{ "web.service", "web.service", "" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		AUTO_FREE char *known = strdup(rows[i].known);
		struct nearest n;

		nearest_init(&n, rows[i].unit);
		for (char *save, *name = strtok_r(known, " ", &save); name;
			name = strtok_r(NULL, " ", &save)) {
			nearest_offer(&n, name);
		}
		if (strcmp(n.name, rows[i].expected) != 0) {
			fail_msg("%s among %s: \"%s\", not \"%s\"", rows[i].unit, rows[i].known,
				n.name, rows[i].expected);
		}
	}
}

static void test_same(void **state)
{
	struct nearest n;

	(void)state;
	nearest_init(&n, "web.service");
	nearest_offer(&n, "wed.service");
	assert_false(n.same);
	nearest_offer(&n, "web.service");
	assert_true(n.same);
	assert_string_equal(n.name, "wed.service");
}

/* The longest instance and the longest template together are no name. */
static void test_long(void **state)
{
	char unit[LIMIT_UNIT_NAME], known[LIMIT_UNIT_NAME];
	struct nearest n;

	(void)state;
	memset(unit, 'a', sizeof(unit));
	strcpy(unit + sizeof(unit) - sizeof("b@i.mount"), "b@i.mount");
	memset(known, 'a', sizeof(known));
	strcpy(known + sizeof(known) - sizeof("c@.mount"), "c@.mount");
	nearest_init(&n, unit);
	nearest_offer(&n, known);
	assert_string_equal(n.name, "");
	memmove(known, known + 1, sizeof(known) - 1);
	nearest_offer(&n, known);
	assert_int_equal(strlen(n.name), LIMIT_UNIT_NAME - 1);
	assert_non_null(strstr(n.name, "c@i.mount"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
