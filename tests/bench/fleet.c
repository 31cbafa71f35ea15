// SPDX-License-Identifier: MIT
#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/sysx.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static void payload_path(char *path, size_t size)
{
	snprintf(path, size, "%s/tests/bench/bench_payload", getenv("SUPD_BUILD"));
}

/* "namespaces": those that the floor has, and nothing else. Other names are profiles. */
static void write_walls(const struct fleet *f, const char *name, char *buf, size_t size)
{
	if (strcmp(name, "namespaces") == 0) {
		snprintf(buf, size,
			"PrivateMounts=yes\nPrivateIPC=yes\nProtectHostname=yes\n"
			"ProtectControlGroups=private\n[Container]\nProfile=trusted\n");
	} else {
		snprintf(buf, size, "ReadWritePaths=%s\n[Container]\nProfile=%s\n", f->fifo_path,
			name);
	}
}

static void write_units(struct fleet *f, const char *profile)
{
	char program[4096], text[8192], walls[512], name[64];
	size_t size = f->services * 32 + 256;
	char *target = calloc(1, size);

	payload_path(program, sizeof(program));
	write_walls(f, profile, walls, sizeof(walls));
	snprintf(text, sizeof(text),
		"[Service]\nExecStart=%s %s\nRestart=always\nRestartSec=0\nPrivatePIDs=yes\n%s",
		program, f->fifo_path, walls);
	strcpy(target, "[Unit]\n");
	for (unsigned i = 0; i < f->services; i++) {
		snprintf(name, sizeof(name), "svc-%u.service", i);
		sys_unit(f->s, name, text);
		snprintf(target + strlen(target), size - strlen(target), "Wants=%s\n", name);
	}
	sys_unit(f->s, "bench.target", target);
	free(target);
}

void fleet_init(struct fleet *f, unsigned services, const char *profile)
{
	f->services = services;
	f->s = sys_new();
	snprintf(f->fifo_path, sizeof(f->fifo_path), "%s/fifo", f->s->dir);
	if (mkfifo(f->fifo_path, 0666) < 0 || chmod(f->fifo_path, 0666) < 0) {
		sys_fail(f->s, "mkfifo: %s", strerror(errno));
	}
	f->fifo = open(f->fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	write_units(f, profile);
}

void fleet_fini(struct fleet *f)
{
	sys_free(f->s);
	close(f->fifo);
}

usec_t fleet_wait(struct fleet *f, unsigned n)
{
	char buf[4096];
	unsigned got = 0;

	while (got < n) {
		struct pollfd p = { .fd = f->fifo, .events = POLLIN };
		ssize_t r;

		if (poll(&p, 1, 60000) <= 0) {
			sys_fail(f->s, "only %u of %u payloads started", got, n);
		}
		r = read(f->fifo, buf, sizeof(buf));
		got += r > 0 ? (unsigned)r : 0;
	}
	return now_us();
}

static pid_t floor_start(const char *program, const char *fifo_path)
{
	struct clone_args args = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
	pid_t pid = sysx_clone3(&args);

	if (pid == 0) {
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
		execl(program, "bench_payload", fifo_path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Switches a `perf record -D -1 --control=fifo:FIFO` on or off, see the header. */
static void profile_part(const char *part, const char *command)
{
	const char *wanted = getenv("SUPD_BENCH_PART");
	const char *path = getenv("SUPD_BENCH_PERF");
	AUTO_CLOSE int fd = -1;

	if (!path || strcmp(wanted ? wanted : "up", part) != 0) {
		return;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, command, strlen(command)) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	}
	usleep(20000); /* perf does not answer */
}

usec_t fleet_floor(struct fleet *f)
{
	char program[4096];
	usec_t start;

	payload_path(program, sizeof(program));
	f->pids = calloc(f->services, sizeof(*f->pids));
	profile_part("floor", "enable\n");
	start = now_us();
	for (unsigned i = 0; i < f->services; i++) {
		f->pids[i] = floor_start(program, f->fifo_path);
	}
	start = fleet_wait(f, f->services) - start;
	profile_part("floor", "disable\n");
	return start;
}

void fleet_floor_end(struct fleet *f)
{
	for (unsigned i = 0; i < f->services; i++) {
		kill(f->pids[i], SIGKILL);
		waitpid(f->pids[i], NULL, 0);
	}
	free(f->pids);
	f->pids = NULL;
}

usec_t fleet_up(struct fleet *f)
{
	static const char *const none[] = { NULL };
	usec_t start;

	sys_start(f->s, none);
	profile_part("up", "enable\n");
	start = now_us();
	sys_ctl(f->s, "start --no-block bench.target");
	start = fleet_wait(f, f->services) - start;
	profile_part("up", "disable\n");
	return start;
}
