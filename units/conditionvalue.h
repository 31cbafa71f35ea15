// SPDX-License-Identifier: MIT
/*
 * Which values a condition can be asked for. systemd takes any and then assumes "no"; so does supd,
 * but it says so when the file is read.
 */
#pragma once

#include "../runtime/plan/unitenum.h"

/* NULL: the text can be asked for; else what would be right, for a message. Pure. */
const char *condition_value_expected(enum condition_type type, const char *text);
