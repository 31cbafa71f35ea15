// SPDX-License-Identifier: MIT
/*
 * The command line of supctl: one table of options, the same for every verb. Strings point into
 * argv. Nothing here prints or exits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_PROPERTIES    64u
#define OPTIONS_RUNTIME_DIR   "/run/supd"
#define OPTIONS_RUNTIME_ENV   "SUPD_RUNTIME_DIR"
#define OPTIONS_LINES_DEFAULT 10u

struct options {
	bool json, quiet, no_block, no_legend, plain, all, failed, value, follow, full;
	bool help, version;
	bool batch;                                       /* top */
	bool force, runtime, now, no_reload, dry_run;     /* unit files */
	bool wait, pty, pipe, remain_after_exit, collect; /* run */
	unsigned n_force;                                 /* --force and -f */
	bool no_wall, ignore_inhibitors;                  /* poweroff and its kin */
	const char *message, *when, *check_inhibitors;    /* poweroff and its kin */
	bool reverse, before, after;                      /* list-dependencies */
	const char *runtime_dir;
	const char *properties[OPTIONS_PROPERTIES];
	size_t n_properties;
	const char *type, *state, *kill_whom, *log_dir, *job_mode, *since, *output, *threshold;
	const char *fuzz;                      /* critical-chain */
	const char *what;                      /* clean: kinds, with commas between them */
	const char *base_time, *iterations;    /* calendar */
	bool path, unescape, mangle, instance; /* escape */
	const char *suffix, *template_name;
	const char *delay, *order;      /* top */
	const char *root;               /* a directory with an image, or NULL */
	const char *unit, *description; /* run */
	bool scope;                     /* run: refused */
	/* run: options that are settings, in their order; value is NULL for flags */
	struct options_setting {
		const char *option;
		const char *value;
	} settings[OPTIONS_PROPERTIES];
	size_t n_settings;
	int signal;        /* kill; SIGTERM unless given */
	long lines;        /* status, logs; -1: not given; the number is at most 1,000,000 */
	char *const *args; /* the verb and what follows it, in the front of argv */
	size_t n_args;
};

#define OPTIONS_WRONG 256u

/*
 * Parses. Options may stand anywhere before "--"; behind the first operand of `run` everything is
 * the command's. runtime_env is the value of SUPD_RUNTIME_DIR or NULL. -EINVAL with what is wrong,
 * and what would be right, in ret_wrong.
 */
int options_parse(struct options *o, int argc, char **argv, const char *runtime_env,
	char ret_wrong[OPTIONS_WRONG]);

/* The first part of --type= that is no type of unit, with what follows it; NULL: all is well. */
const char *options_wrong_type(const struct options *o);

/* One option, for help, manual page and completion. */
struct option_info {
	const char *name;
	char letter; /* 0: none */
	bool takes_argument;
	const char *argument; /* as help shows it; NULL: none */
	const char *verbs;    /* those that heed it, with blanks between them; NULL: all */
	const char *help;     /* NULL: not shown */
};

/* The i-th option; false beyond the last. */
bool options_at(size_t i, struct option_info *ret);
/* Is it shown, and does that verb heed it? */
bool options_heeded(const struct option_info *info, const char *verb);
