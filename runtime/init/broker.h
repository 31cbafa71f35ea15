// SPDX-License-Identifier: MIT
/*
 * The state of supd-init. There is one static struct broker, in main.c; every module gets it as
 * its first argument. What must outlive an exec or a killed supd-init is in struct table, which is
 * a shared mapping of RUNTIME/init/table (a memfd for PID 1); everything else is rebuilt.
 *
 * Nothing here is ever allocated: tables have fixed sizes, untouched pages cost nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/limits.h"
#include "../plan/catalogue.h"
#include "../plan/launchwire.h"
#include "../plan/logwire.h"
#include "../plan/settings.h"
#include "../plan/wire.h"
#include "grace.h"
#include "logsend.h"
#include "spawn.h"
#include "warm.h"

#define TABLE_MAGIC   0x6c626174u
#define TABLE_VERSION 5u

/* Low descriptors with fixed numbers. */
enum low_fd {
	LOW_FD_SPARE = 3, /* what children get as their first own descriptor */
	LOW_FD_NULL,
	LOW_FD_LAUNCH,
	LOW_FD_NSINIT,
	LOW_FD_LOAD,
	LOW_FD_SUPD,
	LOW_FD_LOG,
	LOW_FD_BOOT,
	LOW_FD_UMOUNT,
	LOW_FD_END,
};

/* A place as one number: slot * ENTRY_KIND_COUNT + kind. */
#define REF_NONE  UINT32_MAX
#define REF_COUNT (LIMIT_SLOTS * ENTRY_KIND_COUNT)

struct place {
	uint8_t phase;      /* enum wire_phase */
	bool pending;       /* LAUNCHING, but no launcher has been started yet */
	bool worker;        /* the launcher itself is the process (ENTRY_WORK) */
	bool release;       /* CLEAN on behalf of RELEASE */
	bool clean;         /* the entry is the unit's CLEAN or DISCARD */
	bool exec_now;      /* LAUNCH_EXEC_NOW was seen */
	bool failed;        /* LAUNCH_FAILED or LAUNCH_STALE was seen */
	bool result;        /* LAUNCH_RESULT was seen */
	bool reported_exit; /* LAUNCH_EXITED was seen: exit_code, exit_status are the payload's */
	bool nsinit;        /* child is supd-nsinit */
	bool hold;          /* namespaces go into the slot */
	bool alone;         /* the cgroup was empty when the launch began */
	bool asked;         /* the stem makes the launcher: no pid yet */
	bool born;          /* the launcher is the child, too (born.h) */
	bool plain;         /* is not born again: it did not work */
	bool heard;         /* its launcher has said something */
	bool untouched;     /* … never did, and left the job unread */
	bool signalled;     /* by a request, before exec: it is not started again */
	uint8_t retries;
	int8_t job_index; /* live launch: index of job_refs; -1 none */
	uint32_t flags;   /* enum wire_proc_flags */
	uint32_t catalogue;
	uint32_t entry;
	uint64_t run_id;
	uint64_t cookie;
	pid_t launcher; /* 0: none, or reaped */
	pid_t child;    /* second stage or supd-nsinit; 0: none, or reaped */
	pid_t pid;      /* what supd is told: service, payload, worker, or adopted process */
	int32_t value;
	uint32_t exit_code;
	uint32_t exit_status;
	uint64_t start_us;
	uint64_t exec_us;
	uint64_t exit_us;
	uint64_t user_us;
	uint64_t system_us;
	uint64_t max_rss_kb;
	uint64_t birth; /* start time of pid in clock ticks since boot: identity after a crash */
	uint32_t step;
	int32_t error;
	int job_fd; /* -1: none */
	int pidfd;  /* of pid when it is not our child; -1: none */
	uint32_t next_pending;
	struct wire_params params;
};

/* Text of a failed launch, apart from the places so that only failures touch memory. */
struct place_fail {
	char text[LIMIT_FAIL_TEXT];
	char origin[LIMIT_FAIL_ORIGIN];
};

enum slot_state {
	SLOT_FREE,
	SLOT_USED,
	SLOT_GONE, /* free as soon as supd and supd-log know */
};

struct slot {
	uint8_t state; /* enum slot_state */
	bool bare;     /* only name and note */
	bool releasing;
	bool keep_note;  /* of the running RELEASE */
	bool keep_store; /* of the running RELEASE */
	bool frozen_wanted;
	bool cgroup_made;
	bool replace;   /* a launch broke: remove and remake the cgroup when it is empty */
	bool populated; /* cgroup.events */
	bool frozen;    /* cgroup.events */
	bool log_wanted;
	bool oom;             /* a kill since the last start */
	bool killed;          /* the cgroup may have seen cgroup.kill: nothing is cloned into it */
	bool cgroup_new;      /* made by us, and no job has been given since */
	bool main_moved;      /* MAIN has left a process that may live: no main until it is empty */
	bool removing;        /* RELEASE: the cgroups below are removed, some each turn */
	uint32_t unit_flags;  /* enum catalogue_unit_flags of the last RUN */
	uint32_t fdstore_max; /* of the last RUN */
	uint32_t n_parked;
	uint32_t n_listen;
	uint32_t note_size;
	bool watching;                              /* the held descriptors are armed */
	bool readable;                              /* … and one of them was */
	uint64_t watch_cookie;                      /* of the last WATCH */
	uint32_t instance;                          /* number of a connection's instance; 0: none */
	uint32_t max_per_source;                    /* of the last RUN */
	uint64_t source;                            /* hash of the connection's address; 0: none */
	uint64_t oom_kills;                         /* memory.events when it was last read */
	uint32_t n_oom;                             /* kills in the life of the slot */
	int userns, ipcns, netns, tmp, credentials; /* -1: none */
	int notify;                                 /* notify socket, -1: none */
	uint64_t notify_key;                        /* in its path; 0: not drawn yet */
	int log_read, log_write;                    /* stream pair, -1: none */
	uint32_t log_priority;
	uint32_t log_level_prefix;
	uint8_t invocation_id[16];
	struct wire_cause cause; /* of the last RUN */
	uint8_t note[LIMIT_NOTE];
	char name[LIMIT_UNIT_NAME];
	char cgroup[LIMIT_CGROUP_PATH];
	char log_identifier[LIMIT_LOG_IDENTIFIER];
	int listen[LIMIT_LISTEN_FDS];
	struct place places[ENTRY_KIND_COUNT];
};

struct park {
	bool used;
	uint32_t slot;
	uint32_t index; /* within the slot */
	int push;       /* where supd sends */
	int peek;       /* where the launcher and a later supd look */
};

struct orphan {
	pid_t pid;
	uint32_t code;
	uint32_t status;
	uint64_t at_us;
};

struct catalogue_slot {
	bool used;
	uint32_t number;
	uint64_t cookie; /* of its LOAD */
	int plans_fd;
	int manifest_fd;
};

/* What an exec and, off PID 1, the next supd-init find again. */
struct table {
	uint32_t magic;
	uint32_t version;
	uint64_t size; /* sizeof(struct table) */
	pid_t owner;   /* the supd-init that wrote it */
	uint32_t generation;
	uint64_t started_us; /* of the first supd-init that wrote it */
	struct wire_times times;
	uint32_t next_catalogue;
	uint32_t n_slots; /* slots at or above were never used */
	uint64_t next_run;
	uint32_t pending_first, pending_last; /* refs */
	bool ready;
	bool asked;     /* a supd has noted the jobs of the initial units */
	bool root_made; /* the delegated root was made by us */
	int control_fd;
	int log_stdout_fd, log_native_fd;
	int netns_fd, own_netns_fd; /* raised queue; ours */
	int lock_fd;
	int home_cgroup_fd; /* where supd-init was at its start */
	struct settings settings;
	char cgroup_root[SETTINGS_PATH];
	struct catalogue_slot catalogues[LIMIT_CATALOGUES];
	struct orphan orphans[LIMIT_ORPHANS];
	uint32_t next_orphan;
	struct park parks[LIMIT_FDSTORE_TOTAL];
	struct slot slots[LIMIT_SLOTS];
	struct place_fail fails[REF_COUNT];
};

enum slot_dirty {
	DIRTY_SLOT = 1 << 4, /* bits 0-3: PROC of that kind */
	DIRTY_PARK = 1 << 5,
	DIRTY_PROCS = 0xf,
};

enum log_dirty {
	LOG_DIRTY_STREAM = 1,
	LOG_DIRTY_GONE = 2,
};

/* A restarted helper: supd or supd-log. */
struct helper {
	pid_t pid;           /* 0: none */
	bool dying;          /* was told to end, or killed */
	bool expected;       /* its end is no crash */
	uint64_t deadline;   /* dying: SIGKILL, then abandon */
	bool killed;         /* SIGKILL was sent */
	bool settled;        /* it has taken over everything: its end is not its notes' fault */
	bool fault;          /* it broke the protocol or did not answer: its end is a crash */
	uint32_t outside;    /* SIGKILLs by others in a row, before it had settled */
	uint64_t restart_at; /* 0: no restart due */
	uint64_t started_at;
	uint64_t backoff_us;
	uint64_t crashes[8]; /* times, a ring */
	uint32_t next_crash;
	uint32_t failures; /* ends in a row before it had settled */
};

struct supd_channel {
	struct helper helper;
	int request_fd;
	int event_fd;
	bool paused;           /* requests wait for a REFUSED to leave */
	bool blocked;          /* event socket is full: wait for EPOLLOUT */
	uint64_t waiting_from; /* oldest unread event or unaccepted client, 0: none */
	struct grace ping;     /* runs while one is outstanding */
	uint32_t hung;         /* that did not answer, one soon after the other */
	bool hello_dirty, listed_dirty, ping_dirty, stop_dirty, refused_dirty, load_dirty;
	bool catalogue_dirty[LIMIT_CATALOGUES];
	uint32_t start_dirty; /* bits of enum wire_target_unit: EV_START is due */
	struct wire_refused refused;
	struct wire_stop stop;
};

struct log_channel {
	struct helper helper;
	bool wanted;
	bool missing; /* no supd-log is installed: output of services goes nowhere */
	int fd;
	bool blocked;
	bool config_dirty;
};

struct loader {
	pid_t pid;
	bool first_done;
	bool pending;
	uint64_t cookie, pending_cookie;
	struct grace grace;
	bool killed;         /* it took too long */
	uint32_t timeouts;   /* that took too long, in a row */
	uint32_t failures;   /* in a row */
	uint64_t retry_at;   /* there are no units yet: the next try; 0: none is due */
	uint64_t backoff_us; /* and how long the one after it waits */
	int plans_fd, manifest_fd, error_fd;
	size_t text_len;
	struct wire_loaded result; /* of the last load that failed */
};

enum broker_phase {
	PHASE_RUN,
	PHASE_STOPPING,
	PHASE_FINAL,
};

/* What goes to whoever started supd-init (uplink.h). */
struct uplink {
	int fd;        /* character device to the host; -1: not open */
	int type;      /* SOCK_*, that the host took: of "vsock:" */
	bool watched;  /* the device tells when there is room */
	bool given_up; /* the host did not listen: nothing is kept until it does */
	uint32_t n;    /* bytes of what is kept: messages, each ended by NUL */
	uint64_t at;   /* next try; 0: none is due */
	uint64_t wait_us, since;
	char kept[4096];
};

struct broker {
	struct table *t;
	int table_fd;
	bool pid1;
	bool machine; /* PID 1 of the initial namespace: reboot(2) is ours */
	enum broker_phase phase;
	uint64_t stop_began, stop_deadline, show_at;
	uint64_t stop_seen;  /* last turn of PHASE_STOPPING; 0: none yet */
	uint64_t waits_from; /* first line of WIRE_WAITING of these five seconds */
	uint32_t waits;
	int spares[5]; /* spare.h */
	uint32_t n_spares;
	uint64_t burst_from; /* of Ctrl-Alt-Del */
	uint32_t burst;
	bool immediate;      /* PHASE_FINAL: no more is ended or unmounted, but synced */
	bool hurry;          /* PHASE_FINAL: what is waited for now is waited for no longer */
	uint64_t hurry_from; /* and earlier Ctrl-Alt-Del do not say so */
	pid_t shell_pid;     /* emergency shell; 0: none */
	bool shell_shown;
	uint32_t final_power; /* enum wire_power, when phase is PHASE_FINAL */
	uint32_t exit_status;
	bool reexec;
	bool clone_into;   /* CLONE_INTO_CGROUP works here with cgroups of our making */
	uint32_t unswept;  /* turns since a child ended that may not be the only one; 0: none */
	bool remove_again; /* slots that are removing */
	int epoll_fd, signal_fd, inotify_fd;
	int runtime_fd, notify_fd, log_dir_fd, idtable_fd, stamps_fd, cgroup_fd;
	int journal_fd; /* unconnected datagram socket, for all who send one */
	uint32_t controllers;
	uint32_t n_live; /* live launchers */
	bool launched;   /* since the plans' pages were given back */
	uint32_t job_refs[LIMIT_LAUNCHES_LIVE];
	struct warm warm;
	struct supd_channel supd;
	struct log_channel log;
	struct logsend logsend; /* supd's own records */
	struct loader load;
	struct catalogue catalogues[LIMIT_CATALOGUES]; /* mapped; parallel to t->catalogues */
	/* up */
	char notify_socket[108];
	struct uplink uplink;
	int hw_fd; /* hardware watchdog; -1: none */
	uint32_t hw_tries;
	uint64_t hw_at, hw_us; /* next feed or try; interval */
	uint64_t watchdog_us, watchdog_at;
	bool status_dirty;
	uint32_t counts[4];
	uint64_t bus_asked_us; /* last WIRE_BUS */
	/* indices over the table */
	uint32_t name_heads[LIMIT_SLOTS], name_next[LIMIT_SLOTS];
	uint32_t watch_heads[LIMIT_SLOTS], watch_next[LIMIT_SLOTS];
	int watches[LIMIT_SLOTS];     /* inotify watch of a slot, 0: none */
	int oom_watches[LIMIT_SLOTS]; /* and that of its memory.events */
	uint32_t pid_heads[LIMIT_SLOTS], pid_next[REF_COUNT];
	pid_t pid_of[REF_COUNT];
	uint8_t slot_dirty[LIMIT_SLOTS];
	uint64_t stopping_since[LIMIT_SLOTS]; /* PHASE_STOPPING: told to end; 0: not yet */
	uint8_t log_dirty[LIMIT_SLOTS];
	bool notify_sent[LIMIT_SLOTS];
	uint8_t park_dirty[LIMIT_FDSTORE_TOTAL]; /* 1: push end, 2: peek end */
	int discards[SPAWN_CLOSER_MAX];          /* closed by a child at the end of the turn */
	uint32_t n_discards;
	uint64_t slot_map[LIMIT_SLOTS / 64]; /* slots with slot_dirty */
	uint64_t log_map[LIMIT_SLOTS / 64];
	char exe[LIMIT_PATH];
	char **argv;
};

static inline struct place *place_of(struct broker *b, uint32_t ref)
{
	return &b->t->slots[ref / ENTRY_KIND_COUNT].places[ref % ENTRY_KIND_COUNT];
}

static inline bool place_is_live(const struct place *p)
{
	return p->phase == WIRE_PHASE_LAUNCHING || p->phase == WIRE_PHASE_STARTED ||
	       p->phase == WIRE_PHASE_RUNNING;
}

/* What an epoll event is about; the index is in the upper half. */
enum watch_kind {
	WATCH_SIGNAL,
	WATCH_INOTIFY,
	WATCH_REQUEST,
	WATCH_EVENT,
	WATCH_LOG,
	WATCH_NATIVE,
	WATCH_LOAD_ERROR,
	WATCH_JOB,    /* ref */
	WATCH_PIDFD,  /* ref */
	WATCH_LISTEN, /* slot */
	WATCH_WARM,
	WATCH_CONTROL,
	WATCH_UPLINK,
	WATCH_KIND_COUNT,
};

/* Adds, or changes when it is there already. 0 or -errno. main.c. */
int broker_watch(struct broker *b, int fd, uint32_t events, enum watch_kind kind, uint32_t index);
