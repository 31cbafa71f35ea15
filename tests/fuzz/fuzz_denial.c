// SPDX-License-Identifier: MIT
/* libFuzzer target: one audit record of seccomp, read and explained. */
#include <stdlib.h>
#include <string.h>

#include "../../supervisor/denialtext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct denial d;
	char text[400];

	if (denial_parse((const char *)data, size, &d) == 0) {
		denial_explain(&d, NULL, text, sizeof(text));
		if (strlen(d.comm) >= sizeof(d.comm) || strlen(text) == 0) {
			abort();
		}
	}
	return 0;
}
