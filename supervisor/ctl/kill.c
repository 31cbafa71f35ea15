// SPDX-License-Identifier: MIT
/* kill, freeze, thaw, reset-failed, cancel, daemon-reload, daemon-reexec. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "verbs.h"

int verb_kill(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	const char *whom = c->o.kill_whom ? c->o.kill_whom : "all";
	int code = ctl_connect(c);

	if (code == EXIT_OK) {
		code = ctl_expand(c, n - 1, args + 1, &units);
	}
	for (size_t i = 0; i < units.n; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		int r = ctl_manager(
			c, "KillUnit", &error, NULL, "ssi", units.names[i], whom, c->o.signal);

		if (r < 0) {
			code = ctl_call_failed(c, units.names[i], &error, r);
		}
	}
	return code;
}

int verb_freeze(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	const char *method = strcmp(args[0], "freeze") == 0 ? "FreezeUnit" : "ThawUnit";
	int code = ctl_connect(c);

	if (code == EXIT_OK) {
		code = ctl_expand(c, n - 1, args + 1, &units);
	}
	for (size_t i = 0; i < units.n; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		int r = ctl_manager(c, method, &error, NULL, "s", units.names[i]);

		if (r < 0) {
			code = ctl_call_failed(c, units.names[i], &error, r);
		}
	}
	return code;
}

static int reset_all(struct ctl *c)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_manager(c, "ResetFailed", &error, NULL, "");

	return r < 0 ? ctl_call_failed(c, "reset-failed", &error, r) : EXIT_OK;
}

int verb_reset_failed(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_connect(c);

	if (code == EXIT_OK && n == 1) {
		return reset_all(c);
	}
	if (code == EXIT_OK) {
		code = ctl_expand(c, n - 1, args + 1, &units);
	}
	for (size_t i = 0; i < units.n; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		int r = ctl_manager(c, "ResetFailedUnit", &error, NULL, "s", units.names[i]);

		if (r < 0) {
			code = ctl_call_failed(c, units.names[i], &error, r);
		}
	}
	return code;
}

int verb_cancel(struct ctl *c, int n, char *const *args)
{
	int code = ctl_connect(c);

	for (int i = 1; i < n && code == EXIT_OK; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		uint32_t id;
		int r = number_parse_u32(args[i], &id);

		if (r >= 0) {
			r = ctl_manager(c, "CancelJob", &error, NULL, "u", id);
		}
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
	int r;

	(void)n;
	if (code != EXIT_OK) {
		return code;
	}
	r = diagnostics_reload_report(c, c->o.dry_run, &error);
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
