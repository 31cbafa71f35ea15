// SPDX-License-Identifier: MIT
#include "help.h"

#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../../runtime/plan/unitenum.h"
#include "exitcode.h"
#include "verbs.h"

#define HELP_COLUMN 34
#define VERBS_SHOWN 2 /* of those that heed an option, where the list is longer than three */

/* Columns of a text: all bytes but those that continue a character. */
static int columns_of(const char *text)
{
	int n = 0;

	for (; *text; text++) {
		n += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return n;
}

/* "  name operands      help", the help on a line of its own where the name is long. */
static void print_row(struct ctl *c, const char *name, const char *help)
{
	int columns = columns_of(name);

	if (columns + 3 > HELP_COLUMN) {
		fprintf(c->out, "%s\n%*s%s\n", name, HELP_COLUMN, "", help);
	} else {
		fprintf(c->out, "%s%*s%s\n", name, HELP_COLUMN - columns, "", help);
	}
}

static void print_verb(struct ctl *c, const struct verb *v)
{
	char name[96];

	snprintf(name, sizeof(name), "  %s%s%s", v->name, *v->usage ? " " : "", v->usage);
	print_row(c, name, v->help);
}

/* "logs, status: " before an option's help; of many verbs the first. */
static void name_verbs(const char *verbs, char *text, size_t size)
{
	size_t words = 1, used = 0, shown = 0;

	for (const char *s = verbs; *s; s++) {
		words += *s == ' ';
	}
	while (*verbs && used + 24 < size) {
		size_t n = strcspn(verbs, " ");

		if (words > VERBS_SHOWN + 1 && shown++ == VERBS_SHOWN) {
			used += (size_t)snprintf(text + used, size - used, ", …");
			break;
		}
		used += (size_t)snprintf(
			text + used, size - used, "%s%.*s", used ? ", " : "", (int)n, verbs);
		verbs += n + (verbs[n] == ' ');
	}
	snprintf(text + used, size - used, ": ");
}

static void print_option(struct ctl *c, const struct option_info *o, bool with_verbs)
{
	char name[96], help[256], letter[8] = "    ", verbs[96] = "";

	if (o->letter) {
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	}
	snprintf(name, sizeof(name), "  %s--%s%s%s", letter, o->name, o->argument ? " " : "",
		o->argument ? o->argument : "");
	if (with_verbs && o->verbs) {
		name_verbs(o->verbs, verbs, sizeof(verbs));
	}
	snprintf(help, sizeof(help), "%s%s", verbs, o->help);
	print_row(c, name, help);
}

static int print_all(struct ctl *c)
{
	const struct verb *v;
	struct option_info o;

	fputs("supctl [OPTION…] VERB [OPERAND…]\n\nVerbs:\n", c->out);
	for (size_t i = 0; (v = verbs_at(i)); i++) {
		if (v->help) {
			print_verb(c, v);
		}
	}
	fputs("\nOptions (supctl help VERB: those of a verb):\n", c->out);
	for (size_t i = 0; options_at(i, &o); i++) {
		if (o.help) {
			print_option(c, &o, true);
		}
	}
	return EXIT_OK;
}

int help_unknown(struct ctl *c, const char *verb)
{
	const char *nearest = verbs_nearest(verb);

	ctl_error(c, "unknown verb %s%s%s%s", verb, nearest ? "; did you mean " : "",
		nearest ? nearest : " (see supctl help)", nearest ? "?" : "");
	return EXIT_FAILED;
}

int help_print(struct ctl *c, const char *verb)
{
	const struct verb *v = verb ? verbs_find(verb) : NULL;
	const char *title = "\nOptions:\n";
	struct option_info o;

	if (!verb) {
		return print_all(c);
	}
	if (!v || !v->help) {
		return help_unknown(c, verb);
	}
	fprintf(c->out, "supctl %s [OPTION…]%s%s\n%s\n", v->name, *v->usage ? " " : "", v->usage,
		v->help);
	for (size_t i = 0; options_at(i, &o); i++) {
		if (o.verbs && options_heeded(&o, v->name)) {
			fputs(title, c->out);
			title = "";
			print_option(c, &o, false);
		}
	}
	fputs("\nOptions of all verbs:\n", c->out);
	for (size_t i = 0; options_at(i, &o); i++) {
		bool json = strcmp(o.name, "json") == 0;

		if (o.help && !o.verbs && (!json || v->answer == VERB_READS)) {
			print_option(c, &o, false);
		}
	}
	fputs("\nsupctl(1) has all of it.\n", c->out);
	return EXIT_OK;
}

int help_types(struct ctl *c)
{
	for (int i = 0; i < UNIT_TYPE_COUNT; i++) {
		fprintf(c->out, "%s\n", unit_type_to_string((enum unit_type)i));
	}
	return EXIT_OK;
}

int help_states(struct ctl *c)
{
	static const char *const active[] = { "active", "reloading", "inactive", "failed",
		"activating", "deactivating", "crash-looping" };

	for (int i = 0; i < LOAD_STATE_COUNT; i++) {
		fprintf(c->out, "%s\n", load_state_to_string((enum unit_load_state)i));
	}
	for (size_t i = 0; i < ELEMENTSOF(active); i++) {
		fprintf(c->out, "%s\n", active[i]);
	}
	fputs("and the SUB states, as list shows them; of list-unit-files: enabled, disabled, "
	      "static, masked, …\n",
		c->out);
	return EXIT_OK;
}

int verb_help(struct ctl *c, int n, char *const *args)
{
	return help_print(c, n > 1 ? args[1] : NULL);
}

int verb_words(struct ctl *c, int n, char *const *args)
{
	static const char *const operands[] = {
		[OPERAND_NONE] = "none",
		[OPERAND_UNIT] = "unit",
		[OPERAND_FILE] = "file",
		[OPERAND_JOB] = "job",
		[OPERAND_PATTERN] = "unit",
		[OPERAND_VERB] = "verb",
	};
	const struct verb *v;
	struct option_info o;

	(void)n;
	(void)args;
	for (size_t i = 0; (v = verbs_at(i)); i++) {
		if (v->help) {
			fprintf(c->out, "verb %s %s\n", v->name, operands[v->operand]);
		}
		if (v->answer == VERB_READS) {
			fprintf(c->out, "json %s\n", v->name);
		}
		for (size_t k = 0; v->help && options_at(k, &o); k++) {
			if (options_heeded(&o, v->name)) {
				fprintf(c->out, "for %s --%s\n", v->name, o.name);
			}
		}
	}
	for (size_t i = 0; options_at(i, &o); i++) {
		const char *kind = o.takes_argument ? "argument" : "flag";

		if (!o.help) {
			continue;
		}
		fprintf(c->out, "option --%s %s\n", o.name, kind);
		if (o.letter) {
			fprintf(c->out, "option -%c %s\n", o.letter, kind);
		}
	}
	return EXIT_OK;
}

/* Text in which a dash or backslash, or a dot at the start of a line, would mean something. */
static void put_roff(FILE *out, const char *text)
{
	for (bool start = true; *text; start = *text++ == '\n') {
		fputs(start && (*text == '.' || *text == '\'') ? "\\&" : "", out);
		fputs(*text == '-' || *text == '\\' ? "\\" : "", out);
		if (strncmp(text, "…", 3) == 0) {
			fputs("...", out);
			text += 2;
		} else {
			putc(*text == '\\' ? 'e' : *text, out);
		}
	}
}

static void man_row(struct ctl *c, const char *name, const char *operands)
{
	fputs(".TP\n\\fB", c->out);
	put_roff(c->out, name);
	fputs("\\fR", c->out);
	if (*operands) {
		fputs(" \\fI", c->out);
		put_roff(c->out, operands);
		fputs("\\fR", c->out);
	}
	putc('\n', c->out);
}

static void man_verbs(struct ctl *c)
{
	const struct verb *v;

	for (size_t i = 0; (v = verbs_at(i)); i++) {
		if (v->help) {
			man_row(c, v->name, v->usage);
			put_roff(c->out, v->help);
			fputs(".\n", c->out);
		}
	}
}

static void man_options(struct ctl *c)
{
	struct option_info o;
	char name[64];

	for (size_t i = 0; options_at(i, &o); i++) {
		if (!o.help) {
			continue;
		}
		if (o.letter) {
			snprintf(name, sizeof(name), "-%c, --%s", o.letter, o.name);
		} else {
			snprintf(name, sizeof(name), "--%s", o.name);
		}
		man_row(c, name, o.argument ? o.argument : "");
		put_roff(c->out, o.help);
		fputs(".\n", c->out);
		if (o.verbs) {
			fputs("Heeded by: ", c->out);
			for (const char *s = o.verbs; *s; s++) {
				put_roff(c->out, (char[2]) { *s == ' ' ? ',' : *s, '\0' });
				fputs(*s == ' ' ? " " : "", c->out);
			}
			fputs(".\n", c->out);
		}
	}
}

static void man_json(struct ctl *c)
{
	const char *comma = "";
	const struct verb *v;

	fputs(".SH JSON\nWith \\-\\-json these verbs print one document: ", c->out);
	for (size_t i = 0; (v = verbs_at(i)); i++) {
		if (v->answer == VERB_READS) {
			fputs(comma, c->out);
			put_roff(c->out, v->name);
			comma = ", ";
		}
	}
	fputs(".\nOnly logs prints one document for each entry, each on a line of its own.\n"
	      "Numbers of time are microseconds; what went wrong is on the error stream, and the\n"
	      "exit code is the same as without.\nOther verbs refuse the option.\n",
		c->out);
}

static const char man_head[] =
	".TH SUPCTL 1 \"\" supd \"supd\"\n.SH NAME\nsupctl \\- control supd\n.SH SYNOPSIS\n"
	".B supctl\n.RI [ OPTION... ]\n.I VERB\n.RI [ OPERAND... ]\n.SH DESCRIPTION\n"
	"One command to supd, with the caller's own rights; without a verb:\n.BR list .\n"
	"Everybody may read. Root and the control group may change; who may do what is decided by\n"
	"supd, which writes nothing itself: verbs that write unit files or links do so with the\n"
	"caller's rights and then ask supd to read them.\n"
	".PP\nA unit is named as in systemd: a name without a type is a service\n"
	"(web: web.service), an absolute path is a mount (/srv/data: srv\\-data.mount),\n"
	"*, ? and [ make a pattern over the units that are loaded.\n.SH VERBS\n";

static const char man_tail[] =
	".SH EXIT STATUS\n"
	".TP\n0\nDone; of is\\-active, is\\-failed and is\\-enabled: yes.\n"
	".TP\n1\nFailed, or the command line is not understood.\n"
	".TP\n2\nThe arguments are not understood by supd.\n"
	".TP\n3\nstatus, is\\-active: a unit is not active. reload: it cannot be reloaded.\n"
	".TP\n4\nstatus, is\\-active: there is no such unit. Others: permission denied.\n"
	".TP\n5\nThere is no such unit.\n"
	".PP\nrun with \\-\\-wait, \\-\\-pipe or \\-\\-pty, exec and shell end as their command\n"
	"does. SIGINT, SIGQUIT, SIGTERM and SIGHUP to supctl exec or shell go to the command;\n"
	"after the last two, or when the terminal goes, its terminal hangs up, and what is\n"
	"left of it after 5 seconds is killed.\n"
	".SH ENVIRONMENT\n"
	".TP\nSUPD_RUNTIME_DIR\nThe instance to talk to where \\-\\-runtime\\-dir is not given.\n"
	".TP\nEDITOR, VISUAL\nThe editor of supctl edit.\n"
	".TP\nNO_COLOR\nNo colours on a terminal.\n"
	".SH FILES\n.TP\n/run/supd/control\nThe socket of supd.\n"
	".TP\n/var/log/supd\nWhat units wrote, where there is no journald.\n"
	".SH SEE ALSO\n.BR supd.unit (5),\n.BR supd.conf (5),\n.BR supd\\-init (8),\n"
	".BR systemctl (1)\n";

int verb_man(struct ctl *c, int n, char *const *args)
{
	(void)n;
	(void)args;
	fputs(man_head, c->out);
	man_verbs(c);
	fputs(".SH OPTIONS\n", c->out);
	man_options(c);
	man_json(c);
	fputs(man_tail, c->out);
	return EXIT_OK;
}
