// SPDX-License-Identifier: MIT
/*
 * Lines about units, oldest first, from supd-log's directory and, where journald is or was in this
 * boot and this supd uses it, from the journal. Follows both.
 */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "ctl.h"

struct log_entry {
	usec_t realtime_us;
	const char *unit, *identifier; /* "" when unknown */
	uint32_t pid, priority;
	const char *message; /* binary; everything here is a service's word */
	size_t size;
};

struct logsource;

/* A back end: each function as the one of logsource_*. */
struct logsource_ops {
	int (*seek)(void *p, usec_t since_us, long lines);
	int (*next)(void *p, struct log_entry *ret);
	int (*wait)(void *p, int timeout_ms);
	int (*fd)(void *p); /* readable when wait() would not wait; -errno */
	void (*free)(void *p);
};

struct logsource {
	const struct logsource_ops *ops;
	void *p;
	usec_t since_us;
};

/* Units' lines (none: of all units). logsource_fini always. -errno. */
int logsource_open(struct logsource *s, struct ctl *c, const struct unit_list *units);
void logsource_fini(struct logsource *s);
/* The last `lines` (-1: all) at or after since_us (0: any time). */
int logsource_seek(struct logsource *s, usec_t since_us, long lines);
/* 1: *ret is valid until the next call; 0: no more for now; -errno. */
int logsource_next(struct logsource *s, struct log_entry *ret);
/* Waits until there may be more; timeout_ms -1: for ever. 0 or 1, -errno. */
int logsource_wait(struct logsource *s, int timeout_ms);

enum log_format {
	LOG_FORMAT_SHORT,
	LOG_FORMAT_CAT,
	LOG_FORMAT_JSON,
};
/* -EINVAL. */
int log_format_from_string(const char *text);
void log_entry_print(FILE *out, const struct log_entry *e, enum log_format format);

/* The back ends. */
int logsource_open_store(struct logsource *s, const char *dir, const struct unit_list *units);
int logsource_open_journal(struct logsource *s, const struct unit_list *units);
/* Makes *s both of them, in the order of time; *other is taken on success. */
int logsource_merge(struct logsource *s, struct logsource *other);
