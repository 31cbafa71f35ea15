// SPDX-License-Identifier: MIT
/* libFuzzer target: udevd's file about one device, and the name of a device unit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/limits.h"
#include "../../supervisor/devicedb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *)data, size);
	char path[LIMIT_PATH], word[LIMIT_UNIT_NAME];
	struct devicedb_facts facts;

	if (!text || devicedb_parse(text, &facts) < 0) {
		return 0;
	}
	for (const char *at = facts.wants; devicedb_next_word(&at, word, sizeof(word));) {
		if (strlen(word) == 0 || !devicedb_has_word(facts.wants, word)) {
			abort();
		}
	}
	devicedb_fini(&facts);
	if (devicedb_path_of_unit(text, path, sizeof(path)) == 0 && path[0] != '/') {
		abort();
	}
	return 0;
}
