// SPDX-License-Identifier: MIT
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "limited.h"
#include "say.h"

/* More than fs.mount-max lets there be; pages that are not written to cost nothing. */
#define TEXT_MAX   (64u << 20)
#define MOUNTS_MAX 131072

/*
 * Of the kernel's own making: nothing to lose, and the last steps need some of them. Not nsfs: it
 * keeps a namespace, whose mounts nobody else can unmount.
 */
static const char *const kernel_types[] = { "proc", "sysfs", "devtmpfs", "devpts", "cgroup",
	"cgroup2", "rootfs", "mqueue", "hugetlbfs", "securityfs", "debugfs", "tracefs", "configfs",
	"pstore", "bpf", "efivarfs", "binfmt_misc" };
static const char *const memory_types[] = { "tmpfs", "ramfs" };
/* What is mounted here or below stays for the last steps. */
static const char *const kept[] = { "/run", "/dev", "/proc", "/sys" };

static char text[TEXT_MAX];
static struct mounts_row rows[MOUNTS_MAX];

static bool is_octal(const char *p)
{
	return p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
	       p[3] >= '0' && p[3] <= '7';
}

void mounts_unescape(char *p)
{
	char *to = p;

	while (*p) {
		if (is_octal(p)) {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = 0;
}

static bool is_one_of(const char *const *types, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(types[i], type) == 0) {
			return true;
		}
	}
	return false;
}

/* The disk below it, "259:1", whose requests tell whether it lives. */
static void note_disk(char *field)
{
	char *colon = field ? strchr(field, ':') : NULL;
	uint32_t major, minor;

	if (!colon) {
		return;
	}
	*colon = 0;
	if (number_parse_u32(field, &major) == 0 && number_parse_u32(colon + 1, &minor) == 0 &&
		major != 0) {
		limited_disk(major, minor);
	}
}

static bool is_kept(const char *where)
{
	for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
		size_t n = strlen(kept[i]);

		if (strncmp(where, kept[i], n) == 0 && (!where[n] || where[n] == '/')) {
			return true;
		}
	}
	return strcmp(where, "/") == 0;
}

/*
 * "ID PARENT MAJOR:MINOR ROOT WHERE OPTIONS … - TYPE SOURCE SUPER-OPTIONS". False: it is none, or
 * nobody's business.
 */
static bool parse_line(char *line, struct mounts_row *row)
{
	char *save = NULL;
	char *rest = strstr(line, " - ");
	char *field = NULL, *disk = NULL, *type;

	if (!rest) {
		return false;
	}
	*rest = 0;
	rest += 3;
	for (int i = 0; i < 5; i++) {
		field = strtok_r(i ? NULL : line, " ", &save);
		disk = i == 2 ? field : disk;
	}
	row->where = field;
	type = strtok_r(rest, " ", &save);
	strtok_r(NULL, " ", &save);
	field = strtok_r(NULL, " ", &save);
	row->read_only = field && strncmp(field, "ro", 2) == 0 && (!field[2] || field[2] == ',');
	if (!row->where || !type || is_one_of(kernel_types, ELEMENTSOF(kernel_types), type)) {
		return false;
	}
	mounts_unescape(row->where);
	row->memory = is_one_of(memory_types, ELEMENTSOF(memory_types), type);
	if (row->memory && is_kept(row->where)) {
		return false;
	}
	if (strcmp(type, "nsfs") == 0) {
		row->memory = true; /* there is nothing to be made read-only */
	} else {
		note_disk(disk);
	}
	return true;
}

size_t mounts_parse(char *lines, struct mounts_row *ret, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	for (char *p = strtok_r(lines, "\n", &save); p && n < max;
		p = strtok_r(NULL, "\n", &save)) {
		n += parse_line(p, &ret[n]);
	}
	return n;
}

static int read_mounts(void)
{
	AUTO_CLOSE int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -errno : fd_read_full(fd, text, sizeof(text) - 1);

	if (size < 0) {
		say("cannot read", "/proc/self/mountinfo", (int)-size);
		return 0;
	}
	text[size] = 0;
	return (int)mounts_parse(text, rows, MOUNTS_MAX);
}

void mounts_note_disks(void)
{
	read_mounts();
}

static bool is_root(const struct mounts_row *row)
{
	return strcmp(row->where, "/") == 0;
}

static int unmount(const char *where)
{
	return umount2(where, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

static int make_read_only(const char *where)
{
	return mount(NULL, where, NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0 ? -errno : 0;
}

bool mounts_unmount(int *ret_left)
{
	int n = read_mounts();
	bool moved = false;

	*ret_left = 0;
	for (int i = n - 1; i >= 0; i--) {
		if (is_root(&rows[i])) {
			continue;
		}
		if (limited_call(unmount, rows[i].where, LIMITED_WITHIN_MS) == 0) {
			moved = true;
		} else {
			*ret_left += !rows[i].memory;
		}
	}
	return moved;
}

int mounts_read_only(void)
{
	int n = read_mounts();
	int left = 0;

	for (int i = n - 1; i >= 0; i--) {
		if (rows[i].read_only || rows[i].memory) {
			continue;
		}
		if (!is_root(&rows[i]) && !limited_hangs(rows[i].where)) {
			say("stays mounted, read-only from now on", rows[i].where, 0);
		}
		int r = limited_call(make_read_only, rows[i].where, LIMITED_WITHIN_MS);

		if (r < 0 && r != -ETIMEDOUT) {
			say("cannot be made read-only", rows[i].where, -r);
		}
		left += r < 0;
	}
	return left;
}
