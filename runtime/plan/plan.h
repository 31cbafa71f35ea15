// SPDX-License-Identifier: MIT
/*
 * A plan is everything supd-launch needs to carry out one catalogue entry: numeric, absolute,
 * resolved. supd-load compiles it from unit files; supd-launch decodes it, checks it again and does
 * it. No name is looked up afterwards, no default is filled in: what is not here does not happen.
 *
 * All structs are described by TLV tables (plan.c); a field is added by one member here and one
 * row there. Pointers lead into the decoded catalogue or the arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalogue.h"
#include "logfile.h"
#include "tlv.h"
#include "unitenum.h"

enum plan_op {
	PLAN_EXEC,      /* start a process of the service */
	PLAN_CHECK,     /* evaluate conditions and asserts; result: index of the first that fails */
	PLAN_CLEAN,     /* remove runtime directories, private tmp, IPC objects of the unit */
	PLAN_READPID,   /* wait for and read PIDFile=; result: pid */
	PLAN_REALIZE,   /* write cgroup limits of a live unit or slice */
	PLAN_BIND,      /* bind and listen the sockets of a socket unit into the slot */
	PLAN_FLUSH,     /* FlushPending=: throw away what waits in the slot's sockets */
	PLAN_WATCH,     /* judge a path unit and leave an inotify descriptor in the slot */
	PLAN_AUTOMOUNT, /* an autofs mount, whose pipe is left in the slot; who waits is answered */
	PLAN_JOIN,      /* a process beside a running one; supctl makes it, never supd-load */
	PLAN_DISCARD,   /* `supctl clean`: remove directories of the kinds in the parameters */
	PLAN_OP_COUNT,
};

enum plan_namespaces {
	PLAN_NS_USER = 1 << 0,
	PLAN_NS_MOUNT = 1 << 1,
	PLAN_NS_PID = 1 << 2, /* with supd-nsinit as its init */
	PLAN_NS_IPC = 1 << 3,
	PLAN_NS_UTS = 1 << 4,
	PLAN_NS_CGROUP = 1 << 5,
	PLAN_NS_NET = 1 << 6, /* with the loopback device up */
};

enum plan_flags {
	PLAN_NO_NEW_PRIVS = 1 << 0,
	PLAN_NO_ENV_EXPANSION = 1 << 1, /* ':' prefix */
	PLAN_PRIVATE_TMP = 1 << 2,      /* the slot's tmpfs on /tmp and /var/tmp */
	PLAN_PRIVATE_DEVICES =
		1 << 3,           /* /dev is a fresh tmpfs with the six nodes, pts, shm, mqueue */
	PLAN_PROC_FRESH = 1 << 4, /* mount a new proc (needs PLAN_NS_PID to be useful) */
	PLAN_PROC_SUBSET_PID = 1 << 5,
	PLAN_IGNORE_SIGPIPE = 1 << 6,
	PLAN_KEYRING_PRIVATE = 1 << 7, /* new session keyring */
	PLAN_WORKDIR_MISSING_OK = 1 << 8,
	PLAN_NOTIFY_FD = 1 << 9, /* NOTIFY_SOCKET is set, the notify directory bound inside */
	PLAN_PASS_LISTEN_FDS =
		1 << 10,              /* LISTEN_FDS: the slot's sockets, then stored descriptors */
	PLAN_PASS_WATCHDOG = 1 << 11, /* WATCHDOG_USEC, WATCHDOG_PID from launch_job.params */
	PLAN_PASS_MAINPID = 1 << 12,  /* MAINPID, for control commands */
	PLAN_PASS_RESULT = 1 << 13,   /* SERVICE_RESULT, EXIT_CODE, EXIT_STATUS */
	PLAN_MDWE = 1 << 14,          /* PR_SET_MDWE on top of seccomp, where the kernel has it */
	PLAN_TTY_RESET = 1 << 15,
	PLAN_DYNAMIC_USER = 1 << 16,
	PLAN_REMOVE_IPC = 1 << 17,     /* CLEAN: remove SysV and POSIX IPC objects of the uid */
	PLAN_ROOT_READ_ONLY = 1 << 18, /* everything read-only but the rows below */
	PLAN_UNLINK_PIDFILE = 1 << 19, /* CLEAN removes pid_file; EXEC too before it starts */
	PLAN_PROC_INSTANCE =
		1 << 20, /* a proc mount of its own of the PID namespace that the launcher is in,
			    for proc_hide and PLAN_PROC_SUBSET_PID; not with PLAN_NS_PID */
	PLAN_ACCEPT = 1 << 21,           /* takes one connection of the listening sockets: fd 3 */
	PLAN_NON_BLOCKING = 1 << 22,     /* passed descriptors get O_NONBLOCK */
	PLAN_CREDENTIALS_KEPT = 1 << 24, /* the slot's credentials do, where it has some */
	PLAN_API_VFS = 1 << 25, /* with a root of its own: /proc, /sys, /dev, /run as the host has
				   them, where no other flag gives better ones */
	PLAN_CGROUP_MOUNT = 1 << 26, /* a cgroup file system of its own cgroup namespace */
	PLAN_CGROUP_READ_ONLY = 1 << 27,
	PLAN_IDMAP_ROOT = 1 << 28, /* ids of the root's files are ids of the user namespace */
	PLAN_KEEP_GROUP = 1 << 29, /* stays in supd-init's process group: autofs lets it through */
};

#define PLAN_CREDENTIALS_DIR "/run/credentials"

/* What other users' processes look like in /proc: the numbers of proc(5)'s hidepid=. */
enum plan_proc_hide {
	PLAN_PROC_HIDE_NONE = 0,
	PLAN_PROC_HIDE_NO_ACCESS = 1,
	PLAN_PROC_HIDE_INVISIBLE = 2,
	PLAN_PROC_HIDE_PTRACEABLE = 4, /* … also of processes of its own that it may not trace */
};

/* One line of uid_map or gid_map. */
struct plan_idmap {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

enum plan_mount_kind {
	PLAN_MOUNT_BIND,         /* source onto target, writable unless READ_ONLY */
	PLAN_MOUNT_READ_ONLY,    /* the subtree at target becomes read-only */
	PLAN_MOUNT_READ_WRITE,   /* … stays writable below a read-only parent */
	PLAN_MOUNT_INACCESSIBLE, /* target is hidden: an empty mode-0 directory or node */
	PLAN_MOUNT_TMPFS,        /* fresh tmpfs; options: "mode=…,size=…" */
	PLAN_MOUNT_EXEC,         /* ExecPaths= */
	PLAN_MOUNT_NOEXEC,       /* NoExecPaths= */
	PLAN_MOUNT_IMAGE,        /* the file system in the file source; options are its */
	PLAN_MOUNT_EXTENSION,    /* directories laid over target, options: extension.h */
	PLAN_MOUNT_KIND_COUNT,
};

enum plan_mount_flags {
	PLAN_MOUNT_F_IGNORE_MISSING = 1 << 0, /* '-' prefix */
	PLAN_MOUNT_F_READ_ONLY = 1 << 1,
	PLAN_MOUNT_F_NOEXEC = 1 << 2,
	PLAN_MOUNT_F_NON_RECURSIVE = 1 << 3,
	PLAN_MOUNT_F_CREATE = 1 << 4, /* make the source directory first, owned by the unit */
	PLAN_MOUNT_F_NOSUID = 1 << 5,
	PLAN_MOUNT_F_NODEV = 1 << 6,
	PLAN_MOUNT_F_IDMAP = 1 << 7, /* ids of its files are ids of the user namespace */
	PLAN_MOUNT_F_IDMAP_OWNER = 1
				   << 8, /* nobody's files are dirs_uid's, if its top is nobody's */
};

#define PLAN_UID_NOBODY 65534u

/* Sorted by target, parents first; supd-launch applies them in order. */
struct plan_mount {
	uint32_t kind;
	uint32_t flags;
	const char *source; /* absolute, or NULL */
	const char *target; /* absolute, no "..", no "." */
	const char *options;
	const char *origin; /* "web.service:14", or "profile standard" */
};

enum plan_dir_kind {
	PLAN_DIR_RUNTIME, /* below /run */
	PLAN_DIR_STATE,
	PLAN_DIR_CACHE,
	PLAN_DIR_LOGS,
	PLAN_DIR_CONFIGURATION,
	PLAN_DIR_KIND_COUNT,
};

/* RuntimeDirectory= and its kin. */
struct plan_dir {
	uint32_t kind;
	uint32_t mode;
	const char *path;  /* absolute: /run/NAME */
	uint32_t preserve; /* enum fdstore_preserve: no, yes, restart */
	const char *origin;
	uint32_t flags;        /* enum plan_dir_flags */
	struct tlv_strv links; /* absolute: symbolic links to path, EXEC makes them */
	const char *real;      /* TOP/private/NAME, to which path is a symbolic link; NULL: path
				  itself. EXEC moves a directory of the other form */
};

enum plan_dir_flags {
	PLAN_DIR_READ_ONLY = 1 << 0, /* for the unit */
};

/* The directory of a kind, without a name: "/var/lib". */
const char *plan_dir_top(uint32_t kind);
/* True for kinds of which a dynamic user's are below TOP/private. */
bool plan_dir_may_be_private(uint32_t kind);

struct plan_rlimit {
	uint32_t resource; /* RLIMIT_* */
	uint64_t soft;     /* UINT64_MAX: infinity */
	uint64_t hard;
	const char *origin;
};

struct plan_env_file {
	const char *path;
	uint32_t optional; /* '-' prefix */
	const char *origin;
};

enum plan_credential_kind {
	PLAN_CREDENTIAL_LOAD, /* LoadCredential=: a file, a directory, a stream socket, or a name */
	PLAN_CREDENTIAL_IMPORT, /* ImportCredential=: what the stores have of a pattern */
	PLAN_CREDENTIAL_SET,    /* SetCredential=: for what the other two did not bring */
	PLAN_CREDENTIAL_KIND_COUNT,
};

/* In the order of their kinds; the first that brings a name wins. */
struct plan_credential {
	uint32_t kind;
	const char *name;      /* file name; IMPORT: pattern of names, fnmatch(3) */
	const char *source;    /* LOAD: absolute path, or name in the stores; IMPORT: what stands in
				  place of the pattern up to its first special character, or NULL */
	struct tlv_bytes data; /* SET */
	const char *origin;
};

/* What the program is told of its cgroup's memory.pressure, in $MEMORY_PRESSURE_WATCH. */
enum plan_pressure {
	PLAN_PRESSURE_NONE, /* nothing */
	PLAN_PRESSURE_OFF,  /* that it shall not watch: /dev/null */
	PLAN_PRESSURE_ON,   /* where the file is, which becomes its user's, if it can be written */
	PLAN_PRESSURE_OPEN, /* … which it can: it is opened where the unit's walls are shut */
	PLAN_PRESSURE_COUNT,
};

/* The kernel lets an unprivileged process watch in windows that are multiples of this one. */
#define PLAN_PRESSURE_WINDOW_US 2000000u

/* When a limit holds. */
enum plan_limit_phase {
	PLAN_LIMIT_ALWAYS,
	PLAN_LIMIT_STARTUP, /* until the first transaction is through: WIRE_RUN_STARTUP */
	PLAN_LIMIT_LATER,
	PLAN_LIMIT_PHASE_COUNT,
};

/* One control file of the unit's cgroup; also of the slices above, by path relative to the root. */
struct plan_cgroup_write {
	const char *cgroup; /* NULL: the unit's own */
	const char *file;   /* "memory.max" */
	const char *value;
	const char *device;     /* path whose block device's numbers come before the value */
	const char *controller; /* "memory" */
	uint32_t required;      /* 0: skipped when the controller is not there */
	const char *origin;     /* names the setting: "MemoryMax= (web.service:9)" */
	uint32_t phase;         /* enum plan_limit_phase */
};

enum plan_label_kind {
	PLAN_LABEL_SELINUX,
	PLAN_LABEL_APPARMOR,
	PLAN_LABEL_SMACK,
	PLAN_LABEL_KIND_COUNT,
};

/* A security module's label for the program. */
struct plan_label {
	uint32_t kind;     /* enum plan_label_kind */
	uint32_t optional; /* one that cannot be applied is no error */
	const char *text;  /* without blanks, shorter than LIMIT_LABEL */
	const char *origin;
};

/* What Landlock is to restrict; what no rule then allows is refused. */
enum plan_landlock_handled {
	PLAN_LANDLOCK_FILES = 1 << 0,
	PLAN_LANDLOCK_BIND = 1 << 1,     /* TCP ports, but landlock_ports */
	PLAN_LANDLOCK_CONNECT = 1 << 2,  /* all TCP connections */
	PLAN_LANDLOCK_ABSTRACT = 1 << 3, /* abstract unix sockets of others */
	PLAN_LANDLOCK_SIGNALS = 1 << 4,  /* signals to others */
	PLAN_LANDLOCK_HANDLED_ALL = (1 << 5) - 1,
};

enum plan_landlock_access {
	PLAN_LANDLOCK_READ = 1 << 0,
	PLAN_LANDLOCK_EXECUTE = 1 << 1,
	PLAN_LANDLOCK_WRITE = 1 << 2,  /* and making, removing, renaming; no device nodes */
	PLAN_LANDLOCK_DEVICE = 1 << 3, /* ioctl(2) on device nodes */
	PLAN_LANDLOCK_ACCESS_ALL = (1 << 4) - 1,
};

/* A path, as the unit sees it, and what may be done there and below. */
struct plan_landlock {
	const char *path; /* absolute; no rule where there is nothing */
	uint32_t access;  /* enum plan_landlock_access */
};

enum plan_bpf_hook {
	PLAN_BPF_DEVICE,  /* opening and making of device nodes */
	PLAN_BPF_INGRESS, /* packets that come in */
	PLAN_BPF_EGRESS,
	PLAN_BPF_BIND4, /* bind(2) of IPv4 sockets */
	PLAN_BPF_BIND6,
	PLAN_BPF_HOOK_COUNT,
};

/* One program at the unit's cgroup. All at one hook must allow. */
struct plan_bpf {
	uint32_t hook;       /* enum plan_bpf_hook */
	uint32_t optional;   /* a second wall: left out where the kernel lets us attach none */
	uint64_t offset;     /* blob of struct bpf_insn in the catalogue */
	uint32_t size;       /* bytes */
	const char *setting; /* "DeviceAllow=", for messages */
	const char *origin;
};

enum plan_bpf_fixup_kind {
	PLAN_BPF_FIX_NODE,      /* three comparisons get the node's type, major and minor */
	PLAN_BPF_FIX_INTERFACE, /* one comparison gets the interface's index */
	PLAN_BPF_FIXUP_KIND_COUNT,
};

/* Numbers that are known at the start only: they are written into the program's comparisons. */
struct plan_bpf_fixup {
	uint32_t kind;     /* enum plan_bpf_fixup_kind */
	uint32_t program;  /* index in plan.bpf */
	uint32_t insn;     /* index of the first instruction */
	uint32_t required; /* a name that is not there fails the start; else it matches nothing */
	const char *name;  /* path of a node, or name of an interface */
	const char *origin;
};

struct plan_condition {
	uint32_t type; /* enum condition_type */
	uint32_t negate;
	uint32_t trigger; /* '|' */
	uint32_t assert;
	const char *parameter;
	const char *origin;
};

struct plan_stdio {
	uint32_t kind;         /* enum stdio_kind */
	const char *path;      /* file, or fd name */
	struct tlv_bytes data; /* STDIO_DATA */
	const char *origin;    /* "web.service:9"; NULL: nobody has set it */
};

/* One file that journald reads: logfile.h. */
struct plan_log_file {
	uint32_t kind;         /* enum logfile_kind */
	const char *text;      /* of a symbolic link … */
	struct tlv_bytes data; /* … or of EXTRA_FIELDS */
	const char *origin;
};

enum plan_socket_kind {
	PLAN_SOCKET_SOCKET,
	PLAN_SOCKET_FIFO,
	PLAN_SOCKET_SPECIAL, /* a file of /dev, /proc or /sys that is opened */
	PLAN_SOCKET_MQUEUE,  /* path is the queue's name, "/x" */
	PLAN_SOCKET_KIND_COUNT,
};

/* One descriptor of PLAN_BIND. */
struct plan_socket {
	uint32_t kind;   /* enum plan_socket_kind */
	uint32_t family; /* AF_* */
	uint32_t type;   /* SOCK_*; 0 unless it is a socket */
	uint32_t protocol;
	const char *path;         /* AF_UNIX path, "@name", or the path of what is no socket */
	struct tlv_bytes address; /* struct sockaddr of AF_INET, AF_INET6, AF_VSOCK, AF_NETLINK */
	uint32_t any_family;      /* a bare port: IPv4 where there is no IPv6 */
	const char *scope;        /* interface of an IPv6 address, or NULL */
	uint32_t mode;
	uint32_t dir_mode;
	uint32_t uid, gid; /* owner of the path */
	uint32_t backlog;  /* 0: the kernel's greatest */
	uint32_t v6only;   /* 0 default, 1 both, 2 ipv6-only */
	uint32_t flags;    /* enum plan_socket_flags */
	const char *fd_name;
	const char *origin;
	const char *text; /* as written, for messages */
	/* 0 or NULL: as the kernel has it; what may be 0 has a flag */
	const char *device; /* SO_BINDTODEVICE */
	const char *congestion;
	uint32_t keepalive_time_s, keepalive_interval_s, keepalive_probes;
	uint32_t defer_accept_s;
	uint32_t receive_buffer, send_buffer;
	int32_t priority;
	uint32_t tos, ttl, mark;
	uint32_t timestamping; /* 1: microseconds, 2: nanoseconds */
	uint64_t pipe_size;
	uint32_t mq_messages, mq_message_size; /* both or none */
	const char *smack, *smack_in, *smack_out;
};

enum plan_socket_flags {
	PLAN_SOCKET_REUSE_PORT = 1 << 0,
	PLAN_SOCKET_KEEP_ALIVE = 1 << 1,
	PLAN_SOCKET_PASS_CRED = 1 << 2,
	PLAN_SOCKET_FREE_BIND = 1 << 3,
	PLAN_SOCKET_NO_DELAY = 1 << 4,
	PLAN_SOCKET_TRANSPARENT = 1 << 5,
	PLAN_SOCKET_BROADCAST = 1 << 6,
	PLAN_SOCKET_PASS_SEC = 1 << 7,
	PLAN_SOCKET_REMOVE_ON_STOP = 1 << 8,
	PLAN_SOCKET_PASS_PKTINFO = 1 << 9,
	PLAN_SOCKET_WRITABLE = 1 << 10, /* SPECIAL: opened for writing too */
	PLAN_SOCKET_SET_PRIORITY = 1 << 11,
	PLAN_SOCKET_SET_TOS = 1 << 12,
	PLAN_SOCKET_SET_MARK = 1 << 13,
};

enum plan_watch_type {
	PLAN_WATCH_EXISTS,
	PLAN_WATCH_EXISTS_GLOB,
	PLAN_WATCH_CHANGED,
	PLAN_WATCH_MODIFIED,
	PLAN_WATCH_NOT_EMPTY,
	PLAN_WATCH_TYPE_COUNT,
};

/* One line of a path unit. */
struct plan_watch {
	uint32_t type;     /* enum plan_watch_type */
	const char *path;  /* absolute; with EXISTS_GLOB the pattern */
	uint32_t make;     /* MakeDirectory=: made as a directory if it is missing … */
	uint32_t dir_mode; /* … with this mode */
	const char *origin;
};

struct plan {
	uint32_t op;        /* enum plan_op */
	const char *unit;   /* name, for messages and the journal */
	const char *origin; /* "web.service:12": where the command stands */

	/* what to run */
	const char *path;     /* absolute, or a name searched in the fixed list of directories */
	struct tlv_strv argv; /* before $VAR expansion, argv[0] included */
	uint32_t flags;       /* enum plan_flags */
	struct tlv_strv env;  /* K=V, final; USER, HOME, … already in it */
	struct tlv_array env_files; /* struct plan_env_file; later wins, over env */
	struct tlv_strv unset_env;
	uint32_t stale_users; /* a name was not found at load: STALE when the stamps have changed */
	const char *stale_name;   /* which: "User=web"; with stale_users */
	const char *stale_origin; /* "web.service:7" */

	/* who */
	uint32_t uid, gid; /* in the initial user namespace's numbers */
	struct tlv_u32v groups;
	struct tlv_array uid_map; /* struct plan_idmap; with PLAN_NS_USER */
	struct tlv_array gid_map;

	/* walls */
	uint32_t namespaces;     /* enum plan_namespaces */
	struct tlv_array mounts; /* struct plan_mount */
	const char *root_dir;
	const char *root_image;         /* file with a file system, in place of root_dir */
	const char *root_image_options; /* "ro,noatime" of that file system, or NULL */
	const char *host_name;          /* with PLAN_NS_UTS, or NULL */
	const char *hide_dir;  /* supd's runtime directory: hidden but for the notify directory */
	uint64_t cap_bounding; /* masks, bit = capability number */
	uint64_t cap_ambient;
	uint64_t cap_effective; /* what root-in-service or an ambient set keeps; else 0 */
	uint32_t securebits;
	uint64_t seccomp_offset; /* blob of struct sock_filter, 0 = none */
	uint32_t seccomp_size;   /* bytes */
	uint64_t quiet_offset; /* a second program, installed first: what it denies is not logged */
	uint32_t quiet_size;
	struct tlv_array cgroup_writes;  /* struct plan_cgroup_write */
	uint32_t pressure;               /* enum plan_pressure; EXEC */
	uint64_t pressure_us;            /* stalled per PLAN_PRESSURE_WINDOW_US; with ON, OPEN */
	struct tlv_array bpf;            /* struct plan_bpf; EXEC and REALIZE */
	struct tlv_array bpf_fixups;     /* struct plan_bpf_fixup */
	struct tlv_array labels;         /* struct plan_label */
	uint32_t landlock;               /* enum plan_landlock_handled */
	struct tlv_array landlock_rules; /* struct plan_landlock */
	struct tlv_u32v landlock_ports;  /* TCP ports that may be bound */
	uint32_t proc_hide; /* enum plan_proc_hide; with PLAN_PROC_FRESH or PLAN_PROC_INSTANCE */

	/* process attributes */
	struct tlv_array rlimits; /* struct plan_rlimit */
	uint32_t umask;
	uint32_t nice_set;
	int32_t nice;
	uint32_t oom_score_adj_set;
	int32_t oom_score_adj;
	uint32_t ioprio_set;
	uint32_t ioprio; /* class << 13 | level */
	uint32_t sched_set;
	uint32_t sched_policy;
	uint32_t sched_priority;
	uint32_t sched_reset_on_fork;
	uint64_t timer_slack_ns; /* 0: unchanged */
	uint32_t personality_set;
	uint32_t personality; /* PER_* */
	uint32_t numa_set;
	uint32_t numa_policy;        /* MPOL_* */
	struct tlv_bytes numa_nodes; /* bits, whole words, little endian */
	uint32_t coredump_filter_set;
	uint64_t coredump_filter;
	uint32_t ksm_set;
	uint32_t ksm;
	uint32_t keyring_shared; /* with PLAN_KEYRING_PRIVATE: the user's keyring is linked in */
	const char *netns_path;  /* with PLAN_NS_NET, PLAN_NS_IPC: entered instead of made */
	const char *ipcns_path;
	struct tlv_bytes cpu_affinity; /* cpu_set_t bits, little endian; empty: all */
	const char *working_dir;
	const char *working_dir_origin; /* NULL: nobody has set it */

	/* streams */
	struct tlv_array stdio; /* struct plan_stdio [3]: in, out, err */
	const char *tty_path;
	const char *tty_origin;
	const char *log_identifier;
	uint32_t log_priority;
	uint32_t log_level_prefix;
	const char *log_namespace;  /* name of the journald that the log goes to, or NULL */
	struct tlv_array log_files; /* struct plan_log_file */

	/* directories, EXEC, CLEAN and DISCARD */
	struct tlv_array dirs;       /* struct plan_dir */
	uint32_t dirs_uid, dirs_gid; /* whose they are: the unit's user, whoever runs the command */

	/* $CREDENTIALS_DIRECTORY, which is PLAN_CREDENTIALS_DIR/UNIT */
	struct tlv_array credentials; /* struct plan_credential */

	/* CHECK */
	struct tlv_array conditions; /* struct plan_condition */

	/* READPID, CLEAN */
	const char *pid_file;
	uint64_t timeout_us; /* READPID, DISCARD */

	/* BIND, CLEAN */
	struct tlv_array sockets; /* struct plan_socket */
	struct tlv_strv symlinks; /* Symlinks= to the first path of sockets */

	/* EXEC: names of the descriptors of the catalogue unit's sockets, in their order */
	struct tlv_strv listen_names;

	/* WATCH; AUTOMOUNT: one, whose path is the place */
	struct tlv_array watches;  /* struct plan_watch */
	const char *mount_options; /* AUTOMOUNT: further ones of autofs, or NULL */
};

extern const struct tlv_schema plan_schema;

/* A file name of printable ASCII without blanks, '/' and ':', as systemd's credentials have. */
bool plan_credential_name_is_valid(const char *name);

/* Appends the plan to buf. -ENOMEM, -E2BIG. */
int plan_encode(struct tlv_buf *buf, const struct plan *plan);
/*
 * Decodes and validates: enums in range, paths absolute without "..", ids below 2^31, counts
 * within limits.h, seccomp blob within the catalogue. -EBADMSG, -ENOMEM.
 */
int plan_decode(const struct catalogue *c, uint32_t entry, struct arena *arena, struct plan *ret);
