// SPDX-License-Identifier: MIT
/*
 * The whole of supd measured from outside, figures as ratios in one run: N services up against the
 * bare clone+exec floor with the same namespaces, PSS, kill -9 to replacement, supd crash to
 * adopted, wake-ups while idle. Prints a table; not a test.
 *
 * bench_system [SERVICES [REPEATS]]
 */
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
#include "../../runtime/base/timeutil.h"
#include "../system/harness.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define MAX_REPEAT 1000

static struct sys *s;
static int fifo = -1;
static unsigned services = 1000, repeats = 100;

/* ---- the floor: clone + exec of the same payload in the same namespaces ---- */

static void payload_path(char *path, size_t size)
{
	snprintf(path, size, "%s/tests/bench/bench_payload", getenv("SUPD_BUILD"));
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

/* Waits for n messages of the payloads; returns the time of the last. */
static usec_t wait_payloads(unsigned n)
{
	char buf[4096];
	unsigned got = 0;

	while (got < n) {
		struct pollfd p = { .fd = fifo, .events = POLLIN };
		ssize_t r;

		if (poll(&p, 1, 60000) <= 0) {
			sys_fail(s, "only %u of %u payloads started", got, n);
		}
		r = read(fifo, buf, sizeof(buf));
		got += r > 0 ? (unsigned)r : 0;
	}
	return now_us();
}

static usec_t measure_floor(const char *fifo_path)
{
	char program[4096];
	pid_t *pids = calloc(services, sizeof(*pids));
	usec_t start = now_us(), end;

	payload_path(program, sizeof(program));
	for (unsigned i = 0; i < services; i++) {
		pids[i] = floor_start(program, fifo_path);
	}
	end = wait_payloads(services);
	for (unsigned i = 0; i < services; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	free(pids);
	return end - start;
}

/* ---- supd ---- */

static void write_units(const char *fifo_path)
{
	char program[4096], text[8192], name[64];
	size_t size = services * 32 + 256;
	char *target = calloc(1, size);

	payload_path(program, sizeof(program));
	snprintf(text, sizeof(text),
		"[Service]\nExecStart=%s %s\nRestart=always\nRestartSec=0\nPrivatePIDs=yes\n"
		"[Container]\nProfile=compat\n",
		program, fifo_path);
	strcpy(target, "[Unit]\n");
	for (unsigned i = 0; i < services; i++) {
		snprintf(name, sizeof(name), "svc-%u.service", i);
		sys_unit(s, name, text);
		snprintf(target + strlen(target), size - strlen(target), "Wants=%s\n", name);
	}
	sys_unit(s, "bench.target", target);
	free(target);
}

static long pss_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "Pss: %ld", &kb);
	}
	if (f) {
		fclose(f);
	}
	return kb;
}

static long switches(pid_t pid)
{
	char path[64], line[256];
	long n = 0, value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &value) == 1 ||
			sscanf(line, "nonvoluntary_ctxt_switches: %ld", &value) == 1) {
			n += value;
		}
	}
	if (f) {
		fclose(f);
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	const usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const char *what, usec_t *samples, unsigned n)
{
	qsort(samples, n, sizeof(*samples), compare);
	printf("%-44s p50 %8.2f ms   p90 %8.2f ms   n=%u\n", what, (double)samples[n / 2] / 1000,
		(double)samples[n * 9 / 10] / 1000, n);
}

static void measure_restart(void)
{
	static usec_t samples[MAX_REPEAT];

	for (unsigned i = 0; i < repeats; i++) {
		char name[64];
		pid_t pid;
		usec_t start;

		snprintf(name, sizeof(name), "svc-%u.service", i % services);
		pid = (pid_t)sys_number(s, name, "MainPID");
		start = now_us();
		kill(pid, SIGKILL);
		samples[i] = wait_payloads(1) - start;
	}
	report("kill -9 of a service -> replacement exec'd", samples, repeats);
}

static void measure_adoption(void)
{
	static usec_t samples[MAX_REPEAT];
	unsigned n = repeats / 5 ? repeats / 5 : 1;

	for (unsigned i = 0; i < n; i++) {
		pid_t supd = sys_supd_pid(s);
		usec_t start = now_us();
		unsigned running = 0;

		kill(supd, SIGKILL);
		while (running < services) {
			sys_ctl(s, "list --plain --no-legend --type=service");
			running = 0;
			for (char *p = s->output; (p = strstr(p, " running")); p++) {
				running++;
			}
		}
		samples[i] = now_us() - start;
	}
	report("supd killed -> all adopted and listed", samples, n);
}

static pid_t child_named(pid_t parent, const char *name)
{
	char command[128], line[64] = "";
	FILE *f;

	snprintf(command, sizeof(command),
		"ps -e -o pid=,ppid=,comm= | awk '$2==%d && $3==\"%s\"{print $1}'", (int)parent,
		name);
	f = popen(command, "re");
	if (!f || !fgets(line, sizeof(line), f)) {
		line[0] = '\0';
	}
	if (f) {
		pclose(f);
	}
	return (pid_t)strtol(line, NULL, 10);
}

static void measure_memory_and_idle(void)
{
	const pid_t pids[] = { s->init, sys_supd_pid(s), child_named(s->init, "supd-log") };
	static const char *const names[] = { "supd-init", "supd", "supd-log" };
	long before[3], total = 0;

	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		printf("%-44s %8ld kB\n", names[i], pss_kb(pids[i]));
		total += pss_kb(pids[i]);
		before[i] = switches(pids[i]);
	}
	printf("%-44s %8ld kB\n", "PSS together", total);
	sleep(10);
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		printf("%-44s %8ld in 10 s idle (%s)\n", "wake-ups", switches(pids[i]) - before[i],
			names[i]);
	}
}

int main(int argc, char **argv)
{
	static const char *const none[] = { NULL };
	char fifo_path[128];
	usec_t floor_us, up_us, start;

	services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : services;
	repeats = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : repeats;
	sys_require();
	s = sys_new();
	snprintf(fifo_path, sizeof(fifo_path), "%s/fifo", s->dir);
	if (mkfifo(fifo_path, 0666) < 0 || chmod(fifo_path, 0666) < 0) {
		sys_fail(s, "mkfifo: %s", strerror(errno));
	}
	fifo = open(fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	write_units(fifo_path);
	floor_us = measure_floor(fifo_path);
	printf("%-44s %8.1f ms\n", "floor: clone+exec, same namespaces", (double)floor_us / 1000);
	sys_start(s, none);
	start = now_us();
	sys_ctl(s, "start --no-block bench.target");
	up_us = wait_payloads(services) - start;
	printf("%-44s %8.1f ms = %.2f x the floor (%u services)\n", "supd: all exec'd",
		(double)up_us / 1000, (double)up_us / (double)floor_us, services);
	measure_memory_and_idle();
	measure_restart();
	measure_adoption();
	sys_free(s);
	return 0;
}
