// SPDX-License-Identifier: MIT
#include "mountapi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/limits.h"
#include "../base/sysx.h"

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

static int open_in_root(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};

	return result(sysx_openat2(root, path, &how));
}

int mount_open_target(int root, const char *path)
{
	return open_in_root(root, path, 0);
}

int mount_open_plain(int root, const char *path)
{
	return open_in_root(root, path, RESOLVE_NO_SYMLINKS);
}

int mount_clone(int dir, const char *path, int recursive)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

	return result(syscall(SYS_open_tree, dir, path,
		flags | (*path ? 0 : AT_EMPTY_PATH) | (recursive ? AT_RECURSIVE : 0)));
}

int mount_attach(int tree, int target)
{
	return result(syscall(SYS_move_mount, tree, "", target, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int mount_change(int fd, uint64_t set, uint64_t clear, int recursive)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

	return result(syscall(SYS_mount_setattr, fd, "",
		AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr)));
}

static int set_option(int fs, char *option)
{
	char *equals = strchr(option, '=');

	if (!equals) {
		return result(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, option, NULL, 0));
	}
	*equals = '\0';
	return result(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, option, equals + 1, 0));
}

static int set_options(int fs, const char *options)
{
	char buf[256];

	while (*options) {
		size_t n = strcspn(options, ",");
		int r = 0;

		if (n >= sizeof(buf)) {
			return -ENAMETOOLONG;
		}
		memcpy(buf, options, n);
		buf[n] = '\0';
		if (n) {
			r = set_option(fs, buf);
		}
		if (r < 0) {
			return r;
		}
		options += n + (options[n] == ',');
	}
	return 0;
}

int mount_new(const char *type, const char *options, uint64_t attrs)
{
	AUTO_CLOSE int fs = result(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
	int r;

	if (fs < 0) {
		return fs;
	}
	r = options ? set_options(fs, options) : 0;
	if (r < 0) {
		return r;
	}
	r = result(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	if (r < 0) {
		return r;
	}
	return result(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attrs));
}
