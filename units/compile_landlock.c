// SPDX-License-Identifier: MIT
/*
 * The second wall of the standard and strict profiles: Landlock rules that say again what the
 * unit's mounts, address families, port lists and capabilities already say. Rules only ever add
 * rights, so a rule here must never grant less than the mounts leave: where it cannot be told what
 * they leave, nothing is handled.
 */
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"
#include "ebpf.h"

#define LANDLOCK_ABI_USED 6u /* 7 and above add nothing that is derived here */

static int add_rule(struct compile_unit *cu, const char *path, uint32_t access)
{
	struct plan_landlock *row;

	/* Too many: no wall of this kind, rather than one with holes in what works. */
	if (cu->base.landlock_rules.n >= LIMIT_LANDLOCK_RULES) {
		cu->base.landlock &= ~(uint32_t)PLAN_LANDLOCK_FILES;
		return 0;
	}
	row = compile_array_push(cu->c->arena, &cu->base.landlock_rules, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	row->path = path;
	row->access = access;
	return 0;
}

/* ---- files ---- */

/*
 * A process in a Landlock domain with file rules can mount nothing. One that may become root of a
 * user namespace, or is an administrator, could do so without.
 */
static bool may_mount(const struct compile_unit *cu)
{
	uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;

	return ((cu->base.cap_bounding | cu->base.cap_effective) & admin) ||
	       (cu->unit->exec->restrict_namespaces & CLONE_NEWUSER);
}

static bool is_noexec_root(const struct compile_unit *cu)
{
	const struct plan_mount *m = cu->base.mounts.items;

	for (uint32_t i = 0; i < cu->base.mounts.n; i++) {
		if (m[i].kind == PLAN_MOUNT_NOEXEC && strcmp(m[i].target, "/") == 0) {
			return true;
		}
	}
	return false;
}

/* What a row of the mount tree leaves writable, or executable. */
static uint32_t access_of(const struct plan_mount *m, bool noexec_root)
{
	bool read_only = m->flags & PLAN_MOUNT_F_READ_ONLY;

	switch ((enum plan_mount_kind)m->kind) {
	case PLAN_MOUNT_BIND:
	case PLAN_MOUNT_IMAGE:
	case PLAN_MOUNT_TMPFS:
		/* Attached later than the others' attributes: executable too. */
		return (read_only ? 0 : PLAN_LANDLOCK_WRITE) | PLAN_LANDLOCK_DEVICE |
		       (noexec_root ? PLAN_LANDLOCK_EXECUTE : 0);
	case PLAN_MOUNT_READ_WRITE:
		return PLAN_LANDLOCK_WRITE | PLAN_LANDLOCK_DEVICE;
	case PLAN_MOUNT_EXEC:
		return PLAN_LANDLOCK_EXECUTE;
	case PLAN_MOUNT_READ_ONLY:
	case PLAN_MOUNT_INACCESSIBLE:
	case PLAN_MOUNT_NOEXEC:
	case PLAN_MOUNT_EXTENSION:
	case PLAN_MOUNT_KIND_COUNT:
		break;
	}
	return 0;
}

static int add_files(struct compile_unit *cu)
{
	static const uint32_t all = PLAN_LANDLOCK_READ | PLAN_LANDLOCK_EXECUTE |
				    PLAN_LANDLOCK_WRITE | PLAN_LANDLOCK_DEVICE;
	const struct {
		bool on;
		const char *path;
	} places[] = {
		{ true, "/proc" },
		{ true, "/dev" },
		{ cu->base.flags & PLAN_PRIVATE_TMP, "/tmp" },
		{ cu->base.flags & PLAN_PRIVATE_TMP, "/var/tmp" },
	};
	const struct plan_mount *m = cu->base.mounts.items;
	bool noexec = is_noexec_root(cu);
	int r;

	if (!(cu->base.flags & PLAN_ROOT_READ_ONLY) || may_mount(cu)) {
		return 0;
	}
	cu->base.landlock |= PLAN_LANDLOCK_FILES;
	r = add_rule(cu, "/", PLAN_LANDLOCK_READ | (noexec ? 0 : PLAN_LANDLOCK_EXECUTE));
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(places); i++) {
		r = places[i].on ? add_rule(cu, places[i].path, all) : 0;
	}
	for (uint32_t i = 0; r == 0 && i < cu->base.mounts.n; i++) {
		uint32_t access = access_of(&m[i], noexec);

		/* Said above. */
		if (strcmp(m[i].target, "/proc") == 0 || strcmp(m[i].target, "/dev") == 0) {
			continue;
		}
		r = access ? add_rule(cu, m[i].target, PLAN_LANDLOCK_READ | access) : 0;
	}
	return r;
}

/* ---- network ---- */

/* True when the unit may not even make an internet socket. Its own list stands for its profile's.
 */
static bool has_no_internet(const struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_item *words = e->families.items;
	bool own = false, internet[2] = { false, false };

	for (size_t i = 0; i < e->families.n; i++) {
		bool mine = !compile_origin_is_profile(cu, words[i].origin);

		own = own || mine;
		internet[mine] = internet[mine] || strncmp(words[i].text, "AF_INET", 7) == 0;
	}
	return e->families_mode == UNIT_SET_ALLOW && !internet[own];
}

static bool denies_all(const struct list *deny)
{
	const struct ebpf_port *p = deny->items;

	for (size_t i = 0; i < deny->n; i++) {
		if (!p[i].family && (!p[i].protocol || p[i].protocol == IPPROTO_TCP) &&
			p[i].first == 0 && p[i].last == UINT16_MAX) {
			return true;
		}
	}
	return false;
}

/* The TCP ports that SocketBindAllow= leaves; false when they are too many to list. */
static bool list_ports(struct compile_unit *cu, uint32_t *ports, uint32_t *ret_n)
{
	const struct ebpf_port *p = cu->unit->cgroup.bind_allow.items;
	uint32_t n = 0;

	for (size_t i = 0; i < cu->unit->cgroup.bind_allow.n; i++) {
		if (p[i].protocol && p[i].protocol != IPPROTO_TCP) {
			continue;
		}
		if (p[i].last - p[i].first >= LIMIT_LANDLOCK_PORTS - n) {
			return false;
		}
		for (uint32_t port = p[i].first; port <= p[i].last; port++) {
			ports[n++] = port;
		}
	}
	*ret_n = n;
	return true;
}

static int add_network(struct compile_unit *cu)
{
	uint32_t *ports;

	if (has_no_internet(cu)) {
		cu->base.landlock |= PLAN_LANDLOCK_BIND | PLAN_LANDLOCK_CONNECT;
		return 0;
	}
	ports = arena_alloc_array(cu->c->arena, LIMIT_LANDLOCK_PORTS, sizeof(*ports));
	if (!ports) {
		return -ENOMEM;
	}
	if (denies_all(&cu->unit->cgroup.bind_deny) &&
		list_ports(cu, ports, &cu->base.landlock_ports.n)) {
		cu->base.landlock |= PLAN_LANDLOCK_BIND;
		cu->base.landlock_ports.items = ports;
	}
	return 0;
}

/* ---- the whole ---- */

int compile_landlock(struct compile_unit *cu)
{
	int r;

	/* Without no_new_privs the kernel lets administrators alone restrict themselves. */
	if (!cu->profile->strict_caps || !(cu->base.flags & PLAN_NO_NEW_PRIVS)) {
		return 0;
	}
	cu->base.landlock = PLAN_LANDLOCK_SIGNALS | PLAN_LANDLOCK_ABSTRACT;
	r = add_files(cu);
	return r < 0 ? r : add_network(cu);
}

void compile_landlock_command(enum exec_phase phase, struct plan *p)
{
	/*
	 * Each command is a domain of its own, and from one domain the processes of another cannot
	 * be signalled or looked into. What runs beside the main process is there to do just that.
	 */
	if (phase == PHASE_START_POST || phase == PHASE_RELOAD || phase == PHASE_STOP) {
		compile_landlock_drop(p);
	}
}

void compile_landlock_drop(struct plan *p)
{
	p->landlock = 0;
	p->landlock_rules = (struct tlv_array) { 0 };
	p->landlock_ports = (struct tlv_u32v) { 0 };
}

uint32_t compile_landlock_abi(const struct compile_unit *cu)
{
	uint32_t abi = cu->c->host.landlock_abi;

	if (!cu->base.landlock) {
		return 0;
	}
	return abi < LANDLOCK_ABI_USED ? abi : LANDLOCK_ABI_USED;
}
