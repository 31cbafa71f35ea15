// SPDX-License-Identifier: MIT
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/boottimes.h"
#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "cgroup.h"
#include "setupdir.h"
#include "util.h"

#define LEAF_MEMORY_MIN "16777216" /* of supd-init, supd and supd-log together */

static const struct {
	const char *name;
	int fd;
	bool needed;
} helpers[] = {
	{ "supd-launch", LOW_FD_LAUNCH, true },
	{ "supd-nsinit", LOW_FD_NSINIT, false },
	{ "supd-load", LOW_FD_LOAD, true },
	{ "supd", LOW_FD_SUPD, true },
	{ "supd-log", LOW_FD_LOG, false },
	{ "supd-boot", LOW_FD_BOOT, false },
	{ "supd-umount", LOW_FD_UMOUNT, false },
};

static int said(const char *what, const char *object, int error)
{
	util_say(what, object, error);
	return -error;
}

/* Root's, in which nobody else makes anything. */
static int make_dir(int parent, const struct setupdir *dir)
{
	struct setupdir own = *dir;

	own.uid = geteuid();
	own.gid = SETUPDIR_ANY_GROUP;
	return setupdir_open(parent, &own);
}

/* They lie beside this program. */
static int fail_helper(struct broker *b, const char *call, const char *name)
{
	char *slash = strrchr(b->exe, '/');
	int error = errno;
	const struct setupdir program = { .what = "program", .above = b->exe, .name = name };

	*slash = 0;
	setupdir_fail(&program, call, error);
	*slash = '/';
	errno = error;
	return -error;
}

int setup_helpers(struct broker *b)
{
	struct rlimit files;
	ssize_t n = readlink("/proc/self/exe", b->exe, sizeof(b->exe) - 1);

	if (n <= 0) {
		return said("cannot find itself", "/proc/self/exe", errno);
	}
	b->exe[n] = 0;
	char *deleted = strstr(b->exe, " (deleted)");

	if (deleted) {
		*deleted = 0;
	}
	char *slash = strrchr(b->exe, '/');

	*slash = 0;
	AUTO_CLOSE int dir = open(b->exe, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*slash = '/';
	for (size_t i = 0; i < ELEMENTSOF(helpers); i++) {
		AUTO_CLOSE int fd = openat(dir, helpers[i].name, O_RDONLY | O_CLOEXEC);

		if (fd < 0 && helpers[i].needed) {
			return fail_helper(b, "open", helpers[i].name);
		}
		b->log.missing |= fd < 0 && helpers[i].fd == LOW_FD_LOG;
		if (fd >= 0 && dup3(fd, helpers[i].fd, O_CLOEXEC) < 0) {
			return fail_helper(b, "keep", helpers[i].name);
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return 0;
}

int setup_runtime(struct broker *b, const struct settings *settings, int *ret_lock)
{
	const char *path = settings->runtime_dir;
	const struct setupdir file = { .what = "lock", .above = path, .name = "init/lock" };

	b->runtime_fd = make_dir(AT_FDCWD,
		&(struct setupdir) { .what = "runtime directory", .name = path, .mode = 0755 });
	if (b->runtime_fd < 0) {
		return b->runtime_fd;
	}
	AUTO_CLOSE int init = make_dir(b->runtime_fd,
		&(struct setupdir) {
			.what = "directory", .above = path, .name = "init", .mode = 0700 });

	if (init < 0) {
		return init;
	}
	AUTO_CLOSE int lock = openat(init, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock < 0) {
		return setupdir_fail(&file, "open", errno);
	}
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK) {
			return setupdir_fail(&file, "take", errno);
		}
		util_say("a supd-init that runs has this runtime directory: stop that one, or "
			 "give this one its own --runtime-dir, --state-dir and --log-dir",
			path, 0);
		return -EBUSY;
	}
	*ret_lock = TAKE_FD(lock);
	return 0;
}

static int bind_at(struct broker *b, const char *name, int type, int *ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *const parts[4] = { b->t->settings.runtime_dir, "/", name, NULL };
	AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = util_join(address.sun_path, sizeof(address.sun_path), parts);
	int on = 1;

	const struct setupdir file = {
		.what = "socket", .above = b->t->settings.runtime_dir, .name = name
	};

	if (r < 0) {
		return said("a path is too long for a socket, 107 bytes at most: choose a shorter "
			    "--runtime-dir than",
			b->t->settings.runtime_dir, -r);
	}
	if (fd < 0) {
		return setupdir_fail(&file, "make", errno);
	}
	fd_refuse_rights(fd);
	unlinkat(b->runtime_fd, name, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		fchmodat(b->runtime_fd, name, 0666, 0) < 0 ||
		(type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0) ||
		(type == SOCK_DGRAM &&
			setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)) {
		return setupdir_fail(&file, "make", errno);
	}
	*ret = TAKE_FD(fd);
	return 0;
}

int setup_control(struct broker *b)
{
	struct pollfd p = { .fd = b->t->control_fd, .events = POLLRDHUP };

	if (poll(&p, 1, 0) == 0) {
		return 0;
	}
	util_say("the control socket was shut down and is made again", NULL, 0);
	util_close(&b->t->control_fd);
	return bind_at(b, "control", SOCK_STREAM, &b->t->control_fd);
}

static int make_runtime_dirs(struct broker *b)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {
		{ "log", 0755 },
		{ "units", 0755 },
		{ "transient", 0755 },
		{ "empty", 0700 },
		{ "empty/hidden", 0711 }, /* bound over what a unit is not to see */
		{ "empty/masked", 0 },
	};
	const struct settings *set = &b->t->settings;

	struct setupdir dir = { .what = "directory", .above = set->runtime_dir };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		dir.name = dirs[i].name;
		dir.mode = dirs[i].mode;
		AUTO_CLOSE int fd = make_dir(b->runtime_fd, &dir);

		if (fd < 0) {
			return fd;
		}
	}
	dir.name = "notify";
	dir.mode = 0711;
	b->notify_fd = make_dir(b->runtime_fd, &dir);
	if (b->notify_fd < 0) {
		return b->notify_fd;
	}
	dir = (struct setupdir) { "directory of supd", set->runtime_dir, "supd", set->supd_uid,
		set->supd_gid, 0700 };
	AUTO_CLOSE int supd = setupdir_open(b->runtime_fd, &dir);

	return supd < 0 ? supd : 0;
}

/* Parents as well: a small machine's root may have none of them. 0, or why one is not there. */
static int make_parents(const char *path)
{
	char parent[SETTINGS_PATH];
	int error = 0;

	util_copy(parent, sizeof(parent), path);
	for (char *p = strchr(parent + 1, '/'); p && !error; p = strchr(p + 1, '/')) {
		*p = 0;
		error = mkdir(parent, 0755) < 0 && errno != EEXIST ? errno : 0;
		*p = '/';
	}
	return error;
}

/* A machine or container whose root is read-only goes on with what lasts until it ends. */
static void replace_read_only(struct broker *b, char *path, const char *name)
{
	char other[SETTINGS_PATH];

	int error = make_parents(path);

	if (!error && mkdir(path, 0755) < 0) {
		error = errno;
	}
	if (error == EEXIST && access(path, W_OK) < 0) {
		error = errno;
	}
	if (error != EROFS ||
		util_join(other, sizeof(other),
			(const char *const[4]) { b->t->settings.runtime_dir, "/", name }) < 0) {
		return;
	}
	util_say("is not kept over a restart", path, EROFS);
	util_copy(path, SETTINGS_PATH, other);
}

int setup_places(struct broker *b, bool fresh)
{
	struct settings *set = &b->t->settings;
	const struct setupdir ids = { .what = "file", .above = set->state_dir, .name = "idtable" };
	const struct setupdir timers = {
		.what = "file", .above = set->state_dir, .name = "timers"
	};
	const struct setupdir logs = { "log directory", NULL, set->log_dir, set->log_uid,
		set->log_gid, 0750 };
	int r = make_runtime_dirs(b);

	if (b->pid1 && fresh) {
		replace_read_only(b, set->state_dir, "state");
		replace_read_only(b, set->log_dir, "logs");
	}
	if (r < 0) {
		return r;
	}
	AUTO_CLOSE int state = make_dir(AT_FDCWD,
		&(struct setupdir) {
			.what = "state directory", .name = set->state_dir, .mode = 0755 });

	if (state < 0) {
		return state;
	}
	b->idtable_fd = openat(state, "idtable", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->idtable_fd < 0) {
		return setupdir_fail(&ids, "open", errno);
	}
	/* supd alone reads and writes it, through this descriptor. */
	b->stamps_fd = openat(state, "timers", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (b->stamps_fd < 0) {
		return setupdir_fail(&timers, "open", errno);
	}
	b->log_dir_fd = setupdir_open(AT_FDCWD, &logs);
	if (b->log_dir_fd < 0) {
		return b->log_dir_fd;
	}
	if (!fresh) {
		return 0;
	}
	r = bind_at(b, "control", SOCK_STREAM, &b->t->control_fd);
	r = r < 0 ? r : bind_at(b, "log/stdout", SOCK_STREAM, &b->t->log_stdout_fd);
	return r < 0 ? r : bind_at(b, "log/native", SOCK_DGRAM, &b->t->log_native_fd);
}

/*
 * A name of its own below our cgroup for each runtime directory: instances run side by side. A
 * slice, as journald finds a process's unit only below slices.
 */
static int name_root(struct broker *b, const char *own)
{
	const struct settings *set = &b->t->settings;
	char suffix[24] = "";
	uint32_t hash = 2166136261u;

	if (strcmp(set->runtime_dir, "/run/supd") != 0) {
		for (const char *p = set->runtime_dir; *p; p++) {
			hash = (hash ^ (uint8_t)*p) * 16777619u;
		}
		suffix[0] = '-';
		number_format_u64(suffix + 1, hash);
	}
	return util_join(b->t->cgroup_root, sizeof(b->t->cgroup_root),
		(const char *const[4]) { own, "/supd", suffix, ".slice" });
}

const char *setup_leaf(const struct broker *b)
{
	return b->machine ? "init.scope" : "supd";
}

/*
 * What the root has from above. Not above processes: there the kernel gives the controllers that
 * threads can have, and then takes no process into the root any more.
 */
static void enable_above(const struct broker *b)
{
	char parent[SETTINGS_PATH];

	util_copy(parent, sizeof(parent), b->t->cgroup_root);
	char *slash = strrchr(parent, '/');

	if (!slash || slash == parent) {
		return;
	}
	*slash = 0;
	AUTO_CLOSE int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && (faccessat(dir, "cgroup.type", F_OK, 0) < 0 || cgroup_is_bare(dir))) {
		cgroup_enable(dir);
	}
}

static const char *why_no_cgroup(int error)
{
	return error == ENOENT  ? "cannot make the cgroup, the one above is not there"
	       : error == EROFS ? "cannot make the cgroup; containers get writable ones by podman "
				  "run --systemd=always"
				: "cannot make the cgroup";
}

static int make_root(struct broker *b)
{
	const char *path = b->t->cgroup_root;
	int error = mkdir(path, 0755) < 0 ? errno : 0;
	struct statfs fs;

	b->cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b->cgroup_fd < 0) {
		return said(why_no_cgroup(error), path, error && error != EEXIST ? error : errno);
	}
	if (fstatfs(b->cgroup_fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC) {
		if (!error) {
			rmdir(path);
		}
		return said("no cgroup of version 2, as --cgroup names one below /sys/fs/cgroup",
			path, EMEDIUMTYPE);
	}
	b->t->root_made |= !error;
	return 0;
}

int setup_cgroup(struct broker *b, bool fresh)
{
	char own[SETTINGS_PATH] = "";
	int found = cgroup_find_own(own, sizeof(own));
	int r = 0;

	if (fresh && b->t->settings.cgroup[0]) {
		util_copy(b->t->cgroup_root, sizeof(b->t->cgroup_root), b->t->settings.cgroup);
	} else if (fresh && b->machine) {
		/* The whole tree is ours: units have the paths that systemd's have. */
		util_copy(b->t->cgroup_root, sizeof(b->t->cgroup_root), own);
		r = found;
	} else if (fresh) {
		r = found < 0 ? found : name_root(b, own);
	}
	if (r < 0) {
		return said(
			"finds no cgroup v2 of its own: mount cgroup2 on /sys/fs/cgroup, or name a "
			"delegated cgroup by --cgroup",
			NULL, -r);
	}
	r = make_root(b);
	if (r < 0) {
		return r;
	}
	if (fresh && found == 0) {
		b->t->home_cgroup_fd = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	/*
	 * Controllers need a root without processes: supd-init and its helpers live in a leaf. One
	 * that a former supd-init was killed in would spoil clones into other cgroups.
	 */
	if (fresh) {
		cgroup_remove(b->cgroup_fd, setup_leaf(b), false);
		cgroup_remove(b->cgroup_fd, LAUNCH_PROGRAMS_CGROUP, false);
	}
	if (fresh && !b->t->settings.keep_cgroup &&
		((r = cgroup_make(b->cgroup_fd, setup_leaf(b), 0)) < 0 ||
			(r = cgroup_write(b->cgroup_fd, setup_leaf(b), "cgroup.procs", "0")) < 0)) {
		return said("cannot enter the cgroup", b->t->cgroup_root, -r);
	}
	enable_above(b);
	b->controllers = cgroup_enable(b->cgroup_fd);
	if (b->controllers & WIRE_CONTROLLER_MEMORY) {
		/* Best effort: what keeps everything alive is not swapped out for a service. */
		cgroup_write(b->cgroup_fd, setup_leaf(b), "memory.min", LEAF_MEMORY_MIN);
	}
	b->clone_into = cgroup_probe_clone(b->cgroup_fd);
	return 0;
}

void setup_times(struct broker *b)
{
	struct boottimes times;
	AUTO_CLOSE int fd =
		b->machine ? open(BOOTTIMES_PATH, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (fd < 0 || fd_read_full(fd, &times, sizeof(times)) != (ssize_t)sizeof(times) ||
		times.magic != BOOTTIMES_MAGIC || times.initrd_us > times.userspace_us ||
		times.userspace_us > b->t->started_us) {
		return;
	}
	b->t->times.initrd_us = times.initrd_us;
	b->t->times.userspace_us = times.userspace_us;
	b->t->times.soft_reboots = times.soft_reboots;
}

/* `supctl logs` looks there when supd does not answer; without it it asks supd. */
static void publish_log_dir(const struct broker *b)
{
	const char *dir = b->t->settings.log_dir;

	unlinkat(b->runtime_fd, "log/store", 0);
	if (symlinkat(dir, b->runtime_fd, "log/store") < 0) {
		util_say("cannot make the link", "log/store", errno);
	}
}

/* Without it `supctl exec` says that it does not know where the units are; nothing else fails. */
void setup_publish(const struct broker *b)
{
	struct settings settings = b->t->settings;
	char path[SETTINGS_PATH + 16];

	publish_log_dir(b);
	util_copy(settings.cgroup, sizeof(settings.cgroup), b->t->cgroup_root);
	if (util_join(path, sizeof(path),
		    (const char *const[4]) { settings.runtime_dir, "/init/settings" }) < 0) {
		return;
	}
	unlink(path);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_full(fd, &settings, sizeof(settings));

	if (r < 0) {
		util_say("cannot write", path, -r);
		unlink(path);
	}
}
