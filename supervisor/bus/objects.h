// SPDX-License-Identifier: MIT
/*
 * The D-Bus objects: vtables by theme, one file each, and what they share. The user data of
 * manager methods is the struct bus_server; of unit objects the struct bus_unit_ref; of jobs the
 * struct job.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "../../runtime/base/unitname.h"
#include "server.h"

#define BUS_INTERFACE_MANAGER   "org.freedesktop.systemd1.Manager"
#define BUS_INTERFACE_UNIT      "org.freedesktop.systemd1.Unit"
#define BUS_INTERFACE_SERVICE   "org.freedesktop.systemd1.Service"
#define BUS_INTERFACE_TIMER     "org.freedesktop.systemd1.Timer"
#define BUS_INTERFACE_SOCKET    "org.freedesktop.systemd1.Socket"
#define BUS_INTERFACE_PATH      "org.freedesktop.systemd1.Path"
#define BUS_INTERFACE_MOUNT     "org.freedesktop.systemd1.Mount"
#define BUS_INTERFACE_AUTOMOUNT "org.freedesktop.systemd1.Automount"
#define BUS_INTERFACE_SWAP      "org.freedesktop.systemd1.Swap"
#define BUS_INTERFACE_JOB       "org.freedesktop.systemd1.Job"
#define BUS_INTERFACE_OWN       "org.supd1.Manager"
#define BUS_INTERFACE_OWNUNIT   "org.supd1.Unit"

extern const sd_bus_vtable bus_vtable_dbus[];          /* hello.c */
extern const sd_bus_vtable bus_vtable_log_control[];   /* hello.c */
extern const sd_bus_vtable bus_vtable_manager_units[]; /* manager_units.c */
extern const sd_bus_vtable bus_vtable_manager_jobs[];  /* manager_jobs.c */
extern const sd_bus_vtable bus_vtable_manager_files[]; /* manager_files.c */
extern const sd_bus_vtable bus_vtable_manager_state[]; /* manager_state.c */
extern const sd_bus_vtable bus_vtable_clean[];         /* clean.c: Manager */
extern const sd_bus_vtable bus_vtable_unit_clean[];    /* clean.c: Unit */
extern const sd_bus_vtable bus_vtable_freezer[];       /* freezer.c: Manager */
extern const sd_bus_vtable bus_vtable_unit_freezer[];  /* freezer.c: Unit */
extern const sd_bus_vtable bus_vtable_own_manager[];   /* own.c */
extern const sd_bus_vtable bus_vtable_own_unit[];      /* own.c */
extern const sd_bus_vtable bus_vtable_unit[];          /* unit.c */
extern const sd_bus_vtable bus_vtable_service[];       /* service.c */
extern const sd_bus_vtable bus_vtable_timer[];         /* timer.c */
extern const sd_bus_vtable bus_vtable_mount[];         /* mount.c */
extern const sd_bus_vtable bus_vtable_automount[];     /* trigger.c */
extern const sd_bus_vtable bus_vtable_swap[];          /* mount.c */
extern const sd_bus_vtable bus_vtable_cgroup[];        /* cgroup.c: Service and Slice */
extern const sd_bus_vtable bus_vtable_socket[];        /* trigger.c */
extern const sd_bus_vtable bus_vtable_path[];          /* trigger.c */
extern const sd_bus_vtable bus_vtable_job[];           /* job.c */

/* Adds everything to a connection. */
int bus_objects_add(struct bus_client *client);

/* Names of properties that a PropertiesChanged signal carries. */
extern const char *const bus_unit_changing[];
extern const char *const bus_service_changing[];
extern const char *const bus_timer_changing[];
extern const char *const bus_mount_changing[];
extern const char *const bus_socket_changing[];
extern const char *const bus_path_changing[];

/* Sets a "NoSuchUnit" error; returns its -errno. */
int bus_no_such_unit(sd_bus_error *error, const char *name);
/* Sets the D-Bus error of a refused request. */
int bus_engine_error(sd_bus_error *error, const struct engine_error *e, const char *unit);
/* Engine's index of a valid name; -ENOENT with *error set otherwise. */
int64_t bus_find_unit(struct bus_server *b, const char *name, sd_bus_error *error);
/*
 * Reads a unit's name, the next argument. 0 and the engine's index, or < 0: *error is set, or the
 * message has no such argument.
 */
int bus_read_unit(struct bus_server *b, sd_bus_message *m, uint32_t *ret, sd_bus_error *error);
/* What a method does to a unit. */
typedef int bus_unit_call_fn(
	struct bus_server *b, sd_bus_message *m, const struct unit *u, sd_bus_error *error);
/* For the manager's methods, whose first argument is the unit's name. */
int bus_call_named(
	struct bus_server *b, sd_bus_message *m, bus_unit_call_fn *call, sd_bus_error *error);
/* For those of the unit object. */
int bus_call_on(
	struct bus_unit_ref *ref, sd_bus_message *m, bus_unit_call_fn *call, sd_bus_error *error);
/* After -ENOMEM of the engine: ends supd. */
int bus_fatal(struct bus_server *b, int error);
/* Monotonic to wall clock, 0 stays 0. */
uint64_t bus_realtime(uint64_t monotonic_us);
/* One string; what is not UTF-8 (D-Bus refuses it) goes as \xNN, then cut at 4 KiB. */
int bus_append_text(sd_bus_message *reply, const char *text);
/* (sasbttttuii): a command of which no run is remembered. */
int bus_append_command(sd_bus_message *reply, const struct manifest_command *c);
/* (uo): id and path of a unit's job, (0, "/") without. */
int bus_append_job(sd_bus_message *reply, const struct unit *u);
/* A job that a client asks for. */
struct bus_request {
	const char *unit; /* its name, valid or not */
	enum job_type type;
	const char *mode; /* as on the bus: "replace" */
};
/* Enqueues and answers with the job's path; shared by manager and unit objects. */
int bus_enqueue(struct bus_server *b, sd_bus_message *m, const struct bus_request *request,
	sd_bus_error *error);
/* FreezerState: a slice is frozen when all that runs in it is. */
const char *bus_freezer_state(struct bus_server *b, const struct unit *u);
/* The unit says how it reloads: ExecReload= or Type=notify-reload. */
bool bus_can_reload(const struct unit *u);
/* Manager's a(suuuss) of the newest catalogue. */
/*
 * org.supd1.Manager.ListUnitsPacked(as patterns) -> ay: for each unit these strings, each with its
 * NUL byte: name, load, active ("crash-looping" where it is), sub, description, job, job type (both
 * "": none). A tenth of the time that as many D-Bus structures take on both sides.
 */
#define BUS_PACKED_FIELDS 7u
int bus_list_packed(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bus_append_diagnostics(const struct manifest *manifest, sd_bus_message *reply);
