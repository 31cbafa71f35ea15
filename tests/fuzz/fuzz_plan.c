// SPDX-License-Identifier: MIT
/*
 * A catalogue from anywhere: catalogue_open either refuses it, or every accessor and every plan in
 * it can be used; what decodes can be encoded and decoded again. The first byte chooses between a
 * whole catalogue and one plan alone, so that the fuzzer gets to plans without a header.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/unitname.h"
#include "../../runtime/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_plan(const struct catalogue *c, uint32_t entry)
{
	struct arena arena;
	struct tlv_buf buf = { 0 };
	struct plan plan, again;

	arena_init(&arena);
	if (plan_decode(c, entry, &arena, &plan) == 0) {
		assert(plan.op < PLAN_OP_COUNT && plan.unit);
		assert(plan.op != PLAN_EXEC || (plan.path && plan.argv.n > 0));
		assert(plan_encode(&buf, &plan) == 0);
		assert(tlv_decode(buf.data, buf.len, &plan_schema, &arena, &again) == 0);
		assert(again.uid == plan.uid && again.mounts.n == plan.mounts.n);
		tlv_buf_fini(&buf);
	}
	arena_fini(&arena);
}

static void use_catalogue(const uint8_t *data, size_t size)
{
	struct catalogue c;

	if (catalogue_open(data, size, &c) < 0) {
		return;
	}
	for (uint32_t i = 0; i < c.header->n_units; i++) {
		assert(unit_name_is_valid(catalogue_string(&c, c.units[i].name)));
		assert(catalogue_cgroup_path_is_valid(catalogue_string(&c, c.units[i].cgroup)));
	}
	for (uint32_t i = 0; i < c.header->n_entries && i < 64; i++) {
		use_plan(&c, i);
	}
}

static void use_bare_plan(const uint8_t *data, size_t size)
{
	const struct catalogue_entry entry = { .plan_size = (uint32_t)(size & ~(size_t)3) };
	const struct catalogue_header header = { .n_entries = 1 };
	const struct catalogue c = {
		.base = data, .size = size, .header = &header, .entries = &entry
	};

	use_plan(&c, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 1) {
		return 0;
	}
	/* Mapped files are aligned; so is memory of malloc. */
	copy = malloc(size);
	if (!copy) {
		return 0;
	}
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1) {
		use_bare_plan(copy, size - 1);
	} else {
		use_catalogue(copy, size - 1);
	}
	free(copy);
	return 0;
}
