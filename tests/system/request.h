// SPDX-License-Identifier: MIT
/* One request to a daemon on this host, and whether it answers it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
	const char *path; /* of a unix socket; NULL: port of 127.0.0.1 */
	uint16_t port;
	bool datagram;
	const void *bytes;
	size_t size;
	const void *answer; /* bytes that come somewhere in the answer */
	size_t answer_size;
};

/* False also when nobody listens, or says nothing for a second. */
bool request_is_answered(const struct request *q);
