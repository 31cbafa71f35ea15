// SPDX-License-Identifier: MIT
/*
 * The one service of the smallest appliance (vm_smallest.py): sleeps until the host writes a line,
 * words between single blanks, to the second serial port; runs it, its output goes back the same
 * way and ends with EOT. A machine of its own, so nothing is checked. Static.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PORT "/dev/ttyS1"
#define EOT  "\004"

static int open_port(void)
{
	struct termios t;
	int fd = open(PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);

	while (fd < 0 || tcgetattr(fd, &t) < 0) {
		pause();
	}
	cfmakeraw(&t);
	tcsetattr(fd, TCSAFLUSH, &t);
	write(fd, EOT, 1);
	return fd;
}

static void run(char *line, int fd)
{
	char *argv[16] = { NULL };

	for (size_t n = 0; line && n < 15; n++) {
		argv[n] = strsep(&line, " ");
	}
	pid_t pid = fork();

	if (pid == 0) {
		dup2(fd, 1);
		dup2(fd, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	tcdrain(fd);
	write(fd, EOT, 1);
}

int main(void)
{
	char line[256];
	size_t n = 0;
	int fd = open_port();

	for (;;) {
		if (read(fd, line + n, 1) != 1) {
			pause();
		} else if (line[n] == '\n' || n == sizeof(line) - 1) {
			line[n] = 0;
			run(line, fd);
			n = 0;
		} else {
			n++;
		}
	}
}
