// SPDX-License-Identifier: MIT
/*
 * What an eBPF program of a plan may consist of: tests of its context, jumps forward, one helper
 * that copies packet bytes to the stack, verdicts. No map, no other helper, no write to the
 * context, no call of another program: such a program can decide and nothing else. The kernel's own
 * verifier comes after this; it proves safety, not harmlessness.
 */
#pragma once

#include <linux/bpf.h>
#include <stdint.h>

#include "../plan/plan.h"

/* 0, or -EBADMSG. n is at most LIMIT_BPF_INSNS. */
int bpf_check(enum plan_bpf_hook hook, const struct bpf_insn *insns, uint32_t n);
/*
 * True when a fixup of this kind may write at insns[at]: comparisons with a constant that is not
 * set yet stand there, of the registers that units/ebpf.c uses for these numbers.
 */
int bpf_check_fixup(
	enum plan_bpf_fixup_kind kind, const struct bpf_insn *insns, uint32_t n, uint32_t at);
