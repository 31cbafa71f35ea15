// SPDX-License-Identifier: MIT
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "nearest.h"

#ifndef SUPCTL_VERSION
#define SUPCTL_VERSION "0.1.0"
#endif

static int verb_help(struct ctl *c, int n, char *const *args);
static int verb_words(struct ctl *c, int n, char *const *args);
static int verb_man(struct ctl *c, int n, char *const *args);
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
	{ "isolate", verb_isolate, 1, 1, OPERAND_UNIT, "UNIT",
		"Start a unit and stop what it does not need" },
	{ "status", verb_status, 0, -1, OPERAND_UNIT, "[UNIT…]", "Show how units are doing",
		VERB_READS },
	{ "list", verb_list, 0, -1, OPERAND_PATTERN, "[PATTERN…]", "List units", VERB_READS },
	{ "list-units", verb_list, 0, -1, OPERAND_PATTERN, "[PATTERN…]", "The same", VERB_READS },
	{ "list-unit-files", verb_list_unit_files, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List installed unit files", VERB_READS },
	{ "list-sockets", verb_list_sockets, 0, 0, OPERAND_NONE, "",
		"List addresses that sockets listen on", VERB_READS },
	{ "list-jobs", verb_list_jobs, 0, 0, OPERAND_NONE, "", "List jobs that wait or run",
		VERB_READS },
	{ "list-timers", verb_list_timers, 0, -1, OPERAND_PATTERN, "[PATTERN…]",
		"List timers by when they are due", VERB_READS },
	{ "cancel", verb_cancel, 1, -1, OPERAND_JOB, "JOB…", "Cancel jobs" },
	{ "denials", verb_denials, 1, -1, OPERAND_UNIT, "UNIT…",
		"Show the system calls that units were denied", VERB_READS },
	{ "exec", verb_exec, 2, -1, OPERAND_UNIT, "UNIT -- COMMAND…",
		"Run a command inside a running unit, confined as it is" },
	{ "shell", verb_exec, 1, 1, OPERAND_UNIT, "UNIT", "The same with /bin/sh and a terminal" },
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
	{ "verify", verb_verify, 1, -1, OPERAND_FILE, "FILE…", "Check unit files; needs no daemon",
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
	{ "help", verb_help, 0, 0, OPERAND_NONE, "", "This text" },
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

/*
 * For the completion: "verb NAME OPERAND" and "option --NAME flag|argument", one a line; "json
 * NAME" for verbs that know --json.
 */
static int verb_words(struct ctl *c, int n, char *const *args)
{
	static const char *const operands[] = {
		[OPERAND_NONE] = "none",
		[OPERAND_UNIT] = "unit",
		[OPERAND_FILE] = "file",
		[OPERAND_JOB] = "job",
		[OPERAND_PATTERN] = "unit",
	};

	const char *option;
	bool argument;
	char letter;

	(void)n;
	(void)args;
	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		const struct verb *v = &verb_rows[i];

		if (v->help) {
			fprintf(c->out, "verb %s %s\n", v->name, operands[v->operand]);
		}
		if (v->answer == VERB_READS) {
			fprintf(c->out, "json %s\n", v->name);
		}
	}
	for (size_t i = 0; (option = options_name(i, &argument, &letter)); i++) {
		fprintf(c->out, "option --%s %s\n", option, argument ? "argument" : "flag");
		if (letter) {
			fprintf(c->out, "option -%c %s\n", letter, argument ? "argument" : "flag");
		}
	}
	return EXIT_OK;
}

static const char options_help[] =
	"\nOptions:\n"
	"      --runtime-dir DIR  The instance to talk to (SUPD_RUNTIME_DIR; /run/supd)\n"
	"      --json             Answer in JSON (verbs that read; others refuse it)\n"
	"  -a, --all              list: also inactive units; show: also empty values\n"
	"      --failed           list: failed and crash-looping units\n"
	"  -t, --type TYPE        list: units of this type (also service,socket)\n"
	"      --state STATE      list: units in this state\n"
	"  -p, --property NAME    show: these properties\n"
	"      --value            show: the value alone\n"
	"  -s, --signal SIGNAL    kill: SIGTERM unless given\n"
	"      --kill-whom WHOM   kill: main, control or all\n"
	"  -f, --follow           logs: go on with what comes\n"
	"  -n, --lines N          logs, status: the last N lines\n"
	"  -S, --since TIME       logs: \"5 min ago\", -1h, today, \"2026-01-02 03:04\", @EPOCH\n"
	"  -o, --output FORMAT    logs: short, cat or json\n"
	"      --log-dir DIR      logs, status: read this directory of supd-log\n"
	"      --base-time TIME   calendar: as if it were that time\n"
	"      --iterations N     calendar: the next N times; top: looks (also -n)\n"
	"  -b, --batch            top: one look below the other\n"
	"  -d, --delay TIME       top: between two looks\n"
	"      --order BY         top: cpu, memory, tasks, io or path\n"
	"      --path, --suffix TYPE, --template NAME, --mangle, --unescape, --instance\n"
	"                         escape: of paths, into names, back\n"
	"      --root DIR         enable, mask, …: an image that does not run\n"
	"      --runtime          enable, mask, edit, set-property: until the next boot\n"
	"      --now              enable, disable, mask: start or stop as well\n"
	"      --force            enable, link, mask: replace links that are in the way\n"
	"      --no-reload        enable, mask, …: supd does not read its files again\n"
	"      --dry-run          daemon-reload: only say what would change\n"
	"      --reverse, --after, --before\n"
	"                         list-dependencies: other directions\n"
	"      --fuzz SPAN        critical-chain: also what was done that much earlier\n"
	"      --unit NAME        run: the unit's name\n"
	"      --description TEXT run: Description=\n"
	"      --wait             run: until the unit is done; its exit status is supctl's\n"
	"  -P, --pipe; --pty      run: our streams, or a terminal, for the command\n"
	"  -r, --remain-after-exit; -G, --collect\n"
	"                         run: stays active; forget also a failure (with --wait)\n"
	"      --uid, --gid, --nice, --slice, --service-type, --working-directory, --same-dir,\n"
	"      -E, --setenv NAME[=VALUE]\n"
	"                         run: settings of the service\n"
	"      --on-active, --on-boot, --on-startup, --on-unit-active, --on-unit-inactive TIME,\n"
	"      --on-calendar TIME, --on-clock-change, --on-timezone-change, --timer-property K=V\n"
	"                         run: by a timer\n"
	"      --path-property K=V, --socket-property K=V\n"
	"                         run: by a path or socket\n"
	"      --what KINDS       clean: configuration, state, cache, logs, runtime, fdstore, all\n"
	"                         (default: cache,runtime)\n"
	"      --no-block         Do not wait for the job\n"
	"      --threshold N      audit: fail when a unit's exposure is above N tenths\n"
	"      --job-mode MODE    replace (default), fail, isolate, …\n"
	"  -q, --quiet            Print nothing but errors\n"
	"      --no-legend        No titles and totals\n"
	"      --plain            No dots\n"
	"  -l, --full             Do not cut long lines\n"
	"  -h, --help, --version\n";

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

static int verb_help(struct ctl *c, int n, char *const *args)
{
	(void)n;
	(void)args;
	fputs("supctl [OPTION…] VERB [OPERAND…]\n\nVerbs:\n", c->out);
	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		const struct verb *v = &verb_rows[i];

		if (v->help) {
			int used = fprintf(c->out, "  %s %s", v->name, v->usage);
			/* "…" has three bytes and one column. */
			int columns = used - (strstr(v->usage, "…") ? 2 : 0);

			fprintf(c->out, "%*s%s\n", columns < 34 ? 34 - columns : 1, "", v->help);
		}
	}
	fputs(options_help, c->out);
	return EXIT_OK;
}

/* Text in which a dash or backslash, or a dot at the start of a line, would mean something. */
static void put_roff(FILE *out, const char *text)
{
	for (bool start = true; *text; start = *text++ == '\n') {
		fputs(start && (*text == '.' || *text == '\'') ? "\\&" : "", out);
		fputs(*text == '-' || *text == '\\' ? "\\" : "", out);
		putc(*text == '\\' ? 'e' : *text, out);
	}
}

static void man_json(struct ctl *c)
{
	const char *comma = "";

	fputs(".SH JSON\nWith \\-\\-json these verbs print one document: ", c->out);
	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		if (verb_rows[i].answer == VERB_READS) {
			fputs(comma, c->out);
			put_roff(c->out, verb_rows[i].name);
			comma = ", ";
		}
	}
	fputs(".\nOnly logs prints one document for each entry, each on a line of its own.\n"
	      "Numbers of time are microseconds; what went wrong is on the error stream, and the\n"
	      "exit code is the same as without. Other verbs refuse the option.\n",
		c->out);
}

/* supctl(1), from the same tables. */
static int verb_man(struct ctl *c, int n, char *const *args)
{
	(void)n;
	(void)args;
	fputs(".TH SUPCTL 1 \"\" supd \"supd\"\n.SH NAME\nsupctl \\- control supd\n.SH SYNOPSIS\n"
	      ".B supctl\n[OPTION...] VERB [OPERAND...]\n.SH DESCRIPTION\n"
	      "One command to supd, with the caller's own rights. Verbs that write unit files or\n"
	      "links do so themselves; supd is asked to read them. Exit codes are those of\n"
	      ".BR systemctl (1).\n.SH VERBS\n",
		c->out);
	for (size_t i = 0; i < ELEMENTSOF(verb_rows); i++) {
		const struct verb *v = &verb_rows[i];

		if (v->help) {
			fprintf(c->out, ".TP\n.B ");
			put_roff(c->out, v->name);
			putc(' ', c->out);
			put_roff(c->out, v->usage);
			putc('\n', c->out);
			put_roff(c->out, v->help);
			putc('\n', c->out);
		}
	}
	fputs(".SH OPTIONS\n.nf\n", c->out);
	put_roff(c->out, strchr(options_help + 1, '\n') + 1);
	fputs(".fi\n", c->out);
	man_json(c);
	fputs(".SH SEE ALSO\n.BR supd.unit (5),\n.BR systemctl (1)\n", c->out);
	return EXIT_OK;
}

static int dispatch(struct ctl *c)
{
	static char *const no_verb[] = { (char *)"list", NULL };
	char *const *args = c->o.n_args ? c->o.args : no_verb;
	int n = c->o.n_args ? (int)c->o.n_args : 1;
	const struct verb *v = verbs_find(args[0]);
	const char *nearest;

	if (!v) {
		nearest = verbs_nearest(args[0]);
		ctl_error(c, "unknown verb %s%s%s%s", args[0], nearest ? "; did you mean " : "",
			nearest ? nearest : " (see supctl help)", nearest ? "?" : "");
		return EXIT_FAILED;
	}
	if (n - 1 < v->min || (v->max >= 0 && n - 1 > v->max)) {
		ctl_error(c, "%s: too %s operands; usage: supctl %s%s%s", v->name,
			n - 1 < v->min ? "few" : "many", v->name, *v->usage ? " " : "", v->usage);
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
	const char *wrong = "";
	int code;

	if (options_parse(&c->o, argc, argv, getenv(OPTIONS_RUNTIME_ENV), &wrong) < 0) {
		ctl_error(c, "option not understood: %s (see supctl help)", wrong);
		return EXIT_FAILED;
	}
	wrong = options_wrong_type(&c->o);
	if (wrong) {
		ctl_error(c,
			"--type: %s: no type of unit; service, socket, target, slice, mount, …",
			wrong);
		return EXIT_FAILED;
	}
	if (c->o.help) {
		return verb_help(c, 0, NULL);
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
