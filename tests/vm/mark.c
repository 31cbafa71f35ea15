// SPDX-License-Identifier: MIT
/*
 * Measures inside a virtual machine, whatever its PID 1 is.
 * usage: vm-mark say FIFO           one byte, then waits for ever: a service
 *        vm-mark count FIFO N FILE  when the N-th byte came, CLOCK_MONOTONIC in microseconds
 *        vm-mark pss                "PID NAME KIB" of every process
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int say(const char *fifo)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "x", 1) != 1) {
		perror(fifo);
		return 1;
	}
	close(fd);
	for (;;) {
		pause();
	}
}

static int count(const char *fifo, int n, const char *file)
{
	int fd = open(fifo, O_RDWR | O_CLOEXEC);
	struct timespec now;
	char byte;

	while (n > 0 && read(fd, &byte, 1) == 1) {
		n--;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	FILE *out = fopen(file, "w");

	if (n > 0 || !out) {
		perror(n > 0 ? fifo : file);
		return 1;
	}
	fprintf(out, "%lld\n", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	fclose(out);
	for (;;) {
		pause();
	}
}

static void show(const char *pid)
{
	char path[300], name[64] = "", line[256];
	long kib = -1;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	FILE *f = fopen(path, "r");

	if (!f || !fgets(name, sizeof(name), f)) {
		name[0] = 0;
	}
	name[strcspn(name, "\n")] = 0;
	if (f) {
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%s/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && kib < 0 && fgets(line, sizeof(line), f)) {
		sscanf(line, "Pss: %ld", &kib);
	}
	if (f) {
		fclose(f);
	}
	if (kib >= 0) {
		printf("%s %s %ld\n", pid, name, kib);
	}
}

static int pss(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (isdigit((unsigned char)e->d_name[0])) {
			show(e->d_name);
		}
	}
	return dir ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "say") == 0) {
		return say(argv[2]);
	}
	if (argc == 5 && strcmp(argv[1], "count") == 0) {
		return count(argv[2], atoi(argv[3]), argv[4]);
	}
	if (argc == 2 && strcmp(argv[1], "pss") == 0) {
		return pss();
	}
	fputs("usage: vm-mark say FIFO | count FIFO N FILE | pss\n", stderr);
	return 2;
}
