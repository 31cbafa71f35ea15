// SPDX-License-Identifier: MIT
/*
 * Only in a build with sanitizers: supd is killed, it does not end, so nobody would look for what
 * it has lost. A thread waits for SIGTERM, looks, and lets the signal do what it does. A handler
 * could not: it may come in the middle of malloc().
 */
#include <pthread.h>
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void *look_at_the_end(void *arg)
{
	sigset_t *term = arg;
	int signo;

	while (sigwait(term, &signo) != 0) {
	}
	__lsan_do_leak_check(); /* ends the program if there are any */
	signal(signo, SIG_DFL);
	kill(getpid(), signo);
	pthread_sigmask(SIG_UNBLOCK, term, NULL);
	return NULL;
}

static __attribute__((constructor)) void begin(void)
{
	static sigset_t term;
	pthread_t thread;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	if (pthread_create(&thread, NULL, look_at_the_end, &term) != 0) {
		pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	}
}
