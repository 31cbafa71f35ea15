// SPDX-License-Identifier: MIT
/*
 * Every bound of supd, by name. What a unit, a service or a client can make grow has its limit
 * here and nowhere else. Sizes are bytes, times microseconds, unless the name says otherwise.
 */
#pragma once

/* Names and texts */
#define LIMIT_UNIT_NAME      256u /* with the terminating NUL; systemd's UNIT_NAME_MAX + 1 */
#define LIMIT_PATH           4096u
#define LIMIT_CGROUP_PATH    512u /* relative to the delegated root */
#define LIMIT_STATUS_TEXT    256u
#define LIMIT_JOINED_UNITS   256u /* that one unit shares namespaces with */
#define LIMIT_JOINS          (LIMIT_JOINED_UNITS * LIMIT_UNIT_NAME) /* their names together */
#define LIMIT_FAIL_TEXT      192u /* object of a failed launch step */
#define LIMIT_FAIL_ORIGIN    96u  /* "web.service:14" */
#define LIMIT_FD_NAME        256u
#define LIMIT_PARKED_NAME    (LIMIT_FD_NAME + 2u) /* with the NUL and the mark of FDPOLL=0 */
#define LIMIT_LOG_IDENTIFIER 64u
#define LIMIT_LOG_NAMESPACE  64u    /* with the NUL */
#define LIMIT_LOG_FIELDS     16384u /* LogExtraFields= of a unit, with their lengths */
#define LIMIT_LOG_FILE_TEXT  24u    /* a number that journald is told */

/* Unit files */
#define LIMIT_UNIT_FILE        (1024u * 1024u)
#define LIMIT_UNIT_LINE        (1024u * 1024u) /* one logical line after continuation */
#define LIMIT_UNITS            65536u
#define LIMIT_DROPINS_PER_UNIT 256u
#define LIMIT_DIAGNOSTICS      4096u
#define LIMIT_ENV_FILE         (1024u * 1024u)
#define LIMIT_ENV_VARS         1024u
#define LIMIT_ARGS             4096u
#define LIMIT_ARG_BYTES        (128u * 1024u)
#define LIMIT_CONDITIONS       256u
#define LIMIT_COMMANDS         256u /* per unit, all Exec lines together */
#define LIMIT_MOUNTS           1024u
#define LIMIT_EXTENSIONS       12u /* directories; their descriptors go into one mount option */
#define LIMIT_GROUPS           256u

/* Credentials of one unit; LIMIT_CREDENTIAL is also the sum of a unit's, as systemd has it */
#define LIMIT_CREDENTIALS      256u
#define LIMIT_CREDENTIAL       (1024u * 1024u)
#define LIMIT_CREDENTIAL_NAME  256u
#define LIMIT_CREDENTIAL_DEPTH 16u /* of directories that LoadCredential= names */

/* Catalogues */
#define LIMIT_CATALOGUES      16u
#define LIMIT_CATALOGUE_BYTES (512u * 1024u * 1024u)
#define LIMIT_DEVICES         16384u                /* that udevd has tagged */
#define LIMIT_MOUNTINFO       (16u * 1024u * 1024u) /* text of /proc/self/mountinfo */
#define LIMIT_MANIFEST_BYTES  (512u * 1024u * 1024u)
#define LIMIT_ENTRIES         262144u
#define LIMIT_PLAN_BYTES      (256u * 1024u) /* one encoded plan entry */
#define LIMIT_PLAN_ARENA      (1024u * 1024u)
#define LIMIT_SECCOMP_INSNS   4096u
#define LIMIT_BPF_INSNS       16384u /* of one cgroup program */
#define LIMIT_BPF_PROGRAMS    64u    /* of one plan: the unit's and its slices' */
#define LIMIT_BPF_FIXUPS      1024u
#define LIMIT_LABEL           256u /* of a security module */
#define LIMIT_LANDLOCK_RULES  256u
#define LIMIT_LANDLOCK_PORTS  256u

/*
 * Loads: supd-load is killed when it takes longer or uses more. Twice as long after each that was,
 * for the machine may be slow: up to the maximum, which is also what it may use of the CPU.
 */
#define LIMIT_LOAD_TIME_US     (60u * 1000000u)
#define LIMIT_LOAD_TIME_MAX_US (1800u * 1000000u)
#define LIMIT_SETTINGS_TRIES   3u /* of making the settings, where supd-load was killed */

/* Slots and processes in supd-init */
#define LIMIT_SLOTS             16384u
#define LIMIT_FAILED_TRANSIENT  1024u /* kept until reset-failed; then the oldest goes */
#define LIMIT_NOTE              256u
#define LIMIT_LAUNCHES_LIVE     16u    /* supd-launch processes at once */
#define LIMIT_LAUNCHES_WARM     8u     /* of those that wait for a job */
#define LIMIT_CGROUPS           16384u /* below that of a unit with Delegate= */
#define LIMIT_CGROUP_DEPTH      128u   /* the same, one below the other */
#define LIMIT_CGROUPS_SIGNALLED 1024u
#define LIMIT_ORPHANS           1024u
#define LIMIT_FDSTORE_PER_UNIT  512u
#define LIMIT_FDSTORE_TOTAL     4096u
#define LIMIT_LISTEN_FDS        64u   /* listening sockets of one slot */
#define LIMIT_LISTEN_UNITS      32u   /* socket units of one service */
#define LIMIT_WATCHES           24u   /* lines of one path unit; a bit each in a result */
#define LIMIT_CONNECTIONS       4096u /* MaxConnections=: numbered instances of one template */
#define LIMIT_SCM_FDS           32u   /* descriptors in one message between our own processes */

/* Timers */
#define LIMIT_STAMPS 4096u /* Persistent= timers whose last time is kept */

/* Path units: what goes on beside their paths has them look so often, and not more */
#define LIMIT_PATH_LOOKS    20u
#define LIMIT_PATH_LOOKS_US (1u * 1000000u)

/* Trees that CLEAN removes or StateDirectory= gives to another owner */
#define LIMIT_CLEAN_ENTRIES 1000000u
#define LIMIT_CLEAN_DEPTH   128u

/* Wire */
#define LIMIT_LOG_RECORD      4096u
#define LIMIT_NOTIFY_DATAGRAM 4096u
#define LIMIT_NOTIFY_FDS      253u
#define LIMIT_NOTIFY_PER_TURN 32u    /* datagrams of one unit in one turn of supd's loop */
#define LIMIT_NOTIFY_TURN_US  10000u /* and no other after so long: each may bring descriptors */
/* A timer waits so long for what lies behind a descriptor on its way to supd-init. */
#define LIMIT_NOTIFY_LATE_US  5000000u
#define LIMIT_CONTROL_CLIENTS 256u
#define LIMIT_CONTROL_UID     32u                   /* of one uid that may not change anything */
#define LIMIT_CONTROL_OTHERS  128u                  /* of all such uids */
#define LIMIT_CONTROL_MEMBERS 224u                  /* of all but root */
#define LIMIT_CONTROL_BACKLOG (16u * 1024u * 1024u) /* unsent bytes of one client */
#define LIMIT_CONTROL_MESSAGE (1024u * 1024u)       /* of one who may not change anything */
#define LIMIT_CONTROL_LARGE   (16u * 1024u * 1024u) /* of one who may */
#define LIMIT_JOBS            131072u
#define LIMIT_BUS_EVERY_US    (200u * 1000u) /* connections to the system bus */

/* Supervision of supd by supd-init */
#define LIMIT_PING_AFTER_US   (5u * 1000000u)
#define LIMIT_PONG_WITHIN_US  (10u * 1000000u)
#define LIMIT_PONG_MAX_US     (640u * 1000000u) /* doubled up to this after each that hung */
#define LIMIT_GRACE_SLICE_US  (500u * 1000u)    /* a wait that took longer counts as this much */
#define LIMIT_RESTART_MAX_US  (30u * 1000000u)
#define LIMIT_CRASH_WINDOW_US (10u * 1000000u)

/* supd-log */
#define LIMIT_LOG_LINE    (48u * 1024u)
#define LIMIT_LOG_STREAMS 16384u
