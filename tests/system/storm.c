// SPDX-License-Identifier: MIT
/*
 * A storm of orphans for PID 1 of a PID namespace, and what it leaves unreaped meanwhile.
 * usage: storm N RATE
 * N processes that end as nobody's children, RATE of them each second (0: as fast as it goes).
 * Prints, once PID 1 has no ended child: the rate at which they were made, the rate until the last
 * was reaped, the most ended children of PID 1 seen at once, and how often was looked. Children end
 * before or after their parents, both: 50 for each parent.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 50

struct seen {
	_Atomic long most;
	_Atomic long looks;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Is it an ended child of PID 1? Fields of stat behind the name: state, parent. */
static int is_left(int proc, const char *pid)
{
	char path[64], text[512];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stat", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return 0;
	}
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	const char *end = strrchr(text, ')');

	return end && strncmp(end, ") Z 1 ", 6) == 0;
}

static long count_left(void)
{
	DIR *dir = opendir("/proc");
	long n = 0;

	if (!dir) {
		perror("/proc");
		exit(1);
	}
	for (struct dirent *e; (e = readdir(dir));) {
		if (isdigit((unsigned char)e->d_name[0])) {
			n += is_left(dirfd(dir), e->d_name);
		}
	}
	closedir(dir);
	return n;
}

static void watch(struct seen *seen)
{
	for (;;) {
		long n = count_left();

		if (n > seen->most) {
			seen->most = n;
		}
		seen->looks++;
	}
}

static int make_batch(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		for (int i = 0; i < BATCH; i++) {
			pid_t child = fork();

			if (child <= 0) {
				_exit(child < 0);
			}
		}
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		perror("fork");
		return 1;
	}
	return 0;
}

static void wait_until(int64_t at_ns)
{
	struct timespec t = { .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int storm(long n, long rate, struct seen *seen)
{
	int64_t begin = now_ns(), made;

	for (long i = 0; i < n; i += BATCH) {
		if (rate) {
			wait_until(begin + i * 1000000000 / rate);
		}
		if (make_batch()) {
			return 1;
		}
	}
	made = now_ns();
	while (count_left() > 0) {
		wait_until(now_ns() + 1000000);
	}
	printf("%ld orphans: %.0f made a second, %.0f reaped a second, at most %ld left at once "
	       "(%ld looks)\n",
		n, (double)n * 1e9 / (double)(made - begin),
		(double)n * 1e9 / (double)(now_ns() - begin), seen->most, seen->looks);
	return 0;
}

int main(int argc, char **argv)
{
	struct seen *seen = mmap(
		NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (argc != 3 || atol(argv[1]) < 1 || atol(argv[2]) < 0 || seen == MAP_FAILED) {
		fputs("usage: storm N RATE\n", stderr);
		return 2;
	}
	pid_t watcher = fork();

	if (watcher == 0) {
		watch(seen);
	}
	int status = storm(atol(argv[1]), atol(argv[2]), seen);

	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	return status;
}
