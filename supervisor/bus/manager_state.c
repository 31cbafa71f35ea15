// SPDX-License-Identifier: MIT
/* Manager: properties. */
#include <string.h>
#include <sys/utsname.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const char *system_state(const struct shell *s)
{
	struct engine_counts c;

	engine_counts(s->engine, &c);
	if (s->stopping) {
		return "stopping";
	}
	if (!s->ready) {
		return "starting";
	}
	return c.failed ? "degraded" : "running";
}

GETTER(get_string)
{
	struct bus_server *b = userdata;
	const struct manifest *manifest = engine_manifest(b->shell->engine);
	char shown[LIMIT_PATH];
	const char *text = "";

	GETTER_PROLOGUE;
	if (strcmp(property, "SystemState") == 0) {
		text = system_state(b->shell);
	} else if (strcmp(property, "ControlGroup") == 0) {
		cgroup_shown_path(&b->shell->cgroup, NULL, shown);
		text = shown;
	} else if (strcmp(property, "Version") == 0) {
		text = "supd 0.1.0";
	} else if (strcmp(property, "DefaultTarget") == 0) {
		text = manifest && manifest->default_target ? manifest->default_target : "";
	}
	return sd_bus_message_append(reply, "s", text);
}

GETTER(get_architecture)
{
	struct utsname u;

	GETTER_PROLOGUE;
	if (uname(&u) < 0) {
		return sd_bus_message_append(reply, "s", "");
	}
	return sd_bus_message_append(reply, "s",
		strcmp(u.machine, "x86_64") == 0    ? "x86-64"
		: strcmp(u.machine, "aarch64") == 0 ? "arm64"
						    : u.machine);
}

GETTER(get_count)
{
	struct bus_server *b = userdata;
	struct engine_counts c;
	uint32_t n;

	GETTER_PROLOGUE;
	engine_counts(b->shell->engine, &c);
	n = strcmp(property, "NFailedUnits") == 0 ? c.failed
	    : strcmp(property, "NJobs") == 0      ? c.jobs
						  : engine_n_units(b->shell->engine);
	return sd_bus_message_append(reply, "u", n);
}

GETTER(get_progress)
{
	struct bus_server *b = userdata;
	struct engine_counts c;

	GETTER_PROLOGUE;
	engine_counts(b->shell->engine, &c);
	return sd_bus_message_append(reply, "d", c.jobs ? 0.5 : 1.0);
}

GETTER(get_start_time)
{
	struct bus_server *b = userdata;
	bool monotonic = strstr(property, "Monotonic") != NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(
		reply, "t", monotonic ? b->shell->started_us : bus_realtime(b->shell->started_us));
}

/* Nothing a unit may see is supd's: the environment of commands is root's business. */
GETTER(get_empty_list)
{
	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "as", 0);
}

GETTER(get_unit_path)
{
	struct bus_server *b = userdata;
	const struct manifest *manifest = engine_manifest(b->shell->engine);
	const char *from = manifest && manifest->unit_path ? manifest->unit_path : "";
	char part[LIMIT_PATH];
	int r = sd_bus_message_open_container(reply, 'a', "s");

	GETTER_PROLOGUE;
	while (r >= 0 && *from) {
		size_t n = strcspn(from, ":");

		if (n > 0 && n < sizeof(part)) {
			memcpy(part, from, n);
			part[n] = '\0';
			r = sd_bus_message_append(reply, "s", part);
		}
		from += n + (from[n] == ':');
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_false)
{
	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "b", 0);
}

#define CONSTANT SD_BUS_VTABLE_PROPERTY_CONST
const sd_bus_vtable bus_vtable_manager_state[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_string, 0, CONSTANT),
	SD_BUS_PROPERTY("Features", "s", get_string, 0, CONSTANT),
	SD_BUS_PROPERTY("Virtualization", "s", get_string, 0, CONSTANT),
	SD_BUS_PROPERTY("Tainted", "s", get_string, 0, CONSTANT),
	SD_BUS_PROPERTY("Architecture", "s", get_architecture, 0, CONSTANT),
	SD_BUS_PROPERTY("SystemState", "s", get_string, 0, 0),
	SD_BUS_PROPERTY("ControlGroup", "s", get_string, 0, 0),
	SD_BUS_PROPERTY("DefaultTarget", "s", get_string, 0, 0),
	SD_BUS_PROPERTY("UserspaceTimestamp", "t", get_start_time, 0, CONSTANT),
	SD_BUS_PROPERTY("UserspaceTimestampMonotonic", "t", get_start_time, 0, CONSTANT),
	SD_BUS_PROPERTY("UnitsLoadFinishTimestamp", "t", get_start_time, 0, CONSTANT),
	SD_BUS_PROPERTY("NNames", "u", get_count, 0, 0),
	SD_BUS_PROPERTY("NFailedUnits", "u", get_count, 0, 0),
	SD_BUS_PROPERTY("NJobs", "u", get_count, 0, 0),
	SD_BUS_PROPERTY("Progress", "d", get_progress, 0, 0),
	SD_BUS_PROPERTY("Environment", "as", get_empty_list, 0, 0),
	SD_BUS_PROPERTY("UnitPath", "as", get_unit_path, 0, 0),
	SD_BUS_PROPERTY("ConfirmSpawn", "b", get_false, 0, CONSTANT),
	SD_BUS_PROPERTY("ShowStatus", "b", get_false, 0, CONSTANT),
	SD_BUS_VTABLE_END,
};
