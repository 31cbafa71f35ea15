// SPDX-License-Identifier: MIT
#include "profile.h"

#include <stddef.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/plan/plan.h"

#define NAMESPACES_COMMON (PLAN_NS_MOUNT | PLAN_NS_IPC | PLAN_NS_UTS | PLAN_NS_CGROUP)

static const struct profile profiles[] = {
	{ .name = "trusted" },
	{ .name = "compat", .namespaces = NAMESPACES_COMMON, .hide_runtime = true },
	{ .name = "standard",
		.namespaces = NAMESPACES_COMMON,
		.hide_runtime = true,
		.strict_caps = true },
	{ .name = "strict",
		.namespaces = NAMESPACES_COMMON | PLAN_NS_PID | PLAN_NS_NET,
		.hide_runtime = true,
		.strict_caps = true },
};

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			return &profiles[i];
		}
	}
	return NULL;
}
