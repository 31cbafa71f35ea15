// SPDX-License-Identifier: MIT
/* Says by one byte into a FIFO that it was exec'd, then waits for ever. Static. */
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, "x", 1) != 1) {
		return 1;
	}
	close(fd);
	for (;;) {
		pause();
	}
}
