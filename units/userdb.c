// SPDX-License-Identifier: MIT
#include "userdb.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/number.h"

#define NAME_MAX_BYTES 31u /* utmp(5)'s user names */

static bool name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > NAME_MAX_BYTES || (!isalpha((unsigned char)name[0]) && name[0] != '_')) {
		return false;
	}
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!isalnum(c) && c != '_' && c != '-' && c != '.') {
			return false;
		}
	}
	return true;
}

/* Splits a line at ':' in place into exactly n fields. */
static bool split_line(char *line, char **fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fields[i] = line;
		line = strchr(line, ':');
		if ((line == NULL) != (i + 1 == n)) {
			return false;
		}
		if (line) {
			*line++ = '\0';
		}
	}
	return true;
}

static int add_user(struct userdb *db, char *line)
{
	char *f[7];
	struct userdb_user *user, u = { 0 };

	if (!split_line(line, f, ELEMENTSOF(f)) || !name_is_valid(f[0]) ||
		number_parse_id(f[2], &u.uid) < 0 || number_parse_id(f[3], &u.gid) < 0) {
		return 0;
	}
	u.name = f[0];
	u.home = f[5][0] == '/' ? f[5] : "/";
	u.shell = f[6][0] == '/' ? f[6] : "/bin/sh";
	user = list_push(&db->arena, &db->users, sizeof(*user));
	if (!user) {
		return -ENOMEM;
	}
	*user = u;
	return 0;
}

static int add_group(struct userdb *db, char *line)
{
	char *f[4];
	struct userdb_group *group, g = { 0 };

	if (!split_line(line, f, ELEMENTSOF(f)) || !name_is_valid(f[0]) ||
		number_parse_id(f[2], &g.gid) < 0) {
		return 0;
	}
	g.name = f[0];
	g.members = f[3];
	group = list_push(&db->arena, &db->groups, sizeof(*group));
	if (!group) {
		return -ENOMEM;
	}
	*group = g;
	return 0;
}

/* text is in the arena and cut up. */
static int parse_lines(struct userdb *db, char *text, int (*add)(struct userdb *, char *))
{
	while (text && *text) {
		char *line = text;
		int r;

		text = strchr(text, '\n');
		if (text) {
			*text++ = '\0';
		}
		r = line[0] == '#' ? 0 : add(db, line);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* A missing file reads as "". */
static int read_text(struct userdb *db, const char *path, char **ret, struct file_stamp *stamp)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;
	char *text;

	if (fd < 0) {
		*ret = arena_strdup(&db->arena, "");
		return errno != ENOENT ? -errno : *ret ? 0 : -ENOMEM;
	}
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > USERDB_FILE_MAX) {
		return -E2BIG;
	}
	text = arena_alloc(&db->arena, (size_t)st.st_size + 1);
	if (!text) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, text, (size_t)st.st_size);
	if (n < 0) {
		return (int)n;
	}
	text[n] = '\0';
	stamp->mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	stamp->size = (uint64_t)st.st_size;
	stamp->inode = st.st_ino;
	*ret = text;
	return 0;
}

static int parse_both(struct userdb *db, char *passwd, char *group)
{
	int r = parse_lines(db, passwd, add_user);

	return r < 0 ? r : parse_lines(db, group, add_group);
}

int userdb_load(struct userdb *db, const char *passwd, const char *group)
{
	char *users, *groups;
	int r;

	memset(db, 0, sizeof(*db));
	arena_init(&db->arena);
	r = read_text(db, passwd, &users, &db->passwd);
	if (r == 0) {
		r = read_text(db, group, &groups, &db->group);
	}
	if (r == 0) {
		r = parse_both(db, users, groups);
	}
	if (r < 0) {
		userdb_fini(db);
	}
	return r;
}

int userdb_parse(struct userdb *db, const char *passwd, const char *group)
{
	char *users, *groups;
	int r;

	memset(db, 0, sizeof(*db));
	arena_init(&db->arena);
	users = arena_strdup(&db->arena, passwd);
	groups = arena_strdup(&db->arena, group);
	r = users && groups ? parse_both(db, users, groups) : -ENOMEM;
	if (r < 0) {
		userdb_fini(db);
	}
	return r;
}

void userdb_fini(struct userdb *db)
{
	arena_fini(&db->arena);
	list_reset(&db->users);
	list_reset(&db->groups);
}

int userdb_find_user(const struct userdb *db, const char *text, struct userdb_user *ret)
{
	const struct userdb_user *users = db->users.items;
	bool numeric = isdigit((unsigned char)text[0]);
	uint32_t uid = 0;

	if (numeric ? number_parse_id(text, &uid) < 0 : !name_is_valid(text)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < db->users.n; i++) {
		if (numeric ? users[i].uid == uid : strcmp(users[i].name, text) == 0) {
			*ret = users[i];
			return 0;
		}
	}
	if (!numeric) {
		return -ENOENT;
	}
	*ret = (struct userdb_user) { .uid = uid, .gid = uid, .home = "/", .shell = "/bin/sh" };
	return 0;
}

int userdb_find_group(const struct userdb *db, const char *text, uint32_t *ret_gid)
{
	const struct userdb_group *groups = db->groups.items;

	if (isdigit((unsigned char)text[0])) {
		return number_parse_id(text, ret_gid) < 0 ? -EINVAL : 0;
	}
	if (!name_is_valid(text)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < db->groups.n; i++) {
		if (strcmp(groups[i].name, text) == 0) {
			*ret_gid = groups[i].gid;
			return 0;
		}
	}
	return -ENOENT;
}

static bool members_have(const char *members, const char *user)
{
	size_t length = strlen(user);

	while (*members) {
		size_t n = strcspn(members, ",");

		if (n == length && memcmp(members, user, n) == 0) {
			return true;
		}
		members += n + (members[n] == ',');
	}
	return false;
}

uint32_t userdb_groups_of(const struct userdb *db, const char *user, uint32_t *gids, uint32_t max)
{
	const struct userdb_group *groups = db->groups.items;
	uint32_t n = 0;

	for (size_t i = 0; i < db->groups.n; i++) {
		if (!members_have(groups[i].members, user)) {
			continue;
		}
		if (n < max) {
			gids[n] = groups[i].gid;
		}
		n++;
	}
	return n;
}
