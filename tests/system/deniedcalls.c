// SPDX-License-Identifier: MIT
#include "deniedcalls.h"

#include "../unit/test.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/timeutil.h"
#include "../../runtime/init/auditsock.h"

#define PROGRAMS        64
#define CONTROL         "denied-control.service"
#define TESTS           "/run/supd-"
#define HEARD_WITHIN_US (5 * USEC_PER_SEC)

static struct sys *s;
static char control[128]; /* the program of CONTROL */

/* The last record of each program that was denied a call. */
static struct {
	char exe[128];
	char text[512];
} denied[PROGRAMS];
static size_t n_denied;
static const char *watched[PROGRAMS];
static size_t n_watched;
static int records = -1;
static bool some_lost;

/* In a child: getppid(2) denied, and told. */
static __attribute__((noreturn)) void be_denied(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ELEMENTSOF(insns), insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) == 0) {
		syscall(SYS_getppid);
	}
	_exit(0);
}

/* The next record's text, in a static buffer; NULL: none now. */
static const char *next_record(void)
{
	static union {
		struct nlmsghdr header;
		char bytes[8192 + 1];
	} message;

	for (;;) {
		ssize_t n = recv(records, &message, sizeof(message) - 1, 0);

		if (n < 0 && errno == ENOBUFS) {
			some_lost = true;
			continue;
		}
		if (n < (ssize_t)sizeof(message.header)) {
			return NULL;
		}
		message.bytes[n] = '\0';
		return message.bytes + NLMSG_HDRLEN;
	}
}

static pid_t pid_of(const char *record)
{
	const char *at = strstr(record, " pid=");

	return at ? (pid_t)strtol(at + strlen(" pid="), NULL, 10) : 0;
}

static bool comes_within(pid_t pid, usec_t us)
{
	usec_t end = now_us() + us;

	do {
		for (const char *text; (text = next_record());) {
			if (pid_of(text) == pid) {
				return true;
			}
		}
		poll(&(struct pollfd) { .fd = records, .events = POLLIN }, 1, 10);
	} while (now_us() < end);
	return false;
}

/* A socket that opens is none that hears: a namespace, the audit's state, what is logged. */
static bool is_heard(void)
{
	usec_t end = now_us() + HEARD_WITHIN_US;

	do {
		pid_t pid = fork();

		if (pid == 0) {
			be_denied();
		}
		if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
			return false;
		}
		if (comes_within(pid, HEARD_WITHIN_US / 5)) {
			return true;
		}
	} while (now_us() < end);
	return false;
}

void deniedcalls_open(void)
{
	int size = 1 << 20;

	records = auditsock_open();
	if (records < 0) {
		printf("denied calls are not looked for: no audit records here: %s\n",
			strerror(-records));
		return;
	}
	setsockopt(records, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (!is_heard()) {
		printf("denied calls are not looked for: one made here left no record (audit off, "
		       "a network namespace, no errno in kernel.seccomp.actions_logged)\n");
		close(records);
		records = -1;
	}
	some_lost = false;
}

void deniedcalls_prepare(struct sys *sys)
{
	char text[256];

	s = sys;
	snprintf(control, sizeof(control), "%s/denied-control", s->dir);
	snprintf(text, sizeof(text), "cp /usr/bin/unshare %s", control);
	CHECK(system(text) == 0);
	snprintf(text, sizeof(text), "[Service]\nType=exec\nExecStart=%s -U true\n", control);
	sys_unit(s, CONTROL, text);
}

void deniedcalls_watch(const char *program)
{
	if (n_watched < PROGRAMS) {
		watched[n_watched++] = program;
	}
}

void deniedcalls_watch_main(const char *unit)
{
	static char paths[PROGRAMS][128];
	static const char *const everybodys[] = { "/python", "/perl", "/dash", "/bash" };
	char *path = paths[n_watched % PROGRAMS];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/exe", sys_number(s, unit, "MainPID"));
	n = readlink(link, path, sizeof(paths[0]) - 1);
	path[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < ELEMENTSOF(everybodys); i++) {
		if (strstr(path, everybodys[i])) {
			return;
		}
	}
	if (n > 0) {
		deniedcalls_watch(path);
	}
}

/* exe="PATH" of a record; false if it has none that fits. */
static bool find_exe(const char *text, char *ret_exe, size_t size)
{
	const char *from = strstr(text, " exe=\""), *to;

	from = from ? from + strlen(" exe=\"") : NULL;
	to = from ? strchr(from, '"') : NULL;
	if (!to || (size_t)(to - from) >= size) {
		return false;
	}
	memcpy(ret_exe, from, (size_t)(to - from));
	ret_exe[to - from] = '\0';
	return true;
}

/* True for certain: the process is still there, runs that program, in no cgroup of this test. */
static bool is_anothers(pid_t pid, const char *exe)
{
	char path[64], link[sizeof(denied[0].exe)], cgroup[8192];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (pid <= 0 || fd_read_text(path, cgroup, sizeof(cgroup)) <= 0 ||
		strstr(cgroup, strrchr(s->cgroup, '/'))) {
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	return strcmp(link, exe) == 0;
}

static void keep(const char *text)
{
	char exe[sizeof(denied[0].exe)];
	size_t i = 0;

	if (!find_exe(text, exe, sizeof(exe)) || is_anothers(pid_of(text), exe)) {
		return;
	}
	/* What other tests have put into their directories is theirs. */
	if (strncmp(exe, TESTS, strlen(TESTS)) == 0 && strcmp(exe, control) != 0) {
		return;
	}
	while (i < n_denied && strcmp(denied[i].exe, exe) != 0) {
		i++;
	}
	if (i == PROGRAMS) {
		printf("denied calls: too many programs, %s is left out\n", exe);
		return;
	}
	n_denied = i == n_denied ? i + 1 : n_denied;
	snprintf(denied[i].exe, sizeof(denied[i].exe), "%s", exe);
	snprintf(denied[i].text, sizeof(denied[i].text), "%.*s", (int)sizeof(denied[i].text) - 1,
		text);
}

void deniedcalls_read(void)
{
	while (records >= 0) {
		const char *text = next_record();

		if (!text) {
			return;
		}
		keep(text);
	}
}

/* The last record of a program whose path contains the text; NULL: none until now. */
static const char *record_of(const char *program)
{
	for (size_t i = 0; i < n_denied; i++) {
		if (strstr(denied[i].exe, program)) {
			return denied[i].text;
		}
	}
	return NULL;
}

/* A record that is lost among many is made again. */
static bool is_told(struct sys *sys, void *program)
{
	deniedcalls_read();
	if (record_of(program)) {
		return true;
	}
	sys_ctl(sys, "start " CONTROL);
	return false;
}

/* Records come in the order of the calls: after that of a control, those of the daemons have. */
void test_denied_nothing(void **state)
{
	(void)state;
	if (records < 0) {
		skip();
	}
	sys_wait_for(s, "the record of a denied call", is_told, control);
	for (size_t i = 0; i < n_watched; i++) {
		const char *record = record_of(watched[i]);

		if (record) {
			sys_fail(s, "%s was denied a call: %s", watched[i], record);
		}
	}
	if (some_lost) {
		printf("skipped: more records than could be read, one of the daemons' may be "
		       "lost\n");
		skip();
	}
}
