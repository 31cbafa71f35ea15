// SPDX-License-Identifier: MIT
#include "bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "bpfcheck.h"
#include "bpfsys.h"
#include "launch.h"

#define NAME_PREFIX  "supd_" /* how our programs are told from others' */
#define NAME_DIGITS  10      /* six bits of the hash each */
#define NO_SUCH_NODE 0xffffu /* no type of device: matches nothing */
#define NO_INTERFACE UINT32_MAX

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
static void name_program(struct bpfsys_program *p, uint32_t hook)
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
static int complete(struct launch *l, uint32_t index, struct bpfsys_program *ret)
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

/* The programs of the plan, complete, and what of them the cgroup has already. */
struct programs {
	struct bpfsys_program list[LIMIT_BPF_PROGRAMS];
	bool attached[LIMIT_BPF_PROGRAMS];
	uint32_t n_stale;
	struct {
		enum plan_bpf_hook hook;
		int fd;
	} stale[BPFSYS_ATTACHED_MAX];
};

static bool is_wanted(
	const struct launch *l, struct programs *p, enum plan_bpf_hook hook, const char *name)
{
	const struct plan_bpf *rows = l->plan.bpf.items;

	for (uint32_t i = 0; i < l->plan.bpf.n; i++) {
		if (rows[i].hook == hook && !p->attached[i] && strcmp(p->list[i].name, name) == 0) {
			p->attached[i] = true;
			return true;
		}
	}
	return false;
}

/*
 * Marks what is attached already, collects what is ours and not wanted any more. Where the kernel
 * cannot be asked nothing of ours can be: attaching will say so.
 */
static void look_at_hook(struct launch *l, struct programs *p, enum plan_bpf_hook hook)
{
	uint32_t ids[BPFSYS_ATTACHED_MAX];
	int n = bpfsys_query(l->fds[LAUNCH_TAG_CGROUP], hook, ids);

	for (int i = 0; i < n; i++) {
		char name[BPF_OBJ_NAME_LEN];
		int fd = bpfsys_open(ids[i], name);

		if (fd < 0) {
			continue;
		}
		if (strncmp(name, NAME_PREFIX, sizeof(NAME_PREFIX) - 1) != 0 ||
			is_wanted(l, p, hook, name) || p->n_stale == BPFSYS_ATTACHED_MAX) {
			close(fd);
			continue;
		}
		p->stale[p->n_stale].hook = hook;
		p->stale[p->n_stale++].fd = fd;
	}
}

static int detach_stale(struct launch *l, const struct programs *p)
{
	for (uint32_t i = 0; i < p->n_stale; i++) {
		int r = bpfsys_detach(l->fds[LAUNCH_TAG_CGROUP], p->stale[i].hook, p->stale[i].fd);

		close(p->stale[i].fd);
		if (r < 0 && r != -ENOENT) {
			return launch_fail(l, r, NULL, "detach former program", NULL);
		}
	}
	return 0;
}

/* ---- attaching ---- */

/*
 * Loading costs the kernel a tenth of a whole start, so one that is loaded is used again: it stands
 * at a cgroup in which nothing ever runs. -1 when there is no such place.
 */
static int open_shared(struct launch *l)
{
	int root = l->fds[LAUNCH_TAG_CGROUP_ROOT];

	if (root < 0 || (mkdirat(root, LAUNCH_PROGRAMS_CGROUP, 0755) < 0 && errno != EEXIST)) {
		return -1;
	}
	return openat(
		root, LAUNCH_PROGRAMS_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int find_shared(int shared, enum plan_bpf_hook hook, const char *wanted)
{
	uint32_t ids[BPFSYS_ATTACHED_MAX];
	int n = shared < 0 ? -1 : bpfsys_query(shared, hook, ids);

	for (int i = 0; i < n; i++) {
		char name[BPF_OBJ_NAME_LEN];
		int fd = bpfsys_open(ids[i], name);

		if (fd >= 0 && strcmp(name, wanted) == 0) {
			return fd;
		}
		if (fd >= 0) {
			close(fd);
		}
	}
	return -ENOENT;
}

static int get_program(int shared, enum plan_bpf_hook hook, const struct bpfsys_program *p)
{
	int fd = find_shared(shared, hook, p->name);

	if (fd >= 0) {
		return fd;
	}
	fd = bpfsys_load(hook, p);
	/* Full, or refused: then this one serves one unit. */
	if (fd >= 0 && shared >= 0) {
		bpfsys_attach(shared, hook, fd);
	}
	return fd;
}

static int attach(struct launch *l, int shared, uint32_t index, const struct bpfsys_program *p)
{
	const struct plan_bpf *row = (const struct plan_bpf *)l->plan.bpf.items + index;
	enum plan_bpf_hook hook = (enum plan_bpf_hook)row->hook;
	AUTO_CLOSE int fd = get_program(shared, hook, p);
	int r = fd < 0 ? fd : bpfsys_attach(l->fds[LAUNCH_TAG_CGROUP], hook, fd);

	if (r >= 0 || row->optional) {
		return 0;
	}
	return launch_fail(l, r, row->origin, row->setting,
		" needs cgroup BPF (CONFIG_CGROUP_BPF; CAP_BPF and CAP_NET_ADMIN for supd-init); "
		"without it, remove the line");
}

static int attach_missing(struct launch *l, const struct programs *p)
{
	AUTO_CLOSE int shared = -1;

	for (uint32_t i = 0; i < l->plan.bpf.n; i++) {
		int r = 0;

		if (p->attached[i]) {
			continue;
		}
		shared = shared < 0 ? open_shared(l) : shared;
		r = attach(l, shared, i, &p->list[i]);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int launch_attach_programs(struct launch *l)
{
	struct programs *p;
	int r = 0;

	if (l->fds[LAUNCH_TAG_CGROUP] < 0) {
		return l->plan.bpf.n ? launch_fail(l, -EBADF, NULL, "no cgroup", NULL) : 0;
	}
	p = arena_alloc(&l->arena, sizeof(*p));
	if (!p) {
		return launch_fail(l, -ENOMEM, NULL, "programs", NULL);
	}
	for (uint32_t i = 0; r == 0 && i < l->plan.bpf.n; i++) {
		r = complete(l, i, &p->list[i]);
	}
	/* Nothing stands at a cgroup that was made for this job. */
	for (uint32_t hook = 0; r == 0 && !l->job.new_cgroup && hook < PLAN_BPF_HOOK_COUNT;
		hook++) {
		look_at_hook(l, p, (enum plan_bpf_hook)hook);
	}
	r = r < 0 ? r : attach_missing(l, p);
	return r < 0 ? r : detach_stale(l, p);
}
