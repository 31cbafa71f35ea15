// SPDX-License-Identifier: MIT
/* org.freedesktop.systemd1.Automount. Its place follows from its name. */
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const struct manifest_path *path_of(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->path.n ? def->path.items : NULL;
}

GETTER(get_where)
{
	const struct bus_unit_ref *ref = userdata;
	char name[LIMIT_UNIT_NAME], where[LIMIT_UNIT_NAME + 1];

	GETTER_PROLOGUE;
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(ref->name) - strlen(".automount")),
		ref->name);
	return bus_append_text(
		reply, unit_name_unescape_path(name, where, sizeof(where)) < 0 ? "" : where);
}

GETTER(get_idle)
{
	const struct manifest_path *m = path_of(userdata);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "t", m ? m->idle_us : 0);
}

GETTER(get_mode)
{
	const struct manifest_path *m = path_of(userdata);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "u", m ? m->dir_mode : 0);
}

GETTER(get_result)
{
	const struct bus_unit_ref *ref = userdata;
	const char *result = ref->unit && ref->unit->is_service
				     ? service_result_to_string(ref->unit->service.result)
				     : NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "s", result ? result : "success");
}

const sd_bus_vtable bus_vtable_automount[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Where", "s", get_where, 0, 0),
	SD_BUS_PROPERTY("DirectoryMode", "u", get_mode, 0, 0),
	SD_BUS_PROPERTY("TimeoutIdleUSec", "t", get_idle, 0, 0),
	SD_BUS_PROPERTY("Result", "s", get_result, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_VTABLE_END,
};
