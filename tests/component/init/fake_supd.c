// SPDX-License-Identifier: MIT
/* Stands in for supd: hands its channel to the test that listens beside it, then waits. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/plan/wire.h"

int main(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const int fds[] = { SUPD_FD_REQUEST, SUPD_FD_EVENT, SUPD_FD_CONTROL };
	ssize_t n = readlink("/proc/self/exe", to.sun_path, sizeof(to.sun_path) - 1);
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t pid = getpid();

	if (n <= 0) {
		return 1;
	}
	strcpy(strrchr(to.sun_path, '/'), "/test");
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		fd_send(sock, &pid, sizeof(pid), fds, ELEMENTSOF(fds), 0) < 0) {
		return 1;
	}
	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		close(fds[i]); /* the test's copies are the channel now */
	}
	for (;;) {
		pause();
	}
}
