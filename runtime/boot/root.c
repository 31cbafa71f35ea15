// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/sysx.h"
#include "boot.h"

#define NEW_ROOT       "/sysroot"
#define NEXT_ROOT      "/run/nextroot"
#define WAIT_STEP_NS   (20 * 1000 * 1000)
#define PROBE_STEPS    10u /* looks at all disks only so often when no new one came */
#define TYPES_MAX      4096u
#define PARTITIONS_MAX 8192u
#define DISKS_MAX      512u
/* MOVE_MOUNT_T_EMPTY_PATH, which lies in another header for each libc */
#define MOVE_EMPTY_TARGET 0x00000040u

/* Still the kernel's own first file system? */
static bool in_initramfs(void)
{
	struct statfs fs;

	return statfs("/", &fs) == 0 && (fs.f_type == RAMFS_MAGIC || fs.f_type == TMPFS_MAGIC);
}

/* What udev calls them; "" for a path; NULL: no device is named so. */
static const char *link_directory(const char *name, const char **ret_value)
{
	static const struct {
		const char *prefix;
		const char *dir;
	} kinds[] = {
		{ "UUID=", "/dev/disk/by-uuid/" },
		{ "LABEL=", "/dev/disk/by-label/" },
		{ "PARTUUID=", "/dev/disk/by-partuuid/" },
		{ "PARTLABEL=", "/dev/disk/by-partlabel/" },
	};

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		size_t n = strlen(kinds[i].prefix);

		if (strncmp(name, kinds[i].prefix, n) == 0) {
			*ret_value = name + n;
			return kinds[i].dir;
		}
	}
	*ret_value = name;
	return name[0] == '/' ? "" : NULL;
}

static bool has_path(const char *name, char *buf, size_t size)
{
	const char *value, *dir = link_directory(name, &value);

	if (!dir || strlen(dir) + strlen(value) >= size) {
		return false;
	}
	strcpy(buf, dir);
	strcat(buf, value);
	return access(buf, F_OK) == 0;
}

const char *root_device(const char *name, char *buf, size_t size)
{
	const char *value, *dir = link_directory(name, &value);

	return has_path(name, buf, size) || (dir && *dir && probe_find(name, buf, size)) ? buf
											 : NULL;
}

/* A node in /dev came or went since *seen. */
static bool has_news(struct timespec *seen)
{
	struct stat st;

	if (stat("/dev", &st) < 0 ||
		(st.st_mtim.tv_sec == seen->tv_sec && st.st_mtim.tv_nsec == seen->tv_nsec)) {
		return false;
	}
	*seen = st.st_mtim;
	return true;
}

static const char *wait_for(const char *root, uint32_t seconds, char *buf, size_t size)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };
	uint64_t steps = (uint64_t)seconds * 1000000000u / WAIT_STEP_NS;
	struct timespec seen = { 0 };

	for (uint64_t i = 0; i <= steps; i++) {
		bool probe = has_news(&seen) || i % PROBE_STEPS == 0 || i == steps;

		if (probe ? root_device(root, buf, size) != NULL : has_path(root, buf, size)) {
			return buf;
		}
		if (i == 1000000000u / WAIT_STEP_NS) {
			say("waiting for the root device", root, 0);
		}
		nanosleep(&step, NULL);
	}
	return NULL;
}

/* Tries the file systems of /proc/filesystems that need a device, as the kernel does. */
static int mount_any(const char *device, unsigned long flags, const char *options)
{
	char types[TYPES_MAX];
	char *save = NULL;
	int error = EINVAL;

	if (fd_read_text("/proc/filesystems", types, sizeof(types)) <= 0) {
		return ENODEV;
	}
	for (char *p = strtok_r(types, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		if (*p != '\t') {
			continue;
		}
		if (mount(device, NEW_ROOT, p + 1, flags, options) == 0) {
			return 0;
		}
		error = errno == EINVAL ? error : errno;
	}
	return error;
}

/* What root= could have named: whoever reads that at the console has no other way to know. */
static void say_disks(void)
{
	char text[PARTITIONS_MAX], line[DISKS_MAX] = "";
	char *save = NULL;

	fd_read_text("/proc/partitions", text, sizeof(text));
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		const char *name = strrchr(p, ' ');

		if (!name || strncmp(p, "major", 5) == 0 ||
			strlen(line) + strlen(name) >= sizeof(line)) {
			continue;
		}
		strcat(line, *line ? name : name + 1);
	}
	say("disks and partitions that are there",
		*line ? line : "none: is the driver's module in the initramfs?", 0);
}

/* Somebody at the emergency shell has found it. */
static bool is_mounted_by_hand(void)
{
	struct stat there, here;

	return stat(NEW_ROOT, &there) == 0 && stat("/", &here) == 0 && there.st_dev != here.st_dev;
}

static int mount_root(const struct cmdline *c, const char *root)
{
	const char *type = cmdline_find(c, "rootfstype");
	const char *options = cmdline_find(c, "rootflags");
	unsigned long flags = cmdline_find(c, "rw") ? 0 : MS_RDONLY;
	char buf[BOOT_PATH_MAX];
	const char *value, *device = NULL;
	bool named = link_directory(root, &value) != NULL;
	int error;

	if (!named && !type) {
		say("root= is neither a path nor UUID=, LABEL=, PARTUUID=, PARTLABEL=", root, 0);
		return -EINVAL;
	}
	if (named && !(device = wait_for(root, cmdline_root_patience(c), buf, sizeof(buf)))) {
		say("the root device did not appear", root, ENODEV);
		say_disks();
		return -ENODEV;
	}
	mkdir(NEW_ROOT, 0755);
	error = type ? (mount(device ? device : root, NEW_ROOT, type, flags, options) < 0 ? errno
											  : 0)
		     : mount_any(device, flags, options);
	if (error) {
		say("cannot mount the root file system", root, error);
		say_disks();
	}
	return -error;
}

/* Gives the memory of the initramfs back: one file system, no links followed, bounded depth. */
void root_remove_below(int dir, dev_t device, int depth)
{
	DIR *stream = fdopendir(dir);
	struct dirent *entry;
	struct stat st;

	if (!stream) {
		close(dir);
		return;
	}
	while ((entry = readdir(stream))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			fstatat(dirfd(stream), name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			st.st_dev != device) {
			continue;
		}
		int child = S_ISDIR(st.st_mode) && depth > 0
				    ? openat(dirfd(stream), name,
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				    : -1;

		if (child >= 0) {
			root_remove_below(child, device, depth - 1);
		}
		unlinkat(dirfd(stream), name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	closedir(stream);
}

/*
 * Below the new root a link leads nowhere but into it: what is moved would be lost otherwise, or
 * lie on top of something of ours.
 */
static int move_into(int root, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	mkdirat(root, path + 1, 0755); /* a root that is read-only needs it to be there */
	AUTO_CLOSE int to = sysx_openat2(root, path + 1, &how);

	return to < 0 || syscall(SYS_move_mount, AT_FDCWD, path, to, "", MOVE_EMPTY_TARGET) < 0
		       ? -errno
		       : 0;
}

int root_enter(const char *where, bool remove)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys", "/run" };
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int root = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	for (size_t i = 0; i < ELEMENTSOF(moved); i++) {
		int r = move_into(root, moved[i]);

		if (r < 0) {
			say("cannot move to the new root", moved[i], -r);
			umount2(moved[i], MNT_DETACH);
		}
	}
	if (chdir(where) < 0 || mount(where, "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
		chdir("/") < 0) {
		int error = errno;

		say("cannot switch to the new root", NULL, error);
		return -error;
	}
	if (remove && old >= 0 && fstat(old, &st) == 0) {
		root_remove_below(old, st.st_dev, 32);
	}
	return 0;
}

/* A look around before the root file system is mounted, as initramfs of others offer it. */
static void break_before_root(const struct cmdline *c)
{
	const char *unit = cmdline_find(c, "rd.systemd.unit");

	if (cmdline_find(c, "rd.break") || cmdline_find(c, "rd.emergency") ||
		(unit && (strcmp(unit, "emergency.target") == 0 ||
				 strcmp(unit, "rescue.target") == 0))) {
		emergency_shell("the kernel command line asks for a shell in the initramfs; its "
				"end goes on with the root file system");
	}
}

int root_switch(const struct cmdline *c)
{
	const char *root = cmdline_find(c, "root");

	if (!root || !*root || !in_initramfs()) {
		return 0; /* this is the root */
	}
	break_before_root(c);

	int r = is_mounted_by_hand() ? 0 : mount_root(c, root);

	r = r < 0 ? r : root_enter(NEW_ROOT, true);
	return r < 0 ? r : 1;
}

void root_next(void)
{
	struct stat next, run;

	if (stat(NEXT_ROOT, &next) < 0 || stat("/run", &run) < 0 || next.st_dev == run.st_dev) {
		return; /* user space starts again where it is */
	}
	/* /run moves below what is mounted in it otherwise. */
	mkdir(NEW_ROOT, 0755);
	if (mount(NEXT_ROOT, NEW_ROOT, NULL, MS_MOVE, NULL) == 0) {
		root_enter(NEW_ROOT, false);
	} else {
		say("cannot move the next root", NEXT_ROOT, errno);
	}
}
