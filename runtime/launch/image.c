// SPDX-License-Identifier: MIT
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/limits.h"
#include "../base/number.h"
#include "mountapi.h"
#include "pathwalk.h"

#define SAFE         (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define LOOP_TRIES   64 /* others take free devices at the same time */
#define OPTIONS_SIZE 1024

struct magic {
	const char *type;
	uint32_t offset;
	uint32_t size;
	const char *bytes;
	bool read_only; /* of its nature */
};

static const struct magic magics[] = {
	{ "squashfs", 0, 4, "hsqs", true },
	{ "xfs", 0, 4, "XFSB", false },
	{ "erofs", 1024, 4, "\xe2\xe1\xf5\xe0", true },
	{ "ext4", 1080, 2, "\x53\xef", false },
	{ "btrfs", 65600, 8, "_BHRfS_M", false },
};

static const struct magic *find_type(int fd)
{
	for (size_t i = 0; i < ELEMENTSOF(magics); i++) {
		char found[8];

		if (pread(fd, found, magics[i].size, magics[i].offset) == (ssize_t)magics[i].size &&
			memcmp(found, magics[i].bytes, magics[i].size) == 0) {
			return &magics[i];
		}
	}
	return NULL;
}

static int open_image(const char *path, bool read_only)
{
	AUTO_CLOSE int node = pathwalk_open(path);
	struct stat st;

	if (node < 0) {
		return node;
	}
	if (fstat(node, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		return -EMEDIUMTYPE;
	}
	return fd_reopen(node, read_only ? O_RDONLY : O_RDWR);
}

static int configure_free(int control, const struct loop_config *config, char *path)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int loop;

	if (number < 0) {
		return -errno;
	}
	strcpy(path, "/dev/loop");
	number_format_u64(path + strlen(path), (uint64_t)number);
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (loop < 0 || ioctl(loop, LOOP_CONFIGURE, config) == 0) {
		return loop < 0 ? -errno : loop;
	}
	close(loop);
	return -errno;
}

/* The device frees itself when nothing uses it any more, also after a crash of everybody. */
static int make_loop(int image, bool read_only, char *path)
{
	AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = { .fd = (uint32_t)image };
	int r = -EBUSY;

	if (control < 0) {
		return -errno;
	}
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0);
	for (int i = 0; r == -EBUSY && i < LOOP_TRIES; i++) {
		r = configure_free(control, &config, path);
	}
	return r;
}

/* Options that are the mount's, not the file system's. */
static const struct {
	const char *word;
	uint64_t attr;
} attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY },
	{ "rw", 0 },
	{ "nosuid", MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME },
	{ "relatime", 0 },
	{ "defaults", 0 },
};

static bool take_attr(const char *word, size_t n, uint64_t *attrs)
{
	for (size_t i = 0; i < ELEMENTSOF(attr_words); i++) {
		if (strlen(attr_words[i].word) == n && memcmp(attr_words[i].word, word, n) == 0) {
			*attrs |= attr_words[i].attr;
			return true;
		}
	}
	return false;
}

static int mount_source(const struct magic *type, const char *source, const char *options, bool ro)
{
	char text[OPTIONS_SIZE] = "source=";
	uint64_t attrs = SAFE | (ro ? MOUNT_ATTR_RDONLY : 0);
	size_t n;

	options = options ? options : "";
	if (strlen(source) + strlen(options) + 16 > sizeof(text)) {
		return -ENAMETOOLONG;
	}
	strcat(text, source);
	strcat(text, ro ? ",ro" : "");
	for (; *options; options += n + (options[n] == ',')) {
		n = strcspn(options, ",");
		if (!take_attr(options, n, &attrs)) {
			strcat(text, ",");
			strncat(text, options, n);
		}
	}
	return mount_new(type->type, text, attrs);
}

int image_mount(const char *path, const char *options, bool read_only)
{
	AUTO_CLOSE int image = open_image(path, read_only);
	AUTO_CLOSE int loop = -1;
	const struct magic *type;
	char source[40];

	if (image == -EROFS && !read_only) {
		return image_mount(path, options, true);
	}
	if (image < 0) {
		return image;
	}
	type = find_type(image);
	if (!type) {
		return -EMEDIUMTYPE;
	}
	read_only |= type->read_only;
	if (strcmp(type->type, "erofs") == 0) {
		int fd = mount_source(type, fd_link(image, source), options, true);

		if (fd != -ENOTBLK) {
			return fd;
		}
	}
	loop = make_loop(image, read_only, source);
	return loop < 0 ? loop : mount_source(type, source, options, read_only);
}
