// SPDX-License-Identifier: MIT
/* Socket units with real clients: every kind of address, survival, limits, bad input. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

static char answer[512];

static int open_client(int family, int type)
{
	struct timeval patience = { .tv_sec = SYS_WITHIN_SEC };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	return fd;
}

/* Sends message to the address and reads until the end; false when it was refused. */
static bool ask(int type, const void *sa, socklen_t size, const char *message)
{
	AUTO_CLOSE int fd = open_client(((const struct sockaddr *)sa)->sa_family, type);
	size_t have = 0;
	ssize_t n;

	answer[0] = '\0';
	if (type == SOCK_DGRAM && ((const struct sockaddr *)sa)->sa_family == AF_UNIX) {
		struct sockaddr_un own = { .sun_family = AF_UNIX };

		CHECK(bind(fd, (struct sockaddr *)&own, sizeof(sa_family_t)) == 0);
	}
	if (connect(fd, sa, size) < 0 || send(fd, message, strlen(message), MSG_NOSIGNAL) < 0) {
		return false;
	}
	while ((n = recv(fd, answer + have, sizeof(answer) - 1 - have, 0)) > 0) {
		have += (size_t)n;
		answer[have] = '\0';
		if (type != SOCK_STREAM) {
			break;
		}
	}
	return have > 0;
}

static bool ask_port(int family, uint16_t port, const char *message)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return family == AF_INET ? ask(SOCK_STREAM, &in, sizeof(in), message)
				 : ask(SOCK_STREAM, &in6, sizeof(in6), message);
}

static bool ask_unix(int type, const char *name, const char *message)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	if (name[0] == '@') {
		memcpy(un.sun_path + 1, name + 1, n - 1);
	} else {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s/%s", s->dir, name);
		n = strlen(un.sun_path) + 1;
	}
	return ask(type, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n), message);
}

static const char *server(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/tests/system/sockserver", getenv("SUPD_BUILD"));
	return path;
}

/* NAME.socket with these lines and NAME.service that serves it; started. */
static void serve(const char *name, const char *lines)
{
	char unit[64];

	snprintf(unit, sizeof(unit), "%s.socket", name);
	loadf(unit, "[Socket]\n%s", lines);
	snprintf(unit, sizeof(unit), "%s.service", name);
	loadf(unit, "[Service]\nExecStart=%s %s/%s.out\n[Container]\nProfile=trusted\n", server(),
		s->dir, name);
	snprintf(unit, sizeof(unit), "%s.socket", name);
	CHECK(sys_ctl(s, "start %s", unit) == 0);
	CHECK(property_equals(unit, "SubState", "listening"));
}

/* Instances that run, whatever their numbers: the lowest that is free is taken. */
static unsigned count_instances(void)
{
	unsigned n = 0;

	CHECK(sys_ctl(s, "list --all inet@*") == 0);
	for (const char *at = s->output; (at = strstr(at, " running ")); at++) {
		n++;
	}
	return n;
}

static bool two_run(struct sys *sys, void *arg)
{
	(void)sys;
	(void)arg;
	return count_instances() == 2;
}

/* The kernel's name of the socket: daemons look for theirs by it. */
static bool is_bound(const char *name)
{
	char line[512], path[256];
	FILE *f = fopen("/proc/net/unix", "re");
	bool found = false;

	snprintf(path, sizeof(path), " %s/%s\n", s->dir, name);
	while (f && !found && fgets(line, sizeof(line), f)) {
		found = strstr(line, path) != NULL;
	}
	CHECK(f && fclose(f) == 0);
	return found;
}

static void test_kinds(void **state)
{
	char lines[1024], path[128], text[64];
	struct stat st;

	(void)state;
	snprintf(lines, sizeof(lines),
		"ListenStream=%s/k.stream\nListenDatagram=%s/k.dgram\n"
		"ListenSequentialPacket=%s/k.seq\nListenFIFO=%s/k.fifo\n"
		"ListenStream=@supd-%d\nListenStream=45681\nListenStream=[::1]:45682\n"
		"SocketMode=0640\nSymlinks=\nFileDescriptorName=kind\n",
		s->dir, s->dir, s->dir, s->dir, (int)getpid());
	serve("kinds", lines);
	snprintf(path, sizeof(path), "%s/k.stream", s->dir);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
	CHECK(is_bound("k.stream") && is_bound("k.dgram") && is_bound("k.seq"));
	CHECK(ask_unix(SOCK_STREAM, "k.stream", "one") && strstr(answer, "kind ") &&
		strstr(answer, " one"));
	CHECK(property_equals("kinds.socket", "SubState", "running"));
	CHECK(ask_unix(SOCK_DGRAM, "k.dgram", "two") && strstr(answer, " two"));
	CHECK(ask_unix(SOCK_SEQPACKET, "k.seq", "three") && strstr(answer, " three"));
	snprintf(path, sizeof(path), "@supd-%d", (int)getpid());
	CHECK(ask_unix(SOCK_STREAM, path, "four") && strstr(answer, " four"));
	CHECK(ask_port(AF_INET6, 45682, "five") && strstr(answer, " five"));
	CHECK(ask_port(AF_INET6, 45681, "six") && strstr(answer, " six"));
	CHECK(ask_port(AF_INET, 45681, "seven") && strstr(answer, " seven"));

	/* A FIFO alone starts the service too. */
	CHECK(sys_ctl(s, "stop kinds.service") == 0);
	sys_wait(s, "kinds.socket", "SubState", "listening");
	snprintf(path, sizeof(path), "%s/k.fifo", s->dir);
	AUTO_CLOSE int fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	CHECK(fifo >= 0 && write(fifo, "eight", 5) == 5);
	sys_wait(s, "kinds.service", "SubState", "running");
	CHECK(ask_port(AF_INET, 45681, "quit"));
	CHECK(strstr(sys_file(s, "kinds.out", text, sizeof(text)), " eight"));
	sys_wait(s, "kinds.socket", "SubState", "listening");
	CHECK(sys_ctl(s, "list-sockets") == 0);
	CHECK(sys_said(s, "[::1]:45682") && sys_said(s, "k.fifo") && sys_said(s, "kinds.service"));
	CHECK(sys_ctl(s, "stop kinds.socket") == 0);
	CHECK(!ask_port(AF_INET, 45681, "none"));
}

static void test_commands(void **state)
{
	(void)state;
	loadf("cmd.socket",
		"[Socket]\nListenStream=127.0.0.1:45683\n"
		"ExecStartPre=/bin/sh -c 'echo pre >%s/cmd'\n"
		"ExecStartPost=/bin/sh -c 'echo post >>%s/cmd'\n"
		"ExecStopPre=/bin/sh -c 'echo stop-pre >>%s/cmd'\n"
		"ExecStopPost=/bin/sh -c 'echo stop-post >>%s/cmd'\n"
		"[Container]\nProfile=trusted\n",
		s->dir, s->dir, s->dir, s->dir);
	loadf("cmd.service", "[Service]\nExecStart=%s\n", server());
	char text[128];

	CHECK(sys_ctl(s, "start cmd.socket") == 0);
	CHECK(strcmp(sys_file(s, "cmd", text, sizeof(text)), "pre\npost\n") == 0);
	CHECK(sys_ctl(s, "stop cmd.socket") == 0);
	CHECK(strcmp(sys_file(s, "cmd", text, sizeof(text)), "pre\npost\nstop-pre\nstop-post\n") ==
		0);
}

static void test_accept(void **state)
{
	(void)state;
	loadf("inet.socket", "[Socket]\nListenStream=127.0.0.1:45684\nAccept=yes\n"
			     "MaxConnections=3\nMaxConnectionsPerSource=2\n");
	loadf("inet@.service",
		"[Unit]\nDescription=One connection (%%I)\n[Service]\n"
		"ExecStart=/bin/sh -c 'read line; echo \"$line from $REMOTE_ADDR $LISTEN_FDS\"'\n"
		"StandardInput=socket\nStandardOutput=socket\n[Container]\nProfile=trusted\n");
	CHECK(sys_ctl(s, "start inet.socket") == 0);
	CHECK(ask_port(AF_INET, 45684, "hello\n"));
	CHECK(strcmp(answer, "hello from 127.0.0.1 \n") == 0);
	CHECK(ask_port(AF_INET, 45684, "again\n") && strstr(answer, "again from"));
	CHECK(property_equals("inet.socket", "SubState", "listening"));
	CHECK(sys_number(s, "inet.socket", "NAccepted") == 2);
	/* Who has the answer does not wait for the instance's end, which still counts. */
	sys_wait(s, "inet.socket", "NConnections", "0");

	/* Two stay open; a third of the same source is closed at once, the socket goes on. */
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(45684),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	AUTO_CLOSE int a = open_client(AF_INET, SOCK_STREAM);
	AUTO_CLOSE int b = open_client(AF_INET, SOCK_STREAM);

	CHECK(connect(a, (struct sockaddr *)&in, sizeof(in)) == 0);
	CHECK(connect(b, (struct sockaddr *)&in, sizeof(in)) == 0);
	sys_wait(s, "inet.socket", "NConnections", "2");
	sys_wait_for(s, "two instances", two_run, NULL);
	CHECK(!ask_port(AF_INET, 45684, "third\n"));
	CHECK(send(a, "bye\n", 4, MSG_NOSIGNAL) == 4);
	sys_wait(s, "inet.socket", "NConnections", "1");
	CHECK(ask_port(AF_INET, 45684, "fourth\n") && strstr(answer, "fourth"));
	CHECK(sys_ctl(s, "start inet@.service") != 0 && sys_said(s, "missing the instance name"));
	CHECK(sys_ctl(s, "stop inet.socket") == 0);
	CHECK(send(b, "bye\n", 4, MSG_NOSIGNAL) == 4);
	sys_wait(s, "inet.socket", "NConnections", "0");
}

/* An instance has its template's dependencies from its first instant, and under the next supd. */
static void test_accept_dependencies(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(45686),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	sys_unit(s, "anchor.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	sys_unit(s, "hand.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n");
	sys_unit(s, "dep.socket", "[Socket]\nListenStream=127.0.0.1:45686\nAccept=yes\n");
	load("dep@.service", "[Unit]\nBindsTo=anchor.service\nAfter=anchor.service hand.service\n"
			     "Wants=hand.service\n[Service]\nExecStart=/bin/cat\n"
			     "StandardInput=socket\n");
	CHECK(sys_ctl(s, "start dep.socket") == 0);
	AUTO_CLOSE int a = open_client(AF_INET, SOCK_STREAM);

	CHECK(connect(a, (struct sockaddr *)&in, sizeof(in)) == 0);
	sys_wait(s, "dep@1.service", "SubState", "running");
	CHECK(property_equals("anchor.service", "ActiveState", "active"));
	CHECK(property_equals("hand.service", "ActiveState", "active"));
	CHECK(property_equals("dep@1.service", "BindsTo", "anchor.service"));
	CHECK(property_equals("anchor.service", "BoundBy", "dep@.service dep@1.service"));
	sys_kill_supd(s);
	CHECK(sys_ctl(s, "stop anchor.service") == 0);
	sys_wait(s, "dep@1.service", "ActiveState", "inactive");
	CHECK(sys_ctl(s, "stop dep.socket") == 0);
}

/* Clients in a child: every request must be answered. Its exit status is the number of failures. */
static pid_t start_load(int end)
{
	pid_t pid = fork();
	char byte;

	CHECK(pid >= 0);
	if (pid) {
		return pid;
	}
	int failures = 0, served = 0;

	fcntl(end, F_SETFL, O_NONBLOCK);
	while (read(end, &byte, 1) < 0 || served == 0) {
		failures += !ask_port(AF_INET, 45685, "load") || !strstr(answer, " load");
		served++;
		usleep(1000);
	}
	_exit(failures > 100 ? 100 : failures);
}

static void test_survives(void **state)
{
	int end[2], status;

	(void)state;
	serve("keep", "ListenStream=127.0.0.1:45685\nTriggerLimitBurst=0\n");
	CHECK(pipe2(end, O_CLOEXEC) == 0);
	pid_t load_pid = start_load(end[0]);

	sys_wait(s, "keep.service", "SubState", "running");
	for (int i = 0; i < 5; i++) {
		sys_kill_supd(s);
		sys_wait(s, "keep.service", "SubState", "running");
		/* The service is stopped too: the socket starts it again under load. */
		if (i % 2) {
			CHECK(sys_ctl(s, "restart keep.service") == 0);
		}
	}
	CHECK(write(end[1], "x", 1) == 1);
	CHECK(waitpid(load_pid, &status, 0) == load_pid);
	close(end[0]);
	close(end[1]);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	/* Down while supd is dead: what comes meanwhile starts it afterwards. */
	CHECK(sys_ctl(s, "stop keep.service") == 0);
	sys_wait(s, "keep.socket", "SubState", "listening");
	sys_kill_supd(s);
	CHECK(ask_port(AF_INET, 45685, "late") && strstr(answer, " late"));
	sys_wait(s, "keep.socket", "SubState", "running");
	CHECK(kill(s->init, SIGUSR1) == 0); /* execs itself */
	CHECK(ask_port(AF_INET, 45685, "quit"));
	sys_wait(s, "keep.socket", "SubState", "listening");
	CHECK(ask_port(AF_INET, 45685, "more") && strstr(answer, " more"));
	CHECK(sys_ctl(s, "stop keep.socket keep.service") == 0);
}

static void test_failures(void **state)
{
	(void)state;
	serve("owner", "ListenStream=127.0.0.1:45686\n");
	loadf("thief.socket", "[Socket]\n\nListenStream=127.0.0.1:45686\n");
	loadf("thief.service", "[Service]\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start thief.socket") != 0);
	CHECK(sys_said(s, "ListenStream=127.0.0.1:45686") &&
		sys_said(s, "Address already in use") && sys_said(s, "thief.socket:3"));
	CHECK(property_equals("thief.socket", "Result", "resources"));
	loadf("nowrite.socket", "[Socket]\nListenStream=/proc/x/y.sock\nService=thief.service\n");
	CHECK(sys_ctl(s, "start nowrite.socket") != 0);
	CHECK(sys_said(s, "/proc/x/y.sock") && sys_said(s, "nowrite.socket:2"));

	/* The service ends at once and leaves the connection where it is. */
	loadf("loop.socket", "[Socket]\nListenStream=127.0.0.1:45687\nPollLimitBurst=0\n"
			     "TriggerLimitBurst=4\nTriggerLimitIntervalSec=1h\n");
	loadf("loop.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start loop.socket") == 0);
	ask_port(AF_INET, 45687, "anyone");
	sys_wait(s, "loop.socket", "SubState", "failed");
	CHECK(property_equals("loop.socket", "Result", "trigger-limit-hit"));

	/* A service that is up already has its own descriptors. */
	loadf("busy.socket", "[Socket]\nListenStream=127.0.0.1:45688\n");
	loadf("busy.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start busy.service") == 0);
	CHECK(sys_ctl(s, "start busy.socket") != 0);
	wait_log("busy.socket", "already active");
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *lines, *says;
	} bad[] = {
		{ "Accept=no\n", "no Listen line" },
		{ "ListenStream=localhost:80\n", "names are not looked up" },
		{ "ListenStream=99999\n", "1 to 65535" },
		{ "ListenDatagram=/run/x\nAccept=yes\n", "take connections" },
		{ "ListenStream=80\nAccept=yes\nService=web.service\n", "does not go with" },
		{ "ListenStream=80\nSymlinks=/run/y\n", "exactly one" },
		{ "ListenUSBFunction=/run/x\n", "not supported" },
		{ "ListenStream=80\nSELinuxContextFromNet=yes\n", "not supported" },
		{ "ListenStream=80\nMessageQueueMaxMessages=5\n", "go together" },
		{ "ListenStream=80\nIPTOS=fast\n", "low-delay" },
		{ "ListenStream=80\nBindIPv6Only=maybe\n", "ipv6-only" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		char text[256];

		snprintf(text, sizeof(text), "[Socket]\n%s", bad[i].lines);
		sys_unit(s, "wrong.socket", text);
		CHECK(sys_ctl(s, "verify %s/wrong.socket", s->units) != 0);
		if (!sys_said(s, bad[i].says) || !sys_said(s, "wrong.socket")) {
			sys_fail(s, "%s: \"%s\" is not said", bad[i].lines, bad[i].says);
		}
	}
}

/* Debian's own: what it ships is used as it is, but for where it listens. */
static void test_debian(void **state)
{
	char config[1024];

	(void)state;
	if (access("/usr/bin/dbus-daemon", X_OK) < 0) {
		print_message("skipped: dbus-daemon is not installed\n");
		return;
	}
	snprintf(config, sizeof(config),
		"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration "
		"1.0//EN\" "
		"\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
		"<busconfig><listen>unix:path=%s/bus</listen><policy context=\"default\">"
		"<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>"
		"<allow own=\"*\"/>"
		"</policy></busconfig>\n",
		s->dir);
	sys_unit(s, "bus.conf", config);
	serve("bus", "ListenStream=/run/supd-test-bus\n");
	loadf("bus.service",
		"[Service]\nExecStart=/usr/bin/dbus-daemon --config-file=%s/bus.conf "
		"--address=systemd: --nofork --nopidfile --systemd-activation\n"
		"[Container]\nProfile=trusted\n",
		s->units);
	sys_unit(s, "ask.service",
		"[Service]\nType=oneshot\nExecStart=/usr/bin/dbus-send "
		"--bus=unix:path=/run/supd-test-bus --print-reply "
		"--dest=org.freedesktop.DBus /org/freedesktop/DBus "
		"org.freedesktop.DBus.GetId\n[Container]\nProfile=trusted\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "start ask.service") == 0);
	CHECK(property_equals("bus.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop bus.socket bus.service") == 0);
	unlink("/run/supd-test-bus");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_accept_dependencies),
		cmocka_unit_test(test_survives),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_debian),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
