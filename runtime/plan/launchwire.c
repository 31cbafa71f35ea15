// SPDX-License-Identifier: MIT
#include "launchwire.h"

static const char *const launch_step_table[] = {
	[STEP_JOB] = "job",
	[STEP_PLAN] = "plan",
	[STEP_USERS] = "users",
	[STEP_CGROUP] = "cgroup",
	[STEP_DIRECTORIES] = "directories",
	[STEP_ENVIRONMENT] = "environment",
	[STEP_STDIO] = "stdio",
	[STEP_CLONE] = "clone",
	[STEP_IDMAP] = "idmap",
	[STEP_NAMESPACES] = "namespaces",
	[STEP_RLIMITS] = "rlimits",
	[STEP_KEYRING] = "keyring",
	[STEP_MOUNTS] = "mounts",
	[STEP_ROOT] = "root",
	[STEP_LABEL] = "label",
	[STEP_PROCESS] = "process",
	[STEP_WORKING_DIR] = "working-directory",
	[STEP_CREDENTIALS] = "credentials",
	[STEP_LANDLOCK] = "landlock",
	[STEP_DESCRIPTORS] = "descriptors",
	[STEP_SECCOMP] = "seccomp",
	[STEP_EXEC] = "exec",
	[STEP_CREDENTIALS_DIR] = "credentials directory",
	[STEP_SOCKETS] = "sockets",
	[STEP_PIDFILE] = "pidfile",
	[STEP_CONDITIONS] = "conditions",
	[STEP_CLEAN] = "clean",
	[STEP_CRASHED] = "launcher",
};
ENUM_TABLE(launch_step, enum launch_step, STEP_COUNT)
