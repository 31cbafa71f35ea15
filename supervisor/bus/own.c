// SPDX-License-Identifier: MIT
/* org.supd1: what systemd's interface has no place for. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/plan/launchwire.h"
#include "../machine.h"
#include "../shell.h"
#include "../unitlog.h"
#include "getters.h"
#include "objects.h"

int bus_append_diagnostics(const struct manifest *manifest, sd_bus_message *reply)
{
	int r = sd_bus_message_open_container(reply, 'a', "(suuuss)");

	for (uint32_t i = 0; r >= 0 && manifest && i < manifest->diagnostics.n; i++) {
		const struct manifest_diagnostic *d =
			(const struct manifest_diagnostic *)manifest->diagnostics.items + i;

		r = sd_bus_message_append(reply, "(suuuss)", d->file ? d->file : "", d->line,
			d->column, d->severity, d->unit ? d->unit : "", d->text ? d->text : "");
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_reload(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	return bus_reload(userdata, m, BUS_RELOAD_DIAGNOSTICS);
}

/* ReloadReport(b dry): a(suuuss) diagnostics, a(ssss) unit, setting, from, to, u more of them. */
static int method_reload_report(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	int dry, r = sd_bus_message_read(m, "b", &dry);

	(void)error;
	return r < 0 ? r : bus_reload(userdata, m, dry ? BUS_RELOAD_DRY : BUS_RELOAD_REPORT);
}

static int method_diagnostics(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const struct bus_server *b = userdata;
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	(void)error;
	if (r >= 0) {
		r = bus_append_diagnostics(engine_manifest(b->shell->engine), reply);
	}
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* s UNIT -> b, whether the kernel tells us, and a(suutsit): text, number, killed, count, the first
 * process's name and pid, and when the last one was (realtime, us). */
static int method_denials(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct bus_server *b = userdata;
	const struct denial_row *row;
	const struct unit *u;
	uint32_t i;
	int r = bus_read_unit(b, m, &i, error);

	if (r < 0) {
		return r;
	}
	u = engine_unit(b->shell->engine, i);
	r = sd_bus_message_new_method_return(m, &reply);
	r = r < 0 ? r : sd_bus_message_append(reply, "b", b->shell->denials != NULL);
	r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(suutsit)");
	for (uint32_t k = 0; r >= 0 && (row = denials_at(b->shell->denials, k)); k++) {
		char text[400];

		if (strcmp(row->unit, u->name) != 0) {
			continue;
		}
		denial_explain(&row->first, u->def, text, sizeof(text));
		r = sd_bus_message_append(reply, "(suutsit)", text, row->first.number,
			(uint32_t)row->first.killed, row->count, row->first.comm, row->first.pid,
			row->at_us);
	}
	r = r < 0 ? r : sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

GETTER(get_place)
{
	struct bus_server *b = userdata;
	const struct {
		const char *name;
		const char *value;
	} rows[] = {
		{ "Version", "0.1.0" },
		{ "RuntimeDir", b->shell->hello.runtime_dir },
		{ "LogDir", b->shell->hello.log_dir },
		{ "StateDir", b->shell->hello.state_dir },
		{ "CgroupRoot", b->shell->hello.cgroup_root },
	};

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].name, property) == 0) {
			return sd_bus_message_append(reply, "s", rows[i].value);
		}
	}
	return -EINVAL;
}

GETTER(get_generation)
{
	struct bus_server *b = userdata;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "u", b->shell->hello.generation);
}

GETTER(get_use_journald)
{
	struct bus_server *b = userdata;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "b", b->shell->hello.use_journald != 0);
}

/* What systemd has no name for: when supd-init began, and when supd knew what to start. */
GETTER(get_time)
{
	struct bus_server *b = userdata;

	GETTER_PROLOGUE;
	return sd_bus_message_append(
		reply, "t", property[0] == 'I' ? b->shell->hello.started_us : b->shell->asked_us);
}

/* systemd's PowerOff() and its kin, which stop no units: there they are what `--force` calls. */
static int method_power_force(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	static const struct {
		const char *name;
		enum wire_power power;
	} rows[] = {
		{ "halt", WIRE_POWER_HALT },
		{ "kexec", WIRE_POWER_KEXEC },
		{ "poweroff", WIRE_POWER_POWEROFF },
		{ "reboot", WIRE_POWER_REBOOT },
	};
	struct bus_server *b = userdata;
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	if (r < 0) {
		return r;
	}
	if (!b->shell->hello.pid1) {
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_NOT_SUPPORTED, "%s: supd-init is not PID 1 here", name);
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].name, name) == 0) {
			r = machine_power_force(b->shell, rows[i].power);
			return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, NULL);
		}
	}
	return sd_bus_error_setf(
		error, SD_BUS_ERROR_INVALID_ARGS, "%s: not halt, kexec, poweroff or reboot", name);
}

const sd_bus_vtable bus_vtable_own_manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Reload", "", "a(suuuss)", method_reload, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ReloadReport", "b", "a(suuuss)a(ssss)u", method_reload_report,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD(
		"GetDiagnostics", "", "a(suuuss)", method_diagnostics, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListUnitsPacked", "as", "ay", bus_list_packed, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetDenials", "s", "ba(suutsit)", method_denials, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("PowerForce", "s", "", method_power_force, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Version", "s", get_place, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("RuntimeDir", "s", get_place, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("LogDir", "s", get_place, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("StateDir", "s", get_place, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("CgroupRoot", "s", get_place, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("InitTimestampMonotonic", "t", get_time, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("JobsTimestampMonotonic", "t", get_time, 0, 0),
	SD_BUS_PROPERTY("UseJournald", "b", get_use_journald, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Generation", "u", get_generation, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

/* The launch that failed, or how the last main process ended when that was the failure. */
static void failure_text(const struct shell *s, const struct unit *u, char *buf, size_t size)
{
	char text[128];

	unitlog_failure_text(s, u, buf, size);
	if (*buf || u->service.result == RESULT_SUCCESS) {
		return;
	}
	if (u->service.result == RESULT_TIMEOUT || u->service.result == RESULT_WATCHDOG) {
		return; /* how the process ended then is supd's own doing */
	}
	if (u->service.main_code != 0) {
		unitlog_exit_text(u->service.main_code, u->service.main_status, text, sizeof(text));
		snprintf(buf, size, "main process: %s", text);
	} else if (u->service.control_code != 0) {
		unitlog_exit_text(
			u->service.control_code, u->service.control_status, text, sizeof(text));
		snprintf(buf, size, "control process: %s", text);
	}
}

GETTER(get_failure)
{
	struct bus_unit_ref *ref = userdata;
	const struct service_failure *f = ref->unit ? &ref->unit->service.failure : NULL;
	char text[1200] = "";
	const char *step = NULL;

	GETTER_PROLOGUE;
	if (ref->unit && strcmp(property, "FailureText") == 0) {
		failure_text(ref->server->shell, ref->unit, text, sizeof(text));
		return sd_bus_message_append(reply, "s", text);
	}
	if (f && (f->error != 0 || f->text[0] != '\0')) {
		step = launch_step_to_string((enum launch_step)f->step);
	}
	return sd_bus_message_append(reply, "s", step ? step : "");
}

/* The definition in use is not that of the files. */
GETTER(get_load_warning)
{
	struct bus_unit_ref *ref = userdata;
	const struct unit *u = ref->unit;
	char text[1400] = "";

	GETTER_PROLOGUE;
	if (u && u->vanished) {
		strcpy(text,
			"its unit file is gone or masked; it goes on, but cannot be restarted");
	} else if (u && u->def && (u->def->flags & UNIT_STALE)) {
		snprintf(text, sizeof(text), "the previous definition is in use: %.1200s",
			u->def->load_error ? u->def->load_error : "the unit file is broken");
	}
	return bus_append_text(reply, text);
}

GETTER(get_own)
{
	struct bus_unit_ref *ref = userdata;
	const struct unit *u = ref->unit;
	const struct manifest_service *s = u && u->is_service ? u->service.def.service : NULL;

	GETTER_PROLOGUE;
	switch (property[0]) {
	case 'P':
		return sd_bus_message_append(reply, "s", s && s->profile ? s->profile : "");
	case 'S':
		return sd_bus_message_append(reply, "u", u ? u->slot : WIRE_SLOT_NONE);
	default:
		return sd_bus_message_append(reply, "u", u ? u->catalogue : CATALOGUE_NONE);
	}
}

GETTER(get_looping)
{
	struct bus_unit_ref *ref = userdata;
	bool looping =
		ref->unit && ref->unit->is_service && service_is_crash_looping(&ref->unit->service);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "b", looping);
}

/* Was the last automatic restart one too many? */
GETTER(get_limit_hit)
{
	struct bus_unit_ref *ref = userdata;
	bool hit = ref->unit && ref->unit->is_service && ref->unit->service.forbid_restart &&
		   ref->unit->service.limit_hit;

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "b", hit);
}

GETTER(get_settings)
{
	struct bus_unit_ref *ref = userdata;
	const struct manifest_unit *def = ref->unit ? ref->unit->def : NULL;
	int r = sd_bus_message_open_container(reply, 'a', "{ss}");
	struct manifest_property p;
	uint32_t cursor = 0;

	GETTER_PROLOGUE;
	while (r >= 0 && def && manifest_next_property(def, &cursor, &p)) {
		/* "NAME@": where a setting stands, for the explanation of denials. */
		if (strchr(p.name, '@')) {
			continue;
		}
		r = sd_bus_message_append(reply, "{ss}", p.name, p.value);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

const sd_bus_vtable bus_vtable_own_unit[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("FailureText", "s", get_failure, 0, 0),
	SD_BUS_PROPERTY("LoadWarning", "s", get_load_warning, 0, 0),
	SD_BUS_PROPERTY("FailureStep", "s", get_failure, 0, 0),
	SD_BUS_PROPERTY("Profile", "s", get_own, 0, 0),
	SD_BUS_PROPERTY("Slot", "u", get_own, 0, 0),
	SD_BUS_PROPERTY("Catalogue", "u", get_own, 0, 0),
	SD_BUS_PROPERTY("CrashLooping", "b", get_looping, 0, 0),
	SD_BUS_PROPERTY("StartLimitHit", "b", get_limit_hit, 0, 0),
	SD_BUS_PROPERTY("Settings", "a{ss}", get_settings, 0, 0),
	SD_BUS_VTABLE_END,
};
