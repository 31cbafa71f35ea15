// SPDX-License-Identifier: MIT
/* supd.conf and supd-init's command line for people, from the table of keys. 0 or -errno. */
#pragma once

#include <stdio.h>

/* supd.conf(5) in man(7). */
int confmanual_file(FILE *out);
/* supd-init(8) in man(7). */
int confmanual_program(FILE *out);
/* A supd.conf in which every key stands with its default, commented out. */
int confmanual_example(FILE *out);
