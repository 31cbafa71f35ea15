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

enum option_kind {
	OPTION_IGNORED, /* taken so that scripts written for systemctl run */
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_PROPERTY,
	OPTION_SIGNAL,
	OPTION_LINES,
	OPTION_SETTING, /* of a unit that run makes */
	OPTION_SETTING_FLAG,
};

#define AT(field) offsetof(struct options, field)

/* One row per option: long name, short letter, kind, field. */
static const struct option_row {
	const char *name;
	char letter;
	enum option_kind kind;
	size_t field;
} option_rows[] = {
	{ "all", 'a', OPTION_FLAG, AT(all) },
	{ "after", 0, OPTION_FLAG, AT(after) },
	{ "batch", 'b', OPTION_FLAG, AT(batch) },
	{ "before", 0, OPTION_FLAG, AT(before) },
	{ "collect", 'G', OPTION_FLAG, AT(collect) },
	{ "delay", 'd', OPTION_TEXT, AT(delay) },
	{ "description", 0, OPTION_TEXT, AT(description) },
	{ "dry-run", 0, OPTION_FLAG, AT(dry_run) },
	{ "base-time", 0, OPTION_TEXT, AT(base_time) },
	{ "failed", 0, OPTION_FLAG, AT(failed) },
	{ "follow", 'f', OPTION_FLAG, AT(follow) },
	{ "force", 0, OPTION_FLAG, AT(force) },
	{ "full", 'l', OPTION_FLAG, AT(full) },
	{ "fuzz", 0, OPTION_TEXT, AT(fuzz) },
	{ "help", 'h', OPTION_FLAG, AT(help) },
	{ "gid", 0, OPTION_SETTING, 0 },
	{ "instance", 0, OPTION_FLAG, AT(instance) },
	{ "iterations", 0, OPTION_TEXT, AT(iterations) },
	{ "job-mode", 0, OPTION_TEXT, AT(job_mode) },
	{ "json", 0, OPTION_FLAG, AT(json) },
	{ "kill-whom", 0, OPTION_TEXT, AT(kill_whom) },
	{ "lines", 'n', OPTION_LINES, AT(lines) },
	{ "log-dir", 0, OPTION_TEXT, AT(log_dir) },
	{ "mangle", 'm', OPTION_FLAG, AT(mangle) },
	{ "nice", 0, OPTION_SETTING, 0 },
	{ "no-ask-password", 0, OPTION_IGNORED, 0 },
	{ "no-block", 0, OPTION_FLAG, AT(no_block) },
	{ "no-legend", 0, OPTION_FLAG, AT(no_legend) },
	{ "no-pager", 0, OPTION_IGNORED, 0 },
	{ "no-reload", 0, OPTION_FLAG, AT(no_reload) },
	{ "no-warn", 0, OPTION_IGNORED, 0 },
	{ "now", 0, OPTION_FLAG, AT(now) },
	{ "on-active", 0, OPTION_SETTING, 0 },
	{ "on-boot", 0, OPTION_SETTING, 0 },
	{ "on-calendar", 0, OPTION_SETTING, 0 },
	{ "on-clock-change", 0, OPTION_SETTING_FLAG, 0 },
	{ "on-startup", 0, OPTION_SETTING, 0 },
	{ "on-timezone-change", 0, OPTION_SETTING_FLAG, 0 },
	{ "on-unit-active", 0, OPTION_SETTING, 0 },
	{ "on-unit-inactive", 0, OPTION_SETTING, 0 },
	{ "order", 0, OPTION_TEXT, AT(order) },
	{ "output", 'o', OPTION_TEXT, AT(output) },
	{ "path", 0, OPTION_FLAG, AT(path) },
	{ "path-property", 0, OPTION_SETTING, 0 },
	{ "pipe", 'P', OPTION_FLAG, AT(pipe) },
	{ "plain", 0, OPTION_FLAG, AT(plain) },
	{ "property", 'p', OPTION_PROPERTY, 0 },
	{ "pty", 0, OPTION_FLAG, AT(pty) },
	{ "quiet", 'q', OPTION_FLAG, AT(quiet) },
	{ "remain-after-exit", 'r', OPTION_FLAG, AT(remain_after_exit) },
	{ "reverse", 0, OPTION_FLAG, AT(reverse) },
	{ "root", 0, OPTION_TEXT, AT(root) },
	{ "runtime", 0, OPTION_FLAG, AT(runtime) },
	{ "runtime-dir", 0, OPTION_TEXT, AT(runtime_dir) },
	{ "same-dir", 0, OPTION_SETTING_FLAG, 0 },
	{ "scope", 0, OPTION_FLAG, AT(scope) },
	{ "service-type", 0, OPTION_SETTING, 0 },
	{ "setenv", 'E', OPTION_SETTING, 0 },
	{ "signal", 's', OPTION_SIGNAL, AT(signal) },
	{ "since", 'S', OPTION_TEXT, AT(since) },
	{ "slice", 0, OPTION_SETTING, 0 },
	{ "socket-property", 0, OPTION_SETTING, 0 },
	{ "state", 0, OPTION_TEXT, AT(state) },
	{ "suffix", 0, OPTION_TEXT, AT(suffix) },
	{ "template", 0, OPTION_TEXT, AT(template_name) },
	{ "threshold", 0, OPTION_TEXT, AT(threshold) },
	{ "timer-property", 0, OPTION_SETTING, 0 },
	{ "type", 't', OPTION_TEXT, AT(type) },
	{ "uid", 0, OPTION_SETTING, 0 },
	{ "unescape", 'u', OPTION_FLAG, AT(unescape) },
	{ "unit", 0, OPTION_TEXT, AT(unit) },
	{ "value", 0, OPTION_FLAG, AT(value) },
	{ "version", 0, OPTION_FLAG, AT(version) },
	{ "wait", 0, OPTION_FLAG, AT(wait) },
	{ "what", 0, OPTION_TEXT, AT(what) },
	{ "working-directory", 0, OPTION_SETTING, 0 },
};
#define N_ROWS ELEMENTSOF(option_rows)

static bool takes_argument(enum option_kind kind)
{
	switch (kind) {
	case OPTION_IGNORED:
	case OPTION_FLAG:
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

const char *options_name(size_t i, bool *ret_argument, char *ret_letter)
{
	if (i >= N_ROWS) {
		return NULL;
	}
	*ret_argument = takes_argument(option_rows[i].kind);
	*ret_letter = option_rows[i].letter;
	return option_rows[i].name;
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
	case OPTION_FLAG:
		*(bool *)(base + row->field) = true;
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

int options_parse(
	struct options *o, int argc, char **argv, const char *runtime_env, const char **ret_wrong)
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
		} else if (!row || apply(o, row, optarg) < 0) {
			*ret_wrong = argv[optind > 1 ? optind - 1 : 0];
			return -EINVAL;
		}
	}
	while (optind < argc) {
		argv[1 + o->n_args++] = argv[optind++];
	}
	argv[1 + o->n_args] = NULL; /* exec's command is the tail of it */
	return 0;
}
