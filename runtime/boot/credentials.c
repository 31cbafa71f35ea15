// SPDX-License-Identifier: MIT
/*
 * System credentials as systemd's hosts hand them over (systemd.system-credentials(7)): SMBIOS type
 * 11 strings "io.systemd.credential:NAME=TEXT" and "io.systemd.credential.binary:NAME=BASE64", and
 * fw_cfg files opt/io.systemd.credentials/NAME. They become files of /run/credentials/@system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

/* The strings of one structure, or one file: as much as a unit may have. */
#define CREDENTIAL_MAX  1048576u
#define CREDENTIALS_DIR "/run/credentials/@system"
#define DMI_DIR         "/sys/firmware/dmi/entries"
#define FW_CFG_DIR      "/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials"
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

static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX_LENGTH && name[0] != '.' && !strchr(name, '/') &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-") ==
		       n;
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
	int r = is_name(name) ? 0 : -EINVAL;

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

static void take_string(char *text, void (*take)(const char *, const void *, size_t))
{
	static const char plain[] = "io.systemd.credential:";
	static const char binary[] = "io.systemd.credential.binary:";
	bool is_binary = strncmp(text, binary, sizeof(binary) - 1) == 0;
	char *name, *value;

	if (!is_binary && strncmp(text, plain, sizeof(plain) - 1) != 0) {
		return;
	}
	name = text + (is_binary ? sizeof(binary) : sizeof(plain)) - 1;
	value = strchr(name, '=');
	if (!value) {
		say("SMBIOS string without a value", name, 0);
		return;
	}
	*value++ = 0;
	int n = is_binary ? credentials_base64(value) : (int)strlen(value);

	if (n < 0) {
		say("not base64 in the SMBIOS string", name, 0);
		return;
	}
	take(name, value, (size_t)n);
}

/* What does not fit is not taken: half a key is worse than none. -errno. */
static ssize_t read_whole(const char *path, char *data)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, data, CREDENTIAL_MAX + 1);

	n = n > (ssize_t)CREDENTIAL_MAX ? -EFBIG : n;
	if (n == -EFBIG) {
		say("more than 1 MiB of credentials, left out", path, EFBIG);
	}
	return n;
}

void credentials_structure(char *data, size_t n, void (*take)(const char *, const void *, size_t))
{
	if (n < 5) {
		return;
	}
	data[n] = 0;
	for (char *p = data + (unsigned char)data[1]; p < data + n && *p;) {
		char *next = p + strlen(p) + 1;

		take_string(p, take);
		p = next;
	}
}

static void each_entry(const char *where, const char *prefix, const char *leaf, bool structure)
{
	DIR *dir = opendir(where);
	struct dirent *entry;
	char path[BOOT_PATH_MAX];

	if (!dir) {
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
			strlen(where) + strlen(entry->d_name) + strlen(leaf) + 2 > sizeof(path)) {
			continue;
		}
		strcpy(path, where);
		strcat(path, "/");
		strcat(path, entry->d_name);
		strcat(path, leaf);
		static char data[CREDENTIAL_MAX + 2];
		ssize_t n = read_whole(path, data);

		if (n >= 0 && structure) {
			credentials_structure(data, (size_t)n, credentials_store);
		} else if (n >= 0) {
			credentials_store(entry->d_name, data, (size_t)n);
		}
	}
	closedir(dir);
}

void credentials_import(void)
{
	each_entry(DMI_DIR, "11-", "/raw", true);
	each_entry(FW_CFG_DIR, "", "/raw", false);
	chmod(CREDENTIALS_DIR, 0500);
}
