// SPDX-License-Identifier: MIT
/*
 * Unit names: validation, parts, types, escaping of paths. systemd.unit(5) is the source:
 * PREFIX[@INSTANCE].TYPE, at most 255 bytes, of ASCII letters, digits and ":-_.\"; '@' separates.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum unit_type {
	UNIT_SERVICE,
	UNIT_SOCKET,
	UNIT_TARGET,
	UNIT_SLICE,
	UNIT_TIMER,
	UNIT_PATH,
	UNIT_MOUNT,
	UNIT_AUTOMOUNT,
	UNIT_SWAP,
	UNIT_DEVICE,
	UNIT_SCOPE,
	UNIT_TYPE_COUNT,
};

enum unit_name_kind {
	UNIT_NAME_INVALID,
	UNIT_NAME_PLAIN,    /* web.service */
	UNIT_NAME_TEMPLATE, /* web@.service */
	UNIT_NAME_INSTANCE, /* web@7.service */
};

/* "service" …; the suffix without its dot. */
const char *unit_type_to_string(enum unit_type type);
/* Type by suffix of a whole name; -EINVAL. */
int unit_type_from_name(const char *name);

/* Never allocates; UNIT_NAME_INVALID for anything that is not exactly a unit name. */
enum unit_name_kind unit_name_classify(const char *name);
static inline bool unit_name_is_valid(const char *name)
{
	return unit_name_classify(name) != UNIT_NAME_INVALID;
}

/*
 * Parts of a valid name, as offsets into it: prefix is [0, *prefix_len); instance is
 * [*instance, *instance + *instance_len) or empty.
 */
struct unit_name_parts {
	size_t prefix_len;
	size_t instance;
	size_t instance_len;
	size_t suffix; /* offset of the dot */
};
int unit_name_split(const char *name, struct unit_name_parts *ret);

/* web@7.service -> web@.service. buf of LIMIT_UNIT_NAME. -EINVAL if not an instance. */
int unit_name_template(const char *name, char *buf);
/* web@.service + "7" -> web@7.service. -EINVAL, -ENAMETOOLONG. */
int unit_name_instance(const char *template_name, const char *instance, char *buf);

/* systemd-escape and its inverse; buf of size bytes; -ENAMETOOLONG, -EINVAL. */
int unit_name_escape(const char *text, char *buf, size_t size);
int unit_name_unescape(const char *text, char *buf, size_t size);
/* systemd-escape --path: /var//lib/ -> var-lib; / -> "-". Refuses "..". And back, to a path
 * without double slashes, "." and ".." only. */
int unit_name_escape_path(const char *path, char *buf, size_t size);
int unit_name_unescape_path(const char *text, char *buf, size_t size);
