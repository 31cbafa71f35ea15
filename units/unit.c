// SPDX-License-Identifier: MIT
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const char *const emergency_action_table[] = {
	[ACTION_NONE] = "none",
	[ACTION_REBOOT] = "reboot",
	[ACTION_REBOOT_FORCE] = "reboot-force",
	[ACTION_REBOOT_IMMEDIATE] = "reboot-immediate",
	[ACTION_POWEROFF] = "poweroff",
	[ACTION_POWEROFF_FORCE] = "poweroff-force",
	[ACTION_POWEROFF_IMMEDIATE] = "poweroff-immediate",
	[ACTION_EXIT] = "exit",
	[ACTION_EXIT_FORCE] = "exit-force",
	[ACTION_HALT] = "halt",
	[ACTION_HALT_FORCE] = "halt-force",
	[ACTION_HALT_IMMEDIATE] = "halt-immediate",
	[ACTION_KEXEC] = "kexec",
	[ACTION_KEXEC_FORCE] = "kexec-force",
	[ACTION_SOFT_REBOOT] = "soft-reboot",
	[ACTION_SOFT_REBOOT_FORCE] = "soft-reboot-force",
};
ENUM_TABLE(emergency_action, enum unit_emergency_action, UNIT_EMERGENCY_ACTION_COUNT)

static const char *const protect_proc_table[] = {
	[PROTECT_PROC_DEFAULT] = "default",
	[PROTECT_PROC_NOACCESS] = "noaccess",
	[PROTECT_PROC_INVISIBLE] = "invisible",
	[PROTECT_PROC_PTRACEABLE] = "ptraceable",
};
ENUM_TABLE(protect_proc, enum unit_protect_proc, UNIT_PROTECT_PROC_COUNT)

static const char *const keyring_mode_table[] = {
	[KEYRING_INHERIT] = "inherit",
	[KEYRING_PRIVATE] = "private",
	[KEYRING_SHARED] = "shared",
};
ENUM_TABLE(keyring_mode, enum unit_keyring_mode, UNIT_KEYRING_MODE_COUNT)

static const char *const device_policy_table[] = {
	[DEVICE_AUTO] = "auto",
	[DEVICE_CLOSED] = "closed",
	[DEVICE_STRICT] = "strict",
};
ENUM_TABLE(device_policy, enum unit_device_policy, UNIT_DEVICE_POLICY_COUNT)

#define SECONDS(n) ((uint64_t)(n)*1000000u)

static const struct unit_service service_defaults = {
	.type = -1,
	.restart_us = 100000,
	.restart_max_delay_us = UINT64_MAX,
	.timeout_start_us = UNIT_TIMEOUT_US,
	.timeout_stop_us = UNIT_TIMEOUT_US,
	.timeout_abort_us = UNIT_TIMEOUT_US,
	.timeout_clean_us = UINT64_MAX,
	.runtime_max_us = UINT64_MAX,
	.guess_main_pid = true,
	.notify_access = -1,
	.fdstore_preserve = FDSTORE_PRESERVE_RESTART,
	.oom_policy = -1,
	.kill_mode = KILL_CONTROL_GROUP,
	.kill_signal = SIGTERM,
	.final_kill_signal = SIGKILL,
	.watchdog_signal = SIGABRT,
	.reload_signal = SIGHUP,
	.send_sigkill = true,
};

static const struct unit_exec exec_defaults = {
	.stdio = { [0] = { .kind = STDIO_NULL },
		[1] = { .kind = STDIO_LOG },
		[2] = { .kind = STDIO_INHERIT } },
	.log_facility = 3,
	.log_level = 6,
	.log_level_prefix = true,
	.umask = 0022,
	.ignore_sigpipe = true,
	.keyring_mode = KEYRING_PRIVATE,
	.mount_api_vfs = -1,
	.cap_bounding = UINT64_MAX,
	.restrict_namespaces = UINT64_MAX,
};

static const struct unit_timer timer_defaults = {
	.flags = TIMER_REMAIN_AFTER_ELAPSE,
	.accuracy_us = SECONDS(60),
};

static int init_service(struct unit *u, struct arena *arena)
{
	u->service = arena_memdup(arena, &service_defaults, sizeof(service_defaults));
	u->exec = arena_memdup(arena, &exec_defaults, sizeof(exec_defaults));
	if (!u->service || !u->exec) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < PLAN_DIR_KIND_COUNT; i++) {
		u->exec->dirs[i].mode = 0755;
		u->exec->dirs[i].preserve = FDSTORE_PRESERVE_YES;
	}
	if (u->type == UNIT_MOUNT || u->type == UNIT_SWAP) {
		u->exec->keyring_mode = KEYRING_SHARED;
	}
	u->exec->dirs[PLAN_DIR_RUNTIME].preserve = FDSTORE_PRESERVE_NO;
	return 0;
}

static const struct unit_socket socket_defaults = {
	.options = { .mode = 0666, .dir_mode = 0755 },
	.max_connections = 64,
	.trigger_interval_us = UINT64_MAX,
	.trigger_burst = UINT32_MAX,
	.poll_interval_us = UINT64_MAX,
	.poll_burst = UINT32_MAX,
};

static const struct unit_watch watch_defaults = {
	.dir_mode = 0755,
	.trigger_interval_us = UINT64_MAX,
	.trigger_burst = UINT32_MAX,
};

static const struct unit_mount mount_defaults = {
	.dir_mode = 0755,
	.priority = UINT32_MAX,
};

/* What a type has beside what all units have. */
static int init_type(struct unit *u, struct arena *arena)
{
	if (u->type == UNIT_PATH || u->type == UNIT_AUTOMOUNT) {
		u->watch = arena_memdup(arena, &watch_defaults, sizeof(watch_defaults));
		return u->watch ? 0 : -ENOMEM;
	}
	if (u->type == UNIT_TIMER) {
		u->timer = arena_memdup(arena, &timer_defaults, sizeof(timer_defaults));
		return u->timer ? 0 : -ENOMEM;
	}
	if (u->type == UNIT_SOCKET) {
		u->socket = arena_memdup(arena, &socket_defaults, sizeof(socket_defaults));
		if (!u->socket) {
			return -ENOMEM;
		}
	}
	if (u->type == UNIT_MOUNT || u->type == UNIT_SWAP) {
		u->mount = arena_memdup(arena, &mount_defaults, sizeof(mount_defaults));
		return u->mount ? init_service(u, arena) : -ENOMEM;
	}
	return u->type == UNIT_SERVICE || u->type == UNIT_SOCKET ? init_service(u, arena) : 0;
}

int unit_init(struct unit *u, struct arena *arena, const char *name)
{
	int type = unit_type_from_name(name);

	*u = (struct unit) { .type = (enum unit_type)type,
		.load_state = LOAD_LOADED,
		.flags = UNIT_DEFAULT_DEPENDENCIES,
		.install_state = INSTALL_STATIC,
		.job_timeout_us = UINT64_MAX,
		.job_running_timeout_us = UINT64_MAX,
		.start_limit_interval_us = SECONDS(10),
		.start_limit_burst = 5,
		.container.require_controllers = -1,
		.cgroup.pressure_us = UNIT_PRESSURE_THRESHOLD_US };
	if (type == UNIT_DEVICE) {
		u->job_running_timeout_us = UNIT_DEVICE_TIMEOUT_US;
		u->flags = UNIT_IGNORE_ON_ISOLATE;
	}
	u->is_template = unit_name_classify(name) == UNIT_NAME_TEMPLATE;
	u->name = arena_strdup(arena, name);
	if (!u->name) {
		return -ENOMEM;
	}
	return init_type(u, arena);
}

const char *unit_setting_origin(const struct unit *u, const char *setting)
{
	const struct unit_assignment *rows = u->assignments.items;

	for (size_t i = u->assignments.n; i > 0; i--) {
		if (*rows[i - 1].name == *setting && strcmp(rows[i - 1].name, setting) == 0) {
			return rows[i - 1].origin;
		}
	}
	return NULL;
}

int unit_add_dep(struct unit *u, struct arena *arena, const struct unit_dep *dep)
{
	struct unit_dep *row = list_push(arena, &u->deps, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = *dep;
	row->unit = CATALOGUE_NONE;
	return 0;
}
