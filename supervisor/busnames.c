// SPDX-License-Identifier: MIT
#include "busnames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "shell.h"
#include "unitlog.h"

#define NO_OWNER       "org.freedesktop.DBus.Error.NameHasNoOwner"
#define RETRY_FIRST_US (250 * USEC_PER_MSEC)
#define RETRY_MAX_US   (8 * USEC_PER_SEC)

#define BUS_NAME       "org.freedesktop.DBus"
#define BUS_PATH       "/org/freedesktop/DBus"

struct busname {
	struct busnames *hub;
	uint32_t unit;
	sd_bus_slot *match;
	sd_bus_slot *call; /* GetNameOwner or GetConnectionUnixProcessID under way */
	char name[256];
};

static void forget_calls(struct busname *n)
{
	n->match = sd_bus_slot_unref(n->match);
	n->call = sd_bus_slot_unref(n->call);
}

static void disconnect(struct busnames *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		forget_calls(b->items[i]);
	}
	b->bus = sd_bus_close_unref(b->bus);
}

void busnames_init(struct busnames *b, struct shell *shell)
{
	*b = (struct busnames) { .shell = shell, .delay_us = RETRY_FIRST_US };
}

void busnames_fini(struct busnames *b)
{
	disconnect(b);
	for (uint32_t i = 0; i < b->n; i++) {
		free(b->items[i]);
	}
	free(b->items);
	b->items = NULL;
	b->n = b->cap = 0;
	b->retry = sd_event_source_disable_unref(b->retry);
}

static void say(struct busname *n, bool owned)
{
	int r = engine_bus_name(n->hub->shell->engine, n->unit, owned, now_us());

	if (r < 0) {
		shell_fatal(n->hub->shell, r);
	}
}

/* Is the process one of the unit's own? */
static bool is_of_unit(const struct busname *n, pid_t pid)
{
	const struct unit *u = engine_unit(n->hub->shell->engine, n->unit);
	const char *cgroup = u ? shell_unit_cgroup(u) : NULL;
	char shown[LIMIT_PATH], path[LIMIT_PATH];
	size_t len;

	if (!cgroup || process_cgroup(pid, path) < 0) {
		return false;
	}
	cgroup_shown_path(&n->hub->shell->cgroup, cgroup, shown);
	len = strlen(shown);
	return strncmp(path, shown, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static int on_pid(sd_bus_message *m, void *user, sd_bus_error *error)
{
	struct busname *n = user;
	uint32_t pid = 0;

	(void)error;
	n->call = sd_bus_slot_unref(n->call);
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &pid) < 0) {
		return 0; /* gone again: NameOwnerChanged follows */
	}
	if (!is_of_unit(n, (pid_t)pid)) {
		const struct unit *u = engine_unit(n->hub->shell->engine, n->unit);

		unitlog_plain(n->hub->shell, LOG_WARNING,
			"%s: BusName=%s is owned by process %u, which is none of the unit's",
			u ? u->name : "?", n->name, pid);
		return 0;
	}
	say(n, true);
	return 0;
}

static int ask(
	struct busname *n, sd_bus_message_handler_t answer, const char *method, const char *name)
{
	n->call = sd_bus_slot_unref(n->call);
	return sd_bus_call_method_async(
		n->hub->bus, &n->call, BUS_NAME, BUS_PATH, BUS_NAME, method, answer, n, "s", name);
}

static void judge_owner(struct busname *n, const char *owner)
{
	n->hub->delay_us = RETRY_FIRST_US; /* the bus talks to us */
	if (*owner == '\0') {
		n->call = sd_bus_slot_unref(n->call);
		say(n, false);
	} else if (ask(n, on_pid, "GetConnectionUnixProcessID", owner) < 0) {
		disconnect(n->hub);
	}
}

static int on_owner(sd_bus_message *m, void *user, sd_bus_error *error)
{
	struct busname *n = user;
	const char *owner = "";

	(void)error;
	n->call = sd_bus_slot_unref(n->call);
	if (sd_bus_message_is_method_error(m, NULL)) {
		/* Any other error is sd-bus's own: the connection is gone, nobody said a thing. */
		if (!sd_bus_message_is_method_error(m, NO_OWNER)) {
			return 0;
		}
	} else if (sd_bus_message_read(m, "s", &owner) < 0) {
		return 0;
	}
	judge_owner(n, owner);
	return 0;
}

static int on_changed(sd_bus_message *m, void *user, sd_bus_error *error)
{
	struct busname *n = user;
	const char *name, *old, *owner;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &old, &owner) >= 0 && strcmp(name, n->name) == 0) {
		judge_owner(n, owner);
	}
	return 0;
}

/* The name's owner now, and whoever comes later. */
static int watch(struct busname *n)
{
	char match[512];
	int r;

	snprintf(match, sizeof(match),
		"type='signal',sender='" BUS_NAME "',path='" BUS_PATH "',interface='" BUS_NAME
		"',member='NameOwnerChanged',arg0='%s'",
		n->name);
	r = sd_bus_add_match_async(n->hub->bus, &n->match, match, on_changed, NULL, n);
	return r < 0 ? r : ask(n, on_owner, "GetNameOwner", n->name);
}

static int request(struct busnames *b)
{
	struct wire_request q = { .type = WIRE_BUS };

	if (b->asked || b->bus) {
		return 0;
	}
	b->asked = true;
	return broker_send(&b->shell->broker, &q);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *user)
{
	struct busnames *b = user;
	int r = b->n > 0 ? request(b) : 0;

	(void)source;
	(void)usec;
	if (r < 0) {
		shell_fatal(b->shell, r);
	}
	return 0;
}

/* The bus is away: again later, ever more rarely, as long as somebody has a name. */
static int retry_later(struct busnames *b)
{
	usec_t due = usec_add(now_us(), b->delay_us);
	int r;

	if (b->n == 0) {
		return 0;
	}
	b->delay_us = b->delay_us * 2 < RETRY_MAX_US ? b->delay_us * 2 : RETRY_MAX_US;
	if (!b->retry) {
		return sd_event_add_time(
			b->shell->event, &b->retry, CLOCK_MONOTONIC, due, 0, on_retry, b);
	}
	r = sd_event_source_set_time(b->retry, due);
	return r < 0 ? r : sd_event_source_set_enabled(b->retry, SD_EVENT_ONESHOT);
}

/* Once for each series of attempts. */
static void complain(const struct busnames *b, int error)
{
	bool closed = error == -EPIPE || error == -ECONNRESET;

	if (b->n > 0 && b->delay_us == RETRY_FIRST_US) {
		unitlog_plain(b->shell, LOG_NOTICE,
			"system bus: %s%s; trying again while units wait for their BusName=",
			strerror(-error),
			closed ? " (does it know supd's user? dbus-daemon wants it in /etc/passwd)"
			       : "");
	}
}

static int on_disconnected(sd_bus_message *m, void *user, sd_bus_error *error)
{
	struct busnames *b = user;
	int r;

	(void)m;
	(void)error;
	complain(b, -ECONNRESET);
	disconnect(b);
	r = retry_later(b);
	if (r < 0) {
		shell_fatal(b->shell, r);
	}
	return 0;
}

static int open_bus(struct busnames *b, int fd)
{
	int r = sd_bus_new(&b->bus);

	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_fd(b->bus, fd, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_bus_set_bus_client(b->bus, 1);
	r = r < 0 ? r : sd_bus_start(b->bus);
	r = r < 0 ? r : sd_bus_attach_event(b->bus, b->shell->event, SD_EVENT_PRIORITY_NORMAL);
	return r < 0 ? r
		     : sd_bus_match_signal_async(b->bus, NULL, "org.freedesktop.DBus.Local",
			       "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
			       "Disconnected", on_disconnected, NULL, b);
}

int busnames_connected(struct busnames *b, int error, int fd)
{
	int r = error ? -error : 0;

	if (!b->asked && fd >= 0) {
		close(fd); /* not asked for */
		return 0;
	}
	b->asked = false;
	if (r == 0) {
		r = fd >= 0 ? open_bus(b, fd) : -EBADMSG;
	}
	for (uint32_t i = 0; i < b->n && r >= 0; i++) {
		r = watch(b->items[i]);
	}
	if (r < 0) {
		if (r != -EAGAIN) { /* asked too soon after the last supd did */
			complain(b, r);
		}
		disconnect(b);
		return r == -ENOMEM ? r : retry_later(b);
	}
	return 0;
}

static uint32_t find(const struct busnames *b, uint32_t unit)
{
	uint32_t i = 0;

	while (i < b->n && b->items[i]->unit != unit) {
		i++;
	}
	return i;
}

static int add(struct busnames *b, uint32_t unit, const char *name)
{
	uint32_t cap = b->cap ? b->cap * 2 : 8;
	struct busname **items;
	struct busname *n;

	if (b->n == b->cap) {
		items = realloc(b->items, cap * sizeof(struct busname *));
		if (!items) {
			return -ENOMEM;
		}
		b->items = items;
		b->cap = cap;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		return -ENOMEM;
	}
	*n = (struct busname) { .hub = b, .unit = unit };
	snprintf(n->name, sizeof(n->name), "%s", name);
	b->items[b->n++] = n;
	if (b->bus && watch(n) < 0) {
		disconnect(b);
	}
	b->delay_us = RETRY_FIRST_US;
	return request(b);
}

static void drop(struct busnames *b, uint32_t at)
{
	forget_calls(b->items[at]);
	free(b->items[at]);
	b->items[at] = b->items[--b->n];
	if (b->n == 0) {
		disconnect(b);
	}
}

int busnames_unit(struct busnames *b, uint32_t unit)
{
	const struct unit *u = engine_unit(b->shell->engine, unit);
	const struct manifest_service *s = u && u->is_service ? u->service.def.service : NULL;
	bool wanted = s && s->type == SERVICE_DBUS && s->bus_name && *s->bus_name &&
		      u->active != ACTIVE_INACTIVE && u->active != ACTIVE_FAILED;
	uint32_t at;

	if (!wanted && b->n == 0) {
		return 0;
	}
	at = find(b, unit);
	if (wanted && at == b->n) {
		return add(b, unit, s->bus_name);
	}
	if (!wanted && at < b->n) {
		drop(b, at);
	}
	return 0;
}

void busnames_adopt(struct busnames *b)
{
	for (uint32_t i = 0; i < engine_n_units(b->shell->engine); i++) {
		int r = busnames_unit(b, i);

		if (r < 0) {
			shell_fatal(b->shell, r);
		}
	}
}
