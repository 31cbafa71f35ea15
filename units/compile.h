// SPDX-License-Identifier: MIT
/*
 * From parsed units to a catalogue: for every unit one catalogue_unit and one manifest_unit (same
 * index), and one entry for each thing that can be done with it. A unit that cannot be compiled is
 * refused with a diagnostic; the others are not touched by that.
 *
 * The modules compile_*.c each fill one part of a plan; struct compile is what they share. All
 * memory of the results is in the arena of the load.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/plan/catalogue.h"
#include "../runtime/plan/manifest.h"
#include "../runtime/plan/plan.h"
#include "../runtime/plan/settings.h"
#include "diag.h"
#include "idtable.h"
#include "loader.h"
#include "namemap.h"
#include "profile.h"
#include "seccomp_cache.h"
#include "userdb.h"

/* The machine's totals, which percentages refer to. */
struct compile_host {
	uint64_t memory_bytes;
	uint64_t tasks;
	uint32_t n_processors;
	uint32_t landlock_abi; /* 0: none; by sandbox_enter(), later it cannot be asked */
};

/* The catalogue before, which only a broken unit asks for. */
struct compile_previous {
	struct tlv_bytes plans_data, manifest_data; /* as they were written; n is 0: none */
	bool opened;
	struct catalogue plans;
	struct manifest manifest;
};

struct compile {
	struct arena *arena;
	struct diagnostics *diagnostics;
	const struct unit_set *set;
	const struct settings *settings;
	const struct userdb *users;
	struct idtable *ids;
	struct compile_host host;
	const char *const *environ; /* what PassEnvironment= may pass; NULL: nothing */
	struct compile_previous previous;
	const struct catalogue *prev_plans; /* of previous once it is opened; NULL: there is none */
	const struct manifest *prev_manifest;

	struct list *joins;        /* by unit: uint32_t, who it shares namespaces with, both ways */
	struct namemap call_lists; /* SystemCallFilter= as written -> struct seccomp_spec */
	struct namemap shown;      /* names of settings whose text the manifest has */
	struct list devices;       /* struct device_group: /proc/devices, read once */
	bool devices_read;

	/* results */
	struct catalogue_builder builder;
	struct seccomp_cache seccomp;
	struct manifest manifest;
};

/* One unit's state while it is compiled. */
struct compile_unit {
	struct compile *c;
	struct unit *unit;
	uint32_t index;
	const struct profile *profile;
	bool user_namespace;
	bool is_public; /* everybody may read its files, so its command lines are no secret */
	uint32_t range; /* of its ids; 0: none */
	const char *home;
	const char *shell;
	const char *cgroup;
	struct plan base; /* what all commands of the unit share */
	uint32_t limits_hash;
	bool startup_limits; /* some of them are others while the machine starts */
};

/*
 * Compiles the whole set into c->builder and c->manifest. 0, -ENOMEM, -E2BIG. The caller has
 * filled the first part of *c. The builder and the filters live as long as the process.
 */
int compile_all(struct compile *c);
/* Reads the totals of this machine. */
void compile_read_host(struct compile_host *ret);

/*
 * Refuses the unit: a diagnostic at origin ("web.service:14"; NULL: the unit's file) and load
 * state BAD_SETTING. Returns -EINVAL, so that callers can return it.
 */
int compile_refuse(struct compile_unit *cu, const char *origin, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A diagnostic of lesser severity. */
void compile_note(struct compile_unit *cu, enum manifest_severity severity, const char *origin,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* True for the origin of a profile's line, "profile standard" or "standard.conf:3". */
bool compile_origin_is_profile(const struct compile_unit *cu, const char *origin);

/* ---- parts; each fills fields of cu->base; 0, -EINVAL after compile_refuse, -ENOMEM ---- */

/* compile_joins.c: fills c->joins from JoinsNamespaceOf= of all units; 0, -ENOMEM */
int compile_join_units(struct compile *c);
/* The names of the unit's row of c->joins with a space between; NULL: there is none. 0, -ENOMEM. */
int compile_joined_names(const struct compile_unit *cu, const char **ret);
/* compile_ids.c: uid, gid, groups, id maps, stale_users, home, shell, range */
int compile_ids(struct compile_unit *cu);
/* True if root in the unit is an id of its own range, not the host's root. */
bool compile_root_is_mapped(const struct compile_unit *cu);
/* compile_caps.c: the capability sets, securebits, no_new_privs */
int compile_caps(struct compile_unit *cu);
/* The capabilities that its processes can ever have. */
uint64_t compile_bounding_set(const struct compile_unit *cu);
/* compile_mounts.c: namespaces, mounts, flags of private places, dirs */
int compile_walls(struct compile_unit *cu);
/* compile_credentials.c: credentials */
int compile_credentials(struct compile_unit *cu);
/* compile_dirs.c: dirs; needs the flags */
int compile_dirs(struct compile_unit *cu);
/* compile_places.c: root, API file systems, cgroup view, host name; needs the flags */
int compile_places(struct compile_unit *cu);
/* Divides m->options, as a unit writes them, into flags and options of the file system. */
int compile_mount_options(struct compile_unit *cu, struct plan_mount *m);
/* compile_env.c: env, env_files, unset_env */
int compile_environment(struct compile_unit *cu);
/* compile_filter.c: the seccomp program */
int compile_filter(struct compile_unit *cu);
/* Its part for SystemCallFilter= alone. */
int compile_filter_calls(struct compile_unit *cu, struct seccomp_spec *spec);
/* compile_cgroup.c: cgroup path, cgroup_writes with those of the slices above */
/* Path of a slice, nested by dashes; "" for the root slice; NULL: no memory. */
const char *compile_slice_path(struct compile *c, const char *name);
int compile_cgroup_path(struct compile *c, const struct unit *u, const char **ret);
int compile_cgroup_writes(struct compile_unit *cu, struct tlv_array *ret);
/* Adds bytes to cu->limits_hash. */
void compile_limits_hash(struct compile_unit *cu, const void *data, size_t size);
#define COMPILE_SLICES 32
/* The loaded slices above a unit, outermost first, without the root slice. Returns their number. */
size_t compile_slices(struct compile_unit *cu, const struct unit *ret[COMPILE_SLICES]);
/* compile_bpf.c: programs at the unit's cgroup */
int compile_bpf(struct compile_unit *cu);
/* compile_landlock.c: the second wall; after filters, mounts and capabilities */
int compile_landlock(struct compile_unit *cu);
/* What of it one command has; nothing of it. */
void compile_landlock_command(enum exec_phase phase, struct plan *p);
void compile_landlock_drop(struct plan *p);
/* Which version of Landlock's interface the unit will have used; 0: none. */
uint32_t compile_landlock_abi(const struct compile_unit *cu);
/* compile_labels.c: labels of security modules */
int compile_labels(struct compile_unit *cu);
/* compile_log.c: what journald is told of the unit */
int compile_log(struct compile_unit *cu);
/* compile_attributes.c: rare attributes, namespaces by path; after compile_walls */
int compile_attributes(struct compile_unit *cu);
/* MemoryPressureWatch=, MemoryPressureThresholdSec= of the unit, or else of supd.conf. */
enum pressure_watch compile_pressure_watch(const struct compile_unit *cu);
uint64_t compile_pressure_us(const struct compile_unit *cu);

/* First id of the unit's own range, which no other unit ever has; 0: it has none. */
uint32_t compile_own_ids(const struct compile_unit *cu);
/* compile_process.c: a checked list such as "0-3 5" as bits */
int compile_bits(
	struct compile_unit *cu, const char *setting, const char *text, struct tlv_bytes *ret);
/* compile_process.c: rlimits, scheduling, streams */
int compile_process(struct compile_unit *cu);

/* compile_plan.c: all of the above */
int compile_prepare(struct compile_unit *cu);
/* Then, when the unit is in the catalogue, its entries; *m gets commands and entry numbers. */
int compile_entries(struct compile_unit *cu, struct manifest_unit *m);
/* Encodes a plan and adds it as an entry of the unit; *ret is its number. */
int compile_add_entry(struct compile_unit *cu, enum entry_kind kind, uint32_t flags,
	const struct plan *plan, uint32_t *ret);
/* compile_trigger.c: sockets and paths; manifest rows, then entries; names for LISTEN_FDNAMES */
int compile_fill_trigger(struct compile_unit *cu, struct manifest_unit *m);
int compile_trigger_entries(struct compile_unit *cu, struct manifest_unit *m);
int compile_listen_names(struct compile_unit *cu);
/* compile_mount.c: the row of a mount or a swap */
int compile_mount(struct compile_unit *cu, struct manifest_unit *m);
/* compile_timer.c */
int compile_timer(struct compile_unit *cu, struct manifest_unit *m);
/* compile_manifest.c: everything of *m but entry numbers */
int compile_manifest_unit(struct compile_unit *cu, struct manifest_unit *m);
/* compile_previous.c: copies a broken unit's former entry forward; 1 when there was one, 0 not */
int compile_copy_previous(struct compile_unit *cu, struct manifest_unit *m);

/* Appends to a tlv_array of the arena: *ret is the new, zeroed item. -ENOMEM */
void *compile_array_push(struct arena *arena, struct tlv_array *array, size_t size);
