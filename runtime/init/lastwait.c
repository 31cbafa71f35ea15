// SPDX-License-Identifier: MIT
#include "lastwait.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/limits.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "final.h"
#include "grace.h"
#include "sigtable.h"
#include "spawn.h"
#include "util.h"
#include "watchdog.h"

#define SYNC_WITHIN_US   (60 * USEC_PER_SEC)
#define SILENT_WITHIN_US (90 * USEC_PER_SEC) /* of supd-umount, which has a disk to come from */
/* Who hammers on the keys for a machine that hangs before does not mean the disks: it says so
 * first what it waits for. */
#define HURRY_AFTER_US (5 * USEC_PER_SEC)
#define NAMED_MAX      5
#define COMM_MAX       64

static void hear_signals(struct broker *b)
{
	struct signalfd_siginfo info;

	while (b->machine && read(b->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		sigtable_act_last(b, (int)info.ssi_signo);
	}
}

bool lastwait_reap(struct broker *b, pid_t wanted, uint64_t deadline, int *ret_status)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t fed = 0;
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(wanted, &status, WNOHANG | __WALL)) >= 0 && now_us() < deadline &&
		!b->hurry) {
		if (pid > 0 && pid == wanted) {
			break;
		}
		if (pid == 0) {
			nanosleep(&step, NULL);
		}
		if (now_us() > fed + USEC_PER_SEC) {
			fed = now_us();
			watchdog_feed(b);
		}
		hear_signals(b);
	}
	if (pid > 0 && pid == wanted && ret_status) {
		*ret_status = status;
	}
	return pid < 0 || (pid > 0 && pid == wanted);
}

void lastwait_sync(struct broker *b)
{
	pid_t pid = fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	if (pid < 0) {
		util_say("cannot have the disks written, the shutdown goes on", NULL, errno);
	} else if (!lastwait_reap(b, pid, now_us() + SYNC_WITHIN_US, NULL) && !b->hurry) {
		util_say("sync does not come to an end; the shutdown goes on", NULL, 0);
	}
}

/* Bytes have come since. */
static bool has_beaten(int fd)
{
	char bytes[64];
	bool some = false;

	while (read(fd, bytes, sizeof(bytes)) > 0) {
		some = true;
	}
	return some;
}

/*
 * Only supd-umount can tell a slow disk from a dead one, by what the kernel counts: it may take as
 * long as it says every second that it is there. It may itself not come off a dead disk.
 */
static bool wait_umount(struct broker *b, pid_t pid, int beat)
{
	struct grace silent;
	int status = 0;

	grace_begin(&silent, SILENT_WITHIN_US, now_us());
	b->hurry_from = silent.seen_us + HURRY_AFTER_US;
	while (!lastwait_reap(b, pid, now_us() + LIMIT_GRACE_SLICE_US, &status)) {
		uint64_t now = now_us();

		if (b->hurry) {
			return true;
		}
		if (has_beaten(beat)) {
			grace_begin(&silent, SILENT_WITHIN_US, now);
		}
		if (grace_is_over(&silent, now)) {
			util_say("does not answer; the shutdown goes on", "supd-umount", 0);
			kill(pid, SIGKILL);
			return false;
		}
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) {
		return true;
	}
	util_say("cannot be run, nothing is unmounted", "supd-umount", 0);
	return false;
}

static bool run_umount(struct broker *b)
{
	const char *const argv[] = { "supd-umount", "--beat", final_name(b->final_power), NULL };
	AUTO_CLOSE int beat = -1;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
		util_say("cannot make a pipe for", argv[0], errno);
		return false;
	}
	beat = pair[0];
	AUTO_CLOSE int theirs = pair[1];
	const struct spawn spawn = {
		.exe_fd = LOW_FD_UMOUNT, .argv = argv, .fds = &theirs, .n_fds = 1, .error_fd = -1
	};
	pid_t pid = spawn_start(&spawn);

	if (pid < 0) {
		util_say("cannot start", argv[0], -pid);
		return false;
	}
	return wait_umount(b, pid, beat);
}

/* Haste meant for processes is not meant for the disks; who says "at once" has them synced. */
void lastwait_disks(struct broker *b)
{
	bool gone = false;

	b->hurry = false;
	if (!b->immediate) {
		gone = run_umount(b);
	}
	if (b->immediate) {
		b->hurry = false;
		lastwait_sync(b);
	} else if (!gone && !b->hurry) {
		lastwait_sync(b);
	}
}

/* "NAME (PID)" of a process that is not the kernel's own; false: it is, or is gone. */
static bool name_process(const char *pid, const char *what)
{
	char path[64], comm[COMM_MAX], line[COMM_MAX + 32];
	char target[1];

	if (util_join(path, sizeof(path), (const char *const[4]) { "/proc/", pid, "/exe" }) < 0 ||
		readlink(path, target, sizeof(target)) < 0 ||
		util_join(path, sizeof(path), (const char *const[4]) { "/proc/", pid, "/comm" }) <
			0 ||
		fd_read_text(path, comm, sizeof(comm)) <= 0) {
		return false;
	}
	comm[strcspn(comm, "\n")] = 0;
	util_printable(comm, strlen(comm));
	if (util_join(line, sizeof(line), (const char *const[4]) { comm, " (", pid, ")" }) == 0) {
		util_say(what, line, 0);
	}
	return true;
}

/* Has it a terminal? The number of it is the fifth field behind the name, which is in brackets. */
static bool has_terminal(const char *pid)
{
	char path[64], text[512];
	const char *s;

	if (util_join(path, sizeof(path), (const char *const[4]) { "/proc/", pid, "/stat" }) < 0 ||
		fd_read_text(path, text, sizeof(text)) <= 0) {
		return false;
	}
	s = strrchr(text, ')');
	for (int i = 0; s && i < 5; i++) {
		s = strchr(s + 1, ' ');
	}
	return s && s[1] != '0' && s[1] != 0;
}

static bool hang_up(const char *pid, const char *what)
{
	uint32_t number;

	(void)what;
	if (number_parse_u32(pid, &number) == 0 && has_terminal(pid)) {
		kill((pid_t)number, SIGHUP);
	}
	return false;
}

/* act(pid, what) for each process but PID 1 and us, until NAMED_MAX were true. */
static void each_process(bool (*act)(const char *pid, const char *what), const char *what)
{
	AUTO_CLOSE int dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[4096] __attribute__((aligned(8)));
	unsigned named = 0;
	uint32_t pid;
	long n;

	while (dir >= 0 && named < NAMED_MAX && (n = sysx_getdents(dir, buf, sizeof(buf))) > 0) {
		const struct sysx_dirent *e;

		for (long at = 0; at < n && named < NAMED_MAX; at += e->reclen) {
			e = (const struct sysx_dirent *)(const void *)(buf + at);
			if (number_parse_u32(e->name, &pid) == 0 && pid != 1 &&
				pid != (uint32_t)getpid()) {
				named += act(e->name, what);
			}
		}
	}
}

void lastwait_name(const char *what)
{
	pid_t pid = fork();

	if (pid == 0) {
		each_process(name_process, what);
		_exit(0);
	}
}

void lastwait_hang_up(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		each_process(hang_up, NULL);
		_exit(0);
	}
}
