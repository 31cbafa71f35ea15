// SPDX-License-Identifier: MIT
/* Any record on the request pipe: what the check lets through has every number in its range. */
#include <assert.h>
#include <string.h>

#include "../../runtime/plan/unitenum.h"
#include "../../runtime/plan/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_log(const struct wire_log *log, size_t size)
{
	assert(log->size <= WIRE_LOG_MAX);
	assert(size == sizeof(*log) - WIRE_LOG_MAX + log->size);
	assert(log->text_at <= log->size && log->text_size <= log->size - log->text_at);
	assert(log->priority <= 7);
}

static void use_request(const struct wire_request *q, size_t size)
{
	assert(size == sizeof(*q));
	assert(q->type > 0 && q->type < WIRE_REQUEST_COUNT);
	assert(q->note_size <= LIMIT_NOTE);
	assert(q->instance <= LIMIT_CONNECTIONS);
	assert(q->params.service_result < SERVICE_RESULT_COUNT && q->params.exit_status <= 255);
	assert((q->params.flags & ~(uint32_t)WIRE_RUN_FLAGS_ALL) == 0);
	if (q->type == WIRE_SIGNAL) {
		assert(q->slot < LIMIT_SLOTS && q->number > 0 && q->number <= 64);
	}
	if (q->type == WIRE_MAIN) {
		assert(q->slot < LIMIT_SLOTS && q->number > 1);
	}
	if (q->type == WIRE_FORGET) {
		assert(q->slot < LIMIT_SLOTS && q->kind < ENTRY_KIND_COUNT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t record[4096 / sizeof(uint64_t)];

	if (size > sizeof(record)) {
		return 0; /* a pipe's record ends there */
	}
	memset(record, 0xaa, sizeof(record));
	memcpy(record, data, size);
	if (wire_request_check(record, size) < 0) {
		return 0;
	}
	if (((const struct wire_request *)record)->type == WIRE_LOG) {
		use_log((const struct wire_log *)record, size);
	} else {
		use_request((const struct wire_request *)record, size);
	}
	return 0;
}
