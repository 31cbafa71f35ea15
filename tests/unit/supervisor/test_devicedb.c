// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../../../supervisor/devicedb.h"

static struct devicedb_facts parse(const char *text)
{
	struct devicedb_facts f = { 0 };

	assert_int_equal(devicedb_parse(text, &f), 0);
	return f;
}

static void test_ready(void **state)
{
	static const struct {
		const char *text;
		bool tagged, ready;
	} rows[] = {
		{ "", false, false },
		{ "\n\n", false, false },
		{ "G:systemd\n", true, true },
		{ "G:systemd", true, true },
		{ "G:systemd2\n", false, false },
		{ "Q:systemd\nG:systemd\n", true, true },
		{ "Q:other\nG:systemd\n", false, false },
		{ "G:systemd\nE:SYSTEMD_READY=0\n", true, false },
		{ "G:systemd\nE:SYSTEMD_READY=1\n", true, true },
		{ "G:systemd\nE:SYSTEMD_READY=00\n", true, true },
		{ "E:SYSTEMD_READY=0\n", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct devicedb_facts f = parse(rows[i].text);

		if (f.tagged != rows[i].tagged || f.ready != rows[i].ready) {
			fail_msg("row %zu: tagged %d, ready %d", i, f.tagged, f.ready);
		}
		devicedb_fini(&f);
	}
}

static void test_words(void **state)
{
	struct devicedb_facts f =
		parse("S:disk/by-id/x\nE:SYSTEMD_ALIAS=/a/b  /sys/subsystem/net/devices/e0\n"
		      "E:SYSTEMD_WANTS=old.service\nE:SYSTEMD_WANTS=a.service b@c.service\n"
		      "E:SYSTEMD_WANTSX=y\nG:systemd\n");
	const char *cursor = f.wants;
	char word[64], small[4];

	(void)state;
	assert_true(devicedb_has_word(f.aliases, "/a/b"));
	assert_true(devicedb_has_word(f.aliases, "/sys/subsystem/net/devices/e0"));
	assert_false(devicedb_has_word(f.aliases, "/a"));
	assert_false(devicedb_has_word(NULL, "/a"));
	assert_true(devicedb_next_word(&cursor, word, sizeof(word)));
	assert_string_equal(word, "a.service");
	assert_true(devicedb_next_word(&cursor, word, sizeof(word)));
	assert_string_equal(word, "b@c.service");
	assert_false(devicedb_next_word(&cursor, word, sizeof(word)));
	cursor = f.wants; /* what does not fit is left out */
	assert_false(devicedb_next_word(&cursor, small, sizeof(small)));
	devicedb_fini(&f);
}

static void test_names(void **state)
{
	char path[64], id[DEVICEDB_ID];

	(void)state;
	assert_int_equal(devicedb_path_of_unit("dev-ttyS0.device", path, sizeof(path)), 0);
	assert_string_equal(path, "/dev/ttyS0");
	assert_int_equal(
		devicedb_path_of_unit("dev-disk-by\\x2duuid-1\\x2d2.device", path, sizeof(path)),
		0);
	assert_string_equal(path, "/dev/disk/by-uuid/1-2");
	assert_true(devicedb_path_of_unit("dev-x.mount", path, sizeof(path)) < 0);
	assert_true(devicedb_path_of_unit(".device", path, sizeof(path)) < 0);
	assert_int_equal(devicedb_id_of_node(S_IFBLK | 0600, makedev(8, 1), id), 0);
	assert_string_equal(id, "b8:1");
	assert_int_equal(devicedb_id_of_node(S_IFCHR | 0600, makedev(4, 64), id), 0);
	assert_string_equal(id, "c4:64");
	assert_int_equal(devicedb_id_of_node(S_IFREG, 0, id), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
