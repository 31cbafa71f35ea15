// SPDX-License-Identifier: MIT
/* Timers in the manifest: numbers only; supd computes from them when they are due. */
#include <errno.h>

#include "../runtime/base/arenafmt.h"
#include "compile.h"

static int add_value(
	struct compile_unit *cu, const struct unit_timer_value *from, struct manifest_timer *timer)
{
	struct manifest_timer_value *to =
		compile_array_push(cu->c->arena, &timer->values, sizeof(*to));
	char text[CALENDAR_TEXT];
	struct calendar c;

	if (!to) {
		return -ENOMEM;
	}
	*to = (struct manifest_timer_value) { .base = from->base, .value_us = from->value_us };
	if (!from->calendar) {
		return 0;
	}
	to->calendar.data = from->calendar;
	to->calendar.n = (uint32_t)calendar_packed_size(from->calendar);
	if (calendar_unpack(to->calendar.data, to->calendar.n, &c) < 0) {
		return -EBADMSG;
	}
	calendar_format(&c, text);
	to->text = arena_strdup(cu->c->arena, text);
	return to->text ? 0 : -ENOMEM;
}

int compile_timer(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_timer *t = cu->unit->timer;
	const struct unit_timer_value *values = t ? t->values.items : NULL;
	struct manifest_timer *to;
	int r = 0;

	if (!t) {
		return 0;
	}
	to = compile_array_push(cu->c->arena, &m->timer, sizeof(*to));
	if (!to) {
		return -ENOMEM;
	}
	*to = (struct manifest_timer) { .flags = t->flags,
		.accuracy_us = t->accuracy_us ? t->accuracy_us : 1,
		.random_delay_us = t->random_delay_us };
	for (size_t i = 0; r == 0 && i < t->values.n; i++) {
		r = add_value(cu, &values[i], to);
	}
	return r;
}
