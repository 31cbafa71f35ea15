// SPDX-License-Identifier: MIT
/* Manager: finding and listing units and their processes. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../journal.h"
#include "../shell.h"
#include "objects.h"

static int reply_unit_path(sd_bus_message *m, const char *name)
{
	char path[BUS_PATH_MAX];

	bus_unit_path(name, path);
	return sd_bus_reply_method_return(m, "o", path);
}

static bool is_listed(const struct unit *u)
{
	return u->def && unit_name_classify(u->name) != UNIT_NAME_TEMPLATE &&
	       (u->load_state != LOAD_NOT_FOUND || u->active != ACTIVE_INACTIVE || u->job);
}

static int method_get_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct unit *u;
	uint32_t i;
	int r = bus_read_unit(b, m, &i, error);

	if (r < 0) {
		return r;
	}
	u = engine_unit(b->shell->engine, i);
	return u->load_state == LOAD_NOT_FOUND ? bus_no_such_unit(error, u->name)
					       : reply_unit_path(m, u->name);
}

static int method_load_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0) {
		return r;
	}
	if (!unit_name_is_valid(name)) {
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_INVALID_ARGS, "Unit name %s is not valid.", name);
	}
	return reply_unit_path(m, bus_unit_ref(b, name)->name);
}

/* True if the shown cgroup path is that of the unit or below it. */
static bool owns_cgroup(struct bus_server *b, const struct unit *u, const char *shown)
{
	const char *cgroup = shell_unit_cgroup(u);
	char path[LIMIT_PATH];
	size_t len;

	if (!cgroup || !u->is_service) {
		return false;
	}
	cgroup_shown_path(&b->shell->cgroup, cgroup, path);
	len = strlen(path);
	return strncmp(path, shown, len) == 0 && (shown[len] == '/' || shown[len] == '\0');
}

static const struct unit *unit_by_cgroup(struct bus_server *b, const char *shown)
{
	for (uint32_t i = 0; i < engine_n_units(b->shell->engine); i++) {
		const struct unit *u = engine_unit(b->shell->engine, i);

		if (owns_cgroup(b, u, shown)) {
			return u;
		}
	}
	return NULL;
}

static int method_get_unit_by_pid(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct unit *u = NULL;
	char cgroup[LIMIT_PATH];
	uint32_t pid;
	int r = sd_bus_message_read(m, "u", &pid);

	if (r < 0) {
		return r;
	}
	if (pid > 0 && process_cgroup((pid_t)pid, cgroup) == 0) {
		u = unit_by_cgroup(b, cgroup);
	}
	if (!u) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoUnitForPID",
			"PID %u does not belong to any loaded unit.", pid);
	}
	return reply_unit_path(m, u->name);
}

static int method_get_unit_by_cgroup(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct unit *u;
	const char *path;
	int r = sd_bus_message_read(m, "s", &path);

	if (r < 0) {
		return r;
	}
	u = unit_by_cgroup(b, path);
	return u ? reply_unit_path(m, u->name) : bus_no_such_unit(error, path);
}

static int append_unit(sd_bus_message *reply, const struct unit *u)
{
	char path[BUS_PATH_MAX], job_path[BUS_PATH_MAX];
	const char *job_type = u->job ? job_type_to_string(u->job->type) : "";

	bus_unit_path(u->name, path);
	if (u->job) {
		bus_job_path(u->job->id, job_path);
	}
	return sd_bus_message_append(reply, "(ssssssouso)", u->name,
		u->def && u->def->description ? u->def->description : u->name,
		load_state_to_string(u->load_state), active_state_to_string(u->active),
		engine_sub_state(u), "", path, u->job ? u->job->id : 0u, job_type ? job_type : "",
		u->job ? job_path : "/");
}

struct filter {
	char **states;
	char **patterns;
	char **names;
};

static bool strv_has(char **list, const char *text)
{
	for (; list && *list; list++) {
		if (text && strcmp(*list, text) == 0) {
			return true;
		}
	}
	return false;
}

static bool matches_patterns(char **patterns, const char *name)
{
	if (!patterns || !*patterns) {
		return true;
	}
	for (; *patterns; patterns++) {
		if (fnmatch(*patterns, name, FNM_NOESCAPE) == 0) {
			return true;
		}
	}
	return false;
}

static bool passes(const struct filter *f, const struct unit *u)
{
	if (!is_listed(u) || !matches_patterns(f->patterns, u->name)) {
		return false;
	}
	return !f->states || !*f->states ||
	       strv_has(f->states, load_state_to_string(u->load_state)) ||
	       strv_has(f->states, active_state_to_string(u->active)) ||
	       strv_has(f->states, engine_sub_state(u));
}

static void filter_fini(struct filter *f)
{
	char **lists[] = { f->states, f->patterns, f->names };

	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		for (char **s = lists[i]; s && *s; s++) {
			free(*s);
		}
		free(lists[i]);
	}
}

static int append_all(struct bus_server *b, sd_bus_message *reply, const struct filter *f)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < engine_n_units(b->shell->engine); i++) {
		const struct unit *u = engine_unit(b->shell->engine, i);

		if (passes(f, u)) {
			r = append_unit(reply, u);
		}
	}
	return r;
}

/* Units asked for by name are told of even if they are not there. */
static int append_named(struct bus_server *b, sd_bus_message *reply, const struct filter *f)
{
	char path[BUS_PATH_MAX];
	int r = 0;

	for (char **name = f->names; r >= 0 && name && *name; name++) {
		const struct unit *u;

		if (!unit_name_is_valid(*name)) {
			continue;
		}
		u = bus_unit_ref(b, *name)->unit;
		if (u) {
			r = append_unit(reply, u);
			continue;
		}
		bus_unit_path(*name, path);
		r = sd_bus_message_append(reply, "(ssssssouso)", *name, *name, "not-found",
			"inactive", "dead", "", path, 0u, "", "/");
	}
	return r;
}

/* Each of the four listings reads its lists and appends its own. */
static int method_list(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	AUTO(filter_fini) struct filter f = { 0 };
	const char *member = sd_bus_message_get_member(m);
	bool named = strcmp(member, "ListUnitsByNames") == 0;
	int r = 0;

	(void)error;
	if (named) {
		r = sd_bus_message_read_strv(m, &f.names);
	} else if (strcmp(member, "ListUnits") != 0) {
		r = sd_bus_message_read_strv(m, &f.states);
	}
	if (r >= 0 && strcmp(member, "ListUnitsByPatterns") == 0) {
		r = sd_bus_message_read_strv(m, &f.patterns);
	}
	if (r >= 0) {
		r = sd_bus_message_new_method_return(m, &reply);
	}
	if (r >= 0) {
		r = sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
	}
	if (r >= 0) {
		r = named ? append_named(userdata, reply, &f) : append_all(userdata, reply, &f);
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* A growing byte array. */
struct bytes {
	char *data;
	size_t n, size;
};

static void bytes_fini(struct bytes *b)
{
	free(b->data);
}

/* A string with its NUL byte. -ENOMEM. */
static int bytes_put(struct bytes *b, const char *text)
{
	size_t n = strlen(text) + 1;

	if (b->size - b->n < n) {
		size_t size = (b->size + n) * 2 + 65536;
		char *data = realloc(b->data, size);

		if (!data) {
			return -ENOMEM;
		}
		b->data = data;
		b->size = size;
	}
	memcpy(b->data + b->n, text, n);
	b->n += n;
	return 0;
}

static int put_unit(struct bytes *b, const struct unit *u)
{
	bool looping = u->is_service && service_is_crash_looping(&u->service);
	char job[16] = "";
	const char *const fields[BUS_PACKED_FIELDS] = { u->name,
		load_state_to_string(u->load_state),
		looping ? "crash-looping" : active_state_to_string(u->active), engine_sub_state(u),
		u->def && u->def->description ? u->def->description : u->name, job,
		u->job ? job_type_to_string(u->job->type) : "" };
	int r = 0;

	if (u->job) {
		snprintf(job, sizeof(job), "%" PRIu32, u->job->id);
	}
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(fields); i++) {
		r = bytes_put(b, fields[i]);
	}
	return r;
}

int bus_list_packed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	AUTO(filter_fini) struct filter f = { 0 };
	AUTO(bytes_fini) struct bytes bytes = { 0 };
	struct bus_server *b = userdata;
	int r = sd_bus_message_read_strv(m, &f.patterns);

	(void)error;
	for (uint32_t i = 0; r >= 0 && i < engine_n_units(b->shell->engine); i++) {
		const struct unit *u = engine_unit(b->shell->engine, i);

		r = passes(&f, u) ? put_unit(&bytes, u) : 0;
	}
	r = r < 0 ? r : sd_bus_message_new_method_return(m, &reply);
	r = r < 0 ? r : sd_bus_message_append_array(reply, 'y', bytes.data, bytes.n);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_process(void *user, const char *shown, pid_t pid)
{
	char text[1024], path[LIMIT_PATH];

	process_command_line(pid, text, sizeof(text));
	text_escape(shown, path, sizeof(path)); /* a unit names its own cgroups as it likes */
	return sd_bus_message_append(user, "(sus)", path, (uint32_t)pid, text);
}

static int method_get_processes(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct bus_server *b = userdata;
	const char *name, *cgroup = "";
	int64_t i;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0) {
		return r;
	}
	if (*name) {
		i = bus_find_unit(b, name, error);
		if (i < 0) {
			return (int)i;
		}
		cgroup = shell_unit_cgroup(engine_unit(b->shell->engine, (uint32_t)i));
	}
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0) {
		r = sd_bus_message_open_container(reply, 'a', "(sus)");
	}
	if (r >= 0 && cgroup) {
		r = cgroup_each_pid(&b->shell->cgroup, cgroup, append_process, reply);
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

#define READ SD_BUS_VTABLE_UNPRIVILEGED
const sd_bus_vtable bus_vtable_manager_units[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("GetUnit", "s", "o", method_get_unit, READ),
	SD_BUS_METHOD("GetUnitByPID", "u", "o", method_get_unit_by_pid, READ),
	SD_BUS_METHOD("GetUnitByControlGroup", "s", "o", method_get_unit_by_cgroup, READ),
	SD_BUS_METHOD("LoadUnit", "s", "o", method_load_unit, READ),
	SD_BUS_METHOD("ListUnits", "", "a(ssssssouso)", method_list, READ),
	SD_BUS_METHOD("ListUnitsFiltered", "as", "a(ssssssouso)", method_list, READ),
	SD_BUS_METHOD("ListUnitsByPatterns", "asas", "a(ssssssouso)", method_list, READ),
	SD_BUS_METHOD("ListUnitsByNames", "as", "a(ssssssouso)", method_list, READ),
	SD_BUS_METHOD("GetUnitProcesses", "s", "a(sus)", method_get_processes, READ),
	SD_BUS_VTABLE_END,
};
