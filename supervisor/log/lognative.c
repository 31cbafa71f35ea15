// SPDX-License-Identifier: MIT
#include "lognative.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "../../runtime/base/limits.h"

#define FIELD_NAME_MAX   64u
#define PRIORITY_DEFAULT 6u

struct field {
	char *name;
	size_t name_size;
	const char *value;
	size_t size;
};

static bool name_is_valid(const char *name, size_t n)
{
	if (n == 0 || n > FIELD_NAME_MAX || name[0] == '_') {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool digit = name[i] >= '0' && name[i] <= '9';
		bool letter = (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';

		if (!letter && !(digit && i > 0)) {
			return false;
		}
	}
	return true;
}

/* Cuts the next field off data; returns its length or -EBADMSG. */
static ssize_t next_field(char *data, size_t size, struct field *ret)
{
	char *newline = memchr(data, '\n', size);
	size_t line = newline ? (size_t)(newline - data) : size;
	char *equals = memchr(data, '=', line);
	uint64_t length;

	if (equals) {
		*ret = (struct field) { .name = data,
			.name_size = (size_t)(equals - data),
			.value = equals + 1,
			.size = line - (size_t)(equals - data) - 1 };
		return (ssize_t)(newline ? line + 1 : line);
	}
	if (!newline || size - line - 1 < sizeof(length)) {
		return -EBADMSG;
	}
	memcpy(&length, newline + 1, sizeof(length));
	length = le64toh(length);
	if (length >= size - line - 1 - sizeof(length) ||
		newline[1 + sizeof(length) + length] != '\n') {
		return -EBADMSG;
	}
	*ret = (struct field) { .name = data,
		.name_size = line,
		.value = newline + 1 + sizeof(length),
		.size = length };
	return (ssize_t)(line + 1 + sizeof(length) + length + 1);
}

static void take_unit(struct lognative *n, const struct field *f)
{
	n->unit = f->value;
	n->unit_size = f->size;
}

static void take_priority(struct lognative *n, const struct field *f)
{
	if (f->size == 1 && f->value[0] >= '0' && f->value[0] <= '7') {
		n->priority = (uint32_t)(f->value[0] - '0');
	}
}

static void take_identifier(struct lognative *n, const struct field *f)
{
	n->identifier = f->value;
	n->identifier_size = f->size < LIMIT_LOG_IDENTIFIER ? f->size : LIMIT_LOG_IDENTIFIER - 1;
}

static void take_message(struct lognative *n, const struct field *f)
{
	n->message = f->value;
	n->message_size = f->size;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -EINVAL;
}

static void take_invocation(struct lognative *n, const struct field *f)
{
	uint8_t id[16];

	if (f->size != 2 * sizeof(id)) {
		return;
	}
	for (size_t i = 0; i < sizeof(id); i++) {
		int high = hex_digit(f->value[2 * i]);
		int low = hex_digit(f->value[2 * i + 1]);

		if (high < 0 || low < 0) {
			return;
		}
		id[i] = (uint8_t)(high * 16 + low);
	}
	memcpy(n->invocation_id, id, sizeof(id));
}

static const struct {
	const char *name;
	void (*take)(struct lognative *n, const struct field *f);
} known[] = {
	{ "UNIT", take_unit },
	{ "PRIORITY", take_priority },
	{ "SYSLOG_IDENTIFIER", take_identifier },
	{ "MESSAGE", take_message },
	{ "INVOCATION_ID", take_invocation },
};

static bool take_known(struct lognative *n, const struct field *f)
{
	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		if (strlen(known[i].name) == f->name_size &&
			memcmp(known[i].name, f->name, f->name_size) == 0) {
			known[i].take(n, f);
			return true;
		}
	}
	return false;
}

static void take_other(struct lognative *n, const struct field *f, size_t *bytes)
{
	size_t cost = f->name_size + 1 + sizeof(uint32_t) + f->size + 1;

	if (n->n_fields == LOGFILE_FIELDS || f->size > LOGFILE_FIELDS_MAX ||
		*bytes + cost > LOGFILE_FIELDS_MAX) {
		n->n_dropped++;
		return;
	}
	*bytes += cost;
	f->name[f->name_size] = '\0';
	n->fields[n->n_fields++] =
		(struct log_field) { .name = f->name, .value = f->value, .size = f->size };
}

int lognative_parse(char *data, size_t size, struct lognative *ret)
{
	size_t bytes = 0;

	memset(ret, 0, offsetof(struct lognative, fields));
	ret->priority = PRIORITY_DEFAULT;
	ret->identifier = "";
	ret->message = "";
	ret->n_fields = 0;
	ret->n_dropped = 0;
	for (size_t at = 0; at < size;) {
		struct field f;
		ssize_t n;

		if (data[at] == '\n') {
			at++;
			continue;
		}
		n = next_field(data + at, size - at, &f);
		if (n < 0) {
			return (int)n;
		}
		if (!name_is_valid(f.name, f.name_size)) {
			ret->n_dropped++;
		} else if (!take_known(ret, &f)) {
			take_other(ret, &f, &bytes);
		}
		at += (size_t)n;
	}
	return 0;
}
