// SPDX-License-Identifier: MIT
/* logsource.h on supd-log's directory. */
#include "../log/logread.h"
#include "logsource.h"

static int store_seek(void *p, usec_t since_us, long lines)
{
	if (lines >= 0) {
		return log_reader_seek_tail(p, (uint64_t)lines);
	}
	return since_us ? log_reader_seek_realtime(p, since_us) : log_reader_seek_head(p);
}

static int store_next(void *p, struct log_entry *ret)
{
	struct log_record record;
	int r = log_reader_next(p, &record);

	if (r <= 0) {
		return r;
	}
	*ret = (struct log_entry) {
		.realtime_us = record.realtime_us,
		.unit = record.unit,
		.identifier = record.identifier,
		.pid = record.pid,
		.priority = record.priority,
		.message = record.message,
		.size = record.message_size,
	};
	return 1;
}

static int store_wait(void *p, int timeout_ms)
{
	return log_reader_wait(p, timeout_ms);
}

static int store_fd(void *p)
{
	return log_reader_fd(p);
}

static void store_free(void *p)
{
	log_reader_free(p);
}

static const struct logsource_ops store_ops = { store_seek, store_next, store_wait, store_fd,
	store_free };

int logsource_open_store(struct logsource *s, const char *dir, const struct unit_list *units)
{
	AUTO(log_reader_free_auto) struct log_reader *reader = NULL;
	int r = log_reader_new(dir, &reader);

	if (r >= 0 && units->n == 0) {
		r = log_reader_add_all(reader);
	}
	for (size_t i = 0; r >= 0 && i < units->n; i++) {
		r = log_reader_add_unit(reader, units->names[i]);
	}
	if (r < 0) {
		return r;
	}
	*s = (struct logsource) { .ops = &store_ops, .p = TAKE_PTR(reader) };
	return 0;
}
