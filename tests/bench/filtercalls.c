// SPDX-License-Identifier: MIT
#include "filtercalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define PAGE  4096
#define SMALL 64

static int failed(bool ok)
{
	return ok ? 0 : -errno;
}

static int turn_getppid(struct filterworld *w)
{
	(void)w;
	return failed(syscall(SYS_getppid) >= 0);
}

static int turn_read_nothing(struct filterworld *w)
{
	return failed(syscall(SYS_read, w->null, NULL, 0) == 0);
}

static int turn_futex(struct filterworld *w)
{
	return failed(syscall(SYS_futex, &w->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0);
}

static int turn_ioctl(struct filterworld *w)
{
	int bytes;

	return failed(ioctl(w->tcp[0], FIONREAD, &bytes) == 0);
}

static int turn_epoll_wait(struct filterworld *w)
{
	struct epoll_event event;

	return failed(epoll_wait(w->ready, &event, 1, -1) == 1);
}

static int turn_pread(struct filterworld *w)
{
	char page[PAGE];

	return failed(pread(w->file, page, sizeof(page), 0) == PAGE);
}

static int turn_open(struct filterworld *w)
{
	struct stat st;
	AUTO_CLOSE int fd = openat(AT_FDCWD, w->path, O_RDONLY | O_CLOEXEC);

	return failed(fd >= 0 && fstat(fd, &st) == 0);
}

static int turn_create(struct filterworld *w)
{
	AUTO_CLOSE int fd =
		openat(w->directory, "filtercalls-new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return failed(fd >= 0 && unlinkat(w->directory, "filtercalls-new", 0) == 0);
}

static int turn_pipe(struct filterworld *w)
{
	char small[SMALL] = { 0 };

	return failed(write(w->pipe[1], small, SMALL) == SMALL &&
		      read(w->pipe[0], small, SMALL) == SMALL);
}

static int turn_tcp(struct filterworld *w)
{
	char small[SMALL] = { 0 };

	return failed(send(w->tcp[0], small, SMALL, MSG_NOSIGNAL) == SMALL &&
		      recv(w->tcp[1], small, SMALL, 0) == SMALL);
}

static int turn_mmap(struct filterworld *w)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)w;
	return failed(p != MAP_FAILED && munmap(p, PAGE) == 0);
}

static int turn_mprotect(struct filterworld *w)
{
	void *page = (void *)((uintptr_t)w & ~(uintptr_t)(PAGE - 1));

	return failed(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0);
}

static int turn_socket(struct filterworld *w)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)w;
	return failed(fd >= 0);
}

static int turn_fork(struct filterworld *w)
{
	pid_t pid = fork();

	(void)w;
	if (pid == 0) {
		_exit(0);
	}
	return failed(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

/* The client's end: it resets what was served, so that no port waits. */
static int connect_to(int listener)
{
	const struct linger reset = { .l_onoff = 1 };
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ||
		connect(fd, (struct sockaddr *)&address, size) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

/* What a web server asks for: the question, the file, the answer, a line of its log. */
static int serve(struct filterworld *w)
{
	static const char line[SMALL];
	struct epoll_event event = { .events = EPOLLIN };
	char question[PAGE];
	struct stat st;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int file = -1;

	if (epoll_wait(w->epoll, &event, 1, -1) != 1) {
		return -errno;
	}
	fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ||
		epoll_wait(w->epoll, &event, 1, -1) != 1 ||
		recv(fd, question, sizeof(question), 0) != SMALL) {
		return -errno;
	}
	file = openat(AT_FDCWD, w->path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &st) < 0 || write(fd, line, SMALL) != SMALL ||
		sendfile(fd, file, NULL, (size_t)st.st_size) != st.st_size) {
		return -errno;
	}
	return failed(write(w->log, line, SMALL) == SMALL);
}

/* Both ends are this process. */
static int turn_request(struct filterworld *w)
{
	char answer[SMALL + PAGE] = { 0 };
	AUTO_CLOSE int fd = connect_to(w->listener);
	int r = fd < 0 ? fd : failed(send(fd, answer, SMALL, MSG_NOSIGNAL) == SMALL);

	r = r < 0 ? r : serve(w);
	return r < 0 ? r : failed(recv(fd, answer, sizeof(answer), MSG_WAITALL) == sizeof(answer));
}

const struct filtercall filtercalls[FILTERCALLS] = {
	{ "getppid", 1, 2000, turn_getppid },
	{ "read of nothing", 1, 2000, turn_read_nothing },
	{ "futex, wake of nobody", 1, 2000, turn_futex },
	{ "ioctl, FIONREAD", 1, 1000, turn_ioctl },
	{ "epoll_wait, one is ready", 1, 800, turn_epoll_wait },
	{ "pread of 4 KiB", 1, 600, turn_pread },
	{ "mprotect", 1, 400, turn_mprotect },
	{ "mmap, munmap", 2, 200, turn_mmap },
	{ "socket, close", 2, 100, turn_socket },
	{ "openat, fstat, close", 3, 100, turn_open },
	{ "openat of a new file, unlinkat, close", 3, 30, turn_create },
	{ "write and read of 64 bytes, pipe", 2, 300, turn_pipe },
	{ "send and recv of 64 bytes, TCP", 2, 50, turn_tcp },
	{ "fork, wait4", 3, 1, turn_fork },
	{ "a request: 19 calls, both ends", 19, 3, turn_request },
};

static int listen_anywhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 16) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return failed(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static int make_file(struct filterworld *w)
{
	char page[PAGE] = { 0 };

	snprintf(w->path, sizeof(w->path), "/dev/shm/supd-filtercalls-XXXXXX");
	if (!mkdtemp(w->path)) {
		return -errno;
	}
	w->directory = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->file = openat(w->directory, "page", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	strcat(w->path, "/page");
	return failed(w->file >= 0 && write(w->file, page, PAGE) == PAGE);
}

int filterworld_init(struct filterworld *w)
{
	int r;

	*w = (struct filterworld) { .log = -1, .directory = -1, .file = -1 };
	w->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	w->log = open("/dev/null", O_WRONLY | O_CLOEXEC);
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->ready = epoll_create1(EPOLL_CLOEXEC);
	w->event = eventfd(1, EFD_CLOEXEC);
	w->listener = listen_anywhere();
	r = make_file(w);
	r = r < 0 ? r : failed(pipe2(w->pipe, O_CLOEXEC) == 0);
	r = r < 0 ? r : watch(w->ready, w->event);
	r = r < 0 ? r : watch(w->epoll, w->listener);
	if (r < 0) {
		return r;
	}
	w->tcp[0] = connect_to(w->listener);
	w->tcp[1] = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	return failed(w->tcp[0] >= 0 && w->tcp[1] >= 0);
}

void filterworld_fini(struct filterworld *w)
{
	const int fds[] = { w->null, w->log, w->epoll, w->ready, w->event, w->listener, w->pipe[0],
		w->pipe[1], w->tcp[0], w->tcp[1], w->file };

	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		if (fds[i] > 2) {
			close(fds[i]);
		}
	}
	if (w->directory >= 0) {
		unlinkat(w->directory, "page", 0);
		unlinkat(w->directory, "filtercalls-new", 0);
		close(w->directory);
		*strrchr(w->path, '/') = '\0';
		rmdir(w->path);
	}
}
