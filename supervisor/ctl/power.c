// SPDX-License-Identifier: MIT
/* poweroff, reboot, halt, kexec, soft-reboot, exit: the stop begins; nobody waits for its end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "exitcode.h"
#include "verbs.h"

static const struct {
	const char *verb;
	const char *method;
} rows[] = {
	{ "poweroff", "PowerOff" },
	{ "reboot", "Reboot" },
	{ "halt", "Halt" },
	{ "kexec", "KExec" },
	{ "soft-reboot", "SoftReboot" },
	{ "exit", "Exit" },
};

/* 0, or an exit code of supctl's. */
static int set_code(struct ctl *c, const char *text)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	uint64_t code;
	int r;

	if (number_parse_u64(text, &code) < 0 || code > 255) {
		fprintf(stderr, "supctl: exit: \"%s\" is not a number from 0 to 255\n", text);
		return EXIT_USAGE;
	}
	r = ctl_manager(c, "SetExitCode", &error, NULL, "y", (uint8_t)code);
	return r < 0 ? ctl_call_failed(c, "exit", &error, r) : EXIT_OK;
}

/*
 * supd has told supd-init before it answers, and nobody forgets it then. One that ended before may
 * have taken the request with it, so its successor is asked again; twice is as good as once.
 * -errno; who is gone for good has done what it was asked.
 */
static int call(struct ctl *c, const char *method, sd_bus_error *error)
{
	unsigned lost = 0;
	int r;

	do {
		sd_bus_error_free(error);
		/* systemd's SoftReboot names a new root; here /run/nextroot is looked at. */
		r = strcmp(method, "SoftReboot") == 0 ? ctl_manager(c, method, error, NULL, "s", "")
						      : ctl_manager(c, method, error, NULL, "");
	} while (ctl_reconnects(c, r, &lost));
	if (r < 0 && ctl_is_lost(r) && !c->bus) {
		r = ctl_try_connect(c);
		r = r == -ENOENT || r == -ECONNREFUSED ? 0 : r < 0 ? r : -ECONNRESET;
	}
	return r;
}

int verb_power(struct ctl *c, int n, char *const *args)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	int code = ctl_connect(c);
	int r;

	if (code == EXIT_OK && n > 1) {
		code = set_code(c, args[1]);
	}
	if (code != EXIT_OK) {
		return code;
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].verb, args[0]) != 0) {
			continue;
		}
		r = call(c, rows[i].method, &error);
		if (r < 0) {
			return ctl_call_failed(c, args[0], &error, r);
		}
	}
	return EXIT_OK;
}
