// SPDX-License-Identifier: MIT
#include "idtable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"

#define SLOTS_MIN 1024u

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 0x811c9dc5u;

	for (; *name; name++) {
		hash = (hash ^ (uint8_t)*name) * 0x01000193u;
	}
	return hash;
}

/* Slot of the name, or the free one where it belongs. */
static uint32_t *find_slot(struct idtable *t, const char *name)
{
	uint32_t i = hash_name(name) % t->n_slots;

	while (t->slots[i] && strcmp(t->records[t->slots[i]].name, name) != 0) {
		i = (i + 1) % t->n_slots;
	}
	return &t->slots[i];
}

static int grow_slots(struct idtable *t)
{
	uint32_t n = t->n_slots ? t->n_slots * 2 : SLOTS_MIN;

	while (n < t->n * 2 + 2) {
		n *= 2;
	}
	free(t->slots);
	t->slots = calloc(n, sizeof(*t->slots));
	if (!t->slots) {
		t->n_slots = 0;
		return -ENOMEM;
	}
	t->n_slots = n;
	for (uint32_t i = 1; i < t->n; i++) {
		uint32_t *slot = t->records[i].name[0] ? find_slot(t, t->records[i].name) : NULL;

		if (slot && !*slot) {
			*slot = i;
		}
	}
	return 0;
}

static int grow_records(struct idtable *t, uint32_t need)
{
	uint32_t n = t->capacity ? t->capacity : 64;
	void *p;

	while (n < need) {
		n *= 2;
	}
	if (n == t->capacity) {
		return 0;
	}
	p = realloc(t->records, (size_t)n * sizeof(*t->records));
	if (!p) {
		return -ENOMEM;
	}
	t->records = p;
	t->capacity = n;
	return 0;
}

static int append_record(struct idtable *t, const char *name)
{
	struct idtable_record record = { .name = "" };
	int r = grow_records(t, t->n + 1);

	if (r < 0) {
		return r;
	}
	memcpy(record.name, name, strlen(name) + 1);
	r = fd_write_full(t->fd, &record, sizeof(record));
	if (r < 0) {
		return r;
	}
	t->records[t->n++] = record;
	return 0;
}

/* After a crash in the middle of a write: the rest of the record becomes NULs, the name unusable.
 */
static int complete_last(int fd, off_t *size)
{
	static const char zero[sizeof(struct idtable_record)];
	size_t rest = (size_t)*size % sizeof(struct idtable_record);
	int r;

	if (rest == 0) {
		return 0;
	}
	rest = sizeof(struct idtable_record) - rest;
	r = fd_write_full(fd, zero, rest);
	*size += (off_t)rest;
	return r;
}

static int read_records(struct idtable *t)
{
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(t->fd, &st) < 0) {
		return -errno;
	}
	r = complete_last(t->fd, &st.st_size);
	if (r < 0) {
		return r;
	}
	if ((uint64_t)st.st_size / sizeof(*t->records) > t->max) {
		return -EBADMSG;
	}
	t->n = (uint32_t)((size_t)st.st_size / sizeof(*t->records));
	r = grow_records(t, t->n + 1);
	if (r < 0) {
		return r;
	}
	n = pread(t->fd, t->records, (size_t)st.st_size, 0);
	if (n != st.st_size) {
		return n < 0 ? -errno : -EIO;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		if (!memchr(t->records[i].name, 0, sizeof(t->records[i].name)) ||
			(i == 0 && t->records[i].name[0])) {
			return -EBADMSG;
		}
	}
	return t->n == 0 ? append_record(t, "") : 0;
}

int idtable_open(struct idtable *t, int fd, uint32_t max)
{
	int r;

	memset(t, 0, sizeof(*t));
	t->fd = fd;
	t->max = max;
	if (fd < 0) {
		return 0;
	}
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	r = read_records(t);
	if (r == 0) {
		r = grow_slots(t);
	}
	if (r < 0) {
		idtable_close(t);
	}
	return r;
}

void idtable_close(struct idtable *t)
{
	if (t->fd >= 0) {
		flock(t->fd, LOCK_UN);
	}
	free(t->records);
	free(t->slots);
	memset(t, 0, sizeof(*t));
	t->fd = -1;
}

int idtable_get(struct idtable *t, const char *name, uint32_t *ret_range)
{
	uint32_t *slot;
	int r;

	if (t->fd < 0) {
		return -ENOENT;
	}
	if (name[0] == '\0' || strlen(name) >= LIMIT_UNIT_NAME) {
		return -EINVAL;
	}
	slot = find_slot(t, name);
	if (!*slot) {
		if (t->n >= t->max) {
			return -EUSERS;
		}
		if ((t->n + 1) * 2 > t->n_slots) {
			r = grow_slots(t);
			if (r < 0) {
				return r;
			}
		}
		r = t->error ? t->error : append_record(t, name);
		if (r < 0) {
			t->error = r;
			return r;
		}
		slot = find_slot(t, name);
		*slot = t->n - 1;
	}
	*ret_range = *slot;
	return 0;
}
