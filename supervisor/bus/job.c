// SPDX-License-Identifier: MIT
/* Job objects. Their user data is the server: the job is looked up by the path each time. */
#include <string.h>

#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const struct job *job_of(struct bus_server *b, const char *path)
{
	uint32_t id;

	return bus_job_id(path, &id) < 0 ? NULL : engine_job(b->shell->engine, id);
}

GETTER(get_text)
{
	const struct job *job = job_of(userdata, path);
	const char *text = "";

	GETTER_PROLOGUE;
	if (job && strcmp(property, "JobType") == 0) {
		text = job_type_to_string(job->type);
	} else if (job) {
		text = job->state == JOB_RUNNING ? "running" : "waiting";
	}
	return sd_bus_message_append(reply, "s", text);
}

GETTER(get_id)
{
	const struct job *job = job_of(userdata, path);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "u", job ? job->id : 0u);
}

GETTER(get_unit)
{
	struct bus_server *b = userdata;
	const struct job *job = job_of(b, path);
	const struct unit *u = job ? engine_unit(b->shell->engine, job->unit) : NULL;
	char unit_path[BUS_PATH_MAX] = "/";

	GETTER_PROLOGUE;
	if (u) {
		bus_unit_path(u->name, unit_path);
	}
	return sd_bus_message_append(reply, "(so)", u ? u->name : "", unit_path);
}

static int method_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_server *b = userdata;
	const struct job *job = job_of(b, sd_bus_message_get_path(m));
	int r;

	if (!job) {
		return sd_bus_error_setf(
			error, "org.freedesktop.systemd1.NoSuchJob", "The job does not exist.");
	}
	r = engine_cancel(b->shell->engine, job->id, now_us());
	return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
}

const sd_bus_vtable bus_vtable_job[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Cancel", "", "", method_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Id", "u", get_id, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Unit", "(so)", get_unit, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("JobType", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("State", "s", get_text, 0, 0),
	SD_BUS_VTABLE_END,
};
