// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../units/userdb.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "web:x:990:991:Web,,,:/srv/web:/usr/sbin/nologin\n"
			     "1000:x:0:0::/:/bin/sh\n"
			     "big:x:4294967295:0::/:/bin/sh\n"
			     "broken:x:1\n"
			     "last:x:7:8::relative:";
static const char group[] = "root:x:0:\nweb:x:991:\nadm:x:4:web,last\nssl:x:5:weber,web\n";

static void test_lookups(void **state)
{
	struct userdb db;
	struct userdb_user user;
	uint32_t gid, gids[1];

	(void)state;
	assert_int_equal(userdb_parse(&db, passwd, group), 0);
	assert_int_equal(userdb_find_user(&db, "web", &user), 0);
	assert_int_equal(user.uid, 990);
	assert_int_equal(user.gid, 991);
	assert_string_equal(user.home, "/srv/web");
	assert_int_equal(userdb_find_user(&db, "last", &user), 0);
	assert_string_equal(user.home, "/");
	/* A name of digits in the file never decides what a number means. */
	assert_int_equal(userdb_find_user(&db, "1000", &user), 0);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(userdb_find_user(&db, "nobody-yet", &user), -ENOENT);
	assert_int_equal(userdb_find_user(&db, "big", &user), -ENOENT);
	assert_int_equal(userdb_find_user(&db, "broken", &user), -ENOENT);
	assert_int_equal(userdb_find_group(&db, "adm", &gid), 0);
	assert_int_equal(gid, 4);
	assert_int_equal(userdb_groups_of(&db, "web", gids, 1), 2);
	assert_int_equal(gids[0], 4);
	userdb_fini(&db);
}

/* CVE-2017-1000082: what cannot be parsed must never become root. */
static void test_invalid_names(void **state)
{
	static const char *const bad[] = { "", "0x0", "1000x", "2147483647", "4294967295",
		"4294967296", "-1", "+1", " root", "root ", "a b", "../x", "-x", "7a",
		"waytoolongwaytoolongwaytoolongwaytoolong" };
	struct userdb db;
	struct userdb_user user;
	uint32_t gid;

	(void)state;
	assert_int_equal(userdb_parse(&db, passwd, group), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (userdb_find_user(&db, bad[i], &user) != -EINVAL ||
			userdb_find_group(&db, bad[i], &gid) != -EINVAL) {
			fail_msg("'%s' was accepted", bad[i]);
		}
	}
	userdb_fini(&db);
}

static void test_missing_files(void **state)
{
	struct userdb db;
	struct userdb_user user;

	(void)state;
	assert_int_equal(userdb_load(&db, "/nonexistent/passwd", "/nonexistent/group"), 0);
	assert_int_equal(db.passwd.size, 0);
	assert_int_equal(userdb_find_user(&db, "root", &user), -ENOENT);
	userdb_fini(&db);
	assert_int_equal(userdb_load(&db, "/", "/etc/group"), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_invalid_names),
		cmocka_unit_test(test_missing_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
