// SPDX-License-Identifier: MIT
/* A manifest from anywhere: refused, or encoded and decoded again to the same size. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/plan/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct manifest *m)
{
	struct tlv_buf once = { 0 }, twice = { 0 };
	struct manifest again;
	struct arena arena;

	arena_init(&arena);
	assert(manifest_encode(&once, m) == 0);
	assert(manifest_decode(once.data, once.len, &arena, &again) == 0);
	assert(manifest_encode(&twice, &again) == 0);
	assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	tlv_buf_fini(&once);
	tlv_buf_fini(&twice);
	arena_fini(&arena);
}

/* The same verdict, whatever the parts. */
static void use_parts(const uint8_t *data, size_t size, int verdict)
{
	struct manifest_decoder d;
	struct arena arena;
	int r;

	arena_init(&arena);
	r = manifest_decode_begin(data, size, &arena, &d);
	if (r == 0) {
		do {
			r = manifest_decode_some(&d, 1);
		} while (r > 0);
	}
	assert(r == verdict);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int r;
	struct manifest m;
	struct arena arena;
	uint8_t *copy = malloc(size ? size : 1); /* aligned, as a mapped file is */

	if (!copy) {
		return 0;
	}
	memcpy(copy, data, size);
	arena_init(&arena);
	r = manifest_decode(copy, size, &arena, &m);
	if (r == 0) {
		use(&m);
	}
	use_parts(copy, size, r);
	arena_fini(&arena);
	free(copy);
	return 0;
}
