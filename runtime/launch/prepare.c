// SPDX-License-Identifier: MIT
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "blockdev.h"
#include "dirs.h"
#include "launch.h"

#define IOPRIO_WHO_PROCESS 1

/* ---- users ---- */

static bool stamp_changed(const char *path, const struct file_stamp *old)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		return old->inode != 0;
	}
	return st.st_ino != old->inode || (uint64_t)st.st_size != old->size ||
	       (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec !=
		       old->mtime_ns;
}

/*
 * A user that did not exist at load must never become root. If the user files have changed since,
 * a new load may know it: STALE says so instead of FAILED.
 */
int launch_check_users(struct launch *l)
{
	const struct catalogue_header *h = l->catalogue.header;

	if (!l->plan.stale_users) {
		return 0;
	}
	if (!(l->job.params.flags & WIRE_RUN_STALE_OK) &&
		(stamp_changed("/etc/passwd", &h->passwd) ||
			stamp_changed("/etc/group", &h->group))) {
		launch_report(l, LAUNCH_STALE, STEP_USERS, ESTALE);
		_exit(0);
	}
	return launch_fail(l, -ESRCH, l->plan.stale_origin,
		l->plan.stale_name ? l->plan.stale_name : "a name of the unit",
		": no such user or group");
}

/* ---- cgroup ---- */

static int write_at(int dir, const char *file, const char *value)
{
	AUTO_CLOSE int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		return -errno;
	}
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int write_row(struct launch *l, const struct plan_cgroup_write *row)
{
	AUTO_CLOSE int other = -1;
	char line[96];
	const char *value = row->value;
	int dir = l->fds[LAUNCH_TAG_CGROUP];
	int r;

	if (row->device) {
		r = blockdev_numbers(row->device, line);
		if (r < 0 && (!row->required || !l->job.require_controllers)) {
			return 0;
		}
		if (r < 0) {
			return launch_fail(l, r, row->origin, "block device of ", row->device);
		}
		strcat(line, " ");
		strcat(line, row->value);
		value = line;
	}
	if (row->cgroup) {
		other = openat(l->fds[LAUNCH_TAG_CGROUP_ROOT], row->cgroup,
			O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		dir = other;
	}
	r = dir < 0 ? -ENOENT : write_at(dir, row->file, value);
	/* EOPNOTSUPP: of a device whose driver or scheduler has no weights */
	if ((r == -ENOENT || r == -EOPNOTSUPP) && (!row->required || !l->job.require_controllers)) {
		return 0;
	}
	if (r == -ENOENT && row->controller) {
		return launch_fail(
			l, -EOPNOTSUPP, row->origin, "no cgroup controller ", row->controller);
	}
	return r < 0 ? launch_fail(l, r, row->origin, "write ", row->file) : 0;
}

bool launch_limit_is_meant(const struct launch *l, const struct plan_cgroup_write *row)
{
	bool startup = l->job.params.flags & WIRE_RUN_STARTUP;

	return row->phase == PLAN_LIMIT_ALWAYS || (row->phase == PLAN_LIMIT_STARTUP) == startup;
}

int launch_write_cgroup(struct launch *l)
{
	const struct plan_cgroup_write *rows = l->plan.cgroup_writes.items;

	for (uint32_t i = 0; i < l->plan.cgroup_writes.n; i++) {
		int r = launch_limit_is_meant(l, &rows[i]) ? write_row(l, &rows[i]) : 0;

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int launch_join_cgroup(struct launch *l)
{
	int r = l->cgroup_procs > 0 ? (write(l->cgroup_procs, "0", 1) < 0 ? -errno : 0)
				    : write_at(l->fds[LAUNCH_TAG_CGROUP], "cgroup.procs", "0");

	return r < 0 ? launch_fail(l, r, NULL, "join ",
			       catalogue_string(&l->catalogue, l->unit->cgroup))
		     : 0;
}

/*
 * Limits before any process is inside, else a fork bomb is faster. The file is opened here because
 * the kernel asks who opened it: after a user namespace has been entered nobody could.
 */
int launch_prepare_cgroup(struct launch *l)
{
	int r = launch_write_cgroup(l);

	if (r == 0 && l->fds[LAUNCH_TAG_CGROUP] < 0) {
		return launch_fail(l, -EBADF, NULL, "no cgroup", NULL);
	}
	if (r == 0) {
		l->cgroup_procs = openat(l->fds[LAUNCH_TAG_CGROUP], "cgroup.procs",
			O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (r == 0 && l->cgroup_procs < 0) {
		return launch_fail(l, -errno, NULL, "open cgroup.procs of ",
			catalogue_string(&l->catalogue, l->unit->cgroup));
	}
	return r;
}

/*
 * Joining waits for a grace period of the kernel when nobody has joined anything for a while; a
 * clone into the cgroup does not. Late, because device programs of an earlier command are there
 * already, and images need devices that the unit does not have.
 */
int launch_enter_cgroup(struct launch *l)
{
	return l->job.into_cgroup ? 0 : launch_join_cgroup(l);
}

/* ---- limits and priorities ---- */

const char *launch_limit_name(uint32_t resource)
{
	static const char *const names[RLIM_NLIMITS] = {
		[RLIMIT_AS] = "LimitAS=",
		[RLIMIT_CORE] = "LimitCORE=",
		[RLIMIT_CPU] = "LimitCPU=",
		[RLIMIT_DATA] = "LimitDATA=",
		[RLIMIT_FSIZE] = "LimitFSIZE=",
		[RLIMIT_LOCKS] = "LimitLOCKS=",
		[RLIMIT_MEMLOCK] = "LimitMEMLOCK=",
		[RLIMIT_MSGQUEUE] = "LimitMSGQUEUE=",
		[RLIMIT_NICE] = "LimitNICE=",
		[RLIMIT_NOFILE] = "LimitNOFILE=",
		[RLIMIT_NPROC] = "LimitNPROC=",
		[RLIMIT_RSS] = "LimitRSS=",
		[RLIMIT_RTPRIO] = "LimitRTPRIO=",
		[RLIMIT_RTTIME] = "LimitRTTIME=",
		[RLIMIT_SIGPENDING] = "LimitSIGPENDING=",
		[RLIMIT_STACK] = "LimitSTACK=",
	};

	return resource < RLIM_NLIMITS && names[resource] ? names[resource] : "that is not known";
}

/*
 * Raising a hard limit needs the initial user namespace, so it happens here; the wanted values are
 * set by the second stage at its end. Where we may not raise, the nearest value is taken there.
 */
int launch_raise_limits(struct launch *l)
{
	const struct plan_rlimit *rows = l->plan.rlimits.items;

	for (uint32_t i = 0; i < l->plan.rlimits.n; i++) {
		struct rlimit lim;

		if (rows[i].resource >= RLIM_NLIMITS ||
			getrlimit((int)rows[i].resource, &lim) < 0) {
			return launch_fail(l, -EINVAL, rows[i].origin, "limit ",
				launch_limit_name(rows[i].resource));
		}
		if (rows[i].hard > lim.rlim_max) {
			lim.rlim_max = rows[i].hard;
			if (setrlimit((int)rows[i].resource, &lim) < 0 && errno != EPERM) {
				return launch_fail(l, -errno, rows[i].origin, "limit ",
					launch_limit_name(rows[i].resource));
			}
		}
	}
	return 0;
}

static int set_oom_score(struct launch *l)
{
	AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	char text[24] = "-";
	int32_t value = l->plan.oom_score_adj;
	size_t n = value < 0;

	number_format_u64(text + n, (uint64_t)(value < 0 ? -value : value));
	if (fd < 0) {
		return launch_fail(l, -errno, NULL, "oom_score_adj", NULL);
	}
	/* Lowering it needs CAP_SYS_RESOURCE, which containers lack: it is a wish, not a wall. */
	if (write(fd, text, strlen(text)) < 0 && errno != EPERM && errno != EACCES) {
		return launch_fail(l, -errno, NULL, "oom_score_adj ", text);
	}
	return 0;
}

/* All of these are inherited by the second stage, and need rights outside the user namespace. */
int launch_set_priorities(struct launch *l)
{
	const struct plan *p = &l->plan;

	if (p->nice_set && setpriority(PRIO_PROCESS, 0, p->nice) < 0) {
		return launch_fail(l, -errno, NULL, "nice", NULL);
	}
	if (p->ioprio_set && syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, (int)p->ioprio) < 0) {
		return launch_fail(l, -errno, NULL, "io priority", NULL);
	}
	if (p->cpu_affinity.n && syscall(SYS_sched_setaffinity, 0, (size_t)p->cpu_affinity.n,
					 p->cpu_affinity.data) < 0) {
		return launch_fail(l, -errno, NULL, "cpu affinity", NULL);
	}
	if (p->timer_slack_ns && prctl(PR_SET_TIMERSLACK, p->timer_slack_ns) < 0) {
		return launch_fail(l, -errno, NULL, "timer slack", NULL);
	}
	return p->oom_score_adj_set ? set_oom_score(l) : 0;
}

/* A PID file of the last run would be taken for this run's. */
int launch_unlink_pid_file(struct launch *l)
{
	AUTO_CLOSE int dir = -1;
	const char *name;

	if (!launch_has(l, PLAN_UNLINK_PIDFILE) || !l->plan.pid_file) {
		return 0;
	}
	dir = dir_open_parent(l->plan.pid_file, &name);
	if (dir == -ENOENT) {
		return 0;
	}
	if (dir < 0 || (unlinkat(dir, name, 0) < 0 && errno != ENOENT)) {
		return launch_fail(l, dir < 0 ? dir : -errno, NULL, "unlink ", l->plan.pid_file);
	}
	return 0;
}
