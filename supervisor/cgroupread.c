// SPDX-License-Identifier: MIT
#include "cgroupread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/timeutil.h"

void cgroup_root_init(struct cgroup_root *root, const char *path)
{
	char parent[sizeof(root->path)];
	struct stat st, up;
	char *slash;

	snprintf(root->path, sizeof(root->path), "%s", path);
	root->mount = strlen(root->path);
	snprintf(parent, sizeof(parent), "%s", path);
	if (stat(parent, &st) < 0) {
		return;
	}
	while ((slash = strrchr(parent, '/')) && slash != parent) {
		*slash = '\0';
		if (stat(parent, &up) < 0 || up.st_dev != st.st_dev) {
			return;
		}
		root->mount = strlen(parent);
	}
}

void cgroup_shown_path(const struct cgroup_root *root, const char *cgroup, char *buf)
{
	const char *below = root->path + root->mount;

	if (!cgroup || !*cgroup) {
		snprintf(buf, LIMIT_PATH, "%s", *below ? below : "/");
		return;
	}
	snprintf(buf, LIMIT_PATH, "%s/%s", below, cgroup);
}

static ssize_t read_cgroup_file(const struct cgroup_root *root, const char *cgroup,
	const char *file, char *buf, size_t size)
{
	char path[LIMIT_PATH];

	if (snprintf(path, sizeof(path), "%s/%s/%s", root->path, cgroup, file) >=
		(int)sizeof(path)) {
		return -ENAMETOOLONG;
	}
	return fd_read_text(path, buf, size);
}

uint64_t cgroup_read_number(const struct cgroup_root *root, const char *cgroup, const char *file)
{
	char text[64];
	uint64_t value;

	if (read_cgroup_file(root, cgroup, file, text, sizeof(text)) <= 0) {
		return CGROUP_NOT_SET;
	}
	text[strcspn(text, "\n")] = '\0';
	return number_parse_u64(text, &value) < 0 ? CGROUP_NOT_SET : value;
}

uint64_t cgroup_read_key(
	const struct cgroup_root *root, const char *cgroup, const char *file, const char *key)
{
	char text[4096];
	char *rest = text, *line;
	size_t key_len = strlen(key);
	uint64_t value;

	if (read_cgroup_file(root, cgroup, file, text, sizeof(text)) <= 0) {
		return CGROUP_NOT_SET;
	}
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, key, key_len) == 0 && line[key_len] == ' ') {
			return number_parse_u64(line + key_len + 1, &value) < 0 ? CGROUP_NOT_SET
										: value;
		}
	}
	return CGROUP_NOT_SET;
}

uint64_t cgroup_read_sum(
	const struct cgroup_root *root, const char *cgroup, const char *file, const char *key)
{
	char text[8192];
	char *rest = text, *word;
	size_t key_len = strlen(key);
	uint64_t sum = 0, value;

	/* A file without lines: nothing was counted yet. */
	if (read_cgroup_file(root, cgroup, file, text, sizeof(text)) < 0) {
		return CGROUP_NOT_SET;
	}
	while ((word = strsep(&rest, " \n"))) {
		if (strncmp(word, key, key_len) == 0 && word[key_len] == '=' &&
			number_parse_u64(word + key_len + 1, &value) >= 0) {
			sum += value;
		}
	}
	return sum;
}

uint64_t cgroup_read_quota(const struct cgroup_root *root, const char *cgroup)
{
	char text[64];
	char *period = text, *quota;
	uint64_t of, in;

	if (read_cgroup_file(root, cgroup, "cpu.max", text, sizeof(text)) <= 0) {
		return CGROUP_NOT_SET;
	}
	text[strcspn(text, "\n")] = '\0';
	quota = strsep(&period, " ");
	if (!period || number_parse_u64(quota, &of) < 0 || number_parse_u64(period, &in) < 0 ||
		in == 0) {
		return CGROUP_NOT_SET;
	}
	return of * USEC_PER_SEC / in;
}

uint64_t cgroup_memory_left(const struct cgroup_root *root, const char *cgroup)
{
	static const char *const limits[] = { "memory.high", "memory.max" };
	uint64_t left = CGROUP_NOT_SET;
	char path[LIMIT_CGROUP_PATH];
	char *slash;

	snprintf(path, sizeof(path), "%s", cgroup);
	do {
		uint64_t now = cgroup_read_number(root, path, "memory.current");

		for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
			uint64_t limit = cgroup_read_number(root, path, limits[i]);
			uint64_t rest = limit > now ? limit - now : 0;

			if (limit != CGROUP_NOT_SET && rest < left) {
				left = rest;
			}
		}
		slash = strrchr(path, '/');
		if (slash) {
			*slash = '\0';
		}
	} while (slash);
	return left;
}

struct walk {
	const struct cgroup_root *root;
	cgroup_visit *visit;
	void *user;
	unsigned left;         /* processes */
	unsigned trees;        /* cgroups */
	char path[LIMIT_PATH]; /* absolute, of the cgroup in hand */
};

static int walk_procs(struct walk *w)
{
	char file[LIMIT_PATH + 16], line[32];
	FILE *f;
	uint64_t pid;
	int r = 0;

	snprintf(file, sizeof(file), "%s/cgroup.procs", w->path);
	f = fopen(file, "re");
	if (!f) {
		return 0;
	}
	while (r >= 0 && w->left > 0 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (number_parse_u64(line, &pid) < 0 || pid == 0) {
			continue;
		}
		w->left--;
		r = w->visit(w->user, w->path + w->root->mount, (pid_t)pid);
	}
	fclose(f);
	return r;
}

static bool is_child_cgroup(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int walk_tree(struct walk *w, unsigned depth)
{
	size_t len = strlen(w->path);
	struct dirent *entry;
	int r = walk_procs(w);
	DIR *dir;

	if (r < 0 || depth == 0 || w->left == 0) {
		return r;
	}
	dir = opendir(w->path);
	if (!dir) {
		return 0;
	}
	while (r >= 0 && w->trees > 0 && (entry = readdir(dir))) {
		size_t name_len = strlen(entry->d_name);

		if (!is_child_cgroup(entry) || len + name_len + 2 > sizeof(w->path)) {
			continue;
		}
		w->trees--;
		w->path[len] = '/';
		memcpy(w->path + len + 1, entry->d_name, name_len + 1);
		r = walk_tree(w, depth - 1);
		w->path[len] = '\0';
	}
	closedir(dir);
	return r;
}

int cgroup_each_pid(
	const struct cgroup_root *root, const char *cgroup, cgroup_visit *visit, void *user)
{
	struct walk w = { .root = root,
		.visit = visit,
		.user = user,
		.left = CGROUP_PIDS_MAX,
		.trees = CGROUP_WALK_MAX };
	bool whole = !cgroup || !*cgroup;

	if (snprintf(w.path, sizeof(w.path), "%s%s%s", root->path, whole ? "" : "/",
		    whole ? "" : cgroup) >= (int)sizeof(w.path)) {
		return -ENAMETOOLONG;
	}
	return walk_tree(&w, CGROUP_DEPTH_MAX);
}

static int count_one(void *user, const char *shown, pid_t pid)
{
	(void)shown;
	(void)pid;
	++*(uint64_t *)user;
	return 0;
}

uint64_t cgroup_count_pids(const struct cgroup_root *root, const char *cgroup)
{
	uint64_t n = 0;

	cgroup_each_pid(root, cgroup, count_one, &n);
	return n;
}

struct guess {
	pid_t pids[256];
	size_t n;
	pid_t not_this;
};

static int guess_collect(void *user, const char *shown, pid_t pid)
{
	struct guess *g = user;

	(void)shown;
	if (pid == g->not_this) {
		return 0;
	}
	if (g->n == ELEMENTSOF(g->pids)) {
		return -E2BIG;
	}
	g->pids[g->n++] = pid;
	return 0;
}

pid_t cgroup_guess_main(const struct cgroup_root *root, const char *cgroup, pid_t not_this)
{
	struct guess g = { .not_this = not_this };
	pid_t found = 0;

	if (cgroup_each_pid(root, cgroup, guess_collect, &g) < 0) {
		return 0;
	}
	for (size_t i = 0; i < g.n; i++) {
		pid_t parent = process_parent(g.pids[i]);
		bool inner = parent == 0; /* it has ended since */

		for (size_t k = 0; k < g.n; k++) {
			inner |= g.pids[k] == parent;
		}
		if (inner) {
			continue;
		}
		if (found) {
			return 0;
		}
		found = g.pids[i];
	}
	return found;
}
