// SPDX-License-Identifier: MIT
/*
 * The whole of supd measured from outside, figures as ratios in one run: N services up against the
 * bare clone+exec floor with the same namespaces, PSS, kill -9 to replacement, supd crash to
 * adopted, wake-ups while idle, daemon-reload. Prints a table; not a test. /run is a tmpfs of its
 * own, so that no disk is measured.
 *
 * bench_system [SERVICES [REPEATS [PROFILE]]]
 */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/timeutil.h"
#include "../system/harness.h"
#include "fleet.h"
#include "procfacts.h"
#include "samples.h"

#define TURNS 5

static struct fleet fleet;
static struct sys *s;
static unsigned services = 1000, repeats = 100;
static const char *profile = "compat";

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
		samples_add(&times, fleet_wait(&fleet, 1) - start);
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
	struct pollfd p = { .fd = fleet.fifo, .events = POLLIN };

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

static void measure_memory_and_idle(void)
{
	const pid_t pids[] = { s->init, sys_supd_pid(s), procfacts_child(s->init, "supd-log") };
	static const char *const names[] = { "supd-init", "supd", "supd-log" };
	long before[3], kb[3], n[3], total = 0;

	sleep(6); /* supd-init looks once, 5 s after its last event, whether supd has read it */
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		kb[i] = procfacts_pss_kb(pids[i]);
		total += kb[i];
		before[i] = procfacts_switches(pids[i]);
	}
	sleep(10);
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		n[i] = procfacts_switches(pids[i]) - before[i];
	}
	row("PSS", "%.1f MB (%s %ld kB, %s %ld kB, %s %ld kB)", (double)total / 1024, names[0],
		kb[0], names[1], kb[1], names[2], kb[2]);
	row("wake-ups in 10 s idle", "%ld (%s %ld, %s %ld, %s %ld)", n[0] + n[1] + n[2], names[0],
		n[0], names[1], n[1], names[2], n[2]);
}

/* In turns, each with a supd of its own, so that other load falls on both. The last one stays. */
static void measure_up(void)
{
	static struct samples floor_times, times, ratios;

	for (unsigned i = 0; i < TURNS; i++) {
		usec_t floor_us, up_us;

		if (i > 0) {
			fleet_fini(&fleet);
		}
		fleet_init(&fleet, services, profile);
		s = fleet.s;
		floor_us = fleet_floor(&fleet);
		fleet_floor_end(&fleet);
		up_us = fleet_up(&fleet);
		samples_add(&floor_times, floor_us);
		samples_add(&times, up_us);
		samples_add(&ratios, up_us * 1000 / floor_us);
	}
	row("floor: clone+exec, same namespaces", "%.0f ms", samples_at(&floor_times, 50) / 1000);
	row("supd: all exec'd", "%.0f ms = %.2f × the floor (p50 of %u turns)",
		samples_at(&times, 50) / 1000, samples_at(&ratios, 50) / 1000, TURNS);
}

int main(int argc, char **argv)
{
	services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : services;
	repeats = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : repeats;
	profile = argc > 3 ? argv[3] : profile;
	sys_require();
	sys_private(NULL);
	printf("\n### %u services (mount, PID, IPC, UTS, cgroup namespaces; profile %s)\n\n",
		services, profile);
	printf("| | |\n|---|---|\n");
	measure_up();
	measure_memory_and_idle();
	measure_restart();
	measure_adoption();
	measure_reload();
	fleet_fini(&fleet);
	return 0;
}
