// SPDX-License-Identifier: MIT
/*
 * The settings of one supd instance as a fixed record. `supd-load --settings` makes it from the
 * command line and supd.conf (text is never parsed in supd-init); supd-init reads it once at
 * start; supd and supctl know it from the HELLO event and from their own command line.
 */
#pragma once

#include <stdint.h>

#define SETTINGS_MAGIC     0x64707573u /* "supd" */
#define SETTINGS_VERSION   5u
#define SETTINGS_PATH      256u
#define SETTINGS_UNITS     64u /* UNIT… on the command line */
#define SETTINGS_MASKS     32u /* supd.mask= on the kernel command line */
#define SETTINGS_ENV       4096u
#define SETTINGS_VSOCK_ANY 255u /* the host takes seqpacket or stream: both are tried */

/* What a machine's console shows beside errors. */
enum settings_show {
	SHOW_WAITING, /* jobs that take long, while it comes up or goes down */
	SHOW_NOTHING,
	SHOW_LOG, /* what supd logs, while it comes up or goes down */
	SHOW_LOG_ALWAYS,
	SHOW_COUNT
};

struct settings {
	uint32_t magic;
	uint32_t version;
	char runtime_dir[SETTINGS_PATH]; /* /run/supd */
	char state_dir[SETTINGS_PATH];   /* /var/lib/supd */
	char log_dir[SETTINGS_PATH];     /* /var/log/supd */
	char cgroup[SETTINGS_PATH];      /* absolute path of the delegated root; "" = find it */
	char unit_path[4096];            /* DIR[:DIR…], highest priority first, complete */
	uint32_t supd_uid, supd_gid;     /* supd and the control socket's owner */
	uint32_t load_uid, load_gid;
	uint32_t log_uid, log_gid;
	uint32_t control_gid;         /* group that may change state; 0 = root only */
	uint32_t id_pool_first;       /* first id of the pool for user namespaces */
	uint32_t id_pool_ranges;      /* number of ranges of 65,536 ids */
	uint32_t fstab;               /* lines of /etc/fstab are mount and swap units */
	uint32_t require_controllers; /* a limit without its controller is a start error */
	uint32_t use_journald;        /* 1: journald's socket when present; 0: supd-log always */
	uint32_t pressure_watch;      /* enum pressure_watch, of units that do not say it */
	uint64_t pressure_us;         /* likewise: threshold, 1 … PLAN_PRESSURE_WINDOW_US */
	uint32_t log_level;           /* 0–7, syslog's */
	uint64_t log_max_bytes;       /* per unit, supd-log */
	uint32_t log_rate_lines;      /* per unit and log_rate_interval_us; 0 = no limit */
	uint32_t n_units;
	uint64_t log_rate_interval_us;
	char units[SETTINGS_UNITS][256]; /* started at start; empty: default.target */
	uint32_t n_masks;
	char masks[SETTINGS_MASKS][256]; /* units that are as if they were masked */
	uint64_t device_timeout_us; /* how long a start waits for a device; UINT64_MAX: for ever */
	uint32_t keep_cgroup;       /* supd-init stays in the cgroup that it was started in */
	uint32_t show;              /* enum settings_show; machines */
	uint64_t timeout_start_us;  /* of units that say none; UINT64_MAX: for ever */
	uint64_t timeout_stop_us;
	char environment[SETTINGS_ENV]; /* of all services: K=V, each ended by NUL; "" ends it */
	/* Machines (PID 1) only */
	uint64_t runtime_watchdog_us; /* hardware watchdog while the machine runs; 0: off */
	uint64_t reboot_watchdog_us;  /* and from the shutdown's last phase on; 0: off */
	uint32_t notify_type;         /* SOCK_*, SETTINGS_VSOCK_ANY: vsock; 0: none */
	uint32_t notify_cid, notify_port;
	char notify_path[SETTINGS_PATH]; /* a socket (@NAME: abstract) or a character device */
};
