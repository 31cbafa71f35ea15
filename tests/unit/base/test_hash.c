// SPDX-License-Identifier: MIT
#include "../test.h"

#include "../../../runtime/base/hash.h"

#define BYTES 20

/* One bit more or less is another hash, wherever it is and however long the rest. */
static void test_every_bit_counts(void **state)
{
	uint64_t seen[BYTES * 8 + 1];
	size_t n = 0;

	(void)state;
	for (size_t bit = 0; bit <= BYTES * 8u; bit++) {
		unsigned char bytes[BYTES + 1] = { 0 };

		bytes[bit / 8] |= (unsigned char)(1u << bit % 8);
		seen[n++] = hash_bytes(HASH_START, bytes, BYTES);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			assert_true(seen[i] != seen[k]);
			assert_true((uint32_t)seen[i] != (uint32_t)seen[k]);
		}
	}
}

static void test_cuts_count(void **state)
{
	uint64_t ab_c = hash_bytes(hash_bytes(HASH_START, "ab", 2), "c", 1);
	uint64_t a_bc = hash_bytes(hash_bytes(HASH_START, "a", 1), "bc", 2);

	(void)state;
	assert_true(ab_c != a_bc);
	assert_true(hash_bytes(HASH_START, "a", 1) != hash_bytes(HASH_START, "a\0", 2));
	assert_true(hash_bytes(HASH_START, "", 0) == hash_bytes(HASH_START, NULL, 0));
	assert_true(hash_bytes(ab_c, "", 0) != ab_c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_cuts_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
