// SPDX-License-Identifier: MIT
#include "exitcode.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/exitnames.h"
#include "names.h"

struct row {
	const char *word;
	int code;
};

static int find(const struct row *rows, size_t n, const char *word, int otherwise)
{
	for (size_t i = 0; word && i < n; i++) {
		if (strcmp(rows[i].word, word) == 0) {
			return rows[i].code;
		}
	}
	return otherwise;
}

int exitcode_is_active(const char *load_state, const char *active_state)
{
	static const struct row rows[] = { { "active", EXIT_OK }, { "reloading", EXIT_OK } };
	int otherwise = load_state && strcmp(load_state, "not-found") == 0 ? EXIT_NO_UNIT
									   : EXIT_NOT_RUNNING;

	return find(rows, ELEMENTSOF(rows), active_state, otherwise);
}

int exitcode_is_failed(const char *active_state)
{
	static const struct row rows[] = { { "failed", EXIT_OK } };

	return find(rows, ELEMENTSOF(rows), active_state, EXIT_FAILED);
}

int exitcode_status(const char *load_state, const char *active_state)
{
	static const struct row rows[] = { { "inactive", EXIT_NOT_RUNNING },
		{ "failed", EXIT_NOT_RUNNING } };
	int code = find(rows, ELEMENTSOF(rows), active_state, EXIT_OK);

	if (code && load_state && strcmp(load_state, "not-found") == 0) {
		return EXIT_NO_UNIT;
	}
	return code;
}

int exitcode_is_enabled(const char *unit_file_state)
{
	static const struct row rows[] = {
		{ "enabled", EXIT_OK },
		{ "enabled-runtime", EXIT_OK },
		{ "static", EXIT_OK },
		{ "alias", EXIT_OK },
		{ "indirect", EXIT_OK },
		{ "generated", EXIT_OK },
	};

	return find(rows, ELEMENTSOF(rows), unit_file_state, EXIT_FAILED);
}

int exitcode_system(const char *system_state)
{
	static const struct row rows[] = { { "running", EXIT_OK } };

	return find(rows, ELEMENTSOF(rows), system_state, EXIT_FAILED);
}

int exitcode_of_error(const char *error_name)
{
	static const struct row rows[] = {
		{ "org.freedesktop.DBus.Error.AccessDenied", EXIT_NO_UNIT },
		{ "org.freedesktop.systemd1.OnlyByDependency", EXIT_NO_UNIT },
		{ "org.freedesktop.systemd1.NoIsolation", EXIT_NO_UNIT },
		{ "org.freedesktop.systemd1.TransactionIsDestructive", EXIT_NO_UNIT },
		{ "org.freedesktop.systemd1.NoSuchUnit", EXIT_NOT_LOADED },
		{ "org.freedesktop.systemd1.JobTypeNotApplicable", EXIT_NOT_RUNNING },
		{ "org.freedesktop.DBus.Error.NotSupported", EXIT_NOT_RUNNING },
		{ "org.freedesktop.systemd1.LoadFailed", EXIT_NOT_CONFIGURED },
	};

	return find(rows, ELEMENTSOF(rows), error_name, EXIT_FAILED);
}

int exitcode_of_job(const char *result)
{
	static const struct row rows[] = { { "done", EXIT_OK }, { "skipped", EXIT_OK } };

	return find(rows, ELEMENTSOF(rows), result, EXIT_FAILED);
}

void exitcode_describe(int code, int status, char *buf, size_t size)
{
	const char *signal_name = names_of_signal(status);
	const char *name = exit_to_name(status);

	if (code == CLD_EXITED) {
		snprintf(buf, size, "exited, status=%d/%s", status, name ? name : "n/a");
	} else if (code == CLD_KILLED || code == CLD_DUMPED) {
		snprintf(buf, size, "%s, signal=%s", code == CLD_KILLED ? "killed" : "dumped",
			signal_name ? signal_name : "unknown");
	} else {
		snprintf(buf, size, "unknown");
	}
}

void exitcode_sentence(int code, int status, char *buf, size_t size)
{
	const char *signal_name = names_of_signal(status);
	const char *name = exit_to_name(status);

	if (code == CLD_EXITED && !name) {
		snprintf(buf, size, "exited with status %d", status);
	} else if (code == CLD_EXITED) {
		snprintf(buf, size, "exited with status %d (%s)", status, name);
	} else if (code == CLD_KILLED || code == CLD_DUMPED) {
		snprintf(buf, size, "%s signal %s",
			code == CLD_KILLED ? "was killed by" : "dumped core on",
			signal_name ? signal_name : "unknown");
	} else {
		snprintf(buf, size, "ended");
	}
}
