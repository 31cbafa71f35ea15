// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define FIELDS       4
#define EXTRA_MAX    65536u
#define ESCAPE_BYTES 4 /* "\040" */

/* One character as fstab(5) has it. */
static size_t put_char(char *to, char c)
{
	static const char blanks[] = " \t\n\\";

	if (!strchr(blanks, c)) {
		*to = c;
		return 1;
	}
	to[0] = '\\';
	to[1] = (char)('0' + (c >> 6 & 7));
	to[2] = (char)('0' + (c >> 3 & 7));
	to[3] = (char)('0' + (c & 7));
	return ESCAPE_BYTES;
}

/* Up to the next ':'; "\:" is one that belongs to the field. Returns what follows it, NULL: too
 * long. */
static const char *put_field(const char *p, char **to, const char *end)
{
	for (; *p && *p != ':'; p++) {
		p += p[0] == '\\' && p[1];
		if (end - *to <= ESCAPE_BYTES) {
			return NULL;
		}
		*to += put_char(*to, *p);
	}
	return p;
}

int bootfstab_line(const char *word, bool swap, char *buf, size_t size)
{
	static const char *const otherwise[2][FIELDS] = { { "", "", "auto", "defaults" },
		{ "", "none", "swap", "defaults" } };
	char *to = buf;
	const char *end = buf + size - 8, *p = word;
	bool more = true;

	for (int i = 0; i < FIELDS; i++) {
		const char *other = otherwise[swap][i];
		bool fixed = swap && (i == 1 || i == 2);
		char *from = to;

		if (more && !fixed) {
			p = put_field(p, &to, end);
			if (!p) {
				return -E2BIG;
			}
			more = *p == ':';
			p += more;
		}
		if (to == from) {
			size_t n = strlen(other);

			if (n == 0) {
				return -EINVAL;
			}
			if (to + n >= end) {
				return -E2BIG;
			}
			memcpy(to, other, n);
			to += n;
		}
		*to++ = ' ';
	}
	if (more) {
		return -EINVAL; /* a fifth field */
	}
	memcpy(to, "0 0\n", 5);
	return 0;
}

static void put_words(int fd, const struct cmdline *c, const char *name, bool swap)
{
	static char line[BOOT_CMDLINE_MAX * ESCAPE_BYTES];
	const char *at = NULL, *value;

	while ((value = cmdline_each(c, name, &at))) {
		int r = bootfstab_line(value, swap, line, sizeof(line));

		r = r < 0 ? r : fd_write_full(fd, line, strlen(line));
		if (r < 0) {
			say(swap ? "systemd.swap-extra= is WHAT[:OPTIONS]"
				 : "systemd.mount-extra= is WHAT:WHERE[:TYPE[:OPTIONS]]",
				value, r == -EINVAL ? 0 : -r);
		}
	}
}

void bootfstab_make(const struct cmdline *c)
{
	static char text[EXTRA_MAX];

	unlink(BOOTFSTAB_PATH); /* a soft reboot's */

	AUTO_CLOSE int fd =
		open(BOOTFSTAB_PATH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		say("no mounts of the kernel command line and of the host", BOOTFSTAB_PATH, errno);
		return;
	}
	put_words(fd, c, ".mount-extra", false);
	put_words(fd, c, ".swap-extra", true);

	ssize_t n = credentials_read("fstab.extra", text, sizeof(text));
	int r = n > 0 ? fd_write_full(fd, text, (size_t)n) : 0;

	if (r < 0 || n == sizeof(text) - 1) {
		say("not all of the credential fstab.extra is kept", BOOTFSTAB_PATH, -r);
	}
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size == 0) {
		unlink(BOOTFSTAB_PATH);
	}
}
