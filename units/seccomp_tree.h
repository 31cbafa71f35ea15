// SPDX-License-Identifier: MIT
/*
 * Actions by system call number to a binary search over intervals: neighbours with the same action
 * are one interval, and each interval costs one instruction. A tree of libseccomp's has one leaf
 * per number and is four times as long, which every start of a service pays for: the kernel checks,
 * translates and tries the whole program when it is loaded.
 *
 * The program is written from its end to its front, so that every jump's target is known; jumps of
 * classic BPF reach 255 instructions forward only, what lies further gets a stepping stone.
 */
#pragma once

#include <stdint.h>

#include "bpf_filter.h"
#include "seccomp_args.h"

#define SECCOMP_TREE_MAX 4096u

struct seccomp_tree {
	struct sock_filter insns[SECCOMP_TREE_MAX];
	size_t front; /* the program is insns[front] … insns[SECCOMP_TREE_MAX - 1] */
	int error;    /* 0, -E2BIG */
};

/*
 * actions: SECCOMP_RET_* per number; rest: for numbers from SECCOMP_NUMBERS on. Numbers that args
 * tests go through those tests first. The program expects nothing and begins with the check of the
 * architecture.
 */
void seccomp_tree_build(const uint32_t actions[SECCOMP_NUMBERS], uint32_t rest,
	const struct seccomp_args *args, struct seccomp_tree *ret);
