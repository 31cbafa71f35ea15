// SPDX-License-Identifier: MIT
/*
 * What the kernel counts for a user and for whoever owns the user's namespace: inotify instances
 * and watches, queued signals. A service in a user namespace takes from its own.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"

/* The host's user that the user namespace of the unit's main process belongs to. */
static uid_t owner_of(const char *name)
{
	long pid = sys_number(s, name, "MainPID");
	uid_t owner = 0;
	char path[64];

	CHECK(pid > 0);
	snprintf(path, sizeof(path), "/proc/%ld/ns/user", pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && ioctl(fd, NS_GET_OWNER_UID, &owner) == 0);
	return owner;
}

/* The first id of the unit's range, from "0 FIRST COUNT …". */
static uid_t first_id(void)
{
	const char *map = answer("uid_map");
	unsigned inside, first = 0;

	CHECK(map && sscanf(map, "%u %u", &inside, &first) == 2 && inside == 0);
	return first;
}

/* By clone, by a helper before the service (a root that is id-mapped), and for several commands. */
static void test_owner(void **state)
{
	static const struct {
		const char *name, *lines;
	} rows[] = {
		{ "ow1.service", "" },
		{ "ow2.service", "User=alice\n" },
		{ "ow3.service", "PrivateUsers=self\n" },
		{ "ow4.service", "ExecStartPost=DIR/probe ids\nExecReload=DIR/probe ids\n" },
		{ "ow5.service", "RootDirectory=/\n" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		snprintf(text, sizeof(text),
			"[Service]\n%sExecStart=DIR/probe ids exec:/bin/true write:/tmp/x sleep\n",
			rows[i].lines);
		unit(rows[i].name, text);
		CHECK(sys_ctl(s, "start %s", rows[i].name) == 0);
		wait_answer(rows[i].name, "write:/tmp/x");
		EXPECT({ "write:/tmp/x", "ok" }, { "exec:/bin/true", "ok" });
		uid_t first = first_id(), owner = owner_of(rows[i].name);

		CHECK(first >= 65536 && owner >= first && owner - first < 65536);
		CHECK(sys_ctl(s, "stop %s", rows[i].name) == 0);
	}
}

#define SIGNALS "LimitSIGPENDING=1000\n"

/* How many there was room for, from "N EAGAIN". */
static unsigned queued(void)
{
	const char *text = answer("signals");
	unsigned n = 0;

	CHECK(text && sscanf(text, "%u ", &n) == 1 && n > 0);
	CHECK(strstr(text, " EAGAIN") != NULL);
	return n;
}

/* Two that run at once: what the first has used up the second has still. */
static void test_signals(void **state)
{
	unsigned n, second;

	(void)state;
	unit("si1.service", "[Service]\n" SIGNALS "ExecStart=DIR/probe signals sleep\n");
	CHECK(sys_ctl(s, "start si1.service") == 0);
	wait_answer("si1.service", "signals");
	n = queued();
	run("si2.service", "[Service]\nType=oneshot\n" SIGNALS "ExecStart=DIR/probe signals\n");
	second = queued();
	CHECK(second == n);
	CHECK(sys_ctl(s, "stop si1.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_signals),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
