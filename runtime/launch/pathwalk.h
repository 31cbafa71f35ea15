// SPDX-License-Identifier: MIT
/*
 * A path walked component by component from "/", for paths that lead through directories where a
 * service may write. Links are read and followed here, never by the kernel: each one of those that
 * a path meets must be of root's making, in a directory where root alone can write (usr-merge,
 * /var/run, /var on another disk), also those that lie behind another link.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../base/limits.h"

#define PATHWALK_LINKS 40u /* as the kernel's */

struct pathwalk {
	int dir;        /* O_PATH, of the directory that holds name; -1: none */
	int root;       /* "/"; -1: the process's own */
	bool make;      /* directories that are missing are made, 0755, root's */
	bool fixed;     /* so far nobody but root can change what the path leads to */
	unsigned links; /* followed so far; PATHWALK_LINKS: no more may be */
	char name[256]; /* last component; "": the path is "/" */
	char rest[LIMIT_PATH];
	char done[LIMIT_PATH]; /* the path of dir, without links; "" for "/" */
};

/* At "/", with all of the path to go. pathwalk_fini() closes what is held, also after an error. */
int pathwalk_begin(struct pathwalk *w, const char *path);
/* The same from another directory, which absolute links lead to as well; it stays the caller's. */
int pathwalk_begin_at(struct pathwalk *w, int root, const char *path);
void pathwalk_fini(struct pathwalk *w);
/* Goes to the directory that holds the last component, which is not looked at. */
int pathwalk_parent(struct pathwalk *w);
/* Goes to the directory that the path names. */
int pathwalk_all(struct pathwalk *w);
/* What the path names, of any type, O_PATH; the second: of an entry of dir. */
int pathwalk_open(const char *path);
int pathwalk_open_at(int dir, const char *name);
/*
 * Opens a file as open(2) does, or makes it with O_CREAT: root opens what lies where the service
 * may write. -ELOOP for an untrusted link, in the path or at its end.
 */
int pathwalk_open_file(const char *path, int flags, unsigned mode);
/*
 * The same place as path, by a path without links, for use in another view of the same files; what
 * is missing is taken as it is. -ELOOP for an untrusted link.
 */
int pathwalk_plain(const char *path, char *ret, size_t size);
