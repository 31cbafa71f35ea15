// SPDX-License-Identifier: MIT
#include "unixtable.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLAGS_FIELD 3u /* Num: RefCount Protocol Flags Type St Inode Path */
#define PATH_FIELD  7u
#define ACCEPTING   0x10000ull /* __SO_ACCEPTCON */

/* The field of that number, what is behind it included; "" if there are not so many. */
static const char *field(const char *line, unsigned n)
{
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

static bool is_listener(const char *line, const char *path)
{
	return (strtoull(field(line, FLAGS_FIELD), NULL, 16) & ACCEPTING) &&
	       strcmp(field(line, PATH_FIELD), path) == 0;
}

int unixtable_listens(int fd, const char *path, bool *ret)
{
	char buf[PATH_MAX + 128];
	size_t used = 0;
	ssize_t n;

	while ((n = read(fd, buf + used, sizeof(buf) - 1 - used)) > 0) {
		char *line = buf, *end;

		used += (size_t)n;
		buf[used] = '\0';
		for (; (end = memchr(line, '\n', used - (size_t)(line - buf))); line = end + 1) {
			*end = '\0';
			if (is_listener(line, path)) {
				*ret = true;
				return 0;
			}
		}
		used -= (size_t)(line - buf);
		memmove(buf, line, used);
		if (used == sizeof(buf) - 1) {
			used = 0; /* no socket has such a path: its rest is another line of no form
				   */
		}
	}
	if (n < 0) {
		return -errno;
	}
	*ret = false;
	return 0;
}
