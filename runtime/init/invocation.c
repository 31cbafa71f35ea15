// SPDX-License-Identifier: MIT
#include "invocation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../plan/logfile.h"
#include "broker.h"
#include "util.h"

#define UNITS_DIR LOGFILE_DIR
#define ID_CHARS  (2 * sizeof(((struct slot *)NULL)->invocation_id) + 1)

static void id_text(const uint8_t *id, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ID_CHARS / 2; i++) {
		ret[2 * i] = digits[id[i] >> 4];
		ret[2 * i + 1] = digits[id[i] & 15];
	}
	ret[ID_CHARS - 1] = '\0';
}

/* Readers see the old link or the new one. */
static int replace_link(const char *text, const char *path)
{
	static const char fresh[] = UNITS_DIR "/.supd-init";

	unlink(fresh);
	return symlink(text, fresh) < 0 || rename(fresh, path) < 0 ? -errno : 0;
}

static int link_path(const struct slot *s, char *buf, size_t size)
{
	const char *const parts[4] = { UNITS_DIR, "/invocation:", s->name, NULL };

	return util_join(buf, size, parts);
}

void invocation_tell(const struct broker *b, uint32_t n)
{
	const struct slot *s = &b->t->slots[n];
	char path[sizeof(UNITS_DIR) + LIMIT_UNIT_NAME + 32];
	char id[ID_CHARS];

	if (!b->machine || link_path(s, path, sizeof(path)) < 0) {
		return;
	}
	id_text(s->invocation_id, id);
	if (symlink(id, path) == 0) {
		return;
	}
	if (errno == ENOENT) {
		mkdir("/run/systemd", 0755);
		mkdir(UNITS_DIR, 0755);
	}
	replace_link(id, path);
}

/* What the unit's launchers have told journald. */
static void forget_log_files(const struct slot *s)
{
	char path[sizeof(UNITS_DIR) + LIMIT_UNIT_NAME + 32] = UNITS_DIR "/";
	size_t n = strlen(path);

	for (unsigned kind = 0; kind < LOGFILE_KIND_COUNT; kind++) {
		if (logfile_name((enum logfile_kind)kind, s->name, path + n, sizeof(path) - n) ==
			0) {
			unlink(path);
		}
	}
}

void invocation_forget(const struct broker *b, uint32_t n)
{
	char path[sizeof(UNITS_DIR) + LIMIT_UNIT_NAME + 32];

	if (b->machine) {
		forget_log_files(&b->t->slots[n]);
	}

	if (b->machine && link_path(&b->t->slots[n], path, sizeof(path)) == 0) {
		unlink(path);
	}
}
