// SPDX-License-Identifier: MIT
/* An environment file: what comes out are variables, within the buffer, no more than there were. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/launch/envfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t bytes;
	unsigned n;
	unsigned limit; /* the walk is to end after so many */
};

static int take(void *ctx, const char *line, size_t len)
{
	struct seen *seen = ctx;
	const char *value = memchr(line, '=', len);

	assert(strlen(line) == len && value && value > line);
	assert(strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
		(size_t)(value - line));
	assert(*line < '0' || *line > '9');
	seen->bytes += len;
	return ++seen->n == seen->limit ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen all = { 0 }, first = { .limit = 1 };
	char *text = malloc(size + 1), *scratch = malloc(size + 2);
	int r;

	assert(text && scratch);
	memcpy(text, data, size);
	text[size] = '\0';
	r = env_file_parse(text, size, scratch, take, &all);
	assert(r == 0 || memchr(text, '\0', size));
	assert(all.bytes <= size);
	assert(env_file_parse(text, size, scratch, take, &first) < 0 || all.n == 0);
	assert(first.n <= 1);
	free(text);
	free(scratch);
	return 0;
}
