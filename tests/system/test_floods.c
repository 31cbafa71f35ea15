// SPDX-License-Identifier: MIT
/*
 * Confined services (profile standard) that do what they may as often as they can; meanwhile
 * another unit is started and stopped. How long that takes is printed, not judged: supctl itself
 * gives up on a supd that does not answer.
 */
#include "check.h"

#include <fcntl.h>
#include <time.h>

static const char *const kinds[] = { "notes", "stores", "swaps", "lines", "names", "forks",
	"counts" };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Another unit is started and stopped. */
static void print_turn(const char *when)
{
	double began = seconds(), up;

	CHECK(sys_ctl(s, "start other.service") == 0);
	up = seconds();
	CHECK(property_equals("other.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop other.service") == 0);
	print_message("%-8s start %.2f s, stop %.2f s\n", when, up - began, seconds() - up);
}

static bool is_flooding(struct sys *sys, void *arg)
{
	const char *name = arg;

	return strcmp(sys_text(sys, name, "SubState"), "running") == 0;
}

static void test_floods(void **state)
{
	char name[64];
	pid_t supd = sys_supd_pid(s);

	(void)state;
	print_turn("quiet");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(name, sizeof(name), "%s.service", kinds[i]);
		CHECK(sys_ctl(s, "start --no-block %s", name) == 0);
		sys_wait_for(s, name, is_flooding, name);
		if (strcmp(kinds[i], "names") == 0) {
			CHECK(sys_ctl(s, "start watch.path") == 0);
		}
		print_turn(kinds[i]);
		CHECK(sys_ctl(s, "stop %s", name) == 0);
	}
	CHECK(property_equals("watch.path", "ActiveState", "active"));
	CHECK(sys_ctl(s, "start --no-block ends.service") == 0);
	print_turn("ends");
	CHECK(sys_ctl(s, "stop ends.service watch.path") == 0);
	CHECK(sys_supd_pid(s) == supd); /* it was not killed as hung */
}

static int prepare(void **state)
{
	const char *payload, *flooder = getenv("SUPD_FLOODER");
	char text[1024], command[512];

	(void)state;
	assert_non_null(flooder);
	s = sys_new();
	payload = sys_payload(s);
	snprintf(command, sizeof(command), "cp %s %s/flooder", flooder, s->dir);
	assert_int_equal(system(command), 0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s.service", kinds[i]);
		/* The machine's terminals and processes are not used up: others need them. */
		snprintf(text, sizeof(text),
			"[Service]\nNotifyAccess=all\nFileDescriptorStoreMax=%d\n%s"
			"StateDirectory=flood-%s\nExecStart=%s/flooder %s\n"
			"TimeoutStopSec=30\nLimitNPROC=500\n[Container]\nProfile=standard\n",
			kinds[i][0] == 's' ? 500 : 0,
			strcmp(kinds[i], "counts") == 0 ? "LimitNOFILE=1024\n" : "", kinds[i],
			s->dir, kinds[i]);
		sys_unit(s, name, text);
	}
	snprintf(text, sizeof(text),
		"[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=0\n"
		"ExecStart=%s/flooder ends\n[Container]\nProfile=standard\n",
		s->dir);
	sys_unit(s, "ends.service", text);
	sys_unit(s, "watch.path",
		"[Path]\nPathExists=/var/lib/flood-names/never\nUnit=other.service\n");
	snprintf(text, sizeof(text), "[Service]\nExecStart=%s pause\n", payload);
	sys_unit(s, "other.service", text);
	sys_start(s, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_floods) };

	sys_require();
	sys_private((const char *const[]) { "/var/lib", NULL });
	return cmocka_run_group_tests(tests, prepare, teardown);
}
