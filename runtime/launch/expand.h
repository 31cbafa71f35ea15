// SPDX-License-Identifier: MIT
/*
 * $VAR expansion of command lines, as systemd.service(5) "Command lines" has it: a word that is
 * exactly $NAME becomes the value split at white space (none, one or many words, quotes honoured);
 * ${NAME} anywhere in a word becomes the value; $$ is a dollar sign. Unset variables are empty.
 */
#pragma once

#include "../base/arena.h"
#include "../plan/tlv.h"

/* Value of name (n bytes) in K=V lines, the last one wins; NULL when unset. */
const char *env_find(const struct tlv_strv *env, const char *name, size_t n);

/* Appends line to *env of room for max items, replacing the variable's older line. -E2BIG. */
int env_put(struct tlv_strv *env, uint32_t max, const char *line);
/* Removes NAME, or exactly NAME=VALUE. */
void env_unset(struct tlv_strv *env, const char *what);

/* -E2BIG above LIMIT_ARGS words or LIMIT_ARG_BYTES per word, -ENOMEM. */
int argv_expand(const struct tlv_strv *argv, const struct tlv_strv *env, struct arena *arena,
	struct tlv_strv *ret);
