// SPDX-License-Identifier: MIT
/* LoadCredential=, ImportCredential=, SetCredential=. Values are secrets: no message quotes one. */
#include "parsers.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "expand.h"
#include "values.h"

/* Cuts "ID:REST"; *ret_rest is NULL without a colon. */
static int take_name(struct setting_context *c, const char **ret_name, const char **ret_rest)
{
	size_t n = strcspn(c->value, ":");
	char *text = arena_strndup(c->arena, c->value, n);
	int r = text ? expand_text(c, text, 0, ret_name) : -ENOMEM;

	if (r != 0) {
		return r;
	}
	*ret_rest = c->value[n] ? c->value + n + 1 : NULL;
	if (!plan_credential_name_is_valid(*ret_name)) {
		return setting_error(c, 0, "\"%.64s\" is not a name of a credential", *ret_name);
	}
	return 0;
}

static bool is_kind(const struct unit_credential *row, long kind)
{
	return row->kind == (enum plan_credential_kind)kind;
}

/* An empty assignment removes what the same setting said before. */
static int reset(struct setting_context *c)
{
	struct list *list = c->target;
	struct unit_credential *rows = list->items;
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (!is_kind(&rows[i], c->row->arg)) {
			rows[n++] = rows[i];
		}
	}
	list->n = n;
	return 0;
}

/* The later line counts, as in systemd. */
static int push(struct setting_context *c, const struct unit_credential *row)
{
	struct list *list = c->target;
	struct unit_credential *rows = list->items, *to = NULL;

	for (size_t i = 0; i < list->n; i++) {
		if (is_kind(&rows[i], c->row->arg) && strcmp(rows[i].name, row->name) == 0) {
			to = &rows[i];
		}
	}
	if (!to && list->n >= LIMIT_CREDENTIALS) {
		return setting_error(c, 0, "more than %u credentials", LIMIT_CREDENTIALS);
	}
	to = to ? to : list_push(c->arena, list, sizeof(*to));
	if (!to) {
		return -ENOMEM;
	}
	*to = *row;
	to->kind = (enum plan_credential_kind)c->row->arg;
	to->origin = c->origin;
	return 0;
}

int parse_load_credential(struct setting_context *c)
{
	struct unit_credential row = { 0 };
	const char *rest = NULL, *source = NULL;
	char *path;
	int r;

	if (!*c->value) {
		return reset(c);
	}
	r = take_name(c, &row.name, &rest);
	if (r == 0) {
		r = rest && *rest ? expand_text(c, rest, 0, &source) : 0;
	}
	if (r != 0) {
		return r;
	}
	row.source = source ? source : row.name;
	if (row.source[0] != '/') {
		return plan_credential_name_is_valid(row.source)
			       ? push(c, &row)
			       : setting_error(c, 0,
					 "\"%.128s\" is neither an absolute path nor a name in the "
					 "credential stores",
					 row.source);
	}
	path = arena_strdup(c->arena, row.source);
	if (!path) {
		return -ENOMEM;
	}
	if (!value_is_path(path)) {
		return setting_error(
			c, 0, "\"%.128s\" is not an absolute path without \"..\"", path);
	}
	value_simplify_path(path);
	row.source = path;
	return push(c, &row);
}

int parse_import_credential(struct setting_context *c)
{
	struct unit_credential row = { 0 };
	int r;

	if (!*c->value) {
		return reset(c);
	}
	r = take_name(c, &row.name, &row.source);
	if (r != 0) {
		return r;
	}
	if (row.source && !plan_credential_name_is_valid(row.source)) {
		return setting_error(c, 0, "\"%.64s\" is not a name of a credential", row.source);
	}
	return push(c, &row);
}

/* ---- SetCredential= ---- */

/* Reads up to max digits of a base; how many there were. */
static size_t read_digits(const char *p, unsigned base, size_t max, unsigned *ret)
{
	size_t n = 0;

	*ret = 0;
	while (n < max && isxdigit((unsigned char)p[n])) {
		unsigned digit = isdigit((unsigned char)p[n])
					 ? (unsigned)(p[n] - '0')
					 : (unsigned)(tolower((unsigned char)p[n]) - 'a' + 10);

		if (digit >= base) {
			break;
		}
		*ret = *ret * base + digit;
		n++;
	}
	return n;
}

/* One escape behind its backslash; the characters that it took, 0: no escape of C's. */
static size_t read_escape(const char *p, char *ret)
{
	static const char letters[] = "abfnrtvs\\\"'";
	static const char bytes[] = "\a\b\f\n\r\t\v \\\"'";
	const char *letter = *p ? strchr(letters, *p) : NULL;
	unsigned value;
	size_t n;

	if (letter) {
		*ret = bytes[letter - letters];
		return 1;
	}
	n = *p == 'x' ? read_digits(p + 1, 16, 2, &value) : read_digits(p, 8, 3, &value);
	if (n != (*p == 'x' ? 2u : 3u) || value > 255) {
		return 0;
	}
	*ret = (char)value;
	return n + (*p == 'x');
}

int parse_set_credential(struct setting_context *c)
{
	struct unit_credential row = { 0 };
	const char *rest = NULL;
	char *data;
	int r;

	if (!*c->value) {
		return reset(c);
	}
	r = take_name(c, &row.name, &rest);
	if (r != 0) {
		return r;
	}
	if (!rest) {
		return setting_error(c, 0, "a credential is NAME:TEXT");
	}
	data = arena_alloc(c->arena, strlen(rest) + 1);
	if (!data) {
		return -ENOMEM;
	}
	for (const char *p = rest; *p;) {
		size_t n = 1;

		if (*p == '\\') {
			n = read_escape(p + 1, data + row.size);
			if (n == 0) {
				return setting_error(c, (unsigned)(p - c->value),
					"this is no escape sequence of C's");
			}
			n++;
		} else {
			data[row.size] = *p;
		}
		row.size++;
		p += n;
	}
	if (row.size > LIMIT_CREDENTIAL) {
		return setting_error(c, 0, "a credential has at most %u bytes", LIMIT_CREDENTIAL);
	}
	row.data = data;
	return push(c, &row);
}

int parse_encrypted_credential(struct setting_context *c)
{
	return !*c->value
		       ? 0
		       : setting_error(c, 0,
				 "encrypted credentials are not supported: supd has no key of the "
				 "machine; use LoadCredential= of a file that only root can read");
}
