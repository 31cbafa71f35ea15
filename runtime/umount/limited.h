// SPDX-License-Identifier: MIT
/*
 * Calls that may hang in the kernel for ever, as those on a disk that does not answer: each in a
 * child, so that one disk costs its own time and the others are let go of nevertheless.
 */
#pragma once

#define LIMITED_WITHIN_MS 20000

/*
 * what(object) in a child: what it returned, 0 or -errno; -ETIMEDOUT: it did not come to an end
 * within_ms, which was said, or had not when this object was tried before.
 */
int limited_call(int (*what)(const char *object), const char *object, int within_ms);
