// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/umount/mounts.h"

static void test_unescape(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "/plain", "/plain" },
		{ "/a\\040b", "/a b" },
		{ "/tab\\011nl\\012back\\134end", "/tab\tnl\nback\\end" },
		{ "/\\0", "/\\0" },
		{ "/\\999", "/\\999" },
		{ "\\", "\\" },
		{ "/\\04", "/\\04" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];

		strcpy(text, rows[i].in);
		mounts_unescape(text);
		assert_string_equal(text, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
