// SPDX-License-Identifier: MIT
/*
 * supd-umount: lets go of every disk before the machine goes down. Swap off, then unmount, detach
 * loop devices and remove device-mapper ones, again and again while that gets anywhere; what
 * cannot be unmounted, the root among it, is remounted read-only. Runs when no other process is
 * left. Any of this may hang, or take long: after its time each call is left to itself and the
 * others have their turn; then those that were left are waited for, since the kernel takes a mount
 * from the list before it writes, and all is tried once more. Only supd-init's deadline ends that.
 *
 * Exit status 0: nothing is left that could lose data; 1: something is, and was named.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#include "devices.h"
#include "limited.h"
#include "mounts.h"
#include "say.h"

#define ROUNDS_MAX 64

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

int main(void)
{
	int left;

	do {
		let_go();
		left = mounts_read_only();
		devices_name_left();
	} while (limited_wait());
	return left ? 1 : 0;
}
