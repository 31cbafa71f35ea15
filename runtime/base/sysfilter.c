// SPDX-License-Identifier: MIT
#include "sysfilter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#define FILTER_ARCH 0
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTER_ENABLED 0
#else
#define FILTER_ENABLED 1
#endif

/* x32 calls share x86-64's architecture value. */
#define X32_BIT 0x40000000u

struct program {
	struct sock_filter insns[SYSFILTER_INSNS];
	unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->insns[p->n++] = (struct sock_filter) { .code = code, .jt = jt, .jf = jf, .k = k };
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The accumulator holds the number before and after. */
static void emit_row(struct program *p, uint32_t number, uint32_t action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
	emit_return(p, action);
}

static void emit_conditional(struct program *p, const struct sysfilter_condition *c)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 5);
	emit_load(p, offsetof(struct seccomp_data, args) + 8 * c->argument);
	emit(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->value, 0, 1);
	emit_return(p, SECCOMP_RET_ALLOW);
	emit_load(p, offsetof(struct seccomp_data, nr));
}

static void build(struct program *p, const struct sysfilter *filter)
{
	p->n = 0;
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < filter->n_allowed; i++) {
		emit_row(p, filter->allowed[i], SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < filter->n_conditions; i++) {
		emit_conditional(p, &filter->conditions[i]);
	}
	for (size_t i = 0; i < filter->n_deadly; i++) {
		emit_row(p, filter->deadly[i], SECCOMP_RET_KILL_PROCESS);
	}
	emit_return(p, filter->otherwise);
}

int sysfilter_apply(const struct sysfilter *filter)
{
	size_t n = 7 + 2 * (filter->n_allowed + filter->n_deadly) + 6 * filter->n_conditions;
	struct program p;
	struct sock_fprog prog = { .filter = p.insns };

	if (FILTER_ARCH == 0) {
		return -ENOSYS;
	}
	if (n > SYSFILTER_INSNS) {
		return -E2BIG;
	}
	if (!FILTER_ENABLED) {
		return 0;
	}
	build(&p, filter);
	prog.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0 ? -errno : 0;
}
