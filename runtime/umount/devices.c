// SPDX-License-Identifier: MIT
#include "devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "limited.h"
#include "mounts.h"
#include "say.h"

#define BLOCK_DIR "/sys/block"
#define SWAPS_MAX 65536u

/* DIR/NAME/LEAF; "" when it does not fit. */
static void join(char *buf, size_t size, const char *dir, const char *name, const char *leaf)
{
	buf[0] = 0;
	if (strlen(dir) + strlen(name) + strlen(leaf) + 3 > size) {
		return;
	}
	strcpy(buf, dir);
	strcat(buf, "/");
	strcat(buf, name);
	if (*leaf) {
		strcat(buf, "/");
		strcat(buf, leaf);
	}
}

static int swap_off(const char *path)
{
	return swapoff(path) < 0 ? -errno : 0;
}

/* Of the partition itself, or of the file's file system. */
static void note_disk(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		dev_t disk = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;

		limited_disk(major(disk), minor(disk));
	}
}

bool devices_swap_off(void)
{
	static char text[SWAPS_MAX];
	bool moved = false;
	char *save = NULL;

	if (fd_read_text("/proc/swaps", text, sizeof(text)) <= 0) {
		return false;
	}
	strtok_r(text, "\n", &save); /* the heading */
	for (char *p = strtok_r(NULL, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		p[strcspn(p, " \t")] = 0;
		mounts_unescape(p);
		note_disk(p);
		int r = limited_call(swap_off, p, LIMITED_SWAP_MS);

		if (r < 0 && r != -ETIMEDOUT) {
			say("cannot stop swapping to", p, -r);
		}
		moved |= r == 0;
	}
	return moved;
}

/* Calls what() for each block device of that name with that file in sysfs; did one succeed? */
static bool each_device(const char *prefix, const char *leaf, int (*what)(const char *name))
{
	DIR *dir = opendir(BLOCK_DIR);
	struct dirent *e;
	char path[512];
	bool moved = false;

	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0) {
			continue;
		}
		join(path, sizeof(path), BLOCK_DIR, e->d_name, leaf);
		if (access(path, F_OK) == 0) {
			moved |= what(e->d_name) == 0;
		}
	}
	if (dir) {
		closedir(dir);
	}
	return moved;
}

static int clear_loop(const char *name)
{
	char path[512];

	join(path, sizeof(path), "/dev", name, "");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, LOOP_CLR_FD, 0) < 0) {
		return -errno;
	}
	close(TAKE_FD(fd)); /* the kernel detaches with the last close */
	join(path, sizeof(path), BLOCK_DIR, name, "loop/backing_file");
	return access(path, F_OK) < 0 ? 0 : -EBUSY;
}

static int detach_loop(const char *name)
{
	return limited_call(clear_loop, name, LIMITED_WITHIN_MS);
}

bool devices_detach_loops(void)
{
	return each_device("loop", "loop/backing_file", detach_loop);
}

static int remove_mapping(const char *name)
{
	struct dm_ioctl request = { .version = { 4, 0, 0 }, .data_size = sizeof(request) };
	char path[512], dm_name[DM_NAME_LEN];
	AUTO_CLOSE int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);

	join(path, sizeof(path), BLOCK_DIR, name, "dm/name");
	if (fd < 0 || fd_read_text(path, dm_name, sizeof(dm_name)) <= 0) {
		return -ENOENT;
	}
	dm_name[strcspn(dm_name, "\n")] = 0;
	memcpy(request.name, dm_name, strlen(dm_name)); /* shorter than DM_NAME_LEN */
	return ioctl(fd, DM_DEV_REMOVE, &request) < 0 ? -errno : 0;
}

static int remove_dm(const char *name)
{
	return limited_call(remove_mapping, name, LIMITED_WITHIN_MS);
}

bool devices_remove_dm(void)
{
	return each_device("dm-", "dm/name", remove_dm);
}

static int name_it(const char *name)
{
	say("stays in use", name, 0);
	return 0;
}

/* The root file system stays mounted, and so does what it lies on, stacked however. */
static bool root_lies_on_one(void)
{
	char path[512], number[64];
	struct stat st;

	if (stat("/", &st) < 0) {
		return false;
	}
	number_format_u64(number, major(st.st_dev));
	strcat(number, ":");
	number_format_u64(number + strlen(number), minor(st.st_dev));
	join(path, sizeof(path), "/sys/dev/block", number, "dm");
	if (access(path, F_OK) == 0) {
		return true;
	}
	join(path, sizeof(path), "/sys/dev/block", number, "loop/backing_file");
	return access(path, F_OK) == 0;
}

bool devices_name_left(void)
{
	bool loops, dm;

	if (root_lies_on_one()) {
		return false;
	}
	loops = each_device("loop", "loop/backing_file", name_it);
	dm = each_device("dm-", "dm/name", name_it);
	return loops || dm;
}
