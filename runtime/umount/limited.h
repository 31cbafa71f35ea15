// SPDX-License-Identifier: MIT
/*
 * Calls that may hang in the kernel for ever, as those on a disk that does not answer: each in a
 * child, so that one disk costs its own time and the others are let go of nevertheless.
 */
#pragma once

#include <stdbool.h>

#define LIMITED_WITHIN_MS 20000
#define LIMITED_SWAP_MS   60000 /* all that lies there is read first */

/*
 * what(object) in a child: what it returned, 0 or -errno; -ETIMEDOUT: it has not come to an end
 * within_ms, which was said, or had not when this object was tried before. The kernel goes on with
 * it nevertheless, and writes what there is to write.
 */
int limited_call(int (*what)(const char *object), const char *object, int within_ms);

/* Waits, without limit, until none of those runs any more; they may be tried again then. False:
 * there was none. */
bool limited_wait(void);
