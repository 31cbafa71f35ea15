// SPDX-License-Identifier: MIT
#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "text.h"
#include "when.h"

static int read_value(sd_bus_message *m, struct arena *a, unsigned depth, struct value *ret);

static int read_basic(sd_bus_message *m, char type, struct arena *a, struct value *ret)
{
	union {
		uint8_t y;
		uint16_t q;
		int16_t n;
		uint32_t u;
		int32_t i;
		int b;
		uint64_t t;
		int64_t x;
		double d;
		const char *s;
	} raw = { .t = 0 };
	int r = type == 'h' ? -EBADMSG : sd_bus_message_read_basic(m, type, &raw);

	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	switch (type) {
	case 'y':
		*ret = (struct value) { VALUE_UNSIGNED, .u = raw.y };
		return 0;
	case 'q':
		*ret = (struct value) { VALUE_UNSIGNED, .u = raw.q };
		return 0;
	case 'u':
		*ret = (struct value) { VALUE_UNSIGNED, .u = raw.u };
		return 0;
	case 't':
		*ret = (struct value) { VALUE_UNSIGNED, .u = raw.t };
		return 0;
	case 'n':
		*ret = (struct value) { VALUE_SIGNED, .i = raw.n };
		return 0;
	case 'i':
		*ret = (struct value) { VALUE_SIGNED, .i = raw.i };
		return 0;
	case 'x':
		*ret = (struct value) { VALUE_SIGNED, .i = raw.x };
		return 0;
	case 'b':
		*ret = (struct value) { VALUE_BOOL, .b = raw.b != 0 };
		return 0;
	case 'd':
		*ret = (struct value) { VALUE_DOUBLE, .d = raw.d };
		return 0;
	}
	*ret = (struct value) { VALUE_STRING, .s = arena_strdup(a, raw.s) };
	return ret->s ? 0 : -ENOMEM;
}

/* A list that grows in an arena: doubling, the old copy is left behind. */
static int append(struct arena *a, struct value **items, size_t *n, size_t *allocated)
{
	struct value *bigger;

	if (*n < *allocated) {
		return 0;
	}
	*allocated = *allocated ? *allocated * 2 : 4;
	bigger = arena_alloc_array(a, *allocated, sizeof(**items));
	if (!bigger) {
		return -ENOMEM;
	}
	if (*n) {
		memcpy(bigger, *items, *n * sizeof(**items));
	}
	*items = bigger;
	return 0;
}

static int read_items(sd_bus_message *m, struct arena *a, unsigned depth, struct value *ret)
{
	struct value *items = NULL;
	size_t n = 0, allocated = 0;
	int r;

	while ((r = sd_bus_message_at_end(m, 0)) == 0) {
		if (append(a, &items, &n, &allocated) < 0) {
			return -ENOMEM;
		}
		r = read_value(m, a, depth + 1, &items[n]);
		if (r < 0) {
			return r;
		}
		n++;
	}
	ret->items = items;
	ret->n = n;
	return r < 0 ? r : 0;
}

static int read_bytes(sd_bus_message *m, struct arena *a, struct value *ret)
{
	const void *data;
	size_t size;
	int r = sd_bus_message_read_array(m, 'y', &data, &size);

	if (r < 0) {
		return r;
	}
	*ret = (struct value) { VALUE_BYTES, .bytes = arena_memdup(a, data, size), .n = size };
	return ret->bytes || size == 0 ? 0 : -ENOMEM;
}

static int read_container(sd_bus_message *m, struct arena *a, unsigned depth, struct value *ret)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	if (type == 'a' && strcmp(contents, "y") == 0) {
		return read_bytes(m, a, ret);
	}
	*ret = (struct value) { type != 'a'        ? VALUE_STRUCT
				: *contents == '{' ? VALUE_DICT
						   : VALUE_ARRAY };
	r = sd_bus_message_enter_container(m, type, contents);
	if (r < 0) {
		return r;
	}
	r = type == 'v' ? read_value(m, a, depth + 1, ret) : read_items(m, a, depth, ret);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_value(sd_bus_message *m, struct arena *a, unsigned depth, struct value *ret)
{
	char type;
	int r = sd_bus_message_peek_type(m, &type, NULL);

	if (r <= 0) {
		return r < 0 ? r : -EBADMSG;
	}
	if (depth >= VALUE_DEPTH) {
		return -E2BIG;
	}
	return strchr("a(rev{", type) ? read_container(m, a, depth, ret)
				      : read_basic(m, type, a, ret);
}

int props_read(struct props *p, sd_bus_message *m)
{
	struct value all;
	int r;

	*p = (struct props) { 0 };
	arena_init(&p->arena);
	r = read_value(m, &p->arena, 0, &all);
	if (r < 0) {
		return r;
	}
	if (all.kind != VALUE_DICT) {
		return -EBADMSG;
	}
	p->list = arena_alloc_array(&p->arena, all.n + 1, sizeof(*p->list));
	if (!p->list) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < all.n; i++) {
		const struct value *pair = all.items[i].items;

		if (all.items[i].n != 2 || pair[0].kind != VALUE_STRING) {
			return -EBADMSG;
		}
		/* Two interfaces of an object may have a property of the same name. */
		if (!props_find(p, pair[0].s)) {
			p->list[p->n++] = (struct prop) { pair[0].s, pair[1] };
		}
	}
	return 0;
}

void props_fini(struct props *p)
{
	arena_fini(&p->arena);
	*p = (struct props) { 0 };
}

const struct value *props_find(const struct props *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].name, name) == 0) {
			return &p->list[i].value;
		}
	}
	return NULL;
}

const char *props_string(const struct props *p, const char *name)
{
	const struct value *v = props_find(p, name);

	return v && v->kind == VALUE_STRING ? v->s : "";
}

uint64_t props_u64(const struct props *p, const char *name, uint64_t otherwise)
{
	const struct value *v = props_find(p, name);

	if (v && v->kind == VALUE_SIGNED) {
		return (uint64_t)v->i;
	}
	if (v && v->kind == VALUE_BOOL) {
		return v->b;
	}
	return v && v->kind == VALUE_UNSIGNED ? v->u : otherwise;
}

bool props_bool(const struct props *p, const char *name)
{
	return props_u64(p, name, 0) != 0;
}
