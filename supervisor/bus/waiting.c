// SPDX-License-Identifier: MIT
#include "waiting.h"

#include <errno.h>
#include <stdlib.h>

int bus_waiting_add(struct bus_waiting **list, sd_bus_message *m, uint32_t unit, uint32_t what)
{
	struct bus_waiting *w = calloc(1, sizeof(*w));

	if (!w) {
		return -ENOMEM;
	}
	*w = (struct bus_waiting) { *list, sd_bus_message_ref(m), unit, what };
	*list = w;
	return 1;
}

static void drop(struct bus_waiting **at)
{
	struct bus_waiting *w = *at;

	*at = w->next;
	sd_bus_message_unref(w->message);
	free(w);
}

void bus_waiting_flush(struct bus_waiting **list, struct bus_server *b,
	bool (*answer)(struct bus_server *b, const struct bus_waiting *w))
{
	for (struct bus_waiting **at = list; *at;) {
		if (answer(b, *at)) {
			drop(at);
		} else {
			at = &(*at)->next;
		}
	}
}

void bus_waiting_drop(struct bus_waiting **list, sd_bus *bus)
{
	for (struct bus_waiting **at = list; *at;) {
		if (!bus || sd_bus_message_get_bus((*at)->message) == bus) {
			drop(at);
		} else {
			at = &(*at)->next;
		}
	}
}
