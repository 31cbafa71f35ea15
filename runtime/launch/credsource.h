// SPDX-License-Identifier: MIT
/*
 * Where credentials come from and the directory that they go to: files, directories, sockets.
 * All return 0 or -errno: -EEXIST, the name is there already; -EFBIG, more than LIMIT_CREDENTIAL in
 * all; -ENOENT, no such source. No link is followed that others than root could have made.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The directory that is filled. */
struct credsink {
	int dir;
	uint32_t uid, gid; /* of the files, mode 0400 */
	uint64_t left;     /* bytes that still fit */
	const char *unit;  /* how a socket's server learns who asks */
};

int credsink_add(struct credsink *sink, const char *name, const void *data, size_t size);
/* A file: one credential. A directory: one for each file below, called name_SUB_FILE. */
int credsource_load(struct credsink *sink, const char *path, const char *name);
/* The same of one entry of a directory. */
int credsource_load_at(struct credsink *sink, int dir, const char *entry, const char *name);
