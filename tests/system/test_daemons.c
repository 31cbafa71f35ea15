// SPDX-License-Identifier: MIT
/* Debian's own daemons with their unmodified unit files answer real requests. */
#include "../unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "deniedcalls.h"
#include "harness.h"
#include "request.h"

static struct sys *s;

struct daemon {
	const char *unit;
	const char *file;
	uint16_t port;
	const char *request;
	const char *answer;
};

static const struct daemon daemons[] = {
	{ "nginx.service", "/lib/systemd/system/nginx.service", 80, "GET / HTTP/1.0\r\n\r\n",
		"nginx" },
	{ "redis-server.service", "/lib/systemd/system/redis-server.service", 6379, "PING\r\n",
		"+PONG" },
	{ "memcached.service", "/lib/systemd/system/memcached.service", 11211, "version\r\n",
		"VERSION" },
};

/* One request to a port of the test's own loopback; true when the answer contains the text. */
static bool answers(struct sys *sys, void *arg)
{
	const struct daemon *d = arg;

	(void)sys;
	deniedcalls_read();
	return request_is_answered(&(struct request) { .port = d->port,
		.bytes = d->request,
		.size = strlen(d->request),
		.answer = d->answer,
		.answer_size = strlen(d->answer) });
}

static void test_serve(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		CHECK(sys_ctl(s, "start %s", daemons[i].unit) == 0);
		sys_wait_for(s, daemons[i].unit, answers, (void *)&daemons[i]);
		CHECK(sys_ctl(s, "is-active %s", daemons[i].unit) == 0);
	}
}

static bool is_running(struct sys *sys, void *arg)
{
	(void)arg;
	return sys_ctl(sys, "is-system-running") == 0 && sys_said(sys, "running");
}

/* kill -9 of supd: the same processes serve, and supd knows them. */
static void test_supervisor_killed(void **state)
{
	long pids[ELEMENTSOF(daemons)];
	pid_t supd = sys_supd_pid(s);

	(void)state;
	CHECK(supd > 1);
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		pids[i] = sys_number(s, daemons[i].unit, "MainPID");
		CHECK(pids[i] > 1);
	}
	sys_kill_supd(s);
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		sys_wait(s, daemons[i].unit, "SubState", "running");
		CHECK(sys_number(s, daemons[i].unit, "MainPID") == pids[i]);
		sys_wait_for(s, daemons[i].unit, answers, (void *)&daemons[i]);
	}
	CHECK(sys_supd_pid(s) != supd);
	sys_wait_for(s, "the new supd says running", is_running, NULL);
}

static void test_reload_and_restart(void **state)
{
	long pid;

	(void)state;
	CHECK(sys_ctl(s, "reload nginx.service") == 0);
	sys_wait_for(s, "nginx after reload", answers, (void *)&daemons[0]);
	pid = sys_number(s, "redis-server.service", "MainPID");
	CHECK(kill((pid_t)pid, SIGKILL) == 0);
	sys_wait(s, "redis-server.service", "NRestarts", "1");
	sys_wait_for(s, "redis after kill -9", answers, (void *)&daemons[1]);
}

static void test_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		deniedcalls_watch_main(daemons[i].unit);
		CHECK(sys_ctl(s, "stop %s", daemons[i].unit) == 0);
		CHECK(strcmp(sys_text(s, daemons[i].unit, "ActiveState"), "inactive") == 0);
		CHECK(!answers(s, (void *)&daemons[i]));
	}
}

static int setup(void **state)
{
	(void)state;
	s = sys_new();
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		sys_copy_unit(s, daemons[i].file);
	}
	deniedcalls_prepare(s);
	sys_unit(s, "service.d/profile.conf", "[Container]\nProfile=compat\n");
	sys_start(s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

int main(void)
{
	static const char *const scratch[] = { "/var/lib/redis", "/var/log/redis", "/var/log/nginx",
		"/tmp", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serve),
		cmocka_unit_test(test_supervisor_killed),
		cmocka_unit_test(test_reload_and_restart),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_denied_nothing),
	};

	sys_require();
	for (size_t i = 0; i < ELEMENTSOF(daemons); i++) {
		if (access(daemons[i].file, R_OK) < 0) {
			printf("skipped: %s is not installed\n", daemons[i].unit);
			return 77;
		}
	}
	deniedcalls_open();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
