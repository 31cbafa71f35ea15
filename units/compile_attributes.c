// SPDX-License-Identifier: MIT
/* Personality, memory policy, core dump filter, page merging, foreign namespaces. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "compile.h"

#define MPOL_DEFAULT 0
#define MPOL_LOCAL   4

/* "all" means the nodes that the machine can have. */
static const char *node_list(struct compile_unit *cu)
{
	char text[256];
	ssize_t n;

	if (strcmp(cu->unit->exec->numa_mask, "all") != 0) {
		return cu->unit->exec->numa_mask;
	}
	n = fd_read_text("/sys/devices/system/node/possible", text, sizeof(text));
	if (n <= 0) {
		return "0";
	}
	text[strcspn(text, "\n")] = '\0';
	return arena_strdup(cu->c->arena, text);
}

static int add_memory_policy(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;
	bool takes_nodes = e->numa_policy != MPOL_DEFAULT && e->numa_policy != MPOL_LOCAL;
	const char *nodes;

	if (!e->numa_set) {
		return 0;
	}
	if (takes_nodes && !e->numa_mask) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "NUMAPolicy"),
			"this NUMAPolicy= needs NUMAMask=");
	}
	p->numa_set = 1;
	p->numa_policy = e->numa_policy;
	nodes = takes_nodes ? node_list(cu) : NULL;
	return nodes         ? compile_bits(cu, "NUMAMask", nodes, &p->numa_nodes)
	       : takes_nodes ? -ENOMEM
			     : 0;
}

static const enum plan_pressure pressures[] = {
	[PRESSURE_AUTO] = PLAN_PRESSURE_ON,
	[PRESSURE_ON] = PLAN_PRESSURE_OPEN,
	[PRESSURE_OFF] = PLAN_PRESSURE_OFF,
	[PRESSURE_SKIP] = PLAN_PRESSURE_NONE,
};
_Static_assert(ELEMENTSOF(pressures) == PRESSURE_WATCH_COUNT, "pressures drifted");

enum pressure_watch compile_pressure_watch(const struct compile_unit *cu)
{
	return unit_setting_origin(cu->unit, "MemoryPressureWatch")
		       ? cu->unit->cgroup.pressure_watch
		       : (enum pressure_watch)cu->c->settings->pressure_watch;
}

uint64_t compile_pressure_us(const struct compile_unit *cu)
{
	uint64_t us = cu->c->settings->pressure_us;

	return unit_setting_origin(cu->unit, "MemoryPressureThresholdSec") || !us
		       ? cu->unit->cgroup.pressure_us
		       : us;
}

int compile_attributes(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;

	p->personality_set = e->personality_set;
	p->personality = e->personality;
	p->coredump_filter_set = e->coredump_filter_set;
	p->coredump_filter = e->coredump_filter;
	p->ksm_set = e->ksm_set;
	p->ksm = e->ksm;
	p->keyring_shared = e->keyring_mode == KEYRING_SHARED;
	p->netns_path = e->netns_path;
	p->ipcns_path = e->ipcns_path;
	p->namespaces |= e->netns_path ? PLAN_NS_NET : 0;
	p->namespaces |= e->ipcns_path ? PLAN_NS_IPC : 0;
	p->pressure = pressures[compile_pressure_watch(cu)];
	p->pressure_us = compile_pressure_us(cu);
	return add_memory_policy(cu);
}
