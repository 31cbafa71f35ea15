// SPDX-License-Identifier: MIT
#include "conf.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/bootpaths.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/number.h"
#include "../runtime/base/unitname.h"
#include "../runtime/plan/plan.h"
#include "kernelcmd.h"
#include "reader.h"
#include "rootfile.h"
#include "unit.h"
#include "values.h"
#include "words.h"

#define CONF_FILE_MAX   (64u * 1024u)
#define POOL_FIRST      0x40000000u
#define POOL_RANGES     16383u
#define LOG_MAX_DEFAULT (64ull * 1024 * 1024)
#define LOG_RATE_LINES  10000u
#define LOG_RATE_US     (30u * 1000000u)
#define REBOOT_WATCHDOG (600ull * 1000000u)
#define LEVEL_INFO      6u

const char conf_usage[] =
	"usage: supd-init [--config FILE] [--unit-path DIR[:DIR...]] [--runtime-dir DIR]\n"
	"                 [--state-dir DIR] [--log-dir DIR] [--cgroup PATH]\n"
	"                 [--keep-cgroup yes|no] [UNIT...]\n";

/* Highest priority first; systemd's own only with ImportSystemdUnits=yes. */
static const char own_path[] = "/usr/local/lib/supd:/usr/lib/supd";
static const char systemd_path[] = "/etc/systemd/system:/run/systemd/system:"
				   "/usr/local/lib/systemd/system:/usr/lib/systemd/system:"
				   "/lib/systemd/system";

struct state {
	struct settings *s;
	struct diagnostics *d;
	struct arena *arena;
	const struct userdb *users;
	const char *file; /* of the line at work, NULL: command line */
	uint32_t line;
	const char *unit_path; /* as written, or NULL */
	bool import_systemd;
};

struct row {
	const char *key;    /* in supd.conf */
	const char *option; /* on the command line, or NULL */
	int (*parse)(struct state *st, const char *value, size_t offset);
	size_t offset;
	const char *value, *otherwise, *help; /* for the manual page and the example */
};

static int bad(struct state *st, const char *what, const char *value)
{
	struct diag_place place = { .file = st->file, .line = st->line };

	diag_add(st->d, &place, SEVERITY_ERROR, "%s: '%s'", what, value);
	return -EINVAL;
}

static int parse_dir(struct state *st, const char *value, size_t offset)
{
	char *to = (char *)st->s + offset;

	if (!value_is_path(value) || strlen(value) >= SETTINGS_PATH) {
		return bad(st, "not an absolute path below 256 bytes without '..'", value);
	}
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static int parse_unit_path(struct state *st, const char *value, size_t offset)
{
	const char *p = value;

	(void)offset;
	while (*p) {
		size_t n = strcspn(p, ":");
		char *dir = arena_strndup(st->arena, p, n);

		if (!dir) {
			return -ENOMEM;
		}
		if (!value_is_path(dir)) {
			return bad(st, "not a list of absolute directories", value);
		}
		p += n + (p[n] == ':');
	}
	st->unit_path = value;
	return *value ? 0 : bad(st, "empty unit path", value);
}

static int parse_bool(struct state *st, const char *value, size_t offset)
{
	bool on;

	if (value_parse_bool(value, &on) < 0) {
		return bad(st, "neither yes nor no", value);
	}
	*(uint32_t *)((char *)st->s + offset) = on;
	return 0;
}

static int parse_import(struct state *st, const char *value, size_t offset)
{
	(void)offset;
	return value_parse_bool(value, &st->import_systemd) < 0
		       ? bad(st, "neither yes nor no", value)
		       : 0;
}

static int parse_u32(struct state *st, const char *value, size_t offset)
{
	return number_parse_u32(value, (uint32_t *)((char *)st->s + offset)) < 0
		       ? bad(st, "not a number", value)
		       : 0;
}

static int parse_size(struct state *st, const char *value, size_t offset)
{
	return value_parse_size(value, (uint64_t *)((char *)st->s + offset)) < 0
		       ? bad(st, "not a size", value)
		       : 0;
}

static int parse_span(struct state *st, const char *value, size_t offset)
{
	return value_parse_timespan(value, USEC_PER_SEC, (uint64_t *)((char *)st->s + offset)) < 0
		       ? bad(st, "not a time span", value)
		       : 0;
}

/* As JobTimeoutSec=: 0 and "infinity" are no limit. */
static int parse_limit(struct state *st, const char *value, size_t offset)
{
	uint64_t us;

	if (value_parse_timespan(value, USEC_PER_SEC, &us) < 0) {
		return bad(st, "neither a time span nor infinity", value);
	}
	*(uint64_t *)((char *)st->s + offset) = us ? us : UINT64_MAX;
	return 0;
}

static int parse_level(struct state *st, const char *value, size_t offset)
{
	int level = value_level_from_name(value);

	if (level < 0) {
		return bad(st, "not a log level", value);
	}
	*(uint32_t *)((char *)st->s + offset) = (uint32_t)level;
	return 0;
}

static int parse_pressure(struct state *st, const char *value, size_t offset)
{
	int watch = pressure_watch_from_string(value);

	if (watch < 0) {
		return bad(st, "not auto, on, off or skip", value);
	}
	*(uint32_t *)((char *)st->s + offset) = (uint32_t)watch;
	return 0;
}

/* More than the kernel's window would never be reached; nothing would always be. */
static int parse_threshold(struct state *st, const char *value, size_t offset)
{
	uint64_t us;

	if (value_parse_timespan(value, USEC_PER_SEC, &us) < 0 || us == 0 ||
		us > PLAN_PRESSURE_WINDOW_US) {
		return bad(st, "not a time span of at most 2s", value);
	}
	*(uint64_t *)((char *)st->s + offset) = us;
	return 0;
}

int settings_add_environment(struct settings *s, const char *text)
{
	size_t n = strlen(text), at = 0;

	if (!strchr(text, '=') || !value_is_env_name(text, strcspn(text, "="))) {
		return -EINVAL;
	}
	while (s->environment[at]) {
		at += strlen(s->environment + at) + 1;
	}
	if (n + 2 > sizeof(s->environment) - at) {
		return -E2BIG;
	}
	memcpy(s->environment + at, text, n + 1);
	s->environment[at + n + 1] = '\0';
	return 0;
}

static int parse_environment(struct state *st, const char *value, size_t offset)
{
	const char *p = value;
	struct word word;
	int r;

	(void)offset;
	while ((r = word_next(&p, value, st->arena, &word)) > 0) {
		r = settings_add_environment(st->s, word.text);
		if (r < 0) {
			return bad(st,
				r == -E2BIG ? "more than 4 KiB of variables" : "not NAME=VALUE",
				word.text);
		}
	}
	return r == -EINVAL ? bad(st, "a quote that is not closed, or a bad escape", value) : r;
}

static int parse_group(struct state *st, const char *value, size_t offset)
{
	return userdb_find_group(st->users, value, (uint32_t *)((char *)st->s + offset)) < 0
		       ? bad(st, "no such group", value)
		       : 0;
}

#define AT(member) offsetof(struct settings, member)

static const struct row rows[] = {
	{ "RuntimeDirectory", "--runtime-dir", parse_dir, AT(runtime_dir), "DIR", "/run/supd",
		"Sockets, runtime units and what lives as long as the machine runs" },
	{ "StateDirectory", "--state-dir", parse_dir, AT(state_dir), "DIR", "/var/lib/supd",
		"The table of ids and what outlives a boot" },
	{ "LogDirectory", "--log-dir", parse_dir, AT(log_dir), "DIR", "/var/log/supd",
		"What services write, where it does not go to journald" },
	{ "ControlGroup", "--cgroup", parse_dir, AT(cgroup), "PATH", "(found)",
		"The delegated cgroup v2 below which services run, as an absolute path; found "
		"where it is not given" },
	{ "KeepControlGroup", "--keep-cgroup", parse_bool, AT(keep_cgroup), "yes|no", "no",
		"supd-init stays in the cgroup that it was started in, for one whose supervisor "
		"watches that" },
	{ "UnitPath", "--unit-path", parse_unit_path, 0, "DIR[:DIR...]", "(see supd.unit)",
		"Where unit files are looked for, first come first served, instead of the usual "
		"directories" },
	{ "ImportSystemdUnits", NULL, parse_import, 0, "yes|no", "no",
		"Also systemd's directories, behind those of supd" },
	{ "Fstab", NULL, parse_bool, AT(fstab), "yes|no", "no",
		"Lines of /etc/fstab are mount and swap units; as PID 1 of a machine always" },
	{ "RequireControllers", NULL, parse_bool, AT(require_controllers), "yes|no", "yes",
		"A limit whose cgroup controller is not there is an error when the unit starts; "
		"no: it is passed over" },
	{ "UseJournald", NULL, parse_bool, AT(use_journald), "yes|no", "yes",
		"Services write to journald where its socket is there; no: always to supd-log" },
	{ "ControlAccessGroup", NULL, parse_group, AT(control_gid), "GROUP", "supd",
		"Whose members may change something through the control socket, beside root; "
		"without such a group root alone" },
	{ "IdPoolFirst", NULL, parse_u32, AT(id_pool_first), "N", "1073741824",
		"First id of those that units get in user namespaces" },
	{ "IdPoolRanges", NULL, parse_u32, AT(id_pool_ranges), "N", "16383",
		"How many ranges of 65,536 ids follow" },
	{ "LogLevel", NULL, parse_level, AT(log_level), "LEVEL", "info",
		"What supd itself logs: emerg to debug, or 0 to 7" },
	{ "LogMaxBytes", NULL, parse_size, AT(log_max_bytes), "SIZE", "64M",
		"Of one unit in supd-log, before the oldest goes" },
	{ "LogRateLines", NULL, parse_u32, AT(log_rate_lines), "N", "10000",
		"Lines of one unit in LogRateIntervalSec=, before the rest is dropped and counted; "
		"0: no limit" },
	{ "LogRateIntervalSec", NULL, parse_span, AT(log_rate_interval_us), "SPAN", "30s",
		"See LogRateLines=" },
	{ "DefaultMemoryPressureWatch", NULL, parse_pressure, AT(pressure_watch), "WHEN", "auto",
		"MemoryPressureWatch= of units that set none: off, auto, on or skip" },
	{ "DefaultMemoryPressureThresholdSec", NULL, parse_threshold, AT(pressure_us), "SPAN",
		"200ms", "MemoryPressureThresholdSec= of units that set none, in a window of 2 s" },
	{ "DefaultDeviceTimeoutSec", NULL, parse_limit, AT(device_timeout_us), "SPAN", "90s",
		"How long a start waits for a device whose unit sets no JobRunningTimeoutSec=" },
	{ "DefaultEnvironment", NULL, parse_environment, AT(environment), "K=V...", "(none)",
		"Environment of all services, below what their units set" },
	{ "DefaultTimeoutStartSec", NULL, parse_limit, AT(timeout_start_us), "SPAN", "90s",
		"TimeoutStartSec= of units that set none, but for Type=oneshot" },
	{ "DefaultTimeoutStopSec", NULL, parse_limit, AT(timeout_stop_us), "SPAN", "90s",
		"TimeoutStopSec= of units that set none" },
	{ "RuntimeWatchdogSec", NULL, parse_span, AT(runtime_watchdog_us), "SPAN", "0",
		"The hardware watchdog of a machine while it runs; 0: not used" },
	{ "RebootWatchdogSec", NULL, parse_span, AT(reboot_watchdog_us), "SPAN", "10min",
		"The hardware watchdog while the machine goes down; 0: not used" },
};

bool conf_row(size_t i, struct conf_row *ret)
{
	if (i >= ELEMENTSOF(rows)) {
		return false;
	}
	*ret = (struct conf_row) { rows[i].key, rows[i].option, rows[i].value, rows[i].otherwise,
		rows[i].help };
	return true;
}

static void use_uid(const struct userdb *users, const char *name, uint32_t fallback, uint32_t *uid,
	uint32_t *gid)
{
	struct userdb_user user;

	*uid = fallback;
	*gid = fallback;
	if (userdb_find_user(users, name, &user) == 0 && user.uid != 0) {
		*uid = user.uid;
		*gid = user.gid;
	}
}

static void set_uids(const struct userdb *users, struct settings *s)
{
	use_uid(users, "supd", s->id_pool_first + 1, &s->supd_uid, &s->supd_gid);
	use_uid(users, "supd-load", s->id_pool_first + 2, &s->load_uid, &s->load_gid);
	use_uid(users, "supd-log", s->id_pool_first + 3, &s->log_uid, &s->log_gid);
}

void conf_defaults(const struct userdb *users, struct settings *ret)
{
	*ret = (struct settings) {
		.magic = SETTINGS_MAGIC,
		.version = SETTINGS_VERSION,
		.runtime_dir = "/run/supd",
		.state_dir = "/var/lib/supd",
		.log_dir = "/var/log/supd",
		.id_pool_first = POOL_FIRST,
		.id_pool_ranges = POOL_RANGES,
		.pressure_us = UNIT_PRESSURE_THRESHOLD_US,
		.require_controllers = 1,
		.use_journald = 1,
		.log_level = LEVEL_INFO,
		.log_max_bytes = LOG_MAX_DEFAULT,
		.log_rate_lines = LOG_RATE_LINES,
		.log_rate_interval_us = LOG_RATE_US,
		.device_timeout_us = UNIT_DEVICE_TIMEOUT_US,
		.timeout_start_us = UNIT_TIMEOUT_US,
		.timeout_stop_us = UNIT_TIMEOUT_US,
		.reboot_watchdog_us = REBOOT_WATCHDOG,
	};
	if (userdb_find_group(users, "supd", &ret->control_gid) < 0) {
		ret->control_gid = 0;
	}
	set_uids(users, ret);
}

static int read_file(struct state *st, const char *path, bool must_exist, char **ret, size_t *size)
{
	const char *why = NULL;
	AUTO_CLOSE int fd = rootfile_open(path, S_IWGRP | S_IWOTH, &why);
	char *text = arena_alloc(st->arena, CONF_FILE_MAX);
	ssize_t n;

	*size = 0;
	*ret = text;
	if (!text) {
		return -ENOMEM;
	}
	if (fd < 0) {
		return fd == -ENOENT && !must_exist ? 0 : bad(st, "cannot open", why);
	}
	n = fd_read_full(fd, text, CONF_FILE_MAX);
	if (n < 0 || n == CONF_FILE_MAX) {
		return bad(st, "cannot read", n < 0 ? strerror((int)-n) : "larger than 64 KiB");
	}
	*size = (size_t)n;
	return 0;
}

static int apply_line(struct state *st, const struct reader_line *line)
{
	st->line = line->line;
	if (strcmp(line->section, "supd") != 0) {
		return bad(st, "unknown section (only [supd])", line->section);
	}
	if (!line->key) {
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].key, line->key) == 0) {
			return rows[i].parse(st, line->value, rows[i].offset);
		}
	}
	return bad(st, "unknown key", line->key);
}

/* All errors of the file are found, not only the first. */
static int apply_file(struct state *st, const char *path, bool must_exist)
{
	struct reader_file file = { .path = path };
	struct list lines = { 0 };
	const struct reader_line *items;
	char *text;
	int r, result = 0;

	st->file = *path ? path : "--config";
	st->line = 0;
	r = read_file(st, path, must_exist, &text, &file.size);
	if (r < 0) {
		st->file = NULL; /* what follows is not its fault */
		return r;
	}
	file.text = text;
	r = reader_parse(&file, st->arena, st->d, &lines);
	if (r != 0) {
		result = r < 0 ? r : -EINVAL;
	}
	items = lines.items;
	for (size_t i = 0; i < lines.n && result != -ENOMEM; i++) {
		r = apply_line(st, &items[i]);
		result = r < 0 ? r : result;
	}
	st->file = NULL;
	st->line = 0;
	return result;
}

static int add_start_unit(struct state *st, const char *name)
{
	struct settings *s = st->s;

	if (!unit_name_is_valid(name)) {
		return bad(st, "neither an option nor a unit name", name);
	}
	if (s->n_units >= SETTINGS_UNITS) {
		return bad(st, "more than 64 units on the command line", name);
	}
	memcpy(s->units[s->n_units++], name, strlen(name) + 1);
	return 0;
}

/* The value of --x VALUE or --x=VALUE; *i moves on over it. NULL: not this option. */
static const char *option_value(const char *const *argv, size_t *i, const char *option)
{
	size_t n = strlen(option);

	if (strncmp(argv[*i], option, n) != 0 || (argv[*i][n] && argv[*i][n] != '=')) {
		return NULL;
	}
	if (argv[*i][n] == '=') {
		return argv[*i] + n + 1;
	}
	return argv[*i + 1] ? argv[++*i] : "";
}

/* Exactly the word of an option. */
static bool takes_value(const char *word)
{
	for (size_t k = 0; k < ELEMENTSOF(rows); k++) {
		if (rows[k].option && strcmp(rows[k].option, word) == 0) {
			return true;
		}
	}
	return strcmp(word, "--config") == 0;
}

static int apply_option(struct state *st, const char *const *argv, size_t *i)
{
	const char *value;

	if (!argv[*i + 1] && takes_value(argv[*i])) {
		return bad(st, "option without a value", argv[*i]);
	}
	value = option_value(argv, i, "--config");
	if (value) {
		return 0; /* came first */
	}
	for (size_t k = 0; k < ELEMENTSOF(rows); k++) {
		value = rows[k].option ? option_value(argv, i, rows[k].option) : NULL;
		if (value) {
			return rows[k].parse(st, value, rows[k].offset);
		}
	}
	return argv[*i][0] == '-' ? bad(st, "unknown option", argv[*i])
				  : add_start_unit(st, argv[*i]);
}

static const char *find_config(const char *const *argv)
{
	const char *found = NULL;

	for (size_t i = 0; argv[i]; i++) {
		const char *value = option_value(argv, &i, "--config");

		found = value ? value : found;
	}
	return found;
}

static int finish_path(struct state *st, const char *shipped, bool machine)
{
	struct settings *s = st->s;
	const char *path = st->unit_path;
	int n;

	/* What was made at run time belongs to the instance, whatever path it was given. */
	if (path) {
		path = arena_printf(st->arena, "%s:%s/units:%s/transient", path, s->runtime_dir,
			s->runtime_dir);
	} else {
		path = arena_printf(st->arena, "/etc/supd:%s/units:%s/transient:%s%s%s",
			s->runtime_dir, s->runtime_dir, own_path, st->import_systemd ? ":" : "",
			st->import_systemd ? systemd_path : "");
	}
	if (!path) {
		return -ENOMEM;
	}
	if (shipped && machine) {
		/* What mounts, loads modules, talks to the console: no daemon may have these. */
		path = arena_printf(st->arena, BOOTUNITS_DIR ":%s:%s/machine", path, shipped);
	}
	if (!path) {
		return -ENOMEM;
	}
	n = snprintf(s->unit_path, sizeof(s->unit_path), "%s%s%s", path, shipped ? ":" : "",
		shipped ? shipped : "");
	return n < 0 || (size_t)n >= sizeof(s->unit_path) ? bad(st, "unit path too long", path) : 0;
}

/* The pool must lie above all users and below 2^31. */
static int check_pool(struct state *st)
{
	const struct settings *s = st->s;
	uint64_t end = s->id_pool_first + (uint64_t)s->id_pool_ranges * 65536u;

	if (s->id_pool_first < 65536u || s->id_pool_ranges < 2 || end > INT32_MAX) {
		return bad(st,
			"the id pool must lie between 65536 and 2147483647 and have 2 ranges",
			"IdPoolFirst=, IdPoolRanges=");
	}
	return 0;
}

int conf_load(const struct conf_input *input, struct arena *arena, struct diagnostics *d,
	struct settings *ret)
{
	struct settings s;
	struct state st = { .s = &s, .d = d, .arena = arena, .users = input->users };
	const char *config = find_config(input->argv);
	int r, result;

	conf_defaults(input->users, &s);
	s.fstab = input->kernel_command_line != NULL; /* a machine's is meant for its init */
	result = apply_file(&st, config ? config : CONF_DEFAULT_FILE, config != NULL);
	for (size_t i = 0; input->argv[i] && result != -ENOMEM; i++) {
		r = apply_option(&st, input->argv, &i);
		result = r < 0 ? r : result;
	}
	if (result == 0 && input->kernel_command_line) {
		kernelcmd_apply(input->kernel_command_line, d, &s);
	}
	if (result == 0 && input->notify_socket) {
		kernelcmd_notify(input->notify_socket, d, &s);
	}
	if (result == 0) {
		result = check_pool(&st);
	}
	if (result == 0) {
		set_uids(input->users, &s);
		result = finish_path(&st, input->shipped_dir, input->kernel_command_line != NULL);
	}
	if (result == 0) {
		*ret = s;
	}
	return result;
}
