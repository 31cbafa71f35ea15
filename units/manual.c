// SPDX-License-Identifier: MIT
#include "manual.h"

#include <errno.h>

#include "../runtime/base/cleanup.h"
#include "settings.h"

static const struct {
	unsigned section;
	const char *name;
	const char *about;
} sections[] = {
	{ SECTION_UNIT, "Unit", "What every unit has: its place in the order of things." },
	{ SECTION_SERVICE, "Service",
		"How a service is run, watched, restarted and confined. Settings of processes and "
		"of "
		"cgroups stand here too." },
	{ SECTION_SOCKET, "Socket",
		"Where a service is reached, and how its descriptors are made." },
	{ SECTION_TIMER, "Timer", "When a unit is started." },
	{ SECTION_PATH, "Path", "Which paths start a unit." },
	{ SECTION_MOUNT, "Mount", "What is mounted, and how." },
	{ SECTION_AUTOMOUNT, "Automount", "Where the first access mounts." },
	{ SECTION_SWAP, "Swap", "What is swapped to." },
	{ SECTION_SLICE, "Slice", "Limits of everything below a slice." },
	{ SECTION_CONTAINER, "Container",
		"What systemd has no name for. systemd warns about the section and goes on." },
	{ SECTION_INSTALL, "Install",
		"The links that supctl enable makes. Nothing here counts while the unit runs." },
};

/* Text in which a backslash, or a dot or quote at the start of a line, would mean something. */
void manual_text(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'') {
		fputs("\\&", out);
	}
	for (; *text; text++) {
		if (*text == '\\') {
			fputs("\\e", out);
		} else if (*text == '-') {
			fputs("\\-", out);
		} else {
			putc(*text, out);
		}
	}
}

static void put_section(FILE *out, unsigned section)
{
	size_t n;
	const struct setting *rows = settings_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (!(rows[i].sections & section)) {
			continue;
		}
		fprintf(out, ".TP\n.BR %s =\n", rows[i].name);
		manual_text(out, rows[i].help ? rows[i].help : "");
		if (rows[i].flags & SETTING_CONFINES) {
			fputs(" Confines: a value that is not understood refuses the unit.", out);
		}
		putc('\n', out);
	}
}

int manual_page(FILE *out)
{
	fputs(".TH SUPD.UNIT 5 \"\" supd \"supd\"\n.SH NAME\nsupd.unit \\- unit files of supd\n"
	      ".SH SYNOPSIS\n.nf\n/etc/supd/NAME.service\n/run/supd/units/NAME.service\n"
	      "/usr/local/lib/supd/NAME.service\n/usr/lib/supd/NAME.service\n.fi\n"
	      ".SH DESCRIPTION\nUnit files are written in the language of\n.BR systemd.unit (5).\n"
	      "The directories above are in the order of their priority; a file in "
	      "NAME.service.d/\n"
	      "whose name ends in .conf is added to the unit, and a link to /dev/null masks it.\n"
	      "A setting that would confine and is not known refuses the unit; any other unknown\n"
	      "setting is a warning. Names that begin with X\\- are skipped.\n"
	      ".B supctl verify\nchecks files before they are used.\n",
		out);
	for (size_t i = 0; i < ELEMENTSOF(sections); i++) {
		fprintf(out, ".SH [%s]\n", sections[i].name);
		manual_text(out, sections[i].about);
		putc('\n', out);
		put_section(out, sections[i].section);
	}
	fputs(".SH SEE ALSO\n.BR supctl (1),\n.BR systemd.unit (5),\n.BR systemd.exec (5),\n"
	      ".BR systemd.service (5)\n",
		out);
	return fflush(out) == 0 ? 0 : -errno;
}

int manual_list(FILE *out)
{
	size_t n;
	const struct setting *rows = settings_table(&n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ELEMENTSOF(sections); k++) {
			if (rows[i].sections & sections[k].section) {
				fprintf(out, "%s\t%s\t%s\n", sections[k].name, rows[i].name,
					rows[i].help ? rows[i].help : "");
			}
		}
	}
	return fflush(out) == 0 ? 0 : -errno;
}
