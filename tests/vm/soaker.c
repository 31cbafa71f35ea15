// SPDX-License-Identifier: MIT
/*
 * What runs in the machines of soak.py.
 * usage: vm-soaker write FILE TTY
 *        vm-soaker plague [MS,MS,...]
 *
 * write: FILE anew for ever: 4096 lines with its generation. It is synced before it gets its name,
 * and the name before "synced N" is said on TTY; at SIGTERM one more without any sync: "last N".
 *
 * plague: kills supd so many milliseconds from now; without moments those of the word soak.kill=
 * on the kernel command line, from the kernel's start. SIGTERM does not end it.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES      4096
#define LINE       16
#define PAUSE_NS   (20 * 1000 * 1000)
#define COMMAND    "/proc/cmdline"
#define KILL_WORD  "soak.kill="
#define NS_PER_MS  1000000L
#define MS_PER_SEC 1000L

static volatile sig_atomic_t told;

static void on_term(int signo)
{
	(void)signo;
	told = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "vm-soaker: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The generation of the file, 0: there is none yet. A broken one ends the program. */
static unsigned long long generation_of(const char *file)
{
	static char text[LINES * LINE];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0) {
		return 0;
	}
	while (n < sizeof(text) && (got = read(fd, text + n, sizeof(text) - n)) > 0) {
		n += (size_t)got;
	}
	close(fd);
	for (size_t i = LINE; i + LINE <= n; i += LINE) {
		n = memcmp(text, text + i, LINE) == 0 ? n : 0;
	}
	if (n != sizeof(text)) {
		errno = EILSEQ;
		die(file);
	}
	return strtoull(text, NULL, 10);
}

static void write_file(const char *path, unsigned long long generation, bool synced)
{
	static char text[LINES * LINE];
	char line[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	snprintf(line, sizeof(line), "%015llu\n", generation);
	for (size_t i = 0; i < LINES; i++) {
		memcpy(text + i * LINE, line, LINE);
	}
	if (fd < 0 || write(fd, text, sizeof(text)) != (ssize_t)sizeof(text) ||
		(synced && fsync(fd) < 0)) {
		die(path);
	}
	close(fd);
}

static int write_for_ever(const char *file, const char *tty)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	unsigned long long n = generation_of(file);
	char fresh[512], folder[512];

	snprintf(fresh, sizeof(fresh), "%s.new", file);
	snprintf(folder, sizeof(folder), "%s", file);
	*strrchr(folder, '/') = 0;

	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int line = open(tty, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (dir < 0 || line < 0) {
		die(dir < 0 ? folder : tty);
	}
	signal(SIGTERM, on_term);
	dprintf(line, "begin %llu\n", n);
	for (;;) {
		bool last = told;

		write_file(fresh, ++n, !last);
		if (rename(fresh, file) < 0 || (!last && fsync(dir) < 0)) {
			die(file);
		}
		dprintf(line, "%s %llu\n", last ? "last" : "synced", n);
		if (last) {
			return 0;
		}
		nanosleep(&pause, NULL);
	}
}

static void kill_supd(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		char path[300], name[64] = "";

		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		FILE *f = isdigit((unsigned char)e->d_name[0]) ? fopen(path, "re") : NULL;

		if (f && fgets(name, sizeof(name), f) && strcmp(name, "supd\n") == 0) {
			kill((pid_t)atoi(e->d_name), SIGKILL);
		}
		if (f) {
			fclose(f);
		}
	}
	if (dir) {
		closedir(dir);
	}
}

/* "MS,MS,...", since then. */
static int plague(const char *moments, struct timespec since)
{
	signal(SIGTERM, SIG_IGN);
	while (*moments && isdigit((unsigned char)*moments)) {
		char *end;
		long ms = strtol(moments, &end, 10);
		long ns = since.tv_nsec + ms % MS_PER_SEC * NS_PER_MS;
		const struct timespec at = {
			.tv_sec = since.tv_sec + ms / MS_PER_SEC + ns / (MS_PER_SEC * NS_PER_MS),
			.tv_nsec = ns % (MS_PER_SEC * NS_PER_MS),
		};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		kill_supd();
		moments = *end == ',' ? end + 1 : end;
	}
	return 0;
}

static int plague_of_boot(void)
{
	char text[4096] = "";
	FILE *f = fopen(COMMAND, "re");
	char *word = f && fgets(text, sizeof(text), f) ? strstr(text, KILL_WORD) : NULL;

	if (f) {
		fclose(f);
	}
	return word ? plague(word + strlen(KILL_WORD), (struct timespec) { 0 }) : 0;
}

int main(int argc, char **argv)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (argc == 4 && strcmp(argv[1], "write") == 0) {
		return write_for_ever(argv[2], argv[3]);
	}
	if (argc == 3 && strcmp(argv[1], "plague") == 0) {
		return plague(argv[2], now);
	}
	if (argc == 2 && strcmp(argv[1], "plague") == 0) {
		return plague_of_boot();
	}
	fputs("usage: vm-soaker write FILE TTY | plague [MS,MS,...]\n", stderr);
	return 2;
}
