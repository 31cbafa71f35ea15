// SPDX-License-Identifier: MIT
#include "idtable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <unistd.h>

#include "../runtime/base/cleanup.h"

#define SLOTS_MIN 1024u
/* Where a passing unit's count stands. */
#define USE_AT (LIMIT_UNIT_NAME - sizeof(uint64_t))

static int write_at(int fd, const void *data, size_t size, off_t at)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			data = (const char *)data + n;
			size -= (size_t)n;
			at += n;
		}
	}
	return 0;
}

/* 0: the record is its unit's for ever. */
static uint64_t use_of(const struct idtable_record *record)
{
	uint64_t use = 0;

	if (strlen(record->name) < USE_AT) {
		memcpy(&use, record->name + USE_AT, sizeof(use));
	}
	return use;
}

static struct idtable_record make_record(const char *name, uint64_t use)
{
	struct idtable_record record = { .name = "" };

	memcpy(record.name, name, strlen(name) + 1);
	if (use) {
		memcpy(record.name + USE_AT, &use, sizeof(use));
	}
	return record;
}

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

/* All names into slots of twice their number at least. */
static int place_all(struct idtable *t)
{
	uint32_t n = t->n_slots ? t->n_slots : SLOTS_MIN;

	while (n < (t->n + 1) * 2) {
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

/* Record i becomes that; i may be the first one behind the last. */
static int put_record(struct idtable *t, uint32_t i, const char *name, uint64_t use)
{
	const struct idtable_record record = make_record(name, use);
	int r = grow_records(t, i + 1);

	r = r < 0 ? r : write_at(t->fd, &record, sizeof(record), (off_t)i * (off_t)sizeof(record));
	if (r < 0) {
		return r;
	}
	t->n_passing -= i < t->n && use_of(&t->records[i]);
	t->n_passing += use != 0;
	t->last_use = use > t->last_use ? use : t->last_use;
	t->records[i] = record;
	t->n = i < t->n ? t->n : i + 1;
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
	r = write_at(fd, zero, rest, *size);
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
		t->n_passing += use_of(&t->records[i]) != 0;
		t->last_use =
			use_of(&t->records[i]) > t->last_use ? use_of(&t->records[i]) : t->last_use;
	}
	return t->n == 0 ? put_record(t, 0, "", 0) : 0;
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
		r = place_all(t);
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

/* The passing record whose unit is gone and was used first; 0: none. */
static uint32_t find_spent(const struct idtable *t)
{
	uint64_t least = UINT64_MAX;
	uint32_t found = 0;

	for (uint32_t i = 1; t->lives && i < t->n; i++) {
		uint64_t use = use_of(&t->records[i]);

		if (use && use < least && !t->lives(t->context, t->records[i].name)) {
			least = use;
			found = i;
		}
	}
	return found;
}

/* A record for a name that has none. */
static int give_record(struct idtable *t, const char *name, bool passing, uint32_t *ret)
{
	bool full = t->n >= t->max;
	uint32_t i = full || (passing && t->n_passing >= IDTABLE_PASSING) ? find_spent(t) : 0;
	bool again = i != 0;
	int r;

	if (!again && full) {
		return -EUSERS;
	}
	i = again ? i : t->n;
	passing = passing && strlen(name) < USE_AT;
	r = t->error ? t->error : put_record(t, i, name, passing ? t->last_use + 1 : 0);
	if (r < 0) {
		t->error = r;
		return r;
	}
	*ret = i;
	if (again || (t->n + 1) * 2 > t->n_slots) {
		return place_all(t);
	}
	*find_slot(t, name) = i;
	return 0;
}

/* A passing unit that comes back is not the first to go; one that has come to stay, never. */
static void note_use(struct idtable *t, uint32_t i, bool passing)
{
	uint64_t use = use_of(&t->records[i]);
	bool old = t->last_use - use >= IDTABLE_PASSING / 2;

	if (use && (!passing || old) && !t->error) {
		const struct idtable_record record = t->records[i];

		t->error = put_record(t, i, record.name, passing ? t->last_use + 1 : 0);
	}
}

int idtable_get(struct idtable *t, const char *name, bool passing, uint32_t *ret_range)
{
	uint32_t i;
	int r = 0;

	if (t->fd < 0) {
		return -ENOENT;
	}
	if (name[0] == '\0' || strlen(name) >= LIMIT_UNIT_NAME) {
		return -EINVAL;
	}
	i = *find_slot(t, name);
	if (i) {
		note_use(t, i, passing);
	} else {
		r = give_record(t, name, passing, &i);
	}
	if (r == 0) {
		*ret_range = i;
	}
	return r;
}
