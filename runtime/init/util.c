// SPDX-License-Identifier: MIT
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/pidns.h"

static struct iovec piece(const char *text)
{
	return (struct iovec) { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
}

static bool is_machine(void)
{
	return getpid() == 1 && pidns_is_initial();
}

/* A machine's console may be nobody's: the kernel's log keeps it, and journald reads that. */
static void tell_kernel(const struct iovec *v, int n)
{
	AUTO_CLOSE int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && writev(fd, v, n) < 0) {
		return; /* the console has it */
	}
}

int util_open_console(void)
{
	if (!is_machine() || !isatty(STDERR_FILENO)) {
		return -1;
	}
	return open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

/* False: it is not to be had. */
static bool tell_console(const struct iovec *v, int n)
{
	AUTO_CLOSE int fd = util_open_console();

	return fd >= 0 && (writev(fd, v, n) >= 0 || errno == EAGAIN);
}

/*
 * Others write to the same pipe, supd among them: nobody may make us wait for its reader. Where a
 * file does not know RWF_NOWAIT, poll tells as much as can be known.
 */
static void tell_stderr(const struct iovec *v, int n)
{
	if (pwritev2(STDERR_FILENO, v, n, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP) {
		struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

		if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT && writev(p.fd, v, n) < 0) {
			return; /* nobody to tell */
		}
	}
}

void util_say(const char *what, const char *object, int error)
{
	struct iovec v[8] = { piece("<28>") }; /* daemon, warning */
	int n = 1;

	v[n++] = piece("supd-init: ");
	v[n++] = piece(what);
	if (object) {
		v[n++] = piece(": ");
		v[n++] = piece(object);
	}
	if (error) {
		const char *text = strerrordesc_np(error);

		v[n++] = piece(": ");
		v[n++] = piece(text ? text : "unknown error");
	}
	v[n++] = piece("\n");
	bool machine = is_machine();

	if (machine) {
		tell_kernel(v, n);
	}
	if (!machine || !tell_console(v + 1, n - 1)) {
		tell_stderr(v + 1, n - 1);
	}
}

void util_printable(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			text[i] = '?';
		}
	}
}

void util_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = 0;
}

int util_join(char *buf, size_t size, const char *const parts[4])
{
	size_t used = 0;

	for (int i = 0; i < 4 && parts[i]; i++) {
		size_t n = strlen(parts[i]);

		if (n >= size - used) {
			return -ENAMETOOLONG;
		}
		memcpy(buf + used, parts[i], n);
		used += n;
	}
	buf[used] = 0;
	return 0;
}

void util_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

void util_sooner(uint64_t *at, uint64_t deadline)
{
	if (deadline && (!*at || deadline < *at)) {
		*at = deadline;
	}
}

uint64_t util_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) < 0
		       ? 0
		       : (uint64_t)data[1].effective << 32 | data[0].effective;
}
