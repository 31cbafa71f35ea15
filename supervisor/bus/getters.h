// SPDX-License-Identifier: MIT
/* The shape of a property getter of sd-bus, once. */
#pragma once

#include <systemd/sd-bus.h>

#define GETTER_SHARED(name_)                                                                       \
	int name_(sd_bus *bus, const char *path, const char *interface, const char *property,      \
		sd_bus_message *reply, void *userdata, sd_bus_error *error)
#define GETTER(name_) static GETTER_SHARED(name_)

/* Result of a socket, path, automount, mount or swap: trigger.c. */
GETTER_SHARED(bus_get_result);

/* First line of each getter: it needs property, reply and userdata at most. */
#define GETTER_PROLOGUE                                                                            \
	do {                                                                                       \
		(void)bus;                                                                         \
		(void)path;                                                                        \
		(void)interface;                                                                   \
		(void)property;                                                                    \
		(void)userdata;                                                                    \
		(void)error;                                                                       \
	} while (0)
