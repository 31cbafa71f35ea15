// SPDX-License-Identifier: MIT
/* The directories that supd-init makes for itself and its helpers: as they should be, or a line
 * that says which one is not, why, and what would be right.
 */
#pragma once

#include <sys/types.h>

#define SETUPDIR_ANY_GROUP ((gid_t)-1)

struct setupdir {
	const char *what;  /* "runtime directory" */
	const char *above; /* path of the directory that name is below; NULL: name is the path */
	const char *name;
	uid_t uid; /* whose it is to be */
	gid_t gid; /* SETUPDIR_ANY_GROUP: left as it is */
	mode_t mode;
};

/*
 * Below the directory parent: made where it is missing, with owner and mode. What is there must be
 * a directory, no link, of uid or of this process's user; one of that user no others may write to.
 * Descriptor, or -errno, said.
 */
int setupdir_open(int parent, const struct setupdir *dir);
/* "cannot CALL the WHAT: ABOVE/NAME: errno": for what lies in one of them too. Returns -error. */
int setupdir_fail(const struct setupdir *dir, const char *call, int error);
