// SPDX-License-Identifier: MIT
/* One line on the console: "supd-umount: what: object: errno text". */
#pragma once

void say(const char *what, const char *object, int error);
/*
 * Once: from now on a console that takes nothing (Ctrl-S, a flood) costs the line, not the disks:
 * its description of ours is one that does not block, for the one that was inherited is others'.
 */
void say_keep_nobody_waiting(void);
