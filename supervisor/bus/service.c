// SPDX-License-Identifier: MIT
/* org.freedesktop.systemd1.Service, apart from its resources. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const struct service *service_of(const struct bus_unit_ref *ref)
{
	return ref->unit && ref->unit->is_service ? &ref->unit->service : NULL;
}

static const struct manifest_service *def_of(const struct bus_unit_ref *ref)
{
	const struct service *s = service_of(ref);

	return s ? s->def.service : NULL;
}

/* Settings that are an enumeration. */
#define ENUM_GETTER(name_, field_, table_, type_)                                                  \
	static const char *name_(const struct manifest_service *s)                                 \
	{                                                                                          \
		return table_##_to_string((enum type_)s->field_);                                  \
	}
ENUM_GETTER(text_type, type, service_type, service_type)
ENUM_GETTER(text_exit_type, exit_type, exit_type, exit_type)
ENUM_GETTER(text_restart, restart, service_restart, service_restart)
ENUM_GETTER(text_restart_mode, restart_mode, restart_mode, restart_mode)
ENUM_GETTER(text_access, notify_access, notify_access, notify_access)
ENUM_GETTER(text_kill_mode, kill_mode, kill_mode, kill_mode)
ENUM_GETTER(text_oom, oom_policy, oom_policy, oom_policy)
ENUM_GETTER(text_pressure, pressure_watch, pressure_watch, pressure_watch)
ENUM_GETTER(text_start_mode, timeout_start_failure_mode, timeout_failure_mode, timeout_failure_mode)
ENUM_GETTER(text_stop_mode, timeout_stop_failure_mode, timeout_failure_mode, timeout_failure_mode)
ENUM_GETTER(text_preserve, fdstore_preserve, fdstore_preserve, fdstore_preserve)

static const struct {
	const char *name;
	const char *(*get)(const struct manifest_service *s);
} enums[] = {
	{ "Type", text_type },
	{ "ExitType", text_exit_type },
	{ "Restart", text_restart },
	{ "RestartMode", text_restart_mode },
	{ "NotifyAccess", text_access },
	{ "KillMode", text_kill_mode },
	{ "OOMPolicy", text_oom },
	{ "MemoryPressureWatch", text_pressure },
	{ "TimeoutStartFailureMode", text_start_mode },
	{ "TimeoutStopFailureMode", text_stop_mode },
	{ "FileDescriptorStorePreserve", text_preserve },
};

GETTER(get_enum)
{
	const struct manifest_service *def = def_of(userdata);
	const char *text = NULL;

	GETTER_PROLOGUE;
	for (size_t i = 0; def && i < ELEMENTSOF(enums); i++) {
		if (strcmp(enums[i].name, property) == 0) {
			text = enums[i].get(def);
		}
	}
	return sd_bus_message_append(reply, "s", text ? text : "");
}

/* Settings that are stored as they are: type t, u, i, b (of uint32_t) or s. */
static const struct {
	const char *name;
	size_t offset;
	char type;
} settings[] = {
	{ "RestartUSec", offsetof(struct manifest_service, restart_us), 't' },
	{ "RestartMaxDelayUSec", offsetof(struct manifest_service, restart_max_delay_us), 't' },
	{ "RestartSteps", offsetof(struct manifest_service, restart_steps), 'u' },
	{ "TimeoutStartUSec", offsetof(struct manifest_service, timeout_start_us), 't' },
	{ "TimeoutStopUSec", offsetof(struct manifest_service, timeout_stop_us), 't' },
	{ "TimeoutAbortUSec", offsetof(struct manifest_service, timeout_abort_us), 't' },
	{ "TimeoutCleanUSec", offsetof(struct manifest_service, timeout_clean_us), 't' },
	{ "RuntimeMaxUSec", offsetof(struct manifest_service, runtime_max_us), 't' },
	{ "WatchdogUSec", offsetof(struct manifest_service, watchdog_us), 't' },
	{ "MemoryPressureThresholdUSec", offsetof(struct manifest_service, pressure_us), 't' },
	{ "RemainAfterExit", offsetof(struct manifest_service, remain_after_exit), 'b' },
	{ "GuessMainPID", offsetof(struct manifest_service, guess_main_pid), 'b' },
	{ "RootDirectoryStartOnly", offsetof(struct manifest_service, root_directory_start_only),
		'b' },
	{ "SendSIGKILL", offsetof(struct manifest_service, send_sigkill), 'b' },
	{ "SendSIGHUP", offsetof(struct manifest_service, send_sighup), 'b' },
	{ "KillSignal", offsetof(struct manifest_service, kill_signal), 'i' },
	{ "RestartKillSignal", offsetof(struct manifest_service, restart_kill_signal), 'i' },
	{ "FinalKillSignal", offsetof(struct manifest_service, final_kill_signal), 'i' },
	{ "WatchdogSignal", offsetof(struct manifest_service, watchdog_signal), 'i' },
	{ "ReloadSignal", offsetof(struct manifest_service, reload_signal), 'i' },
	{ "FileDescriptorStoreMax", offsetof(struct manifest_service, fdstore_max), 'u' },
	{ "PIDFile", offsetof(struct manifest_service, pid_file), 's' },
	{ "BusName", offsetof(struct manifest_service, bus_name), 's' },
	{ "User", offsetof(struct manifest_service, user), 's' },
	{ "Group", offsetof(struct manifest_service, group), 's' },
	{ "StandardOutput", offsetof(struct manifest_service, status_stdout), 's' },
};

static int append_setting(sd_bus_message *reply, const void *field, char type)
{
	const char *text = "";
	uint64_t number = 0;
	uint32_t small = 0;

	switch (type) {
	case 't':
		memcpy(&number, field ? field : &number, sizeof(number));
		return sd_bus_message_append(reply, "t", number);
	case 's':
		memcpy(&text, field ? field : &text, sizeof(text));
		return bus_append_text(reply, text);
	case 'b':
		memcpy(&small, field ? field : &small, sizeof(small));
		return sd_bus_message_append(reply, "b", small != 0);
	default:
		memcpy(&small, field ? field : &small, sizeof(small));
		return sd_bus_message_append_basic(reply, type, &small);
	}
}

GETTER(get_setting)
{
	const struct manifest_service *def = def_of(userdata);

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
		if (strcmp(settings[i].name, property) == 0) {
			return append_setting(reply,
				def ? (const char *)def + settings[i].offset : NULL,
				settings[i].type);
		}
	}
	return -ENOENT;
}

/* What the service is doing. */
GETTER(get_result)
{
	const struct service *s = service_of(userdata);
	enum service_result result = s ? s->result : RESULT_SUCCESS;

	GETTER_PROLOGUE;
	if (property[0] == 'C') {
		result = RESULT_SUCCESS;
	} else if (strcmp(property, "ReloadResult") == 0 && s) {
		result = s->reload_result;
	}
	return sd_bus_message_append(reply, "s", service_result_to_string(result));
}

GETTER(get_status)
{
	const struct service *s = service_of(userdata);
	char text[4 * LIMIT_STATUS_TEXT] = "";

	GETTER_PROLOGUE;
	if (s) {
		text_escape(s->status, text, sizeof(text));
	}
	return sd_bus_message_append(reply, "s", text);
}

GETTER(get_status_errno)
{
	const struct service *s = service_of(userdata);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "i", s ? s->status_errno : 0);
}

GETTER(get_number)
{
	const struct bus_unit_ref *ref = userdata;
	const struct service *s = service_of(ref);
	uint32_t value = 0;

	GETTER_PROLOGUE;
	if (s && strcmp(property, "MainPID") == 0) {
		value = s->main_pid > 0 ? (uint32_t)s->main_pid : 0;
	} else if (s && strcmp(property, "ControlPID") == 0) {
		value = (uint32_t)s->places[ENTRY_CONTROL].pid;
		value = s->places[ENTRY_CONTROL].phase == PLACE_LIVE ? value : 0;
	} else if (s && strcmp(property, "NRestarts") == 0) {
		value = s->restarts;
	} else if (s && strcmp(property, "NFileDescriptorStore") == 0) {
		value = store_count(&ref->server->shell->store, ref->unit->slot, false);
	} else if (strcmp(property, "UID") == 0 || strcmp(property, "GID") == 0) {
		value = UINT32_MAX;
	}
	return sd_bus_message_append(reply, "u", value);
}

/* The pid of the present main process, or of the last one. */
static uint32_t main_pid(const struct service *s)
{
	const struct service_place *p = &s->places[ENTRY_MAIN];

	return (uint32_t)(s->main_pid > 0 ? s->main_pid : p->pid > 0 ? p->pid : 0);
}

GETTER(get_main)
{
	const struct service *s = service_of(userdata);

	GETTER_PROLOGUE;
	if (strcmp(property, "ExecMainPID") == 0) {
		return sd_bus_message_append(reply, "u", s ? main_pid(s) : 0u);
	}
	if (strcmp(property, "ExecMainCode") == 0) {
		return sd_bus_message_append(reply, "i", s ? (int)s->main_code : 0);
	}
	return sd_bus_message_append(reply, "i", s ? (int)s->main_status : 0);
}

GETTER(get_main_time)
{
	const struct service *s = service_of(userdata);
	bool monotonic = strstr(property, "Monotonic") != NULL;
	uint64_t value = 0;

	GETTER_PROLOGUE;
	if (s && strncmp(property, "ExecMainStart", 13) == 0) {
		value = s->main_start_us;
	} else if (s && strncmp(property, "ExecMainExit", 12) == 0) {
		value = s->main_code ? s->main_exit_us : 0;
	}
	return sd_bus_message_append(reply, "t", monotonic ? value : bus_realtime(value));
}

/* The last run of the main command; for all others systemd's "never" is said. */
static int append_command(
	sd_bus_message *reply, const struct manifest_command *c, const struct service *s, bool main)
{
	uint64_t start = main ? s->main_start_us : 0;
	uint64_t end = main && s->main_code ? s->main_exit_us : 0;
	int r = sd_bus_message_open_container(reply, 'r', "sasbttttuii");

	if (r >= 0) {
		r = bus_append_text(reply, c->path);
	}
	if (r >= 0) {
		r = sd_bus_message_open_container(reply, 'a', "s");
	}
	for (uint32_t i = 0; r >= 0 && i < c->argv.n; i++) {
		r = bus_append_text(reply, c->argv.items[i]);
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(reply);
	}
	if (r >= 0) {
		r = sd_bus_message_append(reply, "bttttuii",
			(c->flags & COMMAND_IGNORE_FAILURE) != 0, bus_realtime(start), start,
			bus_realtime(end), end, main ? main_pid(s) : 0u,
			main ? (int)s->main_code : 0, main ? (int)s->main_status : 0);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_append_command(sd_bus_message *reply, const struct manifest_command *c)
{
	return append_command(reply, c, NULL, false);
}

GETTER(get_exec)
{
	const struct bus_unit_ref *ref = userdata;
	const struct service *s = service_of(ref);
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;
	const struct manifest_command *c = def ? def->commands.items : NULL;
	int phase = exec_phase_from_string(property);
	uint32_t index = 0;
	int r = sd_bus_message_open_container(reply, 'a', "(sasbttttuii)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && s && c && i < def->commands.n; i++) {
		if ((int)c[i].phase != phase) {
			continue;
		}
		r = append_command(
			reply, &c[i], s, phase == PHASE_START && index == s->main_command);
		index++;
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

const char *const bus_service_changing[] = { "MainPID", "ControlPID", "StatusText", "Result",
	"NRestarts", "ExecMainPID", "ExecMainCode", "ExecMainStatus", NULL };

#define CHANGES        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define ENUM(name_)    SD_BUS_PROPERTY(name_, "s", get_enum, 0, 0)
#define SET(name_, t_) SD_BUS_PROPERTY(name_, t_, get_setting, 0, 0)
#define EXEC(name_)    SD_BUS_PROPERTY(name_, "a(sasbttttuii)", get_exec, 0, 0)
#define TIMES(name_)                                                                               \
	SD_BUS_PROPERTY(name_ "Timestamp", "t", get_main_time, 0, 0),                              \
		SD_BUS_PROPERTY(name_ "TimestampMonotonic", "t", get_main_time, 0, 0)

const sd_bus_vtable bus_vtable_service[] = {
	SD_BUS_VTABLE_START(0),
	ENUM("Type"),
	ENUM("ExitType"),
	ENUM("Restart"),
	ENUM("RestartMode"),
	SET("PIDFile", "s"),
	ENUM("NotifyAccess"),
	SET("RestartUSec", "t"),
	SET("RestartMaxDelayUSec", "t"),
	SET("RestartSteps", "u"),
	SET("TimeoutStartUSec", "t"),
	SET("TimeoutStopUSec", "t"),
	SET("TimeoutAbortUSec", "t"),
	SET("TimeoutCleanUSec", "t"),
	ENUM("TimeoutStartFailureMode"),
	ENUM("TimeoutStopFailureMode"),
	SET("RuntimeMaxUSec", "t"),
	SET("WatchdogUSec", "t"),
	SET("RootDirectoryStartOnly", "b"),
	SET("RemainAfterExit", "b"),
	SET("GuessMainPID", "b"),
	SD_BUS_PROPERTY("MainPID", "u", get_number, 0, CHANGES),
	SD_BUS_PROPERTY("ControlPID", "u", get_number, 0, CHANGES),
	SET("BusName", "s"),
	SET("FileDescriptorStoreMax", "u"),
	SD_BUS_PROPERTY("NFileDescriptorStore", "u", get_number, 0, 0),
	ENUM("FileDescriptorStorePreserve"),
	SD_BUS_PROPERTY("StatusText", "s", get_status, 0, CHANGES),
	SD_BUS_PROPERTY("StatusErrno", "i", get_status_errno, 0, 0),
	SD_BUS_PROPERTY("Result", "s", get_result, 0, CHANGES),
	SD_BUS_PROPERTY("ReloadResult", "s", get_result, 0, 0),
	SD_BUS_PROPERTY("CleanResult", "s", get_result, 0, 0),
	SET("User", "s"),
	SET("Group", "s"),
	SET("StandardOutput", "s"),
	SD_BUS_PROPERTY("UID", "u", get_number, 0, 0),
	SD_BUS_PROPERTY("GID", "u", get_number, 0, 0),
	SD_BUS_PROPERTY("NRestarts", "u", get_number, 0, CHANGES),
	ENUM("OOMPolicy"),
	ENUM("MemoryPressureWatch"),
	SET("MemoryPressureThresholdUSec", "t"),
	ENUM("KillMode"),
	SET("KillSignal", "i"),
	SET("RestartKillSignal", "i"),
	SET("FinalKillSignal", "i"),
	SET("WatchdogSignal", "i"),
	SET("ReloadSignal", "i"),
	SET("SendSIGKILL", "b"),
	SET("SendSIGHUP", "b"),
	TIMES("ExecMainStart"),
	TIMES("ExecMainExit"),
	SD_BUS_PROPERTY("ExecMainPID", "u", get_main, 0, CHANGES),
	SD_BUS_PROPERTY("ExecMainCode", "i", get_main, 0, CHANGES),
	SD_BUS_PROPERTY("ExecMainStatus", "i", get_main, 0, CHANGES),
	EXEC("ExecCondition"),
	EXEC("ExecStartPre"),
	EXEC("ExecStart"),
	EXEC("ExecStartPost"),
	EXEC("ExecReload"),
	EXEC("ExecStop"),
	EXEC("ExecStopPost"),
	SD_BUS_VTABLE_END,
};
