// SPDX-License-Identifier: MIT
/*
 * The plans half of a catalogue: one sealed memfd that supd-load makes, supd-init maps and
 * indexes, and supd-launch maps and decodes one entry of. Immutable once made.
 *
 *   struct catalogue_header
 *   struct catalogue_unit  [n_units]     at units_offset
 *   struct catalogue_entry [n_entries]   at entries_offset
 *   blobs: encoded plans (plan.h) and BPF programs, anywhere after, 8-aligned
 *   strings: NUL-terminated
 *
 * Every offset is from the start of the memfd. supd-init calls catalogue_open() once, which checks
 * every offset, length, name and path; from then on the accessors cannot fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/limits.h"
#include "tlv.h"

#define CATALOGUE_MAGIC   0x6c746163u /* "catl" */
#define CATALOGUE_VERSION 1u
#define CATALOGUE_NONE    UINT32_MAX

/* mtime and size of a file; a plan that names users is stale when they have changed. */
struct file_stamp {
	uint64_t mtime_ns;
	uint64_t size;
	uint64_t inode;
};

struct catalogue_header {
	uint32_t magic;
	uint32_t version;
	uint64_t size; /* of the whole memfd */
	uint64_t units_offset;
	uint64_t entries_offset;
	uint32_t n_units;
	uint32_t n_entries;
	struct file_stamp passwd;
	struct file_stamp group;
};

/* What supd-init must know of a unit without decoding a plan. */
enum catalogue_unit_flags {
	CATALOGUE_UNIT_NOTIFY = 1 << 0, /* has a notify socket */
	CATALOGUE_UNIT_LOG = 1 << 1,    /* a standard stream goes to the log */
	CATALOGUE_UNIT_HOLD = 1 << 2,   /* several commands: namespaces are kept in the slot */
	CATALOGUE_UNIT_KEEP_LEFTOVERS = 1 << 3, /* KillMode=process|none: survivors are no error */
	CATALOGUE_UNIT_DELEGATE = 1 << 4,       /* sub-cgroups belong to the unit */
	CATALOGUE_UNIT_MANY = 1 << 5, /* a template: RUN and NOTE give the instance's number */
	CATALOGUE_UNIT_FLAGS_ALL = (1 << 7) - 1,
};

struct catalogue_unit {
	uint64_t name;   /* string offset; unit_name_is_valid() */
	uint64_t cgroup; /* string offset; relative to the delegated root, no "..", no empty part */
	uint32_t flags;
	uint32_t fdstore_max;    /* <= LIMIT_FDSTORE_PER_UNIT */
	uint64_t log_identifier; /* string offset, SyslogIdentifier= or the command's name; 0 = none
				  */
	uint32_t log_priority;   /* facility << 3 | level for lines without a prefix */
	uint32_t log_level_prefix;
	uint64_t
		sockets; /* offset of uint32_t [n_sockets]: units whose sockets it gets, in order */
	uint32_t n_sockets;      /* <= LIMIT_LISTEN_UNITS */
	uint32_t max_per_source; /* MANY: connections of one address at once; 0: no limit */
	uint64_t joins; /* string offset, JoinsNamespaceOf=, both ways: names, a space between;
			   0 = none */
};

/*
 * What a started process is to its slot. A slot has one place each for main, control, health and
 * worker; supd-init refuses RUN for an occupied place.
 */
enum entry_kind {
	ENTRY_MAIN,    /* ExecStart= */
	ENTRY_CONTROL, /* every other Exec line */
	ENTRY_HEALTH,
	ENTRY_WORK, /* CHECK, CLEAN, READPID, BIND, REALIZE …: the worker itself */
	ENTRY_KIND_COUNT,
};

enum catalogue_entry_flags {
	CATALOGUE_ENTRY_CLEAN = 1 << 0,   /* this is the unit's CLEAN: run by RELEASE only */
	CATALOGUE_ENTRY_NSINIT = 1 << 1,  /* supd-nsinit's descriptor is handed to the launcher */
	CATALOGUE_ENTRY_LISTEN = 1 << 2,  /* gets the descriptors of the unit's sockets */
	CATALOGUE_ENTRY_BORN = 1 << 3,    /* the launcher may be born where the service will be */
	CATALOGUE_ENTRY_DISCARD = 1 << 4, /* refused while anything of the unit lives */
	/* … in these, shifted: enum plan_namespaces; only with BORN. */
	CATALOGUE_ENTRY_NS_ALL = 0x7f << 8,
	CATALOGUE_ENTRY_FLAGS_ALL = ((1 << 5) - 1) | CATALOGUE_ENTRY_NS_ALL,
};
#define CATALOGUE_ENTRY_NS_SHIFT 8

struct catalogue_entry {
	uint32_t unit; /* index of its catalogue_unit */
	uint32_t kind; /* enum entry_kind */
	uint32_t flags;
	uint32_t plan_size;
	uint64_t plan; /* offset of the encoded struct plan */
};

struct catalogue {
	const uint8_t *base;
	size_t size;
	const struct catalogue_header *header;
	const struct catalogue_unit *units;
	const struct catalogue_entry *entries;
};

/*
 * Checks size bytes at base (8-aligned, immutable) and fills *ret; nothing is copied or
 * allocated. -EBADMSG with nothing filled when anything is out of place.
 */
int catalogue_open(const void *base, size_t size, struct catalogue *ret);
/*
 * As catalogue_open(), but checks only the header, this entry and its unit: for supd-launch, which
 * reads one entry of a catalogue that supd-init has checked. Only that entry and unit may be used.
 */
int catalogue_open_entry(const void *base, size_t size, uint32_t entry, struct catalogue *ret);

/* Takes the first of names that a space separates; false at their end. */
bool catalogue_next_name(const char **names, char name[LIMIT_UNIT_NAME]);

static inline const char *catalogue_string(const struct catalogue *c, uint64_t offset)
{
	return offset ? (const char *)c->base + offset : NULL;
}

static inline const uint32_t *catalogue_unit_sockets(
	const struct catalogue *c, const struct catalogue_unit *u)
{
	return u->n_sockets ? (const uint32_t *)(c->base + u->sockets) : NULL;
}

/* True for a relative path whose components are none of "", ".", "..", at most LIMIT_CGROUP_PATH.
 */
bool catalogue_cgroup_path_is_valid(const char *path);

/* ---- building (supd-load, tests) ---- */

struct catalogue_builder {
	struct tlv_buf blobs; /* strings and plans; offsets are fixed up at finish */
	struct tlv_buf units;
	struct tlv_buf entries;
	uint32_t n_units;
	uint32_t n_entries;
};

void catalogue_builder_fini(struct catalogue_builder *b);
struct catalogue_unit_spec {
	const char *name;
	const char *cgroup;
	const char *log_identifier; /* may be NULL */
	const char *joins;          /* names with a space between; may be NULL */
	uint32_t flags;
	uint32_t fdstore_max;
	uint32_t log_priority;
	uint32_t log_level_prefix;
	const uint32_t *sockets; /* indices of units, which may be added later */
	uint32_t n_sockets;
	uint32_t max_per_source;
};
/* Each returns the new index, or -ENOMEM, -E2BIG, -EINVAL. */
int64_t catalogue_add_unit(struct catalogue_builder *b, const struct catalogue_unit_spec *spec);
int64_t catalogue_add_entry(struct catalogue_builder *b, uint32_t unit, enum entry_kind kind,
	uint32_t flags, const struct tlv_buf *plan);
/*
 * Appends data 8-aligned to the blobs, unless the same bytes are there already (BPF programs are
 * shared); returns the offset to be stored in a plan as plan.seccomp_offset. *cache is a small
 * hash table of the caller's, zeroed before the first call.
 */
struct catalogue_blob_cache {
	struct {
		uint64_t hash;
		uint64_t offset;
		uint32_t size;
	} rows[64];
};
int64_t catalogue_add_blob(struct catalogue_builder *b, struct catalogue_blob_cache *cache,
	const void *data, size_t size);
/* Writes the whole catalogue to fd (a memfd at offset 0). Blob offsets given out stay true. */
int catalogue_write(struct catalogue_builder *b, const struct file_stamp *passwd,
	const struct file_stamp *group, int fd);
