// SPDX-License-Identifier: MIT
/*
 * What sanitizers found in supd's programs while a test ran. Only programs of a build with
 * sanitizers say such things, so any other build has none.
 */
#pragma once

#include <stdbool.h>

#include "harness.h"

/* The exit status of a program with a finding: runtime/base/sanitizer.c. */
#define FINDING_STATUS 99

/*
 * In a build with sanitizers: supd ends and looks for what it has lost. supd-init kills its supd
 * last of all, without a word, so this comes before supd-init is told to stop; it starts another.
 */
void findings_look(struct sys *s);
/* After the end of supd-init. True, and its output is printed: one of them said something there. */
bool findings_print(struct sys *s);
