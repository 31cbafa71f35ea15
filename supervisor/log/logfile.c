// SPDX-License-Identifier: MIT
#include "logfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/limits.h"
#include "../../runtime/base/unitname.h"

struct record_header {
	uint32_t magic;
	uint32_t size;     /* whole record, a multiple of 8 */
	uint32_t checksum; /* of all that follows this field */
	uint16_t identifier_size;
	uint16_t n_fields;
	uint64_t realtime_us;
	uint64_t monotonic_us;
	uint8_t priority;
	uint8_t flags;
	uint16_t reserved;
	uint32_t pid;
	uint32_t uid;
	uint8_t invocation_id[16];
	uint32_t message_size;
	uint32_t fields_size;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct record_header) == 72, "the record header has no holes");
_Static_assert(sizeof(struct record_header) + LIMIT_LOG_IDENTIFIER + LIMIT_LOG_LINE +
			       LOGFILE_FIELDS_MAX + 16 <=
		       LOGFILE_RECORD_MAX,
	"the longest line with fields fits");

#define CHECKED_FROM (offsetof(struct record_header, checksum) + sizeof(uint32_t))

/* A keyed mix of eight bytes at a time: for torn writes, not against someone who knows the salt. */
static uint32_t checksum(uint64_t salt, const unsigned char *p, size_t size)
{
	uint64_t hash = salt ^ (size * UINT64_C(0x9e3779b97f4a7c15));

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;

		memcpy(&word, p + i, size - i < 8 ? size - i : 8);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 29;
	}
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(hash ^ (hash >> 32));
}

static size_t fields_size(const struct log_record *r)
{
	size_t total = 0;

	for (size_t i = 0; i < r->n_fields; i++) {
		total += strlen(r->fields[i].name) + 1 + sizeof(uint32_t) + r->fields[i].size + 1;
	}
	return total;
}

/* size bytes and a NUL; returns the place behind. */
static char *put_bytes(char *p, const void *data, size_t size)
{
	if (size > 0) {
		memcpy(p, data, size);
	}
	p[size] = '\0';
	return p + size + 1;
}

static char *put_fields(char *p, const struct log_record *r)
{
	for (size_t i = 0; i < r->n_fields; i++) {
		uint32_t size = (uint32_t)r->fields[i].size;

		p = put_bytes(p, r->fields[i].name, strlen(r->fields[i].name));
		memcpy(p, &size, sizeof(size));
		p = put_bytes(p + sizeof(size), r->fields[i].value, size);
	}
	return p;
}

int logfile_encode(
	const struct log_record *r, uint64_t salt, void *buf, size_t size, size_t *ret_size)
{
	size_t identifier = strnlen(r->identifier, LIMIT_LOG_IDENTIFIER);
	size_t fields = fields_size(r);
	size_t total = sizeof(struct record_header) + identifier + 1 + r->message_size + 1 + fields;
	struct record_header h = {
		.magic = LOGFILE_RECORD_MAGIC,
		.identifier_size = (uint16_t)identifier,
		.n_fields = (uint16_t)r->n_fields,
		.realtime_us = r->realtime_us,
		.monotonic_us = r->monotonic_us,
		.priority = (uint8_t)r->priority,
		.flags = (uint8_t)r->flags,
		.pid = r->pid,
		.uid = r->uid,
		.message_size = (uint32_t)r->message_size,
		.fields_size = (uint32_t)fields,
	};
	char *p = buf;

	if (identifier == LIMIT_LOG_IDENTIFIER || r->message_size > LIMIT_LOG_LINE ||
		fields > LOGFILE_FIELDS_MAX || r->n_fields > LOGFILE_FIELDS || total + 7 > size) {
		return -EMSGSIZE;
	}
	h.size = (uint32_t)((total + 7) & ~(size_t)7);
	memset(p + h.size - 8, 0, 8);
	memcpy(h.invocation_id, r->invocation_id, sizeof(h.invocation_id));
	p = put_bytes(p + sizeof(h), r->identifier, identifier);
	p = put_bytes(p, r->message, r->message_size);
	put_fields(p, r);
	memcpy(buf, &h, sizeof(h));
	h.checksum = checksum(salt, (unsigned char *)buf + CHECKED_FROM, h.size - CHECKED_FROM);
	memcpy(buf, &h, sizeof(h));
	*ret_size = h.size;
	return 0;
}

static bool header_is_plausible(const struct record_header *h)
{
	uint64_t body = (uint64_t)h->identifier_size + h->message_size + h->fields_size + 2;

	return h->magic == LOGFILE_RECORD_MAGIC && h->size % 8 == 0 &&
	       h->size <= LOGFILE_RECORD_MAX && h->n_fields <= LOGFILE_FIELDS &&
	       h->size == ((sizeof(*h) + body + 7) & ~(uint64_t)7);
}

int logfile_check(const void *buf, size_t available, uint64_t salt, size_t *ret_size)
{
	struct record_header h;

	if (available < sizeof(h)) {
		return 0;
	}
	memcpy(&h, buf, sizeof(h));
	if (!header_is_plausible(&h)) {
		return -EBADMSG;
	}
	if (available < h.size) {
		return 0;
	}
	if (checksum(salt, (const unsigned char *)buf + CHECKED_FROM, h.size - CHECKED_FROM) !=
		h.checksum) {
		return -EBADMSG;
	}
	*ret_size = h.size;
	return 1;
}

static int get_fields(const char *p, const char *end, size_t n, struct log_field *fields)
{
	for (size_t i = 0; i < n; i++) {
		const char *nul = memchr(p, '\0', (size_t)(end - p));
		uint32_t size;

		if (!nul || (size_t)(end - nul) < 1 + sizeof(size)) {
			return -EBADMSG;
		}
		memcpy(&size, nul + 1, sizeof(size));
		fields[i].name = p;
		fields[i].value = nul + 1 + sizeof(size);
		fields[i].size = size;
		if ((size_t)(end - fields[i].value) < (size_t)size + 1 || fields[i].value[size]) {
			return -EBADMSG;
		}
		p = fields[i].value + size + 1;
	}
	return 0;
}

int logfile_decode(const void *buf, size_t size, struct log_field *fields, struct log_record *ret)
{
	struct record_header h;
	const char *identifier = (const char *)buf + sizeof(h);
	const char *message;

	if (size < sizeof(h)) {
		return -EBADMSG;
	}
	memcpy(&h, buf, sizeof(h));
	if (!header_is_plausible(&h) || h.size != size) {
		return -EBADMSG;
	}
	message = identifier + h.identifier_size + 1;
	if (message[-1] || message[h.message_size]) {
		return -EBADMSG;
	}
	if (get_fields(message + h.message_size + 1, message + h.message_size + 1 + h.fields_size,
		    h.n_fields, fields) < 0) {
		return -EBADMSG;
	}
	*ret = (struct log_record) {
		.realtime_us = h.realtime_us,
		.monotonic_us = h.monotonic_us,
		.priority = h.priority & 7,
		.flags = h.flags & LOG_RECORD_FLAGS_ALL,
		.pid = h.pid,
		.uid = h.uid,
		.unit = "",
		.identifier = identifier,
		.message = message,
		.message_size = h.message_size,
		.fields = fields,
		.n_fields = h.n_fields,
	};
	memcpy(ret->invocation_id, h.invocation_id, sizeof(ret->invocation_id));
	return 0;
}

const char *logfile_directory(const char *unit)
{
	if (unit && strcmp(unit, LOG_UNIT_STRANGERS) == 0) {
		return LOG_UNIT_STRANGERS;
	}
	/* A unit name has no slash and no NUL, and is neither "." nor "..": it has a suffix. */
	return unit && unit_name_is_valid(unit) ? unit : LOG_UNIT_NONE;
}

void logfile_name(uint64_t number, char buf[LOGFILE_NAME])
{
	for (int i = 0; i < 16; i++) {
		buf[i] = "0123456789abcdef"[(number >> (60 - 4 * i)) & 15];
	}
	memcpy(buf + 16, ".log", 5);
}

static int name_parse(const char *name, uint64_t *ret)
{
	uint64_t number = 0;

	if (strlen(name) != 20 || strcmp(name + 16, ".log") != 0) {
		return -EINVAL;
	}
	for (int i = 0; i < 16; i++) {
		const char *digit = strchr("0123456789abcdef", name[i]);

		if (!digit) {
			return -EINVAL;
		}
		number = number * 16 + (uint64_t)(digit - "0123456789abcdef");
	}
	*ret = number;
	return 0;
}

/* Keeps the array ascending; when it is full the lowest falls out. */
static void number_insert(uint64_t *numbers, size_t *n, uint64_t number)
{
	size_t at = *n;

	if (*n == LOGFILE_LIST_MAX) {
		if (number < numbers[0]) {
			return;
		}
		memmove(numbers, numbers + 1, (--*n) * sizeof(*numbers));
		at = *n;
	}
	for (; at > 0 && numbers[at - 1] > number; at--) {
		numbers[at] = numbers[at - 1];
	}
	numbers[at] = number;
	(*n)++;
}

static void close_dir(DIR **dir)
{
	if (*dir) {
		closedir(*dir);
	}
}

int logfile_list(int dir_fd, uint64_t *ret_numbers, size_t *ret_n)
{
	AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(close_dir) DIR *dir = NULL;
	const struct dirent *entry;
	uint64_t number;

	if (fd < 0) {
		return -errno;
	}
	dir = fdopendir(fd);
	if (!dir) {
		return -errno;
	}
	TAKE_FD(fd);
	*ret_n = 0;
	while ((entry = readdir(dir))) {
		if (name_parse(entry->d_name, &number) == 0) {
			number_insert(ret_numbers, ret_n, number);
		}
	}
	return 0;
}
