// SPDX-License-Identifier: MIT
/* [Socket] and [Path]. */
#include "parsers.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "expand.h"
#include "sockaddr.h"
#include "values.h"
#include "words.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* ---- Listen lines ---- */

struct listen_row {
	enum parse_listen kind;
	const char *name;
	uint32_t plan; /* enum plan_socket_kind */
	uint32_t type; /* SOCK_* */
};

static const struct listen_row listen_rows[] = {
	{ LISTEN_STREAM, "ListenStream", PLAN_SOCKET_SOCKET, SOCK_STREAM },
	{ LISTEN_DATAGRAM, "ListenDatagram", PLAN_SOCKET_SOCKET, SOCK_DGRAM },
	{ LISTEN_SEQPACKET, "ListenSequentialPacket", PLAN_SOCKET_SOCKET, SOCK_SEQPACKET },
	{ LISTEN_FIFO, "ListenFIFO", PLAN_SOCKET_FIFO, 0 },
	{ LISTEN_SPECIAL, "ListenSpecial", PLAN_SOCKET_SPECIAL, 0 },
	{ LISTEN_NETLINK, "ListenNetlink", PLAN_SOCKET_SOCKET, SOCK_RAW },
	{ LISTEN_MQUEUE, "ListenMessageQueue", PLAN_SOCKET_MQUEUE, 0 },
};

static int parse_file(struct setting_context *c, const char *text, struct plan_socket *s)
{
	char *path = arena_strdup(c->arena, text);
	bool queue = s->kind == PLAN_SOCKET_MQUEUE;

	if (!path) {
		return -ENOMEM;
	}
	if (!value_is_path(path) || !path[1] || (queue && strchr(path + 1, '/'))) {
		return setting_error(c, 0,
			queue ? "\"%.128s\" is not the name of a queue such as /queue"
			      : "\"%.128s\" is not an absolute path without \"..\"",
			text);
	}
	value_simplify_path(path);
	s->path = path;
	return 0;
}

static int parse_address(struct setting_context *c, const char *text, struct plan_socket *s)
{
	const char *why = NULL;
	int r = c->row->arg == LISTEN_NETLINK ? sockaddr_parse_netlink(text, c->arena, s, &why)
					      : sockaddr_parse(text, c->arena, s, &why);

	if (r == -EINVAL) {
		return setting_error(c, 0, "\"%.128s\": %s", text, why);
	}
	if (r == 0 && s->family == AF_UNIX && s->type == 0) {
		return setting_error(c, 0, "\"%.128s\" is no address", text);
	}
	return r;
}

int parse_listen(struct setting_context *c)
{
	struct list *list = &c->unit->socket->listens;
	struct plan_socket s = { .kind = listen_rows[c->row->arg].plan,
		.type = listen_rows[c->row->arg].type,
		.origin = c->origin };
	struct plan_socket *row;
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r != 0 || !*text) {
		if (r == 0) {
			list_reset(list); /* of every kind, systemd.socket(5) */
		}
		return r;
	}
	r = s.kind == PLAN_SOCKET_SOCKET ? parse_address(c, text, &s) : parse_file(c, text, &s);
	if (r != 0) {
		return r;
	}
	if (list->n >= LIMIT_LISTEN_FDS) {
		return setting_error(c, 0, "more than %u addresses", LIMIT_LISTEN_FDS);
	}
	s.text = arena_printf(c->arena, "%s=%s", listen_rows[c->row->arg].name, text);
	row = list_push(c->arena, list, sizeof(*row));
	if (!row || !s.text) {
		return -ENOMEM;
	}
	*row = s;
	return 0;
}

/* ---- options with names ---- */

struct word_value {
	const char *word;
	uint32_t value;
};

static int find_word(struct setting_context *c, const struct word_value *rows, size_t n)
{
	uint32_t *target = c->target;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].word, c->value) == 0) {
			*target = rows[i].value;
			return 0;
		}
	}
	return -ENOENT;
}

int parse_bind_ipv6(struct setting_context *c)
{
	static const struct word_value rows[] = { { "default", 0 }, { "both", 1 },
		{ "ipv6-only", 2 } };

	return find_word(c, rows, ELEMENTSOF(rows)) == 0
		       ? 0
		       : setting_error(
				 c, 0, "\"%.64s\" is not default, both or ipv6-only", c->value);
}

int parse_ip_tos(struct setting_context *c)
{
	static const struct word_value rows[] = { { "low-delay", IPTOS_LOWDELAY },
		{ "throughput", IPTOS_THROUGHPUT }, { "reliability", IPTOS_RELIABILITY },
		{ "low-cost", IPTOS_LOWCOST } };
	uint32_t v;

	c->unit->socket->options.flags |= PLAN_SOCKET_SET_TOS;
	if (find_word(c, rows, ELEMENTSOF(rows)) == 0) {
		return 0;
	}
	if (number_parse_u32(c->value, &v) < 0 || v > 255) {
		return setting_error(c, 0,
			"\"%.64s\" is not low-delay, throughput, reliability, low-cost or 0 to 255",
			c->value);
	}
	*(uint32_t *)c->target = v;
	return 0;
}

int parse_socket_protocol(struct setting_context *c)
{
	static const struct word_value rows[] = { { "udplite", IPPROTO_UDPLITE },
		{ "sctp", IPPROTO_SCTP }, { "mptcp", IPPROTO_MPTCP } };

	return find_word(c, rows, ELEMENTSOF(rows)) == 0
		       ? 0
		       : setting_error(c, 0, "\"%.64s\" is not udplite, sctp or mptcp", c->value);
}

int parse_timestamping(struct setting_context *c)
{
	static const struct word_value rows[] = { { "off", 0 }, { "us", 1 }, { "usec", 1 },
		{ "µs", 1 }, { "ns", 2 }, { "nsec", 2 } };

	return find_word(c, rows, ELEMENTSOF(rows)) == 0
		       ? 0
		       : setting_error(c, 0, "\"%.64s\" is not off, us or ns", c->value);
}

int parse_socket_number(struct setting_context *c)
{
	int64_t v;
	bool priority = c->row->arg == PLAN_SOCKET_SET_PRIORITY;

	if (number_parse_i64(c->value, &v) < 0 ||
		v > (priority ? INT32_MAX : (int64_t)UINT32_MAX) ||
		v < (priority ? INT32_MIN : 0)) {
		return setting_error(c, 0, "\"%.64s\" is not a number from %s", c->value,
			priority ? "-2147483648 to 2147483647" : "0 to 4294967295");
	}
	c->unit->socket->options.flags |= (uint32_t)c->row->arg;
	*(uint32_t *)c->target = (uint32_t)v;
	return 0;
}

/* Bytes into 32 bits; row->arg 64: into 64. */
int parse_socket_size(struct setting_context *c)
{
	uint64_t v;

	if (value_parse_size(c->value, &v) != 0 || v == 0 || v > INT32_MAX) {
		return setting_error(c, 0, "\"%.64s\" is not a size from 1 to 2G", c->value);
	}
	if (c->row->arg == 64) {
		*(uint64_t *)c->target = v;
	} else {
		*(uint32_t *)c->target = (uint32_t)v;
	}
	return 0;
}

/* A time that the kernel wants in whole seconds. */
int parse_whole_seconds(struct setting_context *c)
{
	uint64_t us;

	if (value_parse_timespan(c->value, 1000000, &us) != 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not a time span such as \"5min 20s\"", c->value);
	}
	if (us > (uint64_t)INT32_MAX * 1000000) {
		return setting_error(c, 0, "\"%.64s\" is too long", c->value);
	}
	*(uint32_t *)c->target = (uint32_t)((us + 999999) / 1000000);
	return 0;
}

int parse_fd_name(struct setting_context *c)
{
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r != 0) {
		return r;
	}
	for (const char *p = text; *p; p++) {
		if (*p == ':' || *p <= ' ' || *p >= 127) {
			return setting_error(c, 0,
				"\"%.64s\": a name has no ':', blank or control character", text);
		}
	}
	if (strlen(text) >= LIMIT_FD_NAME) {
		return setting_error(c, 0, "a name has at most %u bytes", LIMIT_FD_NAME - 1);
	}
	*(const char **)c->target = *text ? text : NULL;
	return 0;
}

int parse_device_name(struct setting_context *c)
{
	if (strlen(c->value) > 15 || strpbrk(c->value, "/ ")) {
		return setting_error(c, 0, "\"%.64s\" is not a network interface", c->value);
	}
	*(const char **)c->target = *c->value ? c->value : NULL;
	return 0;
}

int parse_symlinks(struct setting_context *c)
{
	struct list *list = c->target;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*p) {
		list_reset(list);
		return 0;
	}
	while ((r = word_next(&p, c->value, c->arena, &word)) > 0) {
		struct unit_item *row;
		const char *text = NULL;
		char *path;

		r = expand_text(c, word.text, word.column, &text);
		if (r != 0) {
			return r;
		}
		path = arena_strdup(c->arena, text);
		if (!path) {
			return -ENOMEM;
		}
		if (!value_is_path(path) || list->n >= LIMIT_LISTEN_FDS) {
			return setting_error(
				c, word.column, "\"%.128s\" is not an absolute path", text);
		}
		value_simplify_path(path);
		row = list_push(c->arena, list, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = (struct unit_item) { path, c->origin };
	}
	return r == -EINVAL ? setting_error(c, (unsigned)(p - c->value), "quote is not closed") : r;
}

int parse_refused(struct setting_context *c)
{
	bool on = true;

	/* "no" asks for what is there anyway. */
	if (!*c->value || (value_parse_bool(c->value, &on) == 0 && !on)) {
		return 0;
	}
	return setting_error(c, 0, "not supported; without the line the unit can be used");
}

/* ---- what both have ---- */

int parse_trigger_limit(struct setting_context *c)
{
	struct unit_socket *s = c->unit->socket;
	struct unit_watch *w = c->unit->watch;

	if (c->row->arg == 0) {
		c->target = s ? &s->trigger_interval_us : &w->trigger_interval_us;
		return parse_seconds(c);
	}
	uint32_t burst;

	if (number_parse_u32(c->value, &burst) < 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not a number from 0 to 4294967295", c->value);
	}
	*(s ? &s->trigger_burst : &w->trigger_burst) = burst;
	return 0;
}

int parse_directory_mode(struct setting_context *c)
{
	c->target = c->unit->socket  ? &c->unit->socket->options.dir_mode
		    : c->unit->mount ? &c->unit->mount->dir_mode
				     : &c->unit->watch->dir_mode;
	return parse_mode(c);
}

int parse_where(struct setting_context *c)
{
	c->target = c->unit->mount ? &c->unit->mount->where : &c->unit->watch->where;
	return parse_path(c);
}

/* Service=, Unit=: the unit that is triggered. row->arg 1: a service. */
int parse_trigger_unit(struct setting_context *c)
{
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r != 0) {
		return r;
	}
	/* A template has no instance yet: "web@%i.service" is a name only later. */
	if (c->unit->is_template && unit_name_classify(text) == UNIT_NAME_TEMPLATE) {
		return 0;
	}
	if (!unit_name_is_valid(text) || unit_name_classify(text) == UNIT_NAME_TEMPLATE ||
		(c->row->arg && unit_type_from_name(text) != UNIT_SERVICE)) {
		return setting_error(c, 0, "\"%.128s\" is not a %s", text,
			c->row->arg ? "service such as web.service"
				    : "unit name such as web.service");
	}
	*(const char **)c->target = text;
	return 0;
}

/* ---- [Path] ---- */

int parse_watch(struct setting_context *c)
{
	struct list *list = &c->unit->watch->lines;
	struct plan_watch *row;
	const char *text = NULL;
	int r = expand_value(c, &text);
	char *path;

	if (r != 0 || !*text) {
		if (r == 0) {
			list_reset(list);
		}
		return r;
	}
	path = arena_strdup(c->arena, text);
	if (!path) {
		return -ENOMEM;
	}
	if (!value_is_path(path)) {
		return setting_error(
			c, 0, "\"%.128s\" is not an absolute path without \"..\"", text);
	}
	value_simplify_path(path);
	if (list->n >= LIMIT_WATCHES) {
		return setting_error(c, 0, "more than %u paths", LIMIT_WATCHES);
	}
	row = list_push(c->arena, list, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct plan_watch) {
		.type = (uint32_t)c->row->arg, .path = path, .origin = c->origin
	};
	return 0;
}
