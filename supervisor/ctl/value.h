// SPDX-License-Identifier: MIT
/*
 * D-Bus values as a tree, and properties by name. Everything read is bounded in depth and lives in
 * an arena of the owner. Text rendering is what `show` prints (systemctl's), JSON is generic.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "../../runtime/base/arena.h"
#include "json.h"

#define VALUE_DEPTH 16u

enum value_kind {
	VALUE_STRING, /* s, o, g */
	VALUE_UNSIGNED,
	VALUE_SIGNED,
	VALUE_BOOL,
	VALUE_DOUBLE,
	VALUE_BYTES, /* ay */
	VALUE_ARRAY,
	VALUE_STRUCT, /* also a dict entry */
	VALUE_DICT,   /* a{…}: items are VALUE_STRUCT of two */
};

struct value {
	enum value_kind kind;
	union {
		const char *s;
		uint64_t u;
		int64_t i;
		bool b;
		double d;
		const unsigned char *bytes;
		const struct value *items;
	};
	size_t n; /* items or bytes */
};

struct prop {
	const char *name;
	struct value value;
};

struct props {
	struct arena arena;
	struct prop *list;
	size_t n;
};

/* Takes a{sv}; variants are unwrapped. -EBADMSG, -E2BIG, -ENOMEM; props_fini also after a failure.
 */
int props_read(struct props *p, sd_bus_message *m);
void props_fini(struct props *p);
const struct value *props_find(const struct props *p, const char *name);
/* The string, "" if it is missing or of another type. */
const char *props_string(const struct props *p, const char *name);
/* The number, of either sign or a boolean; otherwise if it is missing. */
uint64_t props_u64(const struct props *p, const char *name, uint64_t otherwise);
bool props_bool(const struct props *p, const char *name);

/* What follows "NAME=" in `show`; escaped; no newline. */
void value_print(FILE *out, const char *name, const struct value *v);
void value_json(struct json *j, const char *key, const struct value *v);
