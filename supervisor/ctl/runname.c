// SPDX-License-Identifier: MIT
#include "runname.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"

#define COUNTER ".run" /* no unit: the loader passes over what begins with a dot */

/* Number of the name that was given last; what cannot be read counts as none. */
static uint32_t read_last(int fd)
{
	char text[16] = "";
	uint32_t last = 0;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		return RUN_NAMES - 1;
	}
	text[strcspn(text, "\n")] = '\0';
	return number_parse_u32(text, &last) == 0 && last < RUN_NAMES ? last : RUN_NAMES - 1;
}

static int write_last(int fd, uint32_t number)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%04u\n", (unsigned)number);

	return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -(errno ? errno : EIO);
}

static bool is_free(int dir, uint32_t number)
{
	static const char *const suffixes[] = { "service", "timer", "path", "socket" };

	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
		char name[32];

		snprintf(name, sizeof(name), "run-r%04u.%s", (unsigned)number, suffixes[i]);
		if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			return false;
		}
	}
	return true;
}

int run_name_next(const char *path, char ret[LIMIT_UNIT_NAME])
{
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd =
		dir < 0 ? -1
			: openat(dir, COUNTER, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	uint32_t number, tries = 0;
	int r;

	if (fd < 0) {
		return -errno;
	}
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	number = read_last(fd);
	do {
		number = (number + 1) % RUN_NAMES;
		if (tries++ == RUN_NAMES) {
			return -EBUSY;
		}
	} while (!is_free(dir, number));
	r = write_last(fd, number);
	if (r < 0) {
		return r;
	}
	snprintf(ret, LIMIT_UNIT_NAME, "run-r%04u.service", (unsigned)number);
	return 0;
}
