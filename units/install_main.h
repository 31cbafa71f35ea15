// SPDX-License-Identifier: MIT
/*
 * supd-load --install VERB [--root DIR] --unit-path DIR[:DIR…] --persistent DIR --runtime DIR
 *           [--transient DIR] [--force] [--at-runtime] [--] [NAME…]
 *
 * Prints what is to be done as records of four strings, each ended by a NUL byte:
 *   KIND PATH SOURCE ERRNO      a change or a note (enum install_change_kind's words)
 *   state NAME STATE PRESET     is-enabled, list-unit-files (list: PATH in place of NAME)
 *   default NAME "" ""          get-default
 *   result NUMBER "" ""         last: links that were asked for, or a negative errno
 */
#pragma once

#include "../runtime/base/arena.h"

/* args: what follows --install. Exit status of supd-load: 0 the records say all, 2 usage, 3. */
int install_main(struct arena *arena, const char *const *args);
