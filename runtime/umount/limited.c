// SPDX-License-Identifier: MIT
#include "limited.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "say.h"

#define HANGING_MAX 64 /* more than the time that supd-init leaves us has room for */

static uint64_t hanging[HANGING_MAX];
static unsigned n_hanging;

/* FNV-1a: two objects of one machine that are taken for each other cost nothing but a try. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++) {
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	}
	return h;
}

static bool is_hanging(const char *object)
{
	uint64_t h = hash(object);

	for (unsigned i = 0; i < n_hanging; i++) {
		if (hanging[i] == h) {
			return true;
		}
	}
	return false;
}

/*
 * A call that is in the kernel takes the signal only when it is over: a disk that is slow gets all
 * of what it was to get. Whoever ends the machine before limited_wait() says so takes it away.
 */
static int give_up(pid_t pid, const char *object)
{
	kill(pid, SIGKILL);
	if (n_hanging < HANGING_MAX) {
		hanging[n_hanging++] = hash(object);
	}
	say("does not come to an end, the others go first", object, 0);
	return -ETIMEDOUT;
}

int limited_call(int (*what)(const char *object), const char *object, int within_ms)
{
	int status = 0;

	if (is_hanging(object)) {
		return -ETIMEDOUT;
	}
	pid_t pid = fork();

	if (pid == 0) {
		_exit(-what(object) & 0xff);
	}
	if (pid < 0) {
		return what(object);
	}
	AUTO_CLOSE int pidfd = sysx_pidfd_open(pid, 0);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	if (pidfd >= 0 && poll(&ended, 1, within_ms) == 0) {
		return give_up(pid, object);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

bool limited_wait(void)
{
	bool some = false;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, 0)) > 0 || (pid < 0 && errno == EINTR)) {
		some |= pid > 0;
	}
	n_hanging = 0;
	return some;
}
