// SPDX-License-Identifier: MIT
#include "final.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "helper.h"
#include "logs.h"
#include "logsend.h"
#include "notify.h"
#include "power.h"
#include "resources.h"
#include "setup.h"
#include "spawn.h"
#include "store.h"
#include "supdproc.h"
#include "uplink.h"
#include "util.h"
#include "warm.h"
#include "watchdog.h"

#define TERM_WITHIN_US   (10 * USEC_PER_SEC)
#define DRAIN_WITHIN_US  USEC_PER_SEC /* supd's last records */
#define KILL_WITHIN_US   (5 * USEC_PER_SEC)
#define UMOUNT_WITHIN_US (90 * USEC_PER_SEC)
#define CLOSE_WITHIN_US  USEC_PER_SEC /* the last closes of descriptors */
#define SYNC_WITHIN_US   (60 * USEC_PER_SEC)
#define REMOVE_ROUNDS    512 /* of cgroup_remove() per unit */

static const struct {
	int command; /* of reboot(2); 0: supd-init exits */
	const char *name;
} actions[WIRE_POWER_COUNT] = {
	[WIRE_POWER_EXIT] = { 0, "exit" },
	[WIRE_POWER_EXIT_LEAVE] = { 0, "exit" },
	[WIRE_POWER_POWEROFF] = { RB_POWER_OFF, "poweroff" },
	[WIRE_POWER_REBOOT] = { RB_AUTOBOOT, "reboot" },
	[WIRE_POWER_HALT] = { RB_HALT_SYSTEM, "halt" },
	[WIRE_POWER_KEXEC] = { LINUX_REBOOT_CMD_KEXEC, "kexec" },
	[WIRE_POWER_SOFT_REBOOT] = { 0, "soft-reboot" },
};

/* Waits for a child (-1: all) until the time is over; 10 ms steps. True: it is gone. */
static bool reap_until(const struct broker *b, pid_t wanted, uint64_t deadline)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t fed = 0;
	pid_t pid;

	while ((pid = waitpid(wanted, NULL, WNOHANG | __WALL)) >= 0 && now_us() < deadline) {
		if (pid > 0 && pid == wanted) {
			return true;
		}
		if (pid == 0) {
			nanosleep(&step, NULL);
		}
		if (now_us() > fed + USEC_PER_SEC) {
			fed = now_us();
			watchdog_feed(b);
		}
	}
	return pid < 0;
}

static void remove_cgroup(struct broker *b, struct slot *s)
{
	for (int i = 0; s->cgroup_made && i < REMOVE_ROUNDS; i++) {
		if (cgroup_remove(b->cgroup_fd, s->cgroup, true) != -EAGAIN) {
			break;
		}
	}
	for (char *slash = strrchr(s->cgroup, '/'); slash && s->cgroup_made;
		slash = strrchr(s->cgroup, '/')) {
		*slash = 0;
		cgroup_remove(b->cgroup_fd, s->cgroup, false);
	}
}

/* What services have put into stores and sockets may be files, which keep a machine's disks busy.
 */
static void remove_slots(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->t->slots[n].state != SLOT_USED) {
			continue;
		}
		notify_drop(b, n);
		if (b->machine) {
			store_drop_all(b, n);
			logs_drop(b, n);
		}
		if (!power_ends_machine(b)) {
			remove_cgroup(b, &b->t->slots[n]);
		}
	}
	store_flush(b);
	if (b->machine) {
		reap_until(b, -1, now_us() + CLOSE_WITHIN_US);
	}
}

static void leave_cgroup(struct broker *b)
{
	cgroup_remove(b->cgroup_fd, LAUNCH_PROGRAMS_CGROUP, false);
	if (b->t->home_cgroup_fd >= 0 &&
		cgroup_write(b->t->home_cgroup_fd, ".", "cgroup.procs", "0") == 0) {
		cgroup_remove(b->cgroup_fd, setup_leaf(b), true);
	}
	if (b->t->root_made) {
		cgroup_remove(AT_FDCWD, b->t->cgroup_root, false);
	}
}

static void kill_services(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_USED && s->cgroup_made) {
			resources_kill(b, s);
		}
	}
}

/* Whatever runs outside of every unit: asked first, as it may have files to write. */
static void end_everything(struct broker *b)
{
	if (b->machine) {
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		if (!reap_until(b, -1, now_us() + TERM_WITHIN_US)) {
			util_say("some processes do not end: they are killed", NULL, 0);
		}
	}
	kill_services(b);
	if (b->machine) {
		kill(-1, SIGKILL);
	}
	if (!reap_until(b, -1, now_us() + KILL_WITHIN_US) && b->machine) {
		util_say("some processes cannot be killed; left behind", NULL, 0);
	}
	helper_stop(&b->supd.helper, SIGKILL, true, now_us());
	helper_stop(&b->log.helper, SIGKILL, true, now_us());
	reap_until(b, -1, now_us() + USEC_PER_SEC);
}

/* A child with a deadline: it may hang in the kernel for ever, the machine must not. */
static void run_limited(struct broker *b, const struct spawn *spawn, uint64_t within)
{
	pid_t pid = spawn_start(spawn);

	if (pid < 0) {
		util_say("cannot start", spawn->argv[0], -pid);
		return;
	}
	if (!reap_until(b, pid, now_us() + within)) {
		util_say("does not come to an end; the shutdown goes on", spawn->argv[0], 0);
		kill(pid, SIGKILL);
	}
}

static void sync_limited(struct broker *b)
{
	pid_t pid = fork();

	if (pid == 0) {
		sync();
		_exit(0);
	}
	if (pid > 0 && !reap_until(b, pid, now_us() + SYNC_WITHIN_US)) {
		util_say("sync does not come to an end; the shutdown goes on", NULL, 0);
	}
}

/*
 * A disk that answers nothing and one with a minute's worth of writing before it cannot be told
 * apart but by waiting, and reboot(2) takes from the second what it has not written: each step gets
 * its time, whatever became of the one before. Neither keeps the machine longer than their sum.
 */
static void let_go_of_disks(struct broker *b)
{
	const char *const argv[] = { "supd-umount", NULL };
	const struct spawn spawn = { .exe_fd = LOW_FD_UMOUNT, .argv = argv, .error_fd = -1 };

	util_close(&b->idtable_fd); /* what is open for writing keeps the root writable */
	util_close(&b->stamps_fd);
	util_close(&b->log_dir_fd);
	sync_limited(b);
	run_limited(b, &spawn, UMOUNT_WITHIN_US);
	sync_limited(b); /* waits for the unmounts that the kernel is still at, too */
}

static void tell_kernel(struct broker *b)
{
	int command = actions[b->final_power].command;

	if (!command) {
		return;
	}
	if (b->machine) {
		util_say("the kernel does it", actions[b->final_power].name, 0);
	}
	if (b->final_power == WIRE_POWER_KEXEC && reboot(command) < 0) {
		util_say("no kernel is loaded for kexec: reboot", NULL, errno);
		command = RB_AUTOBOOT;
	}
	reboot(command);
}

static void start_again(struct broker *b)
{
	char *argv[] = { "supd-boot", "--again", NULL };

	execv(LIBEXECDIR "/supd-boot", argv);
	util_say("cannot execute", LIBEXECDIR "/supd-boot", errno);
	execv(b->exe, b->argv);
	util_say("cannot execute", b->exe, errno);
}

static void tell_exit(struct broker *b)
{
	char status[21];

	number_format_u64(status, b->exit_status);
	uplink_send_value(b, "X_SYSTEMD_SHUTDOWN", actions[b->final_power].name);
	uplink_send_value(b, "EXIT_STATUS", status);
}

/* A machine does not come back from here. */
static void end_machine(struct broker *b)
{
	if (b->final_power == WIRE_POWER_SOFT_REBOOT) {
		start_again(b);
	}
	let_go_of_disks(b);
	tell_kernel(b);
	reboot(RB_AUTOBOOT); /* not even kexec's absence may end PID 1 */
	for (;;) {
		pause();
	}
}

static void unlink_sockets(struct broker *b)
{
	static const char *const names[] = { "control", "log/stdout", "log/native", "init/table" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		unlinkat(b->runtime_fd, names[i], 0);
	}
}

int final_run(struct broker *b)
{
	tell_exit(b);
	watchdog_shutdown(b);
	if (b->machine && b->immediate) {
		sync_limited(b);
		tell_kernel(b);
	}
	supdproc_stop(b);
	warm_stop(b);
	logsend_drain(b, DRAIN_WITHIN_US);
	util_close(&b->log.fd); /* supd-log drains and ends */
	if (b->load.pid) {
		kill(b->load.pid, SIGKILL);
	}
	if (b->final_power == WIRE_POWER_EXIT_LEAVE) {
		helper_stop(&b->log.helper, SIGTERM, true, now_us());
		return (int)b->exit_status;
	}
	end_everything(b);
	remove_slots(b);
	if (b->machine) {
		end_machine(b);
	}
	leave_cgroup(b);
	unlink_sockets(b);
	sync();
	if (b->pid1) {
		tell_kernel(b); /* a container: its runtime sees how, where it may */
	}
	return (int)b->exit_status;
}
