// SPDX-License-Identifier: MIT
/* LogLevelMax=, LogExtraFields= and LogRateLimit…=: files that journald reads. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "compile.h"

static int add(struct compile_unit *cu, enum logfile_kind kind, const char *setting,
	const struct plan_log_file *file)
{
	struct plan_log_file *row =
		compile_array_push(cu->c->arena, &cu->base.log_files, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = *file;
	row->kind = kind;
	row->origin = unit_setting_origin(cu->unit, setting);
	return 0;
}

static int add_number(
	struct compile_unit *cu, enum logfile_kind kind, const char *setting, uint64_t value)
{
	const struct plan_log_file file = {
		.text = arena_printf(cu->c->arena, "%" PRIu64, value),
	};

	return file.text ? add(cu, kind, setting, &file) : -ENOMEM;
}

/* Each as its length and its bytes. */
static int add_fields(struct compile_unit *cu)
{
	const struct unit_item *fields = cu->unit->exec->log_fields.items;
	size_t n = 0, size = 0;
	struct plan_log_file file = { 0 };
	uint8_t *to;

	for (size_t i = 0; i < cu->unit->exec->log_fields.n; i++) {
		size += sizeof(uint64_t) + strlen(fields[i].text);
	}
	if (size > LIMIT_LOG_FIELDS) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "LogExtraFields"),
			"LogExtraFields= has more than %u bytes", LIMIT_LOG_FIELDS);
	}
	to = arena_alloc(cu->c->arena, size);
	if (!to) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cu->unit->exec->log_fields.n; i++) {
		size_t length = strlen(fields[i].text);

		for (unsigned k = 0; k < sizeof(uint64_t); k++) {
			to[n++] = (uint8_t)(length >> (8 * k));
		}
		memcpy(to + n, fields[i].text, length);
		n += length;
	}
	file.data.data = to;
	file.data.n = (uint32_t)size;
	return add(cu, LOGFILE_EXTRA_FIELDS, "LogExtraFields", &file);
}

int compile_log(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	int r = 0;

	cu->base.log_namespace = e->log_namespace;
	if (e->log_level_max) {
		r = add_number(cu, LOGFILE_LEVEL_MAX, "LogLevelMax", e->log_level_max - 1);
	}
	if (r == 0 && e->log_rate_interval.set) {
		r = add_number(cu, LOGFILE_RATE_INTERVAL, "LogRateLimitIntervalSec",
			e->log_rate_interval.value);
	}
	if (r == 0 && e->log_rate_burst.set) {
		r = add_number(
			cu, LOGFILE_RATE_BURST, "LogRateLimitBurst", e->log_rate_burst.value);
	}
	return r == 0 && e->log_fields.n ? add_fields(cu) : r;
}
