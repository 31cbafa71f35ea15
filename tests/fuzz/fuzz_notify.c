// SPDX-License-Identifier: MIT
/* libFuzzer target: one sd_notify datagram. */
#include <stdlib.h>
#include <string.h>

#include "../../supervisor/notifymsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify_msg m;

	if (notify_msg_parse(data, size, &m) == 0 &&
		(strlen(m.status) >= sizeof(m.status) || strlen(m.fd_name) >= sizeof(m.fd_name))) {
		abort();
	}
	return 0;
}
