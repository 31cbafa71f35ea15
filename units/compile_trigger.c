// SPDX-License-Identifier: MIT
/* Sockets and paths: the entries BIND, FLUSH, CLEAN and WATCH, and what the manifest says. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "compile.h"

#define LIMIT_DEFAULT_US  2000000u /* TriggerLimitIntervalSec=, PollLimitIntervalSec= */
#define BURST_ACCEPT      200u
#define BURST_OTHER       20u
#define POLL_BURST_ACCEPT 150u
#define POLL_BURST_OTHER  15u

static uint64_t interval_or_default(uint64_t us)
{
	return us == UINT64_MAX ? LIMIT_DEFAULT_US : us;
}

static uint32_t burst_or_default(uint32_t burst, uint32_t otherwise)
{
	return burst == UINT32_MAX ? otherwise : burst;
}

/* "Stream" …: what systemctl shows in brackets. */
static const char *listen_type(const struct plan_socket *s)
{
	switch ((enum plan_socket_kind)s->kind) {
	case PLAN_SOCKET_FIFO:
		return "FIFO";
	case PLAN_SOCKET_SPECIAL:
		return "Special";
	case PLAN_SOCKET_MQUEUE:
		return "MessageQueue";
	case PLAN_SOCKET_SOCKET:
	case PLAN_SOCKET_KIND_COUNT:
		break;
	}
	return s->family == AF_NETLINK     ? "Netlink"
	       : s->type == SOCK_STREAM    ? "Stream"
	       : s->type == SOCK_SEQPACKET ? "SequentialPacket"
					   : "Datagram";
}

/* A bare port is told with the address that it means. */
static const char *shown_address(struct compile_unit *cu, const struct plan_socket *s)
{
	const char *equals = strchr(s->text, '=');
	const char *written = equals ? equals + 1 : s->text;

	return s->any_family ? arena_printf(cu->c->arena, "[::]:%s", written) : written;
}

static int fill_socket(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_socket *s = cu->unit->socket;
	const struct plan_socket *rows = s->listens.items;
	struct manifest_socket *to = compile_array_push(cu->c->arena, &m->socket, sizeof(*to));

	if (!to) {
		return -ENOMEM;
	}
	*to = (struct manifest_socket) {
		.accept = s->accept,
		.bind_entry = CATALOGUE_NONE,
		.flush_entry = CATALOGUE_NONE,
		.max_connections = s->max_connections,
		.max_per_source = s->max_per_source,
		.trigger_interval_us = interval_or_default(s->trigger_interval_us),
		.trigger_burst =
			burst_or_default(s->trigger_burst, s->accept ? BURST_ACCEPT : BURST_OTHER),
		.poll_interval_us = interval_or_default(s->poll_interval_us),
		.poll_burst = burst_or_default(
			s->poll_burst, s->accept ? POLL_BURST_ACCEPT : POLL_BURST_OTHER),
	};
	for (size_t i = 0; i < s->listens.n; i++) {
		struct manifest_listen *row =
			compile_array_push(cu->c->arena, &to->listens, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		row->type = listen_type(&rows[i]);
		row->address = shown_address(cu, &rows[i]);
		row->fd_name = s->fd_name;
		if (!row->address) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int fill_path(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_watch *w = cu->unit->watch;
	const struct plan_watch *rows = w->lines.items;
	struct manifest_path *to = compile_array_push(cu->c->arena, &m->path, sizeof(*to));

	if (!to) {
		return -ENOMEM;
	}
	*to = (struct manifest_path) {
		.watch_entry = CATALOGUE_NONE,
		.make_directory = w->make_directory,
		.dir_mode = w->dir_mode,
		.trigger_interval_us = interval_or_default(w->trigger_interval_us),
		.trigger_burst = burst_or_default(w->trigger_burst, BURST_ACCEPT),
		.idle_us = w->idle_us,
	};
	for (size_t i = 0; i < w->lines.n; i++) {
		struct manifest_watch *row =
			compile_array_push(cu->c->arena, &to->watches, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = (struct manifest_watch) { rows[i].type, rows[i].path };
	}
	return 0;
}

int compile_fill_trigger(struct compile_unit *cu, struct manifest_unit *m)
{
	if (cu->unit->socket) {
		return fill_socket(cu, m);
	}
	return cu->unit->watch ? fill_path(cu, m) : 0;
}

/* ---- entries ---- */

/* The start says which name was not there; of two, the last. */
static void mark_stale(
	struct compile_unit *cu, struct plan *p, const char *setting, const char *name)
{
	p->stale_users = 1;
	p->stale_name = arena_printf(cu->c->arena, "%s=%s", setting, name);
	p->stale_origin = unit_setting_origin(cu->unit, setting);
}

/* SocketUser=, SocketGroup=: numbers of the host. One that is not there yet makes the plan stale.
 */
static int resolve_owner(struct compile_unit *cu, struct plan_socket *shared, struct plan *p)
{
	const struct unit_socket *s = cu->unit->socket;
	struct userdb_user user = { 0 };
	int r = s->user ? userdb_find_user(cu->c->users, s->user, &user) : 0;

	if (r == -ENOENT) {
		mark_stale(cu, p, "SocketUser", s->user);
		compile_note(cu, SEVERITY_WARNING, p->stale_origin,
			"SocketUser=%s: no such user; the socket cannot start before it exists",
			s->user);
	} else if (r < 0) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "SocketUser"),
			"SocketUser=%s is neither a user name nor an id", s->user);
	}
	shared->uid = user.uid;
	shared->gid = user.gid;
	r = s->group ? userdb_find_group(cu->c->users, s->group, &shared->gid) : 0;
	if (r == -ENOENT) {
		mark_stale(cu, p, "SocketGroup", s->group);
		compile_note(cu, SEVERITY_WARNING, p->stale_origin,
			"SocketGroup=%s: no such group; the socket cannot start before it exists",
			s->group);
		return 0;
	}
	return r < 0 ? compile_refuse(cu, unit_setting_origin(cu->unit, "SocketGroup"),
			       "SocketGroup=%s is neither a group name nor an id", s->group)
		     : 0;
}

/* Each Listen line with what the section says for all. */
static int add_sockets(struct compile_unit *cu, struct plan *p)
{
	const struct unit_socket *s = cu->unit->socket;
	const struct plan_socket *from = s->listens.items;
	struct plan_socket shared = s->options;
	int r = resolve_owner(cu, &shared, p);

	for (size_t i = 0; r == 0 && i < s->listens.n; i++) {
		struct plan_socket *to = compile_array_push(cu->c->arena, &p->sockets, sizeof(*to));

		if (!to) {
			return -ENOMEM;
		}
		*to = shared;
		to->kind = from[i].kind;
		to->family = from[i].family;
		to->type = from[i].type;
		to->protocol = from[i].family == AF_NETLINK ? from[i].protocol
			       : from[i].family == AF_UNIX  ? 0
							    : shared.protocol;
		to->path = from[i].path;
		to->address = from[i].address;
		to->any_family = from[i].any_family;
		to->scope = from[i].scope;
		to->origin = from[i].origin;
		to->text = from[i].text;
		to->fd_name = s->fd_name;
	}
	return r;
}

static int add_symlinks(struct compile_unit *cu, struct plan *p)
{
	const struct list *from = &cu->unit->socket->symlinks;
	const char **to = arena_alloc_array(cu->c->arena, from->n + 1, sizeof(*to));

	if (!to) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < from->n; i++) {
		to[i] = ((const struct unit_item *)from->items)[i].text;
	}
	p->symlinks.items = to;
	p->symlinks.n = (uint32_t)from->n;
	return 0;
}

static int socket_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_socket *s = cu->unit->socket;
	struct manifest_socket *to = m->socket.items;
	struct plan bind = { .op = PLAN_BIND, .unit = cu->unit->name, .origin = cu->unit->name };
	struct plan other = bind;
	int r = add_sockets(cu, &bind);

	r = r < 0 ? r : add_symlinks(cu, &bind);
	r = r < 0 ? r : compile_add_entry(cu, ENTRY_WORK, 0, &bind, &to->bind_entry);
	if (r == 0 && s->flush_pending) {
		other.op = PLAN_FLUSH;
		r = compile_add_entry(cu, ENTRY_WORK, 0, &other, &to->flush_entry);
	}
	if (r == 0 && (s->options.flags & PLAN_SOCKET_REMOVE_ON_STOP)) {
		other.op = PLAN_CLEAN;
		other.sockets = bind.sockets;
		other.symlinks = bind.symlinks;
		r = compile_add_entry(
			cu, ENTRY_WORK, CATALOGUE_ENTRY_CLEAN, &other, &m->clean_entry);
	}
	return r;
}

static int path_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_watch *w = cu->unit->watch;
	const struct plan_watch *from = w->lines.items;
	struct manifest_path *to = m->path.items;
	struct plan p = { .op = PLAN_WATCH, .unit = cu->unit->name, .origin = cu->unit->name };

	for (size_t i = 0; i < w->lines.n; i++) {
		struct plan_watch *row = compile_array_push(cu->c->arena, &p.watches, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = from[i];
		/* What is to exist or to match by itself is not made. */
		row->make = w->make_directory && row->type != PLAN_WATCH_EXISTS &&
			    row->type != PLAN_WATCH_EXISTS_GLOB;
		row->dir_mode = w->dir_mode;
	}
	return compile_add_entry(cu, ENTRY_WORK, 0, &p, &to->watch_entry);
}

static int automount_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_watch *w = cu->unit->watch;
	const char *origin = unit_setting_origin(cu->unit, "Where");
	struct manifest_path *to = m->path.items;
	struct plan p = { .op = PLAN_AUTOMOUNT,
		.unit = cu->unit->name,
		.origin = cu->unit->name,
		.mount_options = w->extra_options };
	struct plan_watch *row = compile_array_push(cu->c->arena, &p.watches, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = (struct plan_watch) {
		.path = w->where, .dir_mode = w->dir_mode, .origin = origin ? origin : p.unit
	};
	return compile_add_entry(cu, ENTRY_WORK, 0, &p, &to->watch_entry);
}

int compile_trigger_entries(struct compile_unit *cu, struct manifest_unit *m)
{
	if (cu->unit->type == UNIT_AUTOMOUNT) {
		return automount_entries(cu, m);
	}
	if (cu->unit->socket) {
		return socket_entries(cu, m);
	}
	return cu->unit->watch ? path_entries(cu, m) : 0;
}

/* Names for LISTEN_FDNAMES, one for each socket unit. */
int compile_listen_names(struct compile_unit *cu)
{
	const struct list *from = &cu->unit->socket_units;
	const uint32_t *index = from->items;
	const char **names = arena_alloc_array(cu->c->arena, from->n + 1, sizeof(*names));

	if (!names) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < from->n; i++) {
		const struct unit_socket *s = cu->c->set->units[index[i]]->socket;

		names[i] = s && s->fd_name ? s->fd_name : "unknown";
	}
	cu->base.listen_names.items = names;
	cu->base.listen_names.n = (uint32_t)from->n;
	return 0;
}
