// SPDX-License-Identifier: MIT
/*
 * When supd-boot began, for supd-init: a record in /run, which moves along to the real root. Only
 * root writes there; it is read once, and a record that cannot be true counts as none.
 */
#pragma once

#include <stdint.h>

#define BOOTTIMES_PATH  "/run/supd-boot.times"
#define BOOTTIMES_MAGIC 0x656d6974u /* "time" */

struct boottimes {
	uint32_t magic;
	uint32_t soft_reboots;
	uint64_t initrd_us;    /* CLOCK_MONOTONIC; 0: there was no initramfs to leave */
	uint64_t userspace_us; /* on the root file system, or in an initramfs that is it */
};
