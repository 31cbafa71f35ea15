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

static uint64_t zero(const struct shell *s)
{
	(void)s;
	return 0;
}

/* Off PID 1 of a machine user space begins with supd-init. */
static uint64_t userspace(const struct shell *s)
{
	const struct wire_times *t = &s->hello.times;

	return t->userspace_us ? t->userspace_us : s->hello.started_us;
}

static uint64_t initrd(const struct shell *s)
{
	return s->hello.times.initrd_us;
}

/* No security module is set up here; systemd-analyze knows a machine by a time that is not 0. */
static uint64_t security(const struct shell *s)
{
	return s->hello.times.userspace_us;
}

static uint64_t load_begin(const struct shell *s)
{
	return s->hello.times.load_begin_us;
}

static uint64_t load_end(const struct shell *s)
{
	return s->hello.times.load_end_us;
}

static uint64_t finish(const struct shell *s)
{
	return s->ready_us;
}

/* systemd's names, those that it takes for done when they are 0 included. */
static const struct {
	const char *name;
	uint64_t (*get)(const struct shell *s);
} times[] = {
	{ "FirmwareTimestamp", zero },
	{ "LoaderTimestamp", zero },
	{ "KernelTimestamp", zero },
	{ "InitRDTimestamp", initrd },
	{ "UserspaceTimestamp", userspace },
	{ "FinishTimestamp", finish },
	{ "SecurityStartTimestamp", security },
	{ "SecurityFinishTimestamp", security },
	{ "GeneratorsStartTimestamp", zero },
	{ "GeneratorsFinishTimestamp", zero },
	{ "UnitsLoadStartTimestamp", load_begin },
	{ "UnitsLoadFinishTimestamp", load_end },
	{ "UnitsLoadTimestamp", load_end },
	{ "InitRDSecurityStartTimestamp", zero },
	{ "InitRDSecurityFinishTimestamp", zero },
	{ "InitRDGeneratorsStartTimestamp", zero },
	{ "InitRDGeneratorsFinishTimestamp", zero },
	{ "InitRDUnitsLoadStartTimestamp", zero },
	{ "InitRDUnitsLoadFinishTimestamp", zero },
};

GETTER(get_time)
{
	struct bus_server *b = userdata;
	const char *end = strstr(property, "Monotonic");
	size_t n = end ? (size_t)(end - property) : strlen(property);
	uint64_t value = 0;

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(times); i++) {
		if (strlen(times[i].name) == n && strncmp(times[i].name, property, n) == 0) {
			value = times[i].get(b->shell);
		}
	}
	return sd_bus_message_append(reply, "t", end ? value : bus_realtime(value));
}

/* The kernel's start is 0 by its own clock; of a machine only, else it is not our boot. */
GETTER(get_kernel_time)
{
	struct bus_server *b = userdata;
	bool machine = b->shell->hello.times.userspace_us != 0;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "t", machine ? bus_realtime(1) - 1 : UINT64_C(0));
}

GETTER(get_soft_reboots)
{
	struct bus_server *b = userdata;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "u", b->shell->hello.times.soft_reboots);
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
#define TIMES(name_, flags_)                                                                       \
	SD_BUS_PROPERTY(name_ "Timestamp", "t", get_time, 0, flags_),                              \
		SD_BUS_PROPERTY(name_ "TimestampMonotonic", "t", get_time, 0, flags_)
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
	SD_BUS_PROPERTY("KernelTimestamp", "t", get_kernel_time, 0, CONSTANT),
	SD_BUS_PROPERTY("KernelTimestampMonotonic", "t", get_time, 0, CONSTANT),
	TIMES("Firmware", CONSTANT),
	TIMES("Loader", CONSTANT),
	TIMES("InitRD", CONSTANT),
	TIMES("Userspace", CONSTANT),
	TIMES("Finish", 0),
	TIMES("SecurityStart", CONSTANT),
	TIMES("SecurityFinish", CONSTANT),
	TIMES("GeneratorsStart", CONSTANT),
	TIMES("GeneratorsFinish", CONSTANT),
	TIMES("UnitsLoadStart", CONSTANT),
	TIMES("UnitsLoadFinish", CONSTANT),
	TIMES("UnitsLoad", CONSTANT),
	TIMES("InitRDSecurityStart", CONSTANT),
	TIMES("InitRDSecurityFinish", CONSTANT),
	TIMES("InitRDGeneratorsStart", CONSTANT),
	TIMES("InitRDGeneratorsFinish", CONSTANT),
	TIMES("InitRDUnitsLoadStart", CONSTANT),
	TIMES("InitRDUnitsLoadFinish", CONSTANT),
	SD_BUS_PROPERTY("SoftRebootsCount", "u", get_soft_reboots, 0, CONSTANT),
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
