// SPDX-License-Identifier: MIT
/*
 * The whole of supd measured from outside, figures as ratios in one run: N services up against the
 * bare clone+exec floor with the same namespaces, PSS, kill -9 to replacement, supd crash to
 * adopted, wake-ups while idle, daemon-reload. Prints a table; not a test. /run is a tmpfs of its
 * own, so that no disk is measured.
 *
 * bench_system [SERVICES [REPEATS [PROFILE]]]
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
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
#include "samples.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define FLOOR_RUNS 5

static struct sys *s;
static int fifo = -1;
static unsigned services = 1000, repeats = 100;
static const char *profile = "compat";

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
		"[Container]\nProfile=%s\n",
		program, fifo_path, profile);
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

static void row(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void row(const char *what, const char *format, ...)
{
	va_list ap;

	printf("| %s | ", what);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf(" |\n");
	fflush(stdout);
}

static void report(const char *what, struct samples *t)
{
	row(what, "p50 %.2f ms, p90 %.2f ms (%zu times)", samples_at(t, 50) / 1000,
		samples_at(t, 90) / 1000, t->n);
}

static void measure_restart(void)
{
	static struct samples times;

	for (unsigned i = 0; i < repeats; i++) {
		char name[64];
		pid_t pid;
		usec_t start;

		snprintf(name, sizeof(name), "svc-%u.service", i % services);
		pid = (pid_t)sys_number(s, name, "MainPID");
		start = now_us();
		kill(pid, SIGKILL);
		samples_add(&times, wait_payloads(1) - start);
	}
	report("kill -9 of a service → replacement exec'd", &times);
}

static unsigned count_running(void)
{
	unsigned running = 0;

	sys_ctl(s, "list --plain --no-legend --type=service");
	for (char *p = s->output; (p = strstr(p, " running")); p++) {
		running++;
	}
	return running;
}

/* Another supd answers, knows all services, and no payload said that it was started. */
static void measure_adoption(void)
{
	static struct samples times;
	unsigned n = repeats / 5 ? repeats / 5 : 1;
	struct pollfd p = { .fd = fifo, .events = POLLIN };

	for (unsigned i = 0; i < n; i++) {
		pid_t supd = sys_supd_pid(s), next;
		usec_t start = now_us();

		kill(supd, SIGKILL);
		while (count_running() < services || (next = sys_supd_pid(s)) == supd || !next) {
		}
		samples_add(&times, now_us() - start);
	}
	report("supd killed → all adopted and listed by supctl", &times);
	row("services started again by that", "%s", poll(&p, 1, 1000) > 0 ? "SOME" : "none");
}

static void measure_reload(void)
{
	static struct samples times;

	for (unsigned i = 0; i < 5; i++) {
		usec_t start = now_us();

		if (sys_ctl(s, "daemon-reload") != 0) {
			sys_fail(s, "daemon-reload");
		}
		samples_add(&times, now_us() - start);
	}
	report("daemon-reload", &times);
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
	long before[3], kb[3], n[3], total = 0;

	sleep(6); /* supd-init looks once, 5 s after its last event, whether supd has read it */
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		kb[i] = pss_kb(pids[i]);
		total += kb[i];
		before[i] = switches(pids[i]);
	}
	sleep(10);
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		n[i] = switches(pids[i]) - before[i];
	}
	row("PSS", "%.1f MB (%s %ld kB, %s %ld kB, %s %ld kB)", (double)total / 1024, names[0],
		kb[0], names[1], kb[1], names[2], kb[2]);
	row("wake-ups in 10 s idle", "%ld (%s %ld, %s %ld, %s %ld)", n[0] + n[1] + n[2], names[0],
		n[0], names[1], n[1], names[2], n[2]);
}

static usec_t measure_up(void)
{
	static const char *const none[] = { NULL };
	usec_t start;

	sys_start(s, none);
	start = now_us();
	sys_ctl(s, "start --no-block bench.target");
	return wait_payloads(services) - start;
}

int main(int argc, char **argv)
{
	static struct samples floor_times;
	char fifo_path[128];
	double floor_us;
	usec_t up_us;

	services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : services;
	repeats = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : repeats;
	profile = argc > 3 ? argv[3] : profile;
	sys_require();
	sys_private(NULL);
	s = sys_new();
	snprintf(fifo_path, sizeof(fifo_path), "%s/fifo", s->dir);
	if (mkfifo(fifo_path, 0666) < 0 || chmod(fifo_path, 0666) < 0) {
		sys_fail(s, "mkfifo: %s", strerror(errno));
	}
	fifo = open(fifo_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	write_units(fifo_path);
	for (unsigned i = 0; i < FLOOR_RUNS; i++) {
		samples_add(&floor_times, measure_floor(fifo_path));
	}
	floor_us = samples_at(&floor_times, 50);
	printf("\n### %u services (mount, PID, IPC, UTS, cgroup namespaces; profile %s)\n\n",
		services, profile);
	printf("| | |\n|---|---|\n");
	row("floor: clone+exec, same namespaces", "%.0f ms", floor_us / 1000);
	up_us = measure_up();
	row("supd: all exec'd", "%.0f ms = %.2f × the floor", (double)up_us / 1000,
		(double)up_us / floor_us);
	measure_memory_and_idle();
	measure_restart();
	measure_adoption();
	measure_reload();
	sys_free(s);
	return 0;
}
