// SPDX-License-Identifier: MIT
/* logsource.h on the journal: units' own lines and root's lines about them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "logsource.h"

struct journal {
	sd_journal *j;
	bool at_first; /* the current entry was not handed out yet */
	char unit[LIMIT_UNIT_NAME], identifier[LIMIT_UNIT_NAME];
};

static int journal_seek(void *p, usec_t since_us, long lines)
{
	struct journal *s = p;
	int r;

	s->at_first = false;
	if (lines < 0) {
		r = since_us ? sd_journal_seek_realtime_usec(s->j, since_us)
			     : sd_journal_seek_head(s->j);
		return r;
	}
	r = sd_journal_seek_tail(s->j);
	if (r >= 0) {
		r = sd_journal_previous_skip(s->j, lines ? (uint64_t)lines : 1);
	}
	if (r == 0) {
		/* Nothing goes forward from a tail without entries; all that comes is new. */
		return sd_journal_seek_head(s->j);
	}
	s->at_first = r > 0 && lines > 0;
	return r < 0 ? r : 0;
}

/* Value of a field of the current entry; {NULL, 0} without it. */
static const char *field(struct journal *s, const char *name, size_t *ret_size)
{
	const void *data;
	size_t size, skip = strlen(name) + 1;

	if (sd_journal_get_data(s->j, name, &data, &size) < 0 || size < skip) {
		*ret_size = 0;
		return NULL;
	}
	*ret_size = size - skip;
	return (const char *)data + skip;
}

static void copy_field(struct journal *s, const char *name, char buf[LIMIT_UNIT_NAME])
{
	size_t size;
	const char *value = field(s, name, &size);

	if (value && size < LIMIT_UNIT_NAME) {
		memcpy(buf, value, size);
		buf[size] = '\0';
	}
}

static uint32_t number_field(struct journal *s, const char *name, uint32_t otherwise)
{
	char text[LIMIT_UNIT_NAME] = "";
	uint32_t n = otherwise;

	copy_field(s, name, text);
	return number_parse_u32(text, &n) == 0 ? n : otherwise;
}

static int journal_next(void *p, struct log_entry *ret)
{
	struct journal *s = p;
	int r = s->at_first ? 1 : sd_journal_next(s->j);

	s->at_first = false;
	if (r <= 0) {
		return r;
	}
	*ret = (struct log_entry) { .unit = s->unit, .identifier = s->identifier };
	s->unit[0] = s->identifier[0] = '\0';
	copy_field(s, "_SYSTEMD_UNIT", s->unit);
	copy_field(s, "UNIT", s->unit);
	copy_field(s, "SYSLOG_IDENTIFIER", s->identifier);
	ret->pid = number_field(s, "_PID", 0);
	ret->priority = number_field(s, "PRIORITY", 6);
	ret->message = field(s, "MESSAGE", &ret->size);
	r = sd_journal_get_realtime_usec(s->j, &ret->realtime_us);
	if (!ret->message) {
		ret->message = "";
	}
	return r < 0 ? r : 1;
}

static int journal_wait(void *p, int timeout_ms)
{
	struct journal *s = p;
	uint64_t timeout = timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * USEC_PER_MSEC;
	int r = sd_journal_wait(s->j, timeout);

	return r < 0 ? r : r != SD_JOURNAL_NOP;
}

static int journal_fd(void *p)
{
	struct journal *s = p;

	return sd_journal_get_fd(s->j);
}

static void journal_free(void *p)
{
	struct journal *s = p;

	if (s) {
		sd_journal_close(s->j);
		free(s);
	}
}

static const struct logsource_ops journal_ops = { journal_seek, journal_next, journal_wait,
	journal_fd, journal_free };

/* (_SYSTEMD_UNIT=unit) or (UNIT=unit and _UID=0): anybody may claim UNIT=. */
static int match_unit(sd_journal *j, const char *unit)
{
	char text[LIMIT_UNIT_NAME + sizeof("_SYSTEMD_UNIT=")];
	int r;

	snprintf(text, sizeof(text), "_SYSTEMD_UNIT=%s", unit);
	if ((r = sd_journal_add_match(j, text, 0)) < 0 || (r = sd_journal_add_disjunction(j)) < 0) {
		return r;
	}
	snprintf(text, sizeof(text), "UNIT=%s", unit);
	if ((r = sd_journal_add_match(j, text, 0)) < 0 ||
		(r = sd_journal_add_match(j, "_UID=0", 0)) < 0) {
		return r;
	}
	return sd_journal_add_disjunction(j);
}

static void journal_auto(struct journal **s)
{
	journal_free(*s);
}

int logsource_open_journal(struct logsource *s, const struct unit_list *units)
{
	AUTO(journal_auto) struct journal *own = calloc(1, sizeof(*own));
	int r;

	if (!own) {
		return -ENOMEM;
	}
	r = sd_journal_open(&own->j, SD_JOURNAL_LOCAL_ONLY);
	if (r < 0) {
		own->j = NULL;
		return r;
	}
	for (size_t i = 0; r >= 0 && i < units->n; i++) {
		r = match_unit(own->j, units->names[i]);
	}
	if (r < 0) {
		return r;
	}
	*s = (struct logsource) { .ops = &journal_ops, .p = TAKE_PTR(own) };
	return 0;
}
