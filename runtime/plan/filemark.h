// SPDX-License-Identifier: MIT
/* One number for the files that a unit was read from, so that supd can tell that they are others
 * now (NeedDaemonReload). Not a protection against anybody. Pure. */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

/* Adds a file, in the order in which they count; begins with 0. */
static inline uint64_t filemark_add(uint64_t mark, const struct stat *st)
{
	const uint64_t values[] = { st->st_ino, (uint64_t)st->st_size,
		(uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec };

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		mark = (mark ^ values[i]) * UINT64_C(0x9e3779b97f4a7c15);
		mark ^= mark >> 29;
	}
	return mark;
}
