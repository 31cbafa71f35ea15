// SPDX-License-Identifier: MIT
#include "rootfile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"

static int refuse(int error, const char *why, const char **ret_why)
{
	*ret_why = why;
	return error;
}

int rootfile_open(const char *path, mode_t forbidden, const char **ret_why)
{
	AUTO_CLOSE int fd = fd_open_plain(path);
	struct stat st;

	if (fd < 0) {
		return refuse(fd, fd == -EINVAL ? "not a regular file" : strerror(-fd), ret_why);
	}
	if (fstat(fd, &st) < 0) {
		return refuse(-errno, strerror(errno), ret_why);
	}
	if (st.st_uid != 0 && st.st_uid != getuid()) {
		return refuse(-EPERM, "refused: the file does not belong to root", ret_why);
	}
	if (st.st_mode & forbidden) {
		return refuse(-EPERM, "refused: others than the owner can write the file", ret_why);
	}
	return TAKE_FD(fd);
}
