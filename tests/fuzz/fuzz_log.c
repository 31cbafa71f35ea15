// SPDX-License-Identifier: MIT
/*
 * What services send to the log: a stream with journald's header, bare lines, and datagrams of the
 * native protocol. The first byte chooses.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../supervisor/log/logline.h"
#include "../../supervisor/log/lognative.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_lines(const char *data, size_t size)
{
	struct log_line line;

	while (logline_next(data, size, &line)) {
		uint32_t priority = 6;

		assert(line.consumed > 0 && line.consumed <= size && line.size <= line.consumed);
		assert(line.size <= LIMIT_LOG_LINE);
		logline_strip_prefix(&line, &priority);
		data += line.consumed;
		size -= line.consumed;
	}
}

static void use_stream(const char *data, size_t size)
{
	struct logline_header header;
	int n = logline_parse_header(data, size, &header);

	if (n <= 0) {
		return;
	}
	assert((size_t)n <= size);
	assert(memchr(header.identifier, 0, sizeof(header.identifier)));
	assert(memchr(header.unit, 0, sizeof(header.unit)));
	use_lines(data + n, size - (size_t)n);
}

static void use_native(char *data, size_t size)
{
	struct lognative record;

	if (lognative_parse(data, size, &record) < 0) {
		return;
	}
	assert(record.n_fields <= LOGFILE_FIELDS);
	for (size_t i = 0; i < record.n_fields; i++) {
		const char *value = record.fields[i].value;

		assert(record.fields[i].name[0] != '_');
		assert(strlen(record.fields[i].name) < size);
		assert(value >= data && value + record.fields[i].size <= data + size);
	}
	assert(!record.message || record.message + record.message_size <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = size < 2 ? NULL : malloc(size - 1);

	if (!copy) {
		return 0;
	}
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 3 == 0) {
		use_native(copy, size - 1);
	} else if (data[0] % 3 == 1) {
		use_stream(copy, size - 1);
	} else {
		use_lines(copy, size - 1);
	}
	free(copy);
	return 0;
}
