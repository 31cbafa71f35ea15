// SPDX-License-Identifier: MIT
/* org.freedesktop.systemd1.Unit. Units that nobody knows are objects too: not-found, inactive. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../filenews.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static const char *get_id(const struct bus_unit_ref *ref)
{
	return ref->name;
}

static const char *get_description(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->description && *def->description ? def->description : ref->name;
}

static const char *get_load_state(const struct bus_unit_ref *ref)
{
	return load_state_to_string(ref->unit ? ref->unit->load_state : LOAD_NOT_FOUND);
}

static const char *get_active_state(const struct bus_unit_ref *ref)
{
	return active_state_to_string(ref->unit ? ref->unit->active : ACTIVE_INACTIVE);
}

static const char *get_sub_state(const struct bus_unit_ref *ref)
{
	return ref->unit ? engine_sub_state(ref->unit) : "dead";
}

static const char *get_fragment(const struct bus_unit_ref *ref)
{
	return ref->unit && ref->unit->def ? ref->unit->def->fragment_path : "";
}

static const char *get_source(const struct bus_unit_ref *ref)
{
	return ref->unit && ref->unit->def ? ref->unit->def->source_path : "";
}

static const char *get_file_state(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	if (!def || def->load_state == LOAD_NOT_FOUND) {
		return "";
	}
	return install_state_to_string((enum manifest_install_state)def->install_state);
}

static const char *get_failure_mode(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->job_mode_on_failure ? def->job_mode_on_failure : "replace";
}

static const char *get_collect_mode(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->flags & UNIT_COLLECT_FAILED ? "inactive-or-failed" : "inactive";
}

static const char *get_freezer(const struct bus_unit_ref *ref)
{
	return bus_freezer_state(ref->server, ref->unit);
}

static const struct {
	const char *name;
	const char *(*get)(const struct bus_unit_ref *ref);
} strings[] = {
	{ "Id", get_id },
	{ "Description", get_description },
	{ "LoadState", get_load_state },
	{ "ActiveState", get_active_state },
	{ "SubState", get_sub_state },
	{ "FragmentPath", get_fragment },
	{ "SourcePath", get_source },
	{ "UnitFileState", get_file_state },
	{ "OnFailureJobMode", get_failure_mode },
	{ "CollectMode", get_collect_mode },
	{ "FreezerState", get_freezer },
};

GETTER(get_string)
{
	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
		if (strcmp(strings[i].name, property) == 0) {
			return bus_append_text(reply, text_of(strings[i].get(userdata)));
		}
	}
	return sd_bus_message_append(reply, "s", "");
}

static int append_strv(sd_bus_message *reply, const char *first, const struct tlv_strv *list)
{
	int r = sd_bus_message_open_container(reply, 'a', "s");

	if (r >= 0 && first) {
		r = bus_append_text(reply, first);
	}
	for (uint32_t i = 0; r >= 0 && list && i < list->n; i++) {
		r = bus_append_text(reply, list->items[i]);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_list)
{
	const struct bus_unit_ref *ref = userdata;
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;
	const struct tlv_strv *list = NULL;

	GETTER_PROLOGUE;
	if (strcmp(property, "Names") == 0) {
		return append_strv(reply, ref->name, def ? &def->aliases : NULL);
	}
	if (strcmp(property, "Documentation") == 0) {
		list = def ? &def->documentation : NULL;
	} else if (strcmp(property, "DropInPaths") == 0) {
		list = def ? &def->dropin_paths : NULL;
	}
	return append_strv(reply, NULL, list);
}

GETTER(get_dependencies)
{
	const struct bus_unit_ref *ref = userdata;
	const struct graph *g = engine_graph(ref->server->shell->engine);
	int rel = graph_rel_from_string(property);
	const struct graph_edge *edges = NULL;
	uint32_t n = 0;
	int r = sd_bus_message_open_container(reply, 'a', "s");

	GETTER_PROLOGUE;
	if (ref->unit && rel >= 0) {
		edges = graph_edges(g, ref->unit->index, (enum graph_rel)rel, &n);
	}
	for (uint32_t i = 0; r >= 0 && i < n; i++) {
		r = sd_bus_message_append(reply, "s", g->names[edges[i].unit]);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const struct {
	const char *name;
	size_t offset;
} times[] = {
	{ "StateChange", offsetof(struct unit, state_change_us) },
	{ "InactiveExit", offsetof(struct unit, inactive_exit_us) },
	{ "ActiveEnter", offsetof(struct unit, active_enter_us) },
	{ "ActiveExit", offsetof(struct unit, active_exit_us) },
	{ "InactiveEnter", offsetof(struct unit, inactive_enter_us) },
	{ "Condition", offsetof(struct unit, condition_us) },
	{ "Assert", offsetof(struct unit, condition_us) },
};

GETTER(get_time)
{
	const struct bus_unit_ref *ref = userdata;
	bool monotonic = strstr(property, "Monotonic") != NULL;
	uint64_t value = 0;

	GETTER_PROLOGUE;
	for (size_t i = 0; ref->unit && i < ELEMENTSOF(times); i++) {
		if (strncmp(property, times[i].name, strlen(times[i].name)) == 0 &&
			strncmp(property + strlen(times[i].name), "Timestamp", 9) == 0) {
			memcpy(&value, (const char *)ref->unit + times[i].offset, sizeof(value));
		}
	}
	return sd_bus_message_append(reply, "t", monotonic ? value : bus_realtime(value));
}

static const struct {
	const char *name;
	uint32_t flag;
} flags[] = {
	{ "StopWhenUnneeded", UNIT_STOP_WHEN_UNNEEDED },
	{ "RefuseManualStart", UNIT_REFUSE_MANUAL_START },
	{ "RefuseManualStop", UNIT_REFUSE_MANUAL_STOP },
	{ "AllowIsolate", UNIT_ALLOW_ISOLATE },
	{ "CanIsolate", UNIT_ALLOW_ISOLATE },
	{ "DefaultDependencies", UNIT_DEFAULT_DEPENDENCIES },
	{ "IgnoreOnIsolate", UNIT_IGNORE_ON_ISOLATE },
	{ "Transient", UNIT_TRANSIENT },
	{ "Perpetual", UNIT_PERPETUAL },
};

GETTER(get_flag)
{
	const struct bus_unit_ref *ref = userdata;
	uint32_t set = ref->unit && ref->unit->def ? ref->unit->def->flags : 0;

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		if (strcmp(flags[i].name, property) == 0) {
			return sd_bus_message_append(reply, "b", (set & flags[i].flag) != 0);
		}
	}
	return sd_bus_message_append(reply, "b", 0);
}

bool bus_can_reload(const struct unit *u)
{
	const struct manifest_command *c = u->def ? u->def->commands.items : NULL;

	if (u->is_service && u->service.def.service &&
		u->service.def.service->type == SERVICE_NOTIFY_RELOAD) {
		return true;
	}
	for (uint32_t i = 0; c && i < u->def->commands.n; i++) {
		if (c[i].phase == PHASE_RELOAD) {
			return true;
		}
	}
	return false;
}

/* NeedDaemonReload looks at the files of the unit. */
GETTER(get_ability)
{
	const struct bus_unit_ref *ref = userdata;
	const struct unit *u = ref->unit;
	bool loaded = u && u->def && u->load_state == LOAD_LOADED, can = loaded;
	const struct manifest *manifest = engine_manifest(ref->server->shell->engine);

	GETTER_PROLOGUE;
	if (strcmp(property, "CanStart") == 0) {
		can = loaded && !(u->def->flags & UNIT_REFUSE_MANUAL_START);
	} else if (strcmp(property, "CanStop") == 0) {
		can = loaded && !(u->def->flags & UNIT_REFUSE_MANUAL_STOP);
	} else if (strcmp(property, "CanReload") == 0) {
		can = loaded && bus_can_reload(u);
	} else if (strcmp(property, "NeedDaemonReload") == 0) {
		can = u && manifest && filenews_of(manifest->unit_path, u->def);
	} else if (strcmp(property, "CanFreeze") == 0) {
		can = loaded && (u->is_service || u->type == UNIT_SLICE);
	} else if (strcmp(property, "ConditionResult") == 0) {
		can = u && (u->condition_failed < 0 || u->condition_is_assert);
	} else if (strcmp(property, "AssertResult") == 0) {
		can = u && (u->condition_failed < 0 || !u->condition_is_assert);
	} else {
		can = false;
	}
	return sd_bus_message_append(reply, "b", can);
}

GETTER(get_job)
{
	const struct bus_unit_ref *ref = userdata;

	GETTER_PROLOGUE;
	return bus_append_job(reply, ref->unit);
}

GETTER(get_load_error)
{
	const struct bus_unit_ref *ref = userdata;
	const struct unit *u = ref->unit;
	const char *name = "", *text = "";

	GETTER_PROLOGUE;
	if (!u || u->load_state == LOAD_NOT_FOUND) {
		name = "org.freedesktop.systemd1.NoSuchUnit";
		text = "Unit not found.";
	} else if (u->load_state == LOAD_MASKED) {
		name = "org.freedesktop.systemd1.UnitMasked";
		text = "Unit is masked.";
	} else if (u->load_state != LOAD_LOADED) {
		name = "org.freedesktop.systemd1.BadUnitSetting";
		text = u->def ? text_of(u->def->load_error) : "";
	}
	return sd_bus_message_append(reply, "(ss)", name, text);
}

GETTER(get_invocation)
{
	static const uint8_t none[16];
	const struct bus_unit_ref *ref = userdata;
	const uint8_t *id = ref->unit ? ref->unit->invocation_id : none;
	bool unset = memcmp(id, none, sizeof(none)) == 0;

	GETTER_PROLOGUE;
	return sd_bus_message_append_array(reply, 'y', id, unset ? 0 : sizeof(none));
}

static int append_condition(
	sd_bus_message *reply, const struct manifest_condition *c, const struct unit *u, int index)
{
	const char *type = condition_type_to_string((enum condition_type)c->type);
	char name[64];
	int state = 0;

	if (u->condition_us != 0) {
		state = u->condition_failed == index ? -1 : 1;
	}
	strcpy(name, c->assert ? "Assert" : "Condition");
	strncat(name, text_of(type), sizeof(name) - strlen(name) - 1);
	return sd_bus_message_append(reply, "(sbbsi)", name, c->trigger != 0, c->negate != 0,
		text_of(c->parameter), state);
}

GETTER(get_conditions)
{
	const struct bus_unit_ref *ref = userdata;
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;
	const struct manifest_condition *c = def ? def->conditions.items : NULL;
	bool asserts = property[0] == 'A';
	int r = sd_bus_message_open_container(reply, 'a', "(sbbsi)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && c && i < def->conditions.n; i++) {
		if ((c[i].assert != 0) == asserts) {
			r = append_condition(reply, &c[i], ref->unit, (int)i);
		}
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_limit)
{
	const struct bus_unit_ref *ref = userdata;
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	GETTER_PROLOGUE;
	if (strcmp(property, "StartLimitBurst") == 0) {
		return sd_bus_message_append(reply, "u", def ? def->start_limit_burst : 0u);
	}
	if (strcmp(property, "StartLimitIntervalUSec") == 0) {
		return sd_bus_message_append(reply, "t", def ? def->start_limit_interval_us : 0);
	}
	if (strcmp(property, "JobTimeoutUSec") == 0) {
		return sd_bus_message_append(reply, "t", def ? def->job_timeout_us : USEC_INFINITY);
	}
	return sd_bus_message_append(reply, "t", def ? def->job_running_timeout_us : USEC_INFINITY);
}

static const struct {
	const char *member;
	enum job_type type;
} requests[] = {
	{ "Start", JOB_START },
	{ "Stop", JOB_STOP },
	{ "Reload", JOB_RELOAD },
	{ "Restart", JOB_RESTART },
	{ "TryRestart", JOB_TRY_RESTART },
	{ "ReloadOrRestart", JOB_RELOAD_OR_START },
};

static int method_request(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_unit_ref *ref = userdata;
	const char *member = sd_bus_message_get_member(m), *mode;
	char name[LIMIT_UNIT_NAME];
	int r = sd_bus_message_read(m, "s", &mode);

	if (r < 0) {
		return r;
	}
	memcpy(name, ref->name, sizeof(name));
	for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
		if (strcmp(requests[i].member, member) == 0) {
			const struct bus_request request = { name, requests[i].type, mode };

			return bus_enqueue(ref->server, m, &request, error);
		}
	}
	return -EINVAL;
}

const char *const bus_unit_changing[] = { "ActiveState", "SubState", "FreezerState",
	"StateChangeTimestamp", "StateChangeTimestampMonotonic", "ActiveEnterTimestamp",
	"ActiveEnterTimestampMonotonic", "InactiveEnterTimestamp",
	"InactiveEnterTimestampMonotonic", "Job", NULL };

#define CHANGES       SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define METHOD(name_) SD_BUS_METHOD(name_, "s", "o", method_request, SD_BUS_VTABLE_UNPRIVILEGED)
#define TIMES(name_, flags_)                                                                       \
	SD_BUS_PROPERTY(name_ "Timestamp", "t", get_time, 0, flags_),                              \
		SD_BUS_PROPERTY(name_ "TimestampMonotonic", "t", get_time, 0, flags_)
#define LIST(name_)       SD_BUS_PROPERTY(name_, "as", get_list, 0, 0)
#define DEPENDENCY(name_) SD_BUS_PROPERTY(name_, "as", get_dependencies, 0, 0)
#define STRING(name_)     SD_BUS_PROPERTY(name_, "s", get_string, 0, 0)
#define FLAG(name_)       SD_BUS_PROPERTY(name_, "b", get_flag, 0, 0)
#define ABILITY(name_)    SD_BUS_PROPERTY(name_, "b", get_ability, 0, 0)

const sd_bus_vtable bus_vtable_unit[] = {
	SD_BUS_VTABLE_START(0),
	STRING("Id"),
	LIST("Names"),
	STRING("Following"),
	DEPENDENCY("Requires"),
	DEPENDENCY("Requisite"),
	DEPENDENCY("Wants"),
	DEPENDENCY("BindsTo"),
	DEPENDENCY("PartOf"),
	DEPENDENCY("Upholds"),
	DEPENDENCY("RequiredBy"),
	DEPENDENCY("RequisiteOf"),
	DEPENDENCY("WantedBy"),
	DEPENDENCY("BoundBy"),
	DEPENDENCY("UpheldBy"),
	DEPENDENCY("ConsistsOf"),
	DEPENDENCY("Conflicts"),
	DEPENDENCY("ConflictedBy"),
	DEPENDENCY("Before"),
	DEPENDENCY("After"),
	DEPENDENCY("OnSuccess"),
	DEPENDENCY("OnSuccessOf"),
	DEPENDENCY("OnFailure"),
	DEPENDENCY("OnFailureOf"),
	DEPENDENCY("Triggers"),
	DEPENDENCY("TriggeredBy"),
	DEPENDENCY("PropagatesReloadTo"),
	DEPENDENCY("ReloadPropagatedFrom"),
	DEPENDENCY("PropagatesStopTo"),
	DEPENDENCY("StopPropagatedFrom"),
	DEPENDENCY("JoinsNamespaceOf"),
	LIST("Documentation"),
	STRING("Description"),
	STRING("LoadState"),
	SD_BUS_PROPERTY("ActiveState", "s", get_string, 0, CHANGES),
	SD_BUS_PROPERTY("SubState", "s", get_string, 0, CHANGES),
	SD_BUS_PROPERTY("FreezerState", "s", get_string, 0, CHANGES),
	STRING("FragmentPath"),
	STRING("SourcePath"),
	LIST("DropInPaths"),
	STRING("UnitFileState"),
	STRING("UnitFilePreset"),
	TIMES("StateChange", CHANGES),
	TIMES("InactiveExit", 0),
	TIMES("ActiveEnter", CHANGES),
	TIMES("ActiveExit", 0),
	TIMES("InactiveEnter", CHANGES),
	ABILITY("CanStart"),
	ABILITY("CanStop"),
	ABILITY("CanReload"),
	FLAG("CanIsolate"),
	ABILITY("CanFreeze"),
	SD_BUS_PROPERTY("Job", "(uo)", get_job, 0, CHANGES),
	FLAG("StopWhenUnneeded"),
	FLAG("RefuseManualStart"),
	FLAG("RefuseManualStop"),
	FLAG("AllowIsolate"),
	FLAG("DefaultDependencies"),
	STRING("OnFailureJobMode"),
	FLAG("IgnoreOnIsolate"),
	ABILITY("NeedDaemonReload"),
	SD_BUS_PROPERTY("JobTimeoutUSec", "t", get_limit, 0, 0),
	SD_BUS_PROPERTY("JobRunningTimeoutUSec", "t", get_limit, 0, 0),
	ABILITY("ConditionResult"),
	ABILITY("AssertResult"),
	TIMES("Condition", 0),
	TIMES("Assert", 0),
	SD_BUS_PROPERTY("Conditions", "a(sbbsi)", get_conditions, 0, 0),
	SD_BUS_PROPERTY("Asserts", "a(sbbsi)", get_conditions, 0, 0),
	SD_BUS_PROPERTY("LoadError", "(ss)", get_load_error, 0, 0),
	FLAG("Transient"),
	FLAG("Perpetual"),
	SD_BUS_PROPERTY("StartLimitIntervalUSec", "t", get_limit, 0, 0),
	SD_BUS_PROPERTY("StartLimitBurst", "u", get_limit, 0, 0),
	SD_BUS_PROPERTY("InvocationID", "ay", get_invocation, 0, 0),
	STRING("CollectMode"),
	METHOD("Start"),
	METHOD("Stop"),
	METHOD("Reload"),
	METHOD("Restart"),
	METHOD("TryRestart"),
	METHOD("ReloadOrRestart"),
	SD_BUS_VTABLE_END,
};
