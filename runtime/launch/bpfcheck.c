// SPDX-License-Identifier: MIT
#include "bpfcheck.h"

#include <errno.h>
#include <stdbool.h>

#include "../base/cleanup.h"
#include "../base/limits.h"

#define JUMP_IF_NOT (BPF_JMP32 | BPF_JNE | BPF_K)

/* All that units/ebpf.c emits; jumps and calls are looked at more closely. */
static const uint8_t opcodes[] = {
	BPF_LDX | BPF_MEM | BPF_W,
	BPF_ALU64 | BPF_MOV | BPF_X,
	BPF_ALU64 | BPF_MOV | BPF_K,
	BPF_ALU64 | BPF_ADD | BPF_K,
	BPF_ALU | BPF_MOV | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_END | BPF_TO_BE,
	BPF_JMP32 | BPF_JEQ | BPF_K,
	BPF_JMP32 | BPF_JGT | BPF_K,
	BPF_JMP32 | BPF_JLT | BPF_K,
	JUMP_IF_NOT,
	BPF_JMP | BPF_CALL,
	BPF_JMP | BPF_EXIT,
};

static bool is_listed(uint8_t code)
{
	for (size_t i = 0; i < ELEMENTSOF(opcodes); i++) {
		if (opcodes[i] == code) {
			return true;
		}
	}
	return false;
}

static bool insn_is_valid(
	enum plan_bpf_hook hook, const struct bpf_insn *insns, uint32_t n, uint32_t at)
{
	const struct bpf_insn *insn = &insns[at];

	if (!is_listed(insn->code) || insn->dst_reg > BPF_REG_10 || insn->src_reg > BPF_REG_10) {
		return false;
	}
	if (BPF_CLASS(insn->code) == BPF_JMP32) {
		return insn->off > 0 && (uint32_t)insn->off < n - at - 1;
	}
	if (insn->code == (BPF_JMP | BPF_CALL)) {
		/* src_reg 0: a helper, not a function of the program or of the kernel. */
		return insn->imm == BPF_FUNC_skb_load_bytes && insn->src_reg == 0 &&
		       (hook == PLAN_BPF_INGRESS || hook == PLAN_BPF_EGRESS);
	}
	return true;
}

int bpf_check(enum plan_bpf_hook hook, const struct bpf_insn *insns, uint32_t n)
{
	if (n == 0 || n > LIMIT_BPF_INSNS || insns[n - 1].code != (BPF_JMP | BPF_EXIT)) {
		return -EBADMSG;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!insn_is_valid(hook, insns, n, i)) {
			return -EBADMSG;
		}
	}
	return 0;
}

int bpf_check_fixup(
	enum plan_bpf_fixup_kind kind, const struct bpf_insn *insns, uint32_t n, uint32_t at)
{
	uint32_t count = kind == PLAN_BPF_FIX_NODE ? 3 : 1;

	if (n < count || at > n - count) {
		return -EBADMSG;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (insns[at + i].code != JUMP_IF_NOT || insns[at + i].imm != 0) {
			return -EBADMSG;
		}
	}
	return 0;
}
