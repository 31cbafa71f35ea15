// SPDX-License-Identifier: MIT
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "cgroup.h"
#include "helper.h"
#include "launch.h"
#include "resources.h"
#include "slots.h"
#include "util.h"

/* Calls fn for every descriptor that the table holds. */
static void each_fd(struct broker *b, void (*fn)(int *fd))
{
	struct table *t = b->t;
	int *const single[] = { &t->control_fd, &t->log_stdout_fd, &t->log_native_fd, &t->netns_fd,
		&t->own_netns_fd, &t->lock_fd, &t->home_cgroup_fd };

	for (size_t i = 0; i < ELEMENTSOF(single); i++) {
		fn(single[i]);
	}
	for (uint32_t i = 0; i < LIMIT_CATALOGUES; i++) {
		fn(&t->catalogues[i].plans_fd);
		fn(&t->catalogues[i].manifest_fd);
	}
	for (uint32_t i = 0; i < LIMIT_FDSTORE_TOTAL; i++) {
		if (t->parks[i].used) {
			fn(&t->parks[i].push);
			fn(&t->parks[i].peek);
		}
	}
	for (uint32_t n = 0; n < t->n_slots; n++) {
		struct slot *s = &t->slots[n];
		int *const held[] = { &s->userns, &s->ipcns, &s->netns, &s->tmp, &s->credentials,
			&s->notify, &s->log_read, &s->log_write };

		for (size_t i = 0; s->state != SLOT_FREE && i < ELEMENTSOF(held); i++) {
			fn(held[i]);
		}
		for (uint32_t i = 0; s->state != SLOT_FREE && i < s->n_listen; i++) {
			fn(&s->listen[i]);
		}
		for (uint32_t k = 0; s->state != SLOT_FREE && k < ENTRY_KIND_COUNT; k++) {
			fn(&s->places[k].job_fd);
			fn(&s->places[k].pidfd);
		}
	}
}

static void forget_fd(int *fd)
{
	*fd = -1;
}

static void keep_fd(int *fd)
{
	if (*fd >= 0) {
		fcntl(*fd, F_SETFD, 0);
	}
}

static void cloexec_fd(int *fd)
{
	if (*fd >= 0) {
		fcntl(*fd, F_SETFD, FD_CLOEXEC);
	}
}

void table_forget_fds(struct broker *b)
{
	each_fd(b, forget_fd);
	for (uint32_t i = 0; i < LIMIT_CATALOGUES; i++) {
		b->t->catalogues[i].used = false;
	}
	for (uint32_t i = 0; i < LIMIT_FDSTORE_TOTAL; i++) {
		b->t->parks[i].used = false;
	}
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		b->t->slots[n].n_listen = b->t->slots[n].n_parked = 0;
		b->t->slots[n].watching = b->t->slots[n].readable = false;
		b->t->slots[n].log_wanted = false;
	}
}

static bool is_table(const struct table *t)
{
	return t->magic == TABLE_MAGIC && t->version == TABLE_VERSION &&
	       t->size == sizeof(struct table) && t->n_slots <= LIMIT_SLOTS;
}

int table_map(struct broker *b, int fd)
{
	struct stat st;

	if (fd < 0) {
		fd = memfd_create("table", MFD_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0 || ftruncate(fd, sizeof(struct table)) < 0 ||
		fallocate(fd, 0, 0, offsetof(struct table, slots)) < 0) {
		return -errno;
	}
	void *base = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED) {
		return -errno;
	}
	b->table_fd = fd;
	b->t = base;
	if (st.st_size == sizeof(struct table) && is_table(b->t)) {
		return 1;
	}
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, sizeof(struct table)) < 0 ||
		fallocate(fd, 0, 0, offsetof(struct table, slots)) < 0) {
		return -errno;
	}
	b->t->magic = TABLE_MAGIC;
	b->t->version = TABLE_VERSION;
	b->t->size = sizeof(struct table);
	b->t->started_us = now_us();
	b->t->next_run = 1;
	b->t->next_catalogue = 1;
	b->t->pending_first = b->t->pending_last = REF_NONE;
	each_fd(b, forget_fd);
	return 0;
}

bool table_inherit(struct broker *b)
{
	const char *text = getenv(TABLE_ENVIRONMENT);
	uint32_t fd;

	if (!text || number_parse_u32(text, &fd) < 0) {
		return false;
	}
	unsetenv(TABLE_ENVIRONMENT);
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 || table_map(b, (int)fd) != 1 ||
		b->t->owner != getpid()) {
		return false;
	}
	each_fd(b, cloexec_fd);
	return true;
}

/* True when p->pid is still the process that it was. */
static bool still_lives(struct broker *b, const struct slot *s, const struct place *p)
{
	AUTO_CLOSE int dir = s->cgroup_made ? cgroup_open(b->cgroup_fd, s->cgroup) : -1;

	return dir >= 0 && p->pid > 0 && p->birth && launch_birth(p->pid) == p->birth &&
	       cgroup_has_pid(dir, p->pid, true) == 1;
}

static void adopt_place(struct broker *b, uint32_t n, uint32_t kind)
{
	struct slot *s = &b->t->slots[n];
	struct place *p = &s->places[kind];
	uint32_t ref = n * ENTRY_KIND_COUNT + kind;

	if (!place_is_live(p)) {
		return;
	}
	p->launcher = p->child = 0;
	p->job_index = -1;
	p->pending = p->asked = false;
	p->pidfd = p->phase == WIRE_PHASE_RUNNING ? sysx_pidfd_open(p->pid, 0) : -1;
	if (p->pidfd >= 0 && still_lives(b, s, p)) {
		p->exec_now = true;
		p->flags |= WIRE_PROC_FOREIGN;
		slot_pid_set(b, ref, p->pid);
		broker_watch(b, p->pidfd, EPOLLIN, WATCH_PIDFD, ref);
		return;
	}
	util_close(&p->pidfd);
	if (p->phase != WIRE_PHASE_RUNNING) {
		p->failed = true;
		p->step = STEP_CRASHED;
		p->error = EINTR;
		util_copy(b->t->fails[ref].text, LIMIT_FAIL_TEXT, "supd-init");
	} else {
		p->flags |= WIRE_PROC_STATUS_UNKNOWN;
	}
	launch_try_finish(b, ref);
}

void table_adopt(struct broker *b)
{
	b->t->pending_first = b->t->pending_last = REF_NONE;
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_GONE) {
			s->state = SLOT_FREE;
		}
		s->killed = true; /* nobody was there to know better */
		for (uint32_t k = 0; s->state == SLOT_USED && k < ENTRY_KIND_COUNT; k++) {
			adopt_place(b, n, k);
		}
	}
}

static void resume_place(struct broker *b, uint32_t ref)
{
	struct place *p = place_of(b, ref);

	if (p->job_fd >= 0) {
		broker_watch(b, p->job_fd, EPOLLIN, WATCH_JOB, ref);
	}
	if (p->pidfd >= 0 && p->flags & WIRE_PROC_FOREIGN) {
		slot_pid_set(b, ref, p->pid);
		broker_watch(b, p->pidfd, EPOLLIN, WATCH_PIDFD, ref);
	}
	if (p->job_index >= 0) {
		b->job_refs[p->job_index] = ref;
		b->n_live++;
	}
}

void table_resume(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->t->slots[n].state == SLOT_GONE) {
			b->t->slots[n].state = SLOT_FREE;
		}
		for (uint32_t k = 0; b->t->slots[n].state == SLOT_USED && k < ENTRY_KIND_COUNT;
			k++) {
			resume_place(b, n * ENTRY_KIND_COUNT + k);
		}
	}
}

void table_reexec(struct broker *b)
{
	char variable[64], digits[21];
	const char *const parts[4] = { TABLE_ENVIRONMENT, "=", digits, NULL };
	char notify[128] = "", watchdog[64] = "";
	char *environment[4] = { variable };
	size_t n = 1;

	number_format_u64(digits, (uint64_t)b->table_fd);
	util_join(variable, sizeof(variable), parts);
	if (b->notify_socket[0]) {
		util_join(notify, sizeof(notify),
			(const char *const[4]) { "NOTIFY_SOCKET=", b->notify_socket, NULL });
		environment[n++] = notify;
	}
	if (b->watchdog_us) {
		number_format_u64(digits, b->watchdog_us * 2);
		util_join(watchdog, sizeof(watchdog),
			(const char *const[4]) { "WATCHDOG_USEC=", digits, NULL });
		environment[n++] = watchdog;
	}
	each_fd(b, keep_fd);
	fcntl(b->table_fd, F_SETFD, 0);
	execve(b->exe, b->argv, environment);
	util_say("cannot execute itself", b->exe, errno);
	fcntl(b->table_fd, F_SETFD, FD_CLOEXEC);
	each_fd(b, cloexec_fd);
}
