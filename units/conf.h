// SPDX-License-Identifier: MIT
/*
 * supd.conf and supd-init's command line to struct settings. Strict: an unknown key, a bad value or
 * an unknown option is an error that names file and line, and nothing starts.
 */
#pragma once

#include "../runtime/base/arena.h"
#include "../runtime/plan/settings.h"
#include "diag.h"
#include "userdb.h"

#define CONF_DEFAULT_FILE "/etc/supd/supd.conf"

struct conf_input {
	const char *const *argv; /* NULL-terminated; without the program's name */
	const char *shipped_dir; /* units that come with supd; last in the unit path; NULL: none */
	const struct userdb *users;
	/* PID 1 of a machine: /proc/cmdline and the credential vmm.notify_socket; NULL: neither */
	const char *kernel_command_line;
	const char *notify_socket;
};

/* One line per option, for the end of an error message. */
extern const char conf_usage[];

/*
 * Fills *ret. 0; -EINVAL: something was wrong, *d says what; -ENOMEM. A missing CONF_DEFAULT_FILE
 * is fine, a missing --config FILE is not.
 */
int conf_load(const struct conf_input *input, struct arena *arena, struct diagnostics *d,
	struct settings *ret);

/* Adds K=V to the environment of all services: 0, -EINVAL no such thing, -E2BIG no room. */
int settings_add_environment(struct settings *s, const char *text);

/* A key of supd.conf, as it is told to people. */
struct conf_row {
	const char *key;
	const char *option;    /* the same on the command line, or NULL */
	const char *value;     /* DIR, yes|no, … */
	const char *otherwise; /* what holds without it */
	const char *help;
};

/* The i-th key; false beyond the last. */
bool conf_row(size_t i, struct conf_row *ret);

/* The settings without file and command line: what --verify works with. */
void conf_defaults(const struct userdb *users, struct settings *ret);
