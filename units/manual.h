// SPDX-License-Identifier: MIT
/* The table of settings for people: as a man page, and as lines for supctl. */
#pragma once

#include <stdio.h>

/* supd.unit(5) in man(7). */
int manual_page(FILE *out);
/* "SECTION\tNAME\tHELP", one a line; a setting of several sections has several lines. */
int manual_list(FILE *out);
