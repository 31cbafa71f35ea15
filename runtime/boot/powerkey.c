// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "boot.h"

#define INPUT_DIR   "/dev/input"
#define DEVICES_MAX 64
#define BITS        (8 * sizeof(unsigned long))

/* Slot 0 is the directory's inotify descriptor, slot n + 1 is eventN's; -1: none. */
static struct pollfd watched[DEVICES_MAX + 1];

static bool has_power_key(int fd)
{
	unsigned long keys[KEY_MAX / BITS + 1] = { 0 };

	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
	       keys[KEY_POWER / BITS] >> KEY_POWER % BITS & 1;
}

static void scan(void)
{
	char path[64] = INPUT_DIR "/event";
	const size_t n = strlen(path);

	for (uint64_t i = 0; i < DEVICES_MAX; i++) {
		if (watched[i + 1].fd >= 0) {
			continue;
		}
		number_format_u64(path + n, i);
		AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && has_power_key(fd)) {
			watched[i + 1].fd = TAKE_FD(fd);
		}
	}
}

/* True: the key went down. A device that is gone leaves its slot. */
static bool read_events(struct pollfd *p)
{
	struct input_event events[16];
	ssize_t n = read(p->fd, events, sizeof(events));

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close(p->fd);
		p->fd = -1;
	}
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(events[0]); i++) {
		if (events[i].type == EV_KEY && events[i].code == KEY_POWER &&
			events[i].value == 1) {
			return true;
		}
	}
	return false;
}

static void look_again(void)
{
	char buf[4096];

	if (read(watched[0].fd, buf, sizeof(buf)) > 0) {
		scan();
	}
}

int powerkey_serve(int signo)
{
	for (size_t i = 0; i < ELEMENTSOF(watched); i++) {
		watched[i] = (struct pollfd) { .fd = -1, .events = POLLIN };
	}
	mkdir(INPUT_DIR, 0755); /* the first device may be still to come */
	watched[0].fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watched[0].fd < 0 ||
		inotify_add_watch(watched[0].fd, INPUT_DIR, IN_CREATE | IN_ATTRIB) < 0) {
		say("cannot watch", INPUT_DIR, errno);
		return 1;
	}
	scan();
	for (;;) {
		if (poll(watched, ELEMENTSOF(watched), -1) < 0 && errno != EINTR) {
			say("poll", NULL, errno);
			return 1;
		}
		if (watched[0].revents) {
			look_again();
		}
		for (size_t i = 1; i < ELEMENTSOF(watched); i++) {
			if (watched[i].fd >= 0 && watched[i].revents && read_events(&watched[i])) {
				say("the power button was pressed", NULL, 0);
				kill(1, signo);
			}
		}
	}
}
