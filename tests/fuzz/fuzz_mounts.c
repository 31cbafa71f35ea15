// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: a list of mounts or swaps, as supd and supd-umount read it. Whoever may mount
 * names the places.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/umount/mounts.h"
#include "../../supervisor/mounttable.h"

#define ROWS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_table(enum mounttable_kind kind, const char *text)
{
	struct mounttable t;

	if (mounttable_parse(kind, text, &t) < 0) {
		return;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (!mounttable_has(&t, t.paths[i]) ||
			(i && strcmp(t.paths[i - 1], t.paths[i]) > 0)) {
			abort();
		}
	}
	mounttable_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mounts_row rows[ROWS];
	AUTO_FREE char *text = strndup((const char *)data, size);
	size_t n;

	if (!text) {
		return 0;
	}
	try_table(MOUNTTABLE_MOUNTS, text);
	try_table(MOUNTTABLE_SWAPS, text);
	n = mounts_parse(text, rows, ROWS);
	for (size_t i = 0; i < n; i++) {
		if (strlen(rows[i].where) > size) {
			abort();
		}
	}
	return n > ROWS;
}
