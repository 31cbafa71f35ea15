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

#define LINE(where, flags, type, super)                                                            \
	"9 1 8:1 / " where " " flags " - " type " /dev/x " super "\n"

/* What counts, and that a tmpfs may hide what does. */
static void test_parse(void **state)
{
	char text[] = LINE("/", "rw shared:1", "ext4", "rw") LINE("/proc", "rw", "proc", "rw")
		LINE("/run", "rw", "tmpfs", "rw") LINE("/run/user/1", "rw", "tmpfs", "rw")
			LINE("/mnt/a\\012b", "rw", "ext4", "ro,x") LINE("/mnt", "rw", "tmpfs", "rw")
				LINE("/running", "rw", "ramfs", "rw") "no line\n"
								      "1 2 3 - ext4 a rw\n"
								      "1 2 3 4 5 - \n\n";
	struct mounts_row rows[8];

	(void)state;
	assert_int_equal(mounts_parse(text, rows, 8), 4);
	assert_string_equal(rows[0].where, "/");
	assert_false(rows[0].read_only || rows[0].memory);
	assert_string_equal(rows[1].where, "/mnt/a\nb");
	assert_true(rows[1].read_only && !rows[1].memory);
	assert_string_equal(rows[2].where, "/mnt");
	assert_true(rows[2].memory);
	assert_string_equal(rows[3].where, "/running");
	char few[] = LINE("/a", "rw", "ext4", "rw") LINE("/b", "rw", "ext4", "rw");

	assert_int_equal(mounts_parse(few, rows, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
