// SPDX-License-Identifier: MIT
#include "catalogue.h"

#include <errno.h>
#include <string.h>

#include "../base/fd.h"
#include "../base/hash.h"
#include "../base/limits.h"
#include "../base/unitname.h"
#include "plan.h"

/* Blobs start right behind the header, so that their offsets are known while they are added. */
#define BLOBS_OFFSET ((sizeof(struct catalogue_header) + 7) & ~(size_t)7)

_Static_assert(sizeof(struct catalogue_unit) % 8 == 0, "units are 8-aligned");
_Static_assert(sizeof(struct catalogue_entry) % 8 == 0, "entries are 8-aligned");

/* ---- reading ---- */

/* A NUL-terminated string that lies within the memory, of at most max bytes with its NUL. */
static const char *string_at(const struct catalogue *c, uint64_t offset, size_t max)
{
	size_t room;

	if (offset < BLOBS_OFFSET || offset >= c->size) {
		return NULL;
	}
	room = c->size - offset;
	if (!memchr(c->base + offset, 0, room < max ? room : max)) {
		return NULL;
	}
	return (const char *)c->base + offset;
}

bool catalogue_cgroup_path_is_valid(const char *path)
{
	size_t total = strnlen(path, LIMIT_CGROUP_PATH);

	if (total == 0 || total >= LIMIT_CGROUP_PATH) {
		return false;
	}
	for (const char *p = path;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) {
			return false;
		}
		if (!p[n]) {
			return true;
		}
		p += n + 1;
	}
}

static bool table_fits(const struct catalogue *c, uint64_t offset, uint64_t n, size_t size)
{
	return offset % 8 == 0 && offset >= BLOBS_OFFSET && offset <= c->size &&
	       n <= (c->size - offset) / size;
}

static bool sockets_are_valid(const struct catalogue *c, const struct catalogue_unit *u)
{
	if (u->n_sockets > LIMIT_LISTEN_UNITS ||
		(u->n_sockets && !table_fits(c, u->sockets, u->n_sockets, sizeof(uint32_t)))) {
		return false;
	}
	for (uint32_t i = 0; i < u->n_sockets; i++) {
		if (catalogue_unit_sockets(c, u)[i] >= c->header->n_units) {
			return false;
		}
	}
	return true;
}

bool catalogue_next_name(const char **names, char name[LIMIT_UNIT_NAME])
{
	size_t n = strcspn(*names, " ");

	if (n == 0 || n >= LIMIT_UNIT_NAME) {
		return false;
	}
	memcpy(name, *names, n);
	name[n] = '\0';
	*names += n + ((*names)[n] == ' ');
	return true;
}

static bool names_are_valid(const char *names)
{
	char name[LIMIT_UNIT_NAME];

	while (names && catalogue_next_name(&names, name)) {
		if (!unit_name_is_valid(name)) {
			return false;
		}
	}
	return names && !*names;
}

static bool unit_is_valid(const struct catalogue *c, const struct catalogue_unit *u)
{
	const char *name = string_at(c, u->name, LIMIT_UNIT_NAME);
	const char *cgroup = string_at(c, u->cgroup, LIMIT_CGROUP_PATH);

	if (!name || !unit_name_is_valid(name) || !cgroup ||
		!catalogue_cgroup_path_is_valid(cgroup)) {
		return false;
	}
	if (u->log_identifier && !string_at(c, u->log_identifier, LIMIT_LOG_IDENTIFIER)) {
		return false;
	}
	if (u->joins && !names_are_valid(string_at(c, u->joins, LIMIT_JOINS))) {
		return false;
	}
	if ((u->flags & CATALOGUE_UNIT_MANY) && unit_name_classify(name) != UNIT_NAME_TEMPLATE) {
		return false;
	}
	return sockets_are_valid(c, u) && (u->flags & ~(uint32_t)CATALOGUE_UNIT_FLAGS_ALL) == 0 &&
	       u->max_per_source <= LIMIT_CONNECTIONS && u->fdstore_max <= LIMIT_FDSTORE_PER_UNIT;
}

/* Namespaces are given with BORN only, and never a user namespace: its maps are written by others.
 */
static bool birth_is_valid(const struct catalogue_entry *e)
{
	uint32_t namespaces =
		(e->flags & (uint32_t)CATALOGUE_ENTRY_NS_ALL) >> CATALOGUE_ENTRY_NS_SHIFT;

	return e->flags & CATALOGUE_ENTRY_BORN ? !(namespaces & PLAN_NS_USER) : namespaces == 0;
}

static bool entry_is_valid(const struct catalogue *c, const struct catalogue_entry *e)
{
	return e->unit < c->header->n_units && e->kind < ENTRY_KIND_COUNT &&
	       (e->flags & ~(uint32_t)CATALOGUE_ENTRY_FLAGS_ALL) == 0 && birth_is_valid(e) &&
	       e->plan_size <= LIMIT_PLAN_BYTES && e->plan_size % 4 == 0 &&
	       table_fits(c, e->plan, e->plan_size, 1);
}

static int open_header(const void *base, size_t size, struct catalogue *ret)
{
	struct catalogue c = { .base = base, .size = size, .header = base };

	if (size < sizeof(*c.header) || size > LIMIT_CATALOGUE_BYTES || (uintptr_t)base % 8) {
		return -EBADMSG;
	}
	if (c.header->magic != CATALOGUE_MAGIC || c.header->version != CATALOGUE_VERSION ||
		c.header->size != size || c.header->n_units > LIMIT_UNITS ||
		c.header->n_entries > LIMIT_ENTRIES) {
		return -EBADMSG;
	}
	if (!table_fits(&c, c.header->units_offset, c.header->n_units, sizeof(*c.units)) ||
		!table_fits(
			&c, c.header->entries_offset, c.header->n_entries, sizeof(*c.entries))) {
		return -EBADMSG;
	}
	c.units = (const void *)(c.base + c.header->units_offset);
	c.entries = (const void *)(c.base + c.header->entries_offset);
	*ret = c;
	return 0;
}

int catalogue_open(const void *base, size_t size, struct catalogue *ret)
{
	struct catalogue c;
	int r = open_header(base, size, &c);

	if (r < 0) {
		return r;
	}
	for (uint32_t i = 0; i < c.header->n_units; i++) {
		if (!unit_is_valid(&c, &c.units[i])) {
			return -EBADMSG;
		}
	}
	for (uint32_t i = 0; i < c.header->n_entries; i++) {
		if (!entry_is_valid(&c, &c.entries[i])) {
			return -EBADMSG;
		}
	}
	*ret = c;
	return 0;
}

int catalogue_open_entry(const void *base, size_t size, uint32_t entry, struct catalogue *ret)
{
	struct catalogue c;
	int r = open_header(base, size, &c);

	if (r < 0) {
		return r;
	}
	if (entry >= c.header->n_entries || !entry_is_valid(&c, &c.entries[entry]) ||
		!unit_is_valid(&c, &c.units[c.entries[entry].unit])) {
		return -EBADMSG;
	}
	*ret = c;
	return 0;
}

/* ---- building ---- */

void catalogue_builder_fini(struct catalogue_builder *b)
{
	tlv_buf_fini(&b->blobs);
	tlv_buf_fini(&b->units);
	tlv_buf_fini(&b->entries);
}

static uint64_t add_bytes(struct catalogue_builder *b, const void *data, size_t size)
{
	static const uint8_t zero[7];
	uint64_t offset;

	tlv_buf_append(&b->blobs, zero, (8 - b->blobs.len % 8) % 8);
	offset = BLOBS_OFFSET + b->blobs.len;
	tlv_buf_append(&b->blobs, data, size);
	return offset;
}

int64_t catalogue_add_unit(struct catalogue_builder *b, const struct catalogue_unit_spec *spec)
{
	struct catalogue_unit unit = {
		.flags = spec->flags,
		.fdstore_max = spec->fdstore_max,
		.log_priority = spec->log_priority,
		.log_level_prefix = spec->log_level_prefix,
		.n_sockets = spec->n_sockets,
		.max_per_source = spec->max_per_source,
	};

	if (!unit_name_is_valid(spec->name) || !catalogue_cgroup_path_is_valid(spec->cgroup) ||
		spec->fdstore_max > LIMIT_FDSTORE_PER_UNIT ||
		spec->n_sockets > LIMIT_LISTEN_UNITS ||
		(spec->log_identifier && strlen(spec->log_identifier) >= LIMIT_LOG_IDENTIFIER)) {
		return -EINVAL;
	}
	if (b->n_units >= LIMIT_UNITS) {
		return -E2BIG;
	}
	unit.name = add_bytes(b, spec->name, strlen(spec->name) + 1);
	unit.cgroup = add_bytes(b, spec->cgroup, strlen(spec->cgroup) + 1);
	if (spec->log_identifier) {
		unit.log_identifier =
			add_bytes(b, spec->log_identifier, strlen(spec->log_identifier) + 1);
	}
	if (spec->joins && *spec->joins && strlen(spec->joins) < LIMIT_JOINS) {
		unit.joins = add_bytes(b, spec->joins, strlen(spec->joins) + 1);
	}
	if (spec->n_sockets) {
		unit.sockets = add_bytes(b, spec->sockets, spec->n_sockets * sizeof(uint32_t));
	}
	tlv_buf_append(&b->units, &unit, sizeof(unit));
	if (b->blobs.error || b->units.error) {
		return -ENOMEM;
	}
	return b->n_units++;
}

int64_t catalogue_add_entry(struct catalogue_builder *b, uint32_t unit, enum entry_kind kind,
	uint32_t flags, const struct tlv_buf *plan)
{
	struct catalogue_entry entry = { .unit = unit, .kind = kind, .flags = flags };

	if (unit >= b->n_units || plan->error) {
		return -EINVAL;
	}
	if (plan->len > LIMIT_PLAN_BYTES || b->n_entries >= LIMIT_ENTRIES) {
		return -E2BIG;
	}
	entry.plan_size = (uint32_t)plan->len;
	entry.plan = add_bytes(b, plan->data, plan->len);
	tlv_buf_append(&b->entries, &entry, sizeof(entry));
	if (b->blobs.error || b->entries.error) {
		return -ENOMEM;
	}
	return b->n_entries++;
}

int64_t catalogue_add_blob(struct catalogue_builder *b, struct catalogue_blob_cache *cache,
	const void *data, size_t size)
{
	uint64_t hash = hash_bytes(HASH_START, data, size);
	size_t row = hash % (sizeof(cache->rows) / sizeof(cache->rows[0]));
	uint64_t offset = cache->rows[row].offset;

	if (offset && cache->rows[row].hash == hash && cache->rows[row].size == size &&
		memcmp(b->blobs.data + offset - BLOBS_OFFSET, data, size) == 0) {
		return (int64_t)offset;
	}
	offset = add_bytes(b, data, size);
	if (b->blobs.error) {
		return b->blobs.error;
	}
	cache->rows[row].hash = hash;
	cache->rows[row].offset = offset;
	cache->rows[row].size = (uint32_t)size;
	return (int64_t)offset;
}

int catalogue_write(struct catalogue_builder *b, const struct file_stamp *passwd,
	const struct file_stamp *group, int fd)
{
	static const uint8_t zero[8];
	size_t blobs_pad = (8 - b->blobs.len % 8) % 8;
	struct catalogue_header header = {
		.magic = CATALOGUE_MAGIC,
		.version = CATALOGUE_VERSION,
		.units_offset = BLOBS_OFFSET + b->blobs.len + blobs_pad,
		.n_units = b->n_units,
		.n_entries = b->n_entries,
		.passwd = *passwd,
		.group = *group,
	};
	const struct {
		const void *data;
		size_t size;
	} parts[] = {
		{ &header, sizeof(header) },
		{ zero, BLOBS_OFFSET - sizeof(header) },
		{ b->blobs.data, b->blobs.len },
		{ zero, blobs_pad },
		{ b->units.data, b->units.len },
		{ b->entries.data, b->entries.len },
	};

	header.entries_offset = header.units_offset + b->units.len;
	header.size = header.entries_offset + b->entries.len;
	if (header.size > LIMIT_CATALOGUE_BYTES) {
		return -E2BIG;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = fd_write_full(fd, parts[i].data, parts[i].size);

		if (r < 0) {
			return r;
		}
	}
	return 0;
}
