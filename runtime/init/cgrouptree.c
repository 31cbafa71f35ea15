// SPDX-License-Identifier: MIT
#include "cgrouptree.h"

#include <dirent.h>
#include <errno.h>

#include "../base/cleanup.h"
#include "../base/limits.h"
#include "../base/number.h"
#include "../base/sysx.h"

void cgrouptree_bound(int root, const char *path)
{
	static const struct {
		const char *file;
		uint32_t most;
	} bounds[] = {
		{ "cgroup.max.depth", LIMIT_CGROUP_DEPTH },
		{ "cgroup.max.descendants", LIMIT_CGROUPS },
	};
	char text[21];

	for (size_t i = 0; i < ELEMENTSOF(bounds); i++) {
		number_format_u64(text, bounds[i].most);
		cgroup_write(root, path, bounds[i].file, text);
	}
}

struct walk {
	const struct cgroup_signal *what;
	uint32_t left;
	int result; /* of the unit's own cgroup, or the first that failed */
};

static void signal_below(struct walk *w, int dir, uint32_t depth);

static void signal_one(struct walk *w, int dir, uint32_t depth)
{
	int r = cgroup_signal(dir, w->what);

	w->result = w->result < 0 ? w->result : r;
	w->left--;
	if (depth < LIMIT_CGROUP_DEPTH && w->result != -EMFILE && w->result != -ENFILE) {
		signal_below(w, dir, depth + 1);
	}
}

/* From the beginning: a descriptor that was read before stands where that try ended. */
static void signal_below(struct walk *w, int dir, uint32_t depth)
{
	char buf[1024] __attribute__((aligned(8)));
	long n;

	lseek(dir, 0, SEEK_SET);
	while (w->left > 0 && (n = sysx_getdents(dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n && w->left > 0;) {
			const struct sysx_dirent *e = (const void *)(buf + at);

			at += e->reclen;
			if (e->type != DT_DIR || e->name[0] == '.') {
				continue;
			}
			AUTO_CLOSE int below = cgroup_open(dir, e->name);

			if (below >= 0) {
				signal_one(w, below, depth);
			} else if (below != -ENOENT && w->result >= 0) {
				w->result = below;
			}
		}
	}
}

int cgrouptree_signal(int dir, const struct cgroup_signal *what)
{
	struct walk w = { .what = what, .left = LIMIT_CGROUPS_SIGNALLED };

	signal_one(&w, dir, 0);
	return w.result;
}
