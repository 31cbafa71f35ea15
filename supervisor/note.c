// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "job.h"
#include "note.h"
#include "service.h"

/* One row per field: width on the wire, where it is, greatest value allowed. */
struct note_field {
	uint8_t bytes;
	uint16_t offset;
	uint64_t max;
};

#define F32(member_, bytes_, max_)                                                                 \
	{                                                                                          \
		.bytes = (bytes_), .offset = offsetof(struct note, member_), .max = (max_)         \
	}
#define F64(member_)                                                                               \
	{                                                                                          \
		.bytes = 8, .offset = offsetof(struct note, member_), .max = UINT64_MAX            \
	}

static const struct note_field fields[] = {
	F32(desired, 1, NOTE_DESIRED_COUNT - 1),
	F32(active, 1, ACTIVE_STATE_COUNT - 1),
	F32(result, 1, SERVICE_RESULT_COUNT - 1),
	F32(restarts, 4, UINT32_MAX),
	F32(state, 1, SERVICE_STATE_COUNT - 1),
	F32(flags, 4, NOTE_FLAGS_ALL),
	F32(command, 1, LIMIT_COMMANDS - 1),
	F32(main_command, 1, LIMIT_COMMANDS - 1),
	F32(job, 1, JOB_TYPE_QUEUED - 1),
	F32(job_id, 4, UINT32_MAX),
	F32(main_code, 1, CLD_CONTINUED),
	F32(main_status, 1, 255),
	F32(main_pid, 4, INT32_MAX),
	F32(reload_result, 1, SERVICE_RESULT_COUNT - 1),
	F32(limit_count, 4, UINT32_MAX),
	F32(status_errno, 4, UINT32_MAX),
	F32(notify_access, 1, NOTIFY_ACCESS_COUNT),
	F32(limits, 4, UINT32_MAX),
	F64(limit_begin_us),
	F64(deadline_us),
	F64(watchdog_us),
	F64(state_change_us),
	F64(inactive_exit_us),
	F64(active_enter_us),
	F64(active_exit_us),
	F64(inactive_enter_us),
	F64(main_start_us),
	F64(main_exit_us),
	F64(reload_us),
	F32(trigger, 4, UINT32_MAX),
	F32(trigger_line, 1, LIMIT_WATCHES),
	F64(trigger_real_us),
	F64(trigger_us),
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))
#define N_SAFE   4u /* the first rows */

static uint64_t field_get(const struct note *note, const struct note_field *f)
{
	uint64_t v64;
	uint32_t v32;

	if (f->bytes == 8) {
		memcpy(&v64, (const char *)note + f->offset, sizeof(v64));
		return v64;
	}
	memcpy(&v32, (const char *)note + f->offset, sizeof(v32));
	return v32;
}

static void field_set(struct note *note, const struct note_field *f, uint64_t value)
{
	uint32_t v32 = (uint32_t)value;

	if (f->bytes == 8) {
		memcpy((char *)note + f->offset, &value, sizeof(value));
	} else {
		memcpy((char *)note + f->offset, &v32, sizeof(v32));
	}
}

void note_init(struct note *note)
{
	memset(note, 0, sizeof(*note));
	note->deadline_us = USEC_INFINITY;
	note->watchdog_us = USEC_INFINITY;
	note->notify_access = NOTIFY_ACCESS_COUNT;
}

size_t note_encode(const struct note *note, uint8_t buf[LIMIT_NOTE])
{
	size_t at = 0;
	size_t len = strnlen(note->status, NOTE_STATUS - 1);

	buf[at++] = NOTE_VERSION;
	for (size_t i = 0; i < N_FIELDS; i++) {
		uint64_t v = field_get(note, &fields[i]);

		for (uint32_t k = 0; k < fields[i].bytes; k++) {
			buf[at++] = (uint8_t)(v >> (8 * k));
		}
	}
	buf[at++] = (uint8_t)len;
	memcpy(buf + at, note->status, len);
	return at + len;
}

static int decode_fields(const uint8_t *data, size_t size, size_t n, struct note *note, size_t *at)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 0;

		if (size - *at < fields[i].bytes) {
			return -EBADMSG;
		}
		for (uint32_t k = 0; k < fields[i].bytes; k++) {
			v |= (uint64_t)data[(*at)++] << (8 * k);
		}
		if (v > fields[i].max) {
			return -EBADMSG;
		}
		field_set(note, &fields[i], v);
	}
	return 0;
}

int note_decode(const void *data, size_t size, struct note *ret)
{
	const uint8_t *p = data;
	struct note note;
	size_t at = 1;
	size_t len;
	int r;

	if (size < 1 || size > LIMIT_NOTE || p[0] != NOTE_VERSION) {
		return -EBADMSG;
	}
	note_init(&note);
	r = decode_fields(p, size, N_FIELDS, &note, &at);
	if (r < 0) {
		return r;
	}
	if (at >= size) {
		return -EBADMSG;
	}
	len = p[at++];
	if (len >= NOTE_STATUS || size - at != len || memchr(p + at, '\0', len)) {
		return -EBADMSG;
	}
	memcpy(note.status, p + at, len);
	*ret = note;
	return 0;
}

int note_decode_safe(const void *data, size_t size, struct note *ret)
{
	const uint8_t *p = data;
	struct note note;
	size_t at = 1;

	if (size < 1 || p[0] != NOTE_VERSION) {
		return -EBADMSG;
	}
	note_init(&note);
	if (decode_fields(p, size, N_SAFE, &note, &at) < 0) {
		return -EBADMSG;
	}
	*ret = note;
	return 0;
}
