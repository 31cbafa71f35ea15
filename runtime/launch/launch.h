// SPDX-License-Identifier: MIT
/*
 * What one run of supd-launch holds: the job, the descriptors by tag, the decoded plan and what the
 * steps make for each other. One process, one operation; nothing is freed, the exit does that.
 *
 * Steps return 0 or -errno. The step that fails names its object with launch_fail(); the loop
 * that ran it sends {step, errno, text, origin} and ends the process.
 */
#pragma once

#include <stdbool.h>

#include "../base/arena.h"
#include "../plan/launchwire.h"
#include "../plan/plan.h"

#define LAUNCH_ARENA     (4u * 1024u * 1024u) /* untouched pages cost nothing */
#define LAUNCH_ENV_EXTRA 30u                  /* variables that the launcher itself adds */

/* Detached mounts that the launcher prepares for the second stage; -1: none. */
struct launch_trees {
	int root;     /* RootDirectory= */
	int proc;     /* /proc with less to see */
	int dev;      /* private /dev with its nodes */
	int *node;    /* one per trees_nodes row where mknod is refused, the host's; or NULL */
	int pts;      /* a devpts instance of its own */
	int shm;      /* /dev/shm */
	int tmp;      /* /tmp */
	int var_tmp;  /* /var/tmp */
	int empty;    /* mode-0 directory for masks */
	int null;     /* host's /dev/null, for masked files */
	int hide;     /* what stands in place of the runtime directory */
	int notify;   /* the slot's notify directory */
	int host_dev; /* the host's, where dev is not private */
	int sys;
	int run;
	int stores;      /* what stands in place of PLAN_CREDENTIALS_DIR */
	int credentials; /* the unit's, read-only */
	int *row;        /* one per plan.mounts row; ROW_SKIPPED: source is missing and may be */
	char **target;   /* where a row goes if not where it says: target.h; or NULL */
	bool empty_used;
	bool null_used;
};

#define ROW_SKIPPED (-2)

struct launch {
	int sock; /* to supd-init */
	struct launch_job job;
	int fds[LAUNCH_TAG_COUNT]; /* the tags that come once; -1: not given */
	int listen[LIMIT_LISTEN_FDS];
	uint32_t n_listen;
	int park[LIMIT_FDSTORE_PER_UNIT];
	uint32_t n_park;
	struct catalogue catalogue;
	const struct catalogue_unit *unit;
	struct plan plan;
	struct arena arena;

	int stdio[3];
	bool journal_stream[2];   /* stdout, stderr lead to journald */
	bool tmp_is_new;          /* LAUNCH_TAG_TMP was made by us: for the slot to keep */
	bool credentials_are_new; /* LAUNCH_TAG_CREDENTIALS likewise */
	bool userns_is_new;       /* LAUNCH_TAG_USERNS likewise */
	bool ipcns_is_new;        /* LAUNCH_TAG_IPCNS likewise */
	bool netns_is_new;        /* LAUNCH_TAG_NETNS likewise */
	struct launch_trees trees;
	struct tlv_strv file_env; /* from EnvironmentFile=, K=V */
	const char *trigger_unit; /* $TRIGGER_UNIT … */
	const char *trigger_path; /* … $TRIGGER_PATH … */
	const char *monitor_unit; /* … and $MONITOR_UNIT, or NULL */
	const char *pressure;     /* memory.pressure of the unit's cgroup, as the unit sees it, or
				     NULL */
	int cgroup_procs;         /* of the unit's cgroup; 0: not opened */
	uint64_t remove_until_us; /* DISCARD: removing ends then; 0: it is bounded by limits.h */
	char *title;              /* our name in the list of processes; may be written over */
	uint32_t born;            /* launch_more.namespaces: what we were born in */
	int go[2];                /* go byte: read end in the second stage, write end here */
	bool exec_called;         /* the payload has called execve */
	bool exec_failed;         /* and it came back */
	bool born_inside;         /* cloned into the cgroup: the launcher is not in it */
	int owner_ns;             /* maps nobody to the directories' owner; 0: not made yet */
	int pid;                  /* second stage, as the launcher sees it */
	int root_fd;              /* root of the new tree, in the second stage */
	int proc_fd;              /* the launcher's /proc, for labels; -1: none */
	int landlock_fd;          /* rules that are not in force yet; -1: none */

	char remote_addr[48]; /* Accept=yes: of the connection; "" where it has none */
	char remote_port[24];
	char source[64];            /* whom MaxConnectionsPerSource= counts */
	char text[LIMIT_FAIL_TEXT]; /* object of the failure */
	char origin[LIMIT_FAIL_ORIGIN];
};

struct launch_row {
	enum launch_step step;
	int (*run)(struct launch *l);
};

/* Names the object of a failure ("bind " + "/srv/x"; b may be NULL) and returns error. */
int launch_fail(struct launch *l, int error, const char *origin, const char *a, const char *b);
/* Runs rows in order; the first failure is reported, and its -errno returned. */
int launch_run(struct launch *l, const struct launch_row *rows, size_t n);

/* Reports to supd-init. launch_report_write uses write(2) alone, which filters let through. */
int launch_report(struct launch *l, enum launch_report_type type, uint32_t step, int32_t value);
int launch_report_fds(struct launch *l, const uint32_t *tags, const int *fds, uint32_t n);
void launch_report_failed(struct launch *l, enum launch_step step, int error);

static inline bool launch_has(const struct launch *l, enum plan_flags flag)
{
	return (l->plan.flags & (uint32_t)flag) != 0;
}

static inline bool launch_has_ns(const struct launch *l, enum plan_namespaces ns)
{
	return (l->plan.namespaces & (uint32_t)ns) != 0;
}

/* Launch step: takes a connection. */
int launch_accept(struct launch *l);
/* Name of the i-th passed socket for LISTEN_FDNAMES. */
const char *launch_listen_name(const struct launch *l, uint32_t i);

/* The operations, one per enum plan_op. RESULT is reported by the caller with *ret_value. */
int launch_op_exec(struct launch *l, int32_t *ret_value);
int launch_op_check(struct launch *l, int32_t *ret_value);
int launch_op_clean(struct launch *l, int32_t *ret_value);
int launch_op_readpid(struct launch *l, int32_t *ret_value);
int launch_op_realize(struct launch *l, int32_t *ret_value);
int launch_op_discard(struct launch *l, int32_t *ret_value);
int launch_op_bind(struct launch *l, int32_t *ret_value);
int launch_op_flush(struct launch *l, int32_t *ret_value);
int launch_op_watch(struct launch *l, int32_t *ret_value);
int launch_op_automount(struct launch *l, int32_t *ret_value);
int launch_op_join(struct launch *l, int32_t *ret_value);

/* The plan and the catalogue are unmapped: for who stays without executing another program. */
void launch_forget(struct launch *l);

/* Parts of EXEC that JOIN shares: not dumpable, signals blocked; a keyring of its own; and all that
 * the payload does before it is executed. Only failures come back from the last. */
int launch_hide(struct launch *l);
int launch_join_keyring(struct launch *l);
int launch_run_payload(struct launch *l);
