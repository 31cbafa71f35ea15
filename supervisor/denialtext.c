// SPDX-License-Identifier: MIT
#include "denialtext.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "../runtime/plan/syscallgroups.h"

static const char *const names[] = {
#include "syscallnames.inc"
};

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0u
#endif

/* ---- the record ---- */

/* The value of "key=" at the start of a word, up to the next space; false when it is not there. */
static bool find_value(const char *text, const char *key, char *buf, size_t size)
{
	size_t n = strlen(key), len;

	for (const char *p = text; p; p = strchr(p, ' ')) {
		p += strspn(p, " ");
		if (strncmp(p, key, n) != 0 || p[n] != '=') {
			continue;
		}
		p += n + 1;
		len = strcspn(p, " ");
		if (len >= size) {
			return false;
		}
		memcpy(buf, p, len);
		buf[len] = '\0';
		return true;
	}
	return false;
}

static int find_number(const char *text, const char *key, uint32_t *ret)
{
	char value[24];

	return find_value(text, key, value, sizeof(value)) ? number_parse_u32(value, ret)
							   : -EBADMSG;
}

static int find_hex(const char *text, const char *key, uint32_t *ret)
{
	char value[24], *end;
	unsigned long n;

	if (!find_value(text, key, value, sizeof(value)) || !*value) {
		return -EBADMSG;
	}
	n = strtoul(value, &end, 16);
	if (*end || n > UINT32_MAX) {
		return -EBADMSG;
	}
	*ret = (uint32_t)n;
	return 0;
}

/* "name", or the bytes in hexadecimal when one of them is not plain. What is odd becomes '?'. */
static void take_comm(const char *value, char ret[17])
{
	bool quoted = *value == '"';
	size_t n = 0;

	for (const char *p = value + quoted; *p && *p != '"' && n < 16; p++) {
		unsigned byte = (unsigned char)*p;

		if (!quoted) {
			if (sscanf(p, "%2x", &byte) != 1 || !p[1]) {
				break;
			}
			p++;
		}
		ret[n++] = byte > ' ' && byte < 127 ? (char)byte : '?';
	}
	ret[n] = '\0';
}

int denial_parse(const char *text, size_t n, struct denial *ret)
{
	struct denial d = { .number = 0 };
	char copy[1024], comm[64] = "";
	uint32_t code, pid;

	if (n >= sizeof(copy)) {
		return -EBADMSG;
	}
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (find_number(copy, "uid", &d.uid) < 0 || find_number(copy, "pid", &pid) < 0 ||
		pid > INT32_MAX || find_number(copy, "syscall", &d.number) < 0 ||
		find_hex(copy, "arch", &d.arch) < 0 || find_hex(copy, "code", &code) < 0) {
		return -EBADMSG;
	}
	d.pid = (int32_t)pid;
	code &= SECCOMP_RET_ACTION_FULL;
	if (code != SECCOMP_RET_ERRNO && code != SECCOMP_RET_KILL_PROCESS &&
		code != SECCOMP_RET_KILL_THREAD) {
		return -ENOMSG;
	}
	d.killed = code != SECCOMP_RET_ERRNO;
	if (find_value(copy, "comm", comm, sizeof(comm))) {
		take_comm(comm, d.comm);
	}
	*ret = d;
	return 0;
}

/* ---- the explanation ---- */

const char *denial_call_name(const struct denial *d)
{
	return d->arch == NATIVE_ARCH && d->number < ELEMENTSOF(names) ? names[d->number] : NULL;
}

/* Is word in a list that one space separates? Groups in it count with their members. */
static bool lists(const char *list, const char *word)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		char member[64];

		if (n < sizeof(member)) {
			const struct syscall_group *g;

			memcpy(member, list, n);
			member[n] = '\0';
			g = *member == '@' ? syscall_group_find(member) : NULL;
			if (strcmp(member, word) == 0 || (g && lists(g->members, word))) {
				return true;
			}
		}
		list += n + (list[n] == ' ');
	}
	return false;
}

/* A pair "name\0value\0" of the manifest; NULL. */
static const char *property(const struct manifest_unit *u, const char *name)
{
	const char *p = u ? (const char *)u->properties.data : NULL;
	const char *end = p ? p + u->properties.n : NULL;

	while (p && p < end) {
		size_t n = strnlen(p, (size_t)(end - p));
		const char *value = p + n + 1;
		size_t m = value < end ? strnlen(value, (size_t)(end - value)) : 0;

		if (value + m >= end) {
			return NULL;
		}
		if (strcmp(p, name) == 0) {
			return value;
		}
		p = value + m + 1;
	}
	return NULL;
}

/*
 * Calls whose arguments are looked at, with the setting that does it; then those that a setting
 * denies wholly. The first row whose setting the unit has is the cause.
 */
static const struct cause {
	const char *calls;
	const char *setting;
	bool wholly; /* SystemCallFilter= may be the cause as well, and comes first */
	const char *way_out;
} causes[] = {
	{ "socket", "RestrictAddressFamilies", false,
		"a RestrictAddressFamilies= with its family" },
	{ "clone unshare setns", "RestrictNamespaces", false,
		"a RestrictNamespaces= with its kind" },
	{ "mmap mprotect pkey_mprotect shmat", "MemoryDenyWriteExecute", false,
		"MemoryDenyWriteExecute=no" },
	{ "personality", "LockPersonality", false, "LockPersonality=no" },
	{ "sched_setscheduler sched_setattr", "RestrictRealtime", false, "RestrictRealtime=no" },
	{ "chmod fchmod fchmodat mkdir mkdirat mknod mknodat creat open openat", "RestrictSUIDSGID",
		false, "RestrictSUIDSGID=no" },
	{ "@clock", "ProtectClock", true, "ProtectClock=no" },
	{ "@module", "ProtectKernelModules", true, "ProtectKernelModules=no" },
	{ "syslog", "ProtectKernelLogs", true, "ProtectKernelLogs=no" },
	{ "sethostname setdomainname", "ProtectHostname", true, "ProtectHostname=no" },
	{ "@raw-io", "PrivateDevices", true, "PrivateDevices=no" },
};

static const struct cause *find_cause(const char *call, const struct manifest_unit *u)
{
	char key[64];
	bool filtered = property(u, "SystemCallFilter@") != NULL;

	for (size_t i = 0; i < ELEMENTSOF(causes); i++) {
		snprintf(key, sizeof(key), "%s@", causes[i].setting);
		if (!(causes[i].wholly && filtered) && property(u, key) &&
			lists(causes[i].calls, call)) {
			return &causes[i];
		}
	}
	return NULL;
}

static const char *profile_of(const struct manifest_unit *u)
{
	const struct manifest_service *s = u && u->service.n ? u->service.items : NULL;

	return s && s->profile && *s->profile ? s->profile : NULL;
}

/* "(web.service:7)", "(standard profile)". */
static void place_text(const struct manifest_unit *u, const char *setting, char *buf, size_t size)
{
	const char *origin;
	char key[64];

	snprintf(key, sizeof(key), "%s@", setting);
	origin = property(u, key);
	buf[0] = '\0';
	if (origin && *origin) {
		snprintf(buf, size, " (%s)", origin);
	} else if (profile_of(u)) {
		snprintf(buf, size, " (%s profile)", profile_of(u));
	}
}

/* The smallest group that a person would name for it, or the call itself. */
static const char *group_of(const char *call)
{
	static const char *const groups[] = { "@clock", "@module", "@raw-io", "@reboot", "@swap",
		"@mount", "@keyring", "@debug", "@cpu-emulation", "@obsolete", "@pkey", "@memlock",
		"@setuid", "@chown", "@timer", "@resources", "@aio", "@ipc" };

	for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
		if (lists(syscall_group_find(groups[i])->members, call)) {
			return groups[i];
		}
	}
	return call;
}

/* A list of the unit's own takes the place of its profile's; a line more goes on with it. */
static bool own_list(const struct manifest_unit *unit)
{
	const char *origin = property(unit, "SystemCallFilter@");

	return !unit || (origin && *origin);
}

void denial_explain(
	const struct denial *d, const struct manifest_unit *unit, char *buf, size_t size)
{
	const char *call = denial_call_name(d);
	const char *verb = d->killed ? "killed it, denied by" : "denied by";
	const struct cause *cause = call ? find_cause(call, unit) : NULL;
	char place[LIMIT_FAIL_ORIGIN + 16];

	if (d->arch != NATIVE_ARCH) {
		place_text(unit, "SystemCallArchitectures", place, sizeof(place));
		snprintf(buf, size,
			"call %u of another architecture (%#x) %s SystemCallArchitectures=%s",
			d->number, d->arch, verb, place);
		return;
	}
	place_text(unit, cause ? cause->setting : "SystemCallFilter", place, sizeof(place));
	if (!call) {
		snprintf(buf, size,
			"call %u, which this version does not know, %s SystemCallFilter=%s",
			d->number, verb, place);
	} else if (strcmp(call, "ioctl") == 0 && !d->killed) {
		snprintf(buf, size, "ioctl(2) that types into a terminal denied%s", place);
	} else if (cause) {
		snprintf(buf, size, "%s(2) %s %s=%s; it would be allowed by %s", call, verb,
			cause->setting, place, cause->way_out);
	} else {
		snprintf(buf, size,
			"%s(2) %s SystemCallFilter=%s; it would be allowed by "
			"SystemCallFilter=%s%s",
			call, verb, place, group_of(call),
			own_list(unit) ? "" : " @system-service");
	}
}
