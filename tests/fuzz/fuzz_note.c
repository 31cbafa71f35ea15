// SPDX-License-Identifier: MIT
/* libFuzzer target: a slot's NOTE. What can be decoded must come out the same when encoded. */
#include <stdlib.h>
#include <string.h>

#include "../../supervisor/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[LIMIT_NOTE];
	struct note note, safe;

	if (note_decode(data, size, &note) < 0) {
		(void)note_decode_safe(data, size, &safe);
		return 0;
	}
	if (note_encode(&note, again) != size || memcmp(again, data, size) != 0 ||
		note_decode_safe(data, size, &safe) < 0 || safe.desired != note.desired ||
		safe.active != note.active || safe.result != note.result ||
		safe.restarts != note.restarts) {
		abort();
	}
	return 0;
}
