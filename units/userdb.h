// SPDX-License-Identifier: MIT
/*
 * Users and groups from the text of /etc/passwd and /etc/group, and from nothing else: no NSS, so
 * that a load cannot run foreign code or wait for a network. Lines that are not well formed are
 * skipped. Ids are below 2^31 - 1 (launch.md R14).
 */
#pragma once

#include <stdint.h>

#include "../runtime/base/arena.h"
#include "../runtime/plan/catalogue.h"
#include "list.h"

#define USERDB_FILE_MAX (8u * 1024u * 1024u)

struct userdb_user {
	const char *name;
	uint32_t uid;
	uint32_t gid;
	const char *home;
	const char *shell;
};

struct userdb_group {
	const char *name;
	uint32_t gid;
	const char *members; /* "a,b,c" */
};

struct userdb {
	struct arena arena;
	struct list users;        /* struct userdb_user, as in the file */
	struct list groups;       /* struct userdb_group */
	struct file_stamp passwd; /* zero when the file is missing */
	struct file_stamp group;
};

/* Reads both files; a missing one is an empty one. -E2BIG, -ENOMEM or the error of reading. */
int userdb_load(struct userdb *db, const char *passwd, const char *group);
/* The same from texts, which are copied. */
int userdb_parse(struct userdb *db, const char *passwd, const char *group);
void userdb_fini(struct userdb *db);

/*
 * By name, or by a number in decimal digits. 0; -ENOENT: a valid name that is not there (it may
 * come later); -EINVAL: neither a name nor an id. A number without an entry gives name NULL, gid
 * equal to the number, home "/".
 */
int userdb_find_user(const struct userdb *db, const char *text, struct userdb_user *ret);
int userdb_find_group(const struct userdb *db, const char *text, uint32_t *ret_gid);

/* Group ids that list the user as a member. Returns the number found, of which max are stored. */
uint32_t userdb_groups_of(const struct userdb *db, const char *user, uint32_t *gids, uint32_t max);
