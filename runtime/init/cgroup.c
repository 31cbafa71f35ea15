// SPDX-License-Identifier: MIT
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/limits.h"
#include "../base/sysx.h"
#include "../plan/wire.h"
#include "util.h"

#define SIGNAL_BATCH 256
#define DEPTH_MAX    (int)LIMIT_CGROUP_DEPTH
#define PROBE        "supd-probe"
#define REMOVE_BATCH 128

static const struct {
	const char *text;
	uint32_t bit;
} controllers[] = {
	{ "+cpu", WIRE_CONTROLLER_CPU },
	{ "+io", WIRE_CONTROLLER_IO },
	{ "+memory", WIRE_CONTROLLER_MEMORY },
	{ "+pids", WIRE_CONTROLLER_PIDS },
	{ "+cpuset", WIRE_CONTROLLER_CPUSET },
};

static int write_at(int dir, const char *file, const char *text)
{
	AUTO_CLOSE int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		return -errno;
	}
	return 0;
}

uint32_t cgroup_enable(int dir)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < ELEMENTSOF(controllers); i++) {
		if (write_at(dir, "cgroup.subtree_control", controllers[i].text) == 0) {
			bits |= controllers[i].bit;
		}
	}
	return bits;
}

bool cgroup_is_bare(int dir)
{
	AUTO_CLOSE int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 0;
}

int cgroup_open(int root, const char *path)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_write(int root, const char *path, const char *file, const char *text)
{
	AUTO_CLOSE int dir = cgroup_open(root, path);

	return dir < 0 ? dir : write_at(dir, file, text);
}

/* One write: each takes the kernel's cgroup lock and waits for dying cgroups. Best effort. */
static void pass_on(int root, const char *path, uint32_t wanted)
{
	char text[64];
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(controllers); i++) {
		if (wanted & controllers[i].bit) {
			util_copy(text + n, sizeof(text) - n, controllers[i].text);
			n += strlen(controllers[i].text);
			text[n++] = ' ';
		}
	}
	text[n] = 0;
	if (n) {
		cgroup_write(root, path, "cgroup.subtree_control", text);
	}
}

static int make_level(int root, const char *part, char *parent, uint32_t wanted)
{
	if (mkdirat(root, part, 0755) < 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	if (parent) {
		*parent = 0;
		pass_on(root, part, wanted);
		*parent = '/';
	}
	return 1;
}

int cgroup_make(int root, const char *path, uint32_t wanted)
{
	char part[LIMIT_CGROUP_PATH];
	char *parent = NULL;

	if (strlen(path) >= sizeof(part)) {
		return -ENAMETOOLONG;
	}
	/* Mostly only the last level is new, or nothing. Controllers are passed on by each level.
	 */
	if (!wanted) {
		int r = make_level(root, path, NULL, 0);

		if (r != -ENOENT) {
			return r;
		}
	}
	util_copy(part, sizeof(part), path);
	for (char *end = strchrnul(part, '/');; end = strchrnul(end + 1, '/')) {
		char saved = *end;

		*end = 0;
		int r = make_level(root, part, parent, wanted);

		if (r < 0 || !saved) {
			return r;
		}
		*end = saved;
		parent = end;
	}
}

/* Name of the first sub-directory of dir, or -ENOENT. */
static int first_child(int dir, char *name, size_t size)
{
	char buf[4096] __attribute__((aligned(8)));
	long n;

	if (lseek(dir, 0, SEEK_SET) < 0) {
		return -errno;
	}
	while ((n = sysx_getdents(dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct sysx_dirent *e = (const void *)(buf + at);

			at += e->reclen;
			if (e->type == DT_DIR && e->name[0] != '.') {
				util_copy(name, size, e->name);
				return 0;
			}
		}
	}
	return n < 0 ? -errno : -ENOENT;
}

/* Removes what is below dir, one leaf after the other, without recursion on the stack. */
static int remove_below(int dir)
{
	char name[256];

	for (uint32_t round = 0; round < REMOVE_BATCH; round++) {
		AUTO_CLOSE int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
		int r = first_child(at, name, sizeof(name));

		if (r == -ENOENT) {
			return 0;
		}
		for (int depth = 0; r == 0 && unlinkat(at, name, AT_REMOVEDIR) < 0; depth++) {
			if (errno != EBUSY || depth == DEPTH_MAX) {
				return -errno;
			}
			int below = cgroup_open(at, name);

			close(at);
			at = below;
			r = below < 0 ? below : first_child(at, name, sizeof(name));
		}
		if (r < 0) {
			return r == -ENOENT ? -EBUSY : r;
		}
	}
	return -EAGAIN;
}

int cgroup_remove(int root, const char *path, bool recursive)
{
	if (unlinkat(root, path, AT_REMOVEDIR) == 0 || errno == ENOENT) {
		return 0;
	}
	if (errno != EBUSY || !recursive) {
		return -errno;
	}
	AUTO_CLOSE int dir = cgroup_open(root, path);
	int r = dir < 0 ? dir : remove_below(dir);

	if (r == 0 && unlinkat(root, path, AT_REMOVEDIR) < 0) {
		r = -errno;
	}
	return r;
}

static int key_value(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	for (const char *line = text; *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ') {
			uint64_t value = 0;

			for (line += len + 1; *line >= '0' && *line <= '9'; line++) {
				value = value * 10 + (uint64_t)(*line - '0');
			}
			*ret = value;
			return 0;
		}
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	return -ENOENT;
}

/* A kernel file of one line per key: one read gives it all. */
static int read_keys(int dir, const char *file, char *buf, size_t size)
{
	AUTO_CLOSE int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0) {
		return -errno;
	}
	buf[n] = 0;
	return 0;
}

int cgroup_read_key(int dir, const char *file, const char *key, uint64_t *ret)
{
	char buf[1024];
	int r = read_keys(dir, file, buf, sizeof(buf));

	return r < 0 ? r : key_value(buf, key, ret);
}

int cgroup_read_events(int root, const char *path, bool *ret_populated, bool *ret_frozen)
{
	char file[LIMIT_CGROUP_PATH + 32], buf[1024];
	const char *const parts[4] = { path, "/cgroup.events", NULL };
	uint64_t populated = 0, frozen = 0;
	int r = util_join(file, sizeof(file), parts);

	r = r < 0 ? r : read_keys(root, file, buf, sizeof(buf));
	if (r < 0) {
		return r;
	}
	key_value(buf, "populated", &populated);
	key_value(buf, "frozen", &frozen);
	*ret_populated = populated != 0;
	*ret_frozen = frozen != 0;
	return 0;
}

int cgroup_digits(struct cgroup_digits *d, const char *text, size_t size,
	int (*fn)(void *data, pid_t pid), void *data)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			d->value = d->value < INT32_MAX ? d->value * 10 + (uint64_t)(text[i] - '0')
							: d->value;
			d->got = true;
			continue;
		}
		if (d->got && d->value > 0 && d->value <= INT32_MAX) {
			int r = fn(data, (pid_t)d->value);

			if (r) {
				return r;
			}
		}
		*d = (struct cgroup_digits) { 0 };
	}
	return 0;
}

int cgroup_each_pid(int dir, int (*fn)(void *data, pid_t pid), void *data)
{
	AUTO_CLOSE int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct cgroup_digits digits = { 0 };
	char buf[4096];
	ssize_t n = fd < 0 ? -1 : 0;
	int r = 0;

	while (r == 0 && fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
		r = cgroup_digits(&digits, buf, (size_t)n, fn, data);
	}
	return n < 0 ? -errno : r;
}

static int is_pid(void *data, pid_t pid)
{
	return *(const pid_t *)data == pid;
}

int cgroup_has_pid(int dir, pid_t pid, bool deep)
{
	char buf[4096] __attribute__((aligned(8)));
	int r = cgroup_each_pid(dir, is_pid, &pid);
	long n;

	if (r || !deep) {
		return r;
	}
	while ((n = sysx_getdents(dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct sysx_dirent *e = (const void *)(buf + at);

			at += e->reclen;
			if (e->type != DT_DIR || e->name[0] == '.') {
				continue;
			}
			AUTO_CLOSE int below = cgroup_open(dir, e->name);

			if (below >= 0 && cgroup_has_pid(below, pid, false) == 1) {
				return 1;
			}
		}
	}
	return 0;
}

/*
 * Of one pass over cgroup.procs the smallest pids above last, with their pidfds. In the order of
 * their numbers, because who has got a fatal signal leaves the file, frozen or not.
 */
struct batch {
	pid_t last;
	size_t n;
	struct {
		pid_t pid;
		int fd;
		bool present;
	} rows[SIGNAL_BATCH];
};

static int batch_add(void *data, pid_t pid)
{
	struct batch *batch = data;
	size_t at = batch->n;

	if (pid <= batch->last || (at == SIGNAL_BATCH && pid > batch->rows[at - 1].pid)) {
		return 0;
	}
	at -= at == SIGNAL_BATCH;
	batch->n = at + 1;
	for (; at > 0 && batch->rows[at - 1].pid > pid; at--) {
		batch->rows[at] = batch->rows[at - 1];
	}
	batch->rows[at].pid = pid;
	batch->rows[at].fd = -1;
	batch->rows[at].present = false;
	return 0;
}

/* As many as there are descriptors for, but one, which reads the file again. 0 or -errno: none. */
static int batch_open(struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		batch->rows[i].fd = sysx_pidfd_open(batch->rows[i].pid, 0);
		if (batch->rows[i].fd >= 0 || (errno != EMFILE && errno != ENFILE)) {
			continue;
		}
		int error = -errno;

		batch->n = i > 0 ? i - 1 : 0;
		if (i > 0) {
			util_close(&batch->rows[i - 1].fd);
		}
		return batch->n ? 0 : error;
	}
	return 0;
}

static int batch_confirm(void *data, pid_t pid)
{
	struct batch *batch = data;

	for (size_t i = 0; i < batch->n; i++) {
		if (batch->rows[i].pid == pid) {
			batch->rows[i].present = true;
			break;
		}
	}
	return 0;
}

static int send_signals(int pidfd, int signo, bool more)
{
	int r = sysx_pidfd_send_signal(pidfd, signo) < 0 && errno != ESRCH ? -errno : 0;

	if (more) {
		sysx_pidfd_send_signal(pidfd, SIGCONT);
	}
	return r;
}

/* 0 or the last error; each descriptor is closed. */
static int batch_signal(struct batch *batch, const struct cgroup_signal *what)
{
	int r = 0;

	for (size_t i = 0; i < batch->n; i++) {
		int fd = batch->rows[i].fd;

		if (fd >= 0 && batch->rows[i].present && batch->rows[i].pid != what->except) {
			int error = send_signals(fd, what->signo, what->more);

			r = error < 0 ? error : r;
		}
		util_close(&fd);
	}
	return r;
}

int cgroup_signal(int dir, const struct cgroup_signal *what)
{
	struct batch batch;
	pid_t last = 0;
	int r = 0;

	do {
		batch.last = last;
		batch.n = 0;
		int error = cgroup_each_pid(dir, batch_add, &batch);

		error = error < 0 ? error : batch_open(&batch);
		if (error < 0) { /* to be tried again only if nothing has been signalled */
			return last && (error == -EMFILE || error == -ENFILE) ? -EIO : error;
		}
		if (cgroup_each_pid(dir, batch_confirm, &batch) < 0) {
			r = -EIO;
		}
		error = batch_signal(&batch, what);
		r = error ? error : r;
		last = batch.n ? batch.rows[batch.n - 1].pid : last;
	} while (batch.n > 0);
	return r;
}

static int keep_single(void *data, pid_t pid)
{
	pid_t *only = data;

	*only = *only ? -1 : pid;
	return *only < 0;
}

/* The process that the cgroup consists of; 0: none, -1: there are several. Or -errno. */
static int read_single(int procs, pid_t *ret)
{
	struct cgroup_digits digits = { 0 };
	char buf[64];
	pid_t only = 0;
	ssize_t n = pread(procs, buf, sizeof(buf), 0);

	if (n < 0) {
		return -errno;
	}
	cgroup_digits(&digits, buf, (size_t)n, keep_single, &only);
	*ret = only;
	return 0;
}

int cgroup_signal_single(int dir, struct cgroup_signal *what)
{
	AUTO_CLOSE int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_CLOSE int pidfd = -1;
	pid_t pid = 0, again = 0;
	int r = procs < 0 ? -errno : read_single(procs, &pid);

	if (r < 0 || pid <= 0) {
		return r < 0 ? r : pid == 0;
	}
	pidfd = sysx_pidfd_open(pid, 0);
	r = pidfd < 0 ? -errno : read_single(procs, &again);
	if (r < 0 || again != pid) {
		return r;
	}
	r = send_signals(pidfd, what->signo, what->more);
	if (r < 0) {
		return r;
	}
	what->except = pid;
	r = read_single(procs, &again);
	return r < 0 ? r : again == 0 || again == pid;
}

static bool child_lives_in(int dir)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)dir,
	};
	int status = -1;
	pid_t pid = sysx_clone3(&args);

	if (pid == 0) {
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return pid > 0 && status == 0;
}

bool cgroup_probe_clone(int root)
{
	const struct timespec step = { .tv_nsec = 1000 * 1000 };
	bool lives = false;

	if (mkdirat(root, PROBE, 0755) < 0 && errno != EEXIST) {
		return false;
	}
	AUTO_CLOSE int dir = cgroup_open(root, PROBE);

	lives = dir >= 0 && child_lives_in(dir);
	/* The dead leave their cgroup a moment after their reaping. */
	for (int i = 0; i < 100 && cgroup_remove(root, PROBE, false) < 0; i++) {
		nanosleep(&step, NULL);
	}
	return lives;
}

int cgroup_find_own(char *buf, size_t size)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char text[8192];
	ssize_t n = fd_read_text("/proc/self/cgroup", text, sizeof(text));
	struct statfs fs;

	if (n < 0) {
		return (int)n;
	}
	const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");

	if (!line) {
		return -ENOENT;
	}
	line += *line == '\n' ? 4 : 3;
	*strchrnul(line, '\n') = 0;
	if (line[0] != '/' || strstr(line, "/..")) {
		return -EINVAL; /* outside the cgroup namespace */
	}
	for (size_t i = 0; i < ELEMENTSOF(mounts); i++) {
		if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
			return util_join(buf, size,
				(const char *const[4]) {
					mounts[i], strcmp(line, "/") == 0 ? "" : line, NULL });
		}
	}
	return -ENOENT;
}
