// SPDX-License-Identifier: MIT
/*
 * A service for tests that does what its arguments say, one after the other: NAME=VALUE or NAME.
 * It speaks sd_notify(3) itself, so that each message is exactly what the test wants.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS 10000000

static void nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = STEP_NS }, NULL);
}

static void line(const char *text)
{
	if (dprintf(STDOUT_FILENO, "%s\n", text) < 0) {
		_exit(99);
	}
}

/* One datagram to $NOTIFY_SOCKET, with fd if it is not negative. */
static void send_message(const char *text, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1 };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || strlen(path) >= sizeof(to.sun_path)) {
		line("no notify socket");
		return;
	}
	strcpy(to.sun_path, path);
	m.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	if (sendmsg(sock, &m, MSG_NOSIGNAL) < 0) {
		line("notify: cannot send");
	}
	close(sock);
}

/* say=A+B sends the lines A and B. */
static void do_say(const char *value)
{
	char *copy = strdup(value);

	for (char *p = copy; (p = strchr(p, '+'));) {
		*p = '\n';
	}
	send_message(copy, -1);
	free(copy);
}

/* That many messages which say nothing new. */
static void do_chatter(const char *value)
{
	for (long n = strtol(value, NULL, 10); n > 0; n--) {
		send_message("STATUS=chatter", -1);
	}
}

static void do_print(const char *value)
{
	line(value);
}

/* store=NAME keeps a memory file that contains NAME. */
static void do_store(const char *value)
{
	char text[256];
	int fd = memfd_create(value, MFD_CLOEXEC);

	if (write(fd, value, strlen(value)) < 0) {
		line("store: cannot write");
	}
	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", value);
	send_message(text, fd);
	close(fd);
}

/* listen: says what descriptors were passed, and the contents of each. */
static void do_listen(const char *value)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	const char *pid = getenv("LISTEN_PID");
	int n = count ? atoi(count) : 0;

	(void)value;
	dprintf(STDOUT_FILENO, "fds=%d names=%s pid=%s\n", n, names ? names : "",
		!pid                    ? "none"
		: atoi(pid) == getpid() ? "mine"
					: "other");
	for (int i = 3; i < 3 + n; i++) {
		char text[64];
		ssize_t got = pread(i, text, sizeof(text) - 1, 0);

		text[got > 0 ? got : 0] = '\0';
		dprintf(STDOUT_FILENO, "fd %d holds %s\n", i, text);
	}
}

static void do_barrier(const char *value)
{
	int ends[2];
	struct pollfd p = { 0 };

	(void)value;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		_exit(98);
	}
	send_message("BARRIER=1", ends[1]);
	close(ends[1]);
	p.fd = ends[0];
	line(poll(&p, 1, 30000) == 1 && (p.revents & POLLHUP) ? "barrier passed" : "barrier stuck");
}

/* fork=FILE: the child goes on, the parent ends when the file is there (fork: never). */
static void do_fork(const char *value)
{
	if (fork() > 0) {
		while (!*value || access(value, F_OK) < 0) {
			nap();
		}
		_exit(0);
	}
}

/* orphan: the child goes on, the parent exits with the value. */
static void do_orphan(const char *value)
{
	if (fork() > 0) {
		_exit(atoi(value));
	}
}

static void do_mainpid(const char *value)
{
	char text[64];

	(void)value;
	snprintf(text, sizeof(text), "MAINPID=%d", (int)getpid());
	send_message(text, -1);
}

/* ping=FILE: keeps the watchdog calm until the file is there. */
static void do_ping(const char *value)
{
	while (access(value, F_OK) < 0) {
		send_message("WATCHDOG=1", -1);
		nap();
	}
}

static void do_until(const char *value)
{
	while (access(value, F_OK) < 0) {
		nap();
	}
}

static void do_touch(const char *value)
{
	close(open(value, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

static void do_pause(const char *value)
{
	(void)value;
	for (;;) {
		pause();
	}
}

static void do_ignore(const char *value)
{
	signal(atoi(value), SIG_IGN);
}

/* reloader: the Type=notify-reload protocol until SIGTERM. */
static void do_reloader(const char *value)
{
	sigset_t set;

	(void)value;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	send_message("READY=1", -1);
	for (int sig; sigwait(&set, &sig) == 0 && sig == SIGHUP;) {
		struct timespec now;
		char text[128];

		clock_gettime(CLOCK_MONOTONIC, &now);
		snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
			(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
		send_message(text, -1);
		line("reloaded");
		send_message("READY=1\nSTATUS=again", -1);
	}
	send_message("STOPPING=1", -1);
	_exit(0);
}

/* flood=N messages, as fast as the socket takes them. */
static void do_flood(const char *value)
{
	for (int i = atoi(value); i > 0; i--) {
		char text[64];

		snprintf(text, sizeof(text), "STATUS=flood %d", i);
		send_message(text, -1);
	}
}

/* lines=N numbered lines. */
static void do_lines(const char *value)
{
	for (int i = 1, n = atoi(value); i <= n; i++) {
		dprintf(STDOUT_FILENO, "line %d\n", i);
	}
}

static void do_exit(const char *value)
{
	_exit(atoi(value));
}

static const struct action {
	const char *name;
	void (*run)(const char *value);
} actions[] = {
	{ "say", do_say },
	{ "chatter", do_chatter },
	{ "print", do_print },
	{ "store", do_store },
	{ "listen", do_listen },
	{ "barrier", do_barrier },
	{ "fork", do_fork },
	{ "orphan", do_orphan },
	{ "mainpid", do_mainpid },
	{ "ping", do_ping },
	{ "until", do_until },
	{ "touch", do_touch },
	{ "pause", do_pause },
	{ "ignore", do_ignore },
	{ "reloader", do_reloader },
	{ "flood", do_flood },
	{ "lines", do_lines },
	{ "exit", do_exit },
};

static void run(char *word)
{
	char *value = strchr(word, '=');
	size_t n = value ? (size_t)(value - word) : strlen(word);

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strlen(actions[i].name) == n && strncmp(actions[i].name, word, n) == 0) {
			actions[i].run(value ? value + 1 : "");
			return;
		}
	}
	line("unknown action");
	_exit(97);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		run(argv[i]);
	}
	return 0;
}
