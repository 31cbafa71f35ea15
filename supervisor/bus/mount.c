// SPDX-License-Identifier: MIT
/* org.freedesktop.systemd1.Mount and .Swap. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const struct manifest_mount *mount_of(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->mount.n ? def->mount.items : NULL;
}

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "What", offsetof(struct manifest_mount, what) },
	{ "Where", offsetof(struct manifest_mount, where) },
	{ "Type", offsetof(struct manifest_mount, fs_type) },
	{ "Options", offsetof(struct manifest_mount, options) },
};

GETTER(get_text)
{
	const struct manifest_mount *m = mount_of(userdata);
	const char *text = NULL;

	GETTER_PROLOGUE;
	for (size_t i = 0; m && i < ELEMENTSOF(texts); i++) {
		if (strcmp(texts[i].name, property) == 0) {
			memcpy(&text, (const char *)m + texts[i].offset, sizeof(text));
		}
	}
	return bus_append_text(reply, text ? text : "");
}

/* The command that works on it. */
GETTER(get_pid)
{
	const struct bus_unit_ref *ref = userdata;
	const struct service *s = ref->unit && ref->unit->is_service ? &ref->unit->service : NULL;
	int32_t pid = s ? s->places[ENTRY_CONTROL].pid : 0;

	GETTER_PROLOGUE;
	pid = s && pid <= 0 ? s->places[ENTRY_MAIN].pid : pid;
	return sd_bus_message_append(reply, "u", (uint32_t)(pid > 0 ? pid : 0));
}

GETTER(get_timeout)
{
	const struct bus_unit_ref *ref = userdata;
	const struct service *s = ref->unit && ref->unit->is_service ? &ref->unit->service : NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(
		reply, "t", s ? s->def.service->timeout_start_us : USEC_INFINITY);
}

const char *const bus_mount_changing[] = { "ControlPID", "Result", NULL };

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable bus_vtable_mount[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("What", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Where", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Type", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Options", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("TimeoutUSec", "t", get_timeout, 0, 0),
	SD_BUS_PROPERTY("ControlPID", "u", get_pid, 0, CHANGES),
	SD_BUS_PROPERTY("Result", "s", bus_get_result, 0, CHANGES),
	SD_BUS_VTABLE_END,
};

const sd_bus_vtable bus_vtable_swap[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("What", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Options", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("TimeoutUSec", "t", get_timeout, 0, 0),
	SD_BUS_PROPERTY("ControlPID", "u", get_pid, 0, CHANGES),
	SD_BUS_PROPERTY("Result", "s", bus_get_result, 0, CHANGES),
	SD_BUS_VTABLE_END,
};
