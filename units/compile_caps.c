// SPDX-License-Identifier: MIT
/* Which capabilities a unit's processes have, and which they can ever get. */
#include <errno.h>
#include <linux/capability.h>

#include "../runtime/base/cleanup.h"
#include "compile.h"

#define CAP(name)    (UINT64_C(1) << CAP_##name)
#define CAP_ALL_MASK ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

/* In a user namespace of the unit's own these let it do nothing (pitfalls.md 23). */
static const struct {
	int cap;
	const char *name;
	bool network; /* counts where the network namespace is private too */
} host_caps[] = {
	{ CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", true },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", true },
	{ CAP_NET_RAW, "CAP_NET_RAW", true },
	{ CAP_IPC_LOCK, "CAP_IPC_LOCK", false },
	{ CAP_SYS_NICE, "CAP_SYS_NICE", false },
	{ CAP_SYS_TIME, "CAP_SYS_TIME", false },
	{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", false },
	{ CAP_SYS_RAWIO, "CAP_SYS_RAWIO", false },
	{ CAP_SYS_MODULE, "CAP_SYS_MODULE", false },
	{ CAP_SYS_BOOT, "CAP_SYS_BOOT", false },
	{ CAP_SYS_PACCT, "CAP_SYS_PACCT", false },
	{ CAP_SYS_TTY_CONFIG, "CAP_SYS_TTY_CONFIG", false },
	{ CAP_SYSLOG, "CAP_SYSLOG", false },
	{ CAP_WAKE_ALARM, "CAP_WAKE_ALARM", false },
	{ CAP_BLOCK_SUSPEND, "CAP_BLOCK_SUSPEND", false },
	{ CAP_MKNOD, "CAP_MKNOD", false },
	{ CAP_LINUX_IMMUTABLE, "CAP_LINUX_IMMUTABLE", false },
	{ CAP_AUDIT_CONTROL, "CAP_AUDIT_CONTROL", false },
	{ CAP_AUDIT_WRITE, "CAP_AUDIT_WRITE", false },
	{ CAP_AUDIT_READ, "CAP_AUDIT_READ", false },
	{ CAP_MAC_ADMIN, "CAP_MAC_ADMIN", false },
	{ CAP_MAC_OVERRIDE, "CAP_MAC_OVERRIDE", false },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", false },
	{ CAP_PERFMON, "CAP_PERFMON", false },
	{ CAP_BPF, "CAP_BPF", false },
};

/* Settings that take a capability away from the bounding set. */
static uint64_t dropped_caps(const struct unit_exec *e)
{
	const struct {
		bool on;
		uint64_t caps;
	} rows[] = {
		{ e->protect_kernel_modules, CAP(SYS_MODULE) },
		{ e->protect_kernel_logs, CAP(SYSLOG) },
		{ e->protect_clock, CAP(SYS_TIME) | CAP(WAKE_ALARM) },
		{ e->private_devices, CAP(MKNOD) | CAP(SYS_RAWIO) },
	};
	uint64_t caps = 0;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		caps |= rows[i].on ? rows[i].caps : 0;
	}
	return caps;
}

static int check_host_caps(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	bool private_net = cu->base.namespaces & PLAN_NS_NET;
	const char *origin = unit_setting_origin(cu->unit, "AmbientCapabilities");

	if (!cu->user_namespace) {
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(host_caps); i++) {
		if (!(e->cap_ambient & UINT64_C(1) << host_caps[i].cap) ||
			(host_caps[i].network && private_net)) {
			continue;
		}
		if (!cu->profile->strict_caps) {
			compile_note(cu, SEVERITY_WARNING, origin,
				"AmbientCapabilities=%s has no effect outside the unit's own user "
				"namespace (PrivateUsers=yes)",
				host_caps[i].name);
			continue;
		}
		return compile_refuse(cu, origin,
			"AmbientCapabilities=%s counts in the host's user namespace only, and "
			"profile %s gives the unit one of its own; %s [Container] Profile=compat",
			host_caps[i].name, cu->profile->name,
			host_caps[i].cap == CAP_NET_BIND_SERVICE ? "use a .socket unit, or"
								 : "if the unit needs it, set");
	}
	return 0;
}

uint64_t compile_bounding_set(const struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	uint64_t bounding = e->cap_bounding & CAP_ALL_MASK;

	if (cu->profile->strict_caps) {
		/* An ambient capability of the unit's own opens the bounding set for itself. */
		bounding |= e->cap_ambient;
	}
	return bounding & ~dropped_caps(e);
}

int compile_caps(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;
	uint64_t bounding = compile_bounding_set(cu);
	bool root = !e->user && !(p->flags & PLAN_DYNAMIC_USER);
	int r = check_host_caps(cu);

	if (r < 0) {
		return r;
	}
	root = root || p->uid == 0 ||
	       (cu->user_namespace &&
		       p->uid == cu->c->settings->id_pool_first + cu->range * IDTABLE_RANGE_IDS);
	p->cap_bounding = bounding;
	p->cap_ambient = e->cap_ambient & bounding;
	p->cap_effective = root ? bounding : p->cap_ambient;
	p->securebits = e->secure_bits;
	if (e->no_new_privileges || (p->flags & PLAN_DYNAMIC_USER)) {
		p->flags |= PLAN_NO_NEW_PRIVS;
	}
	return 0;
}
