// SPDX-License-Identifier: MIT
/* Fields of fstab(5), /proc/self/mountinfo and /proc/swaps: what would end a field is \ooo. */
#pragma once

/* Blanks, tabs, newlines and backslashes in the place of their octal digits. In place. */
void mntent_unescape(char *text);
