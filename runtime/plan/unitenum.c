// SPDX-License-Identifier: MIT
#include "unitenum.h"

static const char *const load_state_table[] = {
	[LOAD_LOADED] = "loaded",
	[LOAD_NOT_FOUND] = "not-found",
	[LOAD_BAD_SETTING] = "bad-setting",
	[LOAD_ERROR] = "error",
	[LOAD_MASKED] = "masked",
};
ENUM_TABLE(load_state, enum unit_load_state, LOAD_STATE_COUNT)

static const char *const service_type_table[] = {
	[SERVICE_SIMPLE] = "simple",
	[SERVICE_EXEC] = "exec",
	[SERVICE_FORKING] = "forking",
	[SERVICE_ONESHOT] = "oneshot",
	[SERVICE_DBUS] = "dbus",
	[SERVICE_NOTIFY] = "notify",
	[SERVICE_NOTIFY_RELOAD] = "notify-reload",
	[SERVICE_IDLE] = "idle",
};
ENUM_TABLE(service_type, enum service_type, SERVICE_TYPE_COUNT)

static const char *const service_restart_table[] = {
	[RESTART_NO] = "no",
	[RESTART_ON_SUCCESS] = "on-success",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_ON_ABNORMAL] = "on-abnormal",
	[RESTART_ON_WATCHDOG] = "on-watchdog",
	[RESTART_ON_ABORT] = "on-abort",
	[RESTART_ALWAYS] = "always",
};
ENUM_TABLE(service_restart, enum service_restart, SERVICE_RESTART_COUNT)

static const char *const restart_mode_table[] = {
	[RESTART_MODE_NORMAL] = "normal",
	[RESTART_MODE_DIRECT] = "direct",
};
ENUM_TABLE(restart_mode, enum restart_mode, RESTART_MODE_COUNT)

static const char *const kill_mode_table[] = {
	[KILL_CONTROL_GROUP] = "control-group",
	[KILL_PROCESS] = "process",
	[KILL_MIXED] = "mixed",
	[KILL_NONE] = "none",
};
ENUM_TABLE(kill_mode, enum kill_mode, KILL_MODE_COUNT)

static const char *const notify_access_table[] = {
	[NOTIFY_NONE] = "none",
	[NOTIFY_MAIN] = "main",
	[NOTIFY_EXEC] = "exec",
	[NOTIFY_ALL] = "all",
};
ENUM_TABLE(notify_access, enum notify_access, NOTIFY_ACCESS_COUNT)

static const char *const exit_type_table[] = {
	[EXIT_TYPE_MAIN] = "main",
	[EXIT_TYPE_CGROUP] = "cgroup",
};
ENUM_TABLE(exit_type, enum exit_type, EXIT_TYPE_COUNT)

static const char *const timeout_failure_mode_table[] = {
	[TIMEOUT_TERMINATE] = "terminate",
	[TIMEOUT_ABORT] = "abort",
	[TIMEOUT_KILL] = "kill",
};
ENUM_TABLE(timeout_failure_mode, enum timeout_failure_mode, TIMEOUT_FAILURE_MODE_COUNT)

static const char *const oom_policy_table[] = {
	[OOM_POLICY_CONTINUE] = "continue",
	[OOM_POLICY_STOP] = "stop",
	[OOM_POLICY_KILL] = "kill",
};
ENUM_TABLE(oom_policy, enum oom_policy, OOM_POLICY_COUNT)

static const char *const pressure_watch_table[] = {
	[PRESSURE_AUTO] = "auto",
	[PRESSURE_ON] = "on",
	[PRESSURE_OFF] = "off",
	[PRESSURE_SKIP] = "skip",
};
ENUM_TABLE(pressure_watch, enum pressure_watch, PRESSURE_WATCH_COUNT)

static const char *const fdstore_preserve_table[] = {
	[FDSTORE_PRESERVE_NO] = "no",
	[FDSTORE_PRESERVE_YES] = "yes",
	[FDSTORE_PRESERVE_RESTART] = "restart",
};
ENUM_TABLE(fdstore_preserve, enum fdstore_preserve, FDSTORE_PRESERVE_COUNT)

static const char *const service_result_table[] = {
	[RESULT_SUCCESS] = "success",
	[RESULT_RESOURCES] = "resources",
	[RESULT_PROTOCOL] = "protocol",
	[RESULT_TIMEOUT] = "timeout",
	[RESULT_EXIT_CODE] = "exit-code",
	[RESULT_SIGNAL] = "signal",
	[RESULT_CORE_DUMP] = "core-dump",
	[RESULT_WATCHDOG] = "watchdog",
	[RESULT_START_LIMIT_HIT] = "start-limit-hit",
	[RESULT_OOM_KILL] = "oom-kill",
	[RESULT_EXEC_CONDITION] = "exec-condition",
	[RESULT_TRIGGER_LIMIT_HIT] = "trigger-limit-hit",
	[RESULT_SERVICE_START_LIMIT_HIT] = "service-start-limit-hit",
	[RESULT_UNIT_START_LIMIT_HIT] = "unit-start-limit-hit",
};
ENUM_TABLE(service_result, enum service_result, SERVICE_RESULT_COUNT)

static const char *const exec_phase_table[] = {
	[PHASE_CONDITION] = "ExecCondition",
	[PHASE_START_PRE] = "ExecStartPre",
	[PHASE_START] = "ExecStart",
	[PHASE_START_POST] = "ExecStartPost",
	[PHASE_RELOAD] = "ExecReload",
	[PHASE_STOP] = "ExecStop",
	[PHASE_STOP_POST] = "ExecStopPost",
};
ENUM_TABLE(exec_phase, enum exec_phase, EXEC_PHASE_COUNT)

static const char *const dep_kind_table[] = {
	[DEP_REQUIRES] = "Requires",
	[DEP_REQUISITE] = "Requisite",
	[DEP_WANTS] = "Wants",
	[DEP_BINDS_TO] = "BindsTo",
	[DEP_PART_OF] = "PartOf",
	[DEP_UPHOLDS] = "Upholds",
	[DEP_CONFLICTS] = "Conflicts",
	[DEP_BEFORE] = "Before",
	[DEP_AFTER] = "After",
	[DEP_ON_FAILURE] = "OnFailure",
	[DEP_ON_SUCCESS] = "OnSuccess",
	[DEP_ON_RESTART] = "OnRestart",
	[DEP_TRIGGERS] = "Triggers",
	[DEP_PROPAGATES_RELOAD_TO] = "PropagatesReloadTo",
	[DEP_RELOAD_PROPAGATED_FROM] = "ReloadPropagatedFrom",
	[DEP_PROPAGATES_STOP_TO] = "PropagatesStopTo",
	[DEP_STOP_PROPAGATED_FROM] = "StopPropagatedFrom",
	[DEP_JOINS_NAMESPACE_OF] = "JoinsNamespaceOf",
};
ENUM_TABLE(dep_kind, enum dep_kind, DEP_KIND_COUNT)

static const char *const condition_type_table[] = {
	[CONDITION_PATH_EXISTS] = "PathExists",
	[CONDITION_PATH_EXISTS_GLOB] = "PathExistsGlob",
	[CONDITION_PATH_IS_DIRECTORY] = "PathIsDirectory",
	[CONDITION_PATH_IS_SYMBOLIC_LINK] = "PathIsSymbolicLink",
	[CONDITION_PATH_IS_MOUNT_POINT] = "PathIsMountPoint",
	[CONDITION_PATH_IS_READ_WRITE] = "PathIsReadWrite",
	[CONDITION_PATH_IS_ENCRYPTED] = "PathIsEncrypted",
	[CONDITION_DIRECTORY_NOT_EMPTY] = "DirectoryNotEmpty",
	[CONDITION_FILE_NOT_EMPTY] = "FileNotEmpty",
	[CONDITION_FILE_IS_EXECUTABLE] = "FileIsExecutable",
	[CONDITION_USER] = "User",
	[CONDITION_GROUP] = "Group",
	[CONDITION_HOST] = "Host",
	[CONDITION_KERNEL_COMMAND_LINE] = "KernelCommandLine",
	[CONDITION_KERNEL_VERSION] = "KernelVersion",
	[CONDITION_ARCHITECTURE] = "Architecture",
	[CONDITION_VIRTUALIZATION] = "Virtualization",
	[CONDITION_SECURITY] = "Security",
	[CONDITION_CAPABILITY] = "Capability",
	[CONDITION_AC_POWER] = "ACPower",
	[CONDITION_MEMORY] = "Memory",
	[CONDITION_CPUS] = "CPUs",
	[CONDITION_ENVIRONMENT] = "Environment",
	[CONDITION_NEEDS_UPDATE] = "NeedsUpdate",
	[CONDITION_FIRST_BOOT] = "FirstBoot",
	[CONDITION_CONTROL_GROUP_CONTROLLER] = "ControlGroupController",
	[CONDITION_FIRMWARE] = "Firmware",
	[CONDITION_CPU_FEATURE] = "CPUFeature",
	[CONDITION_OS_RELEASE] = "OSRelease",
	[CONDITION_MEMORY_PRESSURE] = "MemoryPressure",
	[CONDITION_CPU_PRESSURE] = "CPUPressure",
	[CONDITION_IO_PRESSURE] = "IOPressure",
	[CONDITION_CREDENTIAL] = "Credential",
	[CONDITION_INIT] = "Init",
};
ENUM_TABLE(condition_type, enum condition_type, CONDITION_TYPE_COUNT)

static const char *const protect_system_table[] = {
	[PROTECT_SYSTEM_NO] = "no",
	[PROTECT_SYSTEM_YES] = "yes",
	[PROTECT_SYSTEM_FULL] = "full",
	[PROTECT_SYSTEM_STRICT] = "strict",
};
ENUM_TABLE(protect_system, enum protect_system, PROTECT_SYSTEM_COUNT)

static const char *const protect_home_table[] = {
	[PROTECT_HOME_NO] = "no",
	[PROTECT_HOME_YES] = "yes",
	[PROTECT_HOME_READ_ONLY] = "read-only",
	[PROTECT_HOME_TMPFS] = "tmpfs",
};
ENUM_TABLE(protect_home, enum protect_home, PROTECT_HOME_COUNT)

static const char *const timer_base_table[] = {
	[TIMER_ACTIVE] = "OnActiveSec",
	[TIMER_BOOT] = "OnBootSec",
	[TIMER_STARTUP] = "OnStartupSec",
	[TIMER_UNIT_ACTIVE] = "OnUnitActiveSec",
	[TIMER_UNIT_INACTIVE] = "OnUnitInactiveSec",
	[TIMER_CALENDAR] = "OnCalendar",
};
ENUM_TABLE(timer_base, enum timer_base, TIMER_BASE_COUNT)
