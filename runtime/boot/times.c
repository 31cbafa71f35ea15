// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/timeutil.h"
#include "boot.h"

void times_store(const char *path, struct boottimes *times, bool again)
{
	struct boottimes old;
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (again && fd >= 0 && fd_read_full(fd, &old, sizeof(old)) == (ssize_t)sizeof(old) &&
		old.magic == BOOTTIMES_MAGIC) {
		times->soft_reboots = old.soft_reboots + 1;
	}
	times->magic = BOOTTIMES_MAGIC;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		say("the times of the boot are not kept", path, errno);
		return;
	}
	int r = fd_write_full(fd, times, sizeof(*times));

	if (r < 0) {
		say("the times of the boot are not kept", path, -r);
	}
}
