// SPDX-License-Identifier: MIT
/*
 * supctl by its older names, as links to it: halt(8), poweroff(8), reboot(8), shutdown(8) and
 * telinit(8), in supctl's own words. Pure.
 */
#pragma once

#include <stdbool.h>

#include "options.h"

#define SYSV_ARGS 8

struct sysv_call {
	char *argv[SYSV_ARGS + 1]; /* of supctl; argv[0] is "supctl" */
	int argc;
	char when[96];     /* what some of them point to */
	char message[512]; /* "--message=…" */
	bool only_wall;    /* shutdown -k: those who are logged in are told, and nothing is done */
	const char *usage; /* --help: what follows the name; else NULL */
};

/* Is supctl called by one of these names? */
bool sysv_is(const char *name);

/* name is one of them. -EINVAL with what is wrong in ret_wrong. */
int sysv_translate(const char *name, int argc, char *const *argv, struct sysv_call *ret,
	char ret_wrong[OPTIONS_WRONG]);
