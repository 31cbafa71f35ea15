// SPDX-License-Identifier: MIT
/*
 * No memory for supd and for supd-load: a line names the program and what was short, services go
 * on as they were, and the next try works.
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../runtime/base/cleanup.h"

#define MANY 1000
#define MIB  (1024u * 1024u)

static long keep_pid;

static void write_many(const char *description)
{
	char name[32], text[128];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%d.service", i);
		snprintf(text, sizeof(text),
			"[Unit]\nDescription=%s %d\n[Service]\nExecStart=/bin/true\n", description,
			i);
		sys_unit(s, name, text);
	}
}

static void check_kept(void)
{
	CHECK(property_equals("keep.service", "SubState", "running"));
	CHECK(sys_number(s, "keep.service", "MainPID") == keep_pid);
	CHECK(sys_number(s, "keep.service", "NRestarts") == 0);
	CHECK(sys_ctl(s, "start good.service") == 0);
	CHECK(sys_ctl(s, "stop good.service") == 0);
	CHECK(property_equals("good.service", "Result", "success"));
}

/* No new page for another user's process, with that user's rights. */
static void starve(pid_t pid)
{
	struct stat st;
	char path[64];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	CHECK(stat(path, &st) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		_exit(setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
			setresuid(st.st_uid, st.st_uid, st.st_uid) < 0 ||
			prlimit(pid, RLIMIT_AS, &(struct rlimit) { MIB, RLIM_INFINITY }, NULL) < 0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* The reload is asked again of the next supd, so its caller notices nothing. */
static void test_supd(void **state)
{
	pid_t supd = sys_supd_pid(s);

	(void)state;
	starve(supd);
	write_many("first");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_supd_pid(s) != supd);
	CHECK(property_equals("many-999.service", "Description", "first 999"));
	wait_log("", "supd: leaving: Cannot allocate memory; the next one takes over");
	wait_log("", "supd has ended and is started again: exit status 1");
	check_kept();
}

static bool reload_fails(const char *says)
{
	return sys_ctl(s, "daemon-reload") == 1 && sys_said(s, "Loading the units failed") &&
	       sys_said(s, says);
}

/*
 * What supd-init may have, supd-load may have: it is refused its libraries, then its heap, and then
 * supd-init the catalogue. Where it is enough for all, depends on the machine.
 */
static void test_supd_load(void **state)
{
	pid_t supd = sys_supd_pid(s);
	rlim_t mib = 2;
	int failed = 0;

	(void)state;
	write_many("second");
	for (; mib < 4096; mib *= 2) {
		struct rlimit limit = { mib * MIB, RLIM_INFINITY };
		int code;

		CHECK(prlimit(s->init, RLIMIT_AS, &limit, NULL) == 0);
		code = sys_ctl(s, "daemon-reload");
		if (code == 0) {
			break;
		}
		CHECK(code == 1 && sys_said(s, "Loading the units failed"));
		CHECK(sys_said(s, "supd-load") && !sys_said(s, "\\n"));
		failed += sys_said(s, "supd-load: load: Cannot allocate memory (RLIMIT_AS)");
		CHECK(property_equals("many-999.service", "Description", "first 999"));
		CHECK(sys_number(s, "keep.service", "MainPID") == keep_pid);
	}
	CHECK(failed > 0);
	CHECK(prlimit(s->init, RLIMIT_AS, &(struct rlimit) { RLIM_INFINITY, RLIM_INFINITY },
		      NULL) == 0);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(property_equals("many-999.service", "Description", "second 999"));
	CHECK(sys_supd_pid(s) == supd);
	wait_log("", "loading the units failed");
	check_kept();
}

/* The answer of a load that failed is there for every supd, and must not be what ends it. */
static void test_supd_after_failed_load(void **state)
{
	struct rlimit limit = { 2 * MIB, RLIM_INFINITY };

	(void)state;
	CHECK(prlimit(s->init, RLIMIT_AS, &limit, NULL) == 0);
	CHECK(reload_fails("supd-load"));
	CHECK(prlimit(s->init, RLIMIT_AS, &(struct rlimit) { RLIM_INFINITY, RLIM_INFINITY },
		      NULL) == 0);
	sys_kill_supd(s);
	check_kept();
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	check_kept();
}

static int prepare(void **state)
{
	(void)state;
	s = sys_new();
	sys_unit(s, "keep.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	sys_unit(s, "good.service",
		"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep infinity\n");
	sys_start(s, (const char *const[]) { "keep.service", NULL });
	sys_wait(s, "keep.service", "SubState", "running");
	keep_pid = sys_number(s, "keep.service", "MainPID");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supd),
		cmocka_unit_test(test_supd_load),
		cmocka_unit_test(test_supd_after_failed_load),
	};

	if (getenv("SUPD_SANITIZED")) {
		printf("skipped: a sanitizer needs more addresses than any limit here gives\n");
		return 77;
	}
	sys_require();
	return cmocka_run_group_tests(tests, prepare, teardown);
}
