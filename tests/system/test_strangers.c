// SPDX-License-Identifier: MIT
/*
 * A local user who may do nothing, at the sockets that everybody can reach: notify sockets of units
 * that are not his, the control socket with too many connections, messages without end, answers
 * that are never read, and descriptors whose last close waits. supd has to go on, the same process,
 * and to serve the others.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/limits.h"
#include "../unit/lingerer.h"

#define STRANGER 65534
#define OTHER    61200
#define ENDLESS  61201 /* each has a share of what is logged of it */
#define UNREAD   61202
#define MORE     300u /* connections than anybody gets */
#define MEGABYTE (1024u * 1024u)

static int dial(const char *path, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A connection to the control socket that has been let in; -1. */
static int enter(void)
{
	static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	char path[128], text[256];
	int fd;

	snprintf(path, sizeof(path), "%s/run/control", s->dir);
	fd = dial(path, SOCK_STREAM);
	if (fd >= 0 && (send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) < 0 ||
			       recv(fd, text, sizeof(text), 0) <= 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Runs fn as that user in a child; its answer is the exit code. */
static pid_t begin_as(uid_t uid, int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0) {
			_exit(99);
		}
		_exit(fn());
	}
	CHECK(pid > 0);
	return pid;
}

static int ended(pid_t pid)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ---- notify sockets ---- */

/* How many of the sockets a stranger finds by what he can know. */
static int hunt(void)
{
	char path[128], line[512];
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int found = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "%s/run/notify", s->dir);
	dir = opendir(path);
	found += dir != NULL;
	for (unsigned i = 0; i < 64; i++) {
		struct sockaddr_un to = { .sun_family = AF_UNIX };

		snprintf(to.sun_path, sizeof(to.sun_path), "%s/run/notify/%u/notify", s->dir, i);
		found += sendto(fd, "STATUS=forged", 13, 0, (struct sockaddr *)&to, sizeof(to)) > 0;
	}
	f = fopen("/proc/net/unix", "re");
	while (f && fgets(line, sizeof(line), f)) {
		found += strstr(line, path) != NULL;
	}
	if (f) {
		fclose(f);
	}
	return found;
}

/* As the unit knows it. */
static void notify_path(char *buf, size_t size)
{
	char pattern[128];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/run/notify/*/notify", s->dir);
	CHECK(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1);
	snprintf(buf, size, "%s", found.gl_pathv[0]);
	globfree(&found);
}

static void test_notify_hidden(void **state)
{
	char path[128];

	(void)state;
	CHECK(ended(begin_as(STRANGER, hunt)) == 0);
	CHECK(property_equals("open.service", "StatusText", ""));
	/* who knows the path does get through: the wall is the name */
	notify_path(path, sizeof(path));
	AUTO_CLOSE int fd = dial(path, SOCK_DGRAM);

	CHECK(fd >= 0 && send(fd, "STATUS=known", 12, 0) == 12);
	sys_wait(s, "open.service", "StatusText", "known");
}

/* ---- descriptors that nobody can close ---- */

/*
 * Sends such a descriptor with the text while supd stands still, so that supd has the last copy.
 * False: the kernel refuses it (then the copy has to go without waiting).
 */
static bool send_lingerer(int sock, const char *text, int *ret_peer)
{
	const struct linger none = { .l_onoff = 1 };
	int fd = make_lingerer(ret_peer);

	CHECK(fd >= 0);
	int r = fd_send(sock, text, strlen(text), &fd, 1, 0);

	CHECK(r == 0 || r == -EPERM);
	if (r < 0) {
		CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)) == 0);
	}
	close(fd);
	return r == 0;
}

static void test_lingering_note(void **state)
{
	pid_t supd = sys_supd_pid(s);
	char path[128];
	int peers[3];

	(void)state;
	notify_path(path, sizeof(path));
	AUTO_CLOSE int fd = dial(path, SOCK_DGRAM);

	CHECK(fd >= 0 && kill(supd, SIGSTOP) == 0);
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		/* refused by supd, taken by it, and for a store that has no room */
		static const char *const texts[] = { "WATCHDOG=no", "STATUS=a", "FDSTORE=1" };

		CHECK(send_lingerer(fd, texts[i], &peers[i]));
	}
	CHECK(send(fd, "STATUS=behind", 13, 0) == 13);
	CHECK(kill(supd, SIGCONT) == 0);
	sys_wait(s, "open.service", "StatusText", "behind");
	CHECK(sys_supd_pid(s) == supd);
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		close(peers[i]);
	}
}

static void test_lingering_call(void **state)
{
	pid_t supd = sys_supd_pid(s);
	int fd = enter(), peer;

	(void)state;
	CHECK(fd >= 0 && kill(supd, SIGSTOP) == 0);
	send_lingerer(fd, "l", &peer);
	close(fd);
	CHECK(kill(supd, SIGCONT) == 0);
	CHECK(sys_ctl(s, "status open.service") == 0);
	CHECK(sys_supd_pid(s) == supd);
	close(peer);
}

/* ---- the control socket ---- */

static int crowd_pipe[2];

/* Takes what it can get, says so, and holds it until the other end of the pipe is closed. */
static int crowd(void)
{
	uint32_t n = 0;
	char byte;

	close(crowd_pipe[0]);
	for (unsigned i = 0; i < MORE; i++) {
		n += enter() >= 0;
	}
	if (write(crowd_pipe[1], &n, sizeof(n)) != sizeof(n)) {
		return 1;
	}
	return recv(crowd_pipe[1], &byte, 1, 0) != 0;
}

static int enter_once(void)
{
	return enter() < 0;
}

static void test_crowd(void **state)
{
	uint32_t n = 0;
	pid_t pid;

	(void)state;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, crowd_pipe) == 0);
	pid = begin_as(STRANGER, crowd);
	close(crowd_pipe[1]);
	CHECK(recv(crowd_pipe[0], &n, sizeof(n), MSG_WAITALL) == sizeof(n));
	CHECK(n > 0 && n <= LIMIT_CONTROL_UID);
	CHECK(sys_ctl(s, "status open.service") == 0);
	CHECK(ended(begin_as(OTHER, enter_once)) == 0);
	close(crowd_pipe[0]);
	CHECK(ended(pid) == 0);
	wait_log("", "control: this user has too many connections; uid 65534, pid ");
}

static size_t align(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static size_t put_field(char *at, size_t n, char code, const char *text)
{
	uint32_t size = (uint32_t)strlen(text);

	n = align(n, 8);
	at[n++] = code;
	at[n++] = 1;
	at[n++] = code == 1 ? 'o' : 's';
	at[n++] = 0;
	memcpy(at + n, &size, sizeof(size));
	memcpy(at + n + 4, text, size + 1);
	return n + 4 + size + 1;
}

/* GetUnit() of a name of that many bytes, whatever comes of it; the caller frees. */
static char *make_call(uint32_t bytes, size_t *ret_size)
{
	char *m = calloc(1, bytes + 1024u);
	uint32_t word;
	size_t n = 16;

	CHECK(m != NULL);
	m[0] = 'l';
	m[1] = 1; /* a call */
	m[3] = 1; /* of the protocol */
	word = bytes + 5;
	memcpy(m + 4, &word, 4);
	word = 1; /* serial */
	memcpy(m + 8, &word, 4);
	n = put_field(m, n, 1, "/org/freedesktop/systemd1");
	n = put_field(m, n, 3, "GetUnit");
	n = put_field(m, n, 2, "org.freedesktop.systemd1.Manager");
	n = align(n, 8);
	memcpy(m + n, "\x08\x01g\0\x01s", 7);
	n += 7;
	word = (uint32_t)n - 16;
	memcpy(m + 12, &word, 4);
	n = align(n, 8);
	memcpy(m + n, &bytes, 4);
	memset(m + n + 4, 'x', bytes);
	*ret_size = n + 4 + bytes + 1;
	return m;
}

/* 0 when the connection was ended before all was taken. */
static int push(const char *data, size_t size, unsigned times)
{
	AUTO_CLOSE int fd = enter();

	if (fd < 0) {
		return 2;
	}
	for (unsigned i = 0; i < times; i++) {
		for (size_t at = 0; at < size;) {
			ssize_t n = send(fd, data + at, size - at, MSG_NOSIGNAL);

			if (n < 0) {
				return errno != EPIPE && errno != ECONNRESET;
			}
			at += (size_t)n;
		}
	}
	return 1;
}

static int push_endless(void)
{
	size_t size;
	AUTO_FREE char *m = make_call(64 * MEGABYTE, &size);

	return push(m, size - 1, 1);
}

/* Answered with an error that repeats the name, which is never read. */
static int push_unread(void)
{
	size_t size;
	AUTO_FREE char *m = make_call(MEGABYTE / 2, &size);

	return push(m, size, 128);
}

static long peak_kib(pid_t pid)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	CHECK(fd_read_text(path, text, sizeof(text)) > 0 && (at = strstr(text, "VmHWM:")));
	return atol(at + 6);
}

static void test_endless(void **state)
{
	pid_t supd = sys_supd_pid(s);
	long before = peak_kib(supd);

	(void)state;
	CHECK(ended(begin_as(ENDLESS, push_endless)) == 0);
	wait_log("", "control: uid 61201, pid ");
	wait_log("", " sends too long a message; dropped");
	CHECK(sys_supd_pid(s) == supd);
	if (getenv("SUPD_SANITIZED")) {
		print_message("not measured: the sanitizer keeps what is freed\n");
		return;
	}
	CHECK(peak_kib(supd) - before < 16 * 1024);
}

static void test_unread(void **state)
{
	pid_t supd = sys_supd_pid(s);

	(void)state;
	CHECK(ended(begin_as(UNREAD, push_unread)) == 0);
	wait_log("", " does not read its answers; dropped");
	CHECK(sys_supd_pid(s) == supd);
}

/* One whole message; its type, -1 when there is none. */
static int read_answer(int fd)
{
	static char rest[2 * MEGABYTE];
	char head[16];
	uint32_t body, fields;
	size_t size;

	if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head)) {
		return -1;
	}
	memcpy(&body, head + 4, 4);
	memcpy(&fields, head + 12, 4);
	size = align(fields, 8) + body;
	if (size > sizeof(rest) || recv(fd, rest, size, MSG_WAITALL) != (ssize_t)size) {
		return -1;
	}
	return head[1];
}

/* Messages of the largest size that is allowed are answered, one after the other. */
static int ask_long(void)
{
	size_t size;
	AUTO_FREE char *m = make_call(MEGABYTE - 4096, &size);
	AUTO_CLOSE int fd = enter();

	for (unsigned i = 0; fd >= 0 && i < 4; i++) {
		for (size_t at = 0; at < size;) {
			ssize_t n = send(fd, m + at, size - at, MSG_NOSIGNAL);

			if (n < 0) {
				return 1;
			}
			at += (size_t)n;
		}
		if (read_answer(fd) != 3) {
			return 2; /* not an error */
		}
	}
	return fd < 0;
}

static void test_long(void **state)
{
	(void)state;
	CHECK(ended(begin_as(OTHER, ask_long)) == 0);
}

static int strangers_setup(void **state)
{
	char text[256];

	(void)state;
	s = sys_new();
	snprintf(text, sizeof(text),
		"[Service]\nNotifyAccess=all\nExecStart=%s pause\n[Container]\nProfile=trusted\n",
		sys_payload(s));
	sys_unit(s, "open.service", text);
	sys_start(s, (const char *const[]) { "open.service", NULL });
	sys_wait(s, "open.service", "SubState", "running");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify_hidden),
		cmocka_unit_test(test_lingering_note),
		cmocka_unit_test(test_lingering_call),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_unread),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, strangers_setup, teardown);
}
