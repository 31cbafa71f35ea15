// SPDX-License-Identifier: MIT
/*
 * Debian's daemons that do not reload, or not so that it shows, with their unmodified unit files,
 * one after another: each starts, answers a real request of its protocol, and stops with success,
 * so within its timeout. Those that reload: test_reloads.c.
 */
#include "../unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "deniedcalls.h"
#include "harness.h"
#include "request.h"

#define UNITS "/lib/systemd/system/"

static struct sys *s;

struct peer {
	const char *unit;
	const char *request; /* length bytes */
	size_t length;
	const char *answer; /* its first bytes that matter, found anywhere in what comes */
	size_t answer_length;
	uint16_t port;
};

#define BYTES(x) (x), sizeof(x) - 1

/* lighttpd: nothing tells that its graceful restart is over, and SIGTERM within it exits with 1. */
static const struct peer peers[] = {
	{ "lighttpd.service", BYTES("GET / HTTP/1.0\r\n\r\n"), BYTES("lighttpd"), 80 },
	{ "prometheus-node-exporter.service", BYTES("GET /metrics HTTP/1.0\r\n\r\n"),
		BYTES("node_exporter_build_info"), 9100 },
};

/* One request to the port on the test's own loopback; true when the answer holds the bytes. */
static bool answers(struct sys *sys, void *arg)
{
	const struct peer *p = arg;

	(void)sys;
	deniedcalls_read();
	return request_is_answered(&(struct request) { .port = p->port,
		.bytes = p->request,
		.size = p->length,
		.answer = p->answer,
		.answer_size = p->answer_length });
}

static void one(const struct peer *p)
{
	CHECK(sys_ctl(s, "start %s", p->unit) == 0);
	sys_wait_for(s, p->unit, answers, (void *)p);
	CHECK(sys_ctl(s, "is-active %s", p->unit) == 0);
	deniedcalls_watch_main(p->unit);
	CHECK(sys_ctl(s, "stop %s", p->unit) == 0);
	CHECK(strcmp(sys_text(s, p->unit, "ActiveState"), "inactive") == 0);
	CHECK(strcmp(sys_text(s, p->unit, "Result"), "success") == 0);
	CHECK(!answers(s, (void *)p));
}

static void test_peers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		one(&peers[i]);
	}
}

/* Cron looks at its tables once a minute and at @reboot ones when it starts. */
static bool job_ran(struct sys *sys, void *arg)
{
	(void)sys;
	deniedcalls_read();
	return access(arg, F_OK) == 0;
}

static void test_cron(void **state)
{
	static char mark[] = "/tmp/cron-was-here";

	(void)state;
	CHECK(sys_ctl(s, "start cron.service") == 0);
	sys_wait_for(s, "the job of cron", job_ran, mark);
	deniedcalls_watch_main("cron.service");
	CHECK(sys_ctl(s, "stop cron.service") == 0);
	CHECK(strcmp(sys_text(s, "cron.service", "Result"), "success") == 0);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Places below are the test's own tmpfs: the machine's configuration is not read. */
static void configure(void)
{
	put("/etc/cron.d/supd", "@reboot root touch /tmp/cron-was-here\n");
	put("/etc/lighttpd/lighttpd.conf",
		"server.document-root = \"/var/www/html\"\nserver.port = 80\nserver.tag = "
		"\"lighttpd\"\n"
		"server.bind = \"127.0.0.1\"\n");
}

static int setup(void **state)
{
	(void)state;
	configure();
	s = sys_new();
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		char path[256];

		snprintf(path, sizeof(path), UNITS "%s", peers[i].unit);
		sys_copy_unit(s, path);
	}
	sys_copy_unit(s, UNITS "cron.service");
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
	static const char *const scratch[] = { "/etc/cron.d", "/etc/lighttpd", "/tmp", "/var/log",
		"/var/spool/cron", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_cron),
		cmocka_unit_test(test_denied_nothing),
	};

	sys_require();
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		char path[256];

		snprintf(path, sizeof(path), UNITS "%s", peers[i].unit);
		if (access(path, R_OK) < 0) {
			printf("skipped: %s is not installed\n", peers[i].unit);
			return 77;
		}
	}
	deniedcalls_open();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
