// SPDX-License-Identifier: MIT
#include "../test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../units/sockaddr.h"

static struct arena arena;

static int parse(const char *text, struct plan_socket *s)
{
	const char *why = NULL;
	int r;

	*s = (struct plan_socket) { .type = SOCK_STREAM };
	r = sockaddr_parse(text, &arena, s, &why);
	assert_true(r == 0 || (r == -EINVAL && why));
	return r;
}

static void test_unix(void **state)
{
	struct plan_socket s;
	char path[120] = "/";

	(void)state;
	assert_int_equal(parse("/run/x//y.sock", &s), 0);
	assert_int_equal(s.family, AF_UNIX);
	assert_string_equal(s.path, "/run/x/y.sock");
	assert_int_equal(parse("@abstract name", &s), 0);
	assert_string_equal(s.path, "@abstract name");
	assert_int_equal(parse("@", &s), -EINVAL);
	assert_int_equal(parse("/run/", &s), -EINVAL);
	assert_int_equal(parse("/run/../etc/x", &s), -EINVAL);
	memset(path + 1, 'a', 107);
	assert_int_equal(parse(path, &s), -EINVAL);
	path[107] = '\0';
	assert_int_equal(parse(path, &s), 0);
}

static void test_inet(void **state)
{
	struct plan_socket s;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	(void)state;
	assert_int_equal(parse("127.0.0.1:80", &s), 0);
	assert_int_equal(s.address.n, sizeof(in));
	memcpy(&in, s.address.data, sizeof(in));
	assert_int_equal(in.sin_port, htons(80));
	assert_int_equal(in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(parse("[::1]:443", &s), 0);
	memcpy(&in6, s.address.data, sizeof(in6));
	assert_int_equal(in6.sin6_port, htons(443));
	assert_true(IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) && !s.any_family && !s.scope);
	assert_int_equal(parse("[fe80::1]:22%eth0", &s), 0);
	assert_string_equal(s.scope, "eth0");
	assert_int_equal(parse("[fe80::1]:22%7", &s), 0);
	memcpy(&in6, s.address.data, sizeof(in6));
	assert_int_equal(in6.sin6_scope_id, 7);
	assert_int_equal(parse("8080", &s), 0);
	memcpy(&in6, s.address.data, sizeof(in6));
	assert_true(s.any_family && s.family == AF_INET6 && in6.sin6_port == htons(8080));
}

static void test_vsock(void **state)
{
	struct plan_socket s;
	struct sockaddr_vm vm;

	(void)state;
	assert_int_equal(parse("vsock:2:1234", &s), 0);
	memcpy(&vm, s.address.data, sizeof(vm));
	assert_true(s.family == AF_VSOCK && vm.svm_cid == 2 && vm.svm_port == 1234);
	assert_int_equal(parse("vsock::1234", &s), 0);
	memcpy(&vm, s.address.data, sizeof(vm));
	assert_true(vm.svm_cid == VMADDR_CID_ANY);
}

static void test_bad(void **state)
{
	static const char *const bad[] = { "0", "65536", "-1", "80x", "", "localhost:80",
		"127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "1.2.3.4.5:80", "::1:80", "[::1]",
		"[::1]80", "[::1:80", "[::1]:", "[zz]:80", "[::1]:80%", "[::1]:80%a/b",
		"vsock:", "vsock:2", "vsock:x:1", "vsock:2:x", "vsock:99999999999:1",
		"300.1.1.1:80" };
	struct plan_socket s;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], &s) != -EINVAL) {
			fail_msg("\"%s\" is taken for an address", bad[i]);
		}
	}
}

static void test_netlink(void **state)
{
	struct plan_socket s = { 0 };
	struct sockaddr_nl nl;
	const char *why = NULL;

	(void)state;
	assert_int_equal(sockaddr_parse_netlink("kobject-uevent 1", &arena, &s, &why), 0);
	memcpy(&nl, s.address.data, sizeof(nl));
	assert_true(s.family == AF_NETLINK && s.protocol == NETLINK_KOBJECT_UEVENT &&
		    nl.nl_groups == 1 && s.type == SOCK_RAW);
	assert_int_equal(sockaddr_parse_netlink("route", &arena, &s, &why), 0);
	assert_int_equal(sockaddr_parse_netlink("rout", &arena, &s, &why), -EINVAL);
	assert_int_equal(sockaddr_parse_netlink("route x", &arena, &s, &why), -EINVAL);
	assert_non_null(why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_inet),
		cmocka_unit_test(test_vsock),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_netlink),
	};
	int r;

	arena_init(&arena);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return r;
}
