// SPDX-License-Identifier: MIT
/*
 * The operation WATCH of path units. The watches are put in place first and the paths judged after
 * that, so what happens in between is either seen or makes the descriptor readable again. The
 * former descriptor, which the slot held, tells what has happened since the last look; the new one
 * takes its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "conditions.h"
#include "dirs.h"
#include "launch.h"

/* A directory on the way to a path; the last one that is there also tells what appears in it. */
#define MASK_PARENT (IN_MOVE_SELF | IN_DELETE_SELF)
#define MASK_LAST   (MASK_PARENT | IN_CREATE | IN_MOVED_TO)
/* What of an inode that is no more at its place can only have been meant for the path itself. */
#define MASK_EDGE                                                                                  \
	(IN_ATTRIB | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |        \
		IN_CREATE | IN_MOVE_SELF)
#define LINKS_MAX 8 /* symbolic links that lead on from one path */

static const uint32_t masks[PLAN_WATCH_TYPE_COUNT] = {
	[PLAN_WATCH_EXISTS] = IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB,
	[PLAN_WATCH_EXISTS_GLOB] = IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB,
	[PLAN_WATCH_CHANGED] = IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_CLOSE_WRITE |
			       IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
	[PLAN_WATCH_MODIFIED] = IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_CLOSE_WRITE |
				IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY,
	[PLAN_WATCH_NOT_EMPTY] =
		IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_CREATE | IN_MOVED_TO,
};

static bool is_edge(const struct plan_watch *w)
{
	return w->type == PLAN_WATCH_CHANGED || w->type == PLAN_WATCH_MODIFIED;
}

/* ---- watches ---- */

/* Both the link and what it leads to. The wd of the latter, 0: not there, -errno. */
static int add_both(int inotify, const char *path, uint32_t mask)
{
	int link = inotify_add_watch(inotify, path, mask | IN_MASK_ADD | IN_DONT_FOLLOW);
	int wd = link < 0 ? -1 : inotify_add_watch(inotify, path, mask | IN_MASK_ADD);

	if (wd >= 0) {
		return wd;
	}
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES) {
		return 0;
	}
	return -errno;
}

/* Every directory down to the path, as far as they are there. The path's own wd, or 0. */
static int add_row(int inotify, const struct plan_watch *w)
{
	char path[LIMIT_PATH];
	size_t last = 0;
	int r = 0;

	strcpy(path, w->path);
	for (size_t i = 0; path[i]; i++) {
		char at = path[i + (i == 0)];

		if (path[i] != '/' || !path[1]) {
			continue;
		}
		path[i + (i == 0)] = '\0';
		r = add_both(inotify, path, MASK_PARENT);
		path[i + (i == 0)] = at;
		if (r <= 0) {
			break;
		}
		last = i + (i == 0);
	}
	r = r < 0 ? r : add_both(inotify, path, masks[w->type]);
	if (r != 0) {
		return r;
	}
	path[last] = '\0';
	r = add_both(inotify, path, MASK_LAST);
	return r < 0 ? r : 0;
}

/* A chain of links: each place where it could be turned elsewhere. */
static int add_links(int inotify, const struct plan_watch *w)
{
	struct plan_watch next = *w;
	char target[LIMIT_PATH];
	struct stat st;
	int r = 0;

	for (int i = 0;
		r >= 0 && i < LINKS_MAX && lstat(next.path, &st) == 0 && S_ISLNK(st.st_mode); i++) {
		ssize_t n = readlink(next.path, target, sizeof(target) - 1);

		if (n <= 0 || target[0] != '/') {
			break; /* relative ones stay in the directory that is watched */
		}
		target[n] = '\0';
		next.path = target;
		r = add_row(inotify, &next);
	}
	return r < 0 ? r : 0;
}

static int watch_all(struct launch *l, int inotify, int *wds)
{
	const struct plan_watch *rows = l->plan.watches.items;

	for (uint32_t i = 0; i < l->plan.watches.n; i++) {
		wds[i] = add_row(inotify, &rows[i]);
		int r = wds[i] < 0 ? wds[i] : add_links(inotify, &rows[i]);

		if (r < 0) {
			return launch_fail(l, r, rows[i].origin, "watch ", rows[i].path);
		}
	}
	return 0;
}

/* ---- what has happened ---- */

/* Is wd one of the directories that lead to a path? Adding a watch again gives the same number. */
static bool is_parent(int inotify, const struct launch *l, int wd)
{
	const struct plan_watch *rows = l->plan.watches.items;
	char path[LIMIT_PATH];

	for (uint32_t i = 0; i < l->plan.watches.n; i++) {
		strcpy(path, rows[i].path);
		for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
			slash[slash == path] = '\0';
			if (inotify_add_watch(inotify, path, MASK_PARENT | IN_MASK_ADD) == wd) {
				return true;
			}
			if (slash == path) {
				break;
			}
		}
	}
	return false;
}

/* Which row an event belongs to: its index, or -1: none that an event alone is enough for. */
static int row_of_event(
	const struct launch *l, int inotify, const int *wds, const struct inotify_event *e)
{
	const struct plan_watch *rows = l->plan.watches.items;
	int first_edge = -1;

	for (uint32_t i = 0; i < l->plan.watches.n; i++) {
		if (wds[i] == e->wd) {
			return is_edge(&rows[i]) && (e->mask & masks[rows[i].type]) ? (int)i : -1;
		}
		if (is_edge(&rows[i]) && first_edge < 0) {
			first_edge = (int)i;
		}
	}
	return (e->mask & MASK_EDGE) && first_edge >= 0 && !is_parent(inotify, l, e->wd)
		       ? first_edge
		       : -1;
}

/* Reads the old descriptor dry. The first row with a change, or -1. */
static int read_changes(struct launch *l, int inotify, const int *wds)
{
	char buf[4096] __attribute__((aligned(8)));
	int found = -1;
	ssize_t n;

	while ((n = read(inotify, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buf + at);

			at += (ssize_t)(sizeof(*e) + e->len);
			if (found < 0) {
				found = row_of_event(l, inotify, wds, e);
			}
		}
	}
	return found;
}

/* ---- judging ---- */

static bool exists(const struct plan_watch *w)
{
	return access(w->path, F_OK) == 0;
}

static bool holds(const struct plan_watch *w)
{
	static const uint32_t types[PLAN_WATCH_TYPE_COUNT] = {
		[PLAN_WATCH_EXISTS] = CONDITION_PATH_EXISTS,
		[PLAN_WATCH_EXISTS_GLOB] = CONDITION_PATH_EXISTS_GLOB,
		[PLAN_WATCH_NOT_EMPTY] = CONDITION_DIRECTORY_NOT_EMPTY,
	};
	const struct plan_condition c = { .type = types[w->type], .parameter = w->path };

	return !is_edge(w) && condition_holds(&c, NULL) == 1;
}

/* A row is good: its index; -1. What is there now goes into *ret_exists. */
static int judge(struct launch *l, int changed, uint32_t *ret_exists)
{
	const struct plan_watch *rows = l->plan.watches.items;
	uint32_t before = l->job.params.watch_state;
	bool edges = !(before & (WIRE_WATCH_FIRST | WIRE_WATCH_FRESH));
	int good = edges ? changed : -1;

	*ret_exists = 0;
	for (uint32_t i = 0; i < l->plan.watches.n; i++) {
		bool there = exists(&rows[i]);
		bool flipped = is_edge(&rows[i]) && edges && there != ((before >> i & 1) != 0);

		*ret_exists |= there ? 1u << i : 0;
		if (good < 0 && (flipped || holds(&rows[i]))) {
			good = (int)i;
		}
	}
	return good;
}

static int make_directories(struct launch *l)
{
	const struct plan_watch *rows = l->plan.watches.items;

	for (uint32_t i = 0; i < l->plan.watches.n; i++) {
		const struct dir_owner owner = { 0, 0, rows[i].dir_mode };
		int r = rows[i].make && !exists(&rows[i]) ? dir_make(rows[i].path, &owner) : 0;

		if (r < 0) {
			return launch_fail(l, r, rows[i].origin, "make directory ", rows[i].path);
		}
	}
	return 0;
}

int launch_op_watch(struct launch *l, int32_t *ret_value)
{
	static const uint32_t tag = LAUNCH_TAG_WATCH;
	AUTO_CLOSE int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int old = l->n_listen ? l->listen[0] : -1;
	int wds[LIMIT_WATCHES], old_wds[LIMIT_WATCHES];
	int changed = -1, r = make_directories(l);
	uint32_t there;

	if (r < 0) {
		return r;
	}
	if (inotify < 0) {
		return launch_fail(l, -errno, NULL, "inotify", NULL);
	}
	r = watch_all(l, inotify, wds);
	if (r == 0 && old >= 0) {
		r = watch_all(l, old, old_wds); /* the numbers of what is still in its place */
		changed = r < 0 ? -1 : read_changes(l, old, old_wds);
	}
	if (r < 0) {
		return r;
	}
	int good = judge(l, changed, &there);

	r = launch_report_fds(l, &tag, &inotify, 1);
	if (r < 0) {
		return launch_fail(l, r, NULL, "hand over", NULL);
	}
	*ret_value = (int32_t)(there | (uint32_t)(good + 1) << WIRE_WATCH_GOOD_SHIFT);
	return 0;
}
