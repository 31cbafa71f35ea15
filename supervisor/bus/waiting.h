// SPDX-License-Identifier: MIT
/* Calls about a unit that are answered later than they come: a list of them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct bus_server;
struct unit;

struct bus_waiting {
	struct bus_waiting *next;
	sd_bus_message *message; /* a reference */
	uint32_t unit;
	uint32_t what; /* the caller's word for what is waited for */
};

/* Keeps m until it is answered: 1, for the method to return; -ENOMEM. */
int bus_waiting_add(struct bus_waiting **list, sd_bus_message *m, uint32_t unit, uint32_t what);
/* Tries all: answer() says whether it has answered, and the call is forgotten then. */
void bus_waiting_flush(struct bus_waiting **list, struct bus_server *b,
	bool (*answer)(struct bus_server *b, const struct bus_waiting *w));
/* Forgets those of one connection, unanswered; NULL: all. */
void bus_waiting_drop(struct bus_waiting **list, sd_bus *bus);
