// SPDX-License-Identifier: MIT
/*
 * The two forms of a unit's directory: TOP/NAME itself, or a symbolic link of that name to
 * TOP/private/NAME, for a dynamic user. A directory of the other form is moved; one that is there
 * twice is left alone and reported, because one of the two would be lost.
 */
#pragma once

struct plan_dir;

/*
 * Brings what exists into the form that the plan wants, and makes TOP/private. 0; -EEXIST, both
 * forms are there or something else has the name; -errno.
 */
int dirmove_settle(const struct plan_dir *dir);
/* Makes the link of the private form, when the directory is there. */
int dirmove_link(const struct plan_dir *dir);
/* A symbolic link "link" to the directory "path"; what else has that name stays: -EEXIST. */
int dirmove_alias(const char *link, const char *path);
/* Removes such a link; anything else of that name stays. */
int dirmove_unalias(const char *link, const char *path);
