// SPDX-License-Identifier: MIT
/* The interfaces Socket, Path and Automount. */
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const char *const watch_names[] = { "PathExists", "PathExistsGlob", "PathChanged",
	"PathModified", "DirectoryNotEmpty" };

static const struct manifest_socket *socket_of(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->socket.n ? def->socket.items : NULL;
}

static const struct manifest_path *path_of(const struct bus_unit_ref *ref)
{
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;

	return def && def->path.n ? def->path.items : NULL;
}

GETTER_SHARED(bus_get_result)
{
	const struct bus_unit_ref *ref = userdata;
	const char *result = ref->unit ? service_result_to_string(ref->unit->service.result) : NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "s", result ? result : "success");
}

GETTER(get_listen)
{
	const struct manifest_socket *m = socket_of(userdata);
	const struct manifest_listen *rows = m ? m->listens.items : NULL;
	int r = sd_bus_message_open_container(reply, 'a', "(ss)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && m && i < m->listens.n; i++) {
		r = sd_bus_message_append(reply, "(ss)", rows[i].type, rows[i].address);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_accept)
{
	const struct manifest_socket *m = socket_of(userdata);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "b", m && m->accept);
}

GETTER(get_fd_name)
{
	const struct manifest_socket *m = socket_of(userdata);
	const struct manifest_listen *rows = m && m->listens.n ? m->listens.items : NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "s", rows ? rows[0].fd_name : "");
}

GETTER(get_count)
{
	const struct bus_unit_ref *ref = userdata;
	const struct unit_socket_state *k = ref->unit ? ref->unit->socket : NULL;
	const struct manifest_socket *m = socket_of(ref);
	const struct {
		const char *name;
		uint32_t value;
	} counts[] = {
		{ "NConnections", k ? k->n_connections : 0 },
		{ "NAccepted", k ? k->machine.n_accepted : 0 },
		{ "NRefused", 0 },
		{ "MaxConnections", m ? m->max_connections : 0 },
		{ "MaxConnectionsPerSource", m ? m->max_per_source : 0 },
		{ "TriggerLimitBurst", m ? m->trigger_burst : 0 },
		{ "PollLimitBurst", m ? m->poll_burst : 0 },
		{ "ControlPID",
			ref->unit ? (uint32_t)ref->unit->service.places[ENTRY_CONTROL].pid : 0 },
	};

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
		if (strcmp(counts[i].name, property) == 0) {
			return sd_bus_message_append(reply, "u", counts[i].value);
		}
	}
	return sd_bus_message_append(reply, "u", 0u);
}

GETTER(get_time)
{
	const struct bus_unit_ref *ref = userdata;
	const struct manifest_socket *m = socket_of(ref);
	const struct manifest_service *s =
		m && ref->unit->def->service.n ? ref->unit->def->service.items : NULL;
	uint64_t value = s ? s->timeout_start_us : 0;

	GETTER_PROLOGUE;
	if (strcmp(property, "TriggerLimitIntervalUSec") == 0) {
		value = m ? m->trigger_interval_us : 0;
	} else if (strcmp(property, "PollLimitIntervalUSec") == 0) {
		value = m ? m->poll_interval_us : 0;
	}
	return sd_bus_message_append(reply, "t", value);
}

GETTER(get_commands)
{
	const struct bus_unit_ref *ref = userdata;
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;
	const struct manifest_command *c = def ? def->commands.items : NULL;
	int phase = exec_phase_from_string(
		strcmp(property, "ExecStopPre") == 0 ? "ExecStop" : property);
	int r = sd_bus_message_open_container(reply, 'a', "(sasbttttuii)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && c && i < def->commands.n; i++) {
		if ((int)c[i].phase == phase) {
			r = bus_append_command(reply, &c[i]);
		}
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_paths)
{
	const struct manifest_path *m = path_of(userdata);
	const struct manifest_watch *rows = m ? m->watches.items : NULL;
	int r = sd_bus_message_open_container(reply, 'a', "(ss)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && m && i < m->watches.n; i++) {
		r = sd_bus_message_open_container(reply, 'r', "ss");
		r = r < 0 ? r : sd_bus_message_append(reply, "s", watch_names[rows[i].type]);
		r = r < 0 ? r : bus_append_text(reply, rows[i].path);
		r = r < 0 ? r : sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_path_unit)
{
	const struct bus_unit_ref *ref = userdata;
	uint32_t n = 0;
	const struct graph *g = engine_graph(ref->server->shell->engine);
	const struct graph_edge *x =
		ref->unit ? graph_edges(g, ref->unit->index, REL_TRIGGERS, &n) : NULL;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "s", n ? g->names[x[0].unit] : "");
}

GETTER(get_path_number)
{
	const struct manifest_path *m = path_of(userdata);

	GETTER_PROLOGUE;
	if (strcmp(property, "MakeDirectory") == 0) {
		return sd_bus_message_append(reply, "b", m && m->make_directory);
	}
	if (strcmp(property, "TriggerLimitIntervalUSec") == 0) {
		return sd_bus_message_append(reply, "t", m ? m->trigger_interval_us : 0);
	}
	if (strcmp(property, "TimeoutIdleUSec") == 0) {
		return sd_bus_message_append(reply, "t", m ? m->idle_us : 0);
	}
	return sd_bus_message_append(reply, "u",
		!m                                       ? 0u
		: strcmp(property, "DirectoryMode") == 0 ? m->dir_mode
							 : m->trigger_burst);
}

/* An automount's place follows from its name. */
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

/* Which of the two is meant is for the caller: a service's unit has neither. */
const char *const bus_socket_changing[] = { "NConnections", "NAccepted", "Result", "ControlPID",
	NULL };
const char *const bus_path_changing[] = { "Result", NULL };

#define CHANGES      SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define COUNT(name_) SD_BUS_PROPERTY(name_, "u", get_count, 0, 0)
#define TIME(name_)  SD_BUS_PROPERTY(name_, "t", get_time, 0, 0)
#define EXEC(name_)  SD_BUS_PROPERTY(name_, "a(sasbttttuii)", get_commands, 0, 0)

const sd_bus_vtable bus_vtable_socket[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Listen", "a(ss)", get_listen, 0, 0),
	SD_BUS_PROPERTY("Accept", "b", get_accept, 0, 0),
	SD_BUS_PROPERTY("FileDescriptorName", "s", get_fd_name, 0, 0),
	SD_BUS_PROPERTY("Result", "s", bus_get_result, 0, CHANGES),
	SD_BUS_PROPERTY("NConnections", "u", get_count, 0, CHANGES),
	SD_BUS_PROPERTY("NAccepted", "u", get_count, 0, CHANGES),
	SD_BUS_PROPERTY("ControlPID", "u", get_count, 0, CHANGES),
	COUNT("NRefused"),
	COUNT("MaxConnections"),
	COUNT("MaxConnectionsPerSource"),
	COUNT("TriggerLimitBurst"),
	COUNT("PollLimitBurst"),
	TIME("TimeoutUSec"),
	TIME("TriggerLimitIntervalUSec"),
	TIME("PollLimitIntervalUSec"),
	EXEC("ExecStartPre"),
	EXEC("ExecStartPost"),
	EXEC("ExecStopPre"),
	EXEC("ExecStopPost"),
	SD_BUS_VTABLE_END,
};

const sd_bus_vtable bus_vtable_path[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Unit", "s", get_path_unit, 0, 0),
	SD_BUS_PROPERTY("Paths", "a(ss)", get_paths, 0, 0),
	SD_BUS_PROPERTY("Result", "s", bus_get_result, 0, CHANGES),
	SD_BUS_PROPERTY("MakeDirectory", "b", get_path_number, 0, 0),
	SD_BUS_PROPERTY("DirectoryMode", "u", get_path_number, 0, 0),
	SD_BUS_PROPERTY("TriggerLimitIntervalUSec", "t", get_path_number, 0, 0),
	SD_BUS_PROPERTY("TriggerLimitBurst", "u", get_path_number, 0, 0),
	SD_BUS_VTABLE_END,
};

const sd_bus_vtable bus_vtable_automount[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Where", "s", get_where, 0, 0),
	SD_BUS_PROPERTY("DirectoryMode", "u", get_path_number, 0, 0),
	SD_BUS_PROPERTY("TimeoutIdleUSec", "t", get_path_number, 0, 0),
	SD_BUS_PROPERTY("Result", "s", bus_get_result, 0, CHANGES),
	SD_BUS_VTABLE_END,
};
