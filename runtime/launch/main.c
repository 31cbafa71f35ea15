// SPDX-License-Identifier: MIT
/*
 * supd-launch: the disposable worker for everything privileged. Executed once, it waits and copies
 * itself (warm.h); each copy takes one job from supd-init, decodes one plan entry, checks it, does
 * it, reports, exits. Reads no arguments, no environment.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "warm.h"

static struct launch the_launch;
static uint8_t arena_memory[LAUNCH_ARENA] __attribute__((aligned(4096)));

struct op_row {
	enum launch_step step; /* what a failure is called */
	int (*run)(struct launch *l, int32_t *ret_value);
};

/* EXEC and JOIN report their failures by step themselves: STEP_COUNT. */
static const struct op_row operations[] = {
	[PLAN_EXEC] = { STEP_COUNT, launch_op_exec },
	[PLAN_CHECK] = { STEP_CONDITIONS, launch_op_check },
	[PLAN_CLEAN] = { STEP_CLEAN, launch_op_clean },
	[PLAN_READPID] = { STEP_PIDFILE, launch_op_readpid },
	[PLAN_REALIZE] = { STEP_CGROUP, launch_op_realize },
	[PLAN_BIND] = { STEP_SOCKETS, launch_op_bind },
	[PLAN_FLUSH] = { STEP_SOCKETS, launch_op_flush },
	[PLAN_WATCH] = { STEP_WATCH, launch_op_watch },
	[PLAN_AUTOMOUNT] = { STEP_WATCH, launch_op_automount },
	[PLAN_JOIN] = { STEP_COUNT, launch_op_join },
	[PLAN_DISCARD] = { STEP_CLEAN, launch_op_discard },
};
_Static_assert(ELEMENTSOF(operations) == PLAN_OP_COUNT, "operations drifted");

/* A tag that comes twice would leave us with the wrong one of two descriptors. */
static int keep_fd(struct launch *l, uint32_t tag, int fd)
{
	if (tag == LAUNCH_TAG_LISTEN) {
		if (l->n_listen >= LIMIT_LISTEN_FDS) {
			return -E2BIG;
		}
		l->listen[l->n_listen++] = fd;
		return 0;
	}
	if (tag == LAUNCH_TAG_PARK) {
		if (l->n_park >= LIMIT_FDSTORE_PER_UNIT) {
			return -E2BIG;
		}
		l->park[l->n_park++] = fd;
		return 0;
	}
	if (tag >= LAUNCH_TAG_COUNT || l->fds[tag] >= 0) {
		return -EBADMSG;
	}
	l->fds[tag] = fd;
	return 0;
}

static int keep_fds(struct launch *l, const struct launch_fds *head, const int *fds, size_t n)
{
	int r = head->magic == LAUNCH_MAGIC && n == head->n && n > 0 ? 0 : -EBADMSG;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = keep_fd(l, head->tags[i], fds[i]);
	}
	return r;
}

static int receive_rest(struct launch *l, uint32_t got)
{
	while (got < l->job.n_fds) {
		struct launch_fds head;
		int fds[LIMIT_SCM_FDS];
		size_t n = LIMIT_SCM_FDS;
		ssize_t size = fd_recv(l->sock, &head, sizeof(head), fds, &n, 0);
		int r = size == sizeof(head) ? keep_fds(l, &head, fds, n)
			: size < 0           ? (int)size
					     : -EBADMSG;

		if (r < 0) {
			return r;
		}
		got += (uint32_t)n;
	}
	return 0;
}

/* The job comes from supd-init alone; a wrong size or magic means mixed versions. */
static int receive_job(struct launch *l)
{
	int fds[LIMIT_SCM_FDS];
	size_t n = LIMIT_SCM_FDS;
	ssize_t size = fd_recv(l->sock, &l->job, sizeof(l->job), fds, &n, 0);

	if (size == 0) {
		_exit(0); /* nobody needs us any more */
	}
	if (size != sizeof(l->job) || l->job.magic != LAUNCH_MAGIC) {
		return launch_fail(l, size < 0 ? (int)size : -EBADMSG, "", "job record", NULL);
	}
	if (!memchr(l->job.notify_path, 0, sizeof(l->job.notify_path)) ||
		keep_fds(l, &l->job.fds, fds, n) < 0 || receive_rest(l, (uint32_t)n) < 0) {
		return launch_fail(l, -EBADMSG, "", "job descriptors", NULL);
	}
	return 0;
}

static int open_plan(struct launch *l)
{
	struct stat st;
	void *base;
	int r;

	if (l->fds[LAUNCH_TAG_PLANS] < 0 || fstat(l->fds[LAUNCH_TAG_PLANS], &st) < 0) {
		return launch_fail(l, -EBADF, "", "catalogue", NULL);
	}
	base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, l->fds[LAUNCH_TAG_PLANS], 0);
	if (base == MAP_FAILED) {
		return launch_fail(l, -errno, "", "catalogue", NULL);
	}
	r = catalogue_open_entry(base, (size_t)st.st_size, l->job.entry, &l->catalogue);
	if (r < 0) {
		return launch_fail(l, r, "", "catalogue", NULL);
	}
	l->unit = &l->catalogue.units[l->catalogue.entries[l->job.entry].unit];
	r = plan_decode(&l->catalogue, l->job.entry, &l->arena, &l->plan);
	if (r < 0) {
		return launch_fail(
			l, r, "", "plan of ", catalogue_string(&l->catalogue, l->unit->name));
	}
	return 0;
}

/* Three say where we were born: the stem, the job and the plan. */
static int check_birth(struct launch *l)
{
	uint32_t wanted = l->plan.namespaces;

	if (l->fds[LAUNCH_TAG_IPCNS] >= 0) {
		wanted &= ~(uint32_t)PLAN_NS_IPC;
	}
	if (l->job.born != l->born || (l->born && (l->plan.op != PLAN_EXEC || l->born != wanted))) {
		return launch_fail(l, -EPROTO, NULL, "born elsewhere", NULL);
	}
	return 0;
}

static const struct launch_row opening[] = {
	{ STEP_JOB, receive_job },
	{ STEP_PLAN, open_plan },
	{ STEP_JOB, check_birth },
};

static void reset_launch(struct launch *l)
{
	l->sock = LAUNCH_FD;
	memset(l->fds, 0xff, sizeof(l->fds));
	memset(l->stdio, 0xff, sizeof(l->stdio));
	memset(&l->trees, 0xff, sizeof(l->trees));
	l->trees.target = NULL;
	l->trees.row = l->trees.node = NULL;
	l->trees.empty_used = l->trees.null_used = false;
	l->root_fd = l->proc_fd = l->landlock_fd = -1;
	arena_init_fixed(&l->arena, arena_memory, sizeof(arena_memory));
}

/* What is another unit's, or a secret of this one, is no business of a namespace's init. */
void launch_forget(struct launch *l)
{
	munmap((void *)(uintptr_t)l->catalogue.base, l->catalogue.size);
	madvise(arena_memory, sizeof(arena_memory), MADV_DONTNEED);
}

/* What supd-init was started with is no service's business. */
static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	for (int signo = 1; signo < NSIG; signo++) {
		sigaction(signo, &action, NULL);
	}
	/* supd-init gone: a write must fail, not kill us half-way through a CLEAN. */
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct launch *l = &the_launch;
	int32_t value = 0;
	uint32_t born;
	int r;

	reset_signals();
	umask(0);
	born = warm_serve();
	reset_launch(l);
	l->born = born;
	l->title = argc > 0 ? argv[0] : NULL;
	if (launch_run(l, opening, ELEMENTSOF(opening)) < 0) {
		return 1;
	}
	l->text[0] = '\0';
	r = operations[l->plan.op].run(l, &value);
	if (operations[l->plan.op].step == STEP_COUNT) {
		return r < 0 ? 1 : 0;
	}
	if (r < 0) {
		launch_report_failed(l, operations[l->plan.op].step, r);
		return 1;
	}
	launch_report(l, LAUNCH_RESULT, 0, value);
	return 0;
}
