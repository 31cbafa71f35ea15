// SPDX-License-Identifier: MIT
#include "nsfd.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "caps.h"
#include "launch.h"
#include "prepare.h"

#define MAP_LINE 36 /* three numbers of ten digits, two spaces, newline */

struct ns_row {
	uint32_t plan;       /* enum plan_namespaces */
	uint64_t clone_flag; /* CLONE_NEW* */
	int tag;             /* enum launch_tag when the slot can hold it, else -1 */
	const char *file;    /* in /proc/PID/ns */
};

/* User first: it owns the others. */
static const struct ns_row ns_rows[] = {
	{ PLAN_NS_USER, CLONE_NEWUSER, LAUNCH_TAG_USERNS, "user" },
	{ PLAN_NS_IPC, CLONE_NEWIPC, LAUNCH_TAG_IPCNS, "ipc" },
	{ PLAN_NS_NET, CLONE_NEWNET, LAUNCH_TAG_NETNS, "net" },
	{ PLAN_NS_MOUNT, CLONE_NEWNS, -1, "mnt" },
	{ PLAN_NS_PID, CLONE_NEWPID, -1, "pid" },
	{ PLAN_NS_UTS, CLONE_NEWUTS, -1, "uts" },
	{ PLAN_NS_CGROUP, CLONE_NEWCGROUP, -1, "cgroup" },
};

uint64_t nsfd_clone_flags(uint32_t namespaces)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < ELEMENTSOF(ns_rows); i++) {
		if (namespaces & ns_rows[i].plan && ns_rows[i].clone_flag != CLONE_NEWCGROUP) {
			flags |= ns_rows[i].clone_flag;
		}
	}
	return flags;
}

static bool is_held(const struct launch *l, const struct ns_row *row)
{
	return row->tag >= 0 && l->fds[row->tag] >= 0;
}

/*
 * Who has entered a user namespace may not look into a child that is not dumpable, not even to keep
 * its namespaces for the slot. So those are the launcher's own first, and the child is born in
 * them.
 */
static int make_kept(struct launch *l)
{
	bool *const is_new[] = {
		[LAUNCH_TAG_IPCNS] = &l->ipcns_is_new, [LAUNCH_TAG_NETNS] = &l->netns_is_new
	};

	for (size_t i = 0; i < ELEMENTSOF(ns_rows); i++) {
		const struct ns_row *row = &ns_rows[i];
		int fd;

		if (row->tag < 0 || row->plan == PLAN_NS_USER || is_held(l, row) ||
			!(l->plan.namespaces & row->plan)) {
			continue;
		}
		if (unshare((int)row->clone_flag) < 0) {
			return launch_fail(l, -errno, NULL, "make namespace ", row->file);
		}
		fd = nsfd_open((int)getpid(), row->file);
		if (fd < 0) {
			return launch_fail(l, fd, NULL, "keep namespace ", row->file);
		}
		l->fds[row->tag] = fd;
		*is_new[row->tag] = true;
	}
	return 0;
}

/*
 * All commands of a unit share these (a fresh user namespace could not even signal the daemon).
 * The user namespace is the last: others may belong to another unit's, where ours has no rights.
 * From here on the launcher has no rights on the host, so it comes after all that needs them.
 */
int launch_enter_held(struct launch *l)
{
	for (size_t i = ELEMENTSOF(ns_rows); i-- > 0;) {
		if (!(l->plan.namespaces & ns_rows[i].plan) || !is_held(l, &ns_rows[i])) {
			continue;
		}
		if (setns(l->fds[ns_rows[i].tag], (int)ns_rows[i].clone_flag) < 0) {
			return launch_fail(l, -errno, NULL, "enter namespace ", ns_rows[i].file);
		}
	}
	return l->unit->flags & CATALOGUE_UNIT_HOLD && launch_has_ns(l, PLAN_NS_USER) &&
			       l->fds[LAUNCH_TAG_USERNS] >= 0
		       ? make_kept(l)
		       : 0;
}

/*
 * Linux 6.18 kills at birth what is cloned into a cgroup that saw cgroup.kill, itself or above,
 * more often than the cloner's own; so the child has to say that it lives. False: join, and clone
 * again. True in the child and in the launcher of a living child.
 */
static bool clone_into(struct launch *l, uint64_t flags)
{
	struct clone_args args = {
		.flags = (flags & ~(uint64_t)CLONE_NEWCGROUP) | CLONE_INTO_CGROUP,
		.cgroup = (uint64_t)l->fds[LAUNCH_TAG_CGROUP],
	};
	int ends[2];
	char byte = 'l';

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return false;
	}
	AUTO_CLOSE int from = ends[0];
	AUTO_CLOSE int to = ends[1];

	l->pid = sysx_clone3(&args);
	if (l->pid == 0) {
		l->born_inside = true;
		if (write(to, &byte, 1) != 1) {
			_exit(1);
		}
		return true;
	}
	close(TAKE_FD(to));
	return l->pid > 0 && fd_read_full(from, &byte, 1) == 1;
}

/* The namespace's root is the cgroup of whoever makes it: inside, not in the launcher's. */
int launch_enter_cgroup_view(struct launch *l)
{
	if (!l->born_inside || !launch_has_ns(l, PLAN_NS_CGROUP)) {
		return 0;
	}
	return unshare(CLONE_NEWCGROUP) < 0 ? launch_fail(l, -errno, NULL, "cgroup namespace", NULL)
					    : 0;
}

static int clone_inside(struct launch *l, uint64_t flags)
{
	struct clone_args args = { .flags = flags };
	int r = l->job.into_cgroup ? launch_join_cgroup(l) : 0;

	if (r < 0) {
		return r;
	}
	l->pid = sysx_clone3(&args);
	return l->pid < 0 ? launch_fail(l, -errno, NULL, "clone", NULL) : 0;
}

uint32_t nsfd_owner(const struct launch *l)
{
	const struct plan_idmap *rows = l->plan.uid_map.items;
	uint32_t owner = 0;

	for (uint32_t i = 0; i < l->plan.uid_map.n; i++) {
		if (rows[i].inside != rows[i].outside && rows[i].count) {
			owner = rows[i].outside + rows[i].count - 1;
		}
	}
	return owner;
}

/*
 * For the rest of our life, as we look into what was made: as its owner we may, also where root is
 * that of a container without CAP_SYS_PTRACE.
 */
static int act_as_owner(struct launch *l, uint64_t flags)
{
	int r = flags & CLONE_NEWUSER && nsfd_owner(l) ? caps_act_as(nsfd_owner(l)) : 0;

	return r < 0 ? launch_fail(l, r, NULL, "owner of the user namespace", NULL) : 0;
}

/*
 * CLONE_PARENT makes the second stage supd-init's own child (then exit_signal must be 0), so that
 * no helper stays between them and its pid cannot be reused before supd-init has reaped it.
 */
int launch_clone(struct launch *l)
{
	uint64_t flags = CLONE_PARENT;
	int r = 0;

	if (pipe2(l->go, O_CLOEXEC) < 0) {
		return launch_fail(l, -errno, NULL, "pipe", NULL);
	}
	for (size_t i = 0; i < ELEMENTSOF(ns_rows); i++) {
		if ((l->plan.namespaces & ns_rows[i].plan) && !is_held(l, &ns_rows[i])) {
			flags |= ns_rows[i].clone_flag;
		}
	}
	r = act_as_owner(l, flags);
	if (r == 0 && (!l->job.into_cgroup || !clone_into(l, flags))) {
		r = clone_inside(l, flags);
	}
	if (r < 0) {
		return r;
	}
	if (l->pid == 0) {
		close(l->go[1]);
		l->go[1] = -1;
		return 0;
	}
	return launch_report(l, LAUNCH_CHILD, 0, l->pid);
}

/* ---- id maps ---- */

static char *proc_path(char *buf, int pid, const char *file)
{
	size_t n;

	strcpy(buf, pid ? "/proc/" : "/proc/self");
	n = pid ? 6 + number_format_u64(buf + 6, (uint64_t)pid) : strlen(buf);
	buf[n] = '/';
	strcpy(buf + n + 1, file);
	return buf;
}

int nsfd_write_map(struct launch *l, int pid, const char *file, const struct tlv_array *map)
{
	const struct plan_idmap *rows = map->items;
	char *text = arena_alloc(&l->arena, (size_t)map->n * MAP_LINE + 1);
	char path[64];
	AUTO_CLOSE int fd = open(proc_path(path, pid, file), O_WRONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0 || !text) {
		return fd < 0 ? -errno : -ENOMEM;
	}
	for (uint32_t i = 0; i < map->n; i++) {
		n += number_format_u64(text + n, rows[i].inside);
		text[n++] = ' ';
		n += number_format_u64(text + n, rows[i].outside);
		text[n++] = ' ';
		n += number_format_u64(text + n, rows[i].count);
		text[n++] = '\n';
	}
	return write(fd, text, n) == (ssize_t)n ? 0 : -errno;
}

int nsfd_write_maps(struct launch *l, int pid)
{
	int r = nsfd_write_map(l, pid, "gid_map", &l->plan.gid_map);

	if (r < 0) {
		return launch_fail(l, r, NULL, "gid_map", NULL);
	}
	r = nsfd_write_map(l, pid, "uid_map", &l->plan.uid_map);
	return r < 0 ? launch_fail(l, r, NULL, "uid_map", NULL) : 0;
}

int nsfd_open(int pid, const char *kind)
{
	char path[64], file[16] = "ns/";
	int fd;

	strcat(file, kind);
	fd = open(proc_path(path, pid, file), O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* From outside: only a process with rights over both sides may map other ids than its own. */
int launch_write_maps(struct launch *l)
{
	if (!launch_has_ns(l, PLAN_NS_USER) || l->fds[LAUNCH_TAG_USERNS] >= 0) {
		return 0;
	}
	return nsfd_write_maps(l, l->pid);
}

/* ---- for the slot ---- */

/* Of another unit, by JoinsNamespaceOf=: the slot keeps it too, for when that one goes first. */
static uint32_t take_shared(const struct launch *l, uint32_t *tags, int *fds)
{
	const struct {
		bool is_used;
		uint32_t tag;
	} rows[] = {
		{ launch_has(l, PLAN_PRIVATE_TMP) && !l->tmp_is_new, LAUNCH_TAG_TMP },
		{ launch_has_ns(l, PLAN_NS_IPC) && !l->ipcns_is_new, LAUNCH_TAG_IPCNS },
		{ launch_has_ns(l, PLAN_NS_NET) && !l->netns_is_new, LAUNCH_TAG_NETNS },
	};
	uint32_t n = 0;

	for (size_t i = 0; l->unit->joins && i < ELEMENTSOF(rows); i++) {
		if (rows[i].is_used && l->fds[rows[i].tag] >= 0) {
			tags[n] = rows[i].tag;
			fds[n++] = l->fds[rows[i].tag];
		}
	}
	return n;
}

/*
 * Only for units with several commands and who shares: the others' namespaces die with their
 * process. What the slot has already it does not take again.
 */
int launch_hand_over(struct launch *l)
{
	uint32_t tags[ELEMENTSOF(ns_rows) + 8];
	int fds[ELEMENTSOF(ns_rows) + 8];
	const struct {
		bool is_new;
		uint32_t tag;
	} made[] = {
		{ l->tmp_is_new, LAUNCH_TAG_TMP },
		{ l->credentials_are_new, LAUNCH_TAG_CREDENTIALS },
		{ l->userns_is_new, LAUNCH_TAG_USERNS },
		{ l->ipcns_is_new, LAUNCH_TAG_IPCNS },
		{ l->netns_is_new, LAUNCH_TAG_NETNS },
	};
	uint32_t n = 0;

	if (!(l->unit->flags & CATALOGUE_UNIT_HOLD)) {
		return 0;
	}
	n = take_shared(l, tags, fds);
	for (size_t i = 0; i < ELEMENTSOF(ns_rows); i++) {
		const struct ns_row *row = &ns_rows[i];

		if (row->tag < 0 || is_held(l, row) || !(l->plan.namespaces & row->plan)) {
			continue;
		}
		tags[n] = (uint32_t)row->tag;
		fds[n] = nsfd_open(l->pid, row->file);
		if (fds[n] < 0) {
			return launch_fail(l, fds[n], NULL, "keep namespace ", row->file);
		}
		n++;
	}
	for (size_t i = 0; i < ELEMENTSOF(made); i++) {
		if (made[i].is_new) {
			tags[n] = made[i].tag;
			fds[n++] = l->fds[made[i].tag];
		}
	}
	return n ? launch_report_fds(l, tags, fds, n) : 0;
}

/* A network namespace is born with its loopback down; services expect 127.0.0.1. */
int launch_loopback_up(struct launch *l)
{
	struct ifreq req = { .ifr_name = "lo" };
	AUTO_CLOSE int fd = -1;

	if (!launch_has_ns(l, PLAN_NS_NET) || (l->fds[LAUNCH_TAG_NETNS] >= 0 && !l->netns_is_new)) {
		return 0;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &req) < 0) {
		return launch_fail(l, -errno, NULL, "loopback", NULL);
	}
	req.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &req) < 0) {
		return launch_fail(l, -errno, NULL, "loopback", NULL);
	}
	return 0;
}
