// SPDX-License-Identifier: MIT
#include "creds.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/sysx.h"
#include "caps.h"
#include "launch.h"
#include "nsfd.h"
#include "probe.h"

/* What is not in the bounding set cannot come back by executing a file. */
static int drop_bounding(uint64_t keep)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if (keep & (UINT64_C(1) << cap)) {
			continue;
		}
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			/* EINVAL: beyond the kernel's last capability. */
			return errno == EINVAL ? 0 : -errno;
		}
	}
	return 0;
}

static int raise_ambient(uint64_t mask)
{
	for (unsigned cap = 0; cap < 64; cap++) {
		if ((mask & (UINT64_C(1) << cap)) &&
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0) {
			return -errno;
		}
	}
	return 0;
}

/* ---- ids ---- */

/* The plan has the host's numbers; inside a user namespace the map's other side counts. */
static int translate(const struct tlv_array *map, bool user_ns, uint32_t id, uint32_t *ret)
{
	const struct plan_idmap *rows = map->items;

	if (!user_ns) {
		*ret = id;
		return 0;
	}
	for (uint32_t i = 0; i < map->n; i++) {
		if (id >= rows[i].outside && id - rows[i].outside < rows[i].count) {
			*ret = rows[i].inside + (id - rows[i].outside);
			return 0;
		}
	}
	return -EINVAL;
}

static int set_ids(struct launch *l)
{
	const struct plan *p = &l->plan;
	bool user_ns = launch_has_ns(l, PLAN_NS_USER);
	uint32_t groups[LIMIT_GROUPS];
	uint32_t uid, gid;

	for (uint32_t i = 0; i < p->groups.n; i++) {
		if (translate(&p->gid_map, user_ns, p->groups.items[i], &groups[i]) < 0) {
			return launch_fail(l, -EINVAL, NULL, "group outside the map", NULL);
		}
	}
	if (translate(&p->uid_map, user_ns, p->uid, &uid) < 0 ||
		translate(&p->gid_map, user_ns, p->gid, &gid) < 0) {
		return launch_fail(l, -EINVAL, NULL, "user outside the map", NULL);
	}
	if (sysx_setgroups(p->groups.n, groups) < 0) {
		return launch_fail(l, -errno, NULL, "setgroups", NULL);
	}
	if (sysx_setresgid(gid) < 0) {
		return launch_fail(l, -errno, NULL, "setresgid", NULL);
	}
	if (sysx_setresuid(uid) < 0) {
		return launch_fail(l, -errno, NULL, "setresuid", NULL);
	}
	return 0;
}

/* ---- the step ---- */

/*
 * The kernel takes a filter from who has no_new_privs or CAP_SYS_ADMIN. A unit of root's that may
 * gain privileges by set-id programs, but never this capability, keeps it in the launcher for the
 * filter: execve then fills root's sets from the bounding set, where it is not.
 */
static uint64_t caps_for_filter(const struct launch *l)
{
	const struct plan *p = &l->plan;
	bool root = p->uid == 0 && !launch_has_ns(l, PLAN_NS_USER);

	if (!root || !p->seccomp_size || (p->securebits & SECBIT_NOROOT) ||
		launch_has(l, PLAN_NO_NEW_PRIVS)) {
		return 0;
	}
	return UINT64_C(1) << CAP_SYS_ADMIN;
}

static int set_final_caps(struct launch *l)
{
	const struct plan *p = &l->plan;
	struct caps have = { 0 }, want;
	int r = caps_get(&have);

	if (r < 0) {
		return launch_fail(l, r, NULL, "capget", NULL);
	}
	if (p->cap_ambient & ~have.permitted) {
		return launch_fail(l, -EPERM, NULL, "ambient capabilities", NULL);
	}
	want.permitted =
		((p->cap_effective & p->cap_bounding) | p->cap_ambient | caps_for_filter(l)) &
		have.permitted;
	want.effective = want.permitted;
	want.inheritable = p->cap_ambient;
	r = caps_set(&want);
	if (r < 0) {
		return launch_fail(l, r, NULL, "capset", NULL);
	}
	r = raise_ambient(p->cap_ambient);
	return r < 0 ? launch_fail(l, r, NULL, "ambient capabilities", NULL) : 0;
}

/*
 * Bounding set first, while CAP_SETPCAP is there; ids next, keeping the permitted set only if some
 * of it is wanted; then the sets, and no_new_privs so that set-id files cannot undo any of it.
 */
int launch_set_credentials(struct launch *l)
{
	const struct plan *p = &l->plan;
	bool keep = p->cap_effective || p->cap_ambient;
	int r = drop_bounding(p->cap_bounding | p->cap_ambient);

	if (r < 0) {
		return launch_fail(l, r, NULL, "bounding set", NULL);
	}
	if (p->securebits && prctl(PR_SET_SECUREBITS, p->securebits, 0, 0, 0) < 0) {
		return launch_fail(l, -errno, NULL, "secure bits", NULL);
	}
	if (keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) {
		return launch_fail(l, -errno, NULL, "keep capabilities", NULL);
	}
	r = set_ids(l);
	r = r < 0 ? r : set_final_caps(l);
	if (r < 0) {
		return r;
	}
	if (launch_has(l, PLAN_NO_NEW_PRIVS) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return launch_fail(l, -errno, NULL, "no_new_privs", NULL);
	}
	if (launch_has(l, PLAN_MDWE) && probe_mdwe() < 0) {
		return launch_fail(l, -errno, NULL, "memory-deny-write-execute", NULL);
	}
	/* Reset by the change of uid: until exec nobody may trace what still holds our sockets. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

/*
 * Who made the user namespace as its owner has still another's real id; before 6.16 the kernel
 * takes an exec with two ids for one of a set-id file, and clears the ambient set.
 */
static int even_ids(const struct launch *l)
{
	uint32_t owner = launch_has_ns(l, PLAN_NS_USER) ? nsfd_owner(l) : 0;
	uint32_t inside;

	if (!owner || translate(&l->plan.uid_map, true, owner, &inside) < 0 ||
		geteuid() != inside) {
		return 0;
	}
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || sysx_setresuid(inside) < 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		return -errno;
	}
	return 0;
}

/*
 * Root's exec would fill the sets from the bounding set again. no_new_privs and the locked bit say
 * no to that at once; to empty the bounding set takes forty calls.
 */
int launch_shed_for_nsinit(struct launch *l)
{
	uint64_t kill_cap = UINT64_C(1) << CAP_KILL;
	struct caps want = { kill_cap, kill_cap, kill_cap };
	int r = even_ids(l);

	if (r < 0) {
		return launch_fail(l, r, NULL, "ids of supd-nsinit", NULL);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) < 0) {
		r = -errno;
	}
	r = r < 0 ? r : caps_set(&want);
	r = r < 0 ? r : raise_ambient(kill_cap);
	return r < 0 ? launch_fail(l, r, NULL, "capabilities of supd-nsinit", NULL) : 0;
}
