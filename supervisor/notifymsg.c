// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "../runtime/base/utf8.h"
#include "../runtime/plan/unitenum.h"
#include "notifymsg.h"

static int take_one(struct notify_msg *m, const char *value, uint32_t field)
{
	if (strcmp(value, "1") != 0) {
		return -EINVAL;
	}
	m->fields |= field;
	return 0;
}

static int take_watchdog(struct notify_msg *m, const char *value, uint32_t field)
{
	if (strcmp(value, "trigger") == 0) {
		m->fields |= NOTIFY_WATCHDOG_TRIGGER;
		return 0;
	}
	return take_one(m, value, field);
}

static int take_fdpoll(struct notify_msg *m, const char *value, uint32_t field)
{
	if (strcmp(value, "0") == 0) {
		m->fields |= field;
		return 0;
	}
	return strcmp(value, "1") == 0 ? 0 : -EINVAL;
}

static int take_usec(struct notify_msg *m, const char *value, uint32_t field)
{
	usec_t *to = field == NOTIFY_MONOTONIC       ? &m->monotonic_us
		     : field == NOTIFY_WATCHDOG_USEC ? &m->watchdog_us
						     : &m->extend_us;
	uint64_t v;
	int r = number_parse_u64(value, &v);

	if (r < 0) {
		return r;
	}
	if (field == NOTIFY_EXTEND_TIMEOUT && (v == 0 || v == USEC_INFINITY)) {
		return -ERANGE;
	}
	if (field == NOTIFY_MONOTONIC && v == USEC_INFINITY) {
		return -ERANGE;
	}
	*to = v == USEC_INFINITY ? 0 : v;
	m->fields |= field;
	return 0;
}

static int take_int(struct notify_msg *m, const char *value, uint32_t field)
{
	uint32_t v;
	int r = number_parse_u32(value, &v);

	if (r < 0) {
		return r;
	}
	if (v > INT32_MAX || (field == NOTIFY_MAINPID && v <= 1) ||
		(field == NOTIFY_ERRNO && v > 4095)) {
		return -ERANGE;
	}
	if (field == NOTIFY_MAINPID) {
		m->mainpid = (int32_t)v;
	} else {
		m->error = (int32_t)v;
	}
	m->fields |= field;
	return 0;
}

static int take_status(struct notify_msg *m, const char *value, uint32_t field)
{
	size_t n = strlen(value);
	size_t keep = 0;

	for (size_t i = 0; i < n;) {
		uint32_t character;
		size_t len = utf8_decode(value + i, n - i, &character);

		if (len == 0 || (len == 1 && value[i] != '\t' && (uint8_t)value[i] < 0x20) ||
			value[i] == 0x7f) {
			return -EINVAL;
		}
		i += len;
		if (i < sizeof(m->status)) {
			keep = i;
		}
	}
	memset(m->status, 0, sizeof(m->status));
	memcpy(m->status, value, keep);
	m->fields |= field;
	return 0;
}

static int take_fdname(struct notify_msg *m, const char *value, uint32_t field)
{
	size_t n = strlen(value);

	if (n >= sizeof(m->fd_name)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		if (value[i] < 0x20 || value[i] >= 0x7f || value[i] == ':') {
			return -EINVAL;
		}
	}
	memset(m->fd_name, 0, sizeof(m->fd_name));
	memcpy(m->fd_name, value, n);
	m->fields |= field;
	return 0;
}

static int take_access(struct notify_msg *m, const char *value, uint32_t field)
{
	int v = notify_access_from_string(value);

	if (v < 0) {
		return v;
	}
	m->access = (uint32_t)v;
	m->fields |= field;
	return 0;
}

static const struct {
	const char *key;
	int (*take)(struct notify_msg *m, const char *value, uint32_t field);
	uint32_t field;
} keys[] = {
	{ "READY", take_one, NOTIFY_READY },
	{ "RELOADING", take_one, NOTIFY_RELOADING },
	{ "STOPPING", take_one, NOTIFY_STOPPING },
	{ "STATUS", take_status, NOTIFY_STATUS },
	{ "MAINPID", take_int, NOTIFY_MAINPID },
	{ "WATCHDOG", take_watchdog, NOTIFY_WATCHDOG },
	{ "WATCHDOG_USEC", take_usec, NOTIFY_WATCHDOG_USEC },
	{ "EXTEND_TIMEOUT_USEC", take_usec, NOTIFY_EXTEND_TIMEOUT },
	{ "ERRNO", take_int, NOTIFY_ERRNO },
	{ "MONOTONIC_USEC", take_usec, NOTIFY_MONOTONIC },
	{ "FDSTORE", take_one, NOTIFY_FDSTORE },
	{ "FDSTOREREMOVE", take_one, NOTIFY_FDSTOREREMOVE },
	{ "FDNAME", take_fdname, NOTIFY_FDNAME },
	{ "FDPOLL", take_fdpoll, NOTIFY_FDPOLL_OFF },
	{ "BARRIER", take_one, NOTIFY_BARRIER },
	{ "NOTIFYACCESS", take_access, NOTIFY_NOTIFYACCESS },
	{ "RESTART_RESET", take_one, NOTIFY_RESTART_RESET },
};

static void take_line(struct notify_msg *m, char *line)
{
	char *value = strchr(line, '=');

	if (!value) {
		return;
	}
	*value++ = '\0';
	for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
		if (strcmp(keys[i].key, line) == 0) {
			m->n_bad += keys[i].take(m, value, keys[i].field) < 0;
			return;
		}
	}
}

int notify_msg_parse(const void *data, size_t size, struct notify_msg *ret)
{
	char text[LIMIT_NOTIFY_DATAGRAM + 1];
	struct notify_msg m = { 0 };
	char *next;

	if (size > LIMIT_NOTIFY_DATAGRAM) {
		return -EMSGSIZE;
	}
	if (size == 0 || memchr(data, '\0', size)) {
		return -EBADMSG;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next) {
			*next++ = '\0';
		}
		take_line(&m, line);
	}
	*ret = m;
	return 0;
}
