// SPDX-License-Identifier: MIT
/* The capability sets of this process, and acting as another id without losing them. */
#pragma once

#include <stdint.h>

struct caps {
	uint64_t effective, permitted, inheritable;
};

/* 0 or -errno. */
int caps_get(struct caps *ret);
int caps_set(const struct caps *c);
/*
 * Makes that id the effective one and keeps every capability and the file system's id: what the
 * kernel then makes for us, a user namespace above all, is that id's. From any such id to another,
 * and back by the real one. -errno.
 */
int caps_act_as(uint32_t uid);
