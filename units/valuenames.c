// SPDX-License-Identifier: MIT
/* The value parsers that are of names: exit statuses, capabilities, limits, syslog. */
#include "values.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/exitnames.h"
#include "../runtime/base/number.h"
#include "../runtime/base/signals.h"

int value_parse_exit_status(const char *text, uint32_t *ret)
{
	int named = exit_from_name(text);
	uint32_t v;

	if (named >= 0) {
		*ret = (uint32_t)named;
		return 0;
	}
	if (number_parse_u32(text, &v) != 0) {
		return -EINVAL;
	}
	if (v > 255) {
		return -ERANGE;
	}
	*ret = v;
	return 0;
}

int value_add_exit_word(const char *text, struct manifest_exit_set *set)
{
	uint32_t code;
	int r = value_parse_exit_status(text, &code);
	int signo;

	if (r == 0) {
		set->codes[code / 64] |= UINT64_C(1) << code % 64;
		return 0;
	}
	if (r == -ERANGE) {
		return r;
	}
	signo = signal_from_name(text);
	if (signo <= 0 || signo >= 64) {
		return -EINVAL;
	}
	set->signals |= UINT64_C(1) << signo;
	return 0;
}

enum limit_form {
	FORM_COUNT,
	FORM_SIZE,
	FORM_SECONDS,
	FORM_MICROSECONDS,
	FORM_NICE,
};

static const enum limit_form limit_forms[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = FORM_SECONDS,
	[RLIMIT_FSIZE] = FORM_SIZE,
	[RLIMIT_DATA] = FORM_SIZE,
	[RLIMIT_STACK] = FORM_SIZE,
	[RLIMIT_CORE] = FORM_SIZE,
	[RLIMIT_RSS] = FORM_SIZE,
	[RLIMIT_NOFILE] = FORM_COUNT,
	[RLIMIT_AS] = FORM_SIZE,
	[RLIMIT_NPROC] = FORM_COUNT,
	[RLIMIT_MEMLOCK] = FORM_SIZE,
	[RLIMIT_LOCKS] = FORM_COUNT,
	[RLIMIT_SIGPENDING] = FORM_COUNT,
	[RLIMIT_MSGQUEUE] = FORM_SIZE,
	[RLIMIT_NICE] = FORM_NICE,
	[RLIMIT_RTPRIO] = FORM_COUNT,
	[RLIMIT_RTTIME] = FORM_MICROSECONDS,
};

/* "+5" and "-5" are nice values, "0"–"40" the raw limit: 20 - nice. */
static int parse_nice_limit(const char *text, uint64_t *ret)
{
	int64_t v;
	int r = number_parse_i64(text[0] == '+' ? text + 1 : text, &v);

	if (r != 0) {
		return r;
	}
	if (text[0] == '+' || text[0] == '-') {
		v = 20 - v;
	}
	if (v < 0 || v > 40) {
		return -ERANGE;
	}
	*ret = (uint64_t)v;
	return 0;
}

static int parse_limit_value(int resource, const char *text, uint64_t *ret)
{
	int r = -EINVAL;

	if (strcmp(text, "infinity") == 0) {
		*ret = VALUE_INFINITY;
		return 0;
	}
	switch (limit_forms[resource]) {
	case FORM_COUNT:
		return number_parse_u64(text, ret);
	case FORM_SIZE:
		return value_parse_size(text, ret);
	case FORM_SECONDS:
		r = value_parse_timespan(text, 1000000, ret);
		if (r == 0) {
			/* Rounded up: no limit becomes 0 that was not. */
			*ret = *ret / 1000000 + (*ret % 1000000 != 0);
		}
		return r;
	case FORM_MICROSECONDS:
		return value_parse_timespan(text, 1, ret);
	case FORM_NICE:
		return parse_nice_limit(text, ret);
	}
	return r;
}

int value_parse_rlimit(int resource, const char *text, uint64_t *ret_soft, uint64_t *ret_hard)
{
	const char *colon = strchr(text, ':');
	char soft_text[64];
	uint64_t soft = 0, hard = 0;
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	int r;

	if (n >= sizeof(soft_text)) {
		return -EINVAL;
	}
	memcpy(soft_text, text, n);
	soft_text[n] = '\0';
	r = parse_limit_value(resource, soft_text, &soft);
	if (r != 0) {
		return r;
	}
	hard = soft;
	if (colon) {
		r = parse_limit_value(resource, colon + 1, &hard);
		if (r != 0) {
			return r;
		}
	}
	if (soft > hard) {
		return -EINVAL;
	}
	*ret_soft = soft;
	*ret_hard = hard;
	return 0;
}

#define CAP(name) [name] = #name
static const char *const capabilities[] = {
	CAP(CAP_CHOWN),
	CAP(CAP_DAC_OVERRIDE),
	CAP(CAP_DAC_READ_SEARCH),
	CAP(CAP_FOWNER),
	CAP(CAP_FSETID),
	CAP(CAP_KILL),
	CAP(CAP_SETGID),
	CAP(CAP_SETUID),
	CAP(CAP_SETPCAP),
	CAP(CAP_LINUX_IMMUTABLE),
	CAP(CAP_NET_BIND_SERVICE),
	CAP(CAP_NET_BROADCAST),
	CAP(CAP_NET_ADMIN),
	CAP(CAP_NET_RAW),
	CAP(CAP_IPC_LOCK),
	CAP(CAP_IPC_OWNER),
	CAP(CAP_SYS_MODULE),
	CAP(CAP_SYS_RAWIO),
	CAP(CAP_SYS_CHROOT),
	CAP(CAP_SYS_PTRACE),
	CAP(CAP_SYS_PACCT),
	CAP(CAP_SYS_ADMIN),
	CAP(CAP_SYS_BOOT),
	CAP(CAP_SYS_NICE),
	CAP(CAP_SYS_RESOURCE),
	CAP(CAP_SYS_TIME),
	CAP(CAP_SYS_TTY_CONFIG),
	CAP(CAP_MKNOD),
	CAP(CAP_LEASE),
	CAP(CAP_AUDIT_WRITE),
	CAP(CAP_AUDIT_CONTROL),
	CAP(CAP_SETFCAP),
	CAP(CAP_MAC_OVERRIDE),
	CAP(CAP_MAC_ADMIN),
	CAP(CAP_SYSLOG),
	CAP(CAP_WAKE_ALARM),
	CAP(CAP_BLOCK_SUSPEND),
	CAP(CAP_AUDIT_READ),
	CAP(CAP_PERFMON),
	CAP(CAP_BPF),
	CAP(CAP_CHECKPOINT_RESTORE),
};
_Static_assert(ELEMENTSOF(capabilities) == VALUE_CAPABILITY_COUNT, "capabilities drifted");

int value_capability_from_name(const char *text)
{
	uint32_t number;
	bool named = strncasecmp(text, "CAP_", 4) == 0;

	/* Most differ in the first letter. */
	for (size_t i = 0; named && i < ELEMENTSOF(capabilities); i++) {
		if ((capabilities[i][4] ^ text[4]) % 0x20 == 0 &&
			strcasecmp(capabilities[i], text) == 0) {
			return (int)i;
		}
	}
	return number_parse_u32(text, &number) == 0 && number <= 62 ? (int)number : -EINVAL;
}

const char *value_capability_to_name(unsigned capability)
{
	return capability < ELEMENTSOF(capabilities) ? capabilities[capability] : NULL;
}

/* syslog(3). */
static const char *const facilities[] = { "kern", "user", "mail", "daemon", "auth", "syslog", "lpr",
	"news", "uucp", "cron", "authpriv", "ftp", NULL, NULL, NULL, NULL, "local0", "local1",
	"local2", "local3", "local4", "local5", "local6", "local7" };
static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info",
	"debug" };

static int name_or_number(const char *const *table, size_t n, const char *text)
{
	uint32_t v;
	int i = enum_table_find(table, n, text);

	if (i >= 0) {
		return i;
	}
	return number_parse_u32(text, &v) == 0 && v < n ? (int)v : -EINVAL;
}

int value_facility_from_name(const char *text)
{
	return name_or_number(facilities, ELEMENTSOF(facilities), text);
}

int value_level_from_name(const char *text)
{
	return name_or_number(levels, ELEMENTSOF(levels), text);
}

int value_parse_errno(const char *text, int *ret)
{
	uint32_t v;

	if (number_parse_u32(text, &v) == 0) {
		if (v < 1 || v > 4095) {
			return -ERANGE;
		}
		*ret = (int)v;
		return 0;
	}
	for (int i = 1; i < 134; i++) {
		const char *name = strerrorname_np(i);

		if (name && strcmp(name, text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}
