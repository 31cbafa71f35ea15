// SPDX-License-Identifier: MIT
/* What a unit's processes can reach: namespaces, trees, network, system calls, supd itself.
 * Measured from inside by the program probe; each wall is tried with and without its setting. */
#include "../unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

/* ---- namespaces, devices, trees ---- */

static const char *const shared_ns[] = { "mnt", "ipc", "uts", "cgroup" };

static bool is_own_namespace(const char *kind)
{
	char key[32], path[64], host[64];
	const char *inside;
	ssize_t n;

	snprintf(key, sizeof(key), "ns.%s", kind);
	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	inside = answer(key);
	n = readlink(path, host, sizeof(host) - 1);
	CHECK(inside && n > 0);
	host[n] = '\0';
	return strcmp(inside, host) != 0;
}

static void test_namespaces(void **state)
{
	static const char *const profiles[] = { "standard", "compat", "strict" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Container]\nProfile=%s\n[Service]\nType=oneshot\n"
			"ExecStart=DIR/probe ns\n",
			profiles[i]);
		run(i == 0 ? "ns0.service" : i == 1 ? "ns1.service" : "ns2.service", text);
		for (size_t k = 0; k < ELEMENTSOF(shared_ns); k++) {
			CHECK(is_own_namespace(shared_ns[k]));
		}
		CHECK(is_own_namespace("user") == (i != 1));
		CHECK(is_own_namespace("pid") == (i == 2));
		CHECK(is_own_namespace("net") == (i == 2));
	}
	run("ns3.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			   "ExecStart=DIR/probe ns\n");
	for (size_t k = 0; k < ELEMENTSOF(shared_ns); k++) {
		CHECK(!is_own_namespace(shared_ns[k]));
	}
	CHECK(!is_own_namespace("user"));
}

static void test_devices(void **state)
{
	(void)state;
	run("dev.service", "[Service]\nType=oneshot\n"
			   "ExecStart=DIR/probe ls:/dev read:/dev/zero write:/dev/null "
			   "write:/dev/shm/x\n");
	EXPECT({ "ls:/dev", "= core fd full mqueue null ptmx pts random shm stderr stdin stdout "
			    "tty urandom zero" },
		{ "read:/dev/zero", "ok" }, { "write:/dev/null", "ok" },
		{ "write:/dev/shm/x", "ok" });
	CHECK(access("/dev/shm/x", F_OK) < 0);
	run("dev2.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			    "PrivateDevices=no\nExecStart=DIR/probe ls:/dev\n");
	EXPECT({ "ls:/dev", "!= core fd full mqueue null ptmx pts random shm stderr stdin stdout "
			    "tty urandom zero" });
}

/* Private to the unit, shared by its commands. */
static void test_tmp(void **state)
{
	(void)state;
	run("tmp.service", "[Service]\nType=oneshot\nUser=alice\n"
			   "ExecStartPre=DIR/probe write:/tmp/pre write:/var/tmp/pre\n"
			   "ExecStart=DIR/probe ls:/tmp ls:/var/tmp read:/tmp/pre\n");
	wait_answer("tmp.service", "read:/tmp/pre");
	EXPECT({ "write:/tmp/pre", "ok" }, { "ls:/tmp", "= pre" }, { "ls:/var/tmp", "= pre" },
		{ "read:/tmp/pre", "ok" });
	CHECK(access("/tmp/pre", F_OK) < 0);
	run("tmp2.service", "[Service]\nType=oneshot\nUser=alice\n"
			    "ExecStart=DIR/probe ls:/tmp\n");
	EXPECT({ "ls:/tmp", "=" });
	run("tmp3.service", "[Service]\nType=oneshot\nUser=alice\nPrivateTmp=no\n"
			    "ReadWritePaths=/tmp\nExecStart=DIR/probe write:/tmp/pre\n");
	CHECK(access("/tmp/pre", F_OK) == 0);
}

static void test_protect(void **state)
{
	(void)state;
	run("prot.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			    "ProtectSystem=full\nProtectHome=yes\n"
			    "ExecStart=DIR/probe write:/usr/conf-x write:/etc/conf-x "
			    "write:/var/lib/conf-x ls:/root read:/proc/kcore\n");
	EXPECT({ "write:/usr/conf-x", "EROFS" }, { "write:/etc/conf-x", "EROFS" },
		{ "write:/var/lib/conf-x", "ok" }, { "ls:/root", "=" });
	run("prot2.service", "[Service]\nType=oneshot\nExecStart=DIR/probe ls:/root ls:/home "
			     "write:/var/lib/y write:/srv/y write:/proc/sys/kernel/domainname\n");
	EXPECT({ "ls:/root", "EACCES" }, { "ls:/home", "EACCES" }, { "write:/var/lib/y", "EROFS" },
		{ "write:/srv/y", "EROFS" }, { "write:/proc/sys/kernel/domainname", "!ok" });
	run("prot3.service",
		"[Container]\nProfile=compat\n[Service]\nType=oneshot\nProtectSystem=no\n"
		"ExecStart=DIR/probe write:/etc/default/supd-conf-x write:/srv/y ls:/etc\n");
	EXPECT({ "write:/srv/y", "ok" }, { "ls:/etc", "=*passwd*" });
	unlink("/etc/default/supd-conf-x");
}

/* ProtectProc=, ProcSubset=: with a PID namespace and without. */
static void test_proc(void **state)
{
	(void)state;
	run("proc.service", "[Service]\nType=oneshot\nUser=alice\n"
			    "ExecStart=DIR/probe stat:/proc/1 cat:/proc/self/comm "
			    "read:/proc/meminfo write:/proc/sys/kernel/domainname\n");
	EXPECT({ "stat:/proc/1", "ENOENT" }, { "cat:/proc/self/comm", "probe" },
		{ "read:/proc/meminfo", "ok" }, { "write:/proc/sys/kernel/domainname", "E*" });
	run("proc1.service", "[Service]\nType=oneshot\nUser=alice\nProtectProc=default\n"
			     "ExecStart=DIR/probe stat:/proc/1 read:/proc/meminfo\n");
	EXPECT({ "stat:/proc/1", "* 555" }, { "read:/proc/meminfo", "ok" });
	run("proc2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\nUser=alice\n"
			     "ProtectProc=noaccess\nProcSubset=pid\n"
			     "ExecStart=DIR/probe stat:/proc/1 read:/proc/1/status "
			     "read:/proc/meminfo cat:/proc/self/comm\n");
	EXPECT({ "stat:/proc/1", "* 555" }, { "read:/proc/1/status", "EPERM" },
		{ "read:/proc/meminfo", "ENOENT" }, { "cat:/proc/self/comm", "probe" });
	run("proc3.service", "[Container]\nProfile=strict\n[Service]\nType=oneshot\nUser=alice\n"
			     "ExecStart=DIR/probe stat:/proc/1 read:/proc/meminfo ls:/proc\n");
	EXPECT({ "stat:/proc/1", "ENOENT" }, { "read:/proc/meminfo", "ENOENT" },
		{ "ls:/proc", "= 2 self thread-self" });
}

static void test_network(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[256];

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 4) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	snprintf(text, sizeof(text),
		"[Service]\nType=oneshot\nPrivateNetwork=yes\n"
		"ExecStart=DIR/probe tcp:%u ls:/sys/class/net\n",
		ntohs(at.sin_port));
	run("net.service", text);
	EXPECT({ "tcp", "ECONNREFUSED" });
	snprintf(text, sizeof(text), "[Service]\nType=oneshot\nExecStart=DIR/probe tcp:%u\n",
		ntohs(at.sin_port));
	run("net2.service", text);
	EXPECT({ "tcp", "ok" });
	run("net3.service", "[Service]\nType=oneshot\nPrivateNetwork=yes\n"
			    "ExecStart=DIR/probe cat:/proc/self/net/dev\n");
	EXPECT({ "cat:/proc/self/net/dev", "Inter-* lo: *" },
		{ "cat:/proc/self/net/dev", "!*: *: *" });
}

/* ---- system calls ---- */

static void test_calls(void **state)
{
	(void)state;
	run("calls.service", "[Service]\nType=oneshot\nExecStart=DIR/probe calls int80\n");
	EXPECT({ "call.mount", "EPERM" }, { "call.unshare-user", "EPERM" },
		{ "call.clone3", "ENOSYS" }, { "call.bpf", "EPERM" }, { "call.keyctl", "EPERM" },
		{ "call.ptrace", "EPERM" }, { "call.open_by_handle_at", "EPERM" },
		{ "call.userfaultfd", "EPERM" }, { "call.io_uring_setup", "EPERM" },
		{ "call.af_alg", "EAFNOSUPPORT" }, { "call.af_vsock", "EAFNOSUPPORT" },
		{ "call.netlink-route", "ok" }, { "call.netlink-generic", "EAFNOSUPPORT" },
		{ "call.af_inet", "ok" }, { "call.unknown", "ENOSYS" }, { "call.int80", "SIG*" });
	run("calls2.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			      "ExecStart=DIR/probe calls\n");
	EXPECT({ "call.mount", "!EPERM" }, { "call.unshare-user", "ok" },
		{ "call.clone3", "EINVAL" }, { "call.bpf", "!EPERM" }, { "call.keyctl", "!EPERM" },
		{ "call.ptrace", "ok" }, { "call.open_by_handle_at", "!EPERM" },
		{ "call.userfaultfd", "!EPERM" }, { "call.netlink-generic", "ok" });
	run("calls3.service", "[Container]\nProfile=strict\n[Service]\nType=oneshot\n"
			      "ExecStart=DIR/probe calls\n");
	EXPECT({ "call.mount", "EPERM" }, { "call.af_inet", "EAFNOSUPPORT" },
		{ "call.netlink-route", "EAFNOSUPPORT" });
	run("calls4.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			      "ExecStart=DIR/probe calls int80\n");
	EXPECT({ "call.mount", "!EPERM" }, { "call.unshare-user", "ok" },
		{ "call.netlink-generic", "ok" }, { "call.int80", "SIG*" });
}

/* ---- supd's own directory ---- */

static void test_runtime_dir(void **state)
{
	char text[512], other[256];

	(void)state;
	unit("other.service", "[Service]\nType=notify\nTimeoutStartSec=30\n"
			      "ExecStart=DIR/probe env:NOTIFY_SOCKET notify sleep\n");
	CHECK(sys_ctl(s, "start other.service") == 0);
	wait_answer("other.service", "notify:");
	EXPECT({ "env:NOTIFY_SOCKET", "/*" }, { "notify:", "ok" });
	snprintf(other, sizeof(other), "%s", answer("env:NOTIFY_SOCKET"));
	CHECK(access(other, F_OK) == 0);
	for (int compat = 0; compat < 2; compat++) {
		snprintf(text, sizeof(text),
			"[Container]\nProfile=%s\n[Service]\nType=oneshot\nNotifyAccess=all\n"
			"ExecStart=DIR/probe notify notify:%s connect:DIR/run/control "
			"ls:DIR/run ls:DIR\n",
			compat ? "compat" : "standard", other);
		run(compat ? "rt1.service" : "rt0.service", text);
		EXPECT({ "notify:", "ok" }, { "connect:DIR/run/control", "ENOENT" });
		snprintf(text, sizeof(text), "notify:%s", other);
		CHECK(answer(text) && strcmp(answer(text), "ENOENT") == 0);
	}
	snprintf(text, sizeof(text),
		"[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
		"ExecStart=DIR/probe notify:%s connect:DIR/run/control\n",
		other);
	run("rt2.service", text);
	EXPECT({ "connect:DIR/run/control", "ok" });
	snprintf(text, sizeof(text), "notify:%s", other);
	CHECK(answer(text) && strcmp(answer(text), "ok") == 0);
	CHECK(sys_ctl(s, "stop other.service") == 0);
}

/* supd-init was started with descriptors of "/" that nobody closed. */
static void test_descriptors(void **state)
{
	(void)state;
	run("fds.service",
		"[Service]\nType=oneshot\nWorkingDirectory=/usr\nExecStart=DIR/probe fds cwd\n");
	EXPECT({ "fds", "0 1 2" }, { "cwd", "/usr" });
	run("fds2.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			    "ExecStart=DIR/probe fds cwd\n");
	EXPECT({ "fds", "0 1 2" }, { "cwd", "/" });
	unit("fds3.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			     "WorkingDirectory=/proc/self/fd/3\nExecStart=DIR/probe cwd\n");
	CHECK(sys_ctl(s, "start fds3.service") != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_tmp),
		cmocka_unit_test(test_protect),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_runtime_dir),
		cmocka_unit_test(test_descriptors),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
