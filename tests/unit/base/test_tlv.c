// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/plan/tlv.h"

struct inner {
	uint32_t number;
	const char *text;
};

struct outer {
	uint32_t a;
	uint64_t b;
	const char *text;
	struct tlv_strv words;
	struct tlv_bytes bytes;
	struct tlv_u32v numbers;
	struct tlv_array inners;
};

static const struct tlv_field inner_fields[] = {
	TLV_FIELD(1, TLV_U32, inner, number),
	TLV_FIELD(2, TLV_STR, inner, text),
};
static const struct tlv_schema inner_schema = TLV_SCHEMA(inner, inner_fields);

static const struct tlv_field outer_fields[] = {
	TLV_FIELD(1, TLV_U32, outer, a),
	TLV_FIELD(2, TLV_U64, outer, b),
	TLV_FIELD(3, TLV_STR, outer, text),
	TLV_FIELD(4, TLV_STRV, outer, words),
	TLV_FIELD(5, TLV_BYTES, outer, bytes),
	TLV_FIELD(6, TLV_U32V, outer, numbers),
	TLV_SUB(7, outer, inners, inner_schema),
};
static const struct tlv_schema outer_schema = TLV_SCHEMA(outer, outer_fields);

static void encode_sample(struct tlv_buf *buf)
{
	static const char *words[] = { "one", "", "three" };
	static const uint32_t numbers[] = { 1, 2, 3 };
	static struct inner inners[] = { { 1, "x" }, { 0, NULL }, { 3, "" } };
	struct outer o = {
		.a = 5,
		.b = UINT64_MAX,
		.text = "hello",
		.words = { words, 3 },
		.bytes = { "\0\1\2", 3 },
		.numbers = { numbers, 3 },
		.inners = { inners, 3 },
	};

	assert_int_equal(tlv_encode(buf, &outer_schema, &o), 0);
}

static void test_round_trip(void **state)
{
	struct tlv_buf buf = { 0 };
	struct arena arena;
	struct outer o;
	const struct inner *inners;

	(void)state;
	arena_init(&arena);
	encode_sample(&buf);
	assert_int_equal(tlv_decode(buf.data, buf.len, &outer_schema, &arena, &o), 0);
	assert_int_equal(o.a, 5);
	assert_true(o.b == UINT64_MAX);
	assert_string_equal(o.text, "hello");
	assert_int_equal(o.words.n, 3);
	assert_string_equal(o.words.items[1], "");
	assert_string_equal(o.words.items[2], "three");
	assert_null(o.words.items[3]);
	assert_memory_equal(o.bytes.data, "\0\1\2", 3);
	assert_int_equal(o.numbers.items[2], 3);
	inners = o.inners.items;
	assert_int_equal(o.inners.n, 3);
	assert_string_equal(inners[0].text, "x");
	assert_null(inners[1].text);
	assert_string_equal(inners[2].text, "");
	arena_fini(&arena);
	tlv_buf_fini(&buf);
}

/* Whatever one byte becomes, the decoder refuses or yields an object within the input. */
static void test_corruption(void **state)
{
	struct tlv_buf buf = { 0 };
	size_t refused = 0;

	(void)state;
	encode_sample(&buf);
	for (size_t i = 0; i < buf.len * 8; i++) {
		uint8_t *copy = malloc(buf.len);
		struct arena arena;
		struct outer o;

		arena_init(&arena);
		memcpy(copy, buf.data, buf.len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		refused += tlv_decode(copy, buf.len, &outer_schema, &arena, &o) < 0;
		arena_fini(&arena);
		free(copy);
	}
	assert_true(refused > 0);
	for (size_t len = 0; len < buf.len; len++) {
		struct arena arena;
		struct outer o;

		arena_init(&arena);
		if (len % 4) {
			assert_int_equal(
				tlv_decode(buf.data, len, &outer_schema, &arena, &o), -EBADMSG);
		} else {
			tlv_decode(buf.data, len, &outer_schema, &arena, &o);
		}
		arena_fini(&arena);
	}
	tlv_buf_fini(&buf);
}

static void test_unknown_and_repeated(void **state)
{
	uint32_t unknown[] = { 99 | TLV_U32 << 16, 4, 1 };
	uint32_t repeated[] = { 1 | TLV_U32 << 16, 4, 1, 1 | TLV_U32 << 16, 4, 1 };
	struct arena arena;
	struct outer o;

	(void)state;
	arena_init(&arena);
	assert_int_equal(tlv_decode(unknown, sizeof(unknown), &outer_schema, &arena, &o), -EBADMSG);
	assert_int_equal(
		tlv_decode(repeated, sizeof(repeated), &outer_schema, &arena, &o), -EBADMSG);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_corruption),
		cmocka_unit_test(test_unknown_and_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
