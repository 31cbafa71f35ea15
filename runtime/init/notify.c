// SPDX-License-Identifier: MIT
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "resources.h"
#include "slots.h"
#include "store.h"
#include "util.h"

#define QUEUE_LENGTH "512"

void notify_start(struct broker *b)
{
	AUTO_CLOSE int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own < 0 || unshare(CLONE_NEWNET) < 0) {
		util_say("notify sockets keep the host's queue length", NULL, errno);
		return;
	}
	AUTO_CLOSE int length = open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC);

	if (length < 0 || write(length, QUEUE_LENGTH, strlen(QUEUE_LENGTH)) < 0) {
		util_say("notify sockets keep the default queue length", NULL, errno);
	}
	b->t->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setns(own, CLONE_NEWNET) < 0) {
		util_say("cannot return to the network namespace", NULL, errno);
	}
	b->t->own_netns_fd = TAKE_FD(own);
}

static int make_socket(struct broker *b)
{
	bool away = b->t->netns_fd >= 0 && setns(b->t->netns_fd, CLONE_NEWNET) == 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = errno;

	if (away && setns(b->t->own_netns_fd, CLONE_NEWNET) < 0) {
		util_say("cannot return to the network namespace", NULL, errno);
	}
	return fd < 0 ? -error : fd;
}

static int bind_socket(int fd, int dir, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char link[FD_LINK_SIZE];
	const char *const parts[4] = { fd_link(dir, link), "/notify", NULL };

	if (strlen(path) < sizeof(address.sun_path)) {
		util_copy(address.sun_path, sizeof(address.sun_path), path);
	} else if (util_join(address.sun_path, sizeof(address.sun_path), parts) < 0) {
		return -ENAMETOOLONG;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		fchmodat(dir, "notify", 0666, 0) < 0) {
		return -errno;
	}
	return 0;
}

/* Early in a boot the kernel may have no good numbers yet; then there is nobody to guess either. */
static uint64_t draw_key(void)
{
	uint64_t key = 0;

	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) < 0 &&
		getrandom(&key, sizeof(key), GRND_INSECURE) < 0) {
		util_say("the paths of notify sockets can be guessed", NULL, errno);
	}
	return key | 1; /* 0 is "none" */
}

void notify_directory(const struct broker *b, uint32_t n, char *buf)
{
	static const char digits[] = "0123456789abcdef";
	struct slot *s = &b->t->slots[n];
	size_t at;

	if (!s->notify_key) {
		s->notify_key = draw_key();
	}
	at = number_format_u64(buf, n);
	buf[at++] = '-';
	for (int shift = 60; shift >= 0; shift -= 4) {
		buf[at++] = digits[s->notify_key >> shift & 15];
	}
	buf[at] = 0;
}

int notify_make(struct broker *b, uint32_t n)
{
	char path[256], name[NOTIFY_DIRECTORY];
	AUTO_CLOSE int fd = make_socket(b);
	int on = 1, r = resources_notify_path(b, n, path, sizeof(path));

	notify_directory(b, n, name);
	if (fd < 0 || r < 0) {
		return fd < 0 ? fd : r;
	}
	if (mkdirat(b->notify_fd, name, 0711) < 0 && errno != EEXIST) {
		return -errno;
	}
	AUTO_CLOSE int dir =
		openat(b->notify_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		return -errno;
	}
	unlinkat(dir, "notify", 0);
	r = bind_socket(fd, dir, path);
	if (r < 0) {
		return r;
	}
	b->t->slots[n].notify = TAKE_FD(fd);
	b->notify_sent[n] = false;
	slot_mark(b, n, DIRTY_SLOT);
	return 0;
}

void notify_mend(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];
		struct pollfd p = { .fd = s->notify, .events = POLLRDHUP };

		if (s->state != SLOT_USED || s->notify < 0 || poll(&p, 1, 0) != 1 ||
			!(p.revents & (POLLRDHUP | POLLHUP))) {
			continue;
		}
		store_discard(b, &s->notify);
		if (notify_make(b, n) < 0) {
			util_say("no notify socket any more", s->name, 0);
		}
	}
}

void notify_drop(struct broker *b, uint32_t n)
{
	char path[64], name[NOTIFY_DIRECTORY];
	const char *const parts[4] = { name, "/notify", NULL };

	if (b->t->slots[n].notify < 0) {
		return;
	}
	store_discard(b, &b->t->slots[n].notify); /* its queue may hold descriptors */
	notify_directory(b, n, name);
	if (util_join(path, sizeof(path), parts) == 0) {
		unlinkat(b->notify_fd, path, 0);
	}
	unlinkat(b->notify_fd, name, AT_REMOVEDIR);
}
