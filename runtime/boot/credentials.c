// SPDX-License-Identifier: MIT
/* Where system credentials are kept; credsources.c has where they come from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define NAME_MAX_LENGTH 255u

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

int credentials_base64(char *text)
{
	uint32_t bits = 0;
	int n_bits = 0, n = 0;
	const char *p = text;

	for (; *p && *p != '='; p++) {
		int digit = digit_of(*p);

		if (digit < 0) {
			return -EINVAL;
		}
		bits = bits << 6 | (uint32_t)digit;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			text[n++] = (char)(bits >> n_bits & 0xff);
		}
	}
	return p[strspn(p, "=")] ? -EINVAL : n;
}

/* As systemd: a file's name, printable, without ':'. */
bool credentials_is_name(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = name; *p; p++) {
		if (*p <= ' ' || *p > '~' || *p == '/' || *p == ':') {
			return false;
		}
	}
	return n > 0 && n <= NAME_MAX_LENGTH && name[0] != '.';
}

static int open_dir(void)
{
	mkdir("/run/credentials", 0755);
	if (mkdir(CREDENTIALS_DIR, 0700) < 0 && errno != EEXIST) {
		return -errno;
	}
	int fd = open(CREDENTIALS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void credentials_store(const char *name, const void *data, size_t size)
{
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int fd = -1;
	int r = credentials_is_name(name) ? 0 : -EINVAL;

	if (r == 0) {
		dir = open_dir();
		r = dir < 0 ? dir : 0;
	}
	if (r == 0) {
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
		r = fd < 0 ? -errno : fd_write_full(fd, data, size);
	}
	if (r < 0 && r != -EEXIST) {
		say("cannot keep the credential", name, -r);
	}
}

ssize_t credentials_read(const char *name, char *buf, size_t size)
{
	char path[sizeof(CREDENTIALS_DIR) + NAME_MAX_LENGTH + 1] = CREDENTIALS_DIR "/";

	if (strlen(name) > NAME_MAX_LENGTH) {
		*buf = 0;
		return -ENAMETOOLONG;
	}
	return fd_read_text(strcat(path, name), buf, size);
}

bool credentials_yes(const char *name, bool otherwise)
{
	char text[16];
	int is = otherwise;

	if (credentials_read(name, text, sizeof(text)) >= 0) {
		text[strcspn(text, "\n")] = 0;
		is = *text ? cmdline_bool(text) : -EINVAL;
	}
	if (is < 0) {
		say("neither yes nor no in the credential", name, 0);
	}
	return is < 0 ? otherwise : is;
}
