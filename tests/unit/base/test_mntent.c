// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/mntent.h"

static void test_unescape(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "/mnt", "/mnt" },
		{ "/a\\040b", "/a b" },
		{ "\\011\\012\\134", "\t\n\\" },
		{ "\\377", "\377" },
		{ "\\400", "\\400" },
		{ "\\04", "\\04" },
		{ "\\", "\\" },
		{ "\\1340", "\\0" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s", rows[i][0]);
		mntent_unescape(text);
		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_unescape) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
