// SPDX-License-Identifier: MIT
#include "loaderproc.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/limits.h"
#include "loadtool.h"

/* All that comes out of fd, with a NUL byte behind it. */
static int read_all(int fd, char **ret, size_t *ret_size)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n = 1;

	while (n > 0 || (n < 0 && errno == EINTR)) {
		if (room - size < 4096) {
			char *more = room < LIMIT_MANIFEST_BYTES ? realloc(text, room * 2 + 65536)
								 : NULL;

			if (!more) {
				return -ENOMEM;
			}
			text = more;
			room = room * 2 + 65536;
		}
		n = read(fd, text + size, room - size - 1);
		size += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		return -errno;
	}
	text[size] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int loaderproc_run(const char **argv, char **ret, size_t *ret_size)
{
	AUTO_FREE char *path = loadtool_find();
	struct loadtool tool;
	int r, code;

	if (!path) {
		return -ENOENT;
	}
	argv[0] = path;
	fflush(NULL);
	r = loadtool_start((char *const *)(uintptr_t)argv, STDOUT_FILENO, &tool);
	if (r < 0) {
		return r;
	}
	r = read_all(fileno(tool.lines), ret, ret_size);
	code = loadtool_finish(&tool);
	return r < 0 ? r : code;
}
