// SPDX-License-Identifier: MIT
#include "bpf.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "bpfcheck.h"
#include "launch.h"

#define NAME_PREFIX  "supd_" /* how our programs are told from others' */
#define NAME_DIGITS  10      /* six bits of the hash each */
#define ATTACHED_MAX 64      /* the kernel's BPF_CGROUP_MAX_PROGS */
#define NO_SUCH_NODE 0xffffu /* no type of device: matches nothing */
#define NO_INTERFACE UINT32_MAX

static const struct {
	uint32_t type;
	uint32_t attach;
} hooks[PLAN_BPF_HOOK_COUNT] = {
	[PLAN_BPF_DEVICE] = { BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE },
	[PLAN_BPF_INGRESS] = { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
	[PLAN_BPF_EGRESS] = { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
	[PLAN_BPF_BIND4] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND },
	[PLAN_BPF_BIND6] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND },
};

/* A program of the plan, complete. */
struct program {
	const struct bpf_insn *insns;
	uint32_t n;
	char name[BPF_OBJ_NAME_LEN]; /* "supd_" and a hash of the instructions */
	bool attached;
};

static int sys_bpf(int command, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

/* ---- numbers of now ---- */

/*
 * A node's numbers are looked up at each start: those of yesterday may be another device's today.
 * The type that the kernel gives to programs is 1 for block and 2 for character devices.
 */
static void find_node(const char *path, uint32_t values[3])
{
	struct stat st;

	values[0] = NO_SUCH_NODE;
	if (stat(path, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))) {
		return;
	}
	values[0] = S_ISBLK(st.st_mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	values[1] = major(st.st_rdev);
	values[2] = minor(st.st_rdev);
}

static uint32_t find_interface(const char *name)
{
	struct ifreq req = { 0 };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(name) >= sizeof(req.ifr_name)) {
		return NO_INTERFACE;
	}
	strcpy(req.ifr_name, name);
	return ioctl(fd, SIOCGIFINDEX, &req) < 0 ? NO_INTERFACE : (uint32_t)req.ifr_ifindex;
}

static int fix(struct launch *l, const struct plan_bpf_fixup *f, struct bpf_insn *insns, uint32_t n)
{
	uint32_t values[3] = { 0 };
	bool node = f->kind == PLAN_BPF_FIX_NODE;
	bool missing;

	if (bpf_check_fixup((enum plan_bpf_fixup_kind)f->kind, insns, n, f->insn) < 0) {
		return launch_fail(l, -EBADMSG, f->origin, "program for ", f->name);
	}
	if (node) {
		find_node(f->name, values);
	} else {
		values[0] = find_interface(f->name);
	}
	missing = values[0] == (node ? NO_SUCH_NODE : NO_INTERFACE);
	if (missing && f->required) {
		return launch_fail(l, -ENODEV, f->origin,
			node ? "no device "
			     : "RestrictNetworkInterfaces=: an interface that is "
			       "not there cannot be denied; list those that are "
			       "allowed: ",
			f->name);
	}
	for (uint32_t i = 0; i < (node ? 3 : 1); i++) {
		insns[f->insn + i].imm = (int32_t)values[i];
	}
	return 0;
}

/* FNV-1a over the instructions and the hook: equal programs have equal names. */
static void name_program(struct program *p, uint32_t hook)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.";
	const uint8_t *bytes = (const uint8_t *)p->insns;
	uint64_t hash = 0xcbf29ce484222325u ^ hook;

	for (size_t i = 0; i < (size_t)p->n * sizeof(*p->insns); i++) {
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	}
	memcpy(p->name, NAME_PREFIX, sizeof(NAME_PREFIX));
	for (size_t i = 0; i < NAME_DIGITS; i++, hash >>= 6) {
		p->name[sizeof(NAME_PREFIX) - 1 + i] = digits[hash & 63];
	}
	p->name[sizeof(NAME_PREFIX) - 1 + NAME_DIGITS] = '\0';
}

/* Checks the blob, and completes a copy of it when numbers are missing. */
static int complete(struct launch *l, uint32_t index, struct program *ret)
{
	const struct plan_bpf *row = (const struct plan_bpf *)l->plan.bpf.items + index;
	const struct plan_bpf_fixup *f = l->plan.bpf_fixups.items;
	const void *blob = l->catalogue.base + row->offset;
	struct bpf_insn *copy = NULL;

	ret->insns = blob;
	ret->n = row->size / sizeof(*ret->insns);
	if (bpf_check((enum plan_bpf_hook)row->hook, ret->insns, ret->n) < 0) {
		return launch_fail(l, -EBADMSG, row->origin, "program for ", row->setting);
	}
	for (uint32_t i = 0; i < l->plan.bpf_fixups.n; i++) {
		int r;

		if (f[i].program != index) {
			continue;
		}
		if (!copy) {
			copy = arena_alloc(&l->arena, row->size);
			if (!copy) {
				return launch_fail(l, -ENOMEM, row->origin, row->setting, NULL);
			}
			memcpy(copy, blob, row->size);
			ret->insns = copy;
		}
		r = fix(l, &f[i], copy, ret->n);
		if (r < 0) {
			return r;
		}
	}
	name_program(ret, row->hook);
	return 0;
}

/* ---- what is there ---- */

static int open_program(uint32_t id, char *ret_name)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .prog_id = id };
	int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	int r;

	if (fd < 0) {
		return fd;
	}
	attr = (union bpf_attr) { 0 };
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	r = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	if (r < 0) {
		close(fd);
		return r;
	}
	memcpy(ret_name, info.name, BPF_OBJ_NAME_LEN);
	return fd;
}

static bool is_wanted(const struct launch *l, uint32_t hook, const char *name, struct program *list)
{
	const struct plan_bpf *rows = l->plan.bpf.items;

	for (uint32_t i = 0; i < l->plan.bpf.n; i++) {
		if (rows[i].hook == hook && !list[i].attached && strcmp(list[i].name, name) == 0) {
			list[i].attached = true;
			return true;
		}
	}
	return false;
}

struct stale {
	uint32_t n;
	struct {
		uint32_t hook;
		int fd;
	} rows[ATTACHED_MAX];
};

/* Marks what is attached already, collects what is ours and not wanted any more. */
static void look_at_hook(struct launch *l, uint32_t hook, struct program *list, struct stale *stale)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr = { 0 };

	attr.query.target_fd = (uint32_t)l->fds[LAUNCH_TAG_CGROUP];
	attr.query.attach_type = hooks[hook].attach;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ATTACHED_MAX;
	/* Where it cannot be asked nothing of ours can be: attaching will say so. */
	if (sys_bpf(BPF_PROG_QUERY, &attr) < 0) {
		return;
	}
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		char name[BPF_OBJ_NAME_LEN];
		int fd = open_program(ids[i], name);

		if (fd < 0) {
			continue;
		}
		if (strncmp(name, NAME_PREFIX, sizeof(NAME_PREFIX) - 1) != 0 ||
			is_wanted(l, hook, name, list) || stale->n == ATTACHED_MAX) {
			close(fd);
			continue;
		}
		stale->rows[stale->n].hook = hook;
		stale->rows[stale->n++].fd = fd;
	}
}

static int detach(struct launch *l, const struct stale *stale)
{
	for (uint32_t i = 0; i < stale->n; i++) {
		union bpf_attr attr = { 0 };
		int r;

		attr.target_fd = (uint32_t)l->fds[LAUNCH_TAG_CGROUP];
		attr.attach_bpf_fd = (uint32_t)stale->rows[i].fd;
		attr.attach_type = hooks[stale->rows[i].hook].attach;
		r = sys_bpf(BPF_PROG_DETACH, &attr);
		close(stale->rows[i].fd);
		if (r < 0 && r != -ENOENT) {
			return launch_fail(l, r, NULL, "detach former program", NULL);
		}
	}
	return 0;
}

/* ---- attaching ---- */

static int load_program(uint32_t hook, const struct program *p)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = hooks[hook].type;
	attr.insns = (uint64_t)(uintptr_t)p->insns;
	attr.insn_cnt = p->n;
	attr.license = (uint64_t)(uintptr_t) "Dual MIT/GPL";
	attr.expected_attach_type = hooks[hook].attach;
	memcpy(attr.prog_name, p->name, sizeof(attr.prog_name));
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

static int attach(struct launch *l, const struct plan_bpf *row, const struct program *p)
{
	union bpf_attr attr = { 0 };
	AUTO_CLOSE int fd = load_program(row->hook, p);
	int r = fd;

	if (fd >= 0) {
		attr.target_fd = (uint32_t)l->fds[LAUNCH_TAG_CGROUP];
		attr.attach_bpf_fd = (uint32_t)fd;
		attr.attach_type = hooks[row->hook].attach;
		/* Multi: beside those of the cgroups above and below, all of which must allow. */
		attr.attach_flags = BPF_F_ALLOW_MULTI;
		r = sys_bpf(BPF_PROG_ATTACH, &attr);
	}
	if (r >= 0 || row->optional) {
		return 0;
	}
	return launch_fail(l, r, row->origin, row->setting,
		" needs cgroup BPF (CONFIG_CGROUP_BPF; CAP_BPF and CAP_NET_ADMIN for supd-init); "
		"without it, remove the line");
}

int launch_attach_programs(struct launch *l)
{
	static struct program list[LIMIT_BPF_PROGRAMS];
	static struct stale stale;
	const struct plan_bpf *rows = l->plan.bpf.items;

	if (l->fds[LAUNCH_TAG_CGROUP] < 0) {
		return l->plan.bpf.n ? launch_fail(l, -EBADF, NULL, "no cgroup", NULL) : 0;
	}
	for (uint32_t i = 0; i < l->plan.bpf.n; i++) {
		int r = complete(l, i, &list[i]);

		if (r < 0) {
			return r;
		}
	}
	for (uint32_t hook = 0; hook < PLAN_BPF_HOOK_COUNT; hook++) {
		look_at_hook(l, hook, list, &stale);
	}
	for (uint32_t i = 0; i < l->plan.bpf.n; i++) {
		int r = list[i].attached ? 0 : attach(l, &rows[i], &list[i]);

		if (r < 0) {
			return r;
		}
	}
	return detach(l, &stale);
}
