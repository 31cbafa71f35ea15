// SPDX-License-Identifier: MIT
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "broker.h"
#include "util.h"

#define TEXT_MAX        800u /* the kernel takes some 990 bytes at a time */
#define FACILITY_DAEMON (3u << 3)
#define INFO            6u

/* One line is one message, whoever owns supd. */
static size_t put_text(char *line, const struct wire_log *log)
{
	uint32_t n = log->text_size < TEXT_MAX ? log->text_size : TEXT_MAX;

	memcpy(line, log->data + log->text_at, n);
	util_printable(line, n);
	return n;
}

int kmsg_write(const struct broker *b, const struct wire_log *log)
{
	AUTO_CLOSE int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	char line[TEXT_MAX + 64] = "<";
	size_t at = 1;

	if (fd < 0) {
		return -errno;
	}
	if (log->text_size == 0) {
		return 0;
	}
	at += number_format_u64(line + at, FACILITY_DAEMON | log->priority);
	memcpy(line + at, ">supd[", 6);
	at += 6;
	at += number_format_u64(line + at, (uint64_t)b->supd.helper.pid);
	memcpy(line + at, "]: ", 3);
	at += 3;
	at += put_text(line + at, log);
	return write(fd, line, at) < 0 ? -errno : 0;
}

/* Does the kernel command line want it there? Details of debugging only if all is wanted. */
static bool is_wanted(const struct broker *b, const struct wire_log *log)
{
	uint32_t show = b->t->settings.show;
	bool comes_or_goes = !b->t->ready || b->phase != PHASE_RUN;

	return b->machine && log->text_size &&
	       (show == SHOW_LOG_ALWAYS ||
		       (show == SHOW_LOG && comes_or_goes && log->priority <= INFO));
}

void kmsg_show(const struct broker *b, const struct wire_log *log)
{
	char line[TEXT_MAX + 16] = "supd: ";
	size_t at = 6;

	if (!is_wanted(b, log)) {
		return;
	}
	AUTO_CLOSE int fd = util_open_console();

	at += put_text(line + at, log);
	line[at++] = '\n';
	if (fd >= 0 && write(fd, line, at) < 0) {
		return; /* nobody reads it: the log has it */
	}
}
