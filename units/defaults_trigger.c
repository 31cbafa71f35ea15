// SPDX-License-Identifier: MIT
/* Sockets and paths: what they trigger, and what makes no sense of them. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "defaults.h"

/* foo.socket -> foo.service or, many, foo@.service. */
static const char *service_of(const struct defaults_context *c, const struct unit *u, bool many)
{
	const char *dot = strrchr(u->name, '.');

	return arena_printf(
		c->arena, "%.*s%s.service", (int)(dot - u->name), u->name, many ? "@" : "");
}

int defaults_resolve_trigger(const struct defaults_context *c, struct unit *u)
{
	struct unit_socket *s = u->socket;

	if (u->type == UNIT_AUTOMOUNT) {
		return defaults_resolve_automount(c, u);
	}
	if (u->watch) {
		u->watch->unit = u->watch->unit ? u->watch->unit : service_of(c, u, false);
		return u->watch->unit ? 0 : -ENOMEM;
	}
	if (!s) {
		return 0;
	}
	u->service->type = SERVICE_ONESHOT;
	u->service->notify_access = NOTIFY_NONE;
	s->service = s->service ? s->service : service_of(c, u, s->accept);
	s->fd_name = s->fd_name ? s->fd_name : s->accept ? "connection" : u->name;
	return s->service ? 0 : -ENOMEM;
}

/* What accept() can be called on. */
static bool accepts(const struct plan_socket *s)
{
	return s->kind == PLAN_SOCKET_SOCKET &&
	       (s->type == SOCK_STREAM || s->type == SOCK_SEQPACKET);
}

static bool has_path(const struct plan_socket *s)
{
	return s->path && s->path[0] == '/' &&
	       (s->kind == PLAN_SOCKET_SOCKET || s->kind == PLAN_SOCKET_FIFO);
}

static void check_accept(const struct defaults_context *c, struct unit *u)
{
	const struct unit_socket *s = u->socket;
	const struct plan_socket *rows = s->listens.items;

	for (size_t i = 0; i < s->listens.n; i++) {
		if (!accepts(&rows[i])) {
			defaults_refuse(c, u, "Accept",
				"Accept=yes needs sockets that take connections; FIFOs, datagrams "
				"and the like do not");
			return;
		}
	}
	if (unit_setting_origin(u, "Service")) {
		defaults_refuse(c, u, "Service",
			"Service= does not go with Accept=yes, which starts instances of the "
			"template of the same name");
	}
	if (s->max_connections == 0) {
		defaults_refuse(c, u, "MaxConnections", "MaxConnections=0 would serve nobody");
	}
	if (unit_name_classify(u->name) == UNIT_NAME_INSTANCE) {
		defaults_refuse(c, u, "Accept",
			"Accept=yes does not go with an instance of a template: both name the "
			"service's instances");
	}
}

static void check_socket(const struct defaults_context *c, struct unit *u)
{
	const struct unit_socket *s = u->socket;
	const struct plan_socket *rows = s->listens.items;
	const struct unit_command *commands = u->service->commands.items;
	size_t n_paths = 0;

	if (s->listens.n == 0) {
		defaults_refuse(c, u, "Accept",
			"no Listen line: ListenStream=, ListenDatagram=, ListenFIFO= …");
		return;
	}
	if (s->accept) {
		check_accept(c, u);
	}
	for (size_t i = 0; i < s->listens.n; i++) {
		n_paths += has_path(&rows[i]);
	}
	if (s->symlinks.n && n_paths != 1) {
		defaults_refuse(c, u, "Symlinks",
			"Symlinks= needs exactly one Listen line with a path to point at");
	}
	if (!s->options.mq_messages != !s->options.mq_message_size) {
		defaults_refuse(c, u,
			s->options.mq_messages ? "MessageQueueMaxMessages"
					       : "MessageQueueMessageSize",
			"MessageQueueMaxMessages= and MessageQueueMessageSize= go together");
	}
	for (size_t i = 0; i < u->service->commands.n; i++) {
		if (commands[i].phase == PHASE_START || commands[i].phase == PHASE_RELOAD) {
			defaults_refuse(c, u, "ExecStart", "a socket has no such command");
		}
	}
}

void defaults_check_trigger(const struct defaults_context *c, struct unit *u)
{
	if (u->refused || u->is_template) {
		return;
	}
	if (u->socket) {
		check_socket(c, u);
	}
	if (u->type == UNIT_AUTOMOUNT) {
		defaults_check_automount(c, u);
		return;
	}
	if (u->watch && u->watch->lines.n == 0) {
		defaults_refuse(c, u, "MakeDirectory",
			"no path: PathExists=, PathExistsGlob=, PathChanged=, PathModified= or "
			"DirectoryNotEmpty=");
	}
	if (u->watch && strcmp(u->watch->unit, u->name) == 0) {
		defaults_refuse(c, u, "Unit", "a path unit cannot trigger itself");
	}
}

/* The places that it listens at or watches must be mounted. */
static int add_place_mounts(const struct defaults_context *c, struct unit *u)
{
	const struct plan_socket *listens = u->socket ? u->socket->listens.items : NULL;
	const struct plan_watch *lines = u->watch ? u->watch->lines.items : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && listens && i < u->socket->listens.n; i++) {
		r = has_path(&listens[i]) ? defaults_add_mounts(c, u, listens[i].path) : 0;
	}
	for (size_t i = 0; r == 0 && lines && i < u->watch->lines.n; i++) {
		r = defaults_add_mounts(c, u, lines[i].path);
	}
	return r;
}

/* Before= and Triggers= the unit; Accept=yes: only the latter, on the template. */
int defaults_trigger_deps(const struct defaults_context *c, struct unit *u)
{
	const char *target = u->socket ? u->socket->service : u->watch ? u->watch->unit : NULL;
	bool many = u->socket && u->socket->accept;
	int r = 0;

	if (!target || u->is_template) {
		return 0;
	}
	r = add_place_mounts(c, u);
	if (r == 0 && !many) {
		r = defaults_add(c, u, DEP_BEFORE, target);
	}
	return r == 0 ? defaults_add(c, u, DEP_TRIGGERS, target) : r;
}
