// SPDX-License-Identifier: MIT
/* One line on the console: "supd-umount: what: object: errno text". */
#pragma once

void say(const char *what, const char *object, int error);
