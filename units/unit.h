// SPDX-License-Identifier: MIT
/*
 * The parsed meaning of a unit: what its lines, drop-ins, profile and the defaults say, typed, but
 * not yet resolved against this machine (no user was looked up, no file was opened).
 *
 * All memory is in one arena of the load. Durations are microseconds, UINT64_MAX is infinity;
 * sizes are bytes, UINT64_MAX is infinity. An origin is "web.service:14": basename of the file and
 * line. A list's element type stands in its comment.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "../runtime/base/unitname.h"
#include "../runtime/plan/calendar.h"
#include "../runtime/plan/manifest.h"
#include "../runtime/plan/plan.h"
#include "diag.h"
#include "list.h"

struct unit_item {
	const char *text;
	const char *origin;
};

struct unit_dep {
	enum dep_kind kind;
	const char *name; /* as written, instance and specifiers resolved */
	bool implicit;    /* default or implied */
	const char *origin;
	uint32_t unit; /* index in the unit set; aliases are resolved. Set at the load's end */
};

struct unit_condition {
	enum condition_type type;
	bool negate;
	bool trigger;
	bool assert;
	const char *parameter;
	const char *origin;
};

/* One command of an Exec line. */
struct unit_command {
	enum exec_phase phase;
	uint32_t flags;          /* enum manifest_command_flags */
	bool no_env_expansion;   /* ':' */
	const char *path;        /* absolute, or a bare name */
	const char *const *argv; /* NULL-terminated; argv[0] is path unless '@' was given */
	size_t n_argv;
	const char *origin;
};

/* SuccessExitStatus= and its kin; empty: nothing set. */
struct unit_exit_set {
	bool set;
	struct manifest_exit_set values;
};

enum unit_emergency_action {
	ACTION_NONE,
	ACTION_REBOOT,
	ACTION_REBOOT_FORCE,
	ACTION_REBOOT_IMMEDIATE,
	ACTION_POWEROFF,
	ACTION_POWEROFF_FORCE,
	ACTION_POWEROFF_IMMEDIATE,
	ACTION_EXIT,
	ACTION_EXIT_FORCE,
	ACTION_HALT,
	ACTION_HALT_FORCE,
	ACTION_HALT_IMMEDIATE,
	ACTION_KEXEC,
	ACTION_KEXEC_FORCE,
	ACTION_SOFT_REBOOT,
	ACTION_SOFT_REBOOT_FORCE,
	UNIT_EMERGENCY_ACTION_COUNT,
};
ENUM_DECLARE(emergency_action, enum unit_emergency_action);

struct unit_service {
	int type; /* enum service_type; -1: not written, resolved at the load's end */
	enum exit_type exit_type;
	enum service_restart restart;
	enum restart_mode restart_mode;
	uint64_t restart_us;
	uint32_t restart_steps;
	uint64_t restart_max_delay_us;
	uint64_t timeout_start_us;
	bool timeout_start_set;
	uint64_t timeout_stop_us;
	uint64_t timeout_abort_us;
	uint64_t timeout_clean_us;
	bool timeout_abort_set; /* else as timeout_stop_us */
	enum timeout_failure_mode timeout_start_failure_mode;
	enum timeout_failure_mode timeout_stop_failure_mode;
	uint64_t runtime_max_us;
	uint64_t watchdog_us; /* 0: none */
	bool remain_after_exit;
	bool guess_main_pid;
	bool root_directory_start_only;
	bool permissions_start_only;
	bool non_blocking;
	const char *pid_file; /* absolute */
	const char *bus_name;
	int notify_access; /* enum notify_access; -1: not written, resolved at the load's end */
	uint32_t fdstore_max;
	enum fdstore_preserve fdstore_preserve;
	struct list sockets; /* struct unit_item: Sockets= */
	int oom_policy;      /* enum oom_policy; -1: not written, resolved at the load's end */
	struct unit_exit_set success_status;
	struct unit_exit_set prevent_restart;
	struct unit_exit_set force_restart;

	/* kill context */
	enum kill_mode kill_mode;
	uint32_t kill_signal;
	uint32_t restart_kill_signal; /* 0: as kill_signal */
	uint32_t final_kill_signal;
	uint32_t watchdog_signal;
	uint32_t reload_signal;
	bool send_sigkill;
	bool send_sighup;

	struct list commands; /* struct unit_command, sorted by phase, then as written */
};

/* One On… line of a timer. */
struct unit_timer_value {
	enum timer_base base;
	uint64_t value_us;
	const struct calendar *calendar; /* TIMER_CALENDAR */
	const char *origin;
};

struct unit_timer {
	struct list values; /* struct unit_timer_value */
	uint32_t flags;     /* enum manifest_timer_flags */
	uint64_t accuracy_us;
	uint64_t random_delay_us;
	const char *unit; /* NULL: the service of the same name */
};

struct unit_stdio {
	enum stdio_kind kind;
	const char *path;   /* STDIO_FILE*: absolute; STDIO_FD: name or NULL */
	const char *text;   /* as written, for show; NULL: default */
	const char *origin; /* NULL: default */
};

struct unit_env_file {
	const char *path; /* absolute; may hold a glob */
	bool optional;
	const char *origin;
};

struct unit_rlimit {
	bool set;
	uint64_t soft;
	uint64_t hard;
	const char *origin;
};

/* ReadWritePaths= …, BindPaths= …, TemporaryFileSystem=, ExecPaths=, NoExecPaths=. */
struct unit_path {
	enum plan_mount_kind kind;
	uint32_t flags;      /* enum plan_mount_flags: IGNORE_MISSING, READ_ONLY, NON_RECURSIVE */
	const char *source;  /* bind: absolute; else NULL */
	const char *target;  /* absolute, simplified, no ".." */
	const char *options; /* tmpfs, image, or NULL */
	const char *origin;
	bool in_root; /* '+' prefix: below RootDirectory= also where that begins the path */
};

/* RuntimeDirectory= and its kin; index is enum plan_dir_kind. */
struct unit_dir {
	const char *name; /* relative path without ".." */
	const char *link; /* a second name beside it, or NULL */
	bool read_only;   /* for the unit */
	const char *origin;
};

struct unit_dirs {
	struct list names; /* struct unit_dir */
	uint32_t mode;     /* 0755 */
	uint32_t preserve; /* enum fdstore_preserve: no, yes, restart */
};

struct unit_credential {
	enum plan_credential_kind kind;
	const char *name;   /* pattern with IMPORT */
	const char *source; /* LOAD, IMPORT: see struct plan_credential */
	const char *data;   /* SET: size bytes; no message may quote them */
	uint32_t size;
	const char *origin;
};

/* How PrivateUsers= maps ids. */
enum unit_users_map {
	USERS_PICK,     /* those that the unit names to themselves, others into its own range */
	USERS_SELF,     /* those that the unit names to themselves, no others */
	USERS_IDENTITY, /* 0 … 65535 to themselves */
	USERS_FULL,     /* all to themselves */
};

/* One word of SystemCallFilter=, in order. */
struct unit_syscall {
	const char *name; /* "read" or "@system-service" */
	bool deny;        /* from a line that begins with '~' */
	int error;        /* errno of "name:EPERM"; 0: the default; -1: kill */
	const char *origin;
};

enum unit_set_mode {
	UNIT_SET_NONE,  /* not written: no restriction */
	UNIT_SET_ALLOW, /* only these */
	UNIT_SET_DENY,  /* all but these */
};

enum unit_protect_proc {
	PROTECT_PROC_DEFAULT,
	PROTECT_PROC_NOACCESS,
	PROTECT_PROC_INVISIBLE,
	PROTECT_PROC_PTRACEABLE,
	UNIT_PROTECT_PROC_COUNT,
};
ENUM_DECLARE(protect_proc, enum unit_protect_proc);

enum unit_keyring_mode {
	KEYRING_INHERIT,
	KEYRING_PRIVATE,
	KEYRING_SHARED,
	UNIT_KEYRING_MODE_COUNT,
};
ENUM_DECLARE(keyring_mode, enum unit_keyring_mode);

/* A limit in bytes or percent. */
struct unit_amount {
	bool set;
	bool old_name;  /* by a setting of cgroup v1 */
	bool percent;   /* value is in 1/10000 of the machine's total */
	uint64_t value; /* UINT64_MAX: infinity */
	const char *origin;
};

struct unit_exec {
	/* environment */
	struct list environment;       /* struct unit_item: "K=V"; later wins */
	struct list pass_environment;  /* struct unit_item: names */
	struct list unset_environment; /* struct unit_item: "K" or "K=V" */
	struct list environment_files; /* struct unit_env_file */

	/* paths */
	const char *working_directory; /* absolute, or NULL */
	bool working_directory_missing_ok;
	bool working_directory_home; /* "~" */
	const char *root_directory;  /* absolute, or NULL */
	const char *root_image;      /* absolute, or NULL */
	const char *root_image_options;
	int mount_api_vfs; /* -1: not written; 0, 1 */

	/* identity */
	const char *user; /* valid name or decimal id below 2^31, or NULL: root */
	const char *group;
	struct list supplementary_groups; /* struct unit_item */
	bool dynamic_user;

	/* streams */
	struct unit_stdio stdio[3];
	struct list stdin_data; /* struct unit_item: decoded chunks of StandardInputText=, each
				   ending in a newline */
	const char *tty_path;
	bool tty_reset;
	const char *log_identifier;
	uint32_t log_facility; /* 3: daemon */
	uint32_t log_level;    /* 6: info */
	bool log_level_prefix;
	uint32_t log_level_max;                               /* level + 1; 0: not written */
	struct unit_amount log_rate_interval, log_rate_burst; /* microseconds, lines */
	struct list log_fields;                               /* struct unit_item: "FIELD=VALUE" */
	const char *log_namespace;                            /* or NULL */

	/* process */
	uint32_t umask;
	bool umask_set;
	bool nice_set;
	int32_t nice;
	bool oom_score_adjust_set;
	int32_t oom_score_adjust;
	bool ioprio_set;
	uint32_t io_class; /* 0 none, 1 realtime, 2 best-effort, 3 idle */
	uint32_t io_level;
	bool sched_set;
	uint32_t sched_policy; /* SCHED_* */
	uint32_t sched_priority;
	bool sched_reset_on_fork;
	uint64_t timer_slack_ns;
	bool ignore_sigpipe;
	enum unit_keyring_mode keyring_mode;
	bool personality_set;
	uint32_t personality; /* PER_* */
	bool numa_set;
	uint32_t numa_policy;  /* MPOL_* of set_mempolicy(2) */
	const char *numa_mask; /* "0-3 5", checked, "all" or NULL */
	bool coredump_filter_set;
	uint64_t coredump_filter; /* bits of core(5) */
	bool ksm_set;
	bool ksm;
	const char *netns_path; /* absolute, or NULL */
	const char *ipcns_path;
	const char *cpu_affinity; /* "0-3 5", checked; NULL: all */
	struct unit_rlimit rlimits[RLIM_NLIMITS];

	/* walls */
	bool private_tmp;
	bool private_devices;
	bool private_network;
	bool private_users;
	enum unit_users_map users_map;
	bool private_mounts;
	bool private_ipc;
	bool private_pids;
	enum protect_system protect_system;
	enum protect_home protect_home;
	bool protect_kernel_tunables;
	bool protect_kernel_modules;
	bool protect_kernel_logs;
	bool protect_control_groups;
	bool protect_clock;
	bool private_cgroups; /* ProtectControlGroups=private, strict */
	bool protect_hostname;
	bool private_hostname;   /* a UTS namespace in which the name may change */
	const char *host_name;   /* of that namespace, or NULL: the host's */
	struct list credentials; /* struct unit_credential */
	enum unit_protect_proc protect_proc;
	bool proc_subset_pid;
	bool no_new_privileges;
	bool restrict_realtime;
	bool restrict_suid_sgid;
	bool memory_deny_write_execute;
	bool lock_personality;
	bool remove_ipc;
	uint64_t cap_bounding; /* mask, bit = capability; UINT64_MAX: not restricted */
	bool cap_bounding_own; /* a line of the unit's own has been there, not only its profile's */
	uint64_t cap_ambient;
	uint32_t secure_bits;
	struct list paths; /* struct unit_path, as written */
	struct unit_dirs dirs[PLAN_DIR_KIND_COUNT];
	enum unit_set_mode syscall_mode; /* of the first assignment */
	struct list syscalls;            /* struct unit_syscall */
	int syscall_error;               /* SystemCallErrorNumber=; 0: kill */
	struct list syscall_log;         /* struct unit_syscall; deny: the list is inverted */
	struct list syscall_archs;       /* struct unit_item: "native", "x86-64" … */
	enum unit_set_mode families_mode;
	struct list families;         /* struct unit_item: "AF_UNIX"; allow + empty = none at all */
	uint64_t restrict_namespaces; /* CLONE_NEW* that stay allowed; UINT64_MAX: all */
	const char *apparmor_profile; /* '-' prefix kept in all three */
	const char *selinux_context;
	const char *smack_label;
};

enum unit_device_policy {
	DEVICE_AUTO,
	DEVICE_CLOSED,
	DEVICE_STRICT,
	UNIT_DEVICE_POLICY_COUNT,
};
ENUM_DECLARE(device_policy, enum unit_device_policy);

struct unit_device {
	const char *node;   /* "/dev/x", "char-pts", "block-*" */
	const char *access; /* "rwm" */
	const char *origin;
};

enum unit_io_kind {
	UNIT_IO_WEIGHT,
	UNIT_IO_READ_BYTES, /* a second */
	UNIT_IO_WRITE_BYTES,
	UNIT_IO_READ_CALLS,
	UNIT_IO_WRITE_CALLS,
	UNIT_IO_LATENCY, /* us */
	UNIT_IO_KIND_COUNT,
};

/* IODeviceWeight= and its kin. */
struct unit_io {
	enum unit_io_kind kind;
	const char *path; /* absolute: a block device, or a path on its file system */
	uint64_t value;
	const char *setting;
	const char *origin;
};

#define UNIT_PRESSURE_THRESHOLD_US 200000u
/* How long a start waits for a device that says nothing itself. */
#define UNIT_DEVICE_TIMEOUT_US (90ull * 1000000u)
/* What a start or stop may take where nothing says more. */
#define UNIT_TIMEOUT_US (90ull * 1000000u)

struct unit_cgroup {
	const char *slice; /* as written, or the default; NULL: the root slice itself */
	bool delegate;
	const char *delegate_controllers; /* as written, or NULL: all */
	struct unit_amount memory_min, memory_low, memory_high, memory_max, memory_swap_max;
	struct unit_amount tasks_max;
	struct unit_amount cpu_quota;  /* percent of one processor: 1/10000; UINT64_MAX none */
	uint64_t cpu_quota_period_us;  /* 0: default */
	struct unit_amount cpu_weight; /* 1 … 10000; 0: idle */
	struct unit_amount io_weight;
	const char *allowed_cpus; /* checked list, or NULL */
	const char *allowed_memory_nodes;
	enum unit_device_policy device_policy;
	struct list devices; /* struct unit_device */
	struct unit_amount memory_zswap_max;
	/* The same while the machine starts. */
	struct unit_amount startup_memory_low, startup_memory_high, startup_memory_max;
	struct unit_amount startup_memory_swap_max, startup_memory_zswap_max;
	struct unit_amount startup_cpu_weight, startup_io_weight;
	const char *startup_cpus, *startup_memory_nodes;
	/* What units below that say nothing themselves get. */
	struct unit_amount default_memory_min, default_memory_low, default_startup_memory_low;
	struct list io_devices; /* struct unit_io */
	struct list ip_allow;   /* struct ebpf_prefix */
	struct list ip_deny;
	struct list bind_allow; /* struct ebpf_port */
	struct list bind_deny;
	struct list interfaces; /* struct unit_item */
	enum unit_set_mode interfaces_mode;
	bool oom_group; /* OOMPolicy=kill */
	enum pressure_watch pressure_watch;
	uint64_t pressure_us; /* 1 … PLAN_PRESSURE_WINDOW_US */
};

/* [Container] */
struct unit_container {
	const char *profile; /* resolved: written, or the directory's default */
	bool strict;
	int require_controllers; /* -1: not written; 0, 1 */
	uint64_t start_limit_cooldown_us;
};

/* [Socket]. What all descriptors share is in options; each Listen line has its own of listens. */
struct unit_socket {
	struct list listens; /* struct plan_socket: kind, address, text, origin */
	struct plan_socket options;
	bool accept;
	bool flush_pending;
	const char *service;          /* Service=, or the unit of the same name; set at the end */
	const char *fd_name;          /* default: the unit's name, "connection" with Accept=yes */
	const char *user, *group;     /* of paths */
	struct list symlinks;         /* struct unit_item: absolute paths */
	uint32_t max_connections;     /* 64 */
	uint32_t max_per_source;      /* 0: no limit */
	uint64_t trigger_interval_us; /* UINT64_MAX: default */
	uint32_t trigger_burst;       /* UINT32_MAX: default */
	uint64_t poll_interval_us;
	uint32_t poll_burst; /* UINT32_MAX: default */
};

/* [Path]; [Automount] has the last three. */
struct unit_watch {
	struct list lines; /* struct plan_watch */
	bool make_directory;
	uint32_t dir_mode; /* 0755 */
	const char *unit;  /* Unit=, or the service of the same name; set at the end */
	uint64_t trigger_interval_us;
	uint32_t trigger_burst;
	const char *where;         /* an automount's place; NULL: a path unit */
	const char *extra_options; /* of autofs, or NULL */
	uint64_t idle_us;          /* 0: never unmounted */
};

/* [Mount]; [Swap] has what and options only. */
struct unit_mount {
	const char *what;    /* device, file, "UUID=…", "host:/dir", "tmpfs" */
	const char *where;   /* absolute; NULL: swap */
	const char *fs_type; /* NULL: found out */
	const char *options; /* as mount(8) takes them, or NULL */
	bool sloppy;
	bool lazy;
	bool read_write_only;
	bool force;
	uint32_t dir_mode; /* 0755 */
	uint32_t priority; /* of a swap; UINT32_MAX: none */
};

/* [Install] */
struct unit_install {
	struct list wanted_by;   /* struct unit_item, specifiers resolved */
	struct list required_by; /* struct unit_item */
	struct list upheld_by;   /* struct unit_item */
	struct list alias;       /* struct unit_item */
	struct list also;        /* struct unit_item */
	const char *default_instance;
};

/* What was written, last assignment of each scalar and every one of a list; for show and for
 * messages that name the line. */
struct unit_assignment {
	const char *section;
	const char *name; /* canonical spelling: a table's string, compare with strcmp */
	const char *value;
	const char *origin;
};

/* Instead of what is wrong in a unit that is_secret. */
#define UNIT_WARNING_HIDDEN "not everybody may read this: supctl verify, as root, says it"
#define UNIT_ERROR_HIDDEN   "refused; not everybody may read why: supctl verify, as root, says it"

struct unit {
	const char *name;
	enum unit_type type;
	bool is_template; /* web@.service: never started, shown in list-unit-files */
	enum unit_load_state load_state;
	const char *load_error;    /* first error, or NULL */
	struct list aliases;       /* const char * */
	const char *fragment_path; /* NULL: none */
	struct list dropin_paths;  /* const char *, in the order applied */
	uint64_t files_mark;       /* of both: runtime/plan/filemark.h */
	const char *source_path;
	bool from_systemd; /* fragment is in one of systemd's directories */
	enum manifest_install_state install_state;
	uint32_t flags; /* enum manifest_unit_flags */
	const char *description;
	struct list documentation; /* struct unit_item */
	struct list deps;          /* struct unit_dep; sorted by kind, then name, no doubles */
	struct list conditions;    /* struct unit_condition, as written */
	struct list requires_mounts_for; /* struct unit_item: absolute paths */
	uint64_t job_timeout_us;
	uint64_t job_running_timeout_us;
	uint64_t start_limit_interval_us;
	uint32_t start_limit_burst;
	enum unit_emergency_action start_limit_action;
	enum unit_emergency_action success_action;
	enum unit_emergency_action failure_action;
	enum unit_emergency_action job_timeout_action;
	uint32_t success_exit_status; /* SuccessActionExitStatus= + 1; 0: the service's own */
	uint32_t failure_exit_status;
	const char *on_failure_job_mode; /* NULL: replace */

	struct unit_install install;
	struct unit_container container;
	struct unit_cgroup cgroup;
	/* NULL unless the unit runs commands: services, sockets, mounts and swaps. */
	struct unit_service *service;
	struct unit_exec *exec;
	struct unit_socket *socket; /* NULL unless it is a socket */
	struct unit_watch *watch;   /* NULL unless it is a path unit */
	struct list socket_units;   /* uint32_t: sockets of a service, by index in the set */
	bool many;                  /* a template that a socket with Accept=yes instantiates */
	struct unit_timer *timer;   /* NULL unless it is a timer */
	struct unit_mount *mount;   /* NULL unless it is a mount or a swap */

	struct list assignments; /* struct unit_assignment */
	bool is_secret;          /* not everybody may read all of its files */
	bool beside;             /* verify: found in the directory of a given file */
	bool refused;            /* an error was found: load_state is BAD_SETTING or ERROR */
};

/* All defaults of states.md; everything else zero. name must be valid. -ENOMEM. */
int unit_init(struct unit *u, struct arena *arena, const char *name);
/* Origin of the last assignment to a setting ("PrivateTmp"), or NULL: default. */
const char *unit_setting_origin(const struct unit *u, const char *setting);
/* Adds a dependency; doubles are removed later. */
int unit_add_dep(struct unit *u, struct arena *arena, const struct unit_dep *dep);
