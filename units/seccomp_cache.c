// SPDX-License-Identifier: MIT
#include "seccomp_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"

struct seccomp_cache_row {
	struct seccomp_cache_row *next;
	struct seccomp_spec spec;
	uint64_t offset;
	uint32_t size;
};

void seccomp_cache_fini(struct seccomp_cache *cache)
{
	while (cache->rows) {
		struct seccomp_cache_row *row = cache->rows;

		cache->rows = row->next;
		free(row);
	}
}

int seccomp_cache_get(struct seccomp_cache *cache, struct catalogue_builder *builder,
	const struct seccomp_spec *spec, uint64_t *ret_offset, uint32_t *ret_size)
{
	AUTO_FREE struct seccomp_cache_row *fresh = NULL;
	struct seccomp_program program;
	struct seccomp_cache_row *row = cache->rows;
	int64_t offset;
	int r;

	if (seccomp_spec_is_empty(spec)) {
		*ret_offset = 0;
		*ret_size = 0;
		return 0;
	}
	while (row && memcmp(&row->spec, spec, sizeof(*spec)) != 0) {
		row = row->next;
	}
	if (!row) {
		fresh = calloc(1, sizeof(*fresh));
		if (!fresh) {
			return -ENOMEM;
		}
		r = seccomp_compile(spec, &program);
		if (r < 0) {
			return r;
		}
		fresh->spec = *spec;
		fresh->size = (uint32_t)(program.n * sizeof(*program.insns));
		offset = catalogue_add_blob(builder, &cache->blobs, program.insns, fresh->size);
		free(program.insns);
		if (offset < 0) {
			return (int)offset;
		}
		fresh->offset = (uint64_t)offset;
		fresh->next = cache->rows;
		cache->rows = fresh;
		cache->compiled++;
		row = TAKE_PTR(fresh);
	}
	*ret_offset = row->offset;
	*ret_size = row->size;
	return 0;
}
