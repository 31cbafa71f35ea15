// SPDX-License-Identifier: MIT
/* Manager: what changes units and jobs. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "../shell.h"
#include "objects.h"

static const struct {
	const char *member;
	enum job_type type;
} requests[] = {
	{ "StartUnit", JOB_START },
	{ "StartUnitReplace", JOB_START },
	{ "StopUnit", JOB_STOP },
	{ "ReloadUnit", JOB_RELOAD },
	{ "RestartUnit", JOB_RESTART },
	{ "TryRestartUnit", JOB_TRY_RESTART },
	{ "ReloadOrRestartUnit", JOB_RELOAD_OR_START },
	{ "ReloadOrTryRestartUnit", JOB_TRY_RELOAD },
};

/* "reload-or-restart": what cannot be reloaded is restarted. */
static enum job_type effective_type(const struct unit *u, enum job_type type)
{
	if (type == JOB_RELOAD_OR_START && !bus_can_reload(u)) {
		return JOB_RESTART;
	}
	if (type == JOB_TRY_RELOAD && !bus_can_reload(u)) {
		return JOB_TRY_RESTART;
	}
	return type;
}

static int check_manual(const struct unit *u, enum job_type type, sd_bus_error *error)
{
	uint32_t flags = u->def ? u->def->flags : 0;
	bool stops = type == JOB_STOP || type == JOB_RESTART || type == JOB_TRY_RESTART;
	bool starts = type != JOB_STOP;

	if ((starts && (flags & UNIT_REFUSE_MANUAL_START)) ||
		(stops && (flags & UNIT_REFUSE_MANUAL_STOP))) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.OnlyByDependency",
			"Operation refused, unit %s may be requested by dependency only.", u->name);
	}
	return 0;
}

static int reply_job(struct bus_server *b, sd_bus_message *m, const struct unit *u, uint32_t job)
{
	struct bus_client *c = bus_client_of(b, sd_bus_message_get_bus(m));
	char path[BUS_PATH_MAX];
	bool done = job == 0;
	int r;

	if (done) {
		job = b->next_done_job++ | 0x80000000u;
	}
	bus_job_path(job, path);
	r = sd_bus_reply_method_return(m, "o", path);
	if (r >= 0 && done && c) {
		r = sd_bus_emit_signal(c->bus, BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER,
			"JobRemoved", "uoss", job, path, u->name, "done");
	}
	return r < 0 ? r : 1;
}

/* Index of the unit, or a negative error: a template, no such unit, nothing there to stop. */
static int64_t find_for_job(
	struct bus_server *b, const struct bus_request *request, sd_bus_error *error)
{
	const struct unit *u;
	int64_t i;

	if (unit_name_classify(request->unit) == UNIT_NAME_TEMPLATE) {
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
			"Unit name %s is missing the instance name.", request->unit);
	}
	i = bus_find_unit(b, request->unit, error);
	if (i < 0) {
		sd_bus_error_free(error);
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
			"Unit %s not found.", request->unit);
	}
	u = engine_unit(b->shell->engine, (uint32_t)i);
	if (u->load_state == LOAD_NOT_FOUND && u->active == ACTIVE_INACTIVE && !u->job) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
			"Unit %s not found.", request->unit);
	}
	return i;
}

int bus_enqueue(struct bus_server *b, sd_bus_message *m, const struct bus_request *request,
	sd_bus_error *error)
{
	struct engine_error refusal = { .code = ENGINE_OK };
	struct engine_request q = { .manual = true };
	const struct unit *u;
	uint32_t job = 0;
	int64_t i;
	int r = job_mode_from_string(request->mode);

	if (r < 0) {
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_INVALID_ARGS, "Job mode %s invalid", request->mode);
	}
	q.mode = (enum job_mode)r;
	if (broker_is_congested(&b->shell->broker)) {
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_LIMITS_EXCEEDED, "Too much is under way; try again.");
	}
	i = find_for_job(b, request, error);
	if (i < 0) {
		return (int)i;
	}
	q.unit = (uint32_t)i;
	u = engine_unit(b->shell->engine, q.unit);
	q.type = effective_type(u, request->type);
	r = check_manual(u, q.type, error);
	if (r < 0) {
		return r;
	}
	r = engine_enqueue(b->shell->engine, &q, now_us(), &job, &refusal);
	if (r < 0) {
		return bus_fatal(b, r);
	}
	return r == 1 ? bus_engine_error(error, &refusal, request->unit) : reply_job(b, m, u, job);
}

static int method_request(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m), *name, *mode, *old;
	int r = 0;

	if (strcmp(member, "StartUnitReplace") == 0) {
		r = sd_bus_message_read(m, "s", &old);
	}
	if (r >= 0) {
		r = sd_bus_message_read(m, "ss", &name, &mode);
	}
	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(requests); i++) {
		if (strcmp(requests[i].member, member) == 0) {
			const struct bus_request request = { name, requests[i].type, mode };

			return bus_enqueue(userdata, m, &request, error);
		}
	}
	return r < 0 ? r : -EINVAL;
}

static const struct {
	const char *name;
	enum wire_target target;
} targets[] = {
	{ "main", WIRE_TARGET_MAIN },
	{ "main-fail", WIRE_TARGET_MAIN },
	{ "control", WIRE_TARGET_CONTROL },
	{ "control-fail", WIRE_TARGET_CONTROL },
	{ "all", WIRE_TARGET_ALL },
	{ "all-fail", WIRE_TARGET_ALL },
	{ "", WIRE_TARGET_ALL },
};

static int find_target(const char *whom)
{
	for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
		if (strcmp(targets[i].name, whom) == 0) {
			return (int)targets[i].target;
		}
	}
	return -EINVAL;
}

static int method_kill(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const char *name, *whom;
	int32_t signo;
	int64_t i;
	int target, r = sd_bus_message_read(m, "ssi", &name, &whom, &signo);

	if (r < 0) {
		return r;
	}
	target = find_target(whom);
	if (target < 0 || signo < 1 || signo > SIGRTMAX) {
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
			"No such %s: %s, signal %d", target < 0 ? "target" : "signal", whom, signo);
	}
	i = bus_find_unit(b, name, error);
	if (i < 0) {
		return (int)i;
	}
	if (engine_unit(b->shell->engine, (uint32_t)i)->slot == WIRE_SLOT_NONE) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchProcess",
			"Unit %s has no processes to kill.", name);
	}
	r = engine_kill(b->shell->engine, (uint32_t)i, (uint32_t)target, signo, now_us());
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

static int method_reset_failed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	int r = 0;

	(void)error;
	for (uint32_t i = 0; r >= 0 && i < engine_n_units(b->shell->engine); i++) {
		if (engine_unit(b->shell->engine, i)->def) {
			r = engine_reset_failed(b->shell->engine, i, now_us());
		}
	}
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

static int method_reset_failed_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	uint32_t i;
	int r = bus_read_unit(b, m, &i, error);

	if (r < 0) {
		return r;
	}
	r = engine_reset_failed(b->shell->engine, i, now_us());
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

static int append_queued(struct bus_server *b, sd_bus_message *reply, const struct job *job)
{
	const struct unit *u = engine_unit(b->shell->engine, job->unit);
	char path[BUS_PATH_MAX], unit_path[BUS_PATH_MAX];

	bus_job_path(job->id, path);
	bus_unit_path(u->name, unit_path);
	return sd_bus_message_append(reply, "(usssoo)", job->id, u->name,
		job_type_to_string(job->type), job->state == JOB_RUNNING ? "running" : "waiting",
		path, unit_path);
}

static int method_list_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct bus_server *b = userdata;
	const struct job *job;
	uint32_t cursor = 0;
	int r = sd_bus_message_new_method_return(m, &reply);

	(void)error;
	if (r >= 0) {
		r = sd_bus_message_open_container(reply, 'a', "(usssoo)");
	}
	while (r >= 0 && (job = engine_next_job(b->shell->engine, &cursor))) {
		r = append_queued(b, reply, job);
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(reply);
	}
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int no_such_job(sd_bus_error *error, uint32_t id)
{
	return sd_bus_error_setf(
		error, "org.freedesktop.systemd1.NoSuchJob", "Job %u does not exist.", id);
}

static int method_get_job(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	char path[BUS_PATH_MAX];
	uint32_t id;
	int r = sd_bus_message_read(m, "u", &id);

	if (r < 0) {
		return r;
	}
	if (!engine_job(b->shell->engine, id)) {
		return no_such_job(error, id);
	}
	bus_job_path(id, path);
	return sd_bus_reply_method_return(m, "o", path);
}

static int method_cancel_job(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	uint32_t id;
	int r = sd_bus_message_read(m, "u", &id);

	if (r < 0) {
		return r;
	}
	r = engine_cancel(b->shell->engine, id, now_us());
	if (r < 0) {
		return bus_fatal(b, r);
	}
	return r == 1 ? no_such_job(error, id) : sd_bus_reply_method_return(m, NULL);
}

static int method_clear_jobs(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	int r = engine_cancel_all(b->shell->engine, now_us());

	(void)error;
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

#define CHANGE SD_BUS_VTABLE_UNPRIVILEGED /* auth.c decides */
const sd_bus_vtable bus_vtable_manager_jobs[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("StartUnitReplace", "sss", "o", method_request, CHANGE),
	SD_BUS_METHOD("StopUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("ReloadUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("RestartUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("TryRestartUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("ReloadOrRestartUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("ReloadOrTryRestartUnit", "ss", "o", method_request, CHANGE),
	SD_BUS_METHOD("KillUnit", "ssi", "", method_kill, CHANGE),
	SD_BUS_METHOD("ResetFailed", "", "", method_reset_failed, CHANGE),
	SD_BUS_METHOD("ResetFailedUnit", "s", "", method_reset_failed_unit, CHANGE),
	SD_BUS_METHOD("ListJobs", "", "a(usssoo)", method_list_jobs, CHANGE),
	SD_BUS_METHOD("GetJob", "u", "o", method_get_job, CHANGE),
	SD_BUS_METHOD("CancelJob", "u", "", method_cancel_job, CHANGE),
	SD_BUS_METHOD("ClearJobs", "", "", method_clear_jobs, CHANGE),
	SD_BUS_SIGNAL("JobNew", "uos", 0),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_VTABLE_END,
};
