// SPDX-License-Identifier: MIT
/* Audit records of seccomp: what is read from them, and what is said about them. */
#include "../test.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "../../../supervisor/denialtext.h"

#define RECORD(comm, nr, code)                                                                     \
	"audit(1.2:3): auid=4294967295 uid=1074659328 gid=5 ses=4294967295 pid=2183 comm=" comm    \
	" exe=\"/x uid=0 pid=1\" sig=31 arch=c000003e syscall=" nr " compat=0 ip=0x4017b7 "        \
	"code=" code

static int parse(const char *text, struct denial *ret)
{
	return denial_parse(text, strlen(text), ret);
}

static void test_parse(void **state)
{
	struct denial d;

	(void)state;
	assert_int_equal(parse(RECORD("\"probe\"", "165", "0x50000"), &d), 0);
	assert_int_equal(d.number, 165);
	assert_int_equal(d.uid, 1074659328);
	assert_int_equal(d.pid, 2183);
	assert_false(d.killed);
	assert_string_equal(d.comm, "probe");
	assert_int_equal(parse(RECORD("6120620A", "165", "0x80000000"), &d), 0);
	assert_true(d.killed);
	assert_string_equal(d.comm, "a?b?");
	/* SECCOMP_RET_LOG and TRAP: nothing was denied by us */
	assert_int_equal(parse(RECORD("\"x\"", "165", "0x7ffc0000"), &d), -ENOMSG);
	assert_int_equal(parse(RECORD("\"x\"", "165", "0x30000"), &d), -ENOMSG);
	assert_int_equal(parse(RECORD("\"x\"", "-1", "0x50000"), &d), -EBADMSG);
	assert_int_equal(parse(RECORD("\"x\"", "99999999999", "0x50000"), &d), -EBADMSG);
	assert_int_equal(parse(RECORD("\"x\"", "1", "0x"), &d), -EBADMSG);
	assert_int_equal(parse("", &d), -EBADMSG);
	assert_int_equal(parse("uid= pid= syscall= arch= code=", &d), -EBADMSG);
}

/* Every prefix of a record is refused or read, never past its end (the sanitizer looks). */
static void test_prefixes(void **state)
{
	static const char text[] = RECORD("616263", "165", "0x50000");
	struct denial d;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		denial_parse(copy, n, &d);
		free(copy);
	}
}

static void explain(uint32_t number, const char *properties, size_t n, const char *expected)
{
	struct manifest_service service = { .profile = "standard" };
	struct manifest_unit u = { .service = { &service, 1 } };
	struct denial d = { .number = number, .arch = AUDIT_ARCH_X86_64 };
	char buf[400];

	u.properties.data = (const uint8_t *)properties;
	u.properties.n = (uint32_t)n;
	denial_explain(&d, &u, buf, sizeof(buf));
	assert_string_equal(buf, expected);
}

static void test_explain(void **state)
{
	static const char filter[] = "SystemCallFilter@\0\0RestrictNamespaces@\0web.service:7\0"
				     "ProtectClock@\0";
	static const char own[] = "SystemCallFilter@\0web.service:5";
	static const char clock_only[] = "ProtectClock@\0web.service:9";
	static const char broken[] = "SystemCallFilter@";

	(void)state;
	explain(SYS_mount, filter, sizeof(filter),
		"mount(2) denied by SystemCallFilter= (standard profile); it would be allowed by "
		"SystemCallFilter=@mount @system-service");
	explain(SYS_unshare, filter, sizeof(filter),
		"unshare(2) denied by RestrictNamespaces= (web.service:7); it would be allowed by "
		"a RestrictNamespaces= with its kind");
	explain(SYS_settimeofday, filter, sizeof(filter),
		"settimeofday(2) denied by SystemCallFilter= (standard profile); it would be "
		"allowed by SystemCallFilter=@clock @system-service");
	explain(SYS_settimeofday, clock_only, sizeof(clock_only),
		"settimeofday(2) denied by ProtectClock= (web.service:9); it would be allowed by "
		"ProtectClock=no");
	explain(SYS_mount, broken, sizeof(broken),
		"mount(2) denied by SystemCallFilter= (standard profile); it would be allowed by "
		"SystemCallFilter=@mount @system-service");
	explain(SYS_mount, own, sizeof(own),
		"mount(2) denied by SystemCallFilter= (web.service:5); it would be allowed by "
		"SystemCallFilter=@mount");
	explain(9999, NULL, 0,
		"call 9999, which this version does not know, denied by SystemCallFilter= "
		"(standard profile)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
