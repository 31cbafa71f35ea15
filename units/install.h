// SPDX-License-Identifier: MIT
/*
 * [Install]: which symlinks enable, disable, mask, link, preset … mean, and what state a unit file
 * is in, as systemctl(1) has it. Reads unit files below a root directory (that of the machine, or
 * of an image that is not running) and plans; the links themselves are made by who has the right
 * to. Nothing here writes.
 */
#pragma once

#include <stdbool.h>

#include "diag.h"
#include "fsview.h"
#include "preset.h"
#include "specifier.h"

struct install_paths {
	const char *const *dirs; /* highest priority first, as seen from inside the root */
	size_t n;
	const char *persistent; /* one of dirs: where enable makes links */
	const char *runtime;    /* one of dirs: with --runtime */
	const char *transient;  /* one of dirs */
};

enum install_flags {
	INSTALL_FLAG_RUNTIME = 1 << 0,
	INSTALL_FLAG_FORCE = 1 << 1,
	INSTALL_FLAG_PRESET = 1 << 2, /* templates without an instance are no error */
};

enum install_change_kind {
	CHANGE_LINK,           /* make path -> source */
	CHANGE_UNLINK,         /* remove path */
	CHANGE_REMOVE_TREE,    /* revert: remove a file or a drop-in directory */
	CHANGE_MASKED,         /* note: path is masked and skipped */
	CHANGE_DANGLING,       /* note: path is an alias of nothing */
	CHANGE_NO_DESTINATION, /* note: unit source is wanted by path, which is not there */
	CHANGE_AUXILIARY,      /* note: Also= names path, which is not there */
	CHANGE_ERROR,          /* error, with path and source as its objects */
	INSTALL_CHANGE_KIND_COUNT,
};

struct install_change {
	enum install_change_kind kind;
	const char *path;
	const char *source; /* NULL: none */
	int error;          /* positive errno of CHANGE_ERROR */
};

enum install_mode {
	MODE_UNKNOWN,
	MODE_REGULAR,
	MODE_LINKED, /* a link to a file outside the search path */
	MODE_ALIAS,
	MODE_MASKED,
	INSTALL_MODE_COUNT,
};

/* One unit that a verb works on. */
struct install_info {
	const char *name; /* full name */
	const char *path; /* of its file or link */
	enum install_mode mode;
	const char *target; /* of a link, resolved */
	bool auxiliary;     /* named by Also= */
	bool loaded;
	struct list wanted_by, required_by, upheld_by; /* const char *, specifiers resolved */
	struct list alias, also;
	const char *default_instance;
};

struct install {
	struct arena *arena;
	struct fsview view;
	const struct install_paths *paths;
	const struct specifier_host *host;
	unsigned flags;              /* enum install_flags */
	struct presets *presets;     /* NULL: not read yet */
	struct install_links *links; /* of install_state(); NULL: not read yet */
	struct list changes;         /* struct install_change, in the order to be carried out */
};

/* The units of one operation. */
struct install_set {
	struct list infos; /* struct install_info *, in the order added; those behind `done` wait */
	size_t done;
	bool keep_also; /* removal: units that only Also= names keep their links */
};

void install_init(struct install *in, struct arena *arena, const char *root,
	const struct install_paths *paths);

/* ---- verbs: number of links that the units ask for, or -errno (the change list says why) ---- */
struct install_names {
	const char *const *names;
	size_t n;
};
int install_enable(struct install *in, const struct install_names *names);
int install_disable(struct install *in, const struct install_names *names);
int install_reenable(struct install *in, const struct install_names *names);
int install_mask(struct install *in, const struct install_names *names);
int install_unmask(struct install *in, const struct install_names *names);
int install_link(struct install *in, const struct install_names *names);
int install_revert(struct install *in, const struct install_names *names);
int install_set_default(struct install *in, const struct install_names *names);
/* names[0] is the target. */
int install_add_wants(struct install *in, const struct install_names *names);
int install_add_requires(struct install *in, const struct install_names *names);
int install_preset(struct install *in, const struct install_names *names);
/* No names: every unit file. */
int install_preset_all(struct install *in, const struct install_names *names);

/* ---- states ---- */
/* "enabled" … of a name; -errno: there is no such file, or it cannot be understood. */
int install_state(struct install *in, const char *name, const char **ret);
/* The same of a unit whose [Install] is known. -ENOMEM. */
int install_state_known(struct install *in, const struct install_info *info, const char **ret);
/* The name that default.target stands for. -ENOENT, -ERFKILL … */
int install_get_default(struct install *in, const char **ret);
/* "enabled", "disabled" or "" (has no rules): what the presets say. -errno. */
int install_preset_state(struct install *in, const char *name, const char **ret);
/* Every unit file's name (const char *), sorted. -ENOMEM. */
int install_list(struct install *in, struct list *ret);

/* ---- between install*.c ---- */
/* What a look-up does. */
enum install_search {
	SEARCH_LOAD = 1 << 0,          /* read [Install] */
	SEARCH_FOLLOW_CONFIG = 1 << 1, /* follow links in the directories of the administrator */
};
int install_add_change(
	struct install *in, enum install_change_kind kind, const char *path, const char *source);
/* Adds CHANGE_ERROR and returns error, which is negative. */
int install_add_error(struct install *in, int error, const char *path, const char *source);
/* The info of a name or absolute path, made when absent. -EINVAL: not a name. */
int install_set_add(struct install *in, struct install_set *set, const char *name_or_path,
	struct install_info **ret);
/* Looks for the unit's file; set NULL: Also= is not followed. -ENOENT, -ELOOP … */
int install_search(
	struct install *in, struct install_set *set, struct install_info *info, unsigned search);
/* The same, through aliases, to the unit that is meant. */
int install_traverse(struct install *in, struct install_set *set, struct install_info *info,
	unsigned search, struct install_info **ret);
/* traverse of a new name, with the reason of a failure in the changes. */
int install_discover(struct install *in, struct install_set *set, const char *name, unsigned search,
	struct install_info **ret);
/* -ERFKILL masked, -EADDRNOTAVAIL transient: said in the changes. */
int install_check(struct install *in, const struct install_info *info);
bool install_has_rules(const struct install_info *info);
/* Is the path directly in a directory of the search path (that one, if dir is not NULL)? */
bool install_in_dir(const struct install *in, const char *path, const char *dir);
/* Directory that the flags choose. */
const char *install_config_dir(const struct install *in);
/* info's name, or that of its default instance. */
const char *install_instance_name(struct install *in, const struct install_info *info);
const char *install_base_name(const char *path);
/* path -> target: 1 made or there already, -EEXIST … */
int install_make_link(struct install *in, const char *path, const char *target, bool force);
/* Makes the links of every unit in the set. */
int install_apply(struct install *in, struct install_set *set, unsigned search);
/* Removes every link to and of the units in the set. */
int install_remove(struct install *in, struct install_set *set);
/* Removes links to and of the names and paths in marks (const char *). */
int install_remove_marked(struct install *in, struct list *marks);
int install_is_list_name(const struct list *list, const char *name);
