// SPDX-License-Identifier: MIT
#include "logsource.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "text.h"

#define DEFAULT_LOG_DIR "/var/log/supd"

#define JOURNAL_NATIVE  "/run/systemd/journal/socket"

/* Is or was journald there, and does this supd use it? One that cannot be asked uses it. */
static bool has_journal(struct ctl *c)
{
	int use = 1;

	if (access(JOURNAL_NATIVE, F_OK) < 0) {
		return false;
	}
	if (ctl_try_connect(c) >= 0) {
		(void)sd_bus_get_property_trivial(
			c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "UseJournald", NULL, 'b', &use);
	}
	return use;
}

/* supd-init's link to it, which is there whether supd answers or not. The caller frees. */
static char *linked_dir(struct ctl *c)
{
	AUTO_FREE char *link = NULL;
	char dir[LIMIT_PATH];
	ssize_t n;

	if (asprintf(&link, "%s/log/store", c->o.runtime_dir) < 0) {
		link = NULL;
		return NULL;
	}
	n = readlink(link, dir, sizeof(dir));
	return n > 0 && (size_t)n < sizeof(dir) && dir[0] == '/' ? strndup(dir, (size_t)n) : NULL;
}

/* The directory: --log-dir, supd-init's link, what supd says, the default. The caller frees. */
static char *store_dir(struct ctl *c)
{
	AUTO_FREE char *dir = c->o.log_dir ? strdup(c->o.log_dir) : linked_dir(c);

	if (c->o.log_dir || dir) {
		return TAKE_PTR(dir);
	}
	if (ctl_try_connect(c) >= 0 &&
		sd_bus_get_property_string(
			c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "LogDir", NULL, &dir) >= 0 &&
		dir[0] == '/') {
		return TAKE_PTR(dir);
	}
	return strdup(DEFAULT_LOG_DIR);
}

/* The journal knows no "all units of this supd": they are asked for. */
static int open_journal(struct logsource *s, struct ctl *c, const struct unit_list *units)
{
	AUTO(unit_list_fini) struct unit_list all = { 0 };
	static char *const any[] = { (char *)"*", NULL };

	if (units->n) {
		return logsource_open_journal(s, units);
	}
	if (ctl_expand(c, 1, any, &all) != 0) {
		return -ENOTCONN;
	}
	return all.n ? logsource_open_journal(s, &all) : -ENOENT;
}

static int open_store(struct logsource *s, struct ctl *c, const struct unit_list *units)
{
	AUTO_FREE char *dir = store_dir(c);

	return dir ? logsource_open_store(s, dir, units) : -ENOMEM;
}

int logsource_open(struct logsource *s, struct ctl *c, const struct unit_list *units)
{
	AUTO(logsource_fini) struct logsource store = { .ops = NULL };
	int r;

	*s = (struct logsource) { .ops = NULL };
	if (c->o.log_dir || !has_journal(c) || open_journal(s, c, units) < 0) {
		return open_store(s, c, units);
	}
	/* Who may read the journal only, or never had supd-log, reads the journal. */
	r = open_store(&store, c, units);
	return r < 0 ? 0 : logsource_merge(s, &store);
}

void logsource_fini(struct logsource *s)
{
	if (s->ops) {
		s->ops->free(s->p);
	}
	*s = (struct logsource) { .ops = NULL };
}

int logsource_seek(struct logsource *s, usec_t since_us, long lines)
{
	s->since_us = since_us;
	return s->ops->seek(s->p, since_us, lines);
}

int logsource_next(struct logsource *s, struct log_entry *ret)
{
	int r;

	do {
		r = s->ops->next(s->p, ret);
	} while (r > 0 && ret->realtime_us < s->since_us);
	return r;
}

int logsource_wait(struct logsource *s, int timeout_ms)
{
	return s->ops->wait(s->p, timeout_ms);
}

int log_format_from_string(const char *text)
{
	static const char *const names[] = {
		[LOG_FORMAT_SHORT] = "short", [LOG_FORMAT_CAT] = "cat", [LOG_FORMAT_JSON] = "json"
	};

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcmp(names[i], text) == 0) {
			return (int)i;
		}
	}
	return -EINVAL;
}

static void print_short(FILE *out, const struct log_entry *e)
{
	time_t seconds = (time_t)(e->realtime_us / USEC_PER_SEC);
	char host[64] = "localhost", when[32] = "";
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	if (localtime_r(&seconds, &tm)) {
		strftime(when, sizeof(when), "%b %d %H:%M:%S", &tm);
	}
	fprintf(out, "%s %s ", when, host);
	text_puts(out, *e->identifier ? e->identifier : *e->unit ? e->unit : "unknown");
	if (e->pid) {
		fprintf(out, "[%u]", e->pid);
	}
	fputs(": ", out);
}

/* journalctl's field names, so that what reads its JSON reads this. */
static void print_json(FILE *out, const struct log_entry *e)
{
	struct json j;
	char number[24];

	json_init(&j, out);
	json_object(&j, NULL);
	snprintf(number, sizeof(number), "%" PRIu64, e->realtime_us);
	json_string(&j, "__REALTIME_TIMESTAMP", number);
	json_string(&j, "UNIT", e->unit);
	json_string(&j, "SYSLOG_IDENTIFIER", e->identifier);
	snprintf(number, sizeof(number), "%u", e->pid);
	json_string(&j, "_PID", number);
	snprintf(number, sizeof(number), "%u", e->priority);
	json_string(&j, "PRIORITY", number);
	json_string_n(&j, "MESSAGE", e->message, e->size);
	json_end(&j);
}

void log_entry_print(FILE *out, const struct log_entry *e, enum log_format format)
{
	switch (format) {
	case LOG_FORMAT_JSON:
		print_json(out, e);
		return;
	case LOG_FORMAT_SHORT:
		print_short(out, e);
		text_print(out, e->message, e->size, 0);
		break;
	case LOG_FORMAT_CAT:
		text_print(out, e->message, e->size, TEXT_KEEP_LINES);
		break;
	}
	putc('\n', out);
}
