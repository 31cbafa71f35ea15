// SPDX-License-Identifier: MIT
/* kill, freeze, thaw, reset-failed, cancel, daemon-reload, daemon-reexec. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "verbs.h"

static int kill_one(struct ctl *c, const char *unit, sd_bus_error *error)
{
	const char *whom = c->o.kill_whom ? c->o.kill_whom : "all";

	return ctl_manager(c, "KillUnit", error, NULL, "ssi", unit, whom, c->o.signal);
}

static int freeze_one(struct ctl *c, const char *unit, sd_bus_error *error)
{
	return ctl_manager(c, "FreezeUnit", error, NULL, "s", unit);
}

static int thaw_one(struct ctl *c, const char *unit, sd_bus_error *error)
{
	return ctl_manager(c, "ThawUnit", error, NULL, "s", unit);
}

static int reset_one(struct ctl *c, const char *unit, sd_bus_error *error)
{
	return ctl_manager(c, "ResetFailedUnit", error, NULL, "s", unit);
}

int verb_kill(struct ctl *c, int n, char *const *args)
{
	const char *whom = c->o.kill_whom ? c->o.kill_whom : "all";

	if (strcmp(whom, "all") != 0 && strcmp(whom, "main") != 0 && strcmp(whom, "control") != 0) {
		ctl_error(c, "--kill-whom: %s: main, control or all", whom);
		return EXIT_FAILED;
	}
	return ctl_each_unit(c, n - 1, args + 1, kill_one);
}

int verb_freeze(struct ctl *c, int n, char *const *args)
{
	bool freeze = strcmp(args[0], "freeze") == 0;

	return ctl_each_unit(c, n - 1, args + 1, freeze ? freeze_one : thaw_one);
}

static int reset_all(struct ctl *c)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = ctl_connect(c);
	int r = code == EXIT_OK ? ctl_manager(c, "ResetFailed", &error, NULL, "") : 0;

	return r < 0 ? ctl_call_failed(c, "reset-failed", &error, r) : code;
}

int verb_reset_failed(struct ctl *c, int n, char *const *args)
{
	return n == 1 ? reset_all(c) : ctl_each_unit(c, n - 1, args + 1, reset_one);
}

static int cancel_all(struct ctl *c)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_manager(c, "ClearJobs", &error, NULL, "");

	return r < 0 ? ctl_call_failed(c, "cancel", &error, r) : EXIT_OK;
}

int verb_cancel(struct ctl *c, int n, char *const *args)
{
	int code = ctl_connect(c);

	if (n == 1 && code == EXIT_OK) {
		return cancel_all(c);
	}

	for (int i = 1; i < n && code == EXIT_OK; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		uint32_t id;
		int r;

		if (number_parse_u32(args[i], &id) < 0) {
			ctl_error(c, "%s: no number of a job (see supctl list-jobs)", args[i]);
			return EXIT_FAILED;
		}
		r = ctl_manager(c, "CancelJob", &error, NULL, "u", id);
		if (r < 0) {
			code = ctl_call_failed(c, args[i], &error, r);
		}
	}
	return code;
}

int verb_daemon_reload(struct ctl *c, int n, char *const *args)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = ctl_connect(c);
	unsigned lost = 0;
	int r;

	(void)n;
	if (code != EXIT_OK) {
		return code;
	}
	do {
		sd_bus_error_free(&error);
		r = diagnostics_reload_report(c, c->o.dry_run, &error);
	} while (ctl_reconnects(c, r, &lost));
	return r < 0 ? ctl_call_failed(c, args[0], &error, r) : EXIT_OK;
}

int verb_daemon_reexec(struct ctl *c, int n, char *const *args)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = ctl_connect(c);
	int r;

	(void)n;
	if (code != EXIT_OK) {
		return code;
	}
	r = ctl_manager(c, "Reexecute", &error, NULL, "");
	/* The answer is that the connection drops. */
	if (r < 0 && (ctl_is_lost(r) || sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY))) {
		return EXIT_OK;
	}
	return r < 0 ? ctl_call_failed(c, args[0], &error, r) : EXIT_OK;
}
