// SPDX-License-Identifier: MIT
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../base/timeutil.h"
#include "supdproc.h"
#include "util.h"

#define DEVICE      "/dev/watchdog0"
#define RETRY_US    (2 * USEC_PER_SEC) /* its module is loaded during the boot */
#define RETRY_TIMES 60
#define OVERDUE_US  (2 * LIMIT_RESTART_MAX_US)

static int set_timeout(int fd, uint64_t us)
{
	int seconds = (int)((us + USEC_PER_SEC - 1) / USEC_PER_SEC);

	/* A device with a fixed time refuses; what it has is asked for next. */
	return ioctl(fd, WDIOC_SETTIMEOUT, &seconds) < 0 && errno != EOPNOTSUPP ? -errno : 0;
}

static void open_device(struct broker *b, uint64_t now)
{
	int seconds = 0;

	b->hw_tries++;
	b->hw_at = now + RETRY_US;
	b->hw_fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
	if (b->hw_fd < 0) {
		if (b->hw_tries == RETRY_TIMES) {
			util_say("RuntimeWatchdogSec= is set, but there is no", DEVICE, errno);
		}
		return;
	}
	int r = set_timeout(b->hw_fd, b->t->settings.runtime_watchdog_us);

	if (r < 0) {
		util_say("cannot set the timeout of", DEVICE, -r);
	}
	if (ioctl(b->hw_fd, WDIOC_GETTIMEOUT, &seconds) < 0 || seconds < 1) {
		seconds = 1;
	}
	b->hw_us = (uint64_t)seconds * USEC_PER_SEC / 3;
	b->hw_at = now;
}

/* Does supd work, or is it about to be started? */
static bool is_healthy(const struct broker *b, uint64_t now)
{
	const struct helper *h = &b->supd.helper;

	return h->pid || b->shell_pid || h->restart_at + OVERDUE_US > now;
}

void watchdog_feed(const struct broker *b)
{
	if (b->hw_fd >= 0) {
		ioctl(b->hw_fd, WDIOC_KEEPALIVE, 0);
	}
}

void watchdog_tick(struct broker *b, uint64_t now)
{
	if (!b->machine || !b->t->settings.runtime_watchdog_us || now < b->hw_at) {
		return;
	}
	if (b->hw_fd < 0 && b->hw_tries < RETRY_TIMES) {
		open_device(b, now);
	}
	if (b->hw_fd >= 0 && is_healthy(b, now)) {
		watchdog_feed(b);
		supdproc_probe(b, now);
		b->hw_at = now + b->hw_us;
	}
}

void watchdog_deadline(const struct broker *b, uint64_t *at)
{
	bool wanted = b->machine && b->t->settings.runtime_watchdog_us;

	if (wanted && (b->hw_fd >= 0 || b->hw_tries < RETRY_TIMES)) {
		util_sooner(at, b->hw_at ? b->hw_at : 1);
	}
}

void watchdog_shutdown(struct broker *b)
{
	uint64_t us = b->t->settings.reboot_watchdog_us;
	int off = WDIOS_DISABLECARD;

	if (!b->machine) {
		return;
	}
	if (b->hw_fd < 0 && us) {
		b->hw_fd = open(DEVICE, O_WRONLY | O_CLOEXEC);
	}
	if (b->hw_fd < 0) {
		return;
	}
	if (us == 0) {
		ioctl(b->hw_fd, WDIOC_SETOPTIONS, &off);
		return;
	}
	set_timeout(b->hw_fd, us);
	watchdog_feed(b);
}
