// SPDX-License-Identifier: MIT
/*
 * What supd-boot leaves for the loader: files that only root writes, made anew by each boot of a
 * machine and there as long as it runs.
 */
#pragma once

/* Unit files, drop-ins and links; first in the unit path of a machine. */
#define BOOTUNITS_DIR "/run/supd-boot/units"
/* As fstab(5), beside /etc/fstab; not there when nobody asked for any. */
#define BOOTFSTAB_PATH "/run/supd-boot/fstab"
