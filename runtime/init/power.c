// SPDX-License-Identifier: MIT
#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "helper.h"
#include "notify.h"
#include "resources.h"
#include "setup.h"
#include "supdproc.h"
#include "util.h"

#define STOP_WITHIN_US  (300 * USEC_PER_SEC)
#define FINAL_WITHIN_US (5 * USEC_PER_SEC)
#define REMOVE_ROUNDS   512 /* of cgroup_remove() per unit */

static const int reboot_commands[WIRE_POWER_COUNT] = {
	[WIRE_POWER_POWEROFF] = RB_POWER_OFF,
	[WIRE_POWER_REBOOT] = RB_AUTOBOOT,
	[WIRE_POWER_HALT] = RB_HALT_SYSTEM,
	[WIRE_POWER_KEXEC] = LINUX_REBOOT_CMD_KEXEC,
};

void power_environment(struct broker *b)
{
	const char *socket_path = getenv("NOTIFY_SOCKET");
	const char *watchdog = getenv("WATCHDOG_USEC");
	uint64_t us;

	if (socket_path && (socket_path[0] == '/' || socket_path[0] == '@')) {
		util_copy(b->notify_socket, sizeof(b->notify_socket), socket_path);
	}
	if (watchdog && number_parse_u64(watchdog, &us) == 0 && us > 0) {
		b->watchdog_us = us / 2;
		b->watchdog_at = now_us() + b->watchdog_us;
	}
}

static void notify_up(const struct broker *b, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(b->notify_socket);

	if (!n) {
		return;
	}
	memcpy(to.sun_path, b->notify_socket, n);
	if (to.sun_path[0] == '@') {
		to.sun_path[0] = 0;
	}
	sendto(b->journal_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		(struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

void power_ready(struct broker *b)
{
	if (!b->t->ready) {
		b->t->ready = true;
		notify_up(b, "READY=1");
	}
}

static void send_status(const struct broker *b)
{
	static const char *const names[] = { " active, ", " starting, ", " failed, ",
		" jobs queued" };
	char text[160] = "STATUS=";
	size_t at = strlen(text);

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		at += number_format_u64(text + at, b->counts[i]);
		util_copy(text + at, sizeof(text) - at, names[i]);
		at += strlen(names[i]);
	}
	notify_up(b, text);
}

void power_report(struct broker *b, uint64_t now)
{
	if (b->status_dirty) {
		b->status_dirty = false;
		send_status(b);
	}
	if (b->watchdog_us && now >= b->watchdog_at) {
		b->watchdog_at = now + b->watchdog_us;
		notify_up(b, "WATCHDOG=1");
	}
}

static void go_final(struct broker *b, uint32_t power, uint32_t status)
{
	b->phase = PHASE_FINAL;
	b->final_power = power;
	b->exit_status = status & 0xff;
}

int power_request(struct broker *b, uint32_t power, uint32_t status)
{
	switch ((enum wire_power)power) {
	case WIRE_POWER_RESTART_SUPD:
		supdproc_stop(b);
		return 0;
	case WIRE_POWER_REEXEC:
		b->reexec = true;
		return 0;
	case WIRE_POWER_EXIT:
	case WIRE_POWER_EXIT_LEAVE:
		if (b->machine) {
			return -EPERM; /* PID 1 of a machine does not leave */
		}
		go_final(b, power, status);
		return 0;
	case WIRE_POWER_POWEROFF:
	case WIRE_POWER_REBOOT:
	case WIRE_POWER_HALT:
	case WIRE_POWER_KEXEC:
		go_final(b, b->machine ? power : WIRE_POWER_EXIT, status);
		return 0;
	case WIRE_POWER_COUNT:
		break;
	}
	return -EBADMSG;
}

void power_stop(struct broker *b, int signo)
{
	uint32_t machine = signo == SIGINT ? WIRE_POWER_REBOOT : WIRE_POWER_POWEROFF;

	if (b->phase != PHASE_RUN) {
		return;
	}
	b->phase = PHASE_STOPPING;
	b->stop_deadline = now_us() + STOP_WITHIN_US;
	b->supd.stop = (struct wire_stop) { .power = b->machine ? machine : WIRE_POWER_EXIT };
	b->supd.stop_dirty = true;
	if (!b->supd.helper.pid) {
		b->supd.helper.restart_at = now_us();
	}
	notify_up(b, "STOPPING=1");
}

void power_tick(struct broker *b, uint64_t now)
{
	if (b->phase == PHASE_STOPPING && now >= b->stop_deadline) {
		util_say("supd did not stop the services in time", NULL, 0);
		go_final(b, b->supd.stop.power, 1);
	}
}

void power_deadline(const struct broker *b, uint64_t *at)
{
	util_sooner(at, b->phase == PHASE_STOPPING ? b->stop_deadline : 0);
	util_sooner(at, b->watchdog_us ? b->watchdog_at : 0);
}

/* Waits for children until none is left or the time is over; 10 ms steps. */
static void reap_until(uint64_t deadline)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0 && now_us() < deadline) {
		if (pid == 0) {
			nanosleep(&step, NULL);
		}
	}
}

static void remove_slots(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state != SLOT_USED) {
			continue;
		}
		notify_drop(b, n);
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
}

static void leave_cgroup(struct broker *b)
{
	if (b->t->home_cgroup_fd >= 0 &&
		cgroup_write(b->t->home_cgroup_fd, ".", "cgroup.procs", "0") == 0) {
		/* the launcher may have made one below */
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
	if (b->machine) {
		kill(-1, SIGKILL);
	}
}

int power_final(struct broker *b)
{
	bool leave = b->final_power == WIRE_POWER_EXIT_LEAVE;

	supdproc_stop(b);
	warm_stop(b);
	util_close(&b->log.fd); /* supd-log drains and ends */
	if (b->load.pid) {
		kill(b->load.pid, SIGKILL);
	}
	if (leave) {
		helper_stop(&b->log.helper, SIGTERM, true, now_us());
		return (int)b->exit_status;
	}
	kill_services(b);
	reap_until(now_us() + FINAL_WITHIN_US);
	helper_stop(&b->supd.helper, SIGKILL, true, now_us());
	helper_stop(&b->log.helper, SIGKILL, true, now_us());
	reap_until(now_us() + USEC_PER_SEC);
	remove_slots(b);
	leave_cgroup(b);
	unlinkat(b->runtime_fd, "control", 0);
	unlinkat(b->runtime_fd, "log/stdout", 0);
	unlinkat(b->runtime_fd, "log/native", 0);
	unlinkat(b->runtime_fd, "init/table", 0);
	sync();
	if (b->machine && reboot_commands[b->final_power]) {
		reboot(reboot_commands[b->final_power]);
	}
	return (int)b->exit_status;
}
