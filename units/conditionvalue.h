// SPDX-License-Identifier: MIT
/*
 * Which values a condition can be asked for. systemd takes any and then assumes "no"; so does supd,
 * but it says so when the file is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/plan/unitenum.h"

/* NULL: the text can be asked for; else what would be right, for a message. Pure. */
const char *condition_value_expected(enum condition_type type, const char *text);

/* It is of the pressure on memory, processors or IO. */
bool condition_is_pressure(enum condition_type type);

/* "20%", "web.slice:20%/10s" as ConditionMemoryPressure= and its kin have it. */
struct condition_pressure {
	const char *slice; /* in the text that was read, slice_length bytes; NULL: the machine */
	size_t slice_length;
	uint32_t limit;     /* in 1/10000 */
	const char *window; /* the kernel's word for the time: "avg10", "avg60", "avg300" */
};

/* 0, -EINVAL, -ERANGE. Pure. */
int condition_pressure_read(const char *text, struct condition_pressure *ret);
