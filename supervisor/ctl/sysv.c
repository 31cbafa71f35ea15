// SPDX-License-Identifier: MIT
#include "sysv.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"

enum sysv_kind {
	SYSV_HALT,
	SYSV_SHUTDOWN,
	SYSV_TELINIT,
};

static const struct {
	const char *name;
	enum sysv_kind kind;
	const char *verb;
} names[] = {
	{ "halt", SYSV_HALT, "halt" },
	{ "poweroff", SYSV_HALT, "poweroff" },
	{ "reboot", SYSV_HALT, "reboot" },
	{ "shutdown", SYSV_SHUTDOWN, "poweroff" },
	{ "telinit", SYSV_TELINIT, NULL },
};

/* What an option does: another verb, or an option of supctl's; neither: nothing here. */
struct sysv_option {
	const char *name;
	char letter;
	const char *verb;
	const char *option;
};

static const struct sysv_option halt_options[] = {
	{ "halt", 0, "halt", NULL },
	{ "poweroff", 'p', "poweroff", NULL },
	{ "reboot", 0, "reboot", NULL },
	{ "force", 'f', NULL, "--force" },
	{ "no-wall", 0, NULL, "--no-wall" },
	{ "no-wtmp", 'd', NULL, NULL },
	{ "no-sync", 'n', NULL, NULL },
	{ "help", 0, NULL, "--help" },
};

static const struct sysv_option shutdown_options[] = {
	{ "halt", 'H', "halt", NULL },
	{ "poweroff", 'P', "poweroff", NULL },
	{ NULL, 'h', "poweroff", NULL },
	{ "reboot", 'r', "reboot", NULL },
	{ "no-wall", 0, NULL, "--no-wall" },
	{ "show", 0, NULL, "--when=show" },
	{ NULL, 'c', NULL, "--when=cancel" },
	{ "help", 0, NULL, "--help" },
};

static const struct {
	const char *levels;
	const char *verb, *operand;
} levels[] = {
	{ "0", "poweroff", NULL },
	{ "6", "reboot", NULL },
	{ "1sS", "isolate", "rescue.target" },
	{ "2", "isolate", "runlevel2.target" },
	{ "3", "isolate", "runlevel3.target" },
	{ "4", "isolate", "runlevel4.target" },
	{ "5", "isolate", "runlevel5.target" },
	{ "qQ", "daemon-reload", NULL },
	{ "uU", "daemon-reexec", NULL },
};

bool sysv_is(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcmp(names[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static int add(struct sysv_call *call, const char *word)
{
	if (call->argc == SYSV_ARGS) {
		return -E2BIG;
	}
	call->argv[call->argc++] = (char *)(uintptr_t)word;
	return 0;
}

static int take(struct sysv_call *call, const struct sysv_option *o)
{
	if (o->verb) {
		call->argv[1] = (char *)(uintptr_t)o->verb;
	}
	return o->option ? add(call, o->option) : 0;
}

/* "--name", or "-abc". */
static int take_option(
	struct sysv_call *call, const struct sysv_option *options, size_t n, const char *arg)
{
	bool is_long = arg[1] == '-';

	for (const char *s = arg + 1; *s; s++) {
		size_t i = 0;

		while (i < n && (is_long ? !options[i].name || strcmp(options[i].name, arg + 2) != 0
					 : options[i].letter != *s)) {
			i++;
		}
		if (!is_long && *s == 'k' && options == shutdown_options) {
			call->only_wall = true;
			continue;
		}
		if (i == n || take(call, &options[i]) < 0) {
			return -EINVAL;
		}
		if (is_long) {
			break;
		}
	}
	return 0;
}

/* "now", "+5", "23:00"; without one in a minute, so that whoever typed it may think again. */
static int set_time(struct sysv_call *call, const char *text)
{
	if (text && (strcmp(text, "now") == 0 || strcmp(text, "+0") == 0)) {
		return 0;
	}
	if (text && text[0] != '+' && !isdigit((unsigned char)text[0])) {
		return -EINVAL;
	}
	snprintf(call->when, sizeof(call->when), "--when=%s%s",
		text && isdigit((unsigned char)text[0]) && !strchr(text, ':') ? "+" : "",
		text ? text : "+1");
	return add(call, call->when);
}

static void add_word(struct sysv_call *call, const char *word)
{
	size_t used = strlen(call->message);

	snprintf(call->message + used, sizeof(call->message) - used, "%s%s",
		used ? " " : "--message=", word);
}

/* cancel, show, help: the operands are the message. */
static bool has_no_time(const struct sysv_call *call)
{
	for (int i = 2; i < call->argc; i++) {
		if (strncmp(call->argv[i], "--when=", 7) == 0 ||
			strcmp(call->argv[i], "--help") == 0) {
			return true;
		}
	}
	return false;
}

static int translate_shutdown(
	struct sysv_call *call, int argc, char *const *argv, const char **ret_wrong)
{
	const size_t n_options = ELEMENTSOF(shutdown_options);
	const char *when = NULL;
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		*ret_wrong = argv[i];
		if (take_option(call, shutdown_options, n_options, argv[i]) < 0) {
			return -EINVAL;
		}
	}
	if (!has_no_time(call)) {
		when = i < argc ? argv[i++] : NULL;
		*ret_wrong = when;
		if (set_time(call, when) < 0) {
			return -EINVAL;
		}
	}
	while (i < argc) {
		add_word(call, argv[i++]);
	}
	return *call->message ? add(call, call->message) : 0;
}

static int translate_halt(
	struct sysv_call *call, int argc, char *const *argv, const char **ret_wrong)
{
	for (int i = 1; i < argc; i++) {
		*ret_wrong = argv[i];
		if (argv[i][0] != '-' ||
			take_option(call, halt_options, ELEMENTSOF(halt_options), argv[i]) < 0) {
			return -EINVAL;
		}
	}
	return 0;
}

static int translate_telinit(
	struct sysv_call *call, int argc, char *const *argv, const char **ret_wrong)
{
	*ret_wrong = argc > 2 ? argv[2] : argc > 1 ? argv[1] : "nothing";
	for (size_t i = 0; argc == 2 && i < ELEMENTSOF(levels); i++) {
		if (strlen(argv[1]) == 1 && strchr(levels[i].levels, argv[1][0])) {
			call->argv[1] = (char *)(uintptr_t)levels[i].verb;
			return levels[i].operand ? add(call, levels[i].operand) : 0;
		}
	}
	return -EINVAL;
}

int sysv_translate(const char *name, int argc, char *const *argv, struct sysv_call *ret,
	char ret_wrong[OPTIONS_WRONG])
{
	static const struct {
		int (*translate)(struct sysv_call *call, int argc, char *const *argv,
			const char **ret_wrong);
		const char *usage;
	} kinds[] = {
		[SYSV_HALT] = { translate_halt,
			"[-f|--force] [-p|--poweroff] [--halt] [--reboot] [--no-wall]" },
		[SYSV_SHUTDOWN] = { translate_shutdown, "[-h|-P|-H|-r|-k|-c] [--show] [--no-wall] "
							"[now|+MINUTES|HH:MM [MESSAGE…]]" },
		[SYSV_TELINIT] = { translate_telinit, "0|1|2|3|4|5|6|q|u" },
	};
	const char *wrong = "";
	size_t i = 0;

	while (i + 1 < ELEMENTSOF(names) && strcmp(names[i].name, name) != 0) {
		i++;
	}
	*ret = (struct sysv_call) { .argv = { (char *)"supctl" }, .argc = 2 };
	ret->argv[1] = (char *)(uintptr_t)names[i].verb;
	int r = kinds[names[i].kind].translate(ret, argc, argv, &wrong);

	if (r < 0) {
		snprintf(ret_wrong, OPTIONS_WRONG, "%s: not understood: %.80s; usage: %s %s",
			names[i].name, wrong, names[i].name, kinds[names[i].kind].usage);
		return -EINVAL;
	}
	return 0;
}
