// SPDX-License-Identifier: MIT
/*
 * supd-load as a tool of supctl's: it alone reads unit files. It needs no daemon and locks itself
 * in before it reads the first byte.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "../../runtime/base/arena.h"

/* Path of a program of supd's: beside supctl, or where an installation has it. The caller frees;
 * NULL: not found. loadtool_find() is that of supd-load. */
char *loadtool_find_program(const char *name);
char *loadtool_find(void);

/* A running supd-load, with one of its streams in a pipe. */
struct loadtool {
	FILE *lines;
	pid_t pid;
};

/* argv[0] is the path. stream: STDOUT_FILENO or STDERR_FILENO. -errno. */
int loadtool_start(char *const *argv, int stream, struct loadtool *ret);
/* Closes the pipe and waits. Its exit code, 1 if it was killed. */
int loadtool_finish(struct loadtool *t);

/*
 * Runs argv (NULL-terminated; argv[0] is replaced by the path of supd-load) and collects its
 * standard output, which the caller frees and which has a NUL byte behind it. Its error stream is
 * ours. Exit status (1 also when it was killed), or -errno: it could not be run.
 */
int loadtool_collect(const char **argv, char **ret, size_t *ret_size);

/* ---- what `supd-load --facts` says (units/facts.h has the format) ---- */

struct load_line {
	const char *section, *name, *value, *origin;
	bool confines;
};

struct load_fact {
	const char *key, *value, *origin; /* origin "": default */
};

struct load_unit {
	const char *name;
	const char *profile; /* "" unless it is a service */
	const char *state, *error;
	const char **files; /* the profile, the fragment, the drop-ins */
	size_t n_files;
	struct load_line *lines;
	size_t n_lines;
	struct load_fact *facts;
	size_t n_facts;
};

struct load_facts {
	struct arena arena;
	struct load_unit *units;
	size_t n;
};

/* Reads the whole stream. -ENOMEM, -EBADMSG. load_facts_fini also after a failure. */
int load_facts_read(FILE *lines, struct load_facts *ret);
void load_facts_fini(struct load_facts *f);
/* Value of a key; NULL. */
const struct load_fact *load_unit_fact(const struct load_unit *u, const char *key);
/* "standard.conf:3" with the directory of the file that it is; the arena's, or origin itself. */
const char *load_unit_place(struct load_facts *f, const struct load_unit *u, const char *origin);
