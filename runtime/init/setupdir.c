// SPDX-License-Identifier: MIT
#include "setupdir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../plan/settings.h"
#include "util.h"

#define SAY_MAX 192

static int say(const struct setupdir *d, const char *what, int error)
{
	char path[SETTINGS_PATH + 32];
	const char *const parts[4] = { d->above ? d->above : "", d->above ? "/" : "", d->name,
		NULL };

	util_say(what, util_join(path, sizeof(path), parts) < 0 ? d->name : path, error);
	return -error;
}

/* The same with a sentence of several parts. */
static int say_joined(const struct setupdir *d, const char *const parts[4], int error)
{
	char what[SAY_MAX];

	return say(d, util_join(what, sizeof(what), parts) < 0 ? d->what : what, error);
}

int setupdir_fail(const struct setupdir *d, const char *call, int error)
{
	return say_joined(d, (const char *const[4]) { "cannot ", call, " the ", d->what }, error);
}

/* Whoever owns it could put anything in the place of what is made there. */
static int fail_owner(const struct setupdir *d, uid_t is)
{
	char numbers[64];
	char *at = numbers;
	const char *const parts[4] = { "the ", d->what, " belongs to uid ", numbers };

	at += number_format_u64(at, is);
	util_copy(at, 32, " and should belong to uid ");
	number_format_u64(numbers + strlen(numbers), d->uid);
	say_joined(d, parts, 0);
	return -EPERM;
}

static int fail_mode(const struct setupdir *d)
{
	const char *const parts[4] = { "others may write to the ", d->what,
		", which is refused: chmod go-w", NULL };

	say_joined(d, parts, 0);
	return -EPERM;
}

static int fail_open(const struct setupdir *d, int error)
{
	const char *const parts[4] = { "in the place of the ", d->what,
		" is something else, or a link", NULL };

	if (error != ENOTDIR && error != ELOOP) {
		return setupdir_fail(d, "open", error);
	}
	say_joined(d, parts, 0);
	return -error;
}

static int fail_give(const struct setupdir *d, int error)
{
	char number[24];
	const char *const parts[4] = { "cannot give the ", d->what, " to uid ", number };

	number_format_u64(number, d->uid);
	if (error != EINVAL) {
		return say_joined(d, parts, error);
	}
	/* Of chown(2): this user namespace has no such id. */
	return say(d,
		"its user is not mapped in this user namespace, set IdPoolFirst= and "
		"IdPoolRanges= in supd.conf to ids that are",
		error);
}

int setupdir_open(int parent, const struct setupdir *d)
{
	struct stat st;

	if (mkdirat(parent, d->name, d->mode) < 0 && errno != EEXIST) {
		return setupdir_fail(
			d, errno == ENOENT ? "find the directory above" : "make", errno);
	}
	AUTO_CLOSE int fd =
		openat(parent, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		return fail_open(d, errno);
	}
	if (st.st_uid != d->uid && st.st_uid != geteuid()) {
		return fail_owner(d, st.st_uid);
	}
	if (st.st_uid == geteuid() && st.st_mode & 022) {
		return fail_mode(d);
	}
	if ((st.st_uid != d->uid || (d->gid != SETUPDIR_ANY_GROUP && st.st_gid != d->gid)) &&
		fchown(fd, d->uid, d->gid) < 0) {
		return fail_give(d, errno);
	}
	return fchmod(fd, d->mode) < 0 ? setupdir_fail(d, "set the mode of", errno) : TAKE_FD(fd);
}
