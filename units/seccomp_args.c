// SPDX-License-Identifier: MIT
#include "seccomp_args.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../runtime/base/cleanup.h"

#define CONDITIONS_MAX 64u
#define ALL_BITS       0xffffffffu

/* The kernel looks at the low half of each of these arguments only, so we do too. */
struct condition {
	uint8_t arg;
	uint8_t differs; /* 0: (arg & mask) == value; 1: != */
	uint32_t mask;
	uint32_t value;
};

struct row {
	uint32_t restriction; /* enum seccomp_restrict */
	const char *call;
	int error;
	uint8_t n;
	struct condition when[3]; /* all must hold for the call to be denied */
};

#define SET(arg_, bits_)                                                                           \
	{                                                                                          \
		(arg_), 0, (bits_), (bits_)                                                        \
	}
#define NOT(arg_, mask_, value_)                                                                   \
	{                                                                                          \
		(arg_), 1, (mask_), (value_)                                                       \
	}
#define IS(arg_, value_)                                                                           \
	{                                                                                          \
		(arg_), 0, ALL_BITS, (value_)                                                      \
	}
/* O_TMPFILE without the bit of O_DIRECTORY. */
#define TMPFILE_BIT (__O_TMPFILE & ~O_DIRECTORY)
#define SETID       (S_ISUID | S_ISGID)

static const struct row rows[] = {
	{ SECCOMP_REALTIME, "sched_setscheduler", EPERM, 3,
		{ NOT(1, ALL_BITS, SCHED_OTHER), NOT(1, ALL_BITS, SCHED_BATCH),
			NOT(1, ALL_BITS, SCHED_IDLE) } },
	/* Its policy is behind a pointer. */
	{ SECCOMP_REALTIME, "sched_setattr", EPERM, 0, { { 0 } } },

	{ SECCOMP_WX, "mmap", EPERM, 1, { SET(2, PROT_WRITE | PROT_EXEC) } },
	{ SECCOMP_WX, "mprotect", EPERM, 1, { SET(2, PROT_EXEC) } },
	{ SECCOMP_WX, "pkey_mprotect", EPERM, 1, { SET(2, PROT_EXEC) } },
	{ SECCOMP_WX, "shmat", EPERM, 1, { SET(2, SHM_EXEC) } },

	{ SECCOMP_PERSONALITY, "personality", EPERM, 2,
		{ NOT(0, ALL_BITS, 0), NOT(0, ALL_BITS, ALL_BITS) } },

	{ SECCOMP_TTY_INPUT, "ioctl", EPERM, 1, { IS(1, TIOCSTI) } },
	{ SECCOMP_TTY_INPUT, "ioctl", EPERM, 1, { IS(1, TIOCLINUX) } },

	{ SECCOMP_NETLINK_ROUTE, "socket", EAFNOSUPPORT, 2,
		{ IS(0, AF_NETLINK), NOT(2, ALL_BITS, 0) } },

	/* Either bit alone is enough; so the test is "the bits are not all clear". */
	{ SECCOMP_SUIDSGID, "chmod", EPERM, 1, { NOT(1, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "fchmod", EPERM, 1, { NOT(1, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "fchmodat", EPERM, 1, { NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "fchmodat2", EPERM, 1, { NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "mkdir", EPERM, 1, { NOT(1, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "mkdirat", EPERM, 1, { NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "mknod", EPERM, 1, { NOT(1, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "mknodat", EPERM, 1, { NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "creat", EPERM, 1, { NOT(1, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "open", EPERM, 2, { SET(1, O_CREAT), NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "openat", EPERM, 2, { SET(2, O_CREAT), NOT(3, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "open", EPERM, 2, { SET(1, __O_TMPFILE), NOT(2, SETID, 0) } },
	{ SECCOMP_SUIDSGID, "openat", EPERM, 2, { SET(2, __O_TMPFILE), NOT(3, SETID, 0) } },
	/* Its flags are behind a pointer; every user falls back to openat. */
	{ SECCOMP_SUIDSGID, "openat2", ENOSYS, 0, { { 0 } } },

	{ SECCOMP_NO_WRITE_OPEN, "open", EACCES, 1,
		{ NOT(1, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | TMPFILE_BIT, 0) } },
	{ SECCOMP_NO_WRITE_OPEN, "openat", EACCES, 1,
		{ NOT(2, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | TMPFILE_BIT, 0) } },
	{ SECCOMP_NO_WRITE_OPEN, "openat2", ENOSYS, 0, { { 0 } } },
};

static const uint32_t namespace_flags[] = { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET,
	CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS };

static void emit(struct seccomp_args *p, struct sock_filter insn)
{
	if (p->n >= SECCOMP_ARGS_MAX) {
		p->error = -E2BIG;
		return;
	}
	p->insns[p->n++] = insn;
}

/* Where the low half of an argument lies. */
static uint32_t arg_offset(uint8_t arg)
{
	uint32_t offset = (uint32_t)offsetof(struct seccomp_data, args) + arg * 8u;

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? offset + 4 : offset;
}

static void emit_load_number(struct seccomp_args *p)
{
	emit(p, (struct sock_filter)BPF_STMT(
			BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
}

/*
 * Denies one call when all conditions hold. On entry and on leaving the accumulator holds the
 * number.
 */
static void emit_deny(
	struct seccomp_args *p, const char *call, int error, const struct condition *when, size_t n)
{
	struct sock_filter *skip[CONDITIONS_MAX];
	size_t start, end;
	int number = seccomp_syscall_resolve_name(call);

	if (number < 0 || number >= (int)SECCOMP_NUMBERS) {
		return; /* not on this architecture */
	}
	p->tested[number] = 1;
	if (p->n + n * 3 + 3 > SECCOMP_ARGS_MAX || n > CONDITIONS_MAX) {
		p->error = -E2BIG;
		return;
	}
	start = p->n;
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0));
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || when[i].arg != when[i - 1].arg || when[i - 1].mask != ALL_BITS) {
			emit(p, (struct sock_filter)BPF_STMT(
					BPF_LD | BPF_W | BPF_ABS, arg_offset(when[i].arg)));
		}
		if (when[i].mask != ALL_BITS) {
			emit(p, (struct sock_filter)BPF_STMT(
					BPF_ALU | BPF_AND | BPF_K, when[i].mask));
		}
		skip[i] = &p->insns[p->n];
		emit(p, (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, when[i].value, 0, 0));
	}
	emit(p, (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA)));
	end = p->n;
	if (n > 0) {
		emit_load_number(p);
	}
	p->insns[start].jf = (uint8_t)((n > 0 ? end + 1 : end) - start - 1);
	for (size_t i = 0; i < n; i++) {
		uint8_t jump = (uint8_t)(end - (size_t)(skip[i] - p->insns) - 1);

		if (when[i].differs) {
			skip[i]->jt = jump;
		} else {
			skip[i]->jf = jump;
		}
	}
}

static void build_families(const struct seccomp_spec *spec, struct seccomp_args *p)
{
	struct condition when[SECCOMP_FAMILIES];

	for (uint32_t i = 0; i < spec->n_families; i++) {
		when[i] = (struct condition)NOT(0, ALL_BITS, spec->families[i]);
	}
	if (spec->family_mode == SECCOMP_FAMILY_ALLOW) {
		emit_deny(p, "socket", EAFNOSUPPORT, when, spec->n_families);
		return;
	}
	for (uint32_t i = 0; i < spec->n_families; i++) {
		when[i].differs = 0;
		emit_deny(p, "socket", EAFNOSUPPORT, &when[i], 1);
	}
}

static void build_namespaces(uint32_t denied, bool quiet, struct seccomp_args *p)
{
	static const struct {
		const char *call;
		uint8_t arg;
	} calls[] = { { "clone", 0 }, { "unshare", 0 }, { "setns", 1 } };
	static const struct condition any_type = IS(1, 0);

	for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
		const struct condition when = NOT(calls[i].arg, denied, 0);

		emit_deny(p, calls[i].call, EPERM, &when, 1);
	}
	emit_deny(p, "setns", EPERM, &any_type, 1);
	/* Its flags are behind a pointer; libc falls back to clone. */
	if (!quiet) {
		emit_deny(p, "clone3", ENOSYS, NULL, 0);
	}
}

void seccomp_args_build(const struct seccomp_spec *spec, struct seccomp_args *ret)
{
	uint32_t denied = 0;

	ret->n = 0;
	ret->error = 0;
	memset(ret->tested, 0, sizeof(ret->tested));
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (spec->restrictions & rows[i].restriction &&
			!(spec->quiet && rows[i].error == ENOSYS)) {
			emit_deny(ret, rows[i].call, rows[i].error, rows[i].when, rows[i].n);
		}
	}
	if (spec->family_mode != SECCOMP_FAMILY_ANY) {
		build_families(spec, ret);
	}
	for (size_t i = 0; i < ELEMENTSOF(namespace_flags); i++) {
		denied |= spec->namespaces & namespace_flags[i];
	}
	if (denied) {
		build_namespaces(denied, spec->quiet, ret);
	}
}

static bool wants_quiet(const struct seccomp_spec *spec, const char *call)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (rows[i].error == ENOSYS && strcmp(rows[i].call, call) == 0 &&
			spec->restrictions & rows[i].restriction) {
			return true;
		}
	}
	return strcmp(call, "clone3") == 0 && spec->namespaces;
}

size_t seccomp_quiet(const struct seccomp_spec *spec, struct sock_filter ret[SECCOMP_QUIET_MAX])
{
	static const char *const calls[] = { "clone3", "openat2" };
	size_t n = 0;

	ret[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
		int number =
			wants_quiet(spec, calls[i]) ? seccomp_syscall_resolve_name(calls[i]) : -1;

		if (number >= 0) {
			ret[n++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
			ret[n++] = (struct sock_filter)BPF_STMT(
				BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
		}
	}
	ret[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return spec->quiet && n > 2 ? n : 0;
}
