// SPDX-License-Identifier: MIT
#include "zonefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "fd.h"

#define DIRECTORY      "/usr/share/zoneinfo"
#define FILE_MAX_BYTES (128u * 1024)

static int open_zone(const char *name)
{
	char path[sizeof(DIRECTORY) + 80];

	if (!name) {
		return open("/etc/localtime", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (!zone_name_is_valid(name)) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

int zonefile_read(const char *name, struct zone *ret)
{
	AUTO_CLOSE int fd = open_zone(name);
	AUTO_FREE char *data = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EBADMSG;
	}
	if (st.st_size > FILE_MAX_BYTES) {
		return -E2BIG;
	}
	data = malloc(FILE_MAX_BYTES);
	if (!data) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, data, FILE_MAX_BYTES);
	return n < 0 ? (int)n : zone_parse(data, (size_t)n, ret);
}

bool zonefile_exists(const char *name)
{
	AUTO_CLOSE int fd = open_zone(name);
	char magic[4];

	return fd >= 0 && fd_read_full(fd, magic, sizeof(magic)) == 4 && magic[0] == 'T' &&
	       magic[1] == 'Z';
}
