// SPDX-License-Identifier: MIT
#include "loaderproc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/limits.h"
#include "loadtool.h"

/* All that comes out of the stream, with a NUL byte behind it. */
static int read_all(FILE *lines, char **ret, size_t *ret_size)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0, room = 0, n = 1;

	while (n > 0) {
		if (room - size < 4096) {
			char *more = room < LIMIT_MANIFEST_BYTES ? realloc(text, room * 2 + 65536)
								 : NULL;

			if (!more) {
				return -ENOMEM;
			}
			text = more;
			room = room * 2 + 65536;
		}
		n = fread(text + size, 1, room - size - 1, lines);
		size += n;
	}
	if (ferror(lines)) {
		return -EIO;
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
	int r, status;

	if (!path) {
		return -ENOENT;
	}
	argv[0] = path;
	fflush(NULL);
	r = loadtool_start((char *const *)(uintptr_t)argv, STDOUT_FILENO, &tool);
	if (r < 0) {
		return r;
	}
	r = read_all(tool.lines, ret, ret_size);
	status = loadtool_finish(&tool);
	return r < 0 ? r : status;
}
