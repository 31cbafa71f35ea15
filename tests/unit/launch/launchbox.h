// SPDX-License-Identifier: MIT
/* A struct launch without a job, and a mount namespace of its own, for tests of single steps. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/launch/launch.h"

struct launchbox {
	char dir[64];
	int fd; /* of dir */
	struct launch l;
	struct catalogue_unit unit;
};

static inline struct launchbox *launchbox_new(void)
{
	struct launchbox *b = calloc(1, sizeof(*b));

	if (!b) {
		abort();
	}
	strcpy(b->dir, "/tmp/launchbox.XXXXXX");
	b->fd = mkdtemp(b->dir) ? open(b->dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	for (int i = 0; i < LAUNCH_TAG_COUNT; i++) {
		b->l.fds[i] = -1;
	}
	/* All members but the two flags and the two lists are descriptors. */
	memset(&b->l.trees, 0xff, sizeof(b->l.trees));
	b->l.trees.node = NULL;
	b->l.trees.row = NULL;
	b->l.trees.target = NULL;
	b->l.trees.empty_used = false;
	b->l.trees.null_used = false;
	b->l.root_fd = -1;
	b->l.unit = &b->unit;
	b->l.plan.unit = "box.service";
	b->l.plan.origin = "box.service";
	arena_init(&b->l.arena);
	return b;
}

static inline int launchbox_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void launchbox_free(struct launchbox *b)
{
	arena_fini(&b->l.arena);
	close(b->fd);
	(void)umount2(b->dir, MNT_DETACH);
	/* FTW_MOUNT: what a test has mounted below is the host's, and not to be removed. */
	nftw(b->dir, launchbox_remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(b);
}

/* What a program mounts from here on is its own. False, and says why: it may not. */
static inline bool launchbox_private(void)
{
	if (geteuid() != 0) {
		printf("skipped: not root, who alone may mount\n");
		return false;
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		printf("skipped: no mount namespace of one's own here: %s\n", strerror(errno));
		return false;
	}
	/* Nothing of a test stays, however it ends. */
	if (mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") < 0) {
		printf("skipped: no mounts here: %s\n", strerror(errno));
		return false;
	}
	return true;
}
