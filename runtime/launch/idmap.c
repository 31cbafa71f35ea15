// SPDX-License-Identifier: MIT
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "caps.h"
#include "launch.h"
#include "mountapi.h"
#include "nsfd.h"

#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

/* Keeps the namespace until the launcher has it: end of file tells. */
static void hold(int from, int to)
{
	char byte;

	close(to);
	_exit(read(from, &byte, 1) < 0);
}

/*
 * The service cannot have made it yet: a mount is mapped with the host's rights, which the launcher
 * gives up when it clones. So the namespace comes first and the service enters it, as the later
 * commands of a unit do.
 */
static int make_userns(struct launch *l, uint32_t owner, int (*write_maps)(struct launch *, int))
{
	int ends[2];
	pid_t pid;
	int r, back;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	r = owner ? caps_act_as(owner) : 0;
	pid = r < 0 ? -1 : (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		hold(ends[0], ends[1]);
	}
	r = r == 0 && pid < 0 ? -errno : r;
	r = r < 0 ? r : write_maps(l, pid);
	r = r < 0 ? r : nsfd_open(pid, "user");
	back = owner ? caps_act_as(getuid()) : 0;
	close(ends[0]);
	close(ends[1]);
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	if (r >= 0 && back < 0) {
		close(r);
		return back;
	}
	return r;
}

static int map_tree(int tree, int userns, unsigned flags)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns,
	};

	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) < 0
		       ? -errno
		       : 0;
}

int idmap_apply(struct launch *l, int tree)
{
	if (l->fds[LAUNCH_TAG_USERNS] < 0) {
		int r = make_userns(l, nsfd_owner(l), nsfd_write_maps);

		if (r < 0) {
			return r;
		}
		l->fds[LAUNCH_TAG_USERNS] = r;
		l->userns_is_new = true;
	}
	return map_tree(tree, l->fds[LAUNCH_TAG_USERNS], AT_RECURSIVE);
}

/* ---- directories that are nobody's ---- */

/* Every id to itself, but for two that change places. */
static struct tlv_array swap_rows(uint32_t a, uint32_t b, struct plan_idmap rows[static 5])
{
	uint32_t low = a < b ? a : b, high = a < b ? b : a;
	const struct plan_idmap all[] = {
		{ 0, 0, low },
		{ low, high, 1 },
		{ low + 1, low + 1, high - low - 1 },
		{ high, low, 1 },
		{ high + 1, high + 1, UINT32_MAX - high - 1 },
	};
	struct tlv_array map = { .items = rows };

	if (low == high) {
		rows[map.n++] = (struct plan_idmap) { 0, 0, UINT32_MAX };
	}
	for (size_t i = 0; low != high && i < ELEMENTSOF(all); i++) {
		if (all[i].count) {
			rows[map.n++] = all[i];
		}
	}
	return map;
}

static int write_swaps(struct launch *l, int pid)
{
	struct plan_idmap rows[5];
	struct tlv_array map = swap_rows(PLAN_UID_NOBODY, l->plan.dirs_gid, rows);
	int r = nsfd_write_map(l, pid, "gid_map", &map);

	map = swap_rows(PLAN_UID_NOBODY, l->plan.dirs_uid, rows);
	return r < 0 ? r : nsfd_write_map(l, pid, "uid_map", &map);
}

/* One for all directories of a start; a failure is kept as well. */
static int owner_ns(struct launch *l)
{
	if (l->owner_ns == 0) {
		l->owner_ns = make_userns(l, 0, write_swaps);
	}
	return l->owner_ns;
}

int idmap_give(struct launch *l, int tree)
{
	struct stat st;
	int ns;

	if (fstat(tree, &st) < 0) {
		return -errno;
	}
	if (st.st_uid != PLAN_UID_NOBODY || l->plan.dirs_uid == PLAN_UID_NOBODY) {
		return 0;
	}
	ns = owner_ns(l);
	return ns < 0 ? ns : map_tree(tree, ns, 0);
}

bool idmap_can_give(struct launch *l, int dir)
{
	AUTO_CLOSE int tree = mount_clone(dir, "", 0);
	int ns = tree < 0 ? tree : owner_ns(l);

	return ns >= 0 && map_tree(tree, ns, 0) == 0;
}
