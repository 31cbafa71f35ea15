// SPDX-License-Identifier: MIT
#include "devicedb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"

#define BLANKS " \t"

static bool line_is(const char *line, size_t n, const char *text)
{
	return strlen(text) == n && strncmp(line, text, n) == 0;
}

/* "E:KEY=VALUE": a copy of the value goes where it belongs. */
static int take_property(const char *line, size_t n, struct devicedb_facts *f, bool *not_ready)
{
	static const char alias[] = "E:SYSTEMD_ALIAS=", wants[] = "E:SYSTEMD_WANTS=";
	size_t skip = sizeof(alias) - 1; /* the two are of one length */
	char **to = NULL;

	if (line_is(line, n, "E:SYSTEMD_READY=0")) {
		*not_ready = true;
		return 0;
	}
	if (n >= skip && strncmp(line, alias, skip) == 0) {
		to = &f->aliases;
	} else if (n >= skip && strncmp(line, wants, skip) == 0) {
		to = &f->wants;
	}
	if (!to) {
		return 0;
	}
	free(*to);
	*to = strndup(line + skip, n - skip);
	return *to ? 0 : -ENOMEM;
}

int devicedb_parse(const char *text, struct devicedb_facts *ret)
{
	AUTO(devicedb_fini) struct devicedb_facts f = { 0 };
	bool current_known = false, current = false, sticky = false, not_ready = false;

	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		int r = n > 2 && at[0] == 'E' ? take_property(at, n, &f, &not_ready) : 0;

		if (r < 0) {
			return r;
		}
		/* Q: has the tags of now, G: all that there ever were; older ones have G: only. */
		current_known = current_known || strncmp(at, "Q:", 2) == 0;
		current = current || line_is(at, n, "Q:systemd");
		sticky = sticky || line_is(at, n, "G:systemd");
		at += n + (at[n] == '\n');
	}
	f.tagged = current_known ? current : sticky;
	f.ready = f.tagged && !not_ready;
	*ret = f;
	f = (struct devicedb_facts) { 0 };
	return 0;
}

void devicedb_fini(struct devicedb_facts *f)
{
	free(f->aliases);
	free(f->wants);
	*f = (struct devicedb_facts) { 0 };
}

bool devicedb_next_word(const char **cursor, char *buf, size_t size)
{
	while (*cursor && **cursor) {
		const char *word = *cursor + strspn(*cursor, BLANKS);
		size_t n = strcspn(word, BLANKS);

		*cursor = word + n;
		if (n > 0 && n < size) {
			memcpy(buf, word, n);
			buf[n] = '\0';
			return true;
		}
	}
	return false;
}

bool devicedb_has_word(const char *words, const char *word)
{
	char buf[LIMIT_PATH];

	while (devicedb_next_word(&words, buf, sizeof(buf))) {
		if (strcmp(buf, word) == 0) {
			return true;
		}
	}
	return false;
}

int devicedb_path_of_unit(const char *unit, char *buf, size_t size)
{
	static const char suffix[] = ".device";
	char stem[LIMIT_UNIT_NAME];
	size_t n = strlen(unit);

	if (n < sizeof(suffix) || n >= sizeof(stem) ||
		strcmp(unit + n - (sizeof(suffix) - 1), suffix) != 0) {
		return -EINVAL;
	}
	n -= sizeof(suffix) - 1;
	memcpy(stem, unit, n);
	stem[n] = '\0';
	return unit_name_unescape_path(stem, buf, size);
}

int devicedb_id_of_node(mode_t mode, dev_t rdev, char buf[DEVICEDB_ID])
{
	if (!S_ISBLK(mode) && !S_ISCHR(mode)) {
		return -EINVAL;
	}
	snprintf(buf, DEVICEDB_ID, "%c%u:%u", S_ISBLK(mode) ? 'b' : 'c', major(rdev), minor(rdev));
	return 0;
}
