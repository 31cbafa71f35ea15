// SPDX-License-Identifier: MIT
#include "tlv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TLV_MAX_DEPTH  4
#define TLV_MAX_FIELDS 128
#define HEADER_SIZE    8u

struct reader {
	const uint8_t *p;
	size_t left;
};

/* ---- encoding ---- */

void tlv_buf_fini(struct tlv_buf *buf)
{
	free(buf->data);
	*buf = (struct tlv_buf) { 0 };
}

static void append_slowly(struct tlv_buf *buf, const void *data, size_t size)
{
	if (buf->error || size == 0) {
		return;
	}
	if (size > UINT32_MAX - buf->len) {
		buf->error = -E2BIG;
		return;
	}
	if (buf->cap - buf->len < size) {
		size_t cap = buf->cap ? buf->cap * 2 : 1024;
		uint8_t *grown;

		while (cap - buf->len < size) {
			cap *= 2;
		}
		cap = cap < UINT32_MAX ? cap : UINT32_MAX;
		grown = realloc(buf->data, cap);
		if (!grown) {
			buf->error = -ENOMEM;
			return;
		}
		buf->data = grown;
		buf->cap = cap;
	}
	memcpy(buf->data + buf->len, data, size);
	buf->len += size;
}

/* Encoding is mostly this, four bytes at a time: inline while there is room. */
static inline void append(struct tlv_buf *buf, const void *data, size_t size)
{
	if (buf->cap - buf->len < size || size == 0 || buf->error) {
		append_slowly(buf, data, size);
		return;
	}
	memcpy(buf->data + buf->len, data, size);
	buf->len += size;
}

void tlv_buf_append(struct tlv_buf *buf, const void *data, size_t size)
{
	append(buf, data, size);
}

static inline void put_u32(struct tlv_buf *buf, uint32_t value)
{
	append(buf, &value, sizeof(value));
}

static void patch_u32(struct tlv_buf *buf, size_t at, uint32_t value)
{
	if (!buf->error) {
		memcpy(buf->data + at, &value, sizeof(value));
	}
}

static void pad(struct tlv_buf *buf)
{
	static const uint8_t zero[3];

	if (buf->len % 4) {
		append(buf, zero, 4 - buf->len % 4);
	}
}

static inline bool is_absent(const struct tlv_field *field, const void *at)
{
	switch ((enum tlv_type)field->type) {
	case TLV_U32:
		return *(const uint32_t *)at == 0;
	case TLV_U64:
		return *(const uint64_t *)at == 0;
	case TLV_STR:
		return *(const char *const *)at == NULL;
	case TLV_STRV:
		return ((const struct tlv_strv *)at)->n == 0;
	case TLV_BYTES:
		return ((const struct tlv_bytes *)at)->n == 0;
	case TLV_U32V:
		return ((const struct tlv_u32v *)at)->n == 0;
	case TLV_STRUCTS:
		return ((const struct tlv_array *)at)->n == 0;
	}
	return true;
}

static void encode_structs(
	struct tlv_buf *buf, const struct tlv_schema *schema, const struct tlv_array *array)
{
	put_u32(buf, array->n);
	for (uint32_t i = 0; i < array->n; i++) {
		size_t at = buf->len;

		put_u32(buf, 0);
		tlv_encode(buf, schema, (const char *)array->items + (size_t)i * schema->size);
		patch_u32(buf, at, (uint32_t)(buf->len - at - 4));
	}
}

static void encode_payload(struct tlv_buf *buf, const struct tlv_field *field, const void *at)
{
	switch ((enum tlv_type)field->type) {
	case TLV_U32:
		append(buf, at, 4);
		break;
	case TLV_U64:
		append(buf, at, 8);
		break;
	case TLV_STR:
		append(buf, *(const char *const *)at, strlen(*(const char *const *)at) + 1);
		break;
	case TLV_STRV: {
		const struct tlv_strv *v = at;

		put_u32(buf, v->n);
		for (uint32_t i = 0; i < v->n; i++) {
			append(buf, v->items[i], strlen(v->items[i]) + 1);
		}
		break;
	}
	case TLV_BYTES:
		append(buf, ((const struct tlv_bytes *)at)->data,
			((const struct tlv_bytes *)at)->n);
		break;
	case TLV_U32V:
		append(buf, ((const struct tlv_u32v *)at)->items,
			(size_t)((const struct tlv_u32v *)at)->n * 4);
		break;
	case TLV_STRUCTS:
		encode_structs(buf, field->sub, at);
		break;
	}
}

int tlv_encode(struct tlv_buf *buf, const struct tlv_schema *schema, const void *object)
{
	for (uint32_t i = 0; i < schema->n_fields; i++) {
		const struct tlv_field *field = &schema->fields[i];
		const void *at = (const char *)object + field->offset;
		size_t header;

		if (is_absent(field, at)) {
			continue;
		}
		put_u32(buf, (uint32_t)field->tag | (uint32_t)field->type << 16);
		header = buf->len;
		put_u32(buf, 0);
		encode_payload(buf, field, at);
		patch_u32(buf, header, (uint32_t)(buf->len - header - 4));
		pad(buf);
	}
	return buf->error;
}

/* ---- decoding ---- */

static int decode_fields(const void *data, size_t size, const struct tlv_schema *schema,
	struct arena *arena, void *object, int depth);

static int take_u32(struct reader *r, uint32_t *ret)
{
	if (r->left < 4) {
		return -EBADMSG;
	}
	memcpy(ret, r->p, 4);
	r->p += 4;
	r->left -= 4;
	return 0;
}

static int decode_strv(struct reader r, struct arena *arena, struct tlv_strv *ret)
{
	uint32_t n;

	if (take_u32(&r, &n) < 0 || n > r.left) {
		return -EBADMSG;
	}
	ret->items = arena_alloc_array(arena, (size_t)n + 1, sizeof(char *));
	if (!ret->items) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *end = r.left ? memchr(r.p, 0, r.left) : NULL;

		if (!end) {
			return -EBADMSG;
		}
		ret->items[i] = (const char *)r.p;
		r.left -= (size_t)(end + 1 - r.p);
		r.p = end + 1;
	}
	ret->items[n] = NULL;
	ret->n = n;
	return r.left == 0 ? 0 : -EBADMSG;
}

/* Takes the count and makes room; the items follow. */
static int open_structs(struct reader r, const struct tlv_field *field, struct arena *arena,
	struct tlv_array *to, struct tlv_items *ret)
{
	uint32_t n;

	if (take_u32(&r, &n) < 0 || n > r.left / 4) {
		return -EBADMSG;
	}
	to->items = arena_alloc_array(arena, n, field->sub->size);
	if (!to->items) {
		return -ENOMEM;
	}
	*ret = (struct tlv_items) { r.p, r.left, field->sub, arena, to, n };
	return 0;
}

static int take_items(struct tlv_items *items, uint32_t max, int depth)
{
	struct reader r = { items->p, items->left };
	struct tlv_array *to = items->to;

	for (; to->n < items->n && max > 0; max--) {
		uint32_t size;
		int e;

		if (take_u32(&r, &size) < 0 || size > r.left || size % 4) {
			return -EBADMSG;
		}
		e = decode_fields(r.p, size, items->schema, items->arena,
			(char *)to->items + (size_t)to->n * items->schema->size, depth + 1);
		if (e < 0) {
			return e;
		}
		to->n++;
		r.p += size;
		r.left -= size;
	}
	items->p = r.p;
	items->left = r.left;
	if (to->n < items->n) {
		return 1;
	}
	return r.left == 0 ? 0 : -EBADMSG;
}

int tlv_decode_items(struct tlv_items *items, uint32_t max)
{
	return items->to ? take_items(items, max, 0) : 0;
}

static int decode_structs(struct reader r, const struct tlv_field *field, struct arena *arena,
	struct tlv_array *ret, int depth)
{
	struct tlv_items items;
	int e = depth >= TLV_MAX_DEPTH ? -EBADMSG : open_structs(r, field, arena, ret, &items);

	return e < 0 ? e : take_items(&items, UINT32_MAX, depth);
}

static int decode_payload(
	const struct tlv_field *field, struct reader r, struct arena *arena, void *at, int depth)
{
	switch ((enum tlv_type)field->type) {
	case TLV_U32:
	case TLV_U64: {
		size_t want = field->type == TLV_U32 ? 4 : 8;

		if (r.left != want) {
			return -EBADMSG;
		}
		memcpy(at, r.p, want);
		return 0;
	}
	case TLV_STR:
		if (r.left == 0 || memchr(r.p, 0, r.left) != r.p + r.left - 1) {
			return -EBADMSG;
		}
		*(const char **)at = (const char *)r.p;
		return 0;
	case TLV_STRV:
		return decode_strv(r, arena, at);
	case TLV_BYTES:
		*(struct tlv_bytes *)at = (struct tlv_bytes) { r.p, (uint32_t)r.left };
		return 0;
	case TLV_U32V:
		if (r.left % 4) {
			return -EBADMSG;
		}
		*(struct tlv_u32v *)at =
			(struct tlv_u32v) { (const uint32_t *)r.p, (uint32_t)(r.left / 4) };
		return 0;
	case TLV_STRUCTS:
		return decode_structs(r, field, arena, at, depth);
	}
	return -EBADMSG;
}

/* Encoders write fields in table order, so the search starts where the last one was found. */
static int find_field(const struct tlv_schema *schema, uint32_t key, uint32_t *cursor)
{
	for (uint32_t i = 0; i < schema->n_fields; i++) {
		uint32_t at = *cursor + i;

		if (at >= schema->n_fields) {
			at -= schema->n_fields;
		}
		if (((uint32_t)schema->fields[at].tag | (uint32_t)schema->fields[at].type << 16) ==
			key) {
			*cursor = at + 1 == schema->n_fields ? 0 : at + 1;
			return (int)at;
		}
	}
	return -EBADMSG;
}

/* Where fields go; late, if any, is a field of structs that is opened only. */
struct target {
	const struct tlv_schema *schema;
	struct arena *arena;
	void *object;
	struct tlv_items *late;
	uint16_t late_tag;
};

static int decode_field(
	const struct target *t, const struct tlv_field *field, struct reader r, int depth)
{
	void *at = (char *)t->object + field->offset;

	return t->late && field->tag == t->late_tag && field->type == TLV_STRUCTS
		       ? open_structs(r, field, t->arena, at, t->late)
		       : decode_payload(field, r, t->arena, at, depth);
}

static int decode_all(const struct target *t, struct reader r, int depth)
{
	bool seen[TLV_MAX_FIELDS] = { false };
	uint32_t cursor = 0;

	while (r.left) {
		uint32_t key, len;
		int field, e;

		if (take_u32(&r, &key) < 0 || take_u32(&r, &len) < 0 || len > r.left) {
			return -EBADMSG;
		}
		field = find_field(t->schema, key, &cursor);
		if (field < 0 || field >= TLV_MAX_FIELDS || seen[field]) {
			return -EBADMSG;
		}
		seen[field] = true;
		e = decode_field(t, &t->schema->fields[field], (struct reader) { r.p, len }, depth);
		if (e < 0) {
			return e;
		}
		len = (len + 3) & ~3u;
		if (len > r.left) {
			return -EBADMSG;
		}
		r.p += len;
		r.left -= len;
	}
	return 0;
}

static int decode_fields(const void *data, size_t size, const struct tlv_schema *schema,
	struct arena *arena, void *object, int depth)
{
	const struct target t = { .schema = schema, .arena = arena, .object = object };

	return decode_all(&t, (struct reader) { data, size }, depth);
}

int tlv_decode_head(const struct tlv_bytes *data, const struct tlv_schema *schema,
	struct arena *arena, void *ret_object, struct tlv_items *late)
{
	struct target t = { schema, arena, ret_object, late, late->tag };

	*late = (struct tlv_items) { .to = NULL, .tag = t.late_tag };
	memset(ret_object, 0, schema->size);
	if (data->n % 4 || (uintptr_t)data->data % 4) {
		return -EBADMSG;
	}
	return decode_all(&t, (struct reader) { data->data, data->n }, 0);
}

int tlv_decode(const void *data, size_t size, const struct tlv_schema *schema, struct arena *arena,
	void *ret_object)
{
	memset(ret_object, 0, schema->size);
	if (size % 4 || (uintptr_t)data % 4) {
		return -EBADMSG;
	}
	return decode_fields(data, size, schema, arena, ret_object, 0);
}
