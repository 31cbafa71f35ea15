// SPDX-License-Identifier: MIT
/*
 * What a unit means beyond its lines: default and implied dependencies, values that follow from
 * others, and the combinations that are refused (spec: systemd.unit(5), systemd.service(5)).
 */
#pragma once

#include "scan.h"
#include "unit.h"

struct defaults_context {
	struct arena *arena;
	struct diagnostics *d;
	const struct scan *scan;
};

/* Fills type, notify access, OOM policy, abort timeout, slice; sorts commands. -ENOMEM. */
int defaults_resolve(const struct defaults_context *c, struct unit *u);
/* Reports the load-time refusals (bad-setting). */
void defaults_check(const struct defaults_context *c, struct unit *u);
/* Adds implied and default dependencies, all marked implicit. -ENOMEM. */
int defaults_add_deps(const struct defaults_context *c, struct unit *u);

/* The origin of a target's After= on what it pulls in: it counts only if the other agrees. */
extern const char defaults_target_order[];

/* For the files of this module: an error at the line of a setting; an implied dependency. */
void defaults_refuse(
	const struct defaults_context *c, struct unit *u, const char *setting, const char *text);
int defaults_add(
	const struct defaults_context *c, struct unit *u, enum dep_kind kind, const char *name);

/* defaults_trigger.c: sockets and paths. */
int defaults_resolve_trigger(const struct defaults_context *c, struct unit *u);
void defaults_check_trigger(const struct defaults_context *c, struct unit *u);
int defaults_trigger_deps(const struct defaults_context *c, struct unit *u);
/* defaults_mount.c: mounts and swaps; the commands that they stand for */
int defaults_resolve_mount(const struct defaults_context *c, struct unit *u);
void defaults_check_mount(const struct defaults_context *c, struct unit *u);
int defaults_mount_deps(const struct defaults_context *c, struct unit *u);
/* Requires= and After= the mount unit of every prefix of a path, where there is one. -ENOMEM */
int defaults_add_mounts(const struct defaults_context *c, struct unit *u, const char *path);
/* A place that no unit mounts: "/", "/proc" …; a file system that needs the network. */
bool defaults_is_api(const char *path);
bool defaults_is_remote(const char *fs_type, const char *options);
bool defaults_has_option(const char *options, const char *name);
/* defaults_automount.c */
int defaults_resolve_automount(const struct defaults_context *c, struct unit *u);
void defaults_check_automount(const struct defaults_context *c, struct unit *u);
int defaults_automount_deps(const struct defaults_context *c, struct unit *u);
/* defaults_device.c */
/* What a source of fstab(5) is as a path in /dev; "": it is no device. NULL: no memory. */
const char *defaults_device_path(struct arena *arena, const char *what);
/* The unit of that device; *ret NULL: there is none. -ENOMEM. */
int defaults_device_unit(struct arena *arena, const char *what, const char **ret);
/* A mount or swap is bound to the device that it is on. -ENOMEM. */
int defaults_mount_device(const struct defaults_context *c, struct unit *u);
/* defaults_log.c: LogNamespace= */
int defaults_resolve_log(const struct defaults_context *c, struct unit *u);
int defaults_log_deps(const struct defaults_context *c, struct unit *u);
/* defaults_time.c */
int defaults_resolve_timer(const struct defaults_context *c, struct unit *u);
void defaults_check_timer(const struct defaults_context *c, struct unit *u);
int defaults_timer_deps(const struct defaults_context *c, struct unit *u);
