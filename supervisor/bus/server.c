// SPDX-License-Identifier: MIT
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/patience.h"
#include "../../runtime/base/unitname.h"
#include "../shell.h"
#include "../unitlog.h"
#include "auth.h"
#include "objects.h"

/* Ids of jobs that were done before they began: out of the engine's way. */
#define DONE_JOB_FIRST  0x80000000u
#define SIGNAL_COST     1024u
#define ACCEPT_PER_TURN 16u

struct bus_client *bus_client_of(struct bus_server *b, sd_bus *bus)
{
	for (struct bus_client *c = b->clients; c; c = c->next) {
		if (c->bus == bus) {
			return c;
		}
	}
	return NULL;
}

struct bus_unit_ref *bus_unit_ref(struct bus_server *b, const char *name)
{
	uint32_t i = engine_find(b->shell->engine, name);

	b->ref.server = b;
	b->ref.unit = i == ENGINE_NONE ? NULL : engine_unit(b->shell->engine, i);
	strncpy(b->ref.name, b->ref.unit ? b->ref.unit->name : name, sizeof(b->ref.name) - 1);
	return &b->ref;
}

static void client_free(struct bus_client *c)
{
	if (c->bus) {
		sd_bus_close(c->bus);
		sd_bus_unref(c->bus);
	}
	gate_fini(&c->gate); /* last: what nobody has read goes with the last copy of the socket */
	free(c);
}

static void drop_pending_of(struct bus_server *b, sd_bus *bus)
{
	for (struct bus_pending **at = &b->pending; *at;) {
		struct bus_pending *p = *at;

		if (sd_bus_message_get_bus(p->message) != bus) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		sd_bus_message_unref(p->message);
		free(p);
	}
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct bus_client *c = userdata;

	(void)m;
	(void)error;
	c->dead = true;
	return 1;
}

static int client_start(struct bus_client *c, int fd)
{
	sd_id128_t id;
	int r = sd_id128_randomize(&id), input = -1;

	if (r >= 0) {
		r = sd_bus_new(&c->bus);
	}
	if (r >= 0) {
		r = gate_init(&c->gate, c->server->shell->event, fd,
			c->privileged ? LIMIT_CONTROL_LARGE : LIMIT_CONTROL_MESSAGE, &input);
	}
	if (r >= 0) {
		r = sd_bus_set_fd(c->bus, input, fd);
	}
	if (r < 0) {
		cleanup_close(&input);
		close(fd);
		return r;
	}
	(void)sd_bus_set_server(c->bus, 1, id);
	/* the pair's credentials are supd's own; who the client is auth_peer() has asked */
	(void)sd_bus_set_anonymous(c->bus, 1);
	(void)sd_bus_negotiate_fds(c->bus, 0);
	(void)sd_bus_set_sender(c->bus, "org.freedesktop.systemd1");
	r = sd_bus_start(c->bus);
	if (r >= 0) {
		r = sd_bus_attach_event(c->bus, c->server->shell->event, SD_EVENT_PRIORITY_NORMAL);
	}
	if (r >= 0) {
		r = sd_bus_add_filter(c->bus, NULL, auth_filter, c);
	}
	if (r >= 0) {
		r = sd_bus_match_signal_async(c->bus, NULL, "org.freedesktop.DBus.Local",
			"/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected",
			on_disconnected, NULL, c);
	}
	return r < 0 ? r : bus_objects_add(c);
}

static void tell_refused(struct bus_server *b, uid_t uid, pid_t pid, const char *why)
{
	uint64_t hidden;

	if (refusals_take(&b->refusals, uid, now_us(), &hidden)) {
		unitlog_plain(b->shell, LOG_WARNING, "control: %s; uid %u, pid %d refused", why,
			(unsigned)uid, (int)pid);
	}
}

/* Nobody shuts out those who may do more; NULL: there is room, else who has it all. */
static const char *who_is_full(const struct bus_server *b, const struct bus_client *c)
{
	uint32_t n_uid = 0, n_others = 0, n_members = 0;

	for (const struct bus_client *i = b->clients; i; i = i->next) {
		n_uid += i->uid == c->uid;
		n_others += !i->privileged;
		n_members += i->uid != 0;
	}
	if (!c->privileged && n_uid >= LIMIT_CONTROL_UID) {
		return "this user has too many connections";
	}
	if (!c->privileged && n_others >= LIMIT_CONTROL_OTHERS) {
		return "users together have too many connections";
	}
	if (c->uid != 0 && n_members >= LIMIT_CONTROL_MEMBERS) {
		return "everybody but root has too many connections";
	}
	return b->n_clients >= LIMIT_CONTROL_CLIENTS ? "everybody has too many connections" : NULL;
}

static void spare_fill(struct bus_server *b)
{
	if (b->spare < 0) {
		b->spare = fcntl(SUPD_FD_CONTROL, F_DUPFD_CLOEXEC, 0);
	}
}

/*
 * Who is not accepted would wait for ever, and wake us for ever. Without a spare the listener
 * sleeps until there is one (bus_flush()).
 */
static int refuse_client(struct bus_server *b, int listen_fd)
{
	bool privileged;
	uid_t uid;
	pid_t pid;
	int fd;

	if (b->spare < 0) {
		(void)sd_event_source_set_enabled(b->listener, SD_EVENT_OFF);
		return -EMFILE;
	}
	close(b->spare);
	b->spare = -1;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		if (auth_peer(fd, b->shell->hello.control_gid, &uid, &pid, &privileged) == 0) {
			tell_refused(b, uid, pid, "no descriptor left (RLIMIT_NOFILE)");
		}
		close(fd);
	}
	spare_fill(b);
	return fd < 0 ? -EMFILE : 0;
}

static int accept_client(struct bus_server *b, int listen_fd)
{
	struct bus_client *c;
	const char *full;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd < 0) {
		return errno == EMFILE || errno == ENFILE ? refuse_client(b, listen_fd) : -errno;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->server = b;
	c->gate = (struct gate) { .fd = -1, .to = -1 };
	r = auth_peer(fd, b->shell->hello.control_gid, &c->uid, &c->pid, &c->privileged);
	full = r < 0 ? NULL : who_is_full(b, c);
	if (full) {
		tell_refused(b, c->uid, c->pid, full);
	}
	if (r < 0 || full) {
		patience_close(fd);
		free(c);
		return 0;
	}
	r = client_start(c, fd);
	if (r < 0) {
		client_free(c);
		return r == -ENOMEM ? r : 0;
	}
	c->next = b->clients;
	b->clients = c;
	b->n_clients++;
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct bus_server *b = user;
	int r = 0;

	(void)source;
	(void)revents;
	/* what the state is can only be said once it is known */
	for (unsigned i = 0; r == 0 && i < ACCEPT_PER_TURN; i++) {
		r = accept_client(b, fd);
	}
	if (r == -ENOMEM) {
		shell_fatal(b->shell, r);
	}
	return 0;
}

int bus_server_init(struct bus_server *b, struct shell *shell, int listen_fd)
{
	int r;

	*b = (struct bus_server) { .shell = shell, .spare = -1, .next_done_job = DONE_JOB_FIRST };
	spare_fill(b);
	r = fd_set_nonblock(listen_fd, 1);
	if (r < 0) {
		return r;
	}
	r = sd_event_add_io(shell->event, &b->listener, listen_fd, EPOLLIN, on_connection, b);
	if (r < 0) {
		return r;
	}
	/* until everything of LIST has come, calls wait in the socket */
	return sd_event_source_set_enabled(b->listener, SD_EVENT_OFF);
}

void bus_server_fini(struct bus_server *b)
{
	bus_waiting_drop(&b->cleans, NULL);
	bus_waiting_drop(&b->freezes, NULL);
	while (b->pending) {
		struct bus_pending *p = b->pending;

		b->pending = p->next;
		sd_bus_message_unref(p->message);
		free(p);
	}
	while (b->clients) {
		struct bus_client *c = b->clients;

		b->clients = c->next;
		client_free(c);
	}
	sd_event_source_disable_unref(b->listener);
	if (b->spare >= 0) {
		close(b->spare);
	}
	free(b->changed);
	free(b->is_changed);
}

/* Room for that unit in the set of changed ones. */
static int reserve_changed(struct bus_server *b, uint32_t unit)
{
	uint32_t cap = b->cap_is_changed;
	uint8_t *bits;
	uint32_t *list;

	if (unit < cap) {
		return 0;
	}
	cap = unit + 256;
	bits = realloc(b->is_changed, cap);
	if (!bits) {
		return -ENOMEM;
	}
	memset(bits + b->cap_is_changed, 0, cap - b->cap_is_changed);
	b->is_changed = bits;
	list = realloc(b->changed, cap * sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	b->changed = list;
	b->cap_is_changed = cap;
	return 0;
}

void bus_unit_changed(struct bus_server *b, uint32_t unit)
{
	if (!b->clients || reserve_changed(b, unit) < 0 || b->is_changed[unit]) {
		return;
	}
	b->is_changed[unit] = 1;
	b->changed[b->n_changed++] = unit;
}

static void emit_job_signal(struct bus_server *b, const char *member, uint32_t job,
	const struct unit *u, const char *result)
{
	char path[BUS_PATH_MAX];

	bus_job_path(job, path);
	for (struct bus_client *c = b->clients; c; c = c->next) {
		if (c->dead) {
			continue;
		}
		c->backlog += SIGNAL_COST;
		if (result) {
			(void)sd_bus_emit_signal(c->bus, BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER,
				member, "uoss", job, path, u->name, result);
		} else {
			(void)sd_bus_emit_signal(c->bus, BUS_MANAGER_PATH, BUS_INTERFACE_MANAGER,
				member, "uos", job, path, u->name);
		}
	}
}

static void emit_unit(struct bus_server *b, struct bus_client *c, const struct unit *u)
{
	char path[BUS_PATH_MAX];

	(void)b;
	bus_unit_path(u->name, path);
	c->backlog += SIGNAL_COST;
	(void)sd_bus_emit_properties_changed_strv(
		c->bus, path, BUS_INTERFACE_UNIT, (char **)bus_unit_changing);
	if (u->is_service && u->type != UNIT_SERVICE) {
		c->backlog += SIGNAL_COST;
		(void)sd_bus_emit_properties_changed_strv(c->bus, path,
			u->type == UNIT_SWAP ? BUS_INTERFACE_SWAP : BUS_INTERFACE_MOUNT,
			(char **)bus_mount_changing);
	} else if (u->is_service) {
		c->backlog += SIGNAL_COST;
		(void)sd_bus_emit_properties_changed_strv(
			c->bus, path, BUS_INTERFACE_SERVICE, (char **)bus_service_changing);
	} else if (u->socket || u->path) {
		c->backlog += SIGNAL_COST;
		(void)sd_bus_emit_properties_changed_strv(c->bus, path,
			u->socket ? BUS_INTERFACE_SOCKET : BUS_INTERFACE_PATH,
			(char **)(u->socket ? bus_socket_changing : bus_path_changing));
	}
	if (u->timer) {
		c->backlog += SIGNAL_COST;
		(void)sd_bus_emit_properties_changed_strv(
			c->bus, path, BUS_INTERFACE_TIMER, (char **)bus_timer_changing);
	}
}

static void emit_changed(struct bus_server *b)
{
	for (uint32_t i = 0; i < b->n_changed; i++) {
		const struct unit *u = engine_unit(b->shell->engine, b->changed[i]);

		b->is_changed[b->changed[i]] = 0;
		for (struct bus_client *c = b->clients; u && c; c = c->next) {
			if (!c->dead) {
				emit_unit(b, c, u);
			}
		}
	}
	b->n_changed = 0;
}

void bus_job_new(struct bus_server *b, uint32_t job, uint32_t unit)
{
	const struct unit *u = engine_unit(b->shell->engine, unit);

	if (u) {
		emit_job_signal(b, "JobNew", job, u, NULL);
	}
}

void bus_job_removed(struct bus_server *b, uint32_t job, uint32_t unit, enum job_result result)
{
	const struct unit *u = engine_unit(b->shell->engine, unit);
	const char *text = job_result_to_string(result);

	if (u && text) {
		/* who waits for the job reads the unit next: let the states come first */
		emit_changed(b);
		emit_job_signal(b, "JobRemoved", job, u, text);
	}
}

static int wait_for_load(
	struct bus_server *b, sd_bus_message *message, uint64_t cookie, enum bus_reload_kind kind)
{
	struct bus_pending *p = calloc(1, sizeof(*p));
	struct bus_pending **at = &b->pending;

	if (!p) {
		return -ENOMEM;
	}
	p->message = sd_bus_message_ref(message);
	p->cookie = cookie;
	p->kind = kind;
	while (*at) {
		at = &(*at)->next;
	}
	*at = p;
	return 0;
}

int bus_reload(struct bus_server *b, sd_bus_message *message, enum bus_reload_kind kind)
{
	uint64_t cookie;
	int r = shell_load(b->shell, kind == BUS_RELOAD_DRY, &cookie);

	if (r >= 0) {
		r = wait_for_load(b, message, cookie, kind);
	}
	return r < 0 ? bus_fatal(b, r) : 1;
}

static int reply_loaded(struct bus_server *b, struct bus_pending *p, int status, const char *text)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	/* What supd-load itself said is the reason; that its exit was taken for an errno is none.
	 */
	if (status < 0 && text && strncmp(text, "supd-load: ", 11) == 0) {
		return sd_bus_reply_method_errorf(
			p->message, "org.supd1.LoadFailed", "Loading the units failed: %s", text);
	}
	if (status < 0) {
		return sd_bus_reply_method_errorf(p->message, "org.supd1.LoadFailed",
			"Loading the units failed: %s%s%s", strerror(-status),
			text && *text ? ": " : "", text ? text : "");
	}
	r = sd_bus_message_new_method_return(p->message, &reply);
	if (r >= 0 && p->kind == BUS_RELOAD_DIAGNOSTICS) {
		r = bus_append_diagnostics(engine_manifest(b->shell->engine), reply);
	}
	return r < 0 ? r : sd_bus_send(sd_bus_message_get_bus(p->message), reply, NULL);
}

static bool wants_report(const struct bus_pending *p)
{
	return p->kind == BUS_RELOAD_REPORT || p->kind == BUS_RELOAD_DRY;
}

bool bus_wants_changes(const struct bus_server *b, uint64_t cookie)
{
	for (const struct bus_pending *p = b->pending; p && p->cookie <= cookie; p = p->next) {
		if (wants_report(p)) {
			return true;
		}
	}
	return false;
}

static int reply_report(struct bus_pending *p, const struct manifest *manifest,
	const struct reload_changes *changes)
{
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(p->message, &reply);

	r = r < 0 ? r : bus_append_diagnostics(manifest, reply);
	r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "(ssss)");
	for (uint32_t i = 0; r >= 0 && i < changes->n; i++) {
		const struct reload_change *row = &changes->rows[i];

		r = sd_bus_message_append(
			reply, "(ssss)", row->unit, row->setting, row->from, row->to);
	}
	r = r < 0 ? r : sd_bus_message_close_container(reply);
	r = r < 0 ? r : sd_bus_message_append(reply, "u", changes->n_dropped);
	return r < 0 ? r : sd_bus_send(sd_bus_message_get_bus(p->message), reply, NULL);
}

void bus_report(struct bus_server *b, uint64_t cookie, const struct manifest *manifest,
	const struct reload_changes *changes)
{
	struct bus_pending **at = &b->pending;

	while (*at && (*at)->cookie <= cookie) {
		struct bus_pending *p = *at;

		if (!wants_report(p)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		(void)reply_report(p, manifest, changes);
		sd_bus_message_unref(p->message);
		free(p);
	}
}

void bus_loaded(struct bus_server *b, uint64_t cookie, int status, const char *text)
{
	while (b->pending && b->pending->cookie <= cookie) {
		struct bus_pending *p = b->pending;

		b->pending = p->next;
		(void)reply_loaded(b, p, status, text);
		sd_bus_message_unref(p->message);
		free(p);
	}
}

/* True when the client is to be dropped. */
static bool is_clogged(struct bus_client *c)
{
	uint64_t n = 0;

	if (c->dead || sd_bus_is_open(c->bus) <= 0 || gate_is_broken(&c->gate)) {
		return true;
	}
	if (sd_bus_get_n_queued_write(c->bus, &n) < 0 || n == 0) {
		c->backlog = 0;
	}
	return c->backlog > LIMIT_CONTROL_BACKLOG;
}

static void tell_dropped(const struct bus_client *c)
{
	const char *why = c->backlog > LIMIT_CONTROL_BACKLOG ? "does not read its answers"
			  : c->gate.since > c->gate.limit    ? "sends too long a message"
			  : c->gate.bad                      ? "sends descriptors"
							     : NULL;
	uint64_t hidden;

	if (why && refusals_take(&c->server->refusals, c->uid, now_us(), &hidden)) {
		unitlog_plain(c->server->shell, LOG_WARNING, "control: uid %u, pid %d %s; dropped",
			(unsigned)c->uid, (int)c->pid, why);
	}
}

int bus_flush(struct bus_server *b)
{
	int enabled = SD_EVENT_OFF;

	bus_clean_flush(b);
	bus_freezer_flush(b);
	emit_changed(b);
	for (struct bus_client **at = &b->clients; *at;) {
		struct bus_client *c = *at;

		if (!is_clogged(c)) {
			at = &c->next;
			continue;
		}
		if (!c->dead) {
			tell_dropped(c);
		}
		*at = c->next;
		b->n_clients--;
		drop_pending_of(b, c->bus);
		bus_waiting_drop(&b->cleans, c->bus);
		bus_waiting_drop(&b->freezes, c->bus);
		client_free(c);
	}
	spare_fill(b);
	(void)sd_event_source_get_enabled(b->listener, &enabled);
	return enabled == SD_EVENT_OFF && b->spare >= 0
		       ? sd_event_source_set_enabled(b->listener, SD_EVENT_ON)
		       : 0;
}
