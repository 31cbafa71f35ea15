// SPDX-License-Identifier: MIT
/*
 * ConditionInit=, and that it keeps the units of units/machine from running under a supd-init that
 * is no machine's PID 1: they would clean up and set up a machine that is another's. Only their
 * conditions are taken from the source; the commands are harmless stand-ins.
 */
#include "check.h"

#include <dirent.h>

#include "../../runtime/base/fd.h"

/* Starts a one-shot with these conditions; whether its command ran. */
static bool runs(const char *name, const char *conditions)
{
	loadf(name,
		"[Unit]\nDefaultDependencies=no\n%s\n[Service]\nType=oneshot\n"
		"RemainAfterExit=yes\nExecStart=/bin/true\n",
		conditions);
	return sys_ctl(s, "start %s", name) == 0 && property_equals(name, "SubState", "exited");
}

static void test_kinds(void **state)
{
	(void)state;
	CHECK(runs("process.service", "ConditionInit=process"));
	CHECK(runs("neither.service", "ConditionInit=!machine\nConditionInit=!container"));
	CHECK(!runs("machine.service", "ConditionInit=machine"));
	CHECK(property_equals("machine.service", "ConditionResult", "no"));
	CHECK(!runs("container.service", "ConditionInit=container"));
	CHECK(!runs("assert.service", "AssertInit=machine"));
	wait_log("assert.service", "AssertInit=machine");
	CHECK(!runs("wrong.service", "ConditionInit=host"));
	CHECK(sys_said(s, "wrong.service") && sys_said(s, "machine, container or process"));
}

/* The lines of the file's [Unit] that are about supd-init; "" if there are none. */
static void own_conditions(const char *path, char *ret, size_t size)
{
	char text[8192];
	size_t used = 0;

	assert_true(fd_read_text(path, text, sizeof(text)) > 0);
	ret[0] = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "ConditionInit=", 14) == 0) {
			used += (size_t)snprintf(ret + used, size - used, "%s\n", line);
			assert_true(used < size);
		}
	}
}

static bool is_service(const char *file)
{
	const char *dot = strstr(file, ".service");

	return dot && (!dot[8] || strcmp(dot + 8, ".in") == 0);
}

static void test_machine_units(void **state)
{
	const char *source = getenv("SUPD_MACHINE_UNITS");
	char path[512], name[64], conditions[256];
	int n = 0;

	(void)state;
	assert_non_null(source);
	DIR *dir = opendir(source);
	struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (!is_service(e->d_name)) {
			continue;
		}
		snprintf(path, sizeof(path), "%.200s/%.255s", source, e->d_name);
		own_conditions(path, conditions, sizeof(conditions));
		snprintf(name, sizeof(name), "stand-in-%d.service", n++);
		if (runs(name, conditions)) {
			sys_fail(s, "%s runs off PID 1: it lacks ConditionInit=machine", path);
		}
	}
	closedir(dir);
	CHECK(n >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_machine_units),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
