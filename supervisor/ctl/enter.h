// SPDX-License-Identifier: MIT
/*
 * A process inside a running unit, made by supd-launch's JOIN as if by supd-init. Nothing of it
 * goes by way of supd: the instance's settings come from root's own file, the plan from a
 * compilation of the unit files that supctl orders itself, the process to join from the unit's
 * cgroup.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../runtime/plan/settings.h"
#include "ctl.h"

struct enter {
	struct settings settings; /* cgroup is the resolved root */
	const char *unit;
	char *const *argv;   /* of the command, NULL-terminated */
	bool tty[3];         /* our streams in whose place it gets a terminal of its own */
	int plans_fd;        /* sealed catalogue of one entry */
	uint32_t namespaces; /* enum plan_namespaces of the unit */
	char cgroup[LIMIT_PATH];
	int root_fd, cgroup_fd; /* directories */
	int target_fd;          /* pidfd of the process whose namespaces are entered */
	int target_pid;
};

bool enter_has_tty(const struct enter *e);
/* enterplan.c: settings, plans_fd, namespaces, cgroup. Says what is wrong; exit code. */
int enter_read_settings(struct ctl *c, struct enter *e);
int enter_make_plan(struct ctl *c, struct enter *e);
/* enterrun.c: finds the process; starts the launcher and waits. Exit code of the command. */
int enter_find_target(struct ctl *c, struct enter *e);
int enter_run(struct ctl *c, struct enter *e);
