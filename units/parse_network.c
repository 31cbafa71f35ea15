// SPDX-License-Identifier: MIT
/* Addresses, ports and interfaces (systemd.resource-control(5)). */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "ebpf.h"
#include "parsers.h"
#include "words.h"

/* A list of words; an empty value empties it. */
static int push_words(
	struct setting_context *c, int (*push)(struct setting_context *c, struct word *word))
{
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(c->target);
		return 0;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		r = push(c, &word);
		if (r < 0) {
			return r;
		}
	}
	return r;
}

/* ---- IPAddressAllow=, IPAddressDeny= ---- */

static const struct {
	const char *name;
	const char *prefixes[2];
} address_names[] = {
	{ "any", { "0.0.0.0/0", "::/0" } },
	{ "localhost", { "127.0.0.0/8", "::1/128" } },
	{ "link-local", { "169.254.0.0/16", "fe80::/64" } },
	{ "multicast", { "224.0.0.0/4", "ff00::/8" } },
};

static int parse_prefix(const char *text, struct ebpf_prefix *ret)
{
	struct ebpf_prefix p = { 0 };
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	uint32_t bits;

	if (n >= sizeof(address)) {
		return -EINVAL;
	}
	memcpy(address, text, n);
	address[n] = '\0';
	p.family = strchr(address, ':') ? AF_INET6 : AF_INET;
	bits = p.family == AF_INET6 ? 128 : 32;
	p.length = bits;
	if (inet_pton((int)p.family, address, p.address) != 1 ||
		(text[n] && (number_parse_u32(text + n + 1, &p.length) < 0 || p.length > bits))) {
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

static int push_prefix(struct setting_context *c, const struct word *word, const char *text)
{
	struct ebpf_prefix prefix;
	struct ebpf_prefix *row;

	if (parse_prefix(text, &prefix) < 0) {
		return setting_error(c, word->column,
			"\"%.64s\" is neither an address[/bits] nor any, localhost, link-local or "
			"multicast",
			text);
	}
	row = list_push(c->arena, c->target, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = prefix;
	return 0;
}

static int push_address(struct setting_context *c, struct word *word)
{
	for (size_t i = 0; i < ELEMENTSOF(address_names); i++) {
		if (strcmp(address_names[i].name, word->text) == 0) {
			int r = push_prefix(c, word, address_names[i].prefixes[0]);

			return r < 0 ? r : push_prefix(c, word, address_names[i].prefixes[1]);
		}
	}
	return push_prefix(c, word, word->text);
}

int parse_addresses(struct setting_context *c)
{
	return push_words(c, push_address);
}

/* ---- SocketBindAllow=, SocketBindDeny= ---- */

struct port_word {
	const char *name;
	uint32_t value;
};

/* Takes "word:" from the front of *text if word is in the table; its value, else 0. */
static uint32_t take_word(char **text, const struct port_word *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i].name);

		if (strncmp(*text, words[i].name, len) == 0 &&
			((*text)[len] == ':' || (*text)[len] == '\0')) {
			*text += len + ((*text)[len] == ':');
			return words[i].value;
		}
	}
	return 0;
}

static int parse_range(char *text, struct ebpf_port *port)
{
	char *dash = strchr(text, '-');

	if (!*text || strcmp(text, "any") == 0) {
		return 0;
	}
	if (dash) {
		*dash = '\0';
	}
	if (number_parse_u32(text, &port->first) < 0 ||
		number_parse_u32(dash ? dash + 1 : text, &port->last) < 0 || port->first == 0 ||
		port->first > port->last || port->last > UINT16_MAX) {
		return -EINVAL;
	}
	return 0;
}

/* [ipv4:|ipv6:][tcp:|udp:][PORT|FIRST-LAST|any] */
static int push_port(struct setting_context *c, struct word *word)
{
	static const struct port_word families[] = { { "ipv4", AF_INET }, { "ipv6", AF_INET6 } };
	static const struct port_word protocols[] = { { "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP } };
	struct ebpf_port port = { .last = UINT16_MAX };
	char *rest = arena_strdup(c->arena, word->text);
	struct ebpf_port *row;

	if (!rest) {
		return -ENOMEM;
	}
	port.family = take_word(&rest, families, ELEMENTSOF(families));
	port.protocol = take_word(&rest, protocols, ELEMENTSOF(protocols));
	if (!*word->text || parse_range(rest, &port) < 0) {
		return setting_error(c, word->column,
			"\"%.64s\" is not [ipv4:|ipv6:][tcp:|udp:][PORT|FIRST-LAST|any]",
			word->text);
	}
	row = list_push(c->arena, c->target, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = port;
	return 0;
}

int parse_ports(struct setting_context *c)
{
	return push_words(c, push_port);
}

/* ---- RestrictNetworkInterfaces= ---- */

static bool is_interface(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !strpbrk(name, "/ \t:%") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int interface_word(struct setting_context *c, const struct word *word, bool add)
{
	struct list *names = &c->unit->cgroup.interfaces;
	struct unit_item *rows = names->items, *row;

	if (!is_interface(word->text)) {
		return setting_error(
			c, word->column, "\"%.64s\" is not the name of an interface", word->text);
	}
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(rows[i].text, word->text) == 0) {
			memmove(rows + i, rows + i + 1, (names->n - i - 1) * sizeof(*rows));
			names->n--;
			break;
		}
	}
	if (!add) {
		return 0;
	}
	row = list_push(c->arena, names, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct unit_item) { word->text, c->origin };
	return 0;
}

/* The first line decides whether the list allows or, with '~', denies. */
int parse_interfaces(struct setting_context *c)
{
	struct unit_cgroup *g = &c->unit->cgroup;
	bool deny = *c->value == '~';
	const char *p = c->value + deny;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(&g->interfaces);
		g->interfaces_mode = UNIT_SET_NONE;
		return 0;
	}
	if (g->interfaces_mode == UNIT_SET_NONE) {
		g->interfaces_mode = deny ? UNIT_SET_DENY : UNIT_SET_ALLOW;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		r = interface_word(c, &word, deny == (g->interfaces_mode == UNIT_SET_DENY));
		if (r < 0) {
			return r;
		}
	}
	return r;
}
