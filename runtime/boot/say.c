// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/utf8.h"
#include "boot.h"

#define SHOWN_MAX 512u /* a record of the kernel's log has room for it */

static struct iovec piece(const char *text)
{
	return (struct iovec) { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
}

/* For the journal, which reads the kernel's log; below what "quiet" lets through to the console. */
static void tell_kernel(const struct iovec *v, int n)
{
	AUTO_CLOSE int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || writev(fd, v, n) < 0) {
		return; /* the console has it */
	}
}

void say(const char *what, const char *object, int error)
{
	struct iovec v[8] = { piece("<28>") }; /* daemon, warning */
	char shown[SHOWN_MAX];
	int n = 1;

	v[n++] = piece("supd-boot: ");
	v[n++] = piece(what);
	if (object) {
		v[n++] = piece(": ");
		utf8_escape(object, shown, sizeof(shown)); /* a disk, a host or a user named it */
		v[n++] = piece(shown);
	}
	if (error) {
		v[n++] = piece(": ");
		v[n++] = piece(strerror(error));
	}
	v[n++] = piece("\n");
	if (getpid() == 1) {
		tell_kernel(v, n);
	}
	/* One that is stopped (Ctrl-S, a line without a reader) loses the line, and keeps nobody.
	 */
	AUTO_CLOSE int console =
		getpid() == 1 && isatty(STDERR_FILENO)
			? open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
			: -1;

	if (writev(console >= 0 ? console : STDERR_FILENO, v + 1, n - 1) < 0) {
		return; /* no console: the boot goes on */
	}
}

void say_open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	for (int i = 0; fd >= 0 && i < 3; i++) {
		if (fcntl(i, F_GETFD) < 0) {
			dup2(fd, i);
		}
	}
	if (fd == 0 || fd == 1 || fd == 2) {
		fcntl(fd, F_SETFD, 0); /* took a free place itself */
	} else if (fd > 2) {
		close(fd);
	}
}
