// SPDX-License-Identifier: MIT
/*
 * supd-umount: lets go of every disk before the machine goes down. All is written, swap off, then
 * unmount, detach loop devices and remove device-mapper ones, again and again while that gets
 * anywhere; what cannot be unmounted, the root among it, is remounted read-only. Runs when no other
 * process is left. Any of this may hang, or take long: after its time each call is left to itself
 * and the others have their turn; then those that were left are waited for, since the kernel takes
 * a mount from the list before it writes, and all is tried once more. That ends when nothing is
 * left, or when nothing moves any more (limited.h).
 *
 * usage: supd-umount [--beat ACTION]: descriptor 3 is a pipe for a byte each second; ACTION is what
 * programs of HOOKS_DIR are told at the end.
 * Exit status 0: nothing is left that could lose data; 1: something is, and was named.
 */
#include <string.h>
#include <unistd.h>

#include "../base/timeutil.h"
#include "devices.h"
#include "hooks.h"
#include "limited.h"
#include "mounts.h"
#include "say.h"

#define ROUNDS_MAX 64
#define BEAT_FD    3
#define ALL_DATA   "sync of all disks" /* by its name on the console */

static void let_go(void)
{
	int left;
	bool moved = true;

	for (int i = 0; moved && i < ROUNDS_MAX; i++) {
		moved = devices_swap_off();
		moved |= mounts_unmount(&left);
		moved |= devices_detach_loops();
		moved |= devices_remove_dm();
	}
}

static int write_all(const char *object)
{
	(void)object;
	sync();
	return 0;
}

int main(int argc, char **argv)
{
	int left, rounds = 0;

	limited_start(argc == 3 && strcmp(argv[1], "--beat") == 0 ? BEAT_FD : -1, now_us());
	say_keep_nobody_waiting();
	mounts_note_disks();
	limited_call(write_all, ALL_DATA, LIMITED_WITHIN_MS);
	do {
		let_go();
		left = mounts_read_only();
		/* one that fails each time after long is no reason to stay for ever */
	} while (limited_wait(LIMITED_STILL_MS) && ++rounds < ROUNDS_MAX);
	devices_name_left();
	/* waits for unmounts that the kernel is still at, too; behind a dead disk for nothing */
	if (limited_left() == 0) {
		limited_call(write_all, ALL_DATA, LIMITED_WITHIN_MS);
		limited_wait(LIMITED_STILL_MS);
	}

	bool kept = left || limited_left(); /* of disks; whatever becomes of the programs */

	if (argc == 3) {
		hooks_run(HOOKS_DIR, argv[2]);
	}
	return kept ? 1 : 0;
}
