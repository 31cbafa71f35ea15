// SPDX-License-Identifier: MIT
/*
 * A part of a filter: tests of arguments, written as BPF by hand, because libseccomp can
 * neither say "not in this list" nor combine an unconditional rule with one on arguments. Begins
 * with the number in the accumulator, and ends so by falling through: what is not denied here goes
 * on to the next part.
 */
#pragma once

#include "bpf_filter.h"

#define SECCOMP_ARGS_MAX 1024u

struct seccomp_args {
	struct sock_filter insns[SECCOMP_ARGS_MAX];
	size_t n;
	uint8_t tested[SECCOMP_NUMBERS]; /* 1: tests of this number's arguments are among them */
	int error;                       /* 0, -E2BIG */
};

/* Writes the tests that spec asks for; n is 0 when there are none. */
void seccomp_args_build(const struct seccomp_spec *spec, struct seccomp_args *ret);
