// SPDX-License-Identifier: MIT
#include "usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "../runtime/base/cleanup.h"
#include "shell.h"
#include "unitlog.h"

/* systemd's bounds: from the first on it is told, from the second on with LOG_NOTICE. */
static const struct {
	enum usage_value value;
	uint64_t worth_mention, worth_notice;
} bounds[] = {
	{ USAGE_CPU_NSEC, 1000000000u, 600000000000u },
	{ USAGE_IO_READ_BYTES, UINT64_C(1) << 20, UINT64_C(10) << 30 },
	{ USAGE_IO_WRITE_BYTES, UINT64_C(1) << 20, UINT64_C(10) << 30 },
};

void usage_table_fini(struct usage_table *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		free(t->rows[i]);
	}
	free(t->rows);
	*t = (struct usage_table) { NULL };
}

const struct usage *usage_find(const struct usage_table *t, const struct unit *u)
{
	return u->index < t->n ? t->rows[u->index] : NULL;
}

/* NULL: no memory. */
static struct usage *row_of(struct usage_table *t, const struct unit *u)
{
	if (u->index >= t->n) {
		uint32_t n = u->index + 64;
		struct usage **more = realloc(t->rows, n * sizeof(*more));

		if (!more) {
			return NULL;
		}
		memset(more + t->n, 0, (n - t->n) * sizeof(*more));
		t->rows = more;
		t->n = n;
	}
	if (!t->rows[u->index]) {
		t->rows[u->index] = calloc(1, sizeof(struct usage));
	}
	return t->rows[u->index];
}

void usage_read(const struct cgroup_root *root, const char *cgroup, struct usage *ret)
{
	uint64_t cpu_us = cgroup_read_key(root, cgroup, "cpu.stat", "usage_usec");

	*ret = (struct usage) { .values = {
					[USAGE_CPU_NSEC] =
						cpu_us == CGROUP_NOT_SET ? cpu_us : cpu_us * 1000,
					[USAGE_MEMORY_PEAK] =
						cgroup_read_number(root, cgroup, "memory.peak"),
					[USAGE_SWAP_PEAK] = cgroup_read_number(
						root, cgroup, "memory.swap.peak"),
					[USAGE_IO_READ_BYTES] =
						cgroup_read_sum(root, cgroup, "io.stat", "rbytes"),
					[USAGE_IO_WRITE_BYTES] =
						cgroup_read_sum(root, cgroup, "io.stat", "wbytes"),
					[USAGE_IO_READS] =
						cgroup_read_sum(root, cgroup, "io.stat", "rios"),
					[USAGE_IO_WRITES] =
						cgroup_read_sum(root, cgroup, "io.stat", "wios"),
				} };
}

/* "1h 2min 3.456s" */
static void span_text(uint64_t nsec, char *buf, size_t size)
{
	uint64_t ms = nsec / 1000000;
	uint64_t hours = ms / 3600000, minutes = ms / 60000 % 60;
	int n = 0;

	if (hours) {
		n += snprintf(buf + n, size - (size_t)n, "%" PRIu64 "h ", hours);
	}
	if (minutes) {
		n += snprintf(buf + n, size - (size_t)n, "%" PRIu64 "min ", minutes);
	}
	snprintf(
		buf + n, size - (size_t)n, "%" PRIu64 ".%03" PRIu64 "s", ms / 1000 % 60, ms % 1000);
}

/* "12.3M" */
static void size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	unsigned k = 0;

	while (k + 1 < sizeof(units) - 1 && bytes >> (10 * (k + 1))) {
		k++;
	}
	if (k == 0) {
		snprintf(buf, size, "%" PRIu64 "B", bytes);
		return;
	}
	snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%c", bytes >> (10 * k),
		(bytes >> (10 * (k - 1)) & 1023) * 10 / 1024, units[k]);
}

void usage_text(const struct usage *u, char *buf, size_t size)
{
	static const struct {
		enum usage_value value;
		const char *before, *after;
	} parts[] = {
		{ USAGE_CPU_NSEC, "", " CPU time" },
		{ USAGE_MEMORY_PEAK, "", " memory peak" },
		{ USAGE_IO_READ_BYTES, "read ", " from disk" },
		{ USAGE_IO_WRITE_BYTES, "written ", " to disk" },
	};
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		uint64_t value = u->values[parts[i].value];
		bool first = n == 0;
		char text[48];

		if (value == CGROUP_NOT_SET || n >= size) {
			continue;
		}
		if (parts[i].value == USAGE_CPU_NSEC) {
			span_text(value, text, sizeof(text));
		} else {
			size_text(value, text, sizeof(text));
		}
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s%s", first ? "Consumed " : ", ",
			parts[i].before, text, parts[i].after);
	}
	if (n && n < size) {
		snprintf(buf + n, size - n, ".");
	}
}

int usage_level(const struct usage *u)
{
	int level = LOG_DEBUG;

	for (size_t i = 0; i < ELEMENTSOF(bounds); i++) {
		uint64_t value = u->values[bounds[i].value];

		if (value == CGROUP_NOT_SET || value <= bounds[i].worth_mention) {
			continue;
		}
		if (value > bounds[i].worth_notice) {
			return LOG_NOTICE;
		}
		level = LOG_INFO;
	}
	return level;
}

/* Of two looks at one run, the second of which may be at a fresh cgroup. */
static void keep_greater(struct usage *to, const struct usage *from)
{
	for (size_t i = 0; i < USAGE_COUNT; i++) {
		if (to->values[i] == CGROUP_NOT_SET ||
			(from->values[i] != CGROUP_NOT_SET && from->values[i] > to->values[i])) {
			to->values[i] = from->values[i];
		}
	}
}

static bool has_cgroup(const struct unit *u)
{
	return u->is_service && shell_unit_cgroup(u) && u->slot != WIRE_SLOT_NONE &&
	       !(u->slot_flags & WIRE_SLOT_BARE);
}

void usage_look(struct shell *s, const struct unit *u)
{
	struct usage *row = has_cgroup(u) ? row_of(&s->usage, u) : NULL;
	struct usage now;

	if (!row) {
		return;
	}
	usage_read(&s->cgroup, shell_unit_cgroup(u), &now);
	if (row->begun) {
		keep_greater(&now, row);
	}
	now.begun = true;
	*row = now;
}

void usage_begin(struct shell *s, const struct unit *u)
{
	if (u->index < s->usage.n && s->usage.rows[u->index]) {
		s->usage.rows[u->index]->begun = false;
	}
}

void usage_end(struct shell *s, const struct unit *u)
{
	struct usage now;
	struct usage *row;

	if (!has_cgroup(u)) {
		return;
	}
	usage_read(&s->cgroup, shell_unit_cgroup(u), &now);
	row = row_of(&s->usage, u);
	if (row && row->begun) {
		keep_greater(&now, row);
	}
	now.begun = false;
	if (row) {
		*row = now;
	}
	unitlog_usage(s, u, &now);
}
