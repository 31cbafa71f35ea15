// SPDX-License-Identifier: MIT
#include "final.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "helper.h"
#include "lastwait.h"
#include "logs.h"
#include "logsend.h"
#include "notify.h"
#include "power.h"
#include "resources.h"
#include "setup.h"
#include "store.h"
#include "supdproc.h"
#include "uplink.h"
#include "util.h"
#include "warm.h"
#include "watchdog.h"

#define TERM_WITHIN_US  (10 * USEC_PER_SEC)
#define NAME_AFTER_US   (5 * USEC_PER_SEC)
#define DRAIN_WITHIN_US USEC_PER_SEC /* supd's last records */
#define KILL_WITHIN_US  (5 * USEC_PER_SEC)
#define CLOSE_WITHIN_US USEC_PER_SEC /* the last closes of descriptors */
#define REMOVE_ROUNDS   512          /* of cgroup_remove() per unit */

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

const char *final_name(uint32_t power)
{
	return power < WIRE_POWER_COUNT && actions[power].name ? actions[power].name : "exit";
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
		lastwait_reap(b, -1, now_us() + CLOSE_WITHIN_US, NULL);
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

static void wait_for_term(struct broker *b)
{
	uint64_t end = now_us() + TERM_WITHIN_US;

	if (!lastwait_reap(b, -1, end - TERM_WITHIN_US + NAME_AFTER_US, NULL) && !b->hurry) {
		lastwait_name("was asked to end and has not");
	}
	if (!lastwait_reap(b, -1, end, NULL) && !b->hurry) {
		util_say("some processes do not end: they are killed", NULL, 0);
	}
	b->hurry = b->immediate;
}

/* Whatever runs outside of every unit: asked first, as it may have files to write. */
static void end_everything(struct broker *b)
{
	if (b->machine) {
		kill(-1, SIGTERM);
		kill(-1, SIGCONT);
		lastwait_hang_up();
		wait_for_term(b);
	}
	kill_services(b);
	if (b->machine) {
		kill(-1, SIGKILL);
	}
	if (!lastwait_reap(b, -1, now_us() + KILL_WITHIN_US, NULL) && b->machine && !b->hurry) {
		lastwait_name("cannot be killed, is left behind");
	}
	b->hurry = b->immediate;
	helper_stop(&b->supd.helper, SIGKILL, true, now_us());
	helper_stop(&b->log.helper, SIGKILL, true, now_us());
	lastwait_reap(b, -1, now_us() + USEC_PER_SEC, NULL);
}

static void let_go_of_disks(struct broker *b)
{
	util_close(&b->idtable_fd); /* what is open for writing keeps the root writable */
	util_close(&b->stamps_fd);
	util_close(&b->log_dir_fd);
	lastwait_disks(b);
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
		lastwait_sync(b);
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
