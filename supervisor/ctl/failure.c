// SPDX-License-Identifier: MIT
#include "failure.h"

#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "text.h"
#include "when.h"

struct words {
	const char *word, *text;
};

static const char *lookup(const struct words *rows, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			return rows[i].text;
		}
	}
	return NULL;
}

const char *failure_of_job(const char *job_result)
{
	static const struct words rows[] = {
		{ "canceled", "the job was canceled by another one" },
		{ "collected", "the job was dropped" },
		{ "timeout", "the job took too long (JobTimeoutSec=)" },
		{ "dependency", "a unit that it requires failed" },
		{ "invalid", "the unit cannot do this" },
		{ "assert", "an assertion of the unit does not hold" },
		{ "unsupported", "units of this type are not supported here" },
		{ "once", "the unit can be started only once" },
		{ "failed", "failed" },
	};
	const char *text = lookup(rows, ELEMENTSOF(rows), job_result);

	return text ? text : "the job did not succeed";
}

static const char *of_result(const char *result)
{
	static const struct words rows[] = {
		{ "resources", "a resource was not available" },
		{ "protocol", "the service did not keep to the protocol of its Type=" },
		{ "timeout", "a timeout was exceeded" },
		{ "exit-code", "a process ended with an error" },
		{ "signal", "a process was ended by a signal" },
		{ "core-dump", "a process dumped core" },
		{ "watchdog", "the watchdog was not served in time" },
		{ "start-limit-hit", "restarted too often in too short a time (StartLimitBurst=)" },
		{ "oom-kill", "a process was killed for want of memory" },
		{ "exec-condition", "a start condition command said no" },
	};

	return lookup(rows, ELEMENTSOF(rows), result);
}

static bool is_of_process(const char *result)
{
	return strcmp(result, "exit-code") == 0 || strcmp(result, "signal") == 0 ||
	       strcmp(result, "core-dump") == 0;
}

/* What a start waited for in vain; false when it was not a start. */
static bool write_start_timeout(FILE *out, const struct props *p)
{
	const char *type = props_string(p, "Type"), *pid_file = props_string(p, "PIDFile");
	char span[WHEN_TEXT];

	if (strcmp(props_string(p, "Result"), "timeout") != 0 ||
		props_u64(p, "ActiveEnterTimestampMonotonic", 0) >=
			props_u64(p, "InactiveExitTimestampMonotonic", 0)) {
		return false;
	}
	if (strncmp(type, "notify", 6) == 0) {
		fputs("the service did not send READY=1", out);
	} else if (strcmp(type, "forking") == 0 && *pid_file) {
		fputs("no process was named by ", out);
		text_puts(out, pid_file);
	} else {
		fputs("the start was not done", out);
	}
	when_span(props_u64(p, "TimeoutStartUSec", 0), span);
	fprintf(out, " within %s (TimeoutStartSec=)", span);
	return true;
}

static void write_failure(FILE *out, const struct props *p)
{
	const char *text = props_string(p, "FailureText");
	const char *step = props_string(p, "FailureStep");
	const char *result = props_string(p, "Result");
	int code = (int)props_u64(p, "ExecMainCode", 0);
	int status = (int)props_u64(p, "ExecMainStatus", 0);
	char sentence[96];

	if (*text) {
		if (*step && (strncmp(text, step, strlen(step)) != 0 ||
				     !strchr(": ", text[strlen(step)]))) {
			text_puts(out, step);
			fputs(": ", out);
		}
		text_puts(out, text);
	} else if (write_start_timeout(out, p)) {
		return;
	} else if (is_of_process(result) && code && !(code == 1 && status == 0)) {
		exitcode_sentence(code, status, sentence, sizeof(sentence));
		fprintf(out, "main process %s", sentence);
	} else if (of_result(result)) {
		fputs(of_result(result), out);
	} else {
		fputs("failed", out);
	}
}

char *failure_text(const struct props *p)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		return NULL;
	}
	write_failure(out, p);
	return fclose(out) == 0 ? TAKE_PTR(text) : NULL;
}
