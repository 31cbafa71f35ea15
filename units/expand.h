// SPDX-License-Identifier: MIT
/* Specifiers in what a parser reads, with the words for what is wrong with them. */
#pragma once

#include "settings.h"

/* What specifier_expand()'s r (not -ENOMEM) and bad mean, for a message; NULL: no memory. */
const char *expand_complaint(struct arena *arena, int r, char bad);
/*
 * Expands text into c's arena. 0, -ENOMEM, -EINVAL: an error at column of c's value, said. What is
 * wrong in a template with a text that has %i, %I or %f is said in the instances only: nothing is
 * reported until the next text is expanded (c->for_instances).
 */
int expand_text(struct setting_context *c, const char *text, unsigned column, const char **ret);
/*
 * What is wrong with text, one or more expanded texts, from here on is said in the instances only,
 * if it has one of these.
 */
void expand_note_instances(struct setting_context *c, const char *text);
/* The same as expand_text for the whole value. */
int expand_value(struct setting_context *c, const char **ret);
/* setting_error() about the word of c's value at column, which had its specifiers expanded. */
int expand_word_error(struct setting_context *c, unsigned column, const char *text);
