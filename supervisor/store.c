// SPDX-License-Identifier: MIT
#include "store.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/patience.h"
#include "../runtime/base/sysx.h"
#include "../runtime/base/timeutil.h"
#include "shell.h"

#define UNREAD_EVERY_US (2 * USEC_PER_SEC)
#define NO_POLL         'n' /* FDPOLL=0 */

void store_init(struct store *st, struct shell *shell)
{
	*st = (struct store) { .shell = shell };
}

static void stored_free(struct stored_fd *f)
{
	sd_event_source_disable_unref(f->source);
	sd_event_source_disable_unref(f->again);
	patience_close(f->fd);
	free(f);
}

void store_fini(struct store *st)
{
	while (st->first) {
		struct stored_fd *f = st->first;

		st->first = f->next;
		stored_free(f);
	}
	st->n = 0;
}

static int send_drop(struct store *st, uint32_t slot, uint32_t park)
{
	struct wire_request q = { .type = WIRE_STORE_DROP, .slot = slot, .entry = park };

	return broker_send(&st->shell->broker, &q);
}

/* Unlinks *at, tells supd-init when it had a place. */
static void unlink_stored(struct store *st, struct stored_fd **at, bool tell)
{
	struct stored_fd *f = *at;

	*at = f->next;
	st->n--;
	if (tell && f->park != STORE_PARK_NONE) {
		(void)send_drop(st, f->slot, f->park);
	}
	stored_free(f);
}

/* What the peer wrote before it went is still to be read: by the service, or by its successor. */
static bool has_unread(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *user)
{
	struct stored_fd *f = user;

	(void)source;
	(void)usec;
	return f->source ? sd_event_source_set_enabled(f->source, SD_EVENT_ON) : 0;
}

/* The hang-up stays, so it is not waited for but looked at from time to time. */
static int look_again(struct stored_fd *f)
{
	uint64_t due = usec_add(now_us(), UNREAD_EVERY_US);
	int r = sd_event_source_set_enabled(f->source, SD_EVENT_OFF);

	if (r >= 0 && !f->again) {
		r = sd_event_add_time(f->store->shell->event, &f->again, CLOCK_MONOTONIC, due,
			UNREAD_EVERY_US, on_again, f);
		return r;
	}
	r = r < 0 ? r : sd_event_source_set_time(f->again, due);
	return r < 0 ? r : sd_event_source_set_enabled(f->again, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct stored_fd *f = user;

	(void)source;
	(void)fd;
	if (!(revents & (EPOLLHUP | EPOLLERR)) || (has_unread(f->fd) && look_again(f) >= 0)) {
		return 0;
	}
	for (struct stored_fd **at = &f->store->first; *at; at = &(*at)->next) {
		if (*at == f) {
			unlink_stored(f->store, at, true);
			break;
		}
	}
	return 0;
}

/* Files cannot be polled; that is fine. */
static void watch(struct stored_fd *f)
{
	if (sd_event_add_io(f->store->shell->event, &f->source, f->fd, 0, on_hangup, f) < 0) {
		f->source = NULL;
	}
}

/* ---- which are the same ---- */

/* Descriptors in the kernel's order of what they stand for. */
struct known {
	int fds[LIMIT_FDSTORE_PER_UNIT + LIMIT_NOTIFY_FDS];
	size_t n;
};

/* kcmp(2): 0 the same, 1 and 2 one before the other; else it cannot be known, so they differ. */
static int order(int a, int b)
{
	pid_t self = getpid();
	long r = syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);

	return r == 0 ? 0 : r == 1 || (r != 2 && a < b) ? -1 : 1;
}

/* True: it is known; else *ret is its place. */
static bool find(const struct known *k, int fd, size_t *ret)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = order(fd, k->fds[middle]);

		if (r == 0) {
			return true;
		}
		low = r < 0 ? low : middle + 1;
		high = r < 0 ? middle : high;
	}
	*ret = low;
	return false;
}

static void insert(struct known *k, size_t at, int fd)
{
	if (k->n < ELEMENTSOF(k->fds)) {
		memmove(&k->fds[at + 1], &k->fds[at], (k->n - at) * sizeof(k->fds[0]));
		k->fds[at] = fd;
		k->n++;
	}
}

/* ---- adding ---- */

static struct stored_fd *append(struct store *st, uint32_t slot, const char *name, int fd)
{
	struct stored_fd *f = calloc(1, sizeof(*f));
	struct stored_fd **at = &st->first;

	if (!f) {
		return NULL;
	}
	f->store = st;
	f->slot = slot;
	f->park = STORE_PARK_NONE;
	f->poll = true;
	f->fd = fd;
	strncpy(f->name, *name ? name : "stored", sizeof(f->name) - 1);
	while (*at) {
		at = &(*at)->next;
	}
	*at = f;
	st->n++;
	return f;
}

/* Takes the descriptor. 0, or -errno. */
static int add_one(struct store *st, uint32_t slot, const char *name, int fd)
{
	struct wire_request q = { .type = WIRE_STORE_NEW, .slot = slot };
	AUTO_CLOSE int owned = fd;
	int r = broker_send(&st->shell->broker, &q);

	if (r < 0) {
		return r;
	}
	if (!append(st, slot, name, owned)) {
		return -ENOMEM;
	}
	TAKE_FD(owned);
	return 0;
}

int store_add(struct store *st, const struct store_news *news, uint32_t *ret_added)
{
	struct known known = { .n = 0 };
	uint32_t count = 0;
	size_t at;
	int result = 0;

	*ret_added = 0;
	if (news->n == 0) {
		return 0;
	}
	for (const struct stored_fd *f = st->first; f; f = f->next) {
		count += f->slot == news->slot;
		if (f->slot == news->slot && !find(&known, f->fd, &at)) {
			insert(&known, at, f->fd);
		}
	}
	for (size_t i = 0; i < news->n; i++) {
		bool is_known = find(&known, news->fds[i], &at);
		bool fits = count < news->max && st->n < LIMIT_FDSTORE_TOTAL;
		int r = is_known ? 0 : -ENOSPC;

		if (is_known || !fits) {
			close(news->fds[i]);
		} else {
			r = add_one(st, news->slot, news->name, news->fds[i]);
		}
		if (r == 0 && !is_known) {
			insert(&known, at, news->fds[i]);
			count++;
			(*ret_added)++;
		}
		news->fds[i] = -1;
		result = result < 0 ? result : r;
	}
	return result;
}

void store_no_poll(struct store *st, uint32_t slot, const char *name)
{
	for (struct stored_fd *f = st->first; f; f = f->next) {
		if (f->slot == slot && strcmp(f->name, name) == 0) {
			f->poll = false;
			f->source = sd_event_source_disable_unref(f->source);
		}
	}
}

void store_remove(struct store *st, uint32_t slot, const char *name)
{
	for (struct stored_fd **at = &st->first; *at;) {
		if ((*at)->slot == slot && strcmp((*at)->name, name) == 0) {
			unlink_stored(st, at, true);
		} else {
			at = &(*at)->next;
		}
	}
}

void store_clear(struct store *st, uint32_t slot)
{
	for (struct stored_fd **at = &st->first; *at;) {
		if ((*at)->slot == slot) {
			unlink_stored(st, at, false);
		} else {
			at = &(*at)->next;
		}
	}
}

uint32_t store_count(const struct store *st, uint32_t slot, bool waiting)
{
	uint32_t n = 0;

	for (const struct stored_fd *f = st->first; f; f = f->next) {
		n += f->slot == slot && (!waiting || f->park == STORE_PARK_NONE);
	}
	return n;
}

static struct stored_fd **first_waiting(struct store *st, uint32_t slot)
{
	for (struct stored_fd **at = &st->first; *at; at = &(*at)->next) {
		if ((*at)->slot == slot && (*at)->park == STORE_PARK_NONE) {
			return at;
		}
	}
	return NULL;
}

void store_refused(struct store *st, uint32_t slot)
{
	struct stored_fd **at = first_waiting(st, slot);

	if (at) {
		unlink_stored(st, at, false);
	}
}

static bool park_is_known(const struct store *st, const struct wire_park *park)
{
	for (const struct stored_fd *f = st->first; f; f = f->next) {
		if (f->slot == park->slot && f->park == park->park) {
			return true;
		}
	}
	return false;
}

/*
 * What goes beside a descriptor into its place: the name; behind its NUL, where launchers do not
 * look, what the next supd has to know.
 */
static size_t describe(const struct stored_fd *f, char text[LIMIT_PARKED_NAME])
{
	size_t n = strlen(f->name);

	memcpy(text, f->name, n);
	if (f->poll) {
		return n;
	}
	text[n] = '\0';
	text[n + 1] = NO_POLL;
	return n + 2;
}

/* A fresh place: the oldest descriptor that waits for one goes in. */
static int push(struct store *st, const struct wire_park *park, int push_fd)
{
	struct stored_fd **at = first_waiting(st, park->slot);
	char text[LIMIT_PARKED_NAME];
	int r;

	if (!at) {
		return send_drop(st, park->slot, park->park);
	}
	r = fd_send(push_fd, text, describe(*at, text), &(*at)->fd, 1, MSG_DONTWAIT);
	(*at)->park = park->park;
	if (r < 0) {
		unlink_stored(st, at, true);
		return 0;
	}
	if ((*at)->poll) {
		watch(*at);
	}
	return 0;
}

/* A place from before a crash: take a copy of what is in it. Empty: supd died before it pushed. */
static int peek(struct store *st, const struct wire_park *park, int peek_fd)
{
	char name[LIMIT_PARKED_NAME + 1] = { 0 };
	size_t n_fds = 1;
	struct stored_fd *f;
	int fd = -1;
	ssize_t n = fd_recv(peek_fd, name, sizeof(name) - 1, &fd, &n_fds, MSG_PEEK | MSG_DONTWAIT);

	if (n <= 0 || n_fds != 1) {
		if (n > 0 && fd >= 0) {
			close(fd);
		}
		return send_drop(st, park->slot, park->park);
	}
	f = append(st, park->slot, name, fd);
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->park = park->park;
	f->poll = (size_t)n < strlen(name) + 2 || name[n - 1] != NO_POLL;
	if (f->poll) {
		watch(f);
	}
	return 0;
}

int store_parked(struct store *st, const struct wire_park *park, int *fds, size_t n_fds)
{
	size_t need = (park->has_push ? 1u : 0u) + (park->has_peek ? 1u : 0u);

	if (n_fds < need || park_is_known(st, park)) {
		return 0;
	}
	if (park->has_push) {
		return push(st, park, fds[0]);
	}
	return park->has_peek ? peek(st, park, fds[0]) : 0;
}
