// SPDX-License-Identifier: MIT
/* The operations REALIZE, CLEAN, DISCARD and READPID. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "bpf.h"
#include "credload.h"
#include "dirmove.h"
#include "dirs.h"
#include "launch.h"
#include "prepare.h"
#include "reset.h"

#define PID_DIGITS 20

int launch_op_realize(struct launch *l, int32_t *ret_value)
{
	int r = launch_reset_cgroup(l);

	r = r < 0 ? r : launch_write_cgroup(l);
	*ret_value = 0;
	return r < 0 ? r : launch_attach_programs(l);
}

/* ---- CLEAN ---- */

static int remove_path(struct launch *l, const char *path, const char *origin)
{
	const char *name;
	AUTO_CLOSE int parent = dir_open_parent(path, &name);
	int r;

	if (parent == -ENOENT) {
		return 0;
	}
	if (parent < 0) {
		r = parent;
	} else if (l->remove_until_us) {
		r = dir_remove_until(parent, name, l->remove_until_us);
	} else {
		r = dir_remove(parent, name);
	}
	return r < 0 ? launch_fail(l, r, origin, "remove ", path) : 0;
}

static int remove_dir(struct launch *l, const struct plan_dir *dir)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < dir->links.n; i++) {
		r = dirmove_unalias(dir->links.items[i], dir->path);
	}
	r = r < 0 ? launch_fail(l, r, dir->origin, "remove links to ", dir->path) : 0;
	if (r == 0 && dir->real) {
		r = remove_path(l, dir->real, dir->origin);
	}
	return r < 0 ? r : remove_path(l, dir->path, dir->origin);
}

static bool dir_goes(const struct launch *l, const struct plan_dir *dir)
{
	if (dir->kind != PLAN_DIR_RUNTIME || dir->preserve == FDSTORE_PRESERVE_YES) {
		return false;
	}
	return dir->preserve == FDSTORE_PRESERVE_NO || !(l->job.params.flags & WIRE_RUN_RESTART);
}

struct ipc_kind {
	const char *file; /* below /proc/sysvipc */
	int uid_column;
	int (*remove)(int id);
};

static int remove_shm(int id)
{
	return shmctl(id, IPC_RMID, NULL);
}

static int remove_sem(int id)
{
	return semctl(id, 0, IPC_RMID);
}

static int remove_msg(int id)
{
	return msgctl(id, IPC_RMID, NULL);
}

static const struct ipc_kind ipc_kinds[] = {
	{ "/proc/sysvipc/shm", 7, remove_shm },
	{ "/proc/sysvipc/sem", 4, remove_sem },
	{ "/proc/sysvipc/msg", 7, remove_msg },
};

/* Column n (from 0) of a line of blank-separated numbers; -1 when there is none. */
static int64_t column(const char *line, int n)
{
	char word[24];
	size_t len;

	for (;; n--) {
		line += strspn(line, " ");
		len = strcspn(line, " \n");
		if (n == 0) {
			break;
		}
		line += len;
	}
	if (len == 0 || len >= sizeof(word)) {
		return -1;
	}
	memcpy(word, line, len);
	word[len] = '\0';
	{
		int64_t value;

		return number_parse_i64(word, &value) < 0 ? -1 : value;
	}
}

/* The kernel's own table: key, id, …, uid; a header line first. */
static void remove_sysv(const struct ipc_kind *kind, uint32_t uid)
{
	static char text[256 * 1024];

	if (fd_read_text(kind->file, text, sizeof(text)) <= 0) {
		return; /* a kernel without System V IPC has nothing to remove */
	}
	for (char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		if (column(line + 1, kind->uid_column) == (int64_t)uid) {
			kind->remove((int)column(line + 1, 1));
		}
	}
}

static int remove_owned(void *ctx, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
		st.st_uid == *(const uint32_t *)ctx) {
		unlinkat(dir, name, 0);
	}
	return 0;
}

/* Never root's: they are the system's. */
static void remove_ipc(uint32_t uid)
{
	static const char *const places[] = { "/dev/shm", "/dev/mqueue" };

	if (uid == 0) {
		return;
	}
	for (size_t i = 0; i < ELEMENTSOF(ipc_kinds); i++) {
		remove_sysv(&ipc_kinds[i], uid);
	}
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		AUTO_CLOSE int dir = dir_open(places[i]);

		if (dir >= 0) {
			dir_each(dir, remove_owned, &uid);
		}
	}
}

/* All is tried, the first failure is told: one stubborn directory must not keep the rest. */
int launch_op_clean(struct launch *l, int32_t *ret_value)
{
	const struct plan_dir *dirs = l->plan.dirs.items;
	const struct plan_socket *sockets = l->plan.sockets.items;
	int result = 0;

	for (uint32_t i = 0; i < l->plan.dirs.n; i++) {
		int r = dir_goes(l, &dirs[i]) ? remove_dir(l, &dirs[i]) : 0;

		result = result < 0 ? result : r;
	}
	for (uint32_t i = 0; i < l->plan.sockets.n; i++) {
		int r = 0;

		if (!(sockets[i].flags & PLAN_SOCKET_REMOVE_ON_STOP) || !sockets[i].path ||
			sockets[i].path[0] != '/' || sockets[i].kind == PLAN_SOCKET_SPECIAL) {
			continue;
		}
		if (sockets[i].kind == PLAN_SOCKET_MQUEUE) {
			syscall(SYS_mq_unlink, sockets[i].path + 1);
		} else {
			r = remove_path(l, sockets[i].path, sockets[i].origin);
		}
		result = result < 0 ? result : r;
	}
	for (uint32_t i = 0; i < l->plan.symlinks.n; i++) {
		int r = remove_path(l, l->plan.symlinks.items[i], NULL);

		result = result < 0 ? result : r;
	}
	if (launch_has(l, PLAN_UNLINK_PIDFILE) && l->plan.pid_file) {
		int r = remove_path(l, l->plan.pid_file, NULL);

		result = result < 0 ? result : r;
	}
	if (launch_has(l, PLAN_REMOVE_IPC)) {
		remove_ipc(l->plan.uid);
	}
	if (launch_has(l, PLAN_CREDENTIALS_KEPT)) {
		int r = credload_remove(l->plan.unit);

		r = r < 0 ? launch_fail(l, r, NULL, "remove credentials in ", PLAN_CREDENTIALS_DIR)
			  : 0;
		result = result < 0 ? result : r;
	}
	*ret_value = 0;
	return result;
}

/* ---- DISCARD ---- */

_Static_assert(WIRE_DISCARD_ALL == (1u << PLAN_DIR_KIND_COUNT) - 1, "kinds drifted");

/* The request says which kinds; what they are called on the disk, the plan. All is tried. */
int launch_op_discard(struct launch *l, int32_t *ret_value)
{
	const struct plan_dir *dirs = l->plan.dirs.items;
	int result = 0;

	l->remove_until_us = usec_add(now_us(), l->plan.timeout_us);
	for (uint32_t i = 0; i < l->plan.dirs.n; i++) {
		bool wanted = l->job.params.discard & UINT32_C(1) << dirs[i].kind;
		int r = wanted ? remove_dir(l, &dirs[i]) : 0;

		result = result < 0 ? result : r;
	}
	*ret_value = 0;
	return result;
}

/* ---- READPID ---- */

/* -EAGAIN: not there yet, or not written yet. */
static int read_pid(struct launch *l, int32_t *ret)
{
	char text[PID_DIGITS + 2];
	const char *name;
	AUTO_CLOSE int dir = dir_open_parent(l->plan.pid_file, &name);
	AUTO_CLOSE int fd = -1;
	struct stat st;
	uint32_t pid;
	ssize_t n;

	if (dir < 0) {
		return dir == -ENOENT ? -EAGAIN : dir;
	}
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return errno == ENOENT ? -EAGAIN : -errno;
	}
	/*
	 * Whose file it is does not matter, for supd-init takes only a process of the unit's own
	 * cgroup as main; a daemon that drops root itself gives its file to its user (dnsmasq).
	 */
	if (!S_ISREG(st.st_mode)) {
		return -EPERM;
	}
	n = fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0) {
		return n < 0 ? (int)n : -EAGAIN;
	}
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!text[0]) {
		return -EAGAIN;
	}
	if (number_parse_u32(text, &pid) < 0 || pid <= 1 || pid > INT32_MAX) {
		return -EBADMSG;
	}
	*ret = (int32_t)pid;
	return 0;
}

/* Watches the nearest directory above path that exists. */
static int watch_above(int inotify, const char *path)
{
	char dir[LIMIT_PATH];
	char *slash;

	if (strlen(path) >= sizeof(dir)) {
		return -ENAMETOOLONG;
	}
	strcpy(dir, path);
	while ((slash = strrchr(dir, '/'))) {
		slash[slash == dir] = '\0';
		if (inotify_add_watch(inotify, dir,
			    IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB |
				    IN_ONLYDIR) >= 0) {
			return 0;
		}
		if (slash == dir) {
			break;
		}
	}
	return -errno;
}

static int wait_for_change(int inotify, usec_t deadline)
{
	struct pollfd p = { .fd = inotify, .events = POLLIN };
	usec_t now = now_us();
	usec_t left = deadline > now ? deadline - now : 0;
	uint64_t ms = left / USEC_PER_MSEC + 1;

	if (left == 0) {
		return -ETIMEDOUT;
	}
	if (poll(&p, 1, ms > INT32_MAX ? INT32_MAX : (int)ms) < 0 && errno != EINTR) {
		return -errno;
	}
	return 0;
}

/* The watch is set before the look, so a file written in between is not missed. */
int launch_op_readpid(struct launch *l, int32_t *ret_value)
{
	usec_t deadline = usec_add(now_us(), l->plan.timeout_us);
	int r;

	if (!l->plan.pid_file) {
		return launch_fail(l, -EINVAL, NULL, "no PID file", NULL);
	}
	for (;;) {
		AUTO_CLOSE int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

		r = inotify < 0 ? -errno : watch_above(inotify, l->plan.pid_file);
		r = r < 0 ? r : read_pid(l, ret_value);
		if (r == -EAGAIN) {
			r = wait_for_change(inotify, deadline);
			if (r == 0) {
				continue;
			}
		}
		return r < 0 ? launch_fail(l, r, NULL, "read ", l->plan.pid_file) : 0;
	}
}
