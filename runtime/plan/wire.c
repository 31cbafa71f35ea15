// SPDX-License-Identifier: MIT
#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "unitenum.h"

#define SIGNAL_MAX 64

_Static_assert(sizeof(struct wire_log) <= 4096, "a record is one PIPE_BUF write");

static const size_t event_sizes[WIRE_EVENT_COUNT] = {
	[WIRE_EV_HELLO] = sizeof(struct wire_hello),
	[WIRE_EV_LOADED] = sizeof(struct wire_loaded),
	[WIRE_EV_SLOT] = sizeof(struct wire_slot),
	[WIRE_EV_PROC] = sizeof(struct wire_proc),
	[WIRE_EV_REFUSED] = sizeof(struct wire_refused),
	[WIRE_EV_PARK] = sizeof(struct wire_park),
	[WIRE_EV_BUS] = sizeof(struct wire_bus),
	[WIRE_EV_STOP] = sizeof(struct wire_stop),
	[WIRE_EV_START] = sizeof(struct wire_start),
};

size_t wire_event_size(uint32_t type)
{
	return offsetof(struct wire_event, hello) +
	       (type < WIRE_EVENT_COUNT ? event_sizes[type] : 0);
}

static bool params_are_valid(const struct wire_params *p)
{
	return (p->flags & ~(uint32_t)WIRE_RUN_FLAGS_ALL) == 0 &&
	       (p->watch_state & ~(uint32_t)WIRE_WATCH_ALL) == 0 &&
	       (p->discard & ~WIRE_DISCARD_ALL) == 0 && p->service_result < SERVICE_RESULT_COUNT &&
	       p->exit_code <= 6 && p->exit_status <= 255;
}

static bool cause_is_valid(const struct wire_cause *c)
{
	return c->trigger_line <= LIMIT_WATCHES && c->monitor_result < SERVICE_RESULT_COUNT &&
	       c->monitor_code <= 6 && c->monitor_instance <= LIMIT_CONNECTIONS;
}

static bool slot_is_valid(const struct wire_request *q)
{
	return q->slot < LIMIT_SLOTS;
}

static bool signal_is_valid(const struct wire_request *q)
{
	return slot_is_valid(q) && q->kind < WIRE_TARGET_COUNT && q->number >= 1 &&
	       q->number <= SIGNAL_MAX;
}

static bool main_is_valid(const struct wire_request *q)
{
	return slot_is_valid(q) && q->number > 1;
}

static bool forget_is_valid(const struct wire_request *q)
{
	return slot_is_valid(q) && q->kind < ENTRY_KIND_COUNT;
}

static bool note_is_valid(const struct wire_request *q)
{
	return q->slot < LIMIT_SLOTS || q->slot == WIRE_SLOT_NONE;
}

static bool park_is_valid(const struct wire_request *q)
{
	return slot_is_valid(q) && q->entry < LIMIT_FDSTORE_PER_UNIT;
}

static bool power_is_valid(const struct wire_request *q)
{
	return q->kind < WIRE_POWER_COUNT && (q->number == 0 || q->number == 1);
}

static bool waiting_is_valid(const struct wire_request *q)
{
	return q->kind < WIRE_WAIT_COUNT && q->number >= 0;
}

static bool always_valid(const struct wire_request *q)
{
	return q != NULL;
}

static bool (*const checks[WIRE_REQUEST_COUNT])(const struct wire_request *) = {
	[WIRE_RUN] = always_valid, /* catalogue and entry are looked up, not ranged */
	[WIRE_MAIN] = main_is_valid,
	[WIRE_SIGNAL] = signal_is_valid,
	[WIRE_KILL_ALL] = slot_is_valid,
	[WIRE_FREEZE] = slot_is_valid,
	[WIRE_THAW] = slot_is_valid,
	[WIRE_FORGET] = forget_is_valid,
	[WIRE_RELEASE] = slot_is_valid,
	[WIRE_NOTE] = note_is_valid,
	[WIRE_LOAD] = always_valid,
	[WIRE_DROP] = always_valid,
	[WIRE_LIST] = always_valid,
	[WIRE_PONG] = always_valid,
	[WIRE_STORE_NEW] = slot_is_valid,
	[WIRE_STORE_DROP] = park_is_valid,
	[WIRE_POWER] = power_is_valid,
	[WIRE_WATCH] = slot_is_valid,
	[WIRE_REACHED] = always_valid, /* looked up */
	[WIRE_WAITING] = waiting_is_valid,
	[WIRE_STATUS] = always_valid,
	[WIRE_BUS] = always_valid,
};

static bool instance_is_valid(const struct wire_request *q)
{
	return q->instance == 0 ||
	       (q->instance <= LIMIT_CONNECTIONS && (q->type == WIRE_RUN || q->type == WIRE_NOTE));
}

static int log_check(const void *data, size_t size)
{
	const struct wire_log *log = data;

	if (size < offsetof(struct wire_log, data) || log->size > WIRE_LOG_MAX ||
		size != offsetof(struct wire_log, data) + log->size) {
		return -EBADMSG;
	}
	if ((uint32_t)log->text_at + log->text_size > log->size || log->priority > 7) {
		return -EBADMSG;
	}
	return 0;
}

int wire_request_check(const void *data, size_t size)
{
	const struct wire_request *q = data;
	uint32_t type;

	if (size < sizeof(type)) {
		return -EBADMSG;
	}
	memcpy(&type, data, sizeof(type));
	if (type == WIRE_LOG) {
		return log_check(data, size);
	}
	if (type >= WIRE_REQUEST_COUNT || !checks[type] || size != sizeof(*q)) {
		return -EBADMSG;
	}
	if (q->note_size > LIMIT_NOTE || !instance_is_valid(q) || !params_are_valid(&q->params) ||
		!cause_is_valid(&q->cause)) {
		return -EBADMSG;
	}
	return checks[type](q) ? 0 : -EBADMSG;
}
