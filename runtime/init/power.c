// SPDX-License-Identifier: MIT
#include "power.h"

#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "final.h"
#include "resources.h"
#include "supdproc.h"
#include "uplink.h"
#include "util.h"

#define STALLED_US     (300 * USEC_PER_SEC)  /* without a move of supd */
#define STOP_MAX_US    (1800 * USEC_PER_SEC) /* in all */
#define SHOW_AFTER     (5 * USEC_PER_SEC)
#define SHOW_EVERY     (5 * USEC_PER_SEC)
#define SHOWN_AT_ONCE  4
#define STOOD_STILL_US (3 * SHOW_EVERY) /* no turn for so long, though one was due sooner */

/* The host learns where the boot's time went: CLOCK_MONOTONIC, so since the kernel's start. */
static void tell_times(struct broker *b)
{
	const struct wire_times *t = &b->t->times;
	const struct {
		const char *name;
		uint64_t at_us;
	} rows[] = {
		{ "X_SUPD_USERSPACE_USEC", t->userspace_us },
		{ "X_SUPD_INIT_USEC", b->t->started_us },
		{ "X_SUPD_LOADED_USEC", t->load_end_us },
		{ "X_SUPD_READY_USEC", t->ready_us },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char text[21];

		number_format_u64(text, rows[i].at_us);
		uplink_send_value(b, rows[i].name, text);
	}
}

void power_adopted(struct broker *b)
{
	if (b->t->ready) {
		uplink_send(b, "READY=1");
	}
}

void power_ready(struct broker *b)
{
	if (!b->t->ready) {
		b->t->ready = true;
		b->t->times.ready_us = now_us();
		uplink_send(b, "READY=1");
		if (b->machine) {
			tell_times(b);
		}
	}
}

static void go_final(struct broker *b, uint32_t power, uint32_t status)
{
	b->phase = PHASE_FINAL;
	b->final_power = power;
	b->exit_status = status & 0xff;
}

/* Off PID 1 there is nothing but to exit; PID 1 of a machine cannot. */
static uint32_t possible(const struct broker *b, uint32_t power)
{
	if (!b->pid1) {
		return power == WIRE_POWER_EXIT_LEAVE ? power : WIRE_POWER_EXIT;
	}
	if (b->machine && power == WIRE_POWER_EXIT) {
		return WIRE_POWER_POWEROFF;
	}
	return !b->machine && power == WIRE_POWER_SOFT_REBOOT ? WIRE_POWER_REBOOT : power;
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
	case WIRE_POWER_EXIT_LEAVE:
		if (b->machine) {
			return -EPERM; /* PID 1 of a machine does not leave */
		}
		go_final(b, power, status);
		return 0;
	case WIRE_POWER_EXIT:
	case WIRE_POWER_POWEROFF:
	case WIRE_POWER_REBOOT:
	case WIRE_POWER_HALT:
	case WIRE_POWER_KEXEC:
	case WIRE_POWER_SOFT_REBOOT:
		go_final(b, possible(b, power), status);
		return 0;
	case WIRE_POWER_COUNT:
		break;
	}
	return -EBADMSG;
}

void power_now(struct broker *b, uint32_t power, bool immediate)
{
	b->immediate = immediate;
	go_final(b, possible(b, power), 0);
}

void power_begin(struct broker *b, uint32_t power, uint32_t status)
{
	if (b->phase == PHASE_FINAL) {
		return;
	}
	/* What everything is being stopped for stays what it is, as with systemd's jobs. */
	if (b->machine && b->phase == PHASE_STOPPING && b->supd.stop.power != possible(b, power)) {
		util_say("the machine is going down already", final_name(b->supd.stop.power), 0);
		return;
	}
	b->supd.stop = (struct wire_stop) { .power = possible(b, power), .status = status };
	b->supd.stop_dirty = true;
	if (b->phase == PHASE_STOPPING) {
		return;
	}
	b->phase = PHASE_STOPPING;
	b->stop_began = now_us();
	b->stop_deadline = b->stop_began + STALLED_US;
	b->show_at = b->stop_began + SHOW_AFTER;
	if (!b->supd.helper.pid) {
		b->supd.helper.restart_at = now_us();
	}
	uplink_send(b, "STOPPING=1");
}

bool power_ends_machine(const struct broker *b)
{
	return b->machine && b->phase != PHASE_RUN &&
	       b->supd.stop.power != WIRE_POWER_SOFT_REBOOT &&
	       b->final_power != WIRE_POWER_SOFT_REBOOT;
}

void power_moves(struct broker *b)
{
	if (b->phase == PHASE_STOPPING) {
		uint64_t end = b->stop_began + STOP_MAX_US;

		b->stop_deadline = now_us() + STALLED_US;
		b->stop_deadline = b->stop_deadline < end ? b->stop_deadline : end;
	}
}

void power_stops(struct broker *b, uint32_t slot)
{
	if (b->phase == PHASE_STOPPING && !b->stopping_since[slot]) {
		b->stopping_since[slot] = now_us();
	}
}

/* "NAME (12 s / 90 s)", "… and 3 more". */
static int waits_text(
	const struct wire_request *q, const char *name, uint64_t now, char *ret, size_t size)
{
	char took[21], limit[32], more[48];
	uint64_t until = q->cookie > q->run_id ? q->cookie - q->run_id : 0;

	number_format_u64(took, now > q->run_id ? (now - q->run_id) / USEC_PER_SEC : 0);
	number_format_u64(limit, until / USEC_PER_SEC);
	strcat(limit, " s");
	number_format_u64(more, (uint64_t)q->number);
	strcat(more, " more");

	char head[LIMIT_UNIT_NAME + 64], tail[96];
	int r = util_join(head, sizeof(head), (const char *const[4]) { name, " (", took, " s / " });

	r = r < 0 ? r
		  : util_join(tail, sizeof(tail),
			    (const char *const[4]) { until ? limit : "no limit", ")",
				    q->number ? ", and " : NULL, more });
	return r < 0 ? r : util_join(ret, size, (const char *const[4]) { head, tail });
}

void power_waits(struct broker *b, const struct wire_request *q, const char *name)
{
	static const char *const what[WIRE_WAIT_COUNT] = {
		[WIRE_WAIT_START] = "a start job is running for",
		[WIRE_WAIT_STOP] = "a stop job is running for",
		[WIRE_WAIT_RELOAD] = "a reload job is running for",
		[WIRE_WAIT_RESTART] = "a restart job is running for",
	};
	uint64_t now = now_us();
	char line[LIMIT_UNIT_NAME + 160];

	if (!b->pid1 || b->t->settings.show == SHOW_NOTHING) {
		return; /* there is no console of ours, or nothing is to be there */
	}
	if (now >= b->waits_from + SHOW_EVERY - USEC_PER_SEC) {
		b->waits_from = now;
		b->waits = 0;
	}
	if (b->waits++ < SHOWN_AT_ONCE && waits_text(q, name, now, line, sizeof(line)) == 0) {
		util_say(what[q->kind], line, 0);
	}
	b->show_at = b->phase == PHASE_STOPPING ? now + 2 * SHOW_EVERY : b->show_at;
}

/*
 * "a stop job is running for NAME (12 s)", of each that was told to end and lives: when supd does
 * not tell.
 */
static void show_waiting(struct broker *b, uint64_t now)
{
	uint32_t shown = b->t->settings.show == SHOW_NOTHING ? SHOWN_AT_ONCE : 0;

	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		const struct slot *s = &b->t->slots[n];
		uint64_t since = b->stopping_since[n];
		char seconds[21], line[LIMIT_UNIT_NAME + 40];

		if (s->state != SLOT_USED || !since || !resources_populated(s) ||
			shown++ >= SHOWN_AT_ONCE) {
			continue;
		}
		number_format_u64(seconds, (now - since) / USEC_PER_SEC);
		if (util_join(line, sizeof(line),
			    (const char *const[4]) { s->name, " (", seconds, " s)" }) == 0) {
			util_say("a stop job is running for", line, 0);
		}
	}
}

/* A machine that stood still meanwhile: nobody could move. */
static void put_off(struct broker *b, uint64_t now)
{
	uint64_t gone = b->stop_seen && now > b->stop_seen ? now - b->stop_seen : 0;

	if (gone > STOOD_STILL_US) {
		b->stop_began += gone;
		b->stop_deadline += gone;
	}
	b->stop_seen = now;
}

void power_tick(struct broker *b, uint64_t now)
{
	if (b->phase != PHASE_STOPPING) {
		return;
	}
	put_off(b, now);
	if (now >= b->stop_deadline) {
		util_say("supd did not stop the services in time", NULL, 0);
		go_final(b, b->supd.stop.power, 1);
	} else if (now >= b->show_at) {
		b->show_at = now + SHOW_EVERY;
		show_waiting(b, now);
	}
}

void power_deadline(const struct broker *b, uint64_t *at)
{
	util_sooner(at, b->phase == PHASE_STOPPING ? b->stop_deadline : 0);
	util_sooner(at, b->phase == PHASE_STOPPING ? b->show_at : 0);
	util_sooner(at, b->watchdog_us ? b->watchdog_at : 0);
}
