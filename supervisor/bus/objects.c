// SPDX-License-Identifier: MIT
#include "objects.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../shell.h"

#define ERROR_PREFIX "org.freedesktop.systemd1."

static const char *const interfaces[UNIT_TYPE_COUNT] = {
	[UNIT_SERVICE] = BUS_INTERFACE_SERVICE,
	[UNIT_SOCKET] = BUS_INTERFACE_SOCKET,
	[UNIT_TARGET] = "org.freedesktop.systemd1.Target",
	[UNIT_SLICE] = "org.freedesktop.systemd1.Slice",
	[UNIT_TIMER] = BUS_INTERFACE_TIMER,
	[UNIT_PATH] = BUS_INTERFACE_PATH,
	[UNIT_MOUNT] = BUS_INTERFACE_MOUNT,
	[UNIT_AUTOMOUNT] = BUS_INTERFACE_AUTOMOUNT,
	[UNIT_SWAP] = BUS_INTERFACE_SWAP,
	[UNIT_DEVICE] = "org.freedesktop.systemd1.Device",
	[UNIT_SCOPE] = "org.freedesktop.systemd1.Scope",
};

/* The interface of a unit's type: "org.freedesktop.systemd1.Target". */
static const char *type_interface(enum unit_type type)
{
	return (size_t)type < UNIT_TYPE_COUNT ? interfaces[type] : NULL;
}

int bus_no_such_unit(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, ERROR_PREFIX "NoSuchUnit", "Unit %s not loaded.", name);
}

int bus_fatal(struct bus_server *b, int error)
{
	shell_fatal(b->shell, error);
	return error;
}

uint64_t bus_realtime(uint64_t monotonic_us)
{
	uint64_t now = now_us(), wall = clock_us(CLOCK_REALTIME);

	if (monotonic_us == 0 || monotonic_us == USEC_INFINITY) {
		return monotonic_us;
	}
	return monotonic_us > now ? wall + (monotonic_us - now) : wall - (now - monotonic_us);
}

int bus_engine_error(sd_bus_error *error, const struct engine_error *e, const char *unit)
{
	const char *code = engine_error_to_string(e->code);
	char name[128], text[1024];

	/* The text names the unit, which may be one that the asked for needs. */
	if (e->code == ENGINE_NO_SUCH_UNIT || e->code == ENGINE_MASKED) {
		snprintf(name, sizeof(name), ERROR_PREFIX "%s", code);
		text_escape(e->text, text, sizeof(text));
		return sd_bus_error_set(error, name, text);
	}
	strcpy(name, ERROR_PREFIX);
	strncat(name, code ? code : "LoadFailed", sizeof(name) - strlen(name) - 1);
	text_escape(e->text, text, sizeof(text));
	return sd_bus_error_setf(error, name, "Unit %s: %s", unit,
		*text  ? text
		: code ? code
		       : "refused");
}

int64_t bus_find_unit(struct bus_server *b, const char *name, sd_bus_error *error)
{
	uint32_t i = unit_name_is_valid(name) ? engine_find(b->shell->engine, name) : ENGINE_NONE;
	const struct unit *u = i == ENGINE_NONE ? NULL : engine_unit(b->shell->engine, i);

	if (!u) {
		(void)bus_no_such_unit(error, name);
		return -ENOENT;
	}
	return i;
}

int bus_read_unit(struct bus_server *b, sd_bus_message *m, uint32_t *ret, sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);
	int64_t i = r < 0 ? r : bus_find_unit(b, name, error);

	if (i < 0) {
		return (int)i;
	}
	*ret = (uint32_t)i;
	return 0;
}

int bus_call_named(
	struct bus_server *b, sd_bus_message *m, bus_unit_call_fn *call, sd_bus_error *error)
{
	uint32_t i;
	int r = bus_read_unit(b, m, &i, error);

	return r < 0 ? r : call(b, m, engine_unit(b->shell->engine, i), error);
}

int bus_call_on(
	struct bus_unit_ref *ref, sd_bus_message *m, bus_unit_call_fn *call, sd_bus_error *error)
{
	return ref->unit ? call(ref->server, m, ref->unit, error)
			 : bus_no_such_unit(error, ref->name);
}

int bus_append_text(sd_bus_message *reply, const char *text)
{
	char shown[4096];
	int r = sd_bus_message_append_basic(reply, 's', text ? text : "");

	if (r == -EINVAL) {
		text_escape(text, shown, sizeof(shown));
		r = sd_bus_message_append_basic(reply, 's', shown);
	}
	return r;
}

int bus_append_job(sd_bus_message *reply, const struct unit *u)
{
	char path[BUS_PATH_MAX];

	if (!u || !u->job) {
		return sd_bus_message_append(reply, "(uo)", 0u, "/");
	}
	bus_job_path(u->job->id, path);
	return sd_bus_message_append(reply, "(uo)", u->job->id, path);
}

/* Which units exist at all as objects: every valid name, as clients ask for any. */
static int find_unit(sd_bus *bus, const char *path, const char *interface, void *userdata,
	void **ret_found, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	char name[LIMIT_UNIT_NAME];
	const char *own;
	struct bus_unit_ref *ref;
	int type;

	(void)bus;
	(void)error;
	if (bus_unit_name(path, name) < 0) {
		return 0;
	}
	ref = bus_unit_ref(b, name);
	if (strcmp(interface, BUS_INTERFACE_UNIT) != 0 &&
		strcmp(interface, BUS_INTERFACE_OWNUNIT) != 0) {
		type = unit_type_from_name(ref->name);
		own = type < 0 ? NULL : type_interface((enum unit_type)type);
		if (!own || strcmp(own, interface) != 0) {
			return 0;
		}
	}
	*ret_found = ref;
	return 1;
}

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata,
	void **ret_found, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct job *job;
	uint32_t id;

	(void)bus;
	(void)interface;
	(void)error;
	if (bus_job_id(path, &id) < 0) {
		return 0;
	}
	job = engine_job(b->shell->engine, id);
	if (!job) {
		return 0;
	}
	*ret_found = b;
	return 1;
}

static int enumerate_units(
	sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	uint32_t n = engine_n_units(b->shell->engine);
	char **nodes = calloc(n + 1, sizeof(*nodes));
	char path[BUS_PATH_MAX];

	(void)bus;
	(void)prefix;
	(void)error;
	if (!nodes) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		bus_unit_path(engine_unit(b->shell->engine, i)->name, path);
		nodes[i] = strdup(path);
		if (!nodes[i]) {
			break;
		}
	}
	*ret_nodes = nodes;
	return 0;
}

struct object {
	const char *path;
	const char *interface;
	const sd_bus_vtable *vtable;
	sd_bus_object_find_t find; /* NULL: exactly that path */
};

static const struct object objects[] = {
	{ "/org/freedesktop/DBus", "org.freedesktop.DBus", bus_vtable_dbus, NULL },
	{ "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", bus_vtable_log_control,
		NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_manager_state, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_manager_units, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_manager_jobs, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_manager_files, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_clean, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER, bus_vtable_freezer, NULL },
	{ BUS_MANAGER_PATH, BUS_INTERFACE_OWN, bus_vtable_own_manager, NULL },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_UNIT, bus_vtable_unit, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_UNIT, bus_vtable_unit_clean, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_UNIT, bus_vtable_unit_freezer,
		find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_SERVICE, bus_vtable_service, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_TIMER, bus_vtable_timer, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_MOUNT, bus_vtable_mount, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_AUTOMOUNT, bus_vtable_automount,
		find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_SWAP, bus_vtable_swap, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_SERVICE, bus_vtable_cgroup, find_unit },
	{ "/org/freedesktop/systemd1/unit", "org.freedesktop.systemd1.Slice", bus_vtable_cgroup,
		find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_SOCKET, bus_vtable_socket, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_PATH, bus_vtable_path, find_unit },
	{ "/org/freedesktop/systemd1/unit", BUS_INTERFACE_OWNUNIT, bus_vtable_own_unit, find_unit },
	{ "/org/freedesktop/systemd1/job", BUS_INTERFACE_JOB, bus_vtable_job, find_job },
};

int bus_objects_add(struct bus_client *client)
{
	struct bus_server *b = client->server;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(objects); i++) {
		const struct object *o = &objects[i];

		r = o->find ? sd_bus_add_fallback_vtable(client->bus, NULL, o->path, o->interface,
				      o->vtable, o->find, b)
			    : sd_bus_add_object_vtable(
				      client->bus, NULL, o->path, o->interface, o->vtable, b);
	}
	if (r >= 0) {
		r = sd_bus_add_node_enumerator(
			client->bus, NULL, "/org/freedesktop/systemd1/unit", enumerate_units, b);
	}
	return r;
}
