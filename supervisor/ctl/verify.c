// SPDX-License-Identifier: MIT
/* verify: executes supd-load, which alone reads unit files; no daemon is asked. */
#include "verify.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/plan/manifest.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "loadtool.h"
#include "verbs.h"

/* Cuts line at ": SEVERITY: ", the first one: a text may quote another. NULL if there is none. */
static const char *cut_severity(char *line, char **ret_text)
{
	const char *found = NULL;
	char *first = NULL;

	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		const char *word = diagnostics_severity(i);
		char mark[16];
		char *at;

		snprintf(mark, sizeof(mark), ": %s: ", word);
		at = strstr(line, mark);
		if (at && (!first || at < first)) {
			first = at;
			found = word;
			*ret_text = at + strlen(mark);
		}
	}
	if (first) {
		*first = '\0';
	}
	return found;
}

/* Cuts ":NUMBER" from the end of text. 0 if there is none. */
static uint32_t cut_number(char *text)
{
	char *colon = strrchr(text, ':');
	uint32_t n;

	if (!colon || number_parse_u32(colon + 1, &n) < 0) {
		return 0;
	}
	*colon = '\0';
	return n;
}

void verify_line_json(struct json *j, char *line)
{
	char *text = NULL;
	const char *severity = cut_severity(line, &text);
	uint32_t last = severity ? cut_number(line) : 0;
	uint32_t first = last ? cut_number(line) : 0;

	json_object(j, NULL);
	json_string(j, "file", severity ? line : "");
	json_u64(j, "line", first ? first : last);
	json_u64(j, "column", first ? last : 0);
	json_string(j, "severity", severity ? severity : "note");
	json_string(j, "text", severity ? text : line);
	json_end(j);
}

/* Runs the loader with its error stream in a pipe. Its exit code; EXIT_FAILED if it crashed. */
static int verify_json(struct ctl *c, char *const *argv)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	struct loadtool tool;
	struct json j;

	if (loadtool_start(argv, STDERR_FILENO, &tool) < 0) {
		ctl_error(c, "%s: %m", argv[0]);
		return EXIT_FAILED;
	}
	json_init(&j, c->out);
	json_array(&j, NULL);
	while (getline(&line, &size, tool.lines) > 0) {
		line[strcspn(line, "\n")] = '\0';
		verify_line_json(&j, line);
	}
	json_end(&j);
	return loadtool_finish(&tool);
}

int verb_verify(struct ctl *c, int n, char *const *args)
{
	AUTO_FREE char *loader = loadtool_find();
	AUTO_FREE char **argv = calloc((size_t)n + 4, sizeof(*argv));
	size_t used = 0;

	if (!loader || !argv) {
		ctl_error(c, "cannot find supd-load beside supctl");
		return EXIT_FAILED;
	}
	argv[used++] = loader;
	argv[used++] = (char *)"--verify";
	for (int i = 1; i < n; i++) {
		argv[used++] = args[i];
	}
	if (c->o.json) {
		return verify_json(c, argv);
	}
	fflush(c->out);
	execv(loader, argv);
	ctl_error(c, "%s: %s", loader, strerror(errno));
	return EXIT_FAILED;
}
