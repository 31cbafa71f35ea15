// SPDX-License-Identifier: MIT
#include "jobfds.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "catalog.h"
#include "cgroup.h"
#include "notify.h"
#include "slots.h"
#include "store.h"
#include "util.h"

#define JOB_FDS_MAX (LAUNCH_TAG_COUNT + LIMIT_LISTEN_FDS + LIMIT_FDSTORE_PER_UNIT)

/* Big: only what n counts is ever set. */
struct list {
	uint32_t n;
	int fds[JOB_FDS_MAX];
	uint32_t tags[JOB_FDS_MAX];
};

static void add(struct list *list, uint32_t tag, int fd)
{
	if (fd >= 0 && list->n < JOB_FDS_MAX) {
		list->fds[list->n] = fd;
		list->tags[list->n++] = tag;
	}
}

static int own_or(int own, int other)
{
	return own >= 0 ? own : other;
}

/* The first of the named units that holds a namespace or /tmp now; s itself if none does. */
static const struct slot *find_joined(struct broker *b, const struct slot *s, const char *names)
{
	char name[LIMIT_UNIT_NAME];

	while (names && catalogue_next_name(&names, name)) {
		uint32_t n = slot_find(b, name);
		const struct slot *o = n == WIRE_SLOT_NONE ? s : &b->t->slots[n];

		if (o->ipcns >= 0 || o->netns >= 0 || o->tmp >= 0) {
			return o;
		}
	}
	return s;
}

/*
 * JoinsNamespaceOf=: what the other unit's slot holds now, where this one has nothing of its own.
 * The user namespace is never shared: ids belong to one unit.
 */
static void collect_namespaces(
	struct broker *b, struct slot *s, const struct jobfds *to, struct list *list)
{
	const struct catalogue *c = &b->catalogues[to->catalogue_index];
	const char *joins = catalogue_string(c, c->units[c->entries[to->entry].unit].joins);
	const struct slot *o = find_joined(b, s, joins);

	add(list, LAUNCH_TAG_USERNS, s->userns);
	add(list, LAUNCH_TAG_IPCNS, own_or(s->ipcns, o->ipcns));
	add(list, LAUNCH_TAG_NETNS, own_or(s->netns, o->netns));
	add(list, LAUNCH_TAG_TMP, own_or(s->tmp, o->tmp));
}

/* Of each socket unit that the catalogue names, all that its slot holds, in order. */
static void collect_sockets(
	struct broker *b, const struct catalogue *c, struct launch_job *job, struct list *list)
{
	const struct catalogue_unit *u = &c->units[c->entries[job->entry].unit];
	const uint32_t *units = catalogue_unit_sockets(c, u);
	uint32_t total = 0;

	for (uint32_t i = 0; i < u->n_sockets; i++) {
		uint32_t n = slot_find(b, catalogue_string(c, c->units[units[i]].name));
		const struct slot *s = n == WIRE_SLOT_NONE ? NULL : &b->t->slots[n];

		for (uint32_t k = 0; s && k < s->n_listen && total < LIMIT_LISTEN_FDS; k++) {
			add(list, LAUNCH_TAG_LISTEN, s->listen[k]);
			job->n_listen[i]++;
			total++;
		}
	}
}

static void collect(struct broker *b, uint32_t ref, struct list *list)
{
	uint32_t n = ref / ENTRY_KIND_COUNT;
	struct slot *s = &b->t->slots[n];

	add(list, LAUNCH_TAG_CREDENTIALS, s->credentials);
	add(list, LAUNCH_TAG_LOG, s->log_write);
	for (uint32_t i = 0; ref % ENTRY_KIND_COUNT == ENTRY_WORK && i < s->n_listen; i++) {
		add(list, LAUNCH_TAG_LISTEN, s->listen[i]);
	}
	if (ref % ENTRY_KIND_COUNT != ENTRY_MAIN) {
		return; /* stored descriptors are the main process's */
	}
	for (int i = s->n_parked ? store_next(b, n, 0) : -1; i >= 0; i = store_next(b, n, i + 1)) {
		add(list, LAUNCH_TAG_PARK, b->t->parks[i].peek);
	}
}

/* What one message takes, from at on. Returns where the next one begins. */
static uint32_t fill(struct launch_fds *head, const struct list *list, uint32_t at)
{
	head->magic = LAUNCH_MAGIC;
	head->n = list->n - at < LIMIT_SCM_FDS ? list->n - at : LIMIT_SCM_FDS;
	memcpy(head->tags, list->tags + at, head->n * sizeof(head->tags[0]));
	return at + head->n;
}

static int send_list(int sock, struct launch_job *job, const struct list *list)
{
	uint32_t at = fill(&job->fds, list, 0);
	int r = fd_send(sock, job, sizeof(*job), list->fds, at, MSG_DONTWAIT);

	while (r == 0 && at < list->n) {
		struct launch_fds head = { 0 };
		uint32_t next = fill(&head, list, at);

		r = fd_send(sock, &head, sizeof(head), list->fds + at, head.n, MSG_DONTWAIT);
		at = next;
	}
	return r;
}

int jobfds_send(struct broker *b, uint32_t ref, struct launch_job *job, const struct jobfds *to)
{
	uint32_t n = ref / ENTRY_KIND_COUNT;
	struct slot *s = &b->t->slots[n];
	struct list list;
	char name[NOTIFY_DIRECTORY];
	AUTO_CLOSE int opened = to->cgroup < 0 ? cgroup_open(b->cgroup_fd, s->cgroup) : -1;
	int cgroup = to->cgroup < 0 ? opened : to->cgroup;

	list.n = 0;
	if (s->notify >= 0) {
		notify_directory(b, n, name);
	}
	AUTO_CLOSE int dir = s->notify < 0 ? -1
					   : openat(b->notify_fd, name,
						     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (cgroup < 0 || (s->notify >= 0 && dir < 0)) {
		return cgroup < 0 ? cgroup : -errno;
	}
	add(&list, LAUNCH_TAG_PLANS, b->t->catalogues[to->catalogue_index].plans_fd);
	add(&list, LAUNCH_TAG_CGROUP_ROOT, b->cgroup_fd);
	add(&list, LAUNCH_TAG_CGROUP, cgroup);
	add(&list, LAUNCH_TAG_NSINIT,
		to->entry_flags & CATALOGUE_ENTRY_NSINIT ? LOW_FD_NSINIT : -1);
	add(&list, LAUNCH_TAG_NOTIFY_DIR, dir);
	collect_namespaces(b, s, to, &list);
	if (to->entry_flags & CATALOGUE_ENTRY_LISTEN) {
		collect_sockets(b, &b->catalogues[to->catalogue_index], job, &list);
	}
	collect(b, ref, &list);
	job->n_fds = list.n;
	return send_list(to->sock, job, &list);
}

static void take_control(struct msghdr *msg, struct jobfds_got *got)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET) {
			continue;
		}
		if (c->cmsg_type == SCM_RIGHTS) {
			size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			memcpy(got->fds, CMSG_DATA(c), n * sizeof(int));
			got->n_fds = (uint32_t)n;
		} else if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred creds;

			memcpy(&creds, CMSG_DATA(c), sizeof(creds));
			got->sender = creds.pid;
		}
	}
}

int jobfds_recv(int sock, struct launch_report *ret, struct jobfds_got *ret_got)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(JOBFDS_SCM_MAX * sizeof(int)) +
			   CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*ret_got = (struct jobfds_got) { 0 };
	if (n < 0) {
		return -errno;
	}
	take_control(&msg, ret_got);
	if (n == (ssize_t)sizeof(*ret) && ret->magic == LAUNCH_MAGIC) {
		return 1;
	}
	return n == 0 ? 0 : -EBADMSG;
}
