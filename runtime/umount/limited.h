// SPDX-License-Identifier: MIT
/*
 * Calls that may hang in the kernel for ever, as those on a disk that does not answer: each in a
 * child, so that one disk costs its own time and the others are let go of nevertheless. Whoever
 * waits here says so on the console every ten seconds: for what, for how long, and how much is to
 * be written.
 *
 * A disk that is slow is waited for as long as anything moves (progress.h). One on which nothing
 * has moved for LIMITED_STILL_MS is given up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "progress.h"

#define LIMITED_WITHIN_MS 20000
#define LIMITED_SWAP_MS   60000 /* all that lies there is read first */
#define LIMITED_HOOK_MS   90000 /* a program, not a disk */
/* While another call hangs already, it is the same disk, as likely as not. */
#define LIMITED_NEXT_MS  5000
#define LIMITED_STILL_MS 60000 /* twice what a disk's driver waits before it resets the disk */

/*
 * Once, before all others. beat_fd: a byte is written there every second, so that supd-init knows
 * that we are there (-1: nobody asks).
 */
void limited_start(int beat_fd, uint64_t now_us);

/* One of the disks that are in use (progress_add_disk). */
void limited_disk(unsigned major, unsigned minor);

/*
 * what(object) in a child: what it returned, 0 or -errno; -ETIMEDOUT: it has not come to an end
 * within_ms, which was said, or had not when this object was tried before. The kernel goes on with
 * it nevertheless, and writes what there is to write; it gets no signal before limited_wait() gives
 * it up.
 */
int limited_call(int (*what)(const char *object), const char *object, int within_ms);

/*
 * The same for a program, which is no disk: it has all of its time, and is killed after that, which
 * is said (-ETIMEDOUT). It does not count among those that are left. -errno: there is no child.
 */
int limited_program(int (*what)(const char *path), const char *path, int within_ms);

/* Is a call for that object still running? */
bool limited_hangs(const char *object);

/*
 * Waits for those that still run. True: one of them is over, and all may be tried again. False:
 * none runs, or nothing moves any more, for still_ms (which is said of each).
 */
bool limited_wait(int still_ms);

/* How many run. */
unsigned limited_left(void);
