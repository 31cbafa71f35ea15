// SPDX-License-Identifier: MIT
/* Single condition tests, one table row per type. Paths are followed as any program would. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/limits.h"
#include "../base/number.h"
#include "../base/pidns.h"
#include "conditions.h"
#include "condpressure.h"
#include "credstores.h"
#include "dirs.h"
#include "hostfacts.h"
#include "launch.h"

/* ---- paths ---- */

static int path_exists(const char *p)
{
	return access(p, F_OK) == 0;
}

static int path_is_directory(const char *p)
{
	struct stat st;

	return stat(p, &st) == 0 && S_ISDIR(st.st_mode);
}

static int path_is_symlink(const char *p)
{
	struct stat st;

	return lstat(p, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Start of struct statx, which one of our two libraries lacks. */
struct statx_head {
	uint32_t mask;
	uint32_t blksize;
	uint64_t attributes;
	uint8_t rest[240];
};
#define ATTR_MOUNT_ROOT 0x2000u

static int path_is_mount_point(const char *p)
{
	struct statx_head head;

	if (syscall(SYS_statx, AT_FDCWD, p, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &head) < 0) {
		return -errno;
	}
	return (head.attributes & ATTR_MOUNT_ROOT) != 0;
}

static int path_is_read_write(const char *p)
{
	struct statvfs st;

	return statvfs(p, &st) < 0 ? -errno : !(st.f_flag & ST_RDONLY);
}

/* What editors, package managers and file systems leave behind does not count, as in systemd. */
static bool is_left_behind(const char *name)
{
	static const char *const names[] = { "lost+found", "aquota.user", "aquota.group" };
	static const char *const ends[] = { "~", ".rpmnew", ".rpmsave", ".rpmorig", ".dpkg-old",
		".dpkg-new", ".dpkg-tmp", ".dpkg-dist", ".dpkg-bak", ".dpkg-backup", ".dpkg-remove",
		".ucf-new", ".ucf-old", ".ucf-dist", ".swp", ".bak", ".old", ".new" };
	size_t n = strlen(name);

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
		size_t end = strlen(ends[i]);

		if (n >= end && strcmp(name + n - end, ends[i]) == 0) {
			return true;
		}
	}
	return name[0] == '.';
}

static int stop_at_first(void *ctx, int dir, const char *name)
{
	(void)ctx;
	(void)dir;
	return is_left_behind(name) ? 0 : -EEXIST;
}

static int directory_not_empty(const char *p)
{
	AUTO_CLOSE int dir = open(p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir_each(dir, stop_at_first, NULL) == -EEXIST;
}

static int file_not_empty(const char *p)
{
	struct stat st;

	return stat(p, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static int file_is_executable(const char *p)
{
	struct stat st;

	return stat(p, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

struct glob_level {
	char path[LIMIT_PATH]; /* the part that is matched so far */
	const char *pattern;   /* the component to match */
	size_t n;
	char *found; /* of LIMIT_PATH, for what has matched */
};

static int glob_below(const char *path, const char *rest, char *found);

static int glob_visit(void *ctx, int dir, const char *name)
{
	struct glob_level *level = ctx;
	char component[256], next[LIMIT_PATH];
	size_t at = strlen(level->path);

	(void)dir;
	if (level->n >= sizeof(component) || at + strlen(name) + 2 > sizeof(next)) {
		return 0;
	}
	memcpy(component, level->pattern, level->n);
	component[level->n] = '\0';
	if ((name[0] == '.' && component[0] != '.') || !condition_glob(component, name)) {
		return 0;
	}
	memcpy(next, level->path, at);
	next[at] = '/';
	strcpy(next + at + 1, name);
	return glob_below(next, level->pattern + level->n, level->found) > 0 ? -EEXIST : 0;
}

static int glob_below(const char *path, const char *rest, char *found)
{
	struct glob_level level;
	AUTO_CLOSE int dir = -1;

	rest += strspn(rest, "/");
	if (!*rest) {
		strcpy(found, *path ? path : "/");
		return path_exists(found);
	}
	level.found = found;
	dir = open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return 0;
	}
	strcpy(level.path, path);
	level.pattern = rest;
	level.n = strcspn(rest, "/");
	return dir_each(dir, glob_visit, &level) == -EEXIST;
}

bool condition_glob_first(const char *pattern, char found[LIMIT_PATH])
{
	return glob_below("", pattern, found) > 0;
}

static int path_exists_glob(const char *p)
{
	char found[LIMIT_PATH];

	return condition_glob_first(p, found);
}

/* ---- machine ---- */

static int kernel_command_line(const char *p)
{
	char text[8192];

	return host_read("/proc/cmdline", text, sizeof(text)) < 0 ? 0
								  : condition_cmdline_has(text, p);
}

static int kernel_version(const char *p)
{
	struct utsname u;

	return uname(&u) < 0 ? -errno : condition_version_matches(p, u.release);
}

static int host_name(const char *p)
{
	struct utsname u;
	char id[64];

	if (uname(&u) == 0 && condition_glob(p, u.nodename)) {
		return 1;
	}
	return host_read("/etc/machine-id", id, sizeof(id)) > 0 && strcmp(id, p) == 0;
}

static int capability(const char *p)
{
	int cap = host_capability(p);

	return cap < 0 ? cap : prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1;
}

static int memory(const char *p)
{
	struct sysinfo info;

	return sysinfo(&info) < 0
		       ? -errno
		       : condition_number_matches(p, (uint64_t)info.totalram * info.mem_unit);
}

/* Those that supd-init may use, as systemd.unit(5) has it: a container may have less than all. */
static int cpus(const char *p)
{
	uint64_t mask[128] = { 0 }, n = 0; /* 8192 of them, as many as the kernel knows */

	if (syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) < 0) {
		return -errno;
	}
	for (size_t i = 0; i < ELEMENTSOF(mask); i++) {
		n += (uint64_t)__builtin_popcountll(mask[i]);
	}
	return condition_number_matches(p, n);
}

static int user(const char *p)
{
	uint32_t id;

	if (strcmp(p, "root") == 0 || strcmp(p, "@system") == 0) {
		return getuid() == 0;
	}
	if (number_parse_id(p, &id) == 0) {
		return getuid() == id;
	}
	return host_id_in_file("/etc/passwd", p, &id) == 0 && getuid() == id;
}

static int group(const char *p)
{
	uint32_t id;

	if (number_parse_id(p, &id) < 0 && host_id_in_file("/etc/group", p, &id) < 0) {
		return 0;
	}
	return getgid() == id;
}

/* The manager's own variables: what supd-init was started with, which is PID 1's or ours. */
static int environment(const char *p)
{
	char text[32768];
	ssize_t n = host_read("/proc/1/environ", text, sizeof(text));

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1) {
		size_t len = strlen(p);

		if (strncmp(text + at, p, len) == 0 &&
			(!text[at + (ssize_t)len] ||
				(!strchr(p, '=') && text[at + (ssize_t)len] == '='))) {
			return 1;
		}
	}
	return 0;
}

/* ConditionNeedsUpdate=/etc: /usr is newer than the stamp that the last update left. */
static int needs_update(const char *p)
{
	char stamp[LIMIT_PATH];
	struct stat usr, st;

	if (strlen(p) + sizeof("/.updated") > sizeof(stamp)) {
		return -ENAMETOOLONG;
	}
	strcpy(stamp, p);
	strcat(stamp, "/.updated");
	if (stat(stamp, &st) < 0) {
		return 1;
	}
	if (stat("/usr", &usr) < 0) {
		return -errno;
	}
	return usr.st_mtim.tv_sec > st.st_mtim.tv_sec ||
	       (usr.st_mtim.tv_sec == st.st_mtim.tv_sec &&
		       usr.st_mtim.tv_nsec > st.st_mtim.tv_nsec);
}

static int first_boot(const char *p)
{
	return path_exists("/run/systemd/first-boot") == host_is_yes(p);
}

static int controllers(const char *p)
{
	char text[512];

	if (host_read("/sys/fs/cgroup/cgroup.controllers", text, sizeof(text)) < 0) {
		return 0;
	}
	return strcmp(p, "v2") == 0 || host_has_words(text, p);
}

static int os_release(const char *p)
{
	static char text[16384];

	if (host_read("/etc/os-release", text, sizeof(text)) < 0) {
		return 0;
	}
	return host_os_release_matches(text, p);
}

static int firmware(const char *p)
{
	if (strcmp(p, "uefi") == 0) {
		return path_exists("/sys/firmware/efi");
	}
	return strcmp(p, "device-tree") == 0 && path_exists("/sys/firmware/devicetree");
}

static int cpu_feature(const char *p)
{
	static char text[65536];

	if (host_read("/proc/cpuinfo", text, sizeof(text)) < 0) {
		return 0;
	}
	return host_cpu_has(text, p);
}

/* supd-init's place: every launcher is its child, in its PID namespace. */
static int init_is(const char *p)
{
	bool first = getppid() == 1;

	return strcmp(p, !first ? "process" : pidns_is_initial() ? "machine" : "container") == 0;
}

static int never(const char *p)
{
	(void)p;
	return -EOPNOTSUPP;
}

/* Pressure has none: it may need the cgroups. */
static int (*const tests[])(const char *parameter) = {
	[CONDITION_PATH_EXISTS] = path_exists,
	[CONDITION_PATH_EXISTS_GLOB] = path_exists_glob,
	[CONDITION_PATH_IS_DIRECTORY] = path_is_directory,
	[CONDITION_PATH_IS_SYMBOLIC_LINK] = path_is_symlink,
	[CONDITION_PATH_IS_MOUNT_POINT] = path_is_mount_point,
	[CONDITION_PATH_IS_READ_WRITE] = path_is_read_write,
	[CONDITION_PATH_IS_ENCRYPTED] = never, /* needs the device mapper's tree */
	[CONDITION_DIRECTORY_NOT_EMPTY] = directory_not_empty,
	[CONDITION_FILE_NOT_EMPTY] = file_not_empty,
	[CONDITION_FILE_IS_EXECUTABLE] = file_is_executable,
	[CONDITION_USER] = user,
	[CONDITION_GROUP] = group,
	[CONDITION_HOST] = host_name,
	[CONDITION_KERNEL_COMMAND_LINE] = kernel_command_line,
	[CONDITION_KERNEL_VERSION] = kernel_version,
	[CONDITION_ARCHITECTURE] = host_architecture,
	[CONDITION_VIRTUALIZATION] = host_virtualization,
	[CONDITION_SECURITY] = host_security,
	[CONDITION_CAPABILITY] = capability,
	[CONDITION_AC_POWER] = host_ac_power,
	[CONDITION_MEMORY] = memory,
	[CONDITION_CPUS] = cpus,
	[CONDITION_ENVIRONMENT] = environment,
	[CONDITION_NEEDS_UPDATE] = needs_update,
	[CONDITION_FIRST_BOOT] = first_boot,
	[CONDITION_CONTROL_GROUP_CONTROLLER] = controllers,
	[CONDITION_FIRMWARE] = firmware,
	[CONDITION_CPU_FEATURE] = cpu_feature,
	[CONDITION_OS_RELEASE] = os_release,
	[CONDITION_CREDENTIAL] = credstores_system_has,
	[CONDITION_INIT] = init_is,
};
_Static_assert(ELEMENTSOF(tests) == CONDITION_TYPE_COUNT, "condition tests drifted");

int condition_holds(const struct plan_condition *c, void *ctx)
{
	const struct launch *l = ctx;

	if (c->type >= CONDITION_TYPE_COUNT) {
		return -EINVAL;
	}
	return tests[c->type] ? tests[c->type](c->parameter)
			      : condpressure_holds(c, l ? l->fds[LAUNCH_TAG_CGROUP_ROOT] : -1);
}
