// SPDX-License-Identifier: MIT
/* The operation EXEC: two tables of steps, the launcher's and the second stage's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/sysx.h"
#include "attributes.h"
#include "bpf.h"
#include "cause.h"
#include "command.h"
#include "credload.h"
#include "creds.h"
#include "envfile.h"
#include "finish.h"
#include "label.h"
#include "landlock.h"
#include "launch.h"
#include "logfiles.h"
#include "nsfd.h"
#include "nspath.h"
#include "nsreap.h"
#include "places.h"
#include "prepare.h"
#include "pressure.h"
#include "streams.h"
#include "trees.h"
#include "unitdirs.h"
#include "walls.h"

/* Untouched pages cost nothing. */
static char payload_stack[131072] __attribute__((aligned(4096)));

/* ---- second stage ---- */

/* Half-built and root: nobody may trace it or read its descriptors. */
int launch_hide(struct launch *l)
{
	sigset_t all;

	/* Nothing may reach it before it is ready; supd-nsinit inherits this until it waits. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
		       ? launch_fail(l, -errno, NULL, "not dumpable", NULL)
		       : 0;
}

/*
 * Keys of supd-init's session would be the service's too, and the other way round.
 */
int launch_join_keyring(struct launch *l)
{
	if (!launch_has(l, PLAN_KEYRING_PRIVATE)) {
		return 0;
	}
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0 && errno != ENOSYS) {
		return launch_fail(l, -errno, NULL, "session keyring", NULL);
	}
	return 0;
}

/*
 * The byte says that supd-init knows our pid and that ids are mapped. End of file says that the
 * launcher has died: nobody would know of us, so we go too.
 */
static int wait_for_go(struct launch *l)
{
	char byte;
	ssize_t n = fd_read_full(l->go[0], &byte, 1);

	if (n == 0) {
		_exit(1);
	}
	return n < 0 ? launch_fail(l, (int)n, NULL, "wait for the launcher", NULL) : 0;
}

/* What supd-nsinit keeps: the job socket at 3, and nothing else. */
static int become_nsinit(struct launch *l)
{
	static char *const argv[] = { "supd-nsinit", NULL };
	static char *const envp[] = { NULL };
	int program = fcntl(l->fds[LAUNCH_TAG_NSINIT], F_DUPFD_CLOEXEC, 16);
	int r = launch_shed_for_nsinit(l);

	if (r < 0) {
		return r;
	}
	if (program < 0 || dup2(l->sock, LAUNCH_FD) < 0) {
		return launch_fail(l, -errno, NULL, "descriptors of supd-nsinit", NULL);
	}
	fcntl(LAUNCH_FD, F_SETFD, 0);
	sysx_close_range(LAUNCH_FD + 1, (unsigned)program - 1, 0);
	sysx_close_range((unsigned)program + 1, ~0u, 0);
	sysx_execveat(program, "", argv, envp, AT_EMPTY_PATH);
	return launch_fail(l, -errno, NULL, "exec supd-nsinit", NULL);
}

/*
 * The same without another program, which costs a tenth of a start: for who was born here from the
 * stem, whose memory holds nothing of others but the catalogue, and shares no user namespace with
 * the service: to it this is a process of another's, not dumpable, with one capability.
 */
static int stay_as_nsinit(struct launch *l, pid_t service)
{
	static const char name[] = "supd-nsinit"; /* as long as supd-launch */
	int r = launch_shed_for_nsinit(l);

	if (r < 0) {
		return r;
	}
	if ((l->sock != LAUNCH_FD && dup2(l->sock, LAUNCH_FD) < 0) ||
		sysx_close_range(LAUNCH_FD + 1, ~0u, 0) < 0) {
		return launch_fail(l, -errno, NULL, "descriptors of supd-nsinit", NULL);
	}
	launch_forget(l);
	madvise(payload_stack, sizeof(payload_stack), MADV_DONTNEED);
	prctl(PR_SET_NAME, name);
	if (l->title && strlen(l->title) == strlen(name)) {
		memcpy(l->title, name, strlen(name));
	}
	nsreap_serve(service);
}

/* Steps of the service's own process: below supd-nsinit, or what the second stage becomes. */
int launch_run_payload(struct launch *l);

static int payload_entry(void *arg)
{
	struct launch *l = arg;

	if (launch_report(l, LAUNCH_PAYLOAD, 0, 0) < 0 || launch_run_payload(l) < 0) {
		_exit(1);
	}
	_exit(2);
}

/*
 * PID 1 of a namespace ignores signals without a handler and gets every orphan: an ordinary
 * service must not be it. The payload goes on below; PID 1 becomes supd-nsinit.
 *
 * As vfork(2), on a stack of its own: no copy of the memory, the payload runs first, and PID 1 goes
 * on when it has executed its program or ended, so that it knows which. Descriptors are not shared;
 * what the payload writes about its own into *l must not be taken for ours.
 */
static int fork_payload(struct launch *l)
{
	const int sock = l->sock;
	pid_t pid;

	if (!launch_has_ns(l, PLAN_NS_PID)) {
		return 0;
	}
	if (l->fds[LAUNCH_TAG_NSINIT] < 0) {
		return launch_fail(l, -EBADF, NULL, "no supd-nsinit", NULL);
	}
	pid = clone(payload_entry, payload_stack + sizeof(payload_stack),
		CLONE_VM | CLONE_VFORK | SIGCHLD, l);
	if (pid < 0) {
		return launch_fail(l, -errno, NULL, "fork payload", NULL);
	}
	l->sock = sock;
	if (l->exec_called && !l->exec_failed) {
		launch_report(l, LAUNCH_EXECED, 0, 0);
	}
	return l->born ? stay_as_nsinit(l, pid) : become_nsinit(l);
}

/*
 * The order is the point. Mounts come first, with all rights of the user namespace; the root
 * changes when all of the host has been opened; the payload is forked when what it shares with
 * its init is done. Then the process sheds: directory as the user himself, Landlock when nothing is
 * mounted or looked up any more, descriptors when no step opens more, and the filter last, because
 * it may refuse what any other step does.
 */
static const struct launch_row second_stage[] = {
	{ STEP_CLONE, launch_hide },
	{ STEP_NAMESPACES, launch_enter_cgroup_view },
	{ STEP_NAMESPACES, launch_set_host_name },
	{ STEP_KEYRING, launch_join_keyring },
	{ STEP_MOUNTS, launch_attach_mounts },
	{ STEP_ROOT, launch_change_root },
	{ STEP_LANDLOCK, launch_prepare_landlock },
	{ STEP_NAMESPACES, launch_loopback_up },
	{ STEP_IDMAP, wait_for_go },
	{ STEP_CLONE, fork_payload },
};

static const struct launch_row payload[] = {
	{ STEP_PROCESS, launch_set_process },
	{ STEP_PROCESS, launch_build_command },
	{ STEP_RLIMITS, launch_set_limits },
	{ STEP_LABEL, launch_set_labels },
	{ STEP_CREDENTIALS, launch_set_credentials },
	{ STEP_KEYRING, launch_link_keyring },
	{ STEP_WORKING_DIR, launch_enter_directory },
	{ STEP_LANDLOCK, launch_enter_landlock },
	{ STEP_DESCRIPTORS, launch_arrange_fds },
	{ STEP_SECCOMP, launch_filter },
	{ STEP_EXEC, launch_execute },
};

int launch_run_payload(struct launch *l)
{
	return launch_run(l, payload, ELEMENTSOF(payload));
}

/* Only failures come back. */
static __attribute__((noreturn)) void run_second_stage(struct launch *l)
{
	if (launch_run(l, second_stage, ELEMENTSOF(second_stage)) == 0) {
		launch_run_payload(l);
	}
	_exit(1);
}

/* ---- launcher ---- */

/* Reset-on-fork would undo itself in the clone, so this one is set on the child from outside. */
static int set_scheduler(struct launch *l)
{
	struct sched_param param = { .sched_priority = (int)l->plan.sched_priority };
	int policy =
		(int)l->plan.sched_policy | (l->plan.sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);

	if (l->plan.sched_set && syscall(SYS_sched_setscheduler, l->pid, policy, &param) < 0) {
		return launch_fail(l, -errno, NULL, "scheduler", NULL);
	}
	return 0;
}

static int clone_second_stage(struct launch *l)
{
	int r = launch_clone(l);

	if (r == 0 && l->pid == 0) {
		run_second_stage(l);
	}
	return r;
}

/* A broken pipe: the second stage has failed and said so itself. */
static int let_go(struct launch *l)
{
	if (write(l->go[1], "g", 1) < 0 && errno != EPIPE) {
		return launch_fail(l, -errno, NULL, "second stage", NULL);
	}
	return 0;
}

/*
 * Limits and cgroup before anything that a unit can influence runs; text of the unit's environment
 * before it is needed; streams and mount sources while the host's view is still ours; the slot's
 * namespaces last, because behind that door there are no rights on the host.
 */
static const struct launch_row launcher[] = {
	{ STEP_USERS, launch_check_users },
	{ STEP_CGROUP, launch_prepare_cgroup },
	{ STEP_CGROUP, launch_prepare_pressure },
	{ STEP_DIRECTORIES, launch_make_directories },
	{ STEP_PIDFILE, launch_unlink_pid_file },
	{ STEP_ENVIRONMENT, launch_read_env_files },
	{ STEP_ENVIRONMENT, launch_name_cause },
	{ STEP_SOCKETS, launch_accept },
	{ STEP_STDIO, launch_write_log_files },
	{ STEP_STDIO, launch_open_streams },
	{ STEP_RLIMITS, launch_raise_limits },
	{ STEP_PROCESS, launch_set_priorities },
	{ STEP_PROCESS, launch_set_attributes },
	{ STEP_MOUNTS, launch_prepare_trees },
	{ STEP_LABEL, launch_open_proc },
	{ STEP_CGROUP, launch_attach_programs },
	{ STEP_CREDENTIALS_DIR, launch_load_credentials },
	{ STEP_CGROUP, launch_enter_cgroup },
	{ STEP_NAMESPACES, launch_open_namespaces },
	{ STEP_NAMESPACES, launch_enter_held },
	{ STEP_CLONE, clone_second_stage },
	{ STEP_PROCESS, set_scheduler },
	{ STEP_IDMAP, launch_write_maps },
	{ STEP_NAMESPACES, launch_hand_over },
	{ STEP_CLONE, let_go },
};

/* ---- both in one ---- */

static int begin_born(struct launch *l)
{
	l->born_inside = true;
	return launch_hide(l);
}

/*
 * The same steps in one process, that was cloned into the cgroup and the namespaces before it had
 * the job: until the first mount is attached its view of files is the host's. Signals that come
 * from now on wait for the service. Programs come early here: an older start's must not judge our
 * steps.
 */
static const struct launch_row born[] = {
	{ STEP_CLONE, begin_born },
	{ STEP_USERS, launch_check_users },
	{ STEP_CGROUP, launch_write_cgroup },
	{ STEP_CGROUP, launch_prepare_pressure },
	{ STEP_CGROUP, launch_attach_programs },
	{ STEP_DIRECTORIES, launch_make_directories },
	{ STEP_PIDFILE, launch_unlink_pid_file },
	{ STEP_ENVIRONMENT, launch_read_env_files },
	{ STEP_ENVIRONMENT, launch_name_cause },
	{ STEP_STDIO, launch_write_log_files },
	{ STEP_STDIO, launch_open_streams },
	{ STEP_RLIMITS, launch_raise_limits },
	{ STEP_PROCESS, launch_set_priorities },
	{ STEP_PROCESS, launch_set_attributes },
	{ STEP_PROCESS, set_scheduler },
	{ STEP_MOUNTS, launch_prepare_trees },
	{ STEP_LABEL, launch_open_proc },
	{ STEP_NAMESPACES, launch_enter_held },
	{ STEP_NAMESPACES, launch_hand_over },
	{ STEP_NAMESPACES, launch_enter_cgroup_view },
	{ STEP_NAMESPACES, launch_set_host_name },
	{ STEP_KEYRING, launch_join_keyring },
	{ STEP_MOUNTS, launch_attach_mounts },
	{ STEP_ROOT, launch_change_root },
	{ STEP_LANDLOCK, launch_prepare_landlock },
	{ STEP_CLONE, fork_payload },
};

int launch_op_exec(struct launch *l, int32_t *ret_value)
{
	*ret_value = 0;
	if (l->born) {
		int r = launch_run(l, born, ELEMENTSOF(born));

		return r < 0 ? r : launch_run_payload(l);
	}
	return launch_run(l, launcher, ELEMENTSOF(launcher));
}
