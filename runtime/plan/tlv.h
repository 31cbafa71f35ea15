// SPDX-License-Identifier: MIT
/*
 * Tag/length/value records described by tables: one table per struct serves the encoder, the
 * decoder and the fuzzer. Plans and manifests are made of it.
 *
 * Encoding, little endian: field = u16 tag, u16 type, u32 payload bytes, payload padded to 4.
 *   U32, U64    the value
 *   STR         bytes with the terminating NUL, no other NUL inside
 *   STRV        u32 count, then the strings, each with its NUL
 *   BYTES       the bytes
 *   U32V        the values
 *   STRUCTS     u32 count, then per item u32 size and its fields (sizes are multiples of 4)
 * A field that is zero or empty is left out; a field not in the table is an error (versions never
 * mix), so is a repeated one. Decoding copies nothing: strings and bytes point into the input,
 * which must outlive the result; arrays come from the arena.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../base/arena.h"

enum tlv_type {
	TLV_U32 = 1, /* uint32_t; also int32_t and enums that are 4 bytes wide */
	TLV_U64,     /* uint64_t */
	TLV_STR,     /* const char *; NULL and "" are told apart */
	TLV_STRV,    /* struct tlv_strv */
	TLV_BYTES,   /* struct tlv_bytes */
	TLV_U32V,    /* struct tlv_u32v */
	TLV_STRUCTS, /* struct tlv_array, of tlv_field.sub */
};

struct tlv_strv {
	const char **items; /* after decoding NULL-terminated, also when empty */
	uint32_t n;
};

struct tlv_bytes {
	const void *data;
	uint32_t n;
};

struct tlv_u32v {
	const uint32_t *items;
	uint32_t n;
};

struct tlv_array {
	void *items; /* n structs of the sub table's size, contiguous */
	uint32_t n;
};

struct tlv_schema;

struct tlv_field {
	uint16_t tag; /* unique in its table, never reused for another meaning */
	uint16_t type;
	uint32_t offset;
	const struct tlv_schema *sub;
};

struct tlv_schema {
	const char *name;
	uint32_t size;
	uint32_t n_fields;
	const struct tlv_field *fields;
};

#define TLV_FIELD(tag_, type_, struct_, member_)                                                   \
	{                                                                                          \
		.tag = (tag_), .type = (type_), .offset = offsetof(struct struct_, member_)        \
	}
#define TLV_SUB(tag_, struct_, member_, schema_)                                                   \
	{                                                                                          \
		.tag = (tag_), .type = TLV_STRUCTS, .offset = offsetof(struct struct_, member_),   \
		.sub = &(schema_)                                                                  \
	}
#define TLV_SCHEMA(struct_, fields_)                                                               \
	{                                                                                          \
		.name = #struct_, .size = sizeof(struct struct_),                                  \
		.n_fields = sizeof(fields_) / sizeof((fields_)[0]), .fields = (fields_)            \
	}

/* A growing output buffer; after an error nothing more is appended and error stays set. */
struct tlv_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	int error; /* 0 or -errno */
};

void tlv_buf_fini(struct tlv_buf *buf);
void tlv_buf_append(struct tlv_buf *buf, const void *data, size_t size);

/* Appends the fields of one object. -ENOMEM, -E2BIG. */
int tlv_encode(struct tlv_buf *buf, const struct tlv_schema *schema, const void *object);

/*
 * Decodes size bytes (a multiple of 4, 4-aligned) into *ret_object, which is zeroed first.
 * -EBADMSG: not an encoding of this schema. -ENOMEM: arena exhausted.
 */
int tlv_decode(const void *data, size_t size, const struct tlv_schema *schema, struct arena *arena,
	void *ret_object);

/* One list of structs that is decoded a part at a time. */
struct tlv_items {
	const uint8_t *p;
	size_t left;
	const struct tlv_schema *schema;
	struct arena *arena;
	struct tlv_array *to; /* its n grows; NULL: the list is not there */
	uint32_t n;           /* items there will be */
	uint16_t tag;         /* which field of the object it is: set before tlv_decode_head() */
};

/*
 * As tlv_decode(), but the list late->tag is left to tlv_decode_items(). Object and data must stay
 * where they are until that has returned 0.
 */
int tlv_decode_head(const struct tlv_bytes *data, const struct tlv_schema *schema,
	struct arena *arena, void *ret_object, struct tlv_items *late);
/* Decodes up to max items. 1: there are more; 0: done. Errors as tlv_decode(). */
int tlv_decode_items(struct tlv_items *items, uint32_t max);
