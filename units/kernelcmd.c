// SPDX-License-Identifier: MIT
#include "kernelcmd.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "../runtime/base/unitname.h"
#include "values.h"

#define WORD_MAX 512u

struct state {
	struct diagnostics *d;
	struct settings *s;
};

static void warn(struct state *st, const char *what, const char *word)
{
	static const struct diag_place place = { .file = "/proc/cmdline" };

	diag_add(st->d, &place, SEVERITY_WARNING, "%s: '%.200s'", what, word);
}

static bool takes_unit(struct state *st, const char *value, uint32_t n, uint32_t max)
{
	if (!unit_name_is_valid(value)) {
		warn(st, "not a unit name", value);
		return false;
	}
	if (n >= max) {
		warn(st, "too many units on the kernel command line; left out", value);
		return false;
	}
	return true;
}

static void take_unit(struct state *st, const char *value)
{
	struct settings *s = st->s;

	if (takes_unit(st, value, 0, 1)) {
		memcpy(s->units[0], value, strlen(value) + 1);
		s->n_units = s->n_units ? s->n_units : 1;
	}
}

static void take_wants(struct state *st, const char *value)
{
	struct settings *s = st->s;

	if (s->n_units == 0) {
		take_unit(st, "default.target");
	}
	if (takes_unit(st, value, s->n_units, SETTINGS_UNITS)) {
		memcpy(s->units[s->n_units++], value, strlen(value) + 1);
	}
}

static void take_mask(struct state *st, const char *value)
{
	struct settings *s = st->s;

	if (takes_unit(st, value, s->n_masks, SETTINGS_MASKS)) {
		memcpy(s->masks[s->n_masks++], value, strlen(value) + 1);
	}
}

static void take_level(struct state *st, const char *value)
{
	int level = value_level_from_name(value);

	if (level < 0) {
		warn(st, "not a log level", value);
	} else {
		st->s->log_level = (uint32_t)level;
	}
}

static void take_watchdog(struct state *st, const char *value)
{
	if (value_parse_timespan(value, 1000000, &st->s->runtime_watchdog_us) < 0) {
		warn(st, "not a time span", value);
	}
}

static const struct {
	const char *key; /* after "supd." or "systemd." */
	void (*take)(struct state *st, const char *value);
} keys[] = {
	{ "unit", take_unit },
	{ "wants", take_wants },
	{ "mask", take_mask },
	{ "log_level", take_level },
	{ "watchdog_sec", take_watchdog },
};

static const struct {
	const char *word;
	const char *unit;
} words[] = {
	{ "rescue", "rescue.target" },
	{ "single", "rescue.target" },
	{ "s", "rescue.target" },
	{ "S", "rescue.target" },
	{ "1", "rescue.target" },
	{ "emergency", "emergency.target" },
	{ "-b", "emergency.target" },
	{ "2", "multi-user.target" },
	{ "3", "multi-user.target" },
	{ "4", "multi-user.target" },
	{ "5", "graphical.target" },
};

static void take_key(struct state *st, const char *key, const char *word)
{
	const char *equals = strchr(key, '=');
	size_t n = equals ? (size_t)(equals - key) : strlen(key);

	for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
		if (strlen(keys[i].key) == n && strncmp(keys[i].key, key, n) == 0) {
			if (equals) {
				keys[i].take(st, equals + 1);
			} else {
				warn(st, "needs a value", word);
			}
			return;
		}
	}
	/* systemd has words of its own that ask nothing of us. */
	if (strncmp(word, "supd.", 5) == 0) {
		warn(st, "unknown; there are supd.unit, wants, mask, log_level, watchdog_sec",
			word);
	}
}

static void take_word(struct state *st, const char *word)
{
	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strcmp(words[i].word, word) == 0) {
			take_unit(st, words[i].unit);
			return;
		}
	}
	if (strncmp(word, "supd.", 5) == 0) {
		take_key(st, word + 5, word);
	} else if (strncmp(word, "systemd.", 8) == 0) {
		take_key(st, word + 8, word);
	}
}

/* One word, quotes dropped; *p moves on. Returns false at the end and at "--". */
static bool next_word(const char **p, char *word)
{
	bool quoted = false;
	size_t n = 0;

	*p += strspn(*p, " \t\n");
	for (; **p && (quoted || !strchr(" \t\n", **p)); (*p)++) {
		if (**p == '"') {
			quoted = !quoted;
		} else if (n < WORD_MAX - 1) {
			word[n++] = **p;
		}
	}
	word[n] = '\0';
	return n > 0 && strcmp(word, "--") != 0;
}

void kernelcmd_apply(const char *text, struct diagnostics *d, struct settings *s)
{
	struct state st = { .d = d, .s = s };
	char word[WORD_MAX];

	while (next_word(&text, word)) {
		take_word(&st, word);
	}
}

static const struct {
	const char *prefix;
	uint32_t type;
} families[] = {
	{ "vsock-stream:", SOCK_STREAM },
	{ "vsock-dgram:", SOCK_DGRAM },
	{ "vsock-seqpacket:", SOCK_SEQPACKET },
	{ "vsock:", SOCK_STREAM },
};

static bool parse_vsock(const char *text, uint32_t *cid, uint32_t *port)
{
	char first[16];
	size_t n = strcspn(text, ":");

	if (!text[n] || n >= sizeof(first)) {
		return false;
	}
	memcpy(first, text, n);
	first[n] = '\0';
	return number_parse_u32(first, cid) == 0 && number_parse_u32(text + n + 1, port) == 0;
}

void kernelcmd_notify(const char *text, struct diagnostics *d, struct settings *s)
{
	static const struct diag_place place = { .file = "vmm.notify_socket" };
	char address[SETTINGS_PATH];
	size_t n = strcspn(text, "\n");

	if (n >= sizeof(address)) {
		n = 0;
	}
	memcpy(address, text, n);
	address[n] = '\0';
	for (size_t i = 0; i < ELEMENTSOF(families); i++) {
		size_t m = strlen(families[i].prefix);

		if (strncmp(address, families[i].prefix, m) == 0 &&
			parse_vsock(address + m, &s->notify_cid, &s->notify_port)) {
			s->notify_type = families[i].type;
			return;
		}
	}
	if (value_is_path(address)) {
		memcpy(s->notify_path, address, n + 1);
		return;
	}
	diag_add(d, &place, SEVERITY_WARNING,
		"neither vsock:CID:PORT nor an absolute path: '%.100s'", address);
}
