// SPDX-License-Identifier: MIT
/* exec, shell: the process that is joined, the launcher, and the time until the command ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/sysx.h"
#include "../../runtime/plan/launchwire.h"
#include "../../runtime/plan/plan.h"
#include "enter.h"
#include "enterrelay.h"
#include "exitcode.h"
#include "loadtool.h"
#include "text.h"

#define PIDS_MAX 4096

/* ---- the process to join ---- */

static size_t read_pids(const struct enter *e, pid_t *pids)
{
	AUTO_CLOSE int fd = openat(e->cgroup_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	size_t n = 0;
	int pid;

	if (!f) {
		return 0;
	}
	TAKE_FD(fd);
	while (n < PIDS_MAX && fscanf(f, "%d", &pid) == 1) {
		if (pid > 0) {
			pids[n++] = pid;
		}
	}
	fclose(f);
	return n;
}

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	const char *after;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_text(path, text, sizeof(text)) <= 0 || !(after = strrchr(text, ')')) ||
		sscanf(after + 1, " %*c %d", &parent) != 1) {
		return 0;
	}
	return parent;
}

static bool contains(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (pids[i] == pid) {
			return true;
		}
	}
	return false;
}

/* Has it all namespaces that the unit's processes have, and are they not ours? */
static bool is_inside(const struct enter *e, pid_t pid)
{
	static const struct {
		uint32_t plan;
		const char *file;
	} rows[] = { { PLAN_NS_USER, "user" }, { PLAN_NS_MOUNT, "mnt" }, { PLAN_NS_PID, "pid" },
		{ PLAN_NS_IPC, "ipc" }, { PLAN_NS_UTS, "uts" }, { PLAN_NS_NET, "net" },
		{ PLAN_NS_CGROUP, "cgroup" } };
	char path[64];
	struct stat own, other;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (!(e->namespaces & rows[i].plan)) {
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, rows[i].file);
		if (stat(path, &other) < 0) {
			return false;
		}
		snprintf(path, sizeof(path), "/proc/self/ns/%s", rows[i].file);
		if (stat(path, &own) < 0 || own.st_ino == other.st_ino) {
			return false;
		}
	}
	return true;
}

/* Opens it, then looks again: the number may be another process's by now. */
static bool take_target(struct enter *e, pid_t pid)
{
	AUTO_CLOSE int fd = sysx_pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	pid_t again[PIDS_MAX];

	if (fd < 0 || !contains(again, read_pids(e, again), pid) || !is_inside(e, pid) ||
		poll(&p, 1, 0) != 0) {
		return false;
	}
	e->target_fd = TAKE_FD(fd);
	e->target_pid = pid;
	return true;
}

static bool is_frozen(const struct enter *e)
{
	AUTO_CLOSE int fd = openat(e->cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[128] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "frozen 1");
}

int enter_find_target(struct ctl *c, struct enter *e)
{
	pid_t pids[PIDS_MAX];
	size_t n;

	e->root_fd = open(e->settings.cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e->cgroup_fd = open(e->cgroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	n = e->cgroup_fd < 0 ? 0 : read_pids(e, pids);
	if (n && is_frozen(e)) {
		ctl_error(c, "%s: is frozen, and so would be the command; supctl thaw %s", e->unit,
			e->unit);
		return EXIT_FAILED;
	}
	if (n == 0) {
		ctl_error(c, "%s: is not running (no process in %s)", e->unit, e->cgroup);
		return EXIT_NOT_RUNNING;
	}
	/* The one whose parent is outside: the main process, or the init of its PID namespace. */
	for (size_t i = 0; i < n; i++) {
		if (!contains(pids, n, parent_of(pids[i])) && take_target(e, pids[i])) {
			return EXIT_OK;
		}
	}
	ctl_error(c,
		"%s: none of its processes has the namespaces that its unit file gives it; if the "
		"file was changed, restart the unit",
		e->unit);
	return EXIT_FAILED;
}

/* ---- the launcher ---- */

/* A sealed copy: what is inside can never write to the host's file through /proc/PID/exe. */
static int copy_launcher(void)
{
	AUTO_FREE char *path = loadtool_find_program("supd-launch");
	AUTO_CLOSE int from = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	AUTO_CLOSE int to = memfd_create("supd-launch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char buf[65536];
	ssize_t n;

	if (!path || from < 0 || to < 0) {
		return path ? -errno : -ENOENT;
	}
	while ((n = read(from, buf, sizeof(buf))) > 0) {
		int r = fd_write_full(to, buf, (size_t)n);

		if (r < 0) {
			return r;
		}
	}
	if (n < 0 || fcntl(to, F_ADD_SEALS,
			     F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
		return -errno;
	}
	return TAKE_FD(to);
}

static __attribute__((noreturn)) void become_launcher(
	const struct enter *e, int program, int sock, int slave)
{
	char name[] = "supd-launch";
	char *const argv[] = { name, NULL };
	char *const envp[] = { NULL };
	sigset_t none;

	for (int i = 0; slave >= 0 && i < 3; i++) {
		if (e->tty[i]) {
			dup2(slave, i);
		}
	}
	sock = fcntl(sock, F_DUPFD_CLOEXEC, 16);
	program = fcntl(program, F_DUPFD_CLOEXEC, 16);
	dup2(sock, LAUNCH_FD);
	for (int fd = LAUNCH_FD + 1; fd < 64; fd++) {
		if (fd != program) {
			close(fd);
		}
	}
	sysx_close_range(64, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") == 0) {
		sysx_execveat(program, "", argv, envp, AT_EMPTY_PATH);
	}
	_exit(127);
}

/*
 * The launcher serves: asked with the end of a job socket it copies itself for that one job, and
 * ends when nobody asks any more. The copy is our child, too. Its pid, or -errno.
 */
static pid_t ask_launcher(int warm, int job)
{
	struct launch_more more = { .magic = LAUNCH_MAGIC };
	ssize_t n;
	int r = fd_send(warm, &more, sizeof(more), &job, 1, 0);

	if (r < 0) {
		return r;
	}
	n = fd_recv(warm, &more, sizeof(more), NULL, NULL, 0);
	return n == sizeof(more) ? more.pid : n < 0 ? (pid_t)n : -EPIPE;
}

static int send_job(const struct enter *e, int sock)
{
	const int fds[] = { e->plans_fd, e->root_fd, e->cgroup_fd, e->target_fd };
	struct launch_job job = {
		.magic = LAUNCH_MAGIC,
		.n_fds = ELEMENTSOF(fds),
		.fds = { .magic = LAUNCH_MAGIC,
			.n = ELEMENTSOF(fds),
			.tags = { LAUNCH_TAG_PLANS, LAUNCH_TAG_CGROUP_ROOT, LAUNCH_TAG_CGROUP,
				LAUNCH_TAG_TARGET } },
	};

	return fd_send(sock, &job, sizeof(job), fds, ELEMENTSOF(fds), 0);
}

/* The next report, or -EINTR when supctl is asked to end: a unit that is frozen answers nothing. */
static ssize_t next_report(struct enter_relay *relay, int sock, struct launch_report *ret)
{
	for (;;) {
		struct pollfd p[] = { { .fd = sock, .events = POLLIN },
			{ .fd = relay->signals, .events = POLLIN } };

		if (poll(p, ELEMENTSOF(p), -1) < 0 && errno != EINTR) {
			return -errno;
		}
		if (p[0].revents) {
			return fd_recv(sock, ret, sizeof(*ret), NULL, NULL, 0);
		}
		if (p[1].revents && enter_relay_is_asked(relay)) {
			return -EINTR;
		}
	}
}

/*
 * Reads the reports until exec or failure. The child's pid; if there is none, or it has failed, 0
 * or its pid below it, after having said why.
 */
static pid_t follow_start(
	struct ctl *c, const struct enter *e, int sock, struct enter_relay *relay, pid_t launcher)
{
	struct launch_report report;
	const char *step;
	bool ready = false;
	pid_t child = 0;
	ssize_t n;

	while ((n = next_report(relay, sock, &report)) == sizeof(report)) {
		if (report.type == LAUNCH_CHILD) {
			child = report.value;
		}
		ready = report.type == LAUNCH_EXEC_NOW || (ready && report.type != LAUNCH_FAILED);
		if (report.type != LAUNCH_FAILED) {
			continue;
		}
		step = launch_step_to_string((enum launch_step)report.step);
		report.text[sizeof(report.text) - 1] = '\0';
		ctl_error(c, "%s: %s: %s: %s", e->unit, step ? step : "?", report.text,
			strerror(report.value));
		return -child;
	}
	if (n == -EINTR) {
		ctl_error(c, "%s: the command was given up before it ran", e->unit);
		kill(launcher, SIGKILL);
		if (child > 0) {
			kill(child, SIGKILL);
		}
		return -child;
	}
	if (!ready) {
		ctl_error(c, "%s: the launcher ended without a word", e->unit);
		return -child;
	}
	return child;
}

/* ---- until it ends ---- */

static int wait_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0) {
		if (errno != EINTR) {
			return EXIT_FAILED;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int complain(struct ctl *c, const struct enter *e, const char *what, int error)
{
	ctl_error(c, "%s: %s: %s", e->unit, what, strerror(-error));
	return EXIT_FAILED;
}

int enter_run(struct ctl *c, struct enter *e)
{
	AUTO(enter_relay_fini) struct enter_relay relay = ENTER_RELAY_NONE;
	AUTO_CLOSE int program = copy_launcher();
	AUTO_CLOSE int slave = -1;
	int sockets[2], jobs[2], r = program < 0 ? program : 0;
	pid_t warm, launcher, child;

	if (r < 0) {
		return complain(c, e, "supd-launch", r);
	}
	r = enter_has_tty(e) ? enter_relay_open(&relay, e->tty, &slave) : 0;
	if (r < 0) {
		return complain(c, e, "terminal", r);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
		return complain(c, e, "socket", -errno);
	}
	AUTO_CLOSE int ours = sockets[0];
	AUTO_CLOSE int theirs = sockets[1];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, jobs) < 0) {
		return complain(c, e, "socket", -errno);
	}
	AUTO_CLOSE int job = jobs[0];
	AUTO_CLOSE int job_theirs = jobs[1];

	fflush(c->out);
	r = enter_relay_catch(&relay);
	if (r < 0) {
		return complain(c, e, "signals", r);
	}
	warm = fork();
	if (warm == 0) {
		become_launcher(e, program, theirs, slave);
	}
	if (warm < 0) {
		return complain(c, e, "fork", -errno);
	}
	close(TAKE_FD(theirs));
	if (slave >= 0) {
		close(TAKE_FD(slave));
	}
	launcher = ask_launcher(ours, job_theirs);
	close(TAKE_FD(ours));
	close(TAKE_FD(job_theirs));
	r = launcher < 0 ? launcher : send_job(e, job);
	child = r < 0 ? 0 : follow_start(c, e, job, &relay, launcher);
	if (launcher > 0) {
		wait_child(launcher);
	}
	wait_child(warm);
	if (child <= 0) {
		if (child < 0) {
			wait_child(-child);
		}
		return r < 0 ? complain(c, e, "supd-launch", r) : EXIT_FAILED;
	}
	enter_relay_run(&relay, child);
	return wait_child(child);
}
