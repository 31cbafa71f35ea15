// SPDX-License-Identifier: MIT
#include "stamps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/unitname.h"

#define MAGIC  UINT32_C(0x6d745331) /* "1Stm" */
#define SECTOR 512u

struct record {
	uint32_t magic;
	uint32_t check;
	usec_t real_us;
	char unit[LIMIT_UNIT_NAME];
	char rest[SECTOR - LIMIT_UNIT_NAME - 16];
};
_Static_assert(sizeof(struct record) == SECTOR, "a record is a sector");

static uint32_t check_of(const struct record *r)
{
	const uint8_t *p = (const uint8_t *)&r->real_us;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(r->real_us) + sizeof(r->unit); i++) {
		hash = (hash ^ p[i]) * 16777619u;
	}
	return hash;
}

static bool is_good(const struct record *r)
{
	return r->magic == MAGIC && r->check == check_of(r) &&
	       memchr(r->unit, '\0', sizeof(r->unit)) && unit_name_is_valid(r->unit);
}

static int add_row(struct stamps *s)
{
	uint32_t capacity = s->capacity ? s->capacity * 2 : 16;
	struct stamp *rows;

	if (s->n == s->capacity) {
		rows = realloc(s->rows, capacity * sizeof(*rows));
		if (!rows) {
			return -ENOMEM;
		}
		s->rows = rows;
		s->capacity = capacity;
	}
	s->rows[s->n++] = (struct stamp) { .real_us = 0 };
	return 0;
}

int stamps_init(struct stamps *s, int fd)
{
	struct record r;
	struct stat st;

	*s = (struct stamps) { .fd = fd };
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		s->fd = -1;
		return 0;
	}
	/* A record that is not whole keeps its place and counts as none. */
	while (s->n < LIMIT_STAMPS && pread(fd, &r, sizeof(r), (off_t)s->n * SECTOR) > 0) {
		if (add_row(s) < 0) {
			return -ENOMEM;
		}
		if (is_good(&r)) {
			memcpy(s->rows[s->n - 1].unit, r.unit, sizeof(r.unit));
			s->rows[s->n - 1].real_us = r.real_us;
		}
		memset(&r, 0, sizeof(r));
	}
	return 0;
}

void stamps_fini(struct stamps *s)
{
	free(s->rows);
	if (s->fd >= 0) {
		close(s->fd);
	}
	*s = (struct stamps) { .fd = -1 };
}

static struct stamp *find(const struct stamps *s, const char *unit)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (strcmp(s->rows[i].unit, unit) == 0) {
			return &s->rows[i];
		}
	}
	return NULL;
}

static struct stamp *oldest(const struct stamps *s)
{
	struct stamp *least = &s->rows[0];

	for (uint32_t i = 1; i < s->n; i++) {
		least = s->rows[i].real_us < least->real_us ? &s->rows[i] : least;
	}
	return least;
}

usec_t stamps_get(const struct stamps *s, const char *unit)
{
	const struct stamp *row = find(s, unit);

	return row ? row->real_us : 0;
}

int stamps_set(struct stamps *s, const char *unit, usec_t real_us)
{
	struct record r = { .magic = MAGIC, .real_us = real_us };
	struct stamp *row = find(s, unit);
	ssize_t n;

	if (strlen(unit) >= sizeof(r.unit)) {
		return -EINVAL;
	}
	if (!row && s->n == LIMIT_STAMPS) {
		row = oldest(s);
	}
	if (!row && add_row(s) < 0) {
		return -ENOMEM;
	}
	row = row ? row : &s->rows[s->n - 1];
	strcpy(row->unit, unit);
	row->real_us = real_us;
	if (s->fd < 0) {
		return 0;
	}
	strcpy(r.unit, unit);
	r.check = check_of(&r);
	n = pwrite(s->fd, &r, sizeof(r), (off_t)(row - s->rows) * SECTOR);
	return n == (ssize_t)sizeof(r) ? 0 : n < 0 ? -errno : -ENOSPC;
}
