// SPDX-License-Identifier: MIT
/*
 * Programs of one load by their specs: libseccomp takes milliseconds for each, and most units have
 * the same. Equal programs are stored once in the catalogue.
 */
#pragma once

#include "../runtime/plan/catalogue.h"
#include "bpf_filter.h"

struct seccomp_cache_row;

struct seccomp_cache {
	struct seccomp_cache_row *rows; /* a list; few different specs exist */
	struct catalogue_blob_cache blobs;
	uint32_t compiled; /* how many programs were made */
};

void seccomp_cache_fini(struct seccomp_cache *cache);
/*
 * Offset and size in bytes of the spec's program among the builder's blobs; both 0 for an empty
 * spec. Errors of seccomp_compile and catalogue_add_blob.
 */
int seccomp_cache_get(struct seccomp_cache *cache, struct catalogue_builder *builder,
	const struct seccomp_spec *spec, uint64_t *ret_offset, uint32_t *ret_size);
