// SPDX-License-Identifier: MIT
/*
 * No memory for supd and for supd-load, no descriptor for what is to be kept: a line names the
 * program and what was short, services go on as they were, and the next try works.
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "../../runtime/base/cleanup.h"
#include "rlimit.h"

#define MANY 300
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

/* The reload is asked again of the next supd, so its caller notices nothing. */
static void test_supd(void **state)
{
	pid_t supd = sys_supd_pid(s);

	(void)state;
	CHECK(rlimit_soft(supd, RLIMIT_AS, MIB)); /* no page more than it has */
	write_many("first");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_supd_pid(s) != supd);
	CHECK(property_equals("many-299.service", "Description", "first 299"));
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
		struct rlimit small = { mib * MIB, RLIM_INFINITY };
		int code;

		CHECK(prlimit(s->init, RLIMIT_AS, &small, NULL) == 0);
		code = sys_ctl(s, "daemon-reload");
		if (code == 0) {
			break;
		}
		CHECK(code == 1 && sys_said(s, "Loading the units failed"));
		CHECK(sys_said(s, "supd-load") && !sys_said(s, "\\n"));
		CHECK(!sys_said(s, "Invalid argument: supd-load: "));
		failed += sys_said(s, "supd-load: load: Cannot allocate memory (RLIMIT_AS)");
		CHECK(property_equals("many-299.service", "Description", "first 299"));
		CHECK(sys_number(s, "keep.service", "MainPID") == keep_pid);
	}
	CHECK(failed > 0);
	CHECK(prlimit(s->init, RLIMIT_AS, &(struct rlimit) { RLIM_INFINITY, RLIM_INFINITY },
		      NULL) == 0);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(property_equals("many-299.service", "Description", "second 299"));
	CHECK(sys_supd_pid(s) == supd);
	wait_log("", "loading the units failed");
	check_kept();
}

/* The answer of a load that failed is there for every supd, and must not be what ends it. */
static void test_supd_after_failed_load(void **state)
{
	struct rlimit small = { 2 * MIB, RLIM_INFINITY };

	(void)state;
	CHECK(prlimit(s->init, RLIMIT_AS, &small, NULL) == 0);
	CHECK(reload_fails("supd-load"));
	CHECK(prlimit(s->init, RLIMIT_AS, &(struct rlimit) { RLIM_INFINITY, RLIM_INFINITY },
		      NULL) == 0);
	sys_kill_supd(s);
	check_kept();
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	check_kept();
}

static bool is_there(struct sys *sys, void *arg)
{
	(void)sys;
	return access(arg, F_OK) == 0;
}

/* While supd has no descriptor nobody can ask it: the service tells by files how far it is. */
static void test_store(void **state)
{
	const char *payload = sys_payload(s);
	pid_t supd = sys_supd_pid(s);
	char go[128], done[128];

	(void)state;
	snprintf(go, sizeof(go), "%s/go", s->dir);
	snprintf(done, sizeof(done), "%s/done", s->dir);
	loadf("lost.service",
		"[Service]\nType=notify\nFileDescriptorStoreMax=4\nTimeoutStartSec=infinity\n"
		"ExecStart=%s say=READY=1 until=%s store=pearl barrier touch=%s pause\n"
		"[Container]\nProfile=trusted\n",
		payload, go, done);
	CHECK(sys_ctl(s, "start lost.service") == 0);
	CHECK(rlimit_soft(supd, RLIMIT_NOFILE, 3));
	CHECK(mkdir(go, 0755) == 0);
	sys_wait_for(s, "the message", is_there, done);
	CHECK(rlimit_soft(supd, RLIMIT_NOFILE, RLIM_INFINITY));
	wait_log("",
		"lost.service: FDSTORE=1, FDNAME=pearl: not all descriptors are kept: supd has "
		"no descriptor left (RLIMIT_NOFILE)");
	CHECK(sys_number(s, "lost.service", "NFileDescriptorStore") == 0);
	loadf("full.service",
		"[Service]\nType=notify\nFileDescriptorStoreMax=1\n"
		"ExecStart=%s store=one store=two barrier say=READY=1 pause\n",
		payload);
	CHECK(sys_ctl(s, "start full.service") == 0);
	wait_log("", "full.service: FDSTORE=1, FDNAME=two: not all descriptors are kept: more than "
		     "FileDescriptorStoreMax= allows");
	CHECK(sys_number(s, "full.service", "NFileDescriptorStore") == 1);
	CHECK(sys_supd_pid(s) == supd);
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
		cmocka_unit_test(test_store),
	};

	if (getenv("SUPD_SANITIZED")) {
		printf("skipped: a sanitizer needs more addresses than any limit here gives\n");
		return 77;
	}
	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, prepare, teardown);
}
