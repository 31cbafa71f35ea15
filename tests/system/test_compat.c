// SPDX-License-Identifier: MIT
/* The profile compat from inside: what a plain daemon gets, what follows from what a unit says or
 * is called, and that the unit's own lines win. Each wall has the unit for which it opens. */
#include "../unit/test.h"

#include <inttypes.h>
#include <linux/capability.h>

#include "ask.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* As in profiles/compat.conf. */
#define PLAIN                                                                                      \
	(CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID) |       \
		CAP(SETFCAP) | CAP(KILL) | CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) |              \
		CAP(NET_BIND_SERVICE) | CAP(NET_BROADCAST) | CAP(NET_RAW) | CAP(IPC_LOCK) |        \
		CAP(IPC_OWNER) | CAP(SYS_CHROOT) | CAP(SYS_NICE) | CAP(SYS_RESOURCE) |             \
		CAP(AUDIT_WRITE) | CAP(LEASE))

#define COMPAT "[Container]\nProfile=compat\n[Service]\n"

/* What this machine gives to root at all. */
static uint64_t own_bounding(void)
{
	uint64_t caps = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "CapBnd: %" SCNx64, &caps) == 1) {
			break;
		}
	}
	fclose(f);
	return caps;
}

static void expect_caps(const char *key, uint64_t caps)
{
	const char *text = answer(key);

	CHECK(text);
	CHECK(strtoull(text, NULL, 16) == (caps & own_bounding()));
}

/* No no_new_privs and yet no CAP_SYS_ADMIN: the launcher kept it for the filter, execve took it. */
static void test_plain_daemon(void **state)
{
	(void)state;
	run("plain.service",
		COMPAT "ExecStart=DIR/probe status calls int80 write:/usr/compat-x "
		       "write:/proc/sys/kernel/domainname write:/sys/kernel/mm/ksm/run "
		       "read:/dev/zero write:/dev/null read:/etc/shadow\n");
	expect_caps("CapBnd", PLAIN);
	expect_caps("CapEff", PLAIN);
	expect_caps("CapPrm", PLAIN);
	EXPECT({ "CapInh", "0000000000000000" }, { "CapAmb", "0000000000000000" },
		{ "NoNewPrivs", "0" }, { "Seccomp", "2" }, { "call.mount", "EPERM" },
		{ "call.unshare-user", "EPERM" }, { "call.clone3", "ENOSYS" },
		{ "call.bpf", "EPERM" }, { "call.ptrace", "EPERM" },
		{ "call.open_by_handle_at", "EPERM" }, { "call.af_vsock", "EAFNOSUPPORT" },
		{ "call.netlink-generic", "ok" }, { "call.af_inet", "ok" },
		{ "call.keyctl", "!EPERM" }, { "call.int80", "SIG*" },
		{ "write:/usr/compat-x", "EROFS" },
		{ "write:/proc/sys/kernel/domainname", "EROFS" },
		{ "write:/sys/kernel/mm/ksm/run", "E*" }, { "read:/dev/zero", "ok" },
		{ "write:/dev/null", "ok" }, { "read:/etc/shadow", "ok" });
}

/* The same without the profile. */
static void test_control(void **state)
{
	(void)state;
	run("free.service", "[Container]\nProfile=trusted\n[Service]\n"
			    "ExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", UINT64_MAX);
	EXPECT({ "NoNewPrivs", "0" }, { "Seccomp", "0" }, { "call.mount", "!EPERM" },
		{ "call.unshare-user", "ok" }, { "call.clone3", "EINVAL" },
		{ "call.bpf", "!EPERM" }, { "call.ptrace", "ok" });
}

/* A list of the unit's own is the list, also where the profile has less; walls around it open. */
static void test_own_list_wins(void **state)
{
	(void)state;
	run("own.service", COMPAT "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_KILL\n"
				  "ExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", CAP(SYS_ADMIN) | CAP(KILL));
	expect_caps("CapEff", CAP(SYS_ADMIN) | CAP(KILL));
	EXPECT({ "call.mount", "!EPERM" }, { "call.unshare-user", "ok" },
		{ "call.af_vsock", "EAFNOSUPPORT" });
	run("less.service", COMPAT "CapabilityBoundingSet=~CAP_KILL\nCapabilityBoundingSet="
				   "~CAP_LEASE\nExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", PLAIN & ~(CAP(KILL) | CAP(LEASE)));
	run("none.service", COMPAT "CapabilityBoundingSet=\nExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", 0);
	EXPECT({ "NoNewPrivs", "0" }, { "Seccomp", "2" });
	run("families.service", COMPAT "RestrictAddressFamilies=AF_NETLINK\nRestrictNamespaces=no\n"
				       "ProtectSystem=no\nExecStart=DIR/probe calls\n");
	EXPECT({ "call.af_inet", "EAFNOSUPPORT" }, { "call.netlink-route", "ok" },
		{ "call.mount", "EPERM" });
	run("ask.service", COMPAT "User=alice\nAmbientCapabilities=CAP_SYS_PTRACE\n"
				  "ExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", PLAIN | CAP(SYS_PTRACE));
	expect_caps("CapEff", CAP(SYS_PTRACE));
	EXPECT({ "NoNewPrivs", "1" }, { "call.ptrace", "ok" }, { "call.mount", "EPERM" });
}

/* compat-needs.conf knows these by name. */
static void test_known(void **state)
{
	(void)state;
	run("smartmontools.service", COMPAT "ExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", PLAIN | CAP(SYS_RAWIO) | CAP(SYS_ADMIN));
	EXPECT({ "call.mount", "!EPERM" }, { "call.bpf", "EPERM" });
	run("wg-quick@tunnel.service", COMPAT "ExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", PLAIN | CAP(NET_ADMIN) | CAP(SYS_MODULE));
	EXPECT({ "call.mount", "EPERM" });
	run("ssh.service", COMPAT "ExecStart=DIR/probe status calls\n");
	EXPECT({ "call.mount", "!EPERM" }, { "call.unshare-user", "ok" }, { "NoNewPrivs", "0" });
	/* Once is not always: a script that sets something up, unless it is known. */
	run("setup.service", COMPAT "Type=oneshot\nExecStart=DIR/probe calls\n");
	EXPECT({ "call.mount", "!EPERM" }, { "call.unshare-user", "ok" });
	run("logrotate.service", COMPAT "Type=oneshot\nExecStart=DIR/probe status calls\n");
	expect_caps("CapBnd", PLAIN);
	EXPECT({ "call.mount", "EPERM" }, { "call.unshare-user", "EPERM" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_daemon),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_own_list_wins),
		cmocka_unit_test(test_known),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
