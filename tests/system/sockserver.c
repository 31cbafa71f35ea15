// SPDX-License-Identifier: MIT
/*
 * A service that is started by its sockets: answers each message with LISTEN_FDNAMES of the
 * descriptor and its pid, "NAME PID MESSAGE". "quit" ends it. Of a FIFO it writes the line to the
 * file that is its argument.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 3
#define MAX   16

static const char *names[MAX];

static void split_names(void)
{
	char *text = getenv("LISTEN_FDNAMES");
	int n = 0;

	for (char *name = text ? strtok(text, ":") : NULL; name && n < MAX;
		name = strtok(NULL, ":")) {
		names[n++] = name;
	}
}

static void make_answer(char *answer, size_t size, int i, const char *message)
{
	snprintf(answer, size, "%s %d %s", names[i] ? names[i] : "?", (int)getpid(), message);
}

/* True: go on. */
static int serve(int i, const char *file)
{
	struct sockaddr_storage from;
	socklen_t from_size = sizeof(from);
	int fd = FIRST + i, connection = accept(fd, NULL, NULL);
	char message[256] = "", answer[512];
	ssize_t n;

	if (connection >= 0) {
		n = recv(connection, message, sizeof(message) - 1, 0);
		make_answer(answer, sizeof(answer), i, message);
		n = n < 0 ? n : send(connection, answer, strlen(answer), MSG_NOSIGNAL);
		close(connection);
	} else if ((n = recvfrom(fd, message, sizeof(message) - 1, 0, (struct sockaddr *)&from,
			    &from_size)) >= 0) {
		make_answer(answer, sizeof(answer), i, message);
		n = sendto(fd, answer, strlen(answer), 0, (struct sockaddr *)&from, from_size);
	} else if ((n = read(fd, message, sizeof(message) - 1)) > 0 && file) {
		FILE *out = fopen(file, "w");

		make_answer(answer, sizeof(answer), i, message);
		fputs(answer, out);
		fclose(out);
	}
	return n < 0 || strncmp(message, "quit", 4) != 0;
}

int main(int argc, char **argv)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int n = pid && count && atoi(pid) == (int)getpid() ? atoi(count) : 0;
	struct pollfd fds[MAX];
	sigset_t term, before;

	if (n <= 0 || n > MAX) {
		return 3;
	}
	split_names();
	/* A request that was taken is answered, also while the service is being stopped. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	for (int i = 0; i < n; i++) {
		fds[i] = (struct pollfd) { .fd = FIRST + i, .events = POLLIN };
	}
	for (;;) {
		if (ppoll(fds, (nfds_t)n, NULL, &before) < 0) {
			return 4;
		}
		for (int i = 0; i < n; i++) {
			if (fds[i].revents && !serve(i, argc > 1 ? argv[1] : NULL)) {
				return 0;
			}
		}
	}
}
