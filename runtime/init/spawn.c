// SPDX-License-Identifier: MIT
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/stranger.h"
#include "../base/sysx.h"
#include "broker.h"
#include "util.h"

#define OOM_SCORE "-900"

_Static_assert(LOW_FD_END - LOW_FD_SPARE >= SPAWN_CLOSER_MAX, "room for what a closer keeps");

static char *const empty_environment[] = { NULL };

static pid_t start_child(void)
{
	/* CLONE_CLEAR_SIGHAND: signals are default at once, before the mask is opened. */
	struct clone_args args = { .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD };
	pid_t pid = sysx_clone3(&args);

	return pid < 0 ? -errno : pid;
}

/* A container's root may lack it: what everybody may read is read without. */
static bool may_search(void)
{
	return (util_capabilities() >> CAP_DAC_READ_SEARCH & 1) &&
	       prctl(PR_CAPBSET_READ, CAP_DAC_READ_SEARCH, 0, 0, 0) == 1;
}

static int set_capabilities(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)caps, (uint32_t)caps, (uint32_t)caps },
		{ (uint32_t)(caps >> 32), (uint32_t)(caps >> 32), (uint32_t)(caps >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

static int take_ids(const struct spawn *spawn)
{
	if (spawn->uid == STRANGER_ID) {
		return stranger_become();
	}
	if (sysx_setgroups(0, NULL) < 0 || sysx_setresgid(spawn->gid) < 0) {
		return -errno;
	}
	return sysx_setresuid(spawn->uid) < 0 ? -errno : 0;
}

/* Whoever owns supd or supd-load must not regain anything: every set is emptied, for ever. */
static int drop_privileges(const struct spawn *spawn)
{
	uint64_t keep = spawn->keep_search && may_search() ? UINT64_C(1) << CAP_DAC_READ_SEARCH : 0;

	for (unsigned long cap = 0; cap < 64; cap++) {
		if (keep >> cap & 1) {
			continue;
		}
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL) {
			return -1;
		}
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_KEEPCAPS, keep != 0, 0, 0, 0) < 0 || take_ids(spawn) < 0) {
		return -1;
	}
	if (set_capabilities(keep) < 0 || (keep && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
							   CAP_DAC_READ_SEARCH, 0, 0) < 0)) {
		return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Moves the descriptors into place; returns the program's. Sources of the end are kept apart. */
static int place_descriptors(const struct spawn *spawn)
{
	int source[SPAWN_FDS_MAX];
	int base = LOW_FD_END + SPAWN_FDS_MAX;
	int exe, error = -1;

	exe = fcntl(spawn->exe_fd, F_DUPFD_CLOEXEC, base);
	for (uint32_t i = 0; i < spawn->n_fds; i++) {
		int fd = spawn->fds[i] >= 0 ? spawn->fds[i] : LOW_FD_NULL;

		source[i] = fcntl(fd, F_DUPFD_CLOEXEC, base);
	}
	if (spawn->error_fd != -1) {
		error = fcntl(spawn->error_fd >= 0 ? spawn->error_fd : LOW_FD_NULL, F_DUPFD_CLOEXEC,
			base);
	}
	if (dup2(LOW_FD_NULL, 0) < 0 || dup2(LOW_FD_NULL, 1) < 0 ||
		(error >= 0 && dup2(error, 2) < 0)) {
		return -1;
	}
	for (uint32_t i = 0; i < spawn->n_fds; i++) {
		if (dup2(source[i], LOW_FD_SPARE + (int)i) < 0) {
			return -1;
		}
	}
	if (exe < 0 || sysx_close_range(LOW_FD_SPARE + spawn->n_fds, (unsigned)exe - 1, 0) < 0 ||
		sysx_close_range((unsigned)exe + 1, ~0u, 0) < 0) {
		return -1;
	}
	return exe;
}

/* Best effort: without CAP_SYS_RESOURCE it is as likely to be killed as any other program. */
static void protect(void)
{
	AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, OOM_SCORE, strlen(OOM_SCORE));

	(void)n;
}

static __attribute__((noreturn)) void child(const struct spawn *spawn)
{
	int exe = place_descriptors(spawn);
	struct rlimit files = { spawn->max_file, spawn->max_file };
	sigset_t none;

	if (spawn->protect) {
		protect();
	}
	if (exe < 0 || (spawn->max_file && setrlimit(RLIMIT_FSIZE, &files) < 0) ||
		(spawn->drop && (setsid() < 0 || drop_privileges(spawn) < 0))) {
		_exit(127);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	sysx_execveat(exe, "", (char *const *)spawn->argv, empty_environment, AT_EMPTY_PATH);
	_exit(127);
}

pid_t spawn_start(const struct spawn *spawn)
{
	pid_t pid = start_child();

	if (pid == 0) {
		child(spawn);
	}
	return pid;
}

/*
 * Its copies must be the last, so it goes when supd-init says so, or has gone itself. Should one of
 * them hang, the others stay open as well: nobody may wait for what is written to them.
 */
static __attribute__((noreturn)) void closer(const int *fds, uint32_t n)
{
	const struct timespec patience = { .tv_sec = 10 };
	sigset_t go;

	/*
	 * Everything else leaves the table in one call, and the kernel closes for good behind it: a
	 * descriptor that hangs keeps no copy of a job socket.
	 */
	for (uint32_t i = 0; i < n; i++) {
		if (dup2(fds[i], LOW_FD_SPARE + (int)i) < 0) {
			_exit(1);
		}
	}
	if (sysx_close_range(LOW_FD_SPARE + n, ~0u, 0) < 0) {
		_exit(1);
	}
	for (uint32_t i = 0; i < n; i++) {
		shutdown(LOW_FD_SPARE + (int)i, SHUT_RDWR);
	}
	sigemptyset(&go);
	sigaddset(&go, SIGTERM);
	sigtimedwait(&go, NULL, &patience);
	_exit(0);
}

int spawn_closer(int *fds, uint32_t n)
{
	int copies[SPAWN_CLOSER_MAX];
	sigset_t term, before;
	pid_t pid;

	if (n > SPAWN_CLOSER_MAX) {
		return -E2BIG;
	}
	/* The originals may lie in the mapped table, which the child shares. */
	memcpy(copies, fds, n * sizeof(*fds));
	/* What is sent before the child waits must wait for it. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	pid = start_child();
	if (pid == 0) {
		closer(copies, n);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		return pid;
	}
	for (uint32_t i = 0; i < n; i++) {
		util_close(&fds[i]);
	}
	kill(pid, SIGTERM);
	return 0;
}

static int connect_bus(int *ret_error)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = "/run/dbus/system_bus_socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*ret_error = 0;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		*ret_error = errno;
		return -1; /* the process ends */
	}
	return fd;
}

int spawn_bus_connector(int event_fd, uint32_t uid, uint32_t gid)
{
	const struct spawn identity = { .drop = true, .uid = uid, .gid = gid };
	struct wire_event event = { .type = WIRE_EV_BUS };
	pid_t pid = start_child();
	int fd;

	if (pid != 0) {
		return pid < 0 ? pid : 0;
	}
	if (dup2(event_fd, LOW_FD_SPARE) < 0 || sysx_close_range(LOW_FD_SPARE + 1, ~0u, 0) < 0 ||
		setsid() < 0 || drop_privileges(&identity) < 0) {
		_exit(1);
	}
	fd = connect_bus(&event.bus.error);
	fd_send(LOW_FD_SPARE, &event, wire_event_size(event.type), &fd, fd >= 0 ? 1 : 0, 0);
	_exit(0);
}
