// SPDX-License-Identifier: MIT
#include "blockdev.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/fd.h"
#include "../base/number.h"

static void format_numbers(char *buf, dev_t dev)
{
	size_t n = number_format_u64(buf, major(dev));

	buf[n++] = ':';
	number_format_u64(buf + n, minor(dev));
}

/* A partition's directory lies in its disk's. */
int blockdev_numbers(const char *path, char *ret)
{
	char file[96] = "/sys/dev/block/", text[24];
	struct stat st;
	size_t n;

	if (stat(path, &st) < 0) {
		return -errno;
	}
	format_numbers(ret, S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
	strcat(file, ret);
	n = strlen(file);
	if (access(file, F_OK) < 0) {
		return -ENODEV;
	}
	strcat(file, "/partition");
	if (access(file, F_OK) < 0) {
		return 0;
	}
	file[n] = '\0';
	strcat(file, "/../dev");
	if (fd_read_text(file, text, sizeof(text)) <= 0) {
		return -ENODEV;
	}
	text[strcspn(text, "\n")] = '\0';
	strcpy(ret, text);
	return 0;
}
