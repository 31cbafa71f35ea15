// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "boot.h"

#define CLASS         "/sys/class/block"
#define UUID_SIZE     16u
#define LABEL_MAX     256u
#define GPT_NAME_SIZE 72u
#define GPT_ENTRIES   128u
#define MBR_SIGNATURE 440

/* Where a file system keeps its names: offsets from its beginning. */
struct kind {
	const char *magic;
	size_t magic_size;
	off_t magic_at, uuid_at, label_at;
	size_t label_size;
};

static const struct kind kinds[] = {
	{ "\x53\xef", 2, 0x438, 0x468, 0x478, 16 }, /* ext2, ext3, ext4 */
	{ "XFSB", 4, 0, 32, 108, 12 },
	{ "_BHRfS_M", 8, 0x10040, 0x10020, 0x1012b, 256 },         /* btrfs */
	{ "\xe2\xe1\xf5\xe0", 4, 1024, 1024 + 48, 1024 + 64, 16 }, /* erofs */
};

static bool read_at(int fd, void *buf, size_t size, off_t at)
{
	return pread(fd, buf, size, at) == (ssize_t)size;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* 32 hexadecimal digits with dashes anywhere. */
static bool parse_uuid(const char *text, uint8_t uuid[UUID_SIZE])
{
	size_t n = 0;

	for (; *text; text++) {
		if (*text == '-') {
			continue;
		}
		int d = digit(*text);

		if (d < 0 || n == UUID_SIZE * 2) {
			return false;
		}
		uuid[n / 2] = (uint8_t)(n % 2 ? uuid[n / 2] | d : d << 4);
		n++;
	}
	return n == UUID_SIZE * 2;
}

static bool has_uuid(int fd, off_t at, const uint8_t wanted[UUID_SIZE])
{
	uint8_t uuid[UUID_SIZE];

	return read_at(fd, uuid, sizeof(uuid), at) && memcmp(uuid, wanted, sizeof(uuid)) == 0;
}

static bool has_label(int fd, const struct kind *k, const char *wanted)
{
	char label[LABEL_MAX + 1] = "";

	return *wanted && read_at(fd, label, k->label_size, k->label_at) &&
	       strcmp(label, wanted) == 0;
}

bool probe_filesystem(int fd, const char *spec)
{
	const char *label = strncmp(spec, "LABEL=", 6) == 0 ? spec + 6 : NULL;
	uint8_t uuid[UUID_SIZE];
	char magic[8];

	if (!label && (strncmp(spec, "UUID=", 5) != 0 || !parse_uuid(spec + 5, uuid))) {
		return false;
	}
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (read_at(fd, magic, k->magic_size, k->magic_at) &&
			memcmp(magic, k->magic, k->magic_size) == 0) {
			return label ? has_label(fd, k, label) : has_uuid(fd, k->uuid_at, uuid);
		}
	}
	return false;
}

static uint64_t little(const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	while (n > 0) {
		value = value << 8 | p[--n];
	}
	return value;
}

/* The entry of that partition in a GUID partition table; false: there is no such table. */
static bool read_gpt(int disk, uint32_t number, uint8_t entry[GPT_ENTRIES])
{
	static const off_t sectors[] = { 512, 4096 };
	uint8_t head[92];

	for (size_t i = 0; i < ELEMENTSOF(sectors); i++) {
		if (!read_at(disk, head, sizeof(head), sectors[i]) ||
			memcmp(head, "EFI PART", 8) != 0) {
			continue;
		}
		uint64_t first = little(head + 72, 8), size = little(head + 84, 4);

		return number >= 1 && number <= little(head + 80, 4) && size >= GPT_ENTRIES &&
		       size <= 4096 && first < UINT32_MAX &&
		       read_at(disk, entry, GPT_ENTRIES,
			       (off_t)first * sectors[i] + (off_t)((number - 1) * size));
	}
	return false;
}

/* UTF-16 against ASCII. */
static bool is_name(const uint8_t *name, const char *wanted)
{
	size_t n = strlen(wanted);

	for (size_t i = 0; i < GPT_NAME_SIZE / 2; i++) {
		uint64_t c = little(name + 2 * i, 2);

		if (c != (i < n ? (uint64_t)(uint8_t)wanted[i] : 0)) {
			return false;
		}
		if (c == 0) {
			return n > 0;
		}
	}
	return n == GPT_NAME_SIZE / 2;
}

/* The first three fields of a GUID are numbers, on disk with their lowest byte first. */
static void swap_guid(uint8_t g[UUID_SIZE])
{
	static const uint8_t from[UUID_SIZE] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14,
		15 };
	uint8_t copy[UUID_SIZE];

	memcpy(copy, g, UUID_SIZE);
	for (size_t i = 0; i < UUID_SIZE; i++) {
		g[i] = copy[from[i]];
	}
}

/* "1234abcd-02": signature of the disk and number of the partition, both hexadecimal. */
static bool is_mbr(int disk, uint32_t number, const char *wanted)
{
	uint8_t signature[4];
	char *end;
	unsigned long long a = strtoull(wanted, &end, 16), b;

	if (end != wanted + 8 || *end != '-') {
		return false;
	}
	b = strtoull(end + 1, &end, 16);
	return !*end && b == number && read_at(disk, signature, 4, MBR_SIGNATURE) &&
	       little(signature, 4) == a;
}

bool probe_partition(int disk, uint32_t number, const char *spec)
{
	uint8_t entry[GPT_ENTRIES], uuid[UUID_SIZE];
	bool gpt = read_gpt(disk, number, entry);

	if (strncmp(spec, "PARTLABEL=", 10) == 0) {
		return gpt && is_name(entry + 56, spec + 10);
	}
	if (strncmp(spec, "PARTUUID=", 9) != 0) {
		return false;
	}
	if (!parse_uuid(spec + 9, uuid)) {
		return !gpt && is_mbr(disk, number, spec + 9);
	}
	swap_guid(uuid);
	return gpt && memcmp(entry + 16, uuid, UUID_SIZE) == 0;
}

static int open_device(const char *name)
{
	char path[NAME_MAX + 8] = "/dev/";

	strcpy(path + 5, name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* The disk that a partition is on: the directory around its own; and which of them it is. */
static int open_disk(int class, const char *name, uint32_t *ret_number)
{
	char path[NAME_MAX + 16], link[PATH_MAX], number[16] = "";
	ssize_t n = readlinkat(class, name, link, sizeof(link) - 1);

	strcpy(path, name);
	strcat(path, "/partition");
	AUTO_CLOSE int file = openat(class, path, O_RDONLY | O_CLOEXEC);

	if (file < 0 || n <= 0 || read(file, number, sizeof(number) - 1) <= 0) {
		return -ENOENT; /* no partition */
	}
	number[strcspn(number, "\n")] = '\0';
	link[n] = '\0';
	char *slash = strrchr(link, '/');

	if (!slash || number_parse_u32(number, ret_number) < 0) {
		return -EINVAL;
	}
	*slash = '\0';
	slash = strrchr(link, '/');
	return open_device(slash ? slash + 1 : link);
}

static bool is_it(int class, const char *name, const char *spec)
{
	uint32_t number = 0;
	bool part = strncmp(spec, "PART", 4) == 0;
	AUTO_CLOSE int fd = part ? open_disk(class, name, &number) : open_device(name);

	return fd >= 0 && (part ? probe_partition(fd, number, spec) : probe_filesystem(fd, spec));
}

bool probe_find(const char *spec, char *buf, size_t size)
{
	DIR *dir = opendir(CLASS);
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		if (e->d_name[0] != '.' && strlen(e->d_name) + 6 <= size &&
			is_it(dirfd(dir), e->d_name, spec)) {
			strcpy(buf, "/dev/");
			strcat(buf, e->d_name);
			found = true;
		}
	}
	if (dir) {
		closedir(dir);
	}
	return found;
}
