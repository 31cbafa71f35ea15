// SPDX-License-Identifier: MIT
#include "denials.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "../runtime/base/cleanup.h"
#include "shell.h"
#include "unitlog.h"

#define RECORDS_PER_TURN 64u

struct denials {
	struct shell *shell;
	sd_event_source *source;
	uint32_t n;
	uint32_t next; /* row that is overwritten when all are taken */
	struct denial_row rows[DENIALS_MAX];
};

/* True if the shown cgroup is the unit's or below it. */
static bool owns(const struct shell *s, const struct unit *u, const char *shown)
{
	const char *cgroup = shell_unit_cgroup(u);
	char path[LIMIT_PATH];
	size_t n;

	if (!cgroup || !u->is_service) {
		return false;
	}
	cgroup_shown_path(&s->cgroup, cgroup, path);
	n = strlen(path);
	return strncmp(path, shown, n) == 0 && (shown[n] == '/' || shown[n] == '\0');
}

/* The kernel's word, also of who has ended since: nobody else's process has an id of this range. */
static bool has_id(const struct unit *u, uint32_t uid)
{
	uint32_t first = u->is_service ? u->service.def.service->id_first : 0;

	return first && uid >= first && uid - first < MANIFEST_OWN_IDS;
}

/* A number that is in use again shows somebody else's cgroup: then the id decides. */
static const struct unit *find_unit(const struct shell *s, const struct denial *d)
{
	char shown[LIMIT_PATH];
	bool alive = process_cgroup(d->pid, shown) == 0;
	const struct unit *guess = NULL;

	for (uint32_t i = 0; i < engine_n_units(s->engine); i++) {
		const struct unit *u = engine_unit(s->engine, i);

		if (alive ? owns(s, u, shown)
			  : u->is_service && d->pid && u->service.main_pid == d->pid) {
			return u;
		}
		guess = has_id(u, d->uid) ? u : guess;
	}
	return guess;
}

/* The row of a unit and call; NULL. */
static struct denial_row *find_row(struct denials *all, const char *unit, const struct denial *d)
{
	for (uint32_t i = 0; i < all->n; i++) {
		struct denial_row *row = &all->rows[i];

		if (row->first.number == d->number && row->first.arch == d->arch &&
			row->first.killed == d->killed && strcmp(row->unit, unit) == 0) {
			return row;
		}
	}
	return NULL;
}

static struct denial_row *new_row(struct denials *all)
{
	struct denial_row *row;

	if (all->n < DENIALS_MAX) {
		return &all->rows[all->n++];
	}
	row = &all->rows[all->next];
	all->next = (all->next + 1) % DENIALS_MAX;
	return row;
}

static void take_record(struct denials *all, const char *text, size_t n)
{
	const struct unit *u;
	struct denial_row *row;
	struct denial d;
	struct timespec now;

	if (denial_parse(text, n, &d) < 0) {
		return;
	}
	u = find_unit(all->shell, &d);
	if (!u) {
		return; /* another supervisor's, or gone before we looked */
	}
	clock_gettime(CLOCK_REALTIME, &now);
	row = find_row(all, u->name, &d);
	if (!row) {
		row = new_row(all);
		*row = (struct denial_row) { .first = d };
		strncpy(row->unit, u->name, sizeof(row->unit) - 1);
		unitlog_denial(all->shell, u, &d);
	}
	row->count++;
	row->at_us = (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static int on_record(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct denials *all = user;
	union {
		struct nlmsghdr header;
		char bytes[8192];
	} message;

	(void)source;
	(void)revents;
	for (unsigned i = 0; i < RECORDS_PER_TURN; i++) {
		ssize_t n = recv(fd, &message, sizeof(message), MSG_DONTWAIT);
		size_t size;

		/* ENOBUFS: some were lost. They are counted nowhere; the next one comes. */
		if (n < 0 && errno != ENOBUFS && errno != EINTR) {
			return 0;
		}
		if (n < (ssize_t)sizeof(message.header) ||
			message.header.nlmsg_type != AUDIT_SECCOMP) {
			continue;
		}
		/* The kernel's length of an audit record leaves the header out, or not. */
		size = (size_t)n - sizeof(message.header);
		take_record(all, message.bytes + sizeof(message.header),
			strnlen(message.bytes + sizeof(message.header), size));
	}
	return 0;
}

int denials_new(struct shell *s, struct denials **ret)
{
	struct denials *all;
	struct stat st;
	int r;

	*ret = NULL;
	if (fstat(SUPD_FD_AUDIT, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		return 0;
	}
	all = calloc(1, sizeof(*all));
	if (!all) {
		return -ENOMEM;
	}
	all->shell = s;
	r = sd_event_add_io(s->event, &all->source, SUPD_FD_AUDIT, EPOLLIN, on_record, all);
	if (r >= 0) {
		r = sd_event_source_set_priority(all->source, SD_EVENT_PRIORITY_IMPORTANT);
	}
	if (r < 0) {
		denials_free(all);
		return r;
	}
	*ret = all;
	return 0;
}

void denials_free(struct denials *all)
{
	if (all) {
		sd_event_source_disable_unref(all->source);
		free(all);
	}
}

const struct denial_row *denials_at(const struct denials *all, uint32_t i)
{
	return all && i < all->n ? &all->rows[i] : NULL;
}
