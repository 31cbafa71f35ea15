// SPDX-License-Identifier: MIT
/* Files of the form of os-release(5): NAME=VALUE in each line, the value quoted as a shell would.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define OSRELEASE_VALUE_MAX 256u

struct osrelease_text {
	const char *at;
	size_t n;
};

/*
 * The value of the last assignment of key into buf: up to the quote that opened it, or the end of
 * its line; "" where there is none. False, with buf "": it has no room there.
 */
bool osrelease_value(struct osrelease_text text, struct osrelease_text key,
	char buf[static OSRELEASE_VALUE_MAX]);
