// SPDX-License-Identifier: MIT
/* The parsers of settings.c's table; each stores into c->target as its name says. */
#pragma once

#include "settings.h"
#include "words.h"

/* scalars: parse_scalar.c */
int parse_bool(struct setting_context *c); /* bool */
int parse_collect_mode(struct setting_context *c);
int parse_bool_flag(struct setting_context *c); /* uint32_t, bit row->arg */
int parse_bool_int(struct setting_context *c);  /* int 0, 1 */
int parse_string(struct setting_context *c);    /* const char *, specifiers expanded */
int parse_bus_name(struct setting_context *c);  /* const char *, well-known name */
int parse_path(struct setting_context *c);      /* const char *, absolute */
int parse_pid_file(struct setting_context *c);  /* as parse_path; relative is below /run */
int parse_seconds(struct setting_context *c);   /* uint64_t us; empty or 0 as written */
int parse_timeout(struct setting_context *c);   /* uint64_t us; 0 is infinity */
int parse_timeout_start(struct setting_context *c);
int parse_timeout_stop(struct setting_context *c);
int parse_timeout_abort(struct setting_context *c);
int parse_timeout_both(struct setting_context *c);
int parse_job_timeout(struct setting_context *c);
int parse_nanoseconds(struct setting_context *c);        /* uint64_t */
int parse_exit_status(struct setting_context *c);        /* uint32_t: 0 to 255, and one */
int parse_u32(struct setting_context *c);                /* uint32_t, at most row->arg */
int parse_pressure_threshold(struct setting_context *c); /* uint64_t us, cut to the window */
int parse_fdstore_max(struct setting_context *c); /* uint32_t, cut to the limit with a warning */
int parse_mode(struct setting_context *c);        /* uint32_t */
int parse_umask(struct setting_context *c);
int parse_signal(struct setting_context *c);  /* uint32_t */
int parse_enum(struct setting_context *c);    /* int-sized enum by parse_enum_kind row->arg */
int parse_ignored(struct setting_context *c); /* accepted, without effect here */

enum parse_enum_kind {
	ENUM_SERVICE_TYPE,
	ENUM_RESTART,
	ENUM_RESTART_MODE,
	ENUM_EXIT_TYPE,
	ENUM_KILL_MODE,
	ENUM_NOTIFY_ACCESS,
	ENUM_TIMEOUT_FAILURE,
	ENUM_OOM_POLICY,
	ENUM_FDSTORE_PRESERVE,
	ENUM_EMERGENCY_ACTION,
	ENUM_PROTECT_SYSTEM,
	ENUM_PROTECT_HOME,
	ENUM_PROTECT_PROC,
	ENUM_KEYRING,
	ENUM_DEVICE_POLICY,
	ENUM_PRESSURE_WATCH,
	ENUM_PROFILE,
	ENUM_KIND_COUNT,
};

/* unit, service and install: parse_unit.c */
int parse_dep(struct setting_context *c); /* row->arg: enum dep_kind */
int parse_mounts_for(struct setting_context *c);
int parse_condition(struct setting_context *c); /* row->arg: type, | 256 for Assert */
int parse_documentation(struct setting_context *c);
int parse_unit_names(struct setting_context *c); /* struct list of struct unit_item */
int parse_default_instance(struct setting_context *c);
int parse_exec(struct setting_context *c); /* row->arg: enum exec_phase */
int parse_exit_set(struct setting_context *c);
int parse_slice(struct setting_context *c);
int parse_profile(struct setting_context *c);

/* execution: parse_exec.c */
int parse_user(struct setting_context *c);
int parse_groups(struct setting_context *c);
int parse_env(struct setting_context *c); /* row->arg: enum envline_form */
int parse_env_file(struct setting_context *c);
int parse_working_dir(struct setting_context *c);
int parse_stdio(struct setting_context *c); /* row->arg: 0, 1, 2 */
int parse_stdin_text(struct setting_context *c);
int parse_identifier(struct setting_context *c);
int parse_facility(struct setting_context *c);
int parse_level(struct setting_context *c);
int parse_log_fields(struct setting_context *c);
int parse_log_level_max(struct setting_context *c); /* level + 1 */
int parse_log_namespace(struct setting_context *c);
int parse_log_rate(struct setting_context *c); /* row->arg: 1 for a number, 0 for a time */
int parse_nice(struct setting_context *c);
int parse_oom_adjust(struct setting_context *c);
int parse_io_class(struct setting_context *c);
int parse_io_priority(struct setting_context *c);
int parse_cpu_policy(struct setting_context *c);
int parse_cpu_priority(struct setting_context *c);
int parse_cpu_list(struct setting_context *c);
int parse_rlimit(struct setting_context *c); /* row->arg: RLIMIT_* */

/* timers: parse_timer.c */
int parse_timer(struct setting_context *c);          /* row->arg: enum timer_base */
int parse_triggered_unit(struct setting_context *c); /* const char * */
int parse_wake_system(struct setting_context *c);    /* as parse_bool_flag, with a warning */

/* walls: parse_walls.c */
int parse_paths(struct setting_context *c); /* row->arg: enum plan_mount_kind */
int parse_binds(struct setting_context *c); /* row->arg: 1: read-only */
int parse_tmpfs(struct setting_context *c);
int parse_dirs(struct setting_context *c); /* struct unit_dirs; row->arg: 1: no second name */
int parse_preserve(struct setting_context *c);
int parse_capabilities(struct setting_context *c); /* uint64_t; row->arg: 1 starts full */
int parse_syscall_filter(struct setting_context *c);
int parse_syscall_archs(struct setting_context *c);
int parse_syscall_error(struct setting_context *c);
int parse_families(struct setting_context *c);
int parse_namespaces(struct setting_context *c);
int parse_proc_subset(struct setting_context *c);
int parse_private_tmp(struct setting_context *c);
int parse_secure_bits(struct setting_context *c);

/* rare attributes: parse_attributes.c */
int parse_personality(struct setting_context *c);
int parse_numa_policy(struct setting_context *c);
int parse_numa_mask(struct setting_context *c);
int parse_dump_filter(struct setting_context *c);
int parse_ksm(struct setting_context *c);
int parse_syscall_log(struct setting_context *c);

/* limits per device, old names: parse_io.c */
int parse_io_device(struct setting_context *c);  /* row->arg: enum unit_io_kind */
int parse_old_weight(struct setting_context *c); /* struct unit_amount; row->arg: v1's default */

/* addresses, ports, interfaces: parse_network.c */
int parse_addresses(struct setting_context *c); /* struct list of struct ebpf_prefix */
int parse_ports(struct setting_context *c);     /* struct list of struct ebpf_port */
int parse_interfaces(struct setting_context *c);
/* places: parse_places.c */
int parse_private_users(struct setting_context *c);
int parse_protect_cgroups(struct setting_context *c);
int parse_protect_hostname(struct setting_context *c);
int parse_mount_flags(struct setting_context *c);
int parse_image_options(struct setting_context *c);
int parse_mount_images(struct setting_context *c);
int parse_extension_directories(struct setting_context *c);
/* One word of parse_dirs: "NAME[:LINK[:ro]]". */
int parse_dir_word(struct setting_context *c, const struct word *word);
/*
 * Cuts the word at its colons into max fields at most, the last with the rest, and expands the
 * specifiers of each: what a unit's name brings separates nothing. How many, or a reported error.
 */
int parse_fields(struct setting_context *c, const struct word *word, char **fields, size_t max);

/* credentials: parse_credentials.c; struct list of struct unit_credential; row->arg: the kind */
int parse_load_credential(struct setting_context *c);
int parse_import_credential(struct setting_context *c);
int parse_set_credential(struct setting_context *c);
int parse_encrypted_credential(struct setting_context *c); /* refuses, with the way out */

/* limits: parse_limits.c; struct unit_amount */
int parse_amount(struct setting_context *c);
int parse_quota(struct setting_context *c);
int parse_weight(struct setting_context *c);
int parse_delegate(struct setting_context *c);
int parse_device(struct setting_context *c);

/* sockets and paths: parse_socket.c */
enum parse_listen {
	LISTEN_STREAM,
	LISTEN_DATAGRAM,
	LISTEN_SEQPACKET,
	LISTEN_FIFO,
	LISTEN_SPECIAL,
	LISTEN_NETLINK,
	LISTEN_MQUEUE,
};
int parse_listen(struct setting_context *c); /* row->arg: enum parse_listen */
int parse_bind_ipv6(struct setting_context *c);
int parse_ip_tos(struct setting_context *c);
int parse_socket_protocol(struct setting_context *c);
int parse_timestamping(struct setting_context *c);
int parse_socket_number(struct setting_context *c); /* row->arg: flag that says it is set */
int parse_socket_size(struct setting_context *c);   /* row->arg 64: into uint64_t */
int parse_whole_seconds(struct setting_context *c);
int parse_fd_name(struct setting_context *c);
int parse_device_name(struct setting_context *c);
int parse_symlinks(struct setting_context *c);
int parse_refused(struct setting_context *c);
int parse_trigger_limit(struct setting_context *c); /* row->arg 0: the time, 1: the number */
int parse_directory_mode(struct setting_context *c);
int parse_where(struct setting_context *c);
int parse_trigger_unit(struct setting_context *c); /* row->arg 1: only a service */
int parse_watch(struct setting_context *c);        /* row->arg: enum plan_watch_type */
