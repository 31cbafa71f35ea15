// SPDX-License-Identifier: MIT
#include "deniedcalls.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/init/auditsock.h"

#define PROGRAMS 64
#define CONTROL  "denied-control.service"

/* The last record of each program that was denied a call. */
static struct {
	char exe[128];
	char text[512];
} denied[PROGRAMS];
static size_t n_denied;
static const char *watched[PROGRAMS];
static size_t n_watched;
static int records = -1;

void deniedcalls_open(void)
{
	records = auditsock_open();
	if (records < 0) {
		printf("denied calls are not looked for: no audit records here: %s\n",
			strerror(-records));
	}
}

void deniedcalls_prepare(struct sys *s)
{
	char text[256];

	snprintf(text, sizeof(text), "cp /usr/bin/unshare %s/denied-control", s->dir);
	CHECK(system(text) == 0);
	snprintf(text, sizeof(text), "[Service]\nType=exec\nExecStart=%s/denied-control -U true\n",
		s->dir);
	sys_unit(s, CONTROL, text);
}

void deniedcalls_watch(const char *program)
{
	if (n_watched < PROGRAMS) {
		watched[n_watched++] = program;
	}
}

void deniedcalls_watch_main(struct sys *s, const char *unit)
{
	static char paths[PROGRAMS][128];
	static const char *const everybodys[] = { "/python", "/perl", "/dash", "/bash" };
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/exe", sys_number(s, unit, "MainPID"));
	n = readlink(link, paths[n_watched % PROGRAMS], sizeof(paths[0]) - 1);
	for (size_t i = 0; n > 0 && i < ELEMENTSOF(everybodys); i++) {
		n = strstr(paths[n_watched % PROGRAMS], everybodys[i]) ? 0 : n;
	}
	if (n > 0) {
		deniedcalls_watch(paths[n_watched % PROGRAMS]);
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

static void keep(const char *text)
{
	char exe[sizeof(denied[0].exe)];
	size_t i = 0;

	if (!find_exe(text, exe, sizeof(exe))) {
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
	union {
		struct nlmsghdr header;
		char bytes[8192 + 1];
	} message;
	ssize_t n;

	while (records >= 0) {
		n = recv(records, &message, sizeof(message) - 1, 0);
		if (n < 0 && errno == ENOBUFS) {
			printf("denied calls: more records than could be read, some are lost\n");
			continue;
		}
		if (n < (ssize_t)sizeof(message.header)) {
			return;
		}
		message.bytes[n] = '\0';
		keep(message.bytes + NLMSG_HDRLEN);
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
static bool is_told(struct sys *s, void *program)
{
	deniedcalls_read();
	if (record_of(program)) {
		return true;
	}
	sys_ctl(s, "start " CONTROL);
	return false;
}

/* Records come in the order of the calls: after that of a control, those of the daemons have. */
bool deniedcalls_check(struct sys *s)
{
	char control[128];

	if (records < 0) {
		return false;
	}
	snprintf(control, sizeof(control), "%s/denied-control", s->dir);
	sys_wait_for(s, "the record of a denied call", is_told, control);
	for (size_t i = 0; i < n_watched; i++) {
		const char *record = record_of(watched[i]);

		if (record) {
			sys_fail(s, "%s was denied a call: %s", watched[i], record);
		}
	}
	return true;
}
