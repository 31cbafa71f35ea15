// SPDX-License-Identifier: MIT
/* Runs a seccomp program on a made-up call: the classic BPF subset that our filters use. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BPF_BROKEN 0xdeadbeefu /* jumped out, unknown instruction */

static inline int bpf_jumps(const struct sock_filter *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	case BPF_JGE:
		return a >= insn->k;
	case BPF_JSET:
		return (a & insn->k) != 0;
	}
	return -1;
}

static inline uint32_t bpf_run(
	const struct sock_filter *insns, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &insns[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			memcpy(&a, (const uint8_t *)data + i->k, sizeof(a));
			break;
		case BPF_ALU:
			a &= i->k;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA) {
				pc += i->k;
			} else {
				pc += bpf_jumps(i, a) ? i->jt : i->jf;
			}
			break;
		case BPF_RET:
			return i->k;
		default:
			return BPF_BROKEN;
		}
	}
	return BPF_BROKEN;
}
