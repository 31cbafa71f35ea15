// SPDX-License-Identifier: MIT
/*
 * The enumerations that a unit's meaning is made of, shared by the loader that writes them into
 * plans and manifests and by supd and supctl that read them. Strings are systemd's spellings.
 */
#pragma once

#include "../base/enumtable.h"

enum unit_load_state {
	LOAD_LOADED,
	LOAD_NOT_FOUND,
	LOAD_BAD_SETTING,
	LOAD_ERROR,
	LOAD_MASKED,
	LOAD_STATE_COUNT,
};
ENUM_DECLARE(load_state, enum unit_load_state);

enum service_type {
	SERVICE_SIMPLE,
	SERVICE_EXEC,
	SERVICE_FORKING,
	SERVICE_ONESHOT,
	SERVICE_DBUS,
	SERVICE_NOTIFY,
	SERVICE_NOTIFY_RELOAD,
	SERVICE_IDLE,
	SERVICE_TYPE_COUNT,
};
ENUM_DECLARE(service_type, enum service_type);

enum service_restart {
	RESTART_NO,
	RESTART_ON_SUCCESS,
	RESTART_ON_FAILURE,
	RESTART_ON_ABNORMAL,
	RESTART_ON_WATCHDOG,
	RESTART_ON_ABORT,
	RESTART_ALWAYS,
	SERVICE_RESTART_COUNT,
};
ENUM_DECLARE(service_restart, enum service_restart);

enum restart_mode {
	RESTART_MODE_NORMAL,
	RESTART_MODE_DIRECT,
	RESTART_MODE_COUNT,
};
ENUM_DECLARE(restart_mode, enum restart_mode);

enum kill_mode {
	KILL_CONTROL_GROUP,
	KILL_PROCESS,
	KILL_MIXED,
	KILL_NONE,
	KILL_MODE_COUNT,
};
ENUM_DECLARE(kill_mode, enum kill_mode);

enum notify_access {
	NOTIFY_NONE,
	NOTIFY_MAIN,
	NOTIFY_EXEC,
	NOTIFY_ALL,
	NOTIFY_ACCESS_COUNT,
};
ENUM_DECLARE(notify_access, enum notify_access);

enum exit_type {
	EXIT_TYPE_MAIN,
	EXIT_TYPE_CGROUP,
	EXIT_TYPE_COUNT,
};
ENUM_DECLARE(exit_type, enum exit_type);

enum timeout_failure_mode {
	TIMEOUT_TERMINATE,
	TIMEOUT_ABORT,
	TIMEOUT_KILL,
	TIMEOUT_FAILURE_MODE_COUNT,
};
ENUM_DECLARE(timeout_failure_mode, enum timeout_failure_mode);

enum oom_policy {
	OOM_POLICY_CONTINUE,
	OOM_POLICY_STOP,
	OOM_POLICY_KILL,
	OOM_POLICY_COUNT,
};
ENUM_DECLARE(oom_policy, enum oom_policy);

/* MemoryPressureWatch= */
enum pressure_watch {
	PRESSURE_AUTO, /* as ON, where no wall has to be opened for it */
	PRESSURE_ON,
	PRESSURE_OFF,
	PRESSURE_SKIP,
	PRESSURE_WATCH_COUNT,
};
ENUM_DECLARE(pressure_watch, enum pressure_watch);

enum fdstore_preserve {
	FDSTORE_PRESERVE_NO,
	FDSTORE_PRESERVE_YES,
	FDSTORE_PRESERVE_RESTART,
	FDSTORE_PRESERVE_COUNT,
};
ENUM_DECLARE(fdstore_preserve, enum fdstore_preserve);

/* Result of a service's last activation; also in wire_params (SERVICE_RESULT). */
enum service_result {
	RESULT_SUCCESS,
	RESULT_RESOURCES,
	RESULT_PROTOCOL,
	RESULT_TIMEOUT,
	RESULT_EXIT_CODE,
	RESULT_SIGNAL,
	RESULT_CORE_DUMP,
	RESULT_WATCHDOG,
	RESULT_START_LIMIT_HIT,
	RESULT_OOM_KILL,
	RESULT_EXEC_CONDITION,
	RESULT_TRIGGER_LIMIT_HIT,       /* sockets, paths */
	RESULT_SERVICE_START_LIMIT_HIT, /* sockets: of the service */
	RESULT_UNIT_START_LIMIT_HIT,    /* paths: of the unit */
	SERVICE_RESULT_COUNT,
};
ENUM_DECLARE(service_result, enum service_result);

/* Which Exec line of a service a command comes from; the order is the order of the life. */
enum exec_phase {
	PHASE_CONDITION,
	PHASE_START_PRE,
	PHASE_START,
	PHASE_START_POST,
	PHASE_RELOAD,
	PHASE_STOP,
	PHASE_STOP_POST,
	EXEC_PHASE_COUNT,
};
/* "ExecStartPre" … */
ENUM_DECLARE(exec_phase, enum exec_phase);

/* Dependencies as units write them; inverses are made by supd's graph. */
enum dep_kind {
	DEP_REQUIRES,
	DEP_REQUISITE,
	DEP_WANTS,
	DEP_BINDS_TO,
	DEP_PART_OF,
	DEP_UPHOLDS,
	DEP_CONFLICTS,
	DEP_BEFORE,
	DEP_AFTER,
	DEP_ON_FAILURE,
	DEP_ON_SUCCESS,
	DEP_ON_RESTART, /* [Container] OnRestart= */
	DEP_TRIGGERS,
	DEP_PROPAGATES_RELOAD_TO,
	DEP_RELOAD_PROPAGATED_FROM,
	DEP_PROPAGATES_STOP_TO,
	DEP_STOP_PROPAGATED_FROM,
	DEP_JOINS_NAMESPACE_OF,
	DEP_KIND_COUNT,
};
/* "Requires" … as in a unit file and as D-Bus property. */
ENUM_DECLARE(dep_kind, enum dep_kind);

enum condition_type {
	CONDITION_PATH_EXISTS,
	CONDITION_PATH_EXISTS_GLOB,
	CONDITION_PATH_IS_DIRECTORY,
	CONDITION_PATH_IS_SYMBOLIC_LINK,
	CONDITION_PATH_IS_MOUNT_POINT,
	CONDITION_PATH_IS_READ_WRITE,
	CONDITION_PATH_IS_ENCRYPTED,
	CONDITION_DIRECTORY_NOT_EMPTY,
	CONDITION_FILE_NOT_EMPTY,
	CONDITION_FILE_IS_EXECUTABLE,
	CONDITION_USER,
	CONDITION_GROUP,
	CONDITION_HOST,
	CONDITION_KERNEL_COMMAND_LINE,
	CONDITION_KERNEL_VERSION,
	CONDITION_ARCHITECTURE,
	CONDITION_VIRTUALIZATION,
	CONDITION_SECURITY,
	CONDITION_CAPABILITY,
	CONDITION_AC_POWER,
	CONDITION_MEMORY,
	CONDITION_CPUS,
	CONDITION_ENVIRONMENT,
	CONDITION_NEEDS_UPDATE,
	CONDITION_FIRST_BOOT,
	CONDITION_CONTROL_GROUP_CONTROLLER,
	CONDITION_FIRMWARE,
	CONDITION_CPU_FEATURE,
	CONDITION_OS_RELEASE,
	CONDITION_MEMORY_PRESSURE,
	CONDITION_CPU_PRESSURE,
	CONDITION_IO_PRESSURE,
	CONDITION_CREDENTIAL,
	CONDITION_INIT, /* ours: what supd-init is */
	CONDITION_TYPE_COUNT,
};
/* "PathExists" …: what follows Condition or Assert. */
ENUM_DECLARE(condition_type, enum condition_type);

/* What a timer counts from. */
enum timer_base {
	TIMER_ACTIVE,
	TIMER_BOOT,
	TIMER_STARTUP,
	TIMER_UNIT_ACTIVE,
	TIMER_UNIT_INACTIVE,
	TIMER_CALENDAR,
	TIMER_BASE_COUNT,
};
/* "OnActiveSec" … "OnCalendar". */
ENUM_DECLARE(timer_base, enum timer_base);

/* The other end of a standard stream. */
enum stdio_kind {
	STDIO_NULL,
	STDIO_INHERIT, /* output: as stdout's; stdout: as stdin's, or the default */
	STDIO_TTY,
	STDIO_TTY_FORCE,
	STDIO_TTY_FAIL,
	STDIO_LOG, /* journal or syslog: journald when it is there, else supd-log */
	STDIO_LOG_CONSOLE,
	STDIO_KMSG,
	STDIO_KMSG_CONSOLE,
	STDIO_FILE, /* file: open without truncation, from the start */
	STDIO_FILE_APPEND,
	STDIO_FILE_TRUNCATE,
	STDIO_SOCKET,
	STDIO_FD,   /* fd:NAME of the socket unit's descriptors */
	STDIO_DATA, /* input only: StandardInputText=, StandardInputData= */
	STDIO_KIND_COUNT,
};

/* ProtectSystem=, ProtectHome=: the values that are more than yes and no. */
enum protect_system {
	PROTECT_SYSTEM_NO,
	PROTECT_SYSTEM_YES,
	PROTECT_SYSTEM_FULL,
	PROTECT_SYSTEM_STRICT,
	PROTECT_SYSTEM_COUNT,
};
ENUM_DECLARE(protect_system, enum protect_system);

enum protect_home {
	PROTECT_HOME_NO,
	PROTECT_HOME_YES,
	PROTECT_HOME_READ_ONLY,
	PROTECT_HOME_TMPFS,
	PROTECT_HOME_COUNT,
};
ENUM_DECLARE(protect_home, enum protect_home);
