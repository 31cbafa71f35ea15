// SPDX-License-Identifier: MIT
/* What the test and supd-launch's fault build share: a page at FAULT_FD. */
#pragma once

#include <stdint.h>

#define FAULT_FD 100

enum fault_role {
	FAULT_LAUNCHER,
	FAULT_CHILD, /* the second stage, and the payload of a PID namespace */
	FAULT_ROLES,
};

struct fault {
	uint32_t role;               /* whose */
	uint32_t call;               /* number of the call that fails, from 1; 0: none */
	uint32_t rotate;             /* 1: which is ignored, the call's number chooses */
	uint32_t which;              /* index among the errors that this function can return */
	uint32_t count[FAULT_ROLES]; /* calls seen */
	uint32_t n_errors;           /* of the function of that call */
	int32_t error;               /* that was returned; 0: the call was not reached */
	char name[32];
	/* Another way: each call of this function in the launch fails with chosen_error. */
	char chosen[16];       /* "syscall", "prctl", …; "": none */
	int64_t chosen_nr;     /* of syscall(2): its number; else the first argument; -1: any */
	char chosen_word[24];  /* of fsopen the type, of fsconfig the key or type; "": any */
	uint64_t chosen_flags; /* of clone3: one of these; of mount_setattr: attr_set; 0: any */
	int32_t chosen_error;
	uint32_t chosen_count; /* calls that have failed so */
};
