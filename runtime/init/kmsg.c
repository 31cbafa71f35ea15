// SPDX-License-Identifier: MIT
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "broker.h"

#define TEXT_MAX        800u /* the kernel takes some 990 bytes at a time */
#define FACILITY_DAEMON (3u << 3)

int kmsg_write(const struct broker *b, const struct wire_log *log)
{
	AUTO_CLOSE int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	uint32_t n = log->text_size < TEXT_MAX ? log->text_size : TEXT_MAX;
	char line[TEXT_MAX + 64] = "<";
	size_t at = 1;

	if (fd < 0) {
		return -errno;
	}
	if (n == 0) {
		return 0;
	}
	at += number_format_u64(line + at, FACILITY_DAEMON | log->priority);
	memcpy(line + at, ">supd[", 6);
	at += 6;
	at += number_format_u64(line + at, (uint64_t)b->supd.helper.pid);
	memcpy(line + at, "]: ", 3);
	at += 3;
	for (uint32_t i = 0; i < n; i++) {
		char c = log->data[log->text_at + i];

		/* One line is one message, whoever owns supd. */
		line[at++] = (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
	}
	return write(fd, line, at) < 0 ? -errno : 0;
}
