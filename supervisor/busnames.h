// SPDX-License-Identifier: MIT
/*
 * Type=dbus: who owns which name on the system bus. supd may not connect to anything, so it asks
 * supd-init (WIRE_BUS), whose child connects as supd's user. A name counts when its owner is a
 * process of the unit's own cgroup. While the bus is away, nothing is known and nothing is said: a
 * starting unit waits for its timeout, a running one goes on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "../runtime/base/timeutil.h"

struct shell;
struct busname;

struct busnames {
	struct shell *shell;
	sd_bus *bus; /* NULL: not connected */
	sd_event_source *retry;
	bool asked; /* WIRE_BUS is under way */
	usec_t delay_us;
	struct busname **items; /* one per live unit with BusName= */
	uint32_t n;
	uint32_t cap;
};

void busnames_init(struct busnames *b, struct shell *shell);
void busnames_fini(struct busnames *b);
/* The unit's state has changed: its name is watched while it is not down. -errno. */
int busnames_unit(struct busnames *b, uint32_t unit);
/* After adoption: all units. */
void busnames_adopt(struct busnames *b);
/* Answer to WIRE_BUS: error 0 and the connection, which is taken over, or a positive errno. */
int busnames_connected(struct busnames *b, int error, int fd);
