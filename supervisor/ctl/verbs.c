// SPDX-License-Identifier: MIT
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "help.h"
#include "nearest.h"

#ifndef SUPCTL_VERSION
#define SUPCTL_VERSION "0.1.0"
#endif

static int verb_refused(struct ctl *c, int n, char *const *args);

static const struct verb verb_rows[] = {
	{ "start", verb_job, 1, -1, OPERAND_UNIT, "UNIT…",
		"Start units and wait until they are up" },
	{ "stop", verb_job, 1, -1, OPERAND_UNIT, "UNIT…",
		"Stop units and wait until they are gone" },
	{ "restart", verb_job, 1, -1, OPERAND_UNIT, "UNIT…", "Stop units and start them again" },
	{ "try-restart", verb_job, 1, -1, OPERAND_UNIT, "UNIT…", "Restart units that run" },
	{ "reload", verb_job, 1, -1, OPERAND_UNIT, "UNIT…", "Have units read their configuration" },
	{ "reload-or-restart", verb_job, 1, -1, OPERAND_UNIT, "UNIT…",
		"Reload units that can, restart the others" },
	{ "try-reload-or-restart", verb_job, 1, -1, OPERAND_UNIT, "UNIT…",
		"Reload units that run and can, restart the others that run" },
	{ "force-reload", verb_job, 1, -1, OPERAND_UNIT, "UNIT…", "The same" },
	{ "condrestart", verb_job, 1, -1, OPERAND_UNIT, "UNIT…", "As try-restart" },
	{ "isolate", verb_isolate, 1, 1, OPERAND_UNIT, "UNIT",
		"Start a unit and stop what it does not need" },
	{ "default", verb_isolate_target, 0, 0, OPERAND_NONE, "", "Isolate default.target" },
	{ "rescue", verb_isolate_target, 0, 0, OPERAND_NONE, "", "Isolate rescue.target" },
	{ "emergency", verb_isolate_target, 0, 0, OPERAND_NONE, "", "Isolate emergency.target" },
	{ "status", verb_status, 0, -1, OPERAND_UNIT, "[UNIT…|PID…]", "Show how units are doing",
		VERB_READS },
	{ "list", verb_list, 0, -1, OPERAND_PATTERN, "[PATTERN…]", "List units", VERB_READS },
	{ "list-units", verb_list, 0, -1, OPERAND_PATTERN, "[PATTERN…]", "The same", VERB_READS },
	{ "list-unit-files", verb_list_unit_files, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List installed unit files", VERB_READS },
	{ "list-sockets", verb_list_kind, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List addresses that sockets listen on", VERB_READS },
	{ "list-paths", verb_list_kind, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List what path units watch", VERB_READS },
	{ "list-automounts", verb_list_kind, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List places that are mounted when used", VERB_READS },
	{ "list-jobs", verb_list_jobs, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List jobs that wait or run", VERB_READS },
	{ "list-timers", verb_list_timers, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List timers by when they are due", VERB_READS },
	{ "cancel", verb_cancel, 0, -1, OPERAND_JOB, "[JOB…]", "Cancel jobs, or all of them" },
	{ "denials", verb_denials, 1, -1, OPERAND_UNIT, "UNIT…",
		"Show the system calls that units were denied", VERB_READS },
	{ "exec", verb_exec, 2, -1, OPERAND_UNIT, "UNIT -- COMMAND…",
		"Run a command inside a running unit, confined as it is" },
	{ "shell", verb_exec, 1, 1, OPERAND_UNIT, "UNIT", "The same with /bin/sh" },
	{ "profile", verb_profile, 1, -1, OPERAND_UNIT, "UNIT…|FILE…",
		"Show how units differ from their profile, and where", VERB_READS },
	{ "show", verb_show, 0, -1, OPERAND_UNIT, "[UNIT…]",
		"Show properties of units or of the manager", VERB_READS },
	{ "list-dependencies", verb_list_dependencies, 0, -1, OPERAND_UNIT, "[UNIT…]",
		"Show what units pull in (--reverse, --after, --before)", VERB_READS },
	{ "time", verb_time, 0, 0, OPERAND_NONE, "",
		"How long the boot took: kernel, initrd, user space", VERB_READS },
	{ "blame", verb_blame, 0, 0, OPERAND_NONE, "", "Units by how long their start took",
		VERB_READS },
	{ "critical-chain", verb_critical_chain, 0, -1, OPERAND_UNIT, "[UNIT…]",
		"What the default target, or units, waited for (--fuzz)", VERB_READS },
	{ "plot", verb_plot, 0, 0, OPERAND_NONE, "", "The boot as a picture (SVG)", VERB_READS },
	{ "is-active", verb_is_active, 1, -1, OPERAND_UNIT, "UNIT…", "Is one of the units active?",
		VERB_READS },
	{ "is-failed", verb_is_failed, 1, -1, OPERAND_UNIT, "UNIT…", "Is one of the units failed?",
		VERB_READS },
	{ "is-enabled", verb_is_enabled, 1, -1, OPERAND_UNIT, "UNIT…",
		"Are the unit files enabled?", VERB_READS },
	{ "is-system-running", verb_is_system_running, 0, 0, OPERAND_NONE, "", "State of the whole",
		VERB_READS },
	{ "enable", verb_install, 1, -1, OPERAND_UNIT, "UNIT|FILE…",
		"Make the links that [Install] asks for" },
	{ "disable", verb_install, 1, -1, OPERAND_UNIT, "UNIT…", "Remove all links to units" },
	{ "reenable", verb_install, 1, -1, OPERAND_UNIT, "UNIT…", "Disable, then enable" },
	{ "preset", verb_install, 1, -1, OPERAND_UNIT, "UNIT…",
		"Enable or disable as the preset files say" },
	{ "preset-all", verb_install, 0, 0, OPERAND_NONE, "", "The same for every unit file" },
	{ "mask", verb_install, 1, -1, OPERAND_UNIT, "UNIT…", "Make it impossible to start units" },
	{ "unmask", verb_install, 1, -1, OPERAND_UNIT, "UNIT…", "Undo mask" },
	{ "link", verb_install, 1, -1, OPERAND_FILE, "FILE…",
		"Make unit files from elsewhere known" },
	{ "revert", verb_install, 1, -1, OPERAND_UNIT, "UNIT…",
		"Remove drop-ins, and own versions of shipped units" },
	{ "edit", verb_edit, 1, -1, OPERAND_UNIT, "UNIT…",
		"Edit a drop-in (--full: the file), check it, take it" },
	{ "set-property", verb_set_property, 2, -1, OPERAND_UNIT, "UNIT SETTING=VALUE…",
		"Set properties as drop-ins" },
	{ "run", verb_run, 1, -1, OPERAND_NONE, "COMMAND…",
		"Run a command as a transient service" },
	{ "add-wants", verb_install, 2, -1, OPERAND_UNIT, "TARGET UNIT…",
		"Have a target want units" },
	{ "add-requires", verb_install, 2, -1, OPERAND_UNIT, "TARGET UNIT…",
		"Have a target require units" },
	{ "get-default", verb_get_default, 0, 0, OPERAND_NONE, "", "The default target",
		VERB_READS },
	{ "set-default", verb_install, 1, 1, OPERAND_UNIT, "TARGET", "Set the default target" },
	{ "kill", verb_kill, 1, -1, OPERAND_UNIT, "UNIT…", "Send a signal to units' processes" },
	{ "freeze", verb_freeze, 1, -1, OPERAND_UNIT, "UNIT…",
		"Have units' processes stand still" },
	{ "thaw", verb_freeze, 1, -1, OPERAND_UNIT, "UNIT…", "Let them go on" },
	{ "clean", verb_clean, 1, -1, OPERAND_UNIT, "UNIT…",
		"Remove what units that are down have left in their directories" },
	{ "reset-failed", verb_reset_failed, 0, -1, OPERAND_UNIT, "[UNIT…]",
		"Forget failures and restart counters" },
	{ "logs", verb_logs, 0, -1, OPERAND_UNIT, "[UNIT…]", "Show what units wrote", VERB_READS },
	{ "top", verb_top, 0, 0, OPERAND_NONE, "", "Show what cgroups use, most first",
		VERB_READS },
	{ "verify", verb_verify, 1, -1, OPERAND_FILE, "FILE…",
		"Check unit files, and the order of what they pull in; needs no daemon",
		VERB_READS },
	{ "audit", verb_audit, 0, -1, OPERAND_UNIT, "[UNIT…|FILE…]",
		"How exposed units are, why, and what would help", VERB_READS },
	{ "cat", verb_cat, 1, -1, OPERAND_UNIT, "UNIT…", "Show unit files and drop-ins",
		VERB_READS },
	{ "calendar", verb_calendar, 1, -1, OPERAND_NONE, "EXPRESSION…",
		"When is that calendar expression due?", VERB_READS },
	{ "timespan", verb_timespan, 1, -1, OPERAND_NONE, "SPAN…", "How long is that time span?",
		VERB_READS },
	{ "timestamp", verb_timestamp, 1, -1, OPERAND_NONE, "TIME…", "What point in time is that?",
		VERB_READS },
	{ "escape", verb_escape, 1, -1, OPERAND_NONE, "TEXT…",
		"Text as part of a unit's name, and back", VERB_READS },
	{ "daemon-reload", verb_daemon_reload, 0, 0, OPERAND_NONE, "", "Read all unit files again",
		VERB_READS },
	{ "daemon-reexec", verb_daemon_reexec, 0, 0, OPERAND_NONE, "",
		"Replace the supervisor; services go on" },
	{ "show-environment", verb_refused, 0, -1, OPERAND_NONE, "", NULL },
	{ "set-environment", verb_refused, 0, -1, OPERAND_NONE, "", NULL },
	{ "unset-environment", verb_refused, 0, -1, OPERAND_NONE, "", NULL },
	{ "import-environment", verb_refused, 0, -1, OPERAND_NONE, "", NULL },
	{ "poweroff", verb_power, 0, 0, OPERAND_NONE, "", "Stop everything and switch off" },
	{ "reboot", verb_power, 0, 0, OPERAND_NONE, "", "Stop everything and start again" },
	{ "halt", verb_power, 0, 0, OPERAND_NONE, "", "Stop everything and leave the power on" },
	{ "kexec", verb_power, 0, 0, OPERAND_NONE, "",
		"Stop everything and start the loaded kernel" },
	{ "soft-reboot", verb_power, 0, 0, OPERAND_NONE, "",
		"Stop everything and start user space again" },
	{ "exit", verb_power, 0, 1, OPERAND_NONE, "[CODE]",
		"Stop everything and let supd-init exit, with 0 or CODE" },
	{ "help", verb_help, 0, 1, OPERAND_VERB, "[VERB]", "This text, or what one verb takes" },
	{ "_man", verb_man, 0, 0, OPERAND_NONE, "", NULL },
	{ "_words", verb_words, 0, 0, OPERAND_NONE, "", NULL },
};

const struct verb *verbs_at(size_t i)
{
	return i < ELEMENTSOF(verb_rows) ? &verb_rows[i] : NULL;
}

const struct verb *verbs_find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		if (strcmp(verb_rows[i].name, name) == 0) {
			return &verb_rows[i];
		}
	}
	return NULL;
}

const char *verbs_nearest(const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		unsigned d = nearest_distance(name, verb_rows[i].name);

		if (verb_rows[i].help && d < best) {
			best = d;
			nearest = verb_rows[i].name;
		}
	}
	return nearest;
}

/* A service's environment is what its unit says, so that a look at the files tells it. */
static int verb_refused(struct ctl *c, int n, char *const *args)
{
	(void)n;
	ctl_error(c,
		"%s: supd has no environment of its own that services inherit; use Environment= or "
		"EnvironmentFile= in the unit (supctl edit UNIT)",
		args[0]);
	return EXIT_FAILED;
}

static int dispatch(struct ctl *c)
{
	static char *const no_verb[] = { (char *)"list", NULL };
	char *const *args = c->o.n_args ? c->o.args : no_verb;
	int n = c->o.n_args ? (int)c->o.n_args : 1;
	const struct verb *v = verbs_find(args[0]);

	if (!v) {
		return help_unknown(c, args[0]);
	}
	if (n - 1 < v->min || (v->max >= 0 && n - 1 > v->max)) {
		ctl_error(c, "%s: too %s operands; usage: supctl %s%s%s (see supctl help %s)",
			v->name, n - 1 < v->min ? "few" : "many", v->name, *v->usage ? " " : "",
			v->usage, v->name);
		return EXIT_FAILED;
	}
	if (c->o.json && v->answer != VERB_READS) {
		ctl_error(c,
			"%s: --json goes with verbs that read, such as status (see supctl help)",
			v->name);
		return EXIT_FAILED;
	}
	return v->run(c, n, args);
}

int verbs_main(struct ctl *c, int argc, char **argv)
{
	char text[OPTIONS_WRONG];
	const char *wrong;
	int code;

	if (options_parse(&c->o, argc, argv, getenv(OPTIONS_RUNTIME_ENV), text) < 0) {
		ctl_error(c, "%s", text);
		return EXIT_FAILED;
	}
	if (c->o.type && strcmp(c->o.type, "help") == 0) {
		return help_types(c);
	}
	if (c->o.state && strcmp(c->o.state, "help") == 0) {
		return help_states(c);
	}
	wrong = options_wrong_type(&c->o);
	if (wrong) {
		ctl_error(c,
			"--type: %s: no type of unit; service, socket, target, slice, mount, …",
			wrong);
		return EXIT_FAILED;
	}
	if (c->o.help) {
		return help_print(c, c->o.n_args ? c->o.args[0] : NULL);
	}
	if (c->o.version) {
		fputs("supctl " SUPCTL_VERSION "\n", c->out);
		return EXIT_OK;
	}
	code = dispatch(c);
	if (fflush(c->out) != 0 && code == EXIT_OK) {
		ctl_error(c, "cannot write: %m");
		return EXIT_FAILED;
	}
	return code;
}
