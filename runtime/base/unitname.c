// SPDX-License-Identifier: MIT
#include "unitname.h"

#include <errno.h>
#include <string.h>

#include "limits.h"

/* What a name consists of; '@' separates. */
static const bool valid_chars[256] = {
	['0' ... '9'] = true,
	['a' ... 'z'] = true,
	['A' ... 'Z'] = true,
	[':'] = true,
	['-'] = true,
	['_'] = true,
	['.'] = true,
	['\\'] = true,
};

static const char *const type_names[UNIT_TYPE_COUNT] = {
	[UNIT_SERVICE] = "service",
	[UNIT_SOCKET] = "socket",
	[UNIT_TARGET] = "target",
	[UNIT_SLICE] = "slice",
	[UNIT_TIMER] = "timer",
	[UNIT_PATH] = "path",
	[UNIT_MOUNT] = "mount",
	[UNIT_AUTOMOUNT] = "automount",
	[UNIT_SWAP] = "swap",
	[UNIT_DEVICE] = "device",
	[UNIT_SCOPE] = "scope",
};

const char *unit_type_to_string(enum unit_type type)
{
	return (unsigned)type < UNIT_TYPE_COUNT ? type_names[type] : NULL;
}

int unit_type_from_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || dot == name) {
		return -EINVAL;
	}
	for (int i = 0; i < UNIT_TYPE_COUNT; i++) {
		if (strcmp(dot + 1, type_names[i]) == 0) {
			return i;
		}
	}
	return -EINVAL;
}

static bool has_valid_chars(const char *name, size_t n)
{
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		all &= valid_chars[(unsigned char)name[i]] || name[i] == '@';
	}
	return all;
}

int unit_name_split(const char *name, struct unit_name_parts *ret)
{
	size_t len = strnlen(name, LIMIT_UNIT_NAME);
	struct unit_name_parts parts = { 0 };
	const char *at;

	if (len == 0 || len >= LIMIT_UNIT_NAME || unit_type_from_name(name) < 0) {
		return -EINVAL;
	}
	parts.suffix = (size_t)(strrchr(name, '.') - name);
	if (!has_valid_chars(name, len)) {
		return -EINVAL;
	}
	at = strchr(name, '@');
	if (at && (size_t)(at - name) < parts.suffix) {
		parts.prefix_len = (size_t)(at - name);
		parts.instance = parts.prefix_len + 1;
		parts.instance_len = parts.suffix - parts.instance;
	} else {
		parts.prefix_len = parts.suffix;
		parts.instance = parts.suffix;
	}
	if (parts.prefix_len == 0) {
		return -EINVAL;
	}
	*ret = parts;
	return 0;
}

enum unit_name_kind unit_name_classify(const char *name)
{
	struct unit_name_parts parts;

	if (unit_name_split(name, &parts) < 0) {
		return UNIT_NAME_INVALID;
	}
	if (parts.prefix_len == parts.suffix) {
		return UNIT_NAME_PLAIN;
	}
	return parts.instance_len ? UNIT_NAME_INSTANCE : UNIT_NAME_TEMPLATE;
}

int unit_name_template(const char *name, char *buf)
{
	struct unit_name_parts parts;

	/* Most names have none, and are asked often. */
	if (!strchr(name, '@') || unit_name_split(name, &parts) < 0 || !parts.instance_len) {
		return -EINVAL;
	}
	memcpy(buf, name, parts.instance);
	strcpy(buf + parts.instance, name + parts.suffix);
	return 0;
}

int unit_name_instance(const char *template_name, const char *instance, char *buf)
{
	struct unit_name_parts parts;
	size_t len = strlen(instance);
	char out[LIMIT_UNIT_NAME];

	if (unit_name_classify(template_name) != UNIT_NAME_TEMPLATE) {
		return -EINVAL;
	}
	unit_name_split(template_name, &parts);
	if (strlen(template_name) + len >= LIMIT_UNIT_NAME) {
		return -ENAMETOOLONG;
	}
	memcpy(out, template_name, parts.instance);
	memcpy(out + parts.instance, instance, len);
	strcpy(out + parts.instance + len, template_name + parts.suffix);
	if (unit_name_classify(out) != UNIT_NAME_INSTANCE) {
		return -EINVAL;
	}
	strcpy(buf, out);
	return 0;
}

static int append(char *buf, size_t size, size_t *len, char c)
{
	if (*len + 1 >= size) {
		return -ENAMETOOLONG;
	}
	buf[(*len)++] = c;
	buf[*len] = '\0';
	return 0;
}

static int append_hex(char *buf, size_t size, size_t *len, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char text[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	for (size_t i = 0; i < sizeof(text); i++) {
		if (append(buf, size, len, text[i]) < 0) {
			return -ENAMETOOLONG;
		}
	}
	return 0;
}

int unit_name_escape(const char *text, char *buf, size_t size)
{
	size_t len = 0;
	int r = 0;

	if (size == 0) {
		return -ENAMETOOLONG;
	}
	buf[0] = '\0';
	for (const char *p = text; *p && r == 0; p++) {
		if (*p == '/') {
			r = append(buf, size, &len, '-');
		} else if (*p == '-' || *p == '\\' || (p == text && *p == '.') ||
			   !valid_chars[(unsigned char)*p]) {
			r = append_hex(buf, size, &len, (unsigned char)*p);
		} else {
			r = append(buf, size, &len, *p);
		}
	}
	return r;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return -1;
}

int unit_name_unescape(const char *text, char *buf, size_t size)
{
	size_t len = 0;
	int r = 0;

	if (size == 0) {
		return -ENAMETOOLONG;
	}
	buf[0] = '\0';
	for (const char *p = text; *p && r == 0; p++) {
		char c = *p;

		if (c == '-') {
			c = '/';
		} else if (c == '\\') {
			if (p[1] != 'x' || hex_digit(p[2]) < 0 || hex_digit(p[3]) < 0) {
				return -EINVAL;
			}
			c = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
			p += 3;
		}
		if (c == '\0') {
			return -EINVAL;
		}
		r = append(buf, size, &len, c);
	}
	return r;
}

/* Copies path without empty and "." components and without slashes at the ends. */
static int normalize(const char *path, char *buf, size_t size)
{
	size_t len = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			return -EINVAL;
		}
		if (n > 0 && !(n == 1 && *path == '.')) {
			if (len + n + 2 > size) {
				return -ENAMETOOLONG;
			}
			if (len) {
				buf[len++] = '/';
			}
			memcpy(buf + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	buf[len] = '\0';
	return 0;
}

int unit_name_escape_path(const char *path, char *buf, size_t size)
{
	char clean[LIMIT_PATH];
	int r = normalize(path, clean, sizeof(clean));

	if (r < 0) {
		return r;
	}
	if (!clean[0]) {
		if (size < 2) {
			return -ENAMETOOLONG;
		}
		strcpy(buf, "-");
		return 0;
	}
	return unit_name_escape(clean, buf, size);
}

/* No empty, "." and ".." components in a path without its first slash. */
static bool is_normal(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n <= 2 && strncmp(path, "..", n) == 0)) {
			return false;
		}
		if (!path[n]) {
			return true;
		}
		path += n + 1;
	}
}

int unit_name_unescape_path(const char *text, char *buf, size_t size)
{
	int r;

	if (size < 2) {
		return -ENAMETOOLONG;
	}
	buf[0] = '/';
	buf[1] = '\0';
	if (strcmp(text, "-") == 0) {
		return 0;
	}
	r = unit_name_unescape(text, buf + 1, size - 1);
	return r == 0 && !is_normal(buf + 1) ? -EINVAL : r;
}
