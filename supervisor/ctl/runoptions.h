// SPDX-License-Identifier: MIT
/*
 * The options of `run` that are settings: of the service (--uid), or of the timer, path or socket
 * that is to start it (--on-calendar, --path-property). Text only; nothing is read or sent.
 */
#pragma once

#include "unitwrite.h"

struct ctl;

/* "timer", "path" or "socket": what the options ask for; NULL: the service alone. EXIT_USAGE with a
 * message when they want two of them, or what supd cannot do. */
int run_trigger_type(struct ctl *c, const char **ret_type);
/* The lines for a unit of that type, "service" among them; EXIT_… with a message. */
int run_add_options(
	struct ctl *c, const struct setting_names *names, const char *type, struct unit_text *text);
