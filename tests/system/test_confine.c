// SPDX-License-Identifier: MIT
/*
 * What a confined process can and cannot do, measured from inside: units run the program probe, and
 * its answers are read back by `supctl logs`. Each wall is tried with and without the setting.
 */
#include "../unit/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "harness.h"

#define ALICE     "61001"
#define ALICE_GID "61002"
#define EXTRA_GID "61003"
#define EXTRA_FDS 24
#define ROUNDS    3

static struct sys *s;
static char answers[sizeof(s->output)];

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			sys_fail(s, "%s:%d: %s", __FILE__, __LINE__, #cond);                       \
		}                                                                                  \
	} while (0)

/* Writes a unit; "DIR" in the text stands for the test's directory. Then reloads. */
static void unit(const char *name, const char *text)
{
	char full[8192];
	size_t n = 0;

	for (; *text && n < sizeof(full) - sizeof(s->dir); text++) {
		if (strncmp(text, "DIR", 3) == 0) {
			n += (size_t)sprintf(full + n, "%s", s->dir);
			text += 2;
		} else {
			full[n++] = *text;
		}
	}
	full[n] = '\0';
	sys_unit(s, name, full);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
}

static bool has_answered(struct sys *sys, void *arg)
{
	sys_ctl(sys, "logs -o cat %s", (const char *)arg);
	memcpy(answers, sys->output, sizeof(answers));
	return strstr(answers, "done\n") != NULL;
}

/* Starts a oneshot of probe and waits for its answers. */
static void run(const char *name, const char *text)
{
	unit(name, text);
	CHECK(sys_ctl(s, "start %s", name) == 0);
	sys_wait_for(s, "answers", has_answered, (void *)name);
}

/* The answer to a question; NULL when there is none. In a static buffer. */
static const char *answer(const char *key)
{
	static char value[4096];
	size_t n = strlen(key);

	for (const char *p = answers; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, key, n) == 0 && (p[n] == ' ' || p[n] == '\n')) {
			p += n + (p[n] == ' ');
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\n"), p);
			return value;
		}
	}
	return NULL;
}

struct expected {
	const char *key;
	const char *pattern; /* fnmatch(3); "!": any but the rest */
};

static bool is_as_expected(const struct expected *e, const char *value)
{
	bool not = e->pattern[0] == '!';

	return value && (fnmatch(e->pattern + not, value, 0) == 0) != not ;
}

static void expect_all(const struct expected *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char key[256];
		const char *value;
		const char *dir = strstr(rows[i].key, "DIR");

		snprintf(key, sizeof(key), "%.*s%s%s",
			(int)(dir ? dir - rows[i].key : (long)strlen(rows[i].key)), rows[i].key,
			dir ? s->dir : "", dir ? dir + 3 : "");
		value = answer(key);
		if (!is_as_expected(&rows[i], value)) {
			sys_fail(s, "%s is \"%s\", not \"%s\"", key, value ? value : "(no answer)",
				rows[i].pattern);
		}
	}
}

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		static const struct expected rows_[] = { __VA_ARGS__ };                            \
		expect_all(rows_, ELEMENTSOF(rows_));                                              \
	} while (0)

/* ---- identity ---- */

#define IDS "ExecStart=DIR/probe ids status read:/etc/shadow write:/var/lib/conf/file\n"

/* The unit's user is himself inside, root is nobody of the host's. */
static void test_ids_standard(void **state)
{
	struct stat st;

	(void)state;
	run("ids.service", "[Service]\nType=oneshot\nUser=alice\nSupplementaryGroups=extra\n"
			   "StateDirectory=conf\n" IDS);
	EXPECT({ "uid", ALICE }, { "gid", ALICE_GID }, { "groups", EXTRA_GID },
		{ "uid_map", "0 ?????* " ALICE " " ALICE " " ALICE " 1 61002 *" },
		{ "gid_map", "0 ?????* 61002 61002 61002 1 61003 61003 1 61004 *" },
		{ "CapInh", "0000000000000000" }, { "CapPrm", "0000000000000000" },
		{ "CapEff", "0000000000000000" }, { "CapBnd", "0000000000000000" },
		{ "CapAmb", "0000000000000000" }, { "NoNewPrivs", "1" }, { "Seccomp", "2" },
		{ "read:/etc/shadow", "EACCES" }, { "write:/var/lib/conf/file", "ok" });
	CHECK(stat("/var/lib/conf/file", &st) == 0 && st.st_uid == 61001 && st.st_gid == 61002);
}

/* Without User= it is root inside: an id of the unit's own range, that owns nothing outside. */
static void test_root_is_nobody(void **state)
{
	struct stat st;

	(void)state;
	run("root.service", "[Service]\nType=oneshot\nStateDirectory=confroot\n"
			    "ExecStart=DIR/probe ids status read:/etc/shadow stat:/etc/shadow "
			    "write:/var/lib/confroot/file write:/usr/x write:/etc/x\n");
	EXPECT({ "uid", "0" }, { "uid_map", "0 ?????* 65536" }, { "CapEff", "0000000000000000" },
		{ "CapBnd", "0000000000000000" }, { "read:/etc/shadow", "EACCES" },
		{ "stat:/etc/shadow", "65534 65534 *" }, { "write:/usr/x", "EROFS" },
		{ "write:/etc/x", "EROFS" }, { "write:/var/lib/confroot/file", "ok" });
	CHECK(stat("/var/lib/confroot/file", &st) == 0 && st.st_uid >= 65536);
}

/* The same without the wall: root of a compat unit is the host's. */
static void test_ids_compat(void **state)
{
	struct stat st;

	(void)state;
	run("cids.service", "[Service]\nType=oneshot\nStateDirectory=confc\n"
			    "[Container]\nProfile=compat\n[Service]\n"
			    "ExecStart=DIR/probe ids status ns read:/etc/shadow "
			    "write:/var/lib/confc/file\n");
	EXPECT({ "uid", "0" }, { "uid_map", "0 0 4294967295" }, { "CapEff", "!0000000000000000" },
		{ "CapInh", "0000000000000000" }, { "CapAmb", "0000000000000000" },
		{ "Seccomp", "2" }, { "read:/etc/shadow", "ok" });
	CHECK(stat("/var/lib/confc/file", &st) == 0 && st.st_uid == 0);
	run("cuser.service",
		"[Service]\nType=oneshot\nUser=alice\nGroup=extra\n[Container]\nProfile=compat\n"
		"[Service]\nExecStart=DIR/probe ids status read:/etc/shadow\n");
	EXPECT({ "uid", ALICE }, { "gid", EXTRA_GID }, { "CapEff", "0000000000000000" },
		{ "CapPrm", "0000000000000000" }, { "CapInh", "0000000000000000" },
		{ "NoNewPrivs", "1" }, { "read:/etc/shadow", "EACCES" });
}

static void test_ids_trusted(void **state)
{
	(void)state;
	run("tids.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			    "ExecStart=DIR/probe ids status ns read:/etc/shadow\n");
	EXPECT({ "uid", "0" }, { "CapEff", "!0000000000000000" }, { "NoNewPrivs", "0" },
		{ "Seccomp", "0" }, { "read:/etc/shadow", "ok" });
}

static void test_dynamic_user(void **state)
{
	struct stat st;

	(void)state;
	run("dyn.service", "[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=confdyn\n"
			   "ExecStart=DIR/probe ids status write:/var/lib/confdyn/file\n");
	EXPECT({ "uid", "!0" }, { "CapEff", "0000000000000000" }, { "NoNewPrivs", "1" },
		{ "write:/var/lib/confdyn/file", "ok" });
	CHECK(stat("/var/lib/confdyn/file", &st) == 0 && st.st_uid >= 65536);
}

/* What is no user is an error, never root; one that appears later works then. */
static void test_unknown_user(void **state)
{
	static const char *const invalid[] = { "0x0", "1000x", "2147483648", "4294967296", "-1",
		"../root", "a b" };
	AUTO_CLOSE int fd = -1;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(invalid); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\nUser=%s\nExecStart=DIR/probe ids\n", invalid[i]);
		unit("bad.service", text);
		CHECK(sys_ctl(s, "start bad.service") != 0);
		CHECK(strcmp(sys_text(s, "bad.service", "ExecMainStartTimestampMonotonic"), "0") ==
			0);
	}
	unit("late.service",
		"[Service]\nType=oneshot\nUser=late\nExecStart=DIR/probe ids status\n");
	CHECK(sys_ctl(s, "start late.service") != 0);
	CHECK(sys_said(s, "unknown user"));
	fd = open("/etc/passwd", O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(fd >= 0 && fd_write_full(fd, "late:x:61009:61002::/:/bin/false\n", 33) == 0);
	CHECK(sys_ctl(s, "start late.service") == 0);
	sys_wait_for(s, "answers", has_answered, (void *)"late.service");
	EXPECT({ "uid", "61009" }, { "gid", ALICE_GID });
}

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
	sys_wait_for(s, "answers", has_answered, (void *)"tmp.service");
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
	sys_ctl(s, "logs -o cat other.service");
	memcpy(answers, s->output, sizeof(answers));
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

/* ---- environment and limits ---- */

static void test_environment(void **state)
{
	(void)state;
	run("env.service",
		"[Service]\nType=oneshot\nUser=alice\nEnvironment=A=1 \"B=two words\"\n"
		"EnvironmentFile=DIR/env\nEnvironmentFile=-DIR/none\nUnsetEnvironment=U\n"
		"LimitNOFILE=100:200\nLimitCORE=0\n"
		"ExecStart=DIR/probe env:A env:B env:C env:U env:HOME env:USER env:LD_PRELOAD "
		"limit:7 limit:4 cat:/proc/self/limits\n");
	EXPECT({ "env:A", "file" }, { "env:B", "two words" }, { "env:C", "from file" },
		{ "env:U", "(unset)" }, { "env:HOME", "/nonexistent" }, { "env:USER", "alice" },
		{ "env:LD_PRELOAD", "(unset)" }, { "limit:7", "100 200" }, { "limit:4", "0 0" });
	unit("env2.service", "[Service]\nType=oneshot\nEnvironmentFile=DIR/none\n"
			     "ExecStart=DIR/probe env:A\n");
	CHECK(sys_ctl(s, "start env2.service") != 0);
	CHECK(sys_said(s, "none: No such file or directory"));
}

/* ---- kill ---- */

static void write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0);
}

/* A cgroup that saw cgroup.kill, its own or its slice's, takes a new start. */
static void test_kill_and_start(void **state)
{
	char path[512];

	(void)state;
	unit("killed.service", "[Service]\nSlice=conf.slice\nExecStart=DIR/probe ids sleep\n"
			       "ExecStopPost=DIR/probe cwd\n");
	snprintf(path, sizeof(path), "%s/conf.slice/cgroup.kill", s->cgroup);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(sys_ctl(s, "start killed.service") == 0);
		CHECK(sys_number(s, "killed.service", "MainPID") > 0);
		CHECK(sys_ctl(s, "kill --signal=KILL killed.service") == 0);
		sys_wait(s, "killed.service", "ActiveState", "failed");
		CHECK(sys_ctl(s, "start killed.service") == 0);
		sys_wait(s, "killed.service", "ActiveState", "active");
		write_text(path, "1");
		sys_wait(s, "killed.service", "ActiveState", "failed");
	}
	CHECK(sys_ctl(s, "start killed.service") == 0);
	CHECK(sys_ctl(s, "stop killed.service") == 0);
}

/* ---- set-up ---- */

static void copy(const char *from, const char *to, mode_t mode, const char *more)
{
	static char data[8 * 1024 * 1024];
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ssize_t n = in < 0 ? -1 : fd_read_full(in, data, sizeof(data));

	CHECK(n > 0 && out >= 0 && fd_write_full(out, data, (size_t)n) == 0);
	CHECK(!more || fd_write_full(out, more, strlen(more)) == 0);
}

/* The machine's users and two of ours, in files that only this test sees. */
static void make_users(void)
{
	static const char *const files[][2] = {
		{ "/etc/passwd", "alice:x:" ALICE ":" ALICE_GID "::/nonexistent:/bin/false\n" },
		{ "/etc/group", "alice:x:" ALICE_GID ":\nextra:x:" EXTRA_GID ":\n" },
	};

	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/users%zu", s->dir, i);
		copy(files[i][0], path, 0644, files[i][1]);
		CHECK(mount(path, files[i][0], NULL, MS_BIND, NULL) == 0);
	}
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	s = sys_new();
	snprintf(path, sizeof(path), "%s/probe", s->dir);
	copy(getenv("SUPD_PROBE"), path, 0755, NULL);
	CHECK(chmod(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/env", s->dir);
	write_text(path, "# comment\nA=file\nC='from file'\nU=x\n");
	make_users();
	for (int i = 0; i < EXTRA_FDS; i++) {
		CHECK(open("/", O_RDONLY | O_DIRECTORY) >= 0);
	}
	sys_start(s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	umount2("/etc/passwd", MNT_DETACH);
	umount2("/etc/group", MNT_DETACH);
	sys_free(s);
	return 0;
}

int main(void)
{
	static const char *const scratch[] = { "/var/lib", "/srv", "/tmp", "/var/tmp", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_standard),
		cmocka_unit_test(test_root_is_nobody),
		cmocka_unit_test(test_ids_compat),
		cmocka_unit_test(test_ids_trusted),
		cmocka_unit_test(test_dynamic_user),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_tmp),
		cmocka_unit_test(test_protect),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_runtime_dir),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_kill_and_start),
	};

	sys_require();
	if (!getenv("SUPD_PROBE")) {
		printf("skipped: SUPD_PROBE is not set; run it by meson test\n");
		return 77;
	}
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
