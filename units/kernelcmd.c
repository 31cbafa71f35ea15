// SPDX-License-Identifier: MIT
#include "kernelcmd.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "../runtime/base/unitname.h"
#include "conf.h"
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

/* 0 and "infinity": no limit. */
static void take_limit(struct state *st, const char *value, uint64_t *to)
{
	uint64_t us;

	if (value_parse_timespan(value, 1000000, &us) < 0) {
		warn(st, "not a time span", value);
	} else {
		*to = us ? us : UINT64_MAX;
	}
}

static void take_start_timeout(struct state *st, const char *value)
{
	take_limit(st, value, &st->s->timeout_start_us);
}

static void take_device_timeout(struct state *st, const char *value)
{
	take_limit(st, value, &st->s->device_timeout_us);
}

static void take_setenv(struct state *st, const char *value)
{
	if (settings_add_environment(st->s, value) < 0) {
		warn(st, "not NAME=VALUE, or too much of it", value);
	}
}

static void take_show(struct state *st, const char *value)
{
	bool on = false;
	uint32_t show = SHOW_NOTHING;

	if (strcmp(value, "auto") == 0) {
		show = SHOW_WAITING;
	} else if (strcmp(value, "error") != 0) {
		if (value_parse_bool(*value ? value : "yes", &on) < 0) {
			warn(st, "neither yes, no, auto nor error", value);
			return;
		}
		show = on ? SHOW_LOG : SHOW_NOTHING;
	}
	if (st->s->show != SHOW_LOG_ALWAYS) {
		st->s->show = show;
	}
}

/* Where the log goes is settled by who reads it; it can go to the console as well. */
static void take_target(struct state *st, const char *value)
{
	static const char *const others[] = { "auto", "journal", "journal-or-kmsg", "kmsg",
		"syslog", "syslog-or-kmsg", "null" };

	if (strcmp(value, "console") == 0 || strcmp(value, "console-prefixed") == 0) {
		st->s->show = SHOW_LOG_ALWAYS;
		return;
	}
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		if (strcmp(value, others[i]) == 0) {
			return;
		}
	}
	warn(st, "not a log target (console is one)", value);
}

static const struct {
	const char *key;                                   /* after "supd." or "systemd." */
	void (*take)(struct state *st, const char *value); /* NULL: supd-boot's */
	const char *value;                                 /* "[...]": it may be without */
	const char *help;
} keys[] = {
	{ "unit", take_unit, "UNIT", "What is started instead of default.target" },
	{ "wants", take_wants, "UNIT", "And this beside it" },
	{ "mask", take_mask, "UNIT", "As if masked" },
	{ "run", NULL, "COMMAND",
		"A command that runs instead of default.target; the machine ends with it, and the "
		"host is told its status" },
	{ "run_success_action", NULL, "ACTION", "What follows it: exit, none, reboot, ..." },
	{ "run_failure_action", NULL, "ACTION", "What follows it when it fails" },
	{ "debug_shell", NULL, "[TTY]",
		"Root's shell on that terminal (tty9) from the beginning, without a password" },
	{ "default_debug_tty", NULL, "TTY", "The terminal of a debug_shell that names none" },
	{ "setenv", take_setenv, "NAME=VALUE", "In the environment of all services" },
	{ "default_timeout_start_sec", take_start_timeout, "SPAN",
		"As DefaultTimeoutStartSec= of supd.conf" },
	{ "default_device_timeout_sec", take_device_timeout, "SPAN",
		"As DefaultDeviceTimeoutSec= of supd.conf" },
	{ "watchdog_sec", take_watchdog, "SPAN", "As RuntimeWatchdogSec= of supd.conf" },
	{ "log_level", take_level, "LEVEL", "As LogLevel= of supd.conf" },
	{ "log_target", take_target, "console",
		"What supd logs goes to the console as well; other targets change nothing" },
	{ "show_status", take_show, "[yes|no|auto|error]",
		"What the console shows while the machine comes up or goes down: what supd logs; "
		"nothing; jobs that take long (auto, the default)" },
	{ "hostname", NULL, "NAME", "Instead of /etc/hostname" },
	{ "machine_id", NULL, "ID|firmware", "Instead of what /etc/machine-id has" },
	{ "condition_first_boot", NULL, "[yes|no]", "What ConditionFirstBoot= sees" },
	{ "mount-extra", NULL, "WHAT:WHERE[:TYPE[:OPTIONS]]", "As a line of /etc/fstab" },
	{ "swap-extra", NULL, "WHAT[:OPTIONS]", "As a line of /etc/fstab" },
	{ "getty_auto", NULL, "[yes|no]",
		"Logins on the kernel's consoles, but for virtual terminals (yes)" },
	{ "import_credentials", NULL, "[yes|no]", "System credentials are taken (yes)" },
	{ "set_credential", NULL, "NAME:TEXT", "One more; everybody on the machine can read it" },
	{ "set_credential_binary", NULL, "NAME:BASE64", "The same" },
};

/* Of supd-boot and of units. */
static const struct kernelcmd_row others[] = {
	{ "rescue, single, s, S, 1", false, "", "rescue.target" },
	{ "emergency, -b", false, "", "emergency.target" },
	{ "2, 3, 4; 5", false, "", "multi-user.target; graphical.target" },
	{ "fstab=", false, "yes|no", "Lines of /etc/fstab are units (yes)" },
	{ "root=", false, "DEVICE",
		"In an initramfs: the root file system, by path, UUID=, LABEL=, PARTUUID= or "
		"PARTLABEL=; without it the initramfs is the system" },
	{ "rootfstype=, rootflags=, rootwait=", false, "",
		"Its type, options, and the seconds to wait for it" },
	{ "ro, rw", false, "", "How it is mounted where fstab says nothing" },
	{ "fsck.mode=", false, "auto|force|skip", "Whether file systems are checked" },
	{ "fsck.repair=", false, "preen|yes|no",
		"What a check may mend: what is safe, all, nothing" },
	{ "fastboot", false, "", "As fsck.mode=skip" },
	{ "init=", false, "PATH", "What supd-boot executes instead of supd-init" },
	{ "rd.break, rd.systemd.unit=", false, "emergency.target",
		"A shell in the initramfs before the root file system is mounted" },
};

bool kernelcmd_row(size_t i, struct kernelcmd_row *ret)
{
	if (i < ELEMENTSOF(keys)) {
		*ret = (struct kernelcmd_row) { keys[i].key, true, keys[i].value, keys[i].help };
		return true;
	}
	i -= ELEMENTSOF(keys);
	if (i < ELEMENTSOF(others)) {
		*ret = others[i];
	}
	return i < ELEMENTSOF(others);
}

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
			if (!equals && keys[i].value[0] != '[') {
				warn(st, "needs a value", word);
			} else if (keys[i].take) {
				keys[i].take(st, equals ? equals + 1 : "");
			}
			return;
		}
	}
	/* systemd has words of its own that ask nothing of us. */
	if (strncmp(word, "supd.", 5) == 0) {
		warn(st, "unknown; supd-init(8) has the list", word);
	}
}

static void take_fstab(struct state *st, const char *value)
{
	bool on;

	if (value_parse_bool(value, &on) < 0) {
		warn(st, "fstab= is neither yes nor no", value);
	} else {
		st->s->fstab = on;
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
	} else if (strncmp(word, "fstab=", 6) == 0) {
		take_fstab(st, word + 6);
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
	{ "vsock:", SETTINGS_VSOCK_ANY },
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
	if (value_is_path(address) || (address[0] == '@' && address[1])) {
		memcpy(s->notify_path, address, n + 1);
		return;
	}
	diag_add(d, &place, SEVERITY_WARNING,
		"neither vsock:CID:PORT, an absolute path nor @NAME: '%.100s'", address);
}
