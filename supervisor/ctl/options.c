// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"
#include "names.h"
#include "nearest.h"

enum option_kind {
	OPTION_IGNORED, /* taken so that scripts written for systemctl run */
	OPTION_REFUSED, /* of systemctl, with the reason why not */
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_PROPERTY,
	OPTION_SIGNAL,
	OPTION_LINES,
	OPTION_FORCE,   /* a flag, and counted: twice is more */
	OPTION_SETTING, /* of a unit that run makes */
	OPTION_SETTING_FLAG,
};

#define AT(field) offsetof(struct options, field)

#define FOR_JOBS                                                                                   \
	"start stop restart try-restart reload reload-or-restart "                                 \
	"try-reload-or-restart force-reload condrestart isolate default rescue emergency"
#define FOR_LINKS                                                                                  \
	"enable disable reenable preset preset-all mask unmask link revert add-wants "             \
	"add-requires set-default"

#define FOR_ENDS "poweroff reboot halt kexec"

/*
 * One row per option. verbs: those that heed it, NULL: all. Help, manual page and completion are
 * made from the rows; one without help is not shown.
 */
static const struct option_row {
	const char *name;
	char letter;
	enum option_kind kind;
	size_t field;
	const char *argument;
	const char *verbs;
	const char *help;
} option_rows[] = {
	{ "runtime-dir", 0, OPTION_TEXT, AT(runtime_dir), "DIR", NULL,
		"The instance to talk to (environment: SUPD_RUNTIME_DIR; default: /run/supd)" },
	{ "json", 0, OPTION_FLAG, AT(json), NULL, NULL,
		"Answer in JSON; verbs that change something refuse it" },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet), NULL, NULL, "Print nothing but errors" },
	{ "no-legend", 0, OPTION_FLAG, AT(no_legend), NULL, NULL, "No titles and totals" },
	{ "plain", 0, OPTION_FLAG, AT(plain), NULL, NULL, "No dots and no trees" },
	{ "full", 'l', OPTION_FLAG, AT(full), NULL, NULL,
		"Do not cut lines to the terminal's width; of edit: the file itself" },
	{ "help", 'h', OPTION_FLAG, AT(help), NULL, NULL,
		"What there is; behind a verb: what that verb takes" },
	{ "version", 0, OPTION_FLAG, AT(version), NULL, NULL, "The version" },
	{ "job-mode", 0, OPTION_TEXT, AT(job_mode), "MODE", FOR_JOBS,
		"replace (default), fail, isolate, ignore-dependencies, …" },
	{ "no-block", 0, OPTION_FLAG, AT(no_block), NULL, FOR_JOBS " run",
		"Do not wait for the job" },
	{ "all", 'a', OPTION_FLAG, AT(all), NULL,
		"list list-units list-timers list-sockets list-paths list-automounts "
		"list-dependencies show status is-active is-failed start stop restart try-restart "
		"reload reload-or-restart try-reload-or-restart force-reload condrestart",
		"Also inactive units (where units are named: by patterns); of show: also empty "
		"values" },
	{ "failed", 0, OPTION_FLAG, AT(failed), NULL, "list list-units",
		"Failed and crash-looping units" },
	{ "type", 't', OPTION_TEXT, AT(type), "TYPE", "list list-units list-unit-files",
		"Units of this type (also service,socket; help: all there are)" },
	{ "state", 0, OPTION_TEXT, AT(state), "STATE", "list list-units list-unit-files",
		"Units in this state (help: all there are)" },
	{ "property", 'p', OPTION_PROPERTY, 0, "NAME", "show run",
		"These properties (also A,B); of run: a setting NAME=VALUE" },
	{ "value", 0, OPTION_FLAG, AT(value), NULL, "show", "The value alone" },
	{ "reverse", 0, OPTION_FLAG, AT(reverse), NULL, "list-dependencies",
		"What pulls the units in" },
	{ "after", 0, OPTION_FLAG, AT(after), NULL, "list-dependencies",
		"What is ordered before the units" },
	{ "before", 0, OPTION_FLAG, AT(before), NULL, "list-dependencies",
		"What is ordered behind the units" },
	{ "follow", 'f', OPTION_FORCE, AT(follow), NULL, "logs",
		"Go on with what comes; of poweroff and its kin -f is --force" },
	{ "lines", 'n', OPTION_LINES, AT(lines), "N", "logs status top",
		"The last N lines, or all" },
	{ "since", 'S', OPTION_TEXT, AT(since), "TIME", "logs",
		"\"5 min ago\", -1h, today, \"2026-01-02 03:04\", @EPOCH" },
	{ "output", 'o', OPTION_TEXT, AT(output), "FORMAT", "logs", "short, cat or json" },
	{ "log-dir", 0, OPTION_TEXT, AT(log_dir), "DIR", "logs status",
		"Read this directory of supd-log" },
	{ "signal", 's', OPTION_SIGNAL, AT(signal), "SIGNAL", "kill", "SIGTERM unless given" },
	{ "kill-whom", 0, OPTION_TEXT, AT(kill_whom), "WHOM", "kill",
		"main, control or all (default)" },
	{ "what", 0, OPTION_TEXT, AT(what), "KINDS", "clean",
		"configuration, state, cache, logs, runtime, fdstore, all; default: "
		"cache,runtime" },
	{ "root", 0, OPTION_TEXT, AT(root), "DIR",
		FOR_LINKS " list-unit-files is-enabled get-default", "An image that does not run" },
	{ "runtime", 0, OPTION_FLAG, AT(runtime), NULL, FOR_LINKS " edit set-property",
		"Until the next boot" },
	{ "now", 0, OPTION_FLAG, AT(now), NULL, "enable disable reenable mask",
		"Start or stop as well" },
	{ "force", 0, OPTION_FORCE, AT(force), NULL,
		"enable reenable link mask preset add-wants add-requires set-default "
		"edit " FOR_ENDS,
		"Replace links that are in the way; of edit: add to a unit that is not there; of "
		"poweroff and its kin (also -f): stop no units; twice: without supd, nothing is "
		"unmounted" },
	{ "no-reload", 0, OPTION_FLAG, AT(no_reload), NULL, FOR_LINKS " edit",
		"supd does not read its files again" },
	{ "dry-run", 0, OPTION_FLAG, AT(dry_run), NULL, "daemon-reload",
		"Only say what would change" },
	{ "unit", 'u', OPTION_TEXT, AT(unit), "NAME", "run logs", "The unit's name" },
	{ "description", 0, OPTION_TEXT, AT(description), "TEXT", "run", "Description=" },
	{ "wait", 0, OPTION_FLAG, AT(wait), NULL, "run",
		"Until the unit is done; its exit status is supctl's" },
	{ "pipe", 'P', OPTION_FLAG, AT(pipe), NULL, "run", "Our streams for the command" },
	{ "pty", 0, OPTION_FLAG, AT(pty), NULL, "run", "A terminal for the command" },
	{ "remain-after-exit", 'r', OPTION_FLAG, AT(remain_after_exit), NULL, "run",
		"The unit stays active" },
	{ "collect", 'G', OPTION_FLAG, AT(collect), NULL, "run",
		"Forget the unit also when it failed (CollectMode=)" },
	{ "uid", 0, OPTION_SETTING, 0, "USER", "run", "User=" },
	{ "gid", 0, OPTION_SETTING, 0, "GROUP", "run", "Group=" },
	{ "nice", 0, OPTION_SETTING, 0, "N", "run", "Nice=" },
	{ "slice", 0, OPTION_SETTING, 0, "SLICE", "run", "Slice=" },
	{ "service-type", 0, OPTION_SETTING, 0, "TYPE", "run", "Type=" },
	{ "working-directory", 0, OPTION_SETTING, 0, "DIR", "run", "WorkingDirectory=" },
	{ "same-dir", 0, OPTION_SETTING_FLAG, 0, NULL, "run", "WorkingDirectory= is the caller's" },
	{ "setenv", 'E', OPTION_SETTING, 0, "NAME[=VALUE]", "run", "Environment=" },
	{ "on-active", 0, OPTION_SETTING, 0, "SPAN", "run", "By a timer: this long from now" },
	{ "on-boot", 0, OPTION_SETTING, 0, "SPAN", "run", "By a timer: after the boot" },
	{ "on-startup", 0, OPTION_SETTING, 0, "SPAN", "run", "By a timer: after supd's start" },
	{ "on-unit-active", 0, OPTION_SETTING, 0, "SPAN", "run",
		"By a timer: after each start of the unit" },
	{ "on-unit-inactive", 0, OPTION_SETTING, 0, "SPAN", "run",
		"By a timer: after each end of the unit" },
	{ "on-calendar", 0, OPTION_SETTING, 0, "TIME", "run", "By a timer: OnCalendar=" },
	{ "on-clock-change", 0, OPTION_SETTING_FLAG, 0, NULL, "run",
		"By a timer: when the clock jumps" },
	{ "on-timezone-change", 0, OPTION_SETTING_FLAG, 0, NULL, "run",
		"By a timer: when the time zone changes" },
	{ "timer-property", 0, OPTION_SETTING, 0, "NAME=VALUE", "run", "A setting of the timer" },
	{ "path-property", 0, OPTION_SETTING, 0, "NAME=VALUE", "run",
		"By a path: a setting of it" },
	{ "socket-property", 0, OPTION_SETTING, 0, "NAME=VALUE", "run",
		"By a socket: a setting of it" },
	{ "batch", 'b', OPTION_FLAG, AT(batch), NULL, "top", "One look below the other" },
	{ "delay", 'd', OPTION_TEXT, AT(delay), "SPAN", "top", "Between two looks" },
	{ "order", 0, OPTION_TEXT, AT(order), "BY", "top", "cpu, memory, tasks, io or path" },
	{ "iterations", 0, OPTION_TEXT, AT(iterations), "N", "calendar top",
		"The next N times; of top: looks (also -n)" },
	{ "base-time", 0, OPTION_TEXT, AT(base_time), "TIME", "calendar",
		"As if it were that time" },
	{ "fuzz", 0, OPTION_TEXT, AT(fuzz), "SPAN", "critical-chain",
		"Also what was done that much earlier" },
	{ "threshold", 0, OPTION_TEXT, AT(threshold), "N", "audit",
		"Fail when a unit's exposure is above N tenths" },
	{ "path", 0, OPTION_FLAG, AT(path), NULL, "escape", "The text is a path" },
	{ "suffix", 0, OPTION_TEXT, AT(suffix), "TYPE", "escape", "Make a name of this type" },
	{ "template", 0, OPTION_TEXT, AT(template_name), "NAME", "escape",
		"Make an instance of this template" },
	{ "mangle", 'm', OPTION_FLAG, AT(mangle), NULL, "escape",
		"Make a name of what may be one already" },
	{ "unescape", 0, OPTION_FLAG, AT(unescape), NULL, "escape", "Back" },
	{ "instance", 0, OPTION_FLAG, AT(instance), NULL, "escape",
		"With --unescape: of names, only the instance" },
	{ "no-ask-password", 0, OPTION_IGNORED },
	{ "no-pager", 0, OPTION_IGNORED },
	{ "no-wall", 0, OPTION_FLAG, AT(no_wall), NULL, FOR_ENDS " soft-reboot",
		"Do not tell those who are logged in" },
	{ "message", 0, OPTION_TEXT, AT(message), "TEXT", FOR_ENDS " soft-reboot",
		"Tell this to those who are logged in" },
	{ "when", 0, OPTION_TEXT, AT(when), "TIME", FOR_ENDS " soft-reboot",
		"Not now: \"+10\" minutes, \"+1h\", \"23:00\", a calendar time; show; cancel" },
	{ "check-inhibitors", 0, OPTION_TEXT, AT(check_inhibitors), "WHEN", FOR_ENDS " soft-reboot",
		"Ask logind's inhibitors: auto (on a terminal), yes, no" },
	{ "ignore-inhibitors", 'i', OPTION_FLAG, AT(ignore_inhibitors), NULL,
		FOR_ENDS " soft-reboot", "As --check-inhibitors=no" },
	{ "no-warn", 0, OPTION_IGNORED },
	{ "system", 0, OPTION_IGNORED },
	{ "host", 'H', OPTION_REFUSED, 0, "supd is not reached over the network: ssh HOST supctl" },
	{ "machine", 'M', OPTION_REFUSED, 0, "name the instance by --runtime-dir" },
	{ "scope", 0, OPTION_FLAG, AT(scope) },
	{ "user", 0, OPTION_REFUSED, 0, "there is one supd; name another by --runtime-dir" },
};
#define N_ROWS ELEMENTSOF(option_rows)

static bool takes_argument(enum option_kind kind)
{
	switch (kind) {
	case OPTION_IGNORED:
	case OPTION_REFUSED:
	case OPTION_FLAG:
	case OPTION_FORCE:
	case OPTION_SETTING_FLAG:
		return false;
	case OPTION_TEXT:
	case OPTION_PROPERTY:
	case OPTION_SIGNAL:
	case OPTION_LINES:
	case OPTION_SETTING:
		return true;
	}
	return false;
}

bool options_at(size_t i, struct option_info *ret)
{
	const struct option_row *row = &option_rows[i];

	if (i >= N_ROWS) {
		return false;
	}
	*ret = (struct option_info) { row->name, row->letter, takes_argument(row->kind),
		row->help ? row->argument : NULL, row->verbs, row->help };
	return true;
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = words; (s = strstr(s, word)); s += n) {
		if ((s == words || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\0')) {
			return true;
		}
	}
	return false;
}

bool options_heeded(const struct option_info *info, const char *verb)
{
	return info->help && (!info->verbs || has_word(info->verbs, verb));
}

/* "-p A,B" is two properties; the commas stay and are seen by the reader. */
static int add_property(struct options *o, const char *text)
{
	if (o->n_properties == OPTIONS_PROPERTIES) {
		return -E2BIG;
	}
	o->properties[o->n_properties++] = text;
	return 0;
}

static int add_setting(struct options *o, const char *option, const char *value)
{
	if (o->n_settings == OPTIONS_PROPERTIES) {
		return -E2BIG;
	}
	o->settings[o->n_settings++] = (struct options_setting) { option, value };
	return 0;
}

static int set_lines(long *field, const char *text)
{
	uint32_t n;

	if (strcmp(text, "all") == 0) {
		n = 1000000;
	} else if (number_parse_u32(text, &n) < 0 || n > 1000000) {
		return -EINVAL;
	}
	*field = (long)n;
	return 0;
}

static int apply(struct options *o, const struct option_row *row, const char *text)
{
	char *base = (char *)o;

	switch (row->kind) {
	case OPTION_IGNORED:
		return 0;
	case OPTION_REFUSED:
		return -EOPNOTSUPP;
	case OPTION_FLAG:
		*(bool *)(base + row->field) = true;
		return 0;
	case OPTION_FORCE:
		*(bool *)(base + row->field) = true;
		o->n_force++;
		return 0;
	case OPTION_TEXT:
		*(const char **)(base + row->field) = text;
		return 0;
	case OPTION_PROPERTY:
		return add_property(o, text);
	case OPTION_SIGNAL:
		o->signal = names_signal(text);
		return o->signal < 0 ? -EINVAL : 0;
	case OPTION_SETTING:
	case OPTION_SETTING_FLAG:
		return add_setting(o, row->name, text);
	case OPTION_LINES:
		return set_lines((long *)(void *)(base + row->field), text);
	}
	return -EINVAL;
}

static void make_tables(struct option *longs, char *shorts)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		bool argument = takes_argument(option_rows[i].kind);

		longs[i] = (struct option) { option_rows[i].name,
			argument ? required_argument : no_argument, NULL, 256 + (int)i };
		if (option_rows[i].letter) {
			*shorts++ = option_rows[i].letter;
		}
		if (option_rows[i].letter && argument) {
			*shorts++ = ':';
		}
	}
	*shorts = '\0';
}

static const struct option_row *row_of(int c)
{
	if (c >= 256) {
		return &option_rows[c - 256];
	}
	for (size_t i = 0; i < N_ROWS; i++) {
		if (option_rows[i].letter == c) {
			return &option_rows[i];
		}
	}
	return NULL;
}

const char *options_wrong_type(const struct options *o)
{
	char name[64];

	for (const char *s = o->type; s && *s;) {
		size_t n = strcspn(s, ",");

		if (n >= sizeof(name) - 3 ||
			snprintf(name, sizeof(name), "x.%.*s", (int)n, s) < 0 ||
			!unit_name_is_valid(name)) {
			return s;
		}
		s += n + (s[n] == ',');
	}
	return NULL;
}

/* The operands of `run`, and those of `exec` behind the unit, are a command: its options are not
 * ours. */
static bool is_command(const struct options *o)
{
	return (o->n_args == 2 && strcmp(o->args[0], "run") == 0) ||
	       (o->n_args == 3 && strcmp(o->args[0], "exec") == 0);
}

/* What is near to an unknown option, for a typing error. */
static const char *nearest_option(const char *typed)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < N_ROWS; i++) {
		unsigned d = nearest_distance(typed, option_rows[i].name);

		if (option_rows[i].help && d < best) {
			best = d;
			nearest = option_rows[i].name;
		}
	}
	return nearest;
}

/* getopt_long() refused arg: unknown, ambiguous, or an argument is missing or one too many. */
static void say_wrong_option(const char *arg, char text[OPTIONS_WRONG])
{
	char name[64];
	bool is_long = strncmp(arg, "--", 2) == 0;
	size_t n = is_long ? strcspn(arg + 2, "=") : 0;
	const struct option_row *row = is_long ? NULL : row_of(optopt);
	const char *nearest;

	snprintf(name, sizeof(name), "%.*s", (int)n, arg + 2 * is_long);
	for (size_t i = 0; is_long && !row && i < N_ROWS; i++) {
		row = strcmp(option_rows[i].name, name) == 0 ? &option_rows[i] : NULL;
	}
	nearest = is_long && !row ? nearest_option(name) : NULL;
	if (row && takes_argument(row->kind)) {
		snprintf(text, OPTIONS_WRONG, "%s needs an argument: --%s %s", arg, row->name,
			row->argument);
	} else if (row) {
		snprintf(text, OPTIONS_WRONG, "--%s takes no argument", row->name);
	} else if (nearest) {
		snprintf(text, OPTIONS_WRONG, "option not understood: %.100s; did you mean --%s?",
			arg, nearest);
	} else {
		snprintf(text, OPTIONS_WRONG, "option not understood: %.100s (see supctl help)",
			arg);
	}
}

static void say_wrong_argument(
	const struct option_row *row, const char *argument, char text[OPTIONS_WRONG])
{
	switch (row->kind) {
	case OPTION_REFUSED:
		snprintf(text, OPTIONS_WRONG, "--%s: %s", row->name, row->argument);
		return;
	case OPTION_SIGNAL:
		snprintf(text, OPTIONS_WRONG, "--signal: %.100s: no signal such as TERM, SIGHUP, 9",
			argument);
		return;
	case OPTION_LINES:
		snprintf(text, OPTIONS_WRONG, "--lines: %.100s: not a number up to 1000000, or all",
			argument);
		return;
	case OPTION_PROPERTY:
	case OPTION_SETTING:
	case OPTION_SETTING_FLAG:
		snprintf(text, OPTIONS_WRONG, "--%s: given more than %u times", row->name,
			OPTIONS_PROPERTIES);
		return;
	case OPTION_IGNORED:
	case OPTION_FLAG:
	case OPTION_FORCE:
	case OPTION_TEXT:
		return;
	}
}

/* systemctl's `show -P NAME` is `show -p NAME --value`; run's -P has no argument. */
static bool take_show_value(struct options *o, int argc, char **argv)
{
	return o->n_args > 0 && strcmp(o->args[0], "show") == 0 && optind < argc &&
	       (o->value = true) && add_property(o, argv[optind++]) == 0;
}

int options_parse(struct options *o, int argc, char **argv, const char *runtime_env,
	char ret_wrong[OPTIONS_WRONG])
{
	struct option longs[N_ROWS + 1] = { { 0 } };
	char shorts[2 * N_ROWS + 2] = "-";
	int c;

	*o = (struct options) { .signal = SIGTERM, .lines = -1 };
	o->runtime_dir = runtime_env && *runtime_env ? runtime_env : OPTIONS_RUNTIME_DIR;
	make_tables(longs, shorts + 1);
	opterr = 0;
	optind = 0;
	/* Operands are moved to the front, over what getopt has left behind. */
	o->args = argv + 1;
	while (!is_command(o) && (c = getopt_long(argc, argv, shorts, longs, NULL)) >= 0) {
		const struct option_row *row = c == '?' || c == 1 ? NULL : row_of(c);

		if (c == 1) {
			argv[1 + o->n_args++] = optarg;
		} else if (!row) {
			say_wrong_option(argv[optind > 1 ? optind - 1 : 0], ret_wrong);
			return -EINVAL;
		} else if (c == 'P' && take_show_value(o, argc, argv)) {
			continue;
		} else if (apply(o, row, optarg) < 0) {
			say_wrong_argument(row, optarg, ret_wrong);
			return -EINVAL;
		}
	}
	while (optind < argc) {
		argv[1 + o->n_args++] = argv[optind++];
	}
	argv[1 + o->n_args] = NULL; /* exec's command is the tail of it */
	return 0;
}
