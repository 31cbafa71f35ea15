// SPDX-License-Identifier: MIT
/*
 * From a unit's restrictions of system calls to one BPF program, native architecture only: a call
 * of any other architecture kills. A search by number (seccomp_tree.h) finds the action, for some
 * numbers after tests of their arguments (socket families, namespaces, W^X, set-id bits:
 * seccomp_args.h). libseccomp knows the names and numbers; a test compares the program with
 * libseccomp's own for the same actions, number by number.
 *
 * A spec is plain memory without pointers, so equal specs are equal bytes: the caller caches by it.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECCOMP_NUMBERS    512u
#define SECCOMP_FAMILIES   46u
#define SECCOMP_ERRNO_KILL 0xffffu /* SystemCallErrorNumber=kill */

enum seccomp_restrict {
	SECCOMP_REALTIME = 1 << 0,       /* RestrictRealtime= */
	SECCOMP_SUIDSGID = 1 << 1,       /* RestrictSUIDSGID= */
	SECCOMP_WX = 1 << 2,             /* MemoryDenyWriteExecute= */
	SECCOMP_PERSONALITY = 1 << 3,    /* LockPersonality= */
	SECCOMP_TTY_INPUT = 1 << 4,      /* TIOCSTI, TIOCLINUX: typing into another's terminal */
	SECCOMP_NETLINK_ROUTE = 1 << 5,  /* of AF_NETLINK only NETLINK_ROUTE, for getaddrinfo */
	SECCOMP_CLOCK = 1 << 6,          /* ProtectClock= */
	SECCOMP_MODULES = 1 << 7,        /* ProtectKernelModules= */
	SECCOMP_LOGS = 1 << 8,           /* ProtectKernelLogs= */
	SECCOMP_HOSTNAME = 1 << 9,       /* ProtectHostname= */
	SECCOMP_RAW_IO = 1 << 10,        /* PrivateDevices= */
	SECCOMP_NO_WRITE_OPEN = 1 << 11, /* open for reading only: supd-load itself */
};

enum seccomp_family_mode {
	SECCOMP_FAMILY_ANY,
	SECCOMP_FAMILY_ALLOW, /* only those listed */
	SECCOMP_FAMILY_DENY,  /* all but those listed */
};

struct seccomp_spec {
	uint32_t restrictions; /* enum seccomp_restrict */
	uint32_t namespaces;   /* CLONE_NEW* that may not be created or joined */
	uint32_t native_only;  /* SystemCallArchitectures=native */
	uint32_t has_list;     /* SystemCallFilter= was given */
	uint32_t allow_list;   /* 1: only listed calls work; 0: listed calls are denied */
	uint32_t deny_errno;   /* for denied calls; SECCOMP_ERRNO_KILL */
	uint32_t quiet;        /* calls that get ENOSYS are left to seccomp_quiet() */
	uint32_t no_exec;      /* supd-load itself: execve is not kept open for a launcher */
	uint32_t family_mode;  /* enum seccomp_family_mode */
	uint32_t n_families;
	uint16_t families[SECCOMP_FAMILIES]; /* ascending, no doubles */
	uint16_t calls[SECCOMP_NUMBERS];     /* 0: not listed, 1: listed, 2 + errno: that errno */
};

void seccomp_spec_init(struct seccomp_spec *spec);

/*
 * One word of SystemCallFilter=: NAME or @GROUP, with optional ":ERRNO" ("EPERM", "kill").
 * remove: the word stood in a list with "~". The first word decides whether the list allows or
 * denies; an allow list begins with @default. -ENOENT: no such call or group; -EINVAL: bad errno.
 * A call that exists on other architectures only is accepted and does nothing.
 */
int seccomp_spec_add_call(struct seccomp_spec *spec, const char *word, bool remove);

/* One word of RestrictAddressFamilies=, "AF_INET". The first word decides as above. -ENOENT. */
int seccomp_spec_add_family(struct seccomp_spec *spec, const char *word, bool remove);

/* True when the spec forbids nothing, so that no filter is needed. */
bool seccomp_spec_is_empty(const struct seccomp_spec *spec);

struct seccomp_program {
	struct sock_filter *insns; /* malloc'd */
	size_t n;
};

/*
 * What happens to each number before any argument is looked at: SECCOMP_RET_*. Returns the same for
 * all numbers above.
 */
uint32_t seccomp_actions(const struct seccomp_spec *spec, uint32_t ret[SECCOMP_NUMBERS]);

/*
 * The calls of which spec's program, with quiet set, says nothing: those whose flags are behind a
 * pointer and that every caller can do without. Programs that log what they deny would log each
 * new thread otherwise. At most SECCOMP_QUIET_MAX instructions; returns how many, 0: none.
 */
#define SECCOMP_QUIET_MAX 8u
size_t seccomp_quiet(const struct seccomp_spec *spec, struct sock_filter ret[SECCOMP_QUIET_MAX]);

/* Compiles; the caller frees ret->insns. -ENOMEM, -E2BIG. */
int seccomp_compile(const struct seccomp_spec *spec, struct seccomp_program *ret);
