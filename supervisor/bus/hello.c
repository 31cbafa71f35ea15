// SPDX-License-Identifier: MIT
/* What clients ask of a bus daemon although there is none, and the log level object. */
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static int method_hello(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)userdata;
	(void)error;
	return sd_bus_reply_method_return(m, "s", ":1.1");
}

const sd_bus_vtable bus_vtable_dbus[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Hello", "", "s", method_hello, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

GETTER(get_log)
{
	static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice",
		"info", "debug" };
	struct bus_server *b = userdata;
	uint32_t level = b->shell->hello.log_level;

	GETTER_PROLOGUE;
	if (property[0] == 'S') {
		return sd_bus_message_append(reply, "s", "supd");
	}
	if (property[3] == 'T') {
		return sd_bus_message_append(reply, "s", "journal");
	}
	return sd_bus_message_append(reply, "s", level < 8 ? levels[level] : "info");
}

const sd_bus_vtable bus_vtable_log_control[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LogLevel", "s", get_log, 0, 0),
	SD_BUS_PROPERTY("LogTarget", "s", get_log, 0, 0),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_log, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};
