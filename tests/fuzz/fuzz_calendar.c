// SPDX-License-Identifier: MIT
/* A calendar expression, its normal form, and when it is due; the same text as a time span. */
#include <assert.h>
#include <string.h>

#include "../../runtime/base/scaled.h"
#include "../../runtime/plan/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], normal[CALENDAR_TEXT], twice[CALENDAR_TEXT];
	struct calendar c, again;
	usec_t after = 1771199999 * USEC_PER_SEC, next;
	uint64_t span = 0;

	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	timespan_parse(text, USEC_PER_SEC, &span);
	if (calendar_parse(text, NULL, &c) < 0) {
		return 0;
	}
	assert(calendar_is_valid(&c));
	calendar_format(&c, normal);
	assert(calendar_parse(normal, NULL, &again) == 0);
	calendar_format(&again, twice);
	assert(strcmp(normal, twice) == 0);
	for (int i = 0; i < 3; i++, after = next) {
		next = calendar_next(&c, NULL, after);
		assert(next > after);
		if (next == USEC_INFINITY) {
			break;
		}
	}
	return 0;
}
