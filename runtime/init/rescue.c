// SPDX-License-Identifier: MIT
#include "rescue.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/timeutil.h"
#include "catalog.h"
#include "spawn.h"
#include "util.h"

#define CRASHES_MAX 4 /* in a row, before supd has taken over: some seconds of trying */
#define LOADS_MAX   3 /* that failed, while there are no units at all */

static pid_t start_shell(const char *reason)
{
	const char *const argv[] = { "supd-boot", "--emergency", reason, NULL };
	const struct spawn spawn = { .exe_fd = LOW_FD_BOOT, .argv = argv, .error_fd = -1 };

	return spawn_start(&spawn);
}

void rescue_start(struct broker *b, const char *reason)
{
	const struct timespec pause = { .tv_sec = 1 };
	pid_t pid = start_shell(reason);
	pid_t ended;

	while (pid > 0 && (ended = waitpid(-1, NULL, __WALL)) != pid) {
		if (ended < 0 && errno != EINTR) {
			break;
		}
	}
	nanosleep(&pause, NULL); /* a shell that cannot run must not make this spin */
	execv(b->exe, b->argv);
}

/* NULL: nothing is. supd settles with its units, so what stops these keeps it from that. */
static const char *what_is_wrong(const struct broker *b)
{
	if (b->load.failures >= LOADS_MAX && catalog_count(b) == 0) {
		return "the units cannot be loaded; it is tried again all the while";
	}
	return b->supd.helper.failures >= CRASHES_MAX
		       ? "supd, the supervisor, cannot be started; services go on"
		       : NULL;
}

void rescue_tick(struct broker *b)
{
	struct helper *h = &b->supd.helper;

	if (h->settled) {
		h->failures = 0;
		b->shell_shown = false;
	}
	if (!b->machine || b->shell_pid || b->shell_shown || b->phase != PHASE_RUN) {
		return;
	}
	const char *reason = what_is_wrong(b);
	pid_t pid = reason ? start_shell(reason) : 0;

	if (!reason) {
		return;
	}

	b->shell_shown = true;
	b->shell_pid = pid > 0 ? pid : 0;
}

bool rescue_ended(struct broker *b, pid_t pid)
{
	if (!b->shell_pid || pid != b->shell_pid) {
		return false;
	}
	b->shell_pid = 0;
	b->shell_shown = false;
	b->supd.helper.failures = 0;
	b->supd.helper.backoff_us = 0;
	if (!b->supd.helper.pid) {
		b->supd.helper.restart_at = now_us();
	}
	/* A repaired supd is another file than the one that was opened at our start. */
	b->reexec = b->phase == PHASE_RUN;
	return true;
}
