// SPDX-License-Identifier: MIT
/*
 * bpf(2) for programs at cgroups: the calls, and nothing that decides. A program is known by its
 * name, in which a hash of its instructions stands. Errors are -errno; descriptors are O_CLOEXEC by
 * the kernel.
 */
#pragma once

#include <linux/bpf.h>
#include <stdint.h>

#include "../plan/plan.h"

#define BPFSYS_ATTACHED_MAX 64 /* the kernel's BPF_CGROUP_MAX_PROGS */

struct bpfsys_program {
	const struct bpf_insn *insns;
	uint32_t n;
	char name[BPF_OBJ_NAME_LEN];
};

/* Ids of what is attached at the hook of this very cgroup; their number. */
int bpfsys_query(int cgroup, enum plan_bpf_hook hook, uint32_t ids[BPFSYS_ATTACHED_MAX]);
/* A descriptor of program id, and its name. */
int bpfsys_open(uint32_t id, char ret_name[BPF_OBJ_NAME_LEN]);
/* A descriptor of a new program. */
int bpfsys_load(enum plan_bpf_hook hook, const struct bpfsys_program *program);
/* Beside other programs of this cgroup, those above and those below: all must allow. */
int bpfsys_attach(int cgroup, enum plan_bpf_hook hook, int program);
int bpfsys_detach(int cgroup, enum plan_bpf_hook hook, int program);
