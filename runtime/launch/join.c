// SPDX-License-Identifier: MIT
/*
 * JOIN: a further process in a running unit, with the unit's own confinement, for `supctl exec`.
 * The launcher is started by supctl, which is its supd-init: job, reports, and the parent of what
 * is made. Standard streams are the launcher's own.
 *
 * What went wrong elsewhere (CVE-2016-9962, CVE-2019-5736): a process of the host was visible and
 * traceable inside before it had shed its rights, with descriptors and a program of the host. Here
 * it is not dumpable from before it enters until exec, the user namespace is entered with the
 * others in one call, and its program is a sealed copy in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "envfile.h"
#include "landlock.h"
#include "launch.h"
#include "prepare.h"

#define STREAMS_ABOVE 16 /* out of the way of what is placed later */

static const struct {
	uint32_t plan; /* enum plan_namespaces */
	int flag;      /* CLONE_NEW* */
} kinds[] = {
	{ PLAN_NS_USER, CLONE_NEWUSER },
	{ PLAN_NS_MOUNT, CLONE_NEWNS },
	{ PLAN_NS_PID, CLONE_NEWPID },
	{ PLAN_NS_IPC, CLONE_NEWIPC },
	{ PLAN_NS_UTS, CLONE_NEWUTS },
	{ PLAN_NS_CGROUP, CLONE_NEWCGROUP },
	{ PLAN_NS_NET, CLONE_NEWNET },
};

/* First of all: the unit's limits and its end are this process's too. */
static int enter_cgroup(struct launch *l)
{
	return l->fds[LAUNCH_TAG_CGROUP] < 0 ? launch_fail(l, -EBADF, NULL, "no cgroup", NULL)
					     : launch_join_cgroup(l);
}

static int take_streams(struct launch *l)
{
	for (int i = 0; i < 3; i++) {
		l->stdio[i] = fcntl(i, F_DUPFD_CLOEXEC, STREAMS_ABOVE);
		if (l->stdio[i] < 0) {
			return launch_fail(l, -errno, NULL, "standard streams", NULL);
		}
	}
	return 0;
}

/* All in one call: there is no moment with some of the unit's namespaces and the host's rights. */
static int enter_namespaces(struct launch *l)
{
	int flags = 0;

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		flags |= l->plan.namespaces & kinds[i].plan ? kinds[i].flag : 0;
	}
	if (l->fds[LAUNCH_TAG_TARGET] < 0) {
		return launch_fail(l, -EBADF, NULL, "no process to join", NULL);
	}
	if (flags && setns(l->fds[LAUNCH_TAG_TARGET], flags) < 0) {
		return launch_fail(l, -errno, NULL, "enter the unit's namespaces", NULL);
	}
	/* A change of the user namespace may have made it dumpable again. */
	return launch_hide(l);
}

/* With the paths as they are inside. */
static const struct launch_row child[] = {
	{ STEP_LANDLOCK, launch_prepare_landlock },
};

/* The PID namespace counts for children only; the child is supctl's, so that it can wait. */
static int clone_payload(struct launch *l)
{
	struct clone_args args = { .flags = CLONE_PARENT };

	l->pid = sysx_clone3(&args);
	if (l->pid < 0) {
		return launch_fail(l, -errno, NULL, "clone", NULL);
	}
	if (l->pid == 0) {
		if (launch_run(l, child, ELEMENTSOF(child)) == 0) {
			launch_run_payload(l);
		}
		_exit(1);
	}
	return launch_report(l, LAUNCH_CHILD, 0, l->pid);
}

static const struct launch_row rows[] = {
	{ STEP_CLONE, launch_hide },
	{ STEP_USERS, launch_check_users },
	{ STEP_CGROUP, enter_cgroup },
	{ STEP_ENVIRONMENT, launch_read_env_files },
	{ STEP_STDIO, take_streams },
	{ STEP_RLIMITS, launch_raise_limits },
	{ STEP_PROCESS, launch_set_priorities },
	{ STEP_KEYRING, launch_join_keyring },
	{ STEP_NAMESPACES, enter_namespaces },
	{ STEP_CLONE, clone_payload },
};

int launch_op_join(struct launch *l, int32_t *ret_value)
{
	*ret_value = 0;
	return launch_run(l, rows, ELEMENTSOF(rows));
}
