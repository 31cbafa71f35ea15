// SPDX-License-Identifier: MIT
#include "confmanual.h"

#include <errno.h>
#include <string.h>

#include "conf.h"
#include "kernelcmd.h"
#include "manual.h"

/* Of "(found)", which no file can say, only the word. */
static void put_row(FILE *out, const struct conf_row *row, const char *name, const char *sign)
{
	fputs(".TP\n\\fB", out);
	manual_text(out, name);
	fprintf(out, "\\fR%s\\fI", sign);
	manual_text(out, row->value);
	fputs("\\fR\n", out);
	manual_text(out, row->help);
	fputs(".\n", out);
	if (*row->otherwise != '(') {
		fputs("Default: ", out);
		manual_text(out, row->otherwise);
		fputs(".\n", out);
	}
}

int confmanual_file(FILE *out)
{
	struct conf_row row;

	fputs(".TH SUPD.CONF 5 \"\" supd \"supd\"\n.SH NAME\nsupd.conf \\- settings of one supd\n"
	      ".SH SYNOPSIS\n.nf\n/etc/supd/supd.conf\n.fi\n.SH DESCRIPTION\n"
	      "One section, [supd], in the language of unit files. The file may be missing. A key\n"
	      "that is not known or a value that is not understood is an error with file and "
	      "line,\n"
	      "and supd\\-init does not start. An option of\n.BR supd\\-init (8)\n"
	      "beats the file. The file is read when supd\\-init starts or is executed anew.\n"
	      ".SH KEYS\n",
		out);
	for (size_t i = 0; conf_row(i, &row); i++) {
		put_row(out, &row, row.key, "=");
	}
	fputs(".SH SEE ALSO\n.BR supd\\-init (8),\n.BR supd.unit (5),\n.BR supctl (1)\n", out);
	return fflush(out) == 0 ? 0 : -errno;
}

static const char program_head[] =
	".TH SUPD\\-INIT 8 \"\" supd \"supd\"\n.SH NAME\nsupd\\-init \\- init and service "
	"supervisor\n"
	".SH SYNOPSIS\n.B supd\\-init\n.RI [ OPTION... ]\n.RI [ UNIT... ]\n.SH DESCRIPTION\n"
	"Starts UNIT, or default.target, and keeps it running. It is the only process of supd "
	"with\n"
	"privileges and starts the others: supd decides, supd\\-load reads unit files, supd\\-log\n"
	"keeps what services write, supd\\-launch becomes a service. Those are not for the "
	"command\n"
	"line.\n.B supctl\nspeaks to supd.\n"
	".PP\nAs PID 1 of a machine or container it starts and ends that; otherwise it is a "
	"daemon\n"
	"that stays in the foreground, and needs root and a cgroup v2 of its own. When it is "
	"killed\n"
	"off PID 1 services go on, and the next supd\\-init of the same runtime directory takes "
	"them\n"
	"over. Readiness is told to NOTIFY_SOCKET, see\n.BR sd_notify (3).\n.SH OPTIONS\n"
	".TP\n\\fB\\-\\-config\\fR \\fIFILE\\fR\nInstead of /etc/supd/supd.conf; it must be "
	"there.\n";

static const char program_tail[] =
	".TP\n\\fB\\-\\-help\\fR\nA short text.\n"
	".SH SIGNALS\n"
	".TP\nSIGTERM, SIGINT\nStop everything and exit.\n"
	".TP\nSIGUSR2\nExit and leave the services to the next supd\\-init.\n"
	".TP\nSIGHUP\nRead all unit files again (supctl daemon\\-reload).\n"
	".TP\nSIGUSR1\nExecute supd\\-init anew (supctl daemon\\-reexec).\n"
	".PP\nAs PID 1 signals mean what they mean to systemd, see\n.BR systemd (1).\n"
	".SH FILES\n"
	".TP\n/etc/supd/supd.conf\nSettings, see\n.BR supd.conf (5).\n"
	".TP\n/etc/supd, /run/supd/units, /usr/local/lib/supd, /usr/lib/supd\n"
	"Unit files, see\n.BR supd.unit (5).\n"
	".TP\n/run/supd/control\nThe control socket.\n"
	".TP\n/var/lib/supd, /var/log/supd\nState and logs.\n"
	".SH SEE ALSO\n.BR supctl (1),\n.BR supd.conf (5),\n.BR supd.unit (5)\n";

static void put_words(FILE *out)
{
	struct kernelcmd_row row;

	fputs(".SH KERNEL COMMAND LINE\nAs PID 1 of a machine. A word that is shown with supd. "
	      "may be\nwritten with systemd. as well. A word that is wrong is a warning.\n",
		out);
	for (size_t i = 0; kernelcmd_row(i, &row); i++) {
		fputs(row.prefixed ? ".TP\n\\fBsupd." : ".TP\n\\fB", out);
		manual_text(out, row.word);
		bool optional = row.prefixed && row.value[0] == '[';

		fprintf(out, "%s\\fR\\fI", optional ? "[=" : row.prefixed ? "=" : "");
		manual_text(out, row.value + optional);
		fputs("\\fR\n", out);
		manual_text(out, row.help);
		fputs(".\n", out);
	}
}

int confmanual_program(FILE *out)
{
	struct conf_row row;

	fputs(program_head, out);
	for (size_t i = 0; conf_row(i, &row); i++) {
		if (row.option) {
			put_row(out, &row, row.option, " ");
		}
	}
	put_words(out);
	fputs(program_tail, out);
	return fflush(out) == 0 ? 0 : -errno;
}

int confmanual_example(FILE *out)
{
	struct conf_row row;

	fputs("# Settings of supd, for /etc/supd/supd.conf; see supd.conf(5). Here are the "
	      "defaults.\n"
	      "[supd]\n",
		out);
	for (size_t i = 0; conf_row(i, &row); i++) {
		fprintf(out, "\n# %s.\n#%s=%s\n", row.help, row.key,
			*row.otherwise == '(' ? "" : row.otherwise);
	}
	return fflush(out) == 0 ? 0 : -errno;
}
