// SPDX-License-Identifier: MIT
/*
 * The tests' hand in the guest: reads "LENGTH\n" and a shell script of that length from the
 * terminal TTY, runs it with /bin/sh, answers "STATUS LENGTH\n" and what it printed.
 * usage: vm-agent TTY
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SCRIPT_MAX 65536
#define OUTPUT_MAX (4u << 20)

static char script[SCRIPT_MAX];
static char output[OUTPUT_MAX];

static void read_full(int fd, char *buf, size_t size)
{
	while (size) {
		ssize_t n = read(fd, buf, size);

		if (n <= 0 && errno != EINTR) {
			exit(1);
		}
		buf += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void write_full(int fd, const char *buf, size_t size)
{
	while (size) {
		ssize_t n = write(fd, buf, size);

		if (n < 0 && errno != EINTR) {
			exit(1);
		}
		buf += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static size_t read_length(int tty)
{
	char line[32];
	size_t n = 0;

	do {
		read_full(tty, line + n, 1);
	} while (line[n] != '\n' && ++n < sizeof(line) - 1);
	line[n] = 0;
	return strtoul(line, NULL, 10);
}

static int run(size_t *ret_size)
{
	/* First where no test fills the disk. */
	char path[] = "/run/vm-agent.XXXXXX";
	int fd = mkstemp(path), status = 0;
	ssize_t n;
	pid_t pid;

	if (fd < 0) {
		strcpy(path, "/tmp/vm-agent.XXXXXX");
		fd = mkstemp(path);
	}
	unlink(path);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		for (int signo = 1; signo < 32; signo++) {
			signal(signo, SIG_DFL);
		}
		setsid();
		dup2(null, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	*ret_size = 0;
	while (*ret_size < OUTPUT_MAX &&
		(n = pread(fd, output + *ret_size, OUTPUT_MAX - *ret_size, (off_t)*ret_size)) > 0) {
		*ret_size += (size_t)n;
	}
	close(fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int tty = argc == 2 ? open(argv[1], O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	struct termios raw;
	char head[64];

	if (tty < 0 || tcgetattr(tty, &raw) < 0) {
		perror(argc == 2 ? argv[1] : "usage: vm-agent TTY");
		return 1;
	}
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	tcsetattr(tty, TCSANOW, &raw);
	write_full(tty, "hello\n", 6);
	for (;;) {
		size_t size = read_length(tty);

		if (size >= SCRIPT_MAX) {
			return 1;
		}
		read_full(tty, script, size);
		script[size] = 0;
		int status = run(&size);
		int n = snprintf(head, sizeof(head), "%d %zu\n", status, size);

		write_full(tty, head, (size_t)n);
		write_full(tty, output, size);
	}
}
