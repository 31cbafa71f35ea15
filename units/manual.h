// SPDX-License-Identifier: MIT
/* The table of settings for people: as a man page, and as lines for supctl. */
#pragma once

#include <stdio.h>

/* Text as it is, not as requests or escapes of man(7); dashes stay dashes. */
void manual_text(FILE *out, const char *text);
/* supd.unit(5) in man(7). */
int manual_page(FILE *out);
/* "SECTION\tNAME\tHELP", one a line; a setting of several sections has several lines. */
int manual_list(FILE *out);
