// SPDX-License-Identifier: MIT
/*
 * supd-umount: lets go of every disk before the machine goes down. Swap off, then unmount, detach
 * loop devices and remove device-mapper ones, again and again while that gets anywhere; what
 * cannot be unmounted, the root among it, is remounted read-only. Runs when no other process is
 * left. Any of this may hang: each call has its deadline, and all of it one by supd-init.
 *
 * Exit status 0: nothing is left that could lose data; 1: something is, and was named.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#include "devices.h"
#include "mounts.h"
#include "say.h"

#define ROUNDS_MAX 64

int main(void)
{
	int left = 0;
	bool moved = true;

	for (int i = 0; moved && i < ROUNDS_MAX; i++) {
		moved = devices_swap_off();
		moved |= mounts_unmount(&left);
		moved |= devices_detach_loops();
		moved |= devices_remove_dm();
	}
	left = mounts_read_only();
	devices_name_left();
	return left ? 1 : 0;
}
