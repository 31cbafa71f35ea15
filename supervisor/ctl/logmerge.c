// SPDX-License-Identifier: MIT
/* logsource.h on the journal and supd-log's directory at once, by time: a part of a boot, or the
 * time without journald, is in the one, the rest in the other. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "../../runtime/base/cleanup.h"
#include "logsource.h"

#define PARTS 2

struct merge {
	struct logsource parts[PARTS];
	struct log_entry next[PARTS];
	bool has_next[PARTS];
};

static int merge_next(void *p, struct log_entry *ret)
{
	struct merge *m = p;
	int first = -1;

	for (int i = 0; i < PARTS; i++) {
		int r = m->has_next[i] ? 1 : logsource_next(&m->parts[i], &m->next[i]);

		if (r < 0) {
			return r;
		}
		m->has_next[i] = r > 0;
		if (r > 0 && (first < 0 || m->next[i].realtime_us < m->next[first].realtime_us)) {
			first = i;
		}
	}
	if (first < 0) {
		return 0;
	}
	*ret = m->next[first];
	m->has_next[first] = false;
	return 1;
}

static int seek_parts(struct merge *m, usec_t since_us, long lines)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < PARTS; i++) {
		m->has_next[i] = false;
		r = logsource_seek(&m->parts[i], since_us, lines);
	}
	return r;
}

static int merge_seek(void *p, usec_t since_us, long lines)
{
	struct log_entry e;
	long excess = -lines;
	int r = seek_parts(p, since_us, lines);

	if (r < 0 || lines <= 0) {
		return r;
	}
	/* Each part is at its last lines; of them all, the last are asked for. */
	while ((r = merge_next(p, &e)) > 0) {
		excess++;
	}
	r = r < 0 ? r : seek_parts(p, since_us, lines);
	while (r >= 0 && excess-- > 0) {
		r = merge_next(p, &e);
	}
	return r < 0 ? r : 0;
}

/* Lets each part look at what woke us. */
static int look(struct merge *m)
{
	int any = 0;

	for (int i = 0; i < PARTS; i++) {
		int r = logsource_wait(&m->parts[i], 0);

		if (r < 0) {
			return r;
		}
		any |= r;
	}
	return any;
}

static int merge_fd(void *p)
{
	(void)p;
	return -EOPNOTSUPP;
}

static int merge_wait(void *p, int timeout_ms)
{
	struct pollfd fds[PARTS];
	struct merge *m = p;
	int r = look(m);

	if (r != 0) {
		return r;
	}
	for (int i = 0; i < PARTS; i++) {
		int fd = m->parts[i].ops->fd(m->parts[i].p);

		if (fd < 0) {
			return fd;
		}
		fds[i] = (struct pollfd) { .fd = fd, .events = POLLIN };
	}
	r = poll(fds, PARTS, timeout_ms);
	if (r <= 0) {
		return r < 0 ? -errno : 0;
	}
	r = look(m);
	return r < 0 ? r : 1;
}

static void merge_free(void *p)
{
	struct merge *m = p;

	for (int i = 0; i < PARTS; i++) {
		logsource_fini(&m->parts[i]);
	}
	free(m);
}

static const struct logsource_ops merge_ops = { merge_seek, merge_next, merge_wait, merge_fd,
	merge_free };

int logsource_merge(struct logsource *s, struct logsource *other)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m) {
		return -ENOMEM;
	}
	m->parts[0] = *s;
	m->parts[1] = *other;
	*s = (struct logsource) { .ops = &merge_ops, .p = m };
	*other = (struct logsource) { .ops = NULL };
	return 0;
}
