// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "boot.h"

#define NO_SHELL   127
#define NO_SHELL_S 5

/* sulogin asks for root's password where there is one; a shell is better than nothing. */
static char *const shells[][3] = {
	{ "/sbin/sulogin", NULL, NULL },
	{ "/usr/sbin/sulogin", NULL, NULL },
	{ "/bin/bash", "-l", NULL },
	{ "/bin/sh", NULL, NULL },
	{ "/bin/busybox", "sh", NULL },
};

static char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"TERM=linux",
	"SUSHELL=/bin/sh",
	"PS1=emergency# ",
	NULL,
};

static __attribute__((noreturn)) void become_shell(void)
{
	sigset_t none;
	int fd;

	sigemptyset(&none);
	for (int signo = 1; signo < NSIG; signo++) {
		signal(signo, SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open("/dev/console", O_RDWR);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		for (int i = 0; i < 3; i++) {
			dup2(fd, i);
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(shells); i++) {
		execve(shells[i][0], shells[i], environment);
	}
	say("no shell: sulogin, bash, sh and busybox are all missing", NULL, errno);
	_exit(NO_SHELL);
}

void emergency_shell(const char *reason)
{
	const struct timespec pause = { .tv_sec = NO_SHELL_S };
	int status = 0;
	pid_t pid;

	say("emergency", reason, 0);
	say("what is wrong stands above; the shell's end (exit) tries again", NULL, 0);
	pid = fork();
	if (pid == 0) {
		become_shell();
	}
	while (pid > 0 && waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR) {
			break;
		}
	}
	if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == NO_SHELL)) {
		nanosleep(&pause, NULL); /* nobody is to be reached: not as fast as it goes */
	}
}
