// SPDX-License-Identifier: MIT
/*
 * Runs inside a unit and does one thing as often as it can, until it is ended: `flooder KIND`.
 * Says "flooding" once it does. Static, so that it runs in any tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define FDS         253
#define END_SEC     300 /* should nobody end us */

static int notify_fd;
static struct sockaddr_un notify_at = { .sun_family = AF_UNIX };

static void say(const char *text)
{
	(void)sendto(
		notify_fd, text, strlen(text), 0, (struct sockaddr *)&notify_at, sizeof(notify_at));
}

static void do_notes(void)
{
	static const char *const texts[] = { "STATUS=a\nSTATUS=b", "RELOADING=1\nREADY=1",
		"MAINPID=1", "EXTEND_TIMEOUT_USEC=1", "FDSTOREREMOVE=1\nFDNAME=x", "ERRNO=5",
		"nothing at all" };

	for (size_t i = 0;; i++) {
		say(texts[i % ELEMENTS(texts)]);
	}
}

/* The same many descriptors again and again, or put in and taken out. */
static void store(bool removes)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FDS)];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof(int) * FDS) } };
	struct iovec iov = { .iov_base = (char[]) { "FDSTORE=1\nFDNAME=x" }, .iov_len = 18 };
	struct msghdr msg = { .msg_name = &notify_at,
		.msg_namelen = sizeof(notify_at),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int fds[FDS];

	for (size_t i = 0; i < FDS; i++) {
		fds[i] = epoll_create1(EPOLL_CLOEXEC);
	}
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	for (;;) {
		(void)sendmsg(notify_fd, &msg, 0);
		if (removes) {
			say("FDSTOREREMOVE=1\nFDNAME=x");
		}
	}
}

static void do_stores(void)
{
	store(false);
}

static void do_swaps(void)
{
	store(true);
}

static void do_lines(void)
{
	for (;;) {
		printf("\033[31m<0>a line like any other\n");
	}
}

static void do_names(void)
{
	const char *dir = getenv("STATE_DIRECTORY");
	char path[256];

	for (unsigned i = 0; dir; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, i % 1000);
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		if (i % 1000 == 999) {
			snprintf(path, sizeof(path), "%s/0", dir);
			unlink(path);
		}
	}
}

static void do_forks(void)
{
	for (;;) {
		if (fork() == 0) {
			_exit(fork() < 0);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
	}
}

/* All that the kernel gives a user so and so much of; then it is held. */
static void do_counts(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int pair[2], in = inotify_init1(IN_CLOEXEC), last = -1;

	while (in >= 0) {
		last = in;
		in = inotify_init1(IN_CLOEXEC);
	}
	for (unsigned i = 0; last >= 0 && i < 100000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%u", (int)getpid(), i);
		if (inotify_add_watch(last, path, IN_ACCESS | IN_DONT_FOLLOW) < 0 &&
			errno == ENOSPC) {
			break;
		}
	}
	while (posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) >= 0) {
	}
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
	}
	for (;;) {
		pause();
	}
}

static void do_ends(void)
{
	exit(1); /* Restart= is the loop */
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "notes", do_notes },
	{ "stores", do_stores },
	{ "swaps", do_swaps },
	{ "lines", do_lines },
	{ "names", do_names },
	{ "forks", do_forks },
	{ "counts", do_counts },
	{ "ends", do_ends },
};

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");

	alarm(END_SEC);
	if (path) {
		snprintf(notify_at.sun_path, sizeof(notify_at.sun_path), "%s", path);
		notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	for (size_t i = 0; argc == 2 && i < ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]) == 0) {
			printf("flooding\n");
			fflush(stdout);
			kinds[i].run();
		}
	}
	return 2;
}
