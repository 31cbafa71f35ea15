// SPDX-License-Identifier: MIT
#include "sigtable.h"

#include "../base/cleanup.h"
#include "../base/timeutil.h"
#include "catalog.h"
#include "power.h"
#include "util.h"

#define BURST        7
#define BURST_WITHIN (2 * USEC_PER_SEC)
#define RT(n)        (64 + (n)) /* SIGRTMIN is no constant: rows hold this */

/* What supd-init is here: one bit each, for the rows. */
enum where {
	DAEMON = 1 << 0,    /* off PID 1 */
	CONTAINER = 1 << 1, /* PID 1 of a namespace */
	MACHINE = 1 << 2,
	PID1 = CONTAINER | MACHINE,
};

struct row {
	int signo;
	unsigned where;
	void (*act)(struct broker *b, uint32_t number);
	uint32_t number; /* enum wire_power, or enum wire_target_unit */
};

static void act_stop(struct broker *b, uint32_t power)
{
	power_begin(b, power, 0);
}

static void act_now(struct broker *b, uint32_t power)
{
	power_now(b, power, true);
}

static void act_leave(struct broker *b, uint32_t power)
{
	power_request(b, power, 0);
}

static void act_start(struct broker *b, uint32_t target)
{
	if (b->phase == PHASE_RUN) {
		b->supd.start_dirty |= 1u << target;
	}
}

static bool is_burst(struct broker *b, uint64_t now)
{
	if (now - b->burst_from > BURST_WITHIN) {
		b->burst_from = now;
		b->burst = 0;
	}
	if (++b->burst < BURST) {
		return false;
	}
	b->burst = 0;
	return true;
}

/* Ctrl-Alt-Del: seven within two seconds do not wait for stop jobs. */
static void act_ctrl_alt_del(struct broker *b, uint32_t power)
{
	if (is_burst(b, now_us())) {
		util_say("Ctrl-Alt-Del seven times: the machine restarts at once", NULL, 0);
		power_now(b, power, false);
	} else {
		power_begin(b, power, 0);
	}
}

static void act_reload(struct broker *b, uint32_t number)
{
	(void)number;
	catalog_load(b, 0);
}

static void act_reexec(struct broker *b, uint32_t number)
{
	(void)number;
	b->reexec = true;
}

static void act_nothing(struct broker *b, uint32_t number)
{
	(void)b;
	(void)number;
}

static const struct row rows[] = {
	{ SIGTERM, DAEMON | CONTAINER, act_stop, WIRE_POWER_EXIT },
	{ SIGTERM, MACHINE, act_reexec, 0 },
	{ SIGINT, DAEMON | CONTAINER, act_stop, WIRE_POWER_EXIT },
	{ SIGINT, MACHINE, act_ctrl_alt_del, WIRE_POWER_REBOOT },
	{ SIGHUP, DAEMON | PID1, act_reload, 0 },
	{ SIGUSR1, DAEMON | CONTAINER, act_reexec, 0 },
	{ SIGUSR1, MACHINE, act_nothing, 0 }, /* systemd: connects to the bus again */
	{ SIGUSR2, DAEMON, act_leave, WIRE_POWER_EXIT_LEAVE },
	{ SIGUSR2, PID1, act_nothing, 0 }, /* systemd: logs its state */
	{ SIGPWR, PID1, act_start, WIRE_TARGET_SIGPWR },
	{ SIGWINCH, PID1, act_start, WIRE_TARGET_KBREQUEST },
	{ RT(0), PID1, act_start, WIRE_TARGET_DEFAULT },
	{ RT(1), PID1, act_start, WIRE_TARGET_RESCUE },
	{ RT(2), PID1, act_start, WIRE_TARGET_EMERGENCY },
	{ RT(3), PID1, act_stop, WIRE_POWER_HALT },
	{ RT(4), PID1, act_stop, WIRE_POWER_POWEROFF },
	{ RT(5), PID1, act_stop, WIRE_POWER_REBOOT },
	{ RT(6), PID1, act_stop, WIRE_POWER_KEXEC },
	{ RT(7), PID1, act_stop, WIRE_POWER_SOFT_REBOOT },
	{ RT(13), PID1, act_now, WIRE_POWER_HALT },
	{ RT(14), PID1, act_now, WIRE_POWER_POWEROFF },
	{ RT(15), PID1, act_now, WIRE_POWER_REBOOT },
	{ RT(16), PID1, act_now, WIRE_POWER_KEXEC },
	{ RT(24), PID1 | DAEMON, act_stop, WIRE_POWER_EXIT },
	{ RT(25), PID1 | DAEMON, act_reexec, 0 },
};

static int number_of(const struct row *row)
{
	return row->signo >= RT(0) ? SIGRTMIN + row->signo - RT(0) : row->signo;
}

void sigtable_mask(sigset_t *mask)
{
	sigaddset(mask, SIGCHLD);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		sigaddset(mask, number_of(&rows[i]));
	}
}

void sigtable_act(struct broker *b, int signo)
{
	unsigned here = b->machine ? MACHINE : b->pid1 ? CONTAINER : DAEMON;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (number_of(&rows[i]) == signo && rows[i].where & here) {
			rows[i].act(b, rows[i].number);
		}
	}
}

void sigtable_act_last(struct broker *b, int signo)
{
	uint64_t now = now_us();

	if (signo == SIGINT && now >= b->hurry_from && is_burst(b, now)) {
		util_say("Ctrl-Alt-Del seven times: nothing is waited for any longer", NULL, 0);
		b->hurry = true;
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (number_of(&rows[i]) == signo && rows[i].act == act_now) {
			act_now(b, rows[i].number);
			b->hurry = true;
		}
	}
}
