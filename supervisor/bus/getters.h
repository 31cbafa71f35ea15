// SPDX-License-Identifier: MIT
/* The shape of a property getter of sd-bus, once. */
#pragma once

#include <systemd/sd-bus.h>

#define GETTER(name_)                                                                              \
	static int name_(sd_bus *bus, const char *path, const char *interface,                     \
		const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)

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
