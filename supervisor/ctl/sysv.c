// SPDX-License-Identifier: MIT
#include "sysv.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
	{ "234", "isolate", "multi-user.target" },
	{ "5", "isolate", "graphical.target" },
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
	/* shutdown -h is -P, but for what -H has said */
	bool halts = o->letter == 'h' && strcmp(call->argv[1], "halt") == 0;

	if (o->verb && !halts) {
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
	static const char *const at_once[] = { "now", "+0", "0" };

	for (size_t i = 0; text && i < ELEMENTSOF(at_once); i++) {
		if (strcmp(text, at_once[i]) == 0) {
			return 0;
		}
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

/* Options may stand anywhere before "--"; the operands into ret, their number. */
static int take_options(struct sysv_call *call, int argc, char *const *argv, const char **ret,
	const char **ret_wrong)
{
	bool ended = false;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		bool end = !ended && strcmp(argv[i], "--") == 0;

		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			ret[n++] = argv[i];
		} else if (!end && take_option(call, shutdown_options, ELEMENTSOF(shutdown_options),
					   argv[i]) < 0) {
			*ret_wrong = argv[i];
			return -EINVAL;
		}
		ended = ended || end;
	}
	return n;
}

static int translate_shutdown(
	struct sysv_call *call, int argc, char *const *argv, const char **ret_wrong)
{
	AUTO_FREE const char **words = calloc((size_t)argc + 1, sizeof(*words));
	int i = 0, n = words ? take_options(call, argc, argv, words, ret_wrong) : -ENOMEM;

	if (n < 0) {
		return n;
	}
	if (!has_no_time(call)) {
		*ret_wrong = n > 0 ? words[0] : "";
		if (set_time(call, n > 0 ? words[i++] : NULL) < 0) {
			return -EINVAL;
		}
	}
	while (i < n) {
		add_word(call, words[i++]);
	}
	*ret_wrong = "too many options";
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
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		return add(call, argv[1]);
	}
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
	for (int k = 2; k < ret->argc; k++) {
		if (strcmp(ret->argv[k], "--help") == 0) {
			ret->usage = kinds[names[i].kind].usage;
		}
	}
	return 0;
}
