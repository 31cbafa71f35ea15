// SPDX-License-Identifier: MIT
/*
 * What every verb of supctl works with: the options, the two streams, and a connection to supd
 * that is made when it is first needed: sd-bus peer to peer on RUNTIME/control, no bus daemon.
 *
 * Errors of the server are printed here, with its words escaped; functions that say so return an
 * enum exit_code (>= 0) which the verb hands on.
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "../../runtime/base/limits.h"
#include "options.h"
#include "value.h"

#define CTL_SERVICE   "org.freedesktop.systemd1"
#define CTL_PATH      "/org/freedesktop/systemd1"
#define CTL_MANAGER   "org.freedesktop.systemd1.Manager"
#define CTL_UNIT      "org.freedesktop.systemd1.Unit"
#define CTL_OWN       "org.supd1.Manager"
#define CTL_PROPS     "org.freedesktop.DBus.Properties"
#define CTL_UNIT_PATH "/org/freedesktop/systemd1/unit"

/* Most units that one command may name, patterns expanded. */
#define CTL_UNITS LIMIT_UNITS

struct ctl {
	struct options o;
	FILE *out, *err;
	bool color;     /* out is a terminal that shows colours */
	size_t columns; /* width of that terminal; 0: no limit */
	sd_bus *bus;    /* NULL until ctl_connect */
	/* how long a connection may take, and that it takes long was said */
	uint64_t patience_us;
	uint64_t connect_from; /* of several tries; 0: of one */
	bool said_waiting;
	bool up_only;       /* patterns leave out what is down */
	const char *suffix; /* of names without one; NULL: ".service" */
};

void ctl_init(struct ctl *c, FILE *out, FILE *err);
void ctl_fini(struct ctl *c);

/* "supctl: …" on the error stream, the whole text escaped. */
void ctl_error(struct ctl *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Connects once, and says only that supd takes its time. -ENOENT, -ECONNREFUSED, -EACCES,
 * -ETIMEDOUT when supd did not answer within patience_us …
 */
int ctl_try_connect(struct ctl *c);
/* The same, and says what is wrong. EXIT_OK or EXIT_FAILED. */
int ctl_connect(struct ctl *c);
void ctl_disconnect(struct ctl *c);
/* Is this errno the loss of the connection? */
bool ctl_is_lost(int r);
/*
 * After a call that may be asked again: was the connection lost, and is there another one? *lost,
 * at first 0, counts them; a few are enough.
 */
bool ctl_reconnects(struct ctl *c, int r, unsigned *lost);

/* Says why a call about what failed; its exit code. error may be unset. Frees nothing. */
int ctl_call_failed(struct ctl *c, const char *what, const sd_bus_error *error, int r);

/* Calls a method of the manager; -errno with *error filled. types and the rest as
 * sd_bus_call_method. */
int ctl_manager(struct ctl *c, const char *method, sd_bus_error *error, sd_bus_message **reply,
	const char *types, ...);

/* The unit's object path; the caller frees. NULL: no memory. */
char *ctl_unit_path(const char *unit);
/* All properties of an object; props_fini also after a failure. -errno. */
int ctl_props(struct ctl *c, const char *path, struct props *ret, sd_bus_error *error);
int ctl_unit_props(struct ctl *c, const char *unit, struct props *ret, sd_bus_error *error);

/* Names of units, owned. */
struct unit_list {
	char (*names)[LIMIT_UNIT_NAME];
	size_t n;
};
void unit_list_fini(struct unit_list *l);
int unit_list_add(struct unit_list *l, const char *name);
/*
 * Completes the arguments and expands patterns over the loaded units. Says what is wrong; the list
 * is empty then. Exit code.
 */
int ctl_expand(struct ctl *c, int n, char *const *args, struct unit_list *ret);
/* ctl_connect, then ctl_expand: how verbs begin that ask supd about the units they are given. */
int ctl_units(struct ctl *c, int n, char *const *args, struct unit_list *ret);
/* The same, for verbs that act: patterns stand for units that are up, with --all for all. */
int ctl_units_up(struct ctl *c, int n, char *const *args, struct unit_list *ret);
/* The same, for verbs about one type of units: n may be 0 for all of them. */
int ctl_units_of(
	struct ctl *c, const char *suffix, int n, char *const *args, struct unit_list *ret);
/*
 * ctl_units, then act on one after the other, which is a call about the unit: -errno with *error
 * filled. What fails is said; EXIT_FAILED if anything did.
 */
int ctl_each_unit(struct ctl *c, int n, char *const *args,
	int (*act)(struct ctl *c, const char *unit, sd_bus_error *error));

/*
 * Shows one unit after the other: an array in JSON, else with an empty line between. show writes
 * one and returns its exit code; the first that is not EXIT_OK counts.
 */
int ctl_show_units(struct ctl *c, const struct unit_list *units, struct json *j,
	int (*show)(struct ctl *c, struct json *j, const char *unit));

/* Coloured text for a state, "" and "" when colours are off. */
const char *ctl_color(const struct ctl *c, const char *active_state);
const char *ctl_color_end(const struct ctl *c);
