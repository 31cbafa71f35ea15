// SPDX-License-Identifier: MIT
#include "say.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../base/utf8.h"

#define SHOWN_MAX 1024u

static struct iovec piece(const char *text)
{
	return (struct iovec) { .iov_base = (void *)(unsigned long)text, .iov_len = strlen(text) };
}

void say_keep_nobody_waiting(void)
{
	if (isatty(STDERR_FILENO)) {
		int fd = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0) {
			dup2(fd, STDERR_FILENO);
			close(fd);
		}
	}
}

void say(const char *what, const char *object, int error)
{
	char shown[SHOWN_MAX];

	utf8_escape(object, shown, sizeof(shown)); /* whoever may mount names the place */
	struct iovec v[] = {
		piece("supd-umount: "),
		piece(what),
		piece(": "),
		piece(shown),
		piece(error ? ": " : ""),
		piece(error ? strerror(error) : ""),
		piece("\n"),
	};

	if (writev(STDERR_FILENO, v, sizeof(v) / sizeof(v[0])) < 0) {
		return;
	}
}
