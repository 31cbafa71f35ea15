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

#define TEXT_MAX   (1u << 20)
#define MOUNTS_MAX 8192

/*
 * Of the kernel's own making: nothing to lose, and the last steps need some of them. Not nsfs: it
 * keeps a namespace, whose mounts nobody else can unmount.
 */
static const char *const kernel_types[] = { "proc", "sysfs", "devtmpfs", "devpts", "cgroup",
	"cgroup2", "tmpfs", "ramfs", "rootfs", "mqueue", "hugetlbfs", "securityfs", "debugfs",
	"tracefs", "configfs", "pstore", "bpf", "efivarfs", "binfmt_misc" };

struct mount_row {
	char *where;
	char *type;
	bool read_only;
};

static char text[TEXT_MAX];
static struct mount_row rows[MOUNTS_MAX];

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

static bool is_kernel_type(const char *type)
{
	for (size_t i = 0; i < ELEMENTSOF(kernel_types); i++) {
		if (strcmp(kernel_types[i], type) == 0) {
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
	if (number_parse_u32(field, &major) == 0 && number_parse_u32(colon + 1, &minor) == 0) {
		limited_disk(major, minor);
	}
}

/* "ID PARENT MAJOR:MINOR ROOT WHERE OPTIONS … - TYPE SOURCE SUPER-OPTIONS" */
static bool parse_line(char *line, struct mount_row *row)
{
	char *save = NULL;
	char *rest = strstr(line, " - ");
	char *field = NULL, *disk = NULL;

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
	row->type = strtok_r(rest, " ", &save);
	strtok_r(NULL, " ", &save);
	field = strtok_r(NULL, " ", &save);
	row->read_only = field && strncmp(field, "ro", 2) == 0 && (!field[2] || field[2] == ',');
	if (!row->where || !row->type) {
		return false;
	}
	mounts_unescape(row->where);
	if (!is_kernel_type(row->type)) {
		note_disk(disk);
	}
	return true;
}

static int read_mounts(void)
{
	AUTO_CLOSE int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -errno : fd_read_full(fd, text, sizeof(text) - 1);
	char *save = NULL;
	int n = 0;

	if (size < 0) {
		say("cannot read", "/proc/self/mountinfo", (int)-size);
		return 0;
	}
	text[size] = 0;
	for (char *p = strtok_r(text, "\n", &save); p && n < MOUNTS_MAX;
		p = strtok_r(NULL, "\n", &save)) {
		if (parse_line(p, &rows[n]) && !is_kernel_type(rows[n].type)) {
			n++;
		}
	}
	return n;
}

void mounts_note_disks(void)
{
	read_mounts();
}

static bool is_root(const struct mount_row *row)
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
			(*ret_left)++;
		}
	}
	return moved;
}

int mounts_read_only(void)
{
	int n = read_mounts();
	int left = 0;

	for (int i = n - 1; i >= 0; i--) {
		if (rows[i].read_only || strcmp(rows[i].type, "nsfs") == 0) {
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
