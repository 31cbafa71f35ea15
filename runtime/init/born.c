// SPDX-License-Identifier: MIT
#include "born.h"

#include <errno.h>
#include <sys/epoll.h>

#include "../base/cleanup.h"
#include "../plan/plan.h"
#include "catalog.h"
#include "cgroup.h"
#include "jobfds.h"
#include "launch.h"
#include "reports.h"
#include "slots.h"
#include "util.h"

/*
 * What the slot holds is shared by its commands: it is entered, not made again. Mounts that were
 * made elsewhere can only be copied by a launcher that has stayed there.
 */
uint32_t born_namespaces(struct broker *b, uint32_t ref, int catalogue)
{
	const struct catalogue *c = &b->catalogues[catalogue];
	const struct place *p = place_of(b, ref);
	const struct slot *s = &b->t->slots[ref / ENTRY_KIND_COUNT];
	const struct catalogue_entry *e = &c->entries[p->entry];
	uint32_t namespaces =
		(e->flags & (uint32_t)CATALOGUE_ENTRY_NS_ALL) >> CATALOGUE_ENTRY_NS_SHIFT;

	if (!(e->flags & CATALOGUE_ENTRY_BORN) || p->plain || !b->clone_into || s->killed ||
		s->unit_flags & CATALOGUE_UNIT_DELEGATE || c->units[e->unit].joins ||
		s->userns >= 0 || s->netns >= 0 || s->tmp >= 0 || s->credentials >= 0) {
		return 0;
	}
	return s->ipcns >= 0 ? namespaces & ~(uint32_t)PLAN_NS_IPC : namespaces;
}

int born_ask(struct broker *b, uint32_t ref, int catalogue)
{
	struct slot *s = &b->t->slots[ref / ENTRY_KIND_COUNT];
	AUTO_CLOSE int cgroup = cgroup_open(b->cgroup_fd, s->cgroup);
	int r = cgroup < 0 ? cgroup : warm_bear(b, ref, born_namespaces(b, ref, catalogue), cgroup);

	if (r == 0) {
		TAKE_FD(cgroup);
		place_of(b, ref)->asked = true;
	}
	return r;
}

/* As if its launcher had reported it: from here on it is this place's process. */
static void take_child(struct broker *b, uint32_t ref, pid_t pid)
{
	struct place *p = place_of(b, ref);

	p->born = true;
	p->launcher = p->child = p->pid = pid;
	p->birth = b->pid1 ? 0 : launch_birth(pid);
	p->phase = WIRE_PHASE_STARTED;
	slot_pid_set(b, ref, pid);
	slot_mark_ref(b, ref);
}

void born_come(struct broker *b, const struct warm_birth *birth, pid_t pid)
{
	AUTO_CLOSE int sock = birth->sock;
	AUTO_CLOSE int cgroup = birth->cgroup;
	struct place *p = place_of(b, birth->ref);
	int catalogue = catalog_find(b, p->catalogue);
	struct launch_job job;
	int r = catalogue;

	p->asked = false;
	if (pid <= 0 || p->signalled || r < 0) {
		p->plain |= pid < 0;
		launch_again(b, birth->ref);
		return; /* one that lives nevertheless sees an end of file */
	}
	launch_fill_job(b, birth->ref, &job);
	job.born = born_namespaces(b, birth->ref, catalogue);
	take_child(b, birth->ref, pid);
	p->job_fd = TAKE_FD(sock);
	r = jobfds_send(b, birth->ref, &job,
		&(struct jobfds) { p->job_fd, catalogue, p->entry,
			b->catalogues[catalogue].entries[p->entry].flags, cgroup });
	r = r < 0 ? r : broker_watch(b, p->job_fd, EPOLLIN, WATCH_JOB, birth->ref);
	if (r < 0) { /* it sees an end of file, or is dead */
		util_close(&p->job_fd);
		p->untouched = r == -EPIPE || r == -ECONNRESET;
		if (!p->untouched) {
			reports_fail(b, birth->ref, STEP_CLONE, -r, "supd-launch");
		}
	}
}
