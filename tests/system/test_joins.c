// SPDX-License-Identifier: MIT
/*
 * JoinsNamespaceOf= is symmetric: network, IPC and /tmp are shared whichever of the two starts
 * first, along a chain with its neighbours only, past the stop of one of them, and as the line that
 * counts is read by reloads.
 */
#include <sys/stat.h>

#include "../../runtime/base/limits.h"
#include "check.h"

struct place {
	ino_t net;
	ino_t ipc;
	dev_t tmp;
};

#define BODY                                                                                       \
	"[Service]\nType=exec\nPrivateNetwork=yes\nPrivateIPC=yes\nPrivateTmp=yes\n"               \
	"ExecStart=/bin/sleep infinity\n"

static struct stat of_process(const char *unit, const char *file)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", sys_number(s, unit, "MainPID"), file);
	if (stat(path, &st) < 0) {
		sys_fail(s, "%s: %s: %m", unit, path);
	}
	return st;
}

static struct place place_of(const char *unit)
{
	return (struct place) { of_process(unit, "ns/net").st_ino,
		of_process(unit, "ns/ipc").st_ino, of_process(unit, "root/tmp").st_dev };
}

static struct place start(const char *unit)
{
	CHECK(sys_ctl(s, "start %s", unit) == 0);
	return place_of(unit);
}

/* All three or none: fails the test for anything between. */
static bool shares(struct place a, struct place b)
{
	int n = (a.net == b.net) + (a.ipc == b.ipc) + (a.tmp == b.tmp);

	CHECK(n == 0 || n == 3);
	return n == 3;
}

static void test_both_ways(void **state)
{
	struct place a, b;

	(void)state;
	sys_unit(s, "one.service", "[Unit]\nJoinsNamespaceOf=two.service\n" BODY);
	load("two.service", BODY);
	a = start("one.service");
	b = start("two.service");
	CHECK(shares(a, b));
	CHECK(sys_ctl(s, "stop one.service") == 0);
	CHECK(shares(start("one.service"), b));
	CHECK(sys_ctl(s, "stop one.service two.service") == 0);
	b = start("two.service");
	CHECK(shares(start("one.service"), b));
	CHECK(sys_ctl(s, "stop one.service two.service") == 0);
}

/* left <- middle <- right, the lines all in one direction. */
static void test_chain(void **state)
{
	struct place left, middle, right;

	(void)state;
	sys_unit(s, "left.service", BODY);
	sys_unit(s, "middle.service", "[Unit]\nJoinsNamespaceOf=left.service\n" BODY);
	load("right.service", "[Unit]\nJoinsNamespaceOf=middle.service\n" BODY);
	middle = start("middle.service");
	left = start("left.service");
	right = start("right.service");
	CHECK(shares(left, middle) && shares(right, middle));

	/* What the middle made outlives it with those who share it. */
	CHECK(sys_ctl(s, "stop middle.service") == 0);
	CHECK(shares(start("middle.service"), left));
	CHECK(sys_ctl(s, "stop middle.service left.service") == 0);
	CHECK(!shares(start("left.service"), right)); /* no neighbours */
	CHECK(shares(start("middle.service"), place_of("left.service")) ||
		shares(place_of("middle.service"), right));
	CHECK(sys_ctl(s, "stop left.service middle.service right.service") == 0);
}

/* supd-init adopts nothing here: supd dies between the two starts, the namespaces stay. */
static void test_new_supd(void **state)
{
	struct place a;

	(void)state;
	a = start("one.service");
	sys_kill_supd(s);
	CHECK(shares(start("two.service"), a));
	CHECK(sys_ctl(s, "stop one.service two.service") == 0);
}

static void test_reload(void **state)
{
	struct place p, q;

	(void)state;
	sys_unit(s, "q.service", BODY);
	load("p.service", BODY);
	p = start("p.service");
	q = start("q.service");
	CHECK(!shares(p, q));
	load("q.service", "[Unit]\nJoinsNamespaceOf=p.service\n" BODY);

	/* What ran before the line was known is joined from its next start on. */
	CHECK(sys_ctl(s, "restart p.service") == 0);
	CHECK(sys_ctl(s, "restart q.service") == 0);
	p = place_of("p.service");
	CHECK(shares(p, place_of("q.service")));

	/* A reload that changes nothing here, and one that takes the line away. */
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "restart q.service") == 0);
	CHECK(shares(p, place_of("q.service")));
	load("q.service", BODY);
	CHECK(shares(p, place_of("q.service")));
	CHECK(sys_ctl(s, "restart q.service") == 0);
	CHECK(!shares(p, place_of("q.service")));
	CHECK(sys_ctl(s, "stop p.service q.service") == 0);
}

/* Neither has to name a unit that is there, nor one with namespaces. */
static void test_nobody(void **state)
{
	struct place n;

	(void)state;
	sys_unit(s, "open.service", "[Service]\nType=exec\nExecStart=/bin/sleep infinity\n");
	load("none.service", "[Unit]\nJoinsNamespaceOf=gone.service open.service\n" BODY);
	CHECK(sys_ctl(s, "start open.service") == 0);
	n = start("none.service");
	CHECK(of_process("open.service", "ns/net").st_ino != n.net);
	CHECK(sys_ctl(s, "restart open.service") == 0);
	CHECK(of_process("open.service", "ns/net").st_ino != n.net);
	CHECK(sys_ctl(s, "stop none.service open.service") == 0);
}

/* Of several that share nothing with each other the first by name, whoever wrote the line. */
static void test_first(void **state)
{
	struct place a, b, c;

	(void)state;
	sys_unit(s, "na.service", BODY);
	sys_unit(s, "nb.service", "[Unit]\nJoinsNamespaceOf=nm.service\n" BODY);
	sys_unit(s, "nz.service", "[Unit]\nJoinsNamespaceOf=nm.service\n" BODY);
	load("nm.service", "[Unit]\nJoinsNamespaceOf=na.service\n" BODY);
	c = start("nz.service");
	b = start("nb.service");
	a = start("na.service");
	CHECK(!shares(a, b) && !shares(b, c));
	CHECK(shares(start("nm.service"), a));
	CHECK(sys_ctl(s, "stop nm.service na.service") == 0);
	CHECK(shares(start("nm.service"), b));
	CHECK(sys_ctl(s, "stop nm.service nb.service nz.service") == 0);
}

/* One line too many refuses who wrote it, not whom it names, and not the others. */
static void test_too_many(void **state)
{
	char name[32];

	(void)state;
	sys_unit(s, "hub.service", BODY);
	for (unsigned i = 0; i <= LIMIT_JOINED_UNITS; i++) {
		snprintf(name, sizeof(name), "spoke%03u.service", i);
		sys_unit(s, name, "[Unit]\nJoinsNamespaceOf=hub.service\n" BODY);
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(property_equals("hub.service", "LoadState", "loaded"));
	CHECK(property_equals("spoke255.service", "LoadState", "loaded"));
	CHECK(sys_ctl(s, "start spoke256.service") != 0);
	CHECK(sys_said(s, "spoke256.service:2"));
	CHECK(sys_said(
		s, "JoinsNamespaceOf=hub.service: hub.service shares with 256 units already"));
	CHECK(shares(start("hub.service"), start("spoke255.service")));
	CHECK(sys_ctl(s, "stop hub.service spoke255.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_new_supd),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_too_many),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
