// SPDX-License-Identifier: MIT
#include "../../../supervisor/log/lognative.h"

#include <errno.h>
#include <string.h>

#include "../test.h"

static void test_fields(void **state)
{
	char data[] =
		"UNIT=a.service\nPRIORITY=3\nMESSAGE\n\3\0\0\0\0\0\0\0x\ny\n_BAD=1\nlow=1\nA1=v";
	struct lognative n;

	(void)state;
	assert_int_equal(lognative_parse(data, sizeof(data) - 1, &n), 0);
	assert_int_equal(n.unit_size, 9);
	assert_int_equal(n.priority, 3);
	assert_int_equal(n.message_size, 3);
	assert_memory_equal(n.message, "x\ny", 3);
	assert_int_equal(n.n_dropped, 2);
	assert_int_equal(n.n_fields, 1);
	assert_string_equal(n.fields[0].name, "A1");
	assert_int_equal(n.fields[0].size, 1);
}

static void test_broken(void **state)
{
	char endless[] = "M\n\377\377\377\377\377\377\377\377x\n";
	char no_end[] = "M\n\1\0\0\0\0\0\0\0xx";
	char cut[] = "M\n\1\0";
	struct lognative n;

	(void)state;
	assert_int_equal(lognative_parse(endless, sizeof(endless) - 1, &n), -EBADMSG);
	assert_int_equal(lognative_parse(no_end, sizeof(no_end) - 1, &n), -EBADMSG);
	assert_int_equal(lognative_parse(cut, sizeof(cut) - 1, &n), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
