// SPDX-License-Identifier: MIT
/*
 * supd-init <-> supd-launch: one job in, reports out, over one SEQPACKET pair (the launcher's
 * descriptor LAUNCH_FD). Also supd-init -> supd-load: descriptors by fixed numbers.
 *
 * supd-init executes one supd-launch, the stem, with another pair at LAUNCH_FD, and sends it struct
 * launch_more with the launcher's end of a new pair. The stem copies itself and answers with the
 * same record; the copy waits at its end for a job. With namespaces the message has a second
 * descriptor, the directory of the unit's cgroup: the copy is born in both, takes one job, for
 * which it is launcher and second stage in one, and no CHILD is reported.
 *
 * supd-init sends struct launch_job with the first descriptors, then as many struct launch_fds
 * messages as it takes to carry all job.n_fds of them. The launcher sends struct launch_report
 * records. End of file at supd-init means that the launcher and the second stage have closed their
 * ends: exec succeeded if the last record was LAUNCH_EXEC_NOW, else the process died before exec.
 */
#pragma once

#include <stdint.h>

#include "../base/enumtable.h"
#include "../base/limits.h"
#include "catalogue.h"
#include "wire.h"

#define LAUNCH_FD 3 /* the only descriptor of stem and launcher, beside 0-2 on /dev/null */

/*
 * Below the delegated root: a cgroup without processes at which the launcher keeps loaded programs.
 * No unit's can be called so, because their names never begin with a dot.
 */
#define LAUNCH_PROGRAMS_CGROUP ".programs"

#define LAUNCH_MAGIC           0x6e75616cu

/* What a descriptor of launch_fds is. */
enum launch_tag {
	LAUNCH_TAG_PLANS,       /* the catalogue's plans memfd, read-only */
	LAUNCH_TAG_CGROUP_ROOT, /* directory of the delegated root */
	LAUNCH_TAG_CGROUP,      /* directory of the unit's cgroup */
	LAUNCH_TAG_NSINIT,      /* the supd-nsinit program */
	LAUNCH_TAG_USERNS,      /* the slot's namespaces and tmp mount, when they exist */
	LAUNCH_TAG_IPCNS,
	LAUNCH_TAG_NETNS,
	LAUNCH_TAG_TMP,         /* detached mount of the private tmp */
	LAUNCH_TAG_CREDENTIALS, /* detached mount of the unit's credentials */
	LAUNCH_TAG_LOG,         /* write end of the slot's log stream (supd-log) */
	LAUNCH_TAG_LISTEN,      /* a socket of the slot, in order; repeated */
	LAUNCH_TAG_PARK,        /* peek end of a parking place, in order; repeated */
	LAUNCH_TAG_WATCH,       /* inotify descriptor: the launcher's, instead of the former */
	LAUNCH_TAG_NOTIFY_DIR,  /* O_PATH directory with the slot's notify socket */
	LAUNCH_TAG_TARGET,      /* JOIN: pidfd of a process of the unit */
	LAUNCH_TAG_COUNT,
};

struct launch_more {
	uint32_t magic;
	uint32_t index;      /* supd-init's, given back */
	int32_t pid;         /* in the answer: the launcher, a child of supd-init, or -errno */
	uint32_t namespaces; /* enum plan_namespaces: those that the copy is born in; 0: none */
};

struct launch_fds {
	uint32_t magic;
	uint32_t n;
	uint32_t tags[LIMIT_SCM_FDS];
};

struct launch_job {
	uint32_t magic;
	struct launch_fds fds; /* of this message */
	uint32_t catalogue;
	uint32_t entry;
	uint32_t slot;
	uint32_t n_fds;
	uint32_t require_controllers;
	struct wire_params params;
	struct wire_cause cause;
	int32_t main_pid;      /* the slot's main process in the initial pid namespace, 0: none */
	uint32_t use_journald; /* /run/systemd/journal/stdout is to be tried for the log */
	uint8_t invocation_id[16];
	uint32_t into_cgroup; /* the second stage may be cloned into the cgroup, else: join first */
	uint32_t born;        /* launch_more.namespaces of who gets this */
	uint32_t new_cgroup;  /* made for this job: nothing stands at it yet */
	uint32_t instance;    /* of a MANY unit; 0: none */
	uint32_t machine;     /* supd-init is a machine's PID 1: journald's files are ours */
	uint32_t n_listen[LIMIT_LISTEN_UNITS]; /* of LISTEN descriptors, by socket unit */
	char notify_path[256];                 /* absolute path of the socket, "" = none */
};

enum launch_report_type {
	LAUNCH_CHILD,    /* value: pid of the second stage, a child of supd-init */
	LAUNCH_FDS,      /* n descriptors with tags: USERNS … CREDENTIALS, LISTEN for the slot */
	LAUNCH_EXEC_NOW, /* second stage: the next thing is execve */
	LAUNCH_FAILED,   /* step, value = errno, text, origin */
	LAUNCH_RESULT,   /* value: the operation's result; the launcher exits next */
	LAUNCH_PAYLOAD,  /* with PLAN_NS_PID, sent by the payload itself before its EXEC_NOW: its
			    pid is the sender's in SCM_CREDENTIALS (supd-init's end has
			    SO_PASSCRED); value is meaningless */
	LAUNCH_EXITED,   /* supd-nsinit: si_code = step, status = value, of the payload */
	LAUNCH_STALE, /* the plan names a user that did not exist at load, and files have changed */
	LAUNCH_EXECED, /* supd-nsinit: the payload's execve succeeded. With PLAN_NS_PID this stands
			  for the end of file, because supd-nsinit holds the socket as long as it
			  lives. FAILED without EXECED: exec failed, EXITED follows all the same */
	LAUNCH_SOURCE, /* text: who has connected. supd-init answers with one byte, 'y' or 'n' */
	LAUNCH_REPORT_COUNT,
};

struct launch_report {
	uint32_t magic;
	uint32_t type;
	uint32_t step; /* enum launch_step */
	int32_t value;
	uint32_t n_tags;
	uint32_t tags[8];
	char text[LIMIT_FAIL_TEXT];
	char origin[LIMIT_FAIL_ORIGIN];
};

/* Steps of a launch, in their order; the name goes into the message. */
enum launch_step {
	STEP_JOB,         /* the job record itself */
	STEP_PLAN,        /* decoding */
	STEP_USERS,       /* stale users */
	STEP_CGROUP,      /* joining, limits, programs */
	STEP_DIRECTORIES, /* RuntimeDirectory= … */
	STEP_ENVIRONMENT, /* EnvironmentFile= */
	STEP_STDIO,
	STEP_CLONE,
	STEP_IDMAP,
	STEP_NAMESPACES,
	STEP_RLIMITS,
	STEP_KEYRING,
	STEP_MOUNTS,
	STEP_ROOT,
	STEP_LABEL,
	STEP_PROCESS, /* nice, umask, scheduling, … */
	STEP_WORKING_DIR,
	STEP_CREDENTIALS, /* uid, gid, groups, capabilities */
	STEP_LANDLOCK,
	STEP_DESCRIPTORS,
	STEP_SECCOMP,
	STEP_EXEC,
	STEP_CREDENTIALS_DIR, /* LoadCredential= and its kin */
	STEP_SOCKETS,         /* BIND */
	STEP_PIDFILE,
	STEP_CONDITIONS,
	STEP_CLEAN,
	STEP_WATCH,
	STEP_CRASHED, /* set by supd-init: the launcher died without a word */
	STEP_COUNT,
};
ENUM_DECLARE(launch_step, enum launch_step);

/* supd-load's descriptors. `supd-load --settings -- ARGV…` has only LOAD_FD_SETTINGS. */
enum load_fd {
	LOAD_FD_PLANS = 3,      /* memfd to write the plans to */
	LOAD_FD_MANIFEST = 4,   /* memfd to write the manifest to */
	LOAD_FD_PREV_PLANS = 5, /* previous catalogue, read-only; /dev/null when none */
	LOAD_FD_PREV_MANIFEST = 6,
	LOAD_FD_IDTABLE = 7,  /* table of id ranges: O_RDWR without O_APPEND (records are written
				 over), locked by flock */
	LOAD_FD_SETTINGS = 8, /* struct settings: read; with --settings a memfd to write it to */
};
