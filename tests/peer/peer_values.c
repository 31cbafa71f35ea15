// SPDX-License-Identifier: MIT
/* The scalars of peer_units: one table row per property that both sides have. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/signals.h"
#include "peer_units.h"

enum value_form {
	FORM_BOOL,
	FORM_U32,
	FORM_I32,
	FORM_OCTAL,
	FORM_USEC,
	FORM_STRING,
	FORM_SIGNAL,
	FORM_NAME,
};

enum value_place {
	IN_UNIT,
	IN_SERVICE,
	IN_KILL, /* struct unit_service of whatever runs commands */
	IN_EXEC,
	IN_SOCKET,
	IN_TIMER,
	IN_WATCH,
	IN_MOUNT,
	IN_PLACE_COUNT,
};

struct value_row {
	const char *key;
	enum value_place place;
	size_t offset;
	enum value_form form;
	const char *(*name)(int value);
};

/* The enumerations' own functions take their own types. */
#define NAME_OF(x)                                                                                 \
	static const char *name_##x(int value)                                                     \
	{                                                                                          \
		return x##_to_string(value);                                                       \
	}
NAME_OF(service_type)
NAME_OF(service_restart)
NAME_OF(notify_access)
NAME_OF(oom_policy)
NAME_OF(timeout_failure_mode)
NAME_OF(kill_mode)
NAME_OF(protect_home)
NAME_OF(protect_system)
NAME_OF(protect_proc)
NAME_OF(keyring_mode)
NAME_OF(emergency_action)
NAME_OF(device_policy)
NAME_OF(exit_type)

#define UNIT(member)    IN_UNIT, offsetof(struct unit, member)
#define SERVICE(member) IN_SERVICE, offsetof(struct unit_service, member)
#define KILL(member)    IN_KILL, offsetof(struct unit_service, member)
#define EXEC(member)    IN_EXEC, offsetof(struct unit_exec, member)
#define SOCKET(member)  IN_SOCKET, offsetof(struct unit_socket, member)
#define TIMER(member)   IN_TIMER, offsetof(struct unit_timer, member)
#define WATCH(member)   IN_WATCH, offsetof(struct unit_watch, member)
#define MOUNT(member)   IN_MOUNT, offsetof(struct unit_mount, member)

static const struct value_row rows[] = {
	{ "Description", UNIT(description), FORM_STRING, NULL },
	{ "Source Path", UNIT(source_path), FORM_STRING, NULL },
	{ "Job Timeout", UNIT(job_timeout_us), FORM_USEC, NULL },
	{ "Failure Action", UNIT(failure_action), FORM_NAME, name_emergency_action },
	{ "Success Action", UNIT(success_action), FORM_NAME, name_emergency_action },
	{ "OnFailureJobMode", UNIT(on_failure_job_mode), FORM_STRING, NULL },
	{ "DevicePolicy", UNIT(cgroup.device_policy), FORM_NAME, name_device_policy },
	{ "Delegate", UNIT(cgroup.delegate), FORM_BOOL, NULL },
	{ "AllowedCPUs", UNIT(cgroup.allowed_cpus), FORM_STRING, NULL },
	{ "AllowedMemoryNodes", UNIT(cgroup.allowed_memory_nodes), FORM_STRING, NULL },

	{ "PermissionsStartOnly", SERVICE(permissions_start_only), FORM_BOOL, NULL },
	{ "RootDirectoryStartOnly", SERVICE(root_directory_start_only), FORM_BOOL, NULL },
	{ "RemainAfterExit", SERVICE(remain_after_exit), FORM_BOOL, NULL },
	{ "GuessMainPID", SERVICE(guess_main_pid), FORM_BOOL, NULL },
	{ "Type", SERVICE(type), FORM_NAME, name_service_type },
	{ "ExitType", SERVICE(exit_type), FORM_NAME, name_exit_type },
	{ "Restart", SERVICE(restart), FORM_NAME, name_service_restart },
	{ "NotifyAccess", SERVICE(notify_access), FORM_NAME, name_notify_access },
	{ "OOMPolicy", SERVICE(oom_policy), FORM_NAME, name_oom_policy },
	{ "RestartSec", SERVICE(restart_us), FORM_USEC, NULL },
	{ "TimeoutStartSec", SERVICE(timeout_start_us), FORM_USEC, NULL },
	{ "TimeoutStopSec", SERVICE(timeout_stop_us), FORM_USEC, NULL },
	{ "TimeoutAbortSec", SERVICE(timeout_abort_us), FORM_USEC, NULL },
	{ "TimeoutStartFailureMode", SERVICE(timeout_start_failure_mode), FORM_NAME,
		name_timeout_failure_mode },
	{ "TimeoutStopFailureMode", SERVICE(timeout_stop_failure_mode), FORM_NAME,
		name_timeout_failure_mode },
	{ "RuntimeMaxSec", SERVICE(runtime_max_us), FORM_USEC, NULL },
	{ "WatchdogSec", SERVICE(watchdog_us), FORM_USEC, NULL },
	{ "PIDFile", SERVICE(pid_file), FORM_STRING, NULL },
	{ "BusName", SERVICE(bus_name), FORM_STRING, NULL },
	{ "File Descriptor Store Max", SERVICE(fdstore_max), FORM_U32, NULL },
	{ "NonBlocking", SERVICE(non_blocking), FORM_BOOL, NULL },

	{ "KillMode", KILL(kill_mode), FORM_NAME, name_kill_mode },
	{ "KillSignal", KILL(kill_signal), FORM_SIGNAL, NULL },
	{ "RestartKillSignal", KILL(restart_kill_signal), FORM_SIGNAL, NULL },
	{ "FinalKillSignal", KILL(final_kill_signal), FORM_SIGNAL, NULL },
	{ "SendSIGKILL", KILL(send_sigkill), FORM_BOOL, NULL },
	{ "SendSIGHUP", KILL(send_sighup), FORM_BOOL, NULL },

	{ "UMask", EXEC(umask), FORM_OCTAL, NULL },
	{ "WorkingDirectory", EXEC(working_directory), FORM_STRING, NULL },
	{ "RootDirectory", EXEC(root_directory), FORM_STRING, NULL },
	{ "RootImage", EXEC(root_image), FORM_STRING, NULL },
	{ "PrivateTmp", EXEC(private_tmp), FORM_BOOL, NULL },
	{ "PrivateDevices", EXEC(private_devices), FORM_BOOL, NULL },
	{ "ProtectKernelTunables", EXEC(protect_kernel_tunables), FORM_BOOL, NULL },
	{ "ProtectKernelModules", EXEC(protect_kernel_modules), FORM_BOOL, NULL },
	{ "ProtectKernelLogs", EXEC(protect_kernel_logs), FORM_BOOL, NULL },
	{ "ProtectClock", EXEC(protect_clock), FORM_BOOL, NULL },
	{ "ProtectControlGroups", EXEC(protect_control_groups), FORM_BOOL, NULL },
	{ "PrivateNetwork", EXEC(private_network), FORM_BOOL, NULL },
	{ "PrivateUsers", EXEC(private_users), FORM_BOOL, NULL },
	{ "ProtectHome", EXEC(protect_home), FORM_NAME, name_protect_home },
	{ "ProtectSystem", EXEC(protect_system), FORM_NAME, name_protect_system },
	{ "IgnoreSIGPIPE", EXEC(ignore_sigpipe), FORM_BOOL, NULL },
	{ "MemoryDenyWriteExecute", EXEC(memory_deny_write_execute), FORM_BOOL, NULL },
	{ "RestrictRealtime", EXEC(restrict_realtime), FORM_BOOL, NULL },
	{ "RestrictSUIDSGID", EXEC(restrict_suid_sgid), FORM_BOOL, NULL },
	{ "KeyringMode", EXEC(keyring_mode), FORM_NAME, name_keyring_mode },
	{ "ProtectHostname", EXEC(protect_hostname), FORM_BOOL, NULL },
	{ "ProtectProc", EXEC(protect_proc), FORM_NAME, name_protect_proc },
	{ "User", EXEC(user), FORM_STRING, NULL },
	{ "Group", EXEC(group), FORM_STRING, NULL },
	{ "DynamicUser", EXEC(dynamic_user), FORM_BOOL, NULL },
	{ "LockPersonality", EXEC(lock_personality), FORM_BOOL, NULL },
	{ "TTYPath", EXEC(tty_path), FORM_STRING, NULL },
	{ "SyslogIdentifier", EXEC(log_identifier), FORM_STRING, NULL },
	{ "NetworkNamespacePath", EXEC(netns_path), FORM_STRING, NULL },
	{ "CPUAffinity", EXEC(cpu_affinity), FORM_STRING, NULL },
	{ "StateDirectoryMode", EXEC(dirs[PLAN_DIR_STATE].mode), FORM_OCTAL, NULL },
	{ "CacheDirectoryMode", EXEC(dirs[PLAN_DIR_CACHE].mode), FORM_OCTAL, NULL },
	{ "LogsDirectoryMode", EXEC(dirs[PLAN_DIR_LOGS].mode), FORM_OCTAL, NULL },
	{ "RuntimeDirectoryMode", EXEC(dirs[PLAN_DIR_RUNTIME].mode), FORM_OCTAL, NULL },
	{ "ConfigurationDirectoryMode", EXEC(dirs[PLAN_DIR_CONFIGURATION].mode), FORM_OCTAL, NULL },

	{ "SocketMode", SOCKET(options.mode), FORM_OCTAL, NULL },
	{ "DirectoryMode", SOCKET(options.dir_mode), FORM_OCTAL, NULL },
	{ "Backlog", SOCKET(options.backlog), FORM_U32, NULL },
	{ "BindToDevice", SOCKET(options.device), FORM_STRING, NULL },
	{ "TCPCongestion", SOCKET(options.congestion), FORM_STRING, NULL },
	{ "MaxConnections", SOCKET(max_connections), FORM_U32, NULL },
	{ "MaxConnectionsPerSource", SOCKET(max_per_source), FORM_U32, NULL },
	{ "SocketUser", SOCKET(user), FORM_STRING, NULL },
	{ "SocketGroup", SOCKET(group), FORM_STRING, NULL },
	{ "FileDescriptorName", SOCKET(fd_name), FORM_STRING, NULL },
	{ "FlushPending", SOCKET(flush_pending), FORM_BOOL, NULL },
	{ "Priority", SOCKET(options.priority), FORM_I32, NULL },
	{ "ReceiveBuffer", SOCKET(options.receive_buffer), FORM_U32, NULL },
	{ "SendBuffer", SOCKET(options.send_buffer), FORM_U32, NULL },

	{ "Accuracy", TIMER(accuracy_us), FORM_USEC, NULL },
	{ "Unit", TIMER(unit), FORM_STRING, NULL },

	{ "Unit", WATCH(unit), FORM_STRING, NULL },
	{ "MakeDirectory", WATCH(make_directory), FORM_BOOL, NULL },
	{ "DirectoryMode", WATCH(dir_mode), FORM_OCTAL, NULL },
	{ "TriggerLimitIntervalSec", WATCH(trigger_interval_us), FORM_USEC, NULL },
	{ "TriggerLimitBurst", WATCH(trigger_burst), FORM_U32, NULL },

	{ "What", MOUNT(what), FORM_STRING, NULL },
	{ "Where", MOUNT(where), FORM_STRING, NULL },
	{ "File System Type", MOUNT(fs_type), FORM_STRING, NULL },
	{ "Options", MOUNT(options), FORM_STRING, NULL },
	{ "SloppyOptions", MOUNT(sloppy), FORM_BOOL, NULL },
	{ "LazyUnmount", MOUNT(lazy), FORM_BOOL, NULL },
	{ "ForceUnmount", MOUNT(force), FORM_BOOL, NULL },
	{ "ReadWriteOnly", MOUNT(read_write_only), FORM_BOOL, NULL },
	{ "DirectoryMode", MOUNT(dir_mode), FORM_OCTAL, NULL },
};

static void put_number(const struct unit *u, const struct value_row *row, uint64_t value)
{
	char buf[32];

	snprintf(buf, sizeof(buf), row->form == FORM_OCTAL ? "%04" PRIo64 : "%" PRIu64, value);
	peer_put(u, row->key, value == UINT64_MAX ? "infinity" : buf);
}

static void put_row(const struct unit *u, const struct value_row *row, const void *base)
{
	const void *p = (const char *)base + row->offset;
	const char *text = NULL;

	switch (row->form) {
	case FORM_BOOL:
		peer_put(u, row->key, *(const bool *)p ? "yes" : "no");
		return;
	case FORM_U32:
	case FORM_OCTAL:
		put_number(u, row, *(const uint32_t *)p);
		return;
	case FORM_I32:
		put_number(u, row, (uint64_t)(int64_t) * (const int32_t *)p);
		return;
	case FORM_USEC:
		put_number(u, row, *(const uint64_t *)p);
		return;
	case FORM_STRING:
		text = *(const char *const *)p;
		break;
	case FORM_SIGNAL:
		text = signal_to_name((int)*(const uint32_t *)p);
		break;
	case FORM_NAME:
		text = row->name(*(const int *)p);
		break;
	}
	if (text) {
		peer_put(u, row->key, text);
	}
}

void peer_put_values(const struct unit *u)
{
	const void *const places[IN_PLACE_COUNT] = {
		[IN_UNIT] = u,
		[IN_SERVICE] = u->type == UNIT_SERVICE ? u->service : NULL,
		[IN_KILL] = u->service,
		[IN_EXEC] = u->exec,
		[IN_SOCKET] = u->socket,
		[IN_TIMER] = u->timer,
		[IN_WATCH] = u->watch,
		[IN_MOUNT] = u->mount,
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (places[rows[i].place]) {
			put_row(u, &rows[i], places[rows[i].place]);
		}
	}
	peer_put_lists(u);
}
