// SPDX-License-Identifier: MIT
#include "patience.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

/* The handler only has to be there: a signal without one is not a reason to stop waiting. */
static void on_alarm(int signo)
{
	(void)signo;
}

static void arm(long interval_us)
{
	const struct itimerval t = { .it_interval.tv_usec = interval_us,
		.it_value.tv_usec = interval_us };
	int error = errno;

	setitimer(ITIMER_REAL, &t, NULL);
	errno = error;
}

void patience_begin(void)
{
	const struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	int error = errno;

	sigaction(SIGALRM, &action, NULL);
	errno = error;
	arm(PATIENCE_US);
}

void patience_end(void)
{
	arm(0);
}

void patience_close(int fd)
{
	if (fd >= 0) {
		patience_begin();
		close(fd);
		patience_end();
	}
}
