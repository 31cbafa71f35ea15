// SPDX-License-Identifier: MIT
#include "mountwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "shell.h"
#include "unitlog.h"

static const char *const files[] = {
	[MOUNTTABLE_MOUNTS] = "/proc/self/mountinfo",
	[MOUNTTABLE_SWAPS] = "/proc/swaps",
};

/* The whole file as text; NULL with errno. */
static char *read_all(int fd)
{
	size_t size = 16384, n = 0;
	char *text = malloc(size);

	if (text && lseek(fd, 0, SEEK_SET) < 0) {
		free(text);
		return NULL;
	}
	while (text) {
		ssize_t got = read(fd, text + n, size - n - 1);
		char *more;

		if (got <= 0) {
			text[n] = '\0';
			return text;
		}
		n += (size_t)got;
		if (size - n > 4096) {
			continue;
		}
		size *= 2;
		more = size > LIMIT_MOUNTINFO ? NULL : realloc(text, size);
		if (!more) {
			free(text);
			errno = E2BIG;
			return NULL;
		}
		text = more;
	}
	return NULL;
}

static void refresh(struct mountwatch_list *list)
{
	AUTO_FREE char *text = list->fd < 0 ? NULL : read_all(list->fd);
	struct mounttable table;

	if (list->fd < 0) {
		return;
	}
	if (!text || mounttable_parse(list->kind, text, &table) < 0) {
		if (!list->complained) {
			unitlog_plain(list->watch->shell, LOG_ERR,
				"%s cannot be read (%s): mount and swap units stay as they are",
				files[list->kind], strerror(errno));
		}
		list->complained = true;
		return;
	}
	list->complained = false;
	mounttable_fini(&list->table);
	list->table = table;
	list->watch->changed = true;
}

static int on_change(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)fd;
	(void)revents;
	refresh(user);
	return 0;
}

bool mountwatch_has(struct mountwatch *w, const struct manifest_mount *m)
{
	struct mountwatch_list *list = &w->lists[m->where ? MOUNTTABLE_MOUNTS : MOUNTTABLE_SWAPS];
	struct pollfd p = { .fd = list->ask_fd, .events = POLLPRI };
	char real[PATH_MAX];

	if (list->ask_fd >= 0 && poll(&p, 1, 0) > 0) {
		refresh(list);
	}
	if (m->where) {
		return mounttable_has(&list->table, m->where);
	}
	/* The kernel names the device itself, not a link to it. */
	return mounttable_has(&list->table, m->what) ||
	       (realpath(m->what, real) && mounttable_has(&list->table, real));
}

int mountwatch_settle(struct mountwatch *w)
{
	if (!w->changed || !w->shell->listed) {
		return 0;
	}
	w->changed = false;
	return engine_mounts_changed(w->shell->engine, now_us());
}

int mountwatch_init(struct mountwatch *w, struct shell *shell)
{
	*w = (struct mountwatch) { .shell = shell };
	for (size_t i = 0; i < ELEMENTSOF(w->lists); i++) {
		struct mountwatch_list *list = &w->lists[i];
		int r;

		list->watch = w;
		list->kind = (enum mounttable_kind)i;
		list->fd = open(files[i], O_RDONLY | O_CLOEXEC);
		list->ask_fd = open(files[i], O_RDONLY | O_CLOEXEC);
		if (list->fd < 0) {
			continue; /* a kernel without swap */
		}
		r = sd_event_add_io(
			shell->event, &list->source, list->fd, EPOLLPRI, on_change, list);
		if (r < 0) {
			return r;
		}
		refresh(list);
	}
	return 0;
}

void mountwatch_fini(struct mountwatch *w)
{
	for (size_t i = 0; i < ELEMENTSOF(w->lists) && w->shell; i++) {
		sd_event_source_disable_unref(w->lists[i].source);
		mounttable_fini(&w->lists[i].table);
		if (w->lists[i].fd >= 0) {
			close(w->lists[i].fd);
		}
		if (w->lists[i].ask_fd >= 0) {
			close(w->lists[i].ask_fd);
		}
	}
}
