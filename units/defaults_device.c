// SPDX-License-Identifier: MIT
/*
 * Devices that mounts and swaps are on: the path that stands for a source, and what follows from
 * it. A device that goes takes its mount with it, and one that is not there yet is waited for.
 */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "defaults.h"

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("#+-.:=@_", c)) || (unsigned char)c >= 0x80;
}

/* As udevd writes labels into links: what is special becomes \xNN. */
static const char *encode(struct arena *arena, const char *text, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char *out = arena_alloc(arena, 4 * n + 1), *to = out;

	for (size_t i = 0; out && i < n; i++) {
		if (is_plain(text[i])) {
			*to++ = text[i];
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = hex[(unsigned char)text[i] >> 4];
		*to++ = hex[(unsigned char)text[i] & 15];
	}
	if (out) {
		*to = '\0';
	}
	return out;
}

const char *defaults_device_path(struct arena *arena, const char *what)
{
	static const struct {
		const char *tag;
		const char *dir;
	} tags[] = {
		{ "UUID=", "/dev/disk/by-uuid/" },
		{ "LABEL=", "/dev/disk/by-label/" },
		{ "PARTUUID=", "/dev/disk/by-partuuid/" },
		{ "PARTLABEL=", "/dev/disk/by-partlabel/" },
		{ "ID=", "/dev/disk/by-id/" },
	};

	for (size_t i = 0; i < ELEMENTSOF(tags); i++) {
		size_t n = strlen(tags[i].tag), length = strlen(what);
		const char *value = what + n;

		if (length <= n || strncmp(what, tags[i].tag, n) != 0) {
			continue;
		}
		length -= n;
		if (length > 1 && (*value == '"' || *value == '\'') &&
			value[length - 1] == *value) {
			value++;
			length -= 2;
		}
		value = encode(arena, value, length);
		return value ? arena_printf(arena, "%s%s", tags[i].dir, value) : NULL;
	}
	return strncmp(what, "/dev/", 5) == 0 ? what : "";
}

int defaults_device_unit(struct arena *arena, const char *what, const char **ret)
{
	const char *path = defaults_device_path(arena, what);
	char name[LIMIT_UNIT_NAME];

	*ret = NULL;
	if (!path) {
		return -ENOMEM;
	}
	if (!*path || unit_name_escape_path(path, name, sizeof(name) - sizeof(".device")) != 0) {
		return 0; /* no device, or one that no unit can be named after */
	}
	*ret = arena_printf(arena, "%s.device", name);
	return *ret ? 0 : -ENOMEM;
}

int defaults_mount_device(const struct defaults_context *c, struct unit *u)
{
	const struct unit_mount *m = u->mount;
	const char *unit = NULL;
	int r;

	if (defaults_has_option(m->options, "bind") || defaults_has_option(m->options, "rbind")) {
		return 0; /* a directory or a file below /dev */
	}
	r = defaults_device_unit(c->arena, m->what, &unit);
	if (r == 0 && unit) {
		r = defaults_add(c, u, DEP_BINDS_TO, unit);
		r = r == 0 ? defaults_add(c, u, DEP_AFTER, unit) : r;
	}
	return r;
}
