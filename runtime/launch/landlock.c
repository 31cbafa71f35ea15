// SPDX-License-Identifier: MIT
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"
#include "probe.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

/* As in the kernel's landlock.h of today; Debian 12's ends at ABI 2. */
struct ruleset_attr {
	uint64_t files;
	uint64_t network; /* since ABI 4 */
	uint64_t scopes;  /* since ABI 6 */
};

struct path_attr {
	uint64_t access;
	int32_t parent_fd;
} __attribute__((packed));

struct port_attr {
	uint64_t access;
	uint64_t port;
};

enum {
	RULE_PATH = 1,
	RULE_PORT = 2,
};

#define BIT(n)          (UINT64_C(1) << (n))
#define FS_EXECUTE      BIT(0)
#define FS_WRITE_FILE   BIT(1)
#define FS_READ_FILE    BIT(2)
#define FS_READ_DIR     BIT(3)
#define FS_REMOVE_DIR   BIT(4)
#define FS_REMOVE_FILE  BIT(5)
#define FS_MAKE_CHAR    BIT(6)
#define FS_MAKE_DIR     BIT(7)
#define FS_MAKE_REG     BIT(8)
#define FS_MAKE_SOCK    BIT(9)
#define FS_MAKE_FIFO    BIT(10)
#define FS_MAKE_BLOCK   BIT(11)
#define FS_MAKE_SYM     BIT(12)
#define FS_REFER        BIT(13) /* ABI 2 */
#define FS_TRUNCATE     BIT(14) /* ABI 3 */
#define FS_IOCTL_DEV    BIT(15) /* ABI 5 */
#define NET_BIND_TCP    BIT(0)
#define NET_CONNECT_TCP BIT(1)
#define SCOPE_ABSTRACT  BIT(0)
#define SCOPE_SIGNAL    BIT(1)

#define FS_ABI2         (BIT(14) - 1)
/* What can be said of a file that is no directory. */
#define FS_FILE (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

/* Device nodes are nobody's to make: no class has that right. */
static const struct {
	uint32_t access; /* enum plan_landlock_access */
	uint64_t rights;
} classes[] = {
	{ PLAN_LANDLOCK_READ, FS_READ_FILE | FS_READ_DIR },
	{ PLAN_LANDLOCK_EXECUTE, FS_EXECUTE },
	{ PLAN_LANDLOCK_WRITE, FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
				       FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_SYM |
				       FS_REFER | FS_TRUNCATE },
	{ PLAN_LANDLOCK_DEVICE, FS_IOCTL_DEV },
};

static uint64_t rights_of(uint32_t access)
{
	uint64_t rights = 0;

	for (size_t i = 0; i < ELEMENTSOF(classes); i++) {
		rights |= access & classes[i].access ? classes[i].rights : 0;
	}
	return rights;
}

/*
 * ABI 1 refuses every rename from one directory to another, which the mounts allow: there is no
 * file wall on such a kernel.
 */
static void set_handled(const struct launch *l, int abi, struct ruleset_attr *ret)
{
	uint32_t wanted = l->plan.landlock;

	if ((wanted & PLAN_LANDLOCK_FILES) && abi >= 2) {
		ret->files = FS_ABI2 | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
	}
	if (abi >= 4) {
		ret->network = (wanted & PLAN_LANDLOCK_BIND ? NET_BIND_TCP : 0) |
			       (wanted & PLAN_LANDLOCK_CONNECT ? NET_CONNECT_TCP : 0);
	}
	if (abi >= 6) {
		ret->scopes = (wanted & PLAN_LANDLOCK_ABSTRACT ? SCOPE_ABSTRACT : 0) |
			      (wanted & PLAN_LANDLOCK_SIGNALS ? SCOPE_SIGNAL : 0);
	}
}

static size_t attr_size(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset_attr) : abi >= 4 ? 16 : 8;
}

static int add_fd(struct launch *l, int fd, uint64_t rights)
{
	struct path_attr attr = { .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	attr.access = S_ISDIR(st.st_mode) ? rights : rights & FS_FILE;
	if (!attr.access ||
		syscall(SYS_landlock_add_rule, l->landlock_fd, RULE_PATH, &attr, 0) == 0) {
		return 0;
	}
	/* A pipe or a socket: Landlock has no say in it. */
	return errno == EBADFD ? 0 : -errno;
}

/* What is not there needs no right. */
static int add_path(struct launch *l, const char *path, uint64_t rights)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	}
	return add_fd(l, fd, rights);
}

static int add_files(struct launch *l, uint64_t handled)
{
	const struct plan_landlock *rows = l->plan.landlock_rules.items;

	for (uint32_t i = 0; i < l->plan.landlock_rules.n; i++) {
		int r = add_path(l, rows[i].path, rights_of(rows[i].access) & handled);

		if (r < 0) {
			return launch_fail(l, r, NULL, "Landlock rule for ", rows[i].path);
		}
	}
	if (l->pressure) {
		int r = add_path(l, l->pressure, (FS_READ_FILE | FS_WRITE_FILE) & handled);

		if (r < 0) {
			return launch_fail(l, r, NULL, "Landlock rule for ", l->pressure);
		}
	}
	/* Opened again by way of /dev/stdout, a stream must be what it was. */
	for (int i = 0; i < 3; i++) {
		int r = add_fd(l, l->stdio[i],
			(FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV) & handled);

		if (r < 0) {
			return launch_fail(l, r, NULL, "Landlock rule for a standard stream", NULL);
		}
	}
	return 0;
}

static int add_ports(struct launch *l)
{
	for (uint32_t i = 0; i < l->plan.landlock_ports.n; i++) {
		struct port_attr attr = { NET_BIND_TCP, l->plan.landlock_ports.items[i] };

		if (syscall(SYS_landlock_add_rule, l->landlock_fd, RULE_PORT, &attr, 0) < 0) {
			return launch_fail(l, -errno, NULL, "Landlock rule for a port", NULL);
		}
	}
	return 0;
}

int launch_prepare_landlock(struct launch *l)
{
	struct ruleset_attr attr = { 0 };
	int abi = l->plan.landlock ? probe_landlock() : 0;
	int r = 0;

	set_handled(l, abi, &attr);
	if (!attr.files && !attr.network && !attr.scopes) {
		return 0;
	}
	l->landlock_fd = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_size(abi), 0);
	if (l->landlock_fd < 0) {
		return launch_fail(l, -errno, NULL, "Landlock ruleset", NULL);
	}
	if (attr.files) {
		r = add_files(l, attr.files);
	}
	return r < 0 || !(attr.network & NET_BIND_TCP) ? r : add_ports(l);
}

int launch_enter_landlock(struct launch *l)
{
	if (l->landlock_fd >= 0 && syscall(SYS_landlock_restrict_self, l->landlock_fd, 0) < 0) {
		return launch_fail(l, -errno, NULL, "Landlock", NULL);
	}
	return 0;
}
