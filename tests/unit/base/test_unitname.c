// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/limits.h"
#include "../../../runtime/base/unitname.h"

static void test_classify(void **state)
{
	static const struct {
		const char *name;
		enum unit_name_kind kind;
	} cases[] = {
		{ "web.service", UNIT_NAME_PLAIN },
		{ "web@.service", UNIT_NAME_TEMPLATE },
		{ "web@7.service", UNIT_NAME_INSTANCE },
		{ "a@b@c.service", UNIT_NAME_INSTANCE },
		{ "-.slice", UNIT_NAME_PLAIN },
		{ "dev-disk-by\\x2dlabel-a.device", UNIT_NAME_PLAIN },
		{ "@x.service", UNIT_NAME_INVALID },
		{ "web", UNIT_NAME_INVALID },
		{ ".service", UNIT_NAME_INVALID },
		{ "web.conf", UNIT_NAME_INVALID },
		{ "a/b.service", UNIT_NAME_INVALID },
		{ "../x.service", UNIT_NAME_INVALID },
		{ "a b.service", UNIT_NAME_INVALID },
		{ "", UNIT_NAME_INVALID },
	};
	char longest[LIMIT_UNIT_NAME + 1];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		assert_int_equal(unit_name_classify(cases[i].name), cases[i].kind);
	}
	memset(longest, 'a', sizeof(longest));
	strcpy(longest + LIMIT_UNIT_NAME - 9, ".service");
	assert_int_equal(unit_name_classify(longest), UNIT_NAME_PLAIN);
	strcpy(longest + LIMIT_UNIT_NAME - 8, ".service");
	assert_int_equal(unit_name_classify(longest), UNIT_NAME_INVALID);
}

static void test_instances(void **state)
{
	char buf[LIMIT_UNIT_NAME];

	(void)state;
	assert_int_equal(unit_name_template("web@7.service", buf), 0);
	assert_string_equal(buf, "web@.service");
	assert_int_equal(unit_name_template("web.service", buf), -EINVAL);
	assert_int_equal(unit_name_instance("web@.service", "a-b", buf), 0);
	assert_string_equal(buf, "web@a-b.service");
	assert_int_equal(unit_name_instance("web@.service", "", buf), -EINVAL);
	assert_int_equal(unit_name_instance("web@.service", "a/b", buf), -EINVAL);
}

/* Expected values are what systemd-escape 252 prints. */
static void test_escape(void **state)
{
	char buf[64], back[64];

	(void)state;
	assert_int_equal(unit_name_escape("Hallo-Welt /x", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "Hallo\\x2dWelt\\x20-x");
	assert_int_equal(unit_name_unescape(buf, back, sizeof(back)), 0);
	assert_string_equal(back, "Hallo-Welt /x");
	assert_int_equal(unit_name_escape_path("//var//lib/./x/", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "var-lib-x");
	assert_int_equal(unit_name_escape_path("/", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "-");
	assert_int_equal(unit_name_escape_path("/.hidden", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "\\x2ehidden");
	assert_int_equal(unit_name_escape_path("/a/../b", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(unit_name_unescape("a\\x0", back, sizeof(back)), -EINVAL);
	assert_int_equal(unit_name_unescape("a\\x00", back, sizeof(back)), -EINVAL);
	assert_int_equal(unit_name_escape("abc", buf, 3), -ENAMETOOLONG);
	assert_int_equal(unit_name_unescape_path("a--b", back, sizeof(back)), -EINVAL);
	assert_int_equal(unit_name_unescape_path("..", back, sizeof(back)), -EINVAL);
	assert_int_equal(unit_name_unescape_path("a-", back, sizeof(back)), -EINVAL);
	assert_int_equal(unit_name_unescape_path("...", back, sizeof(back)), 0);
	assert_int_equal(unit_name_unescape_path("var-lib", back, sizeof(back)), 0);
	assert_string_equal(back, "/var/lib");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
