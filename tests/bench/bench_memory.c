// SPDX-License-Identifier: MIT
/*
 * Memory and descriptors of supd-init, supd and supd-log with N services up, after daemon-reloads,
 * after starts and stops, and after supd was killed: what grows from one line to the next leaks.
 * Prints a table; not a test. With SUPD_SMAPS=DIR the mappings of each process are left in
 * DIR/STAGE.PROGRAM.
 *
 * bench_memory [SERVICES [PROFILE [RELOADS [CYCLES]]]]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../system/harness.h"
#include "procfacts.h"

#define BATCH 20 /* services that one supctl starts and stops */

static struct sys *s;
static unsigned services = 1000, reloads = 20, cycles = 2000;
static const char *profile = "compat";

static void write_units(void)
{
	char text[8192], name[64];
	size_t size = services * 32 + 256;
	char *target = calloc(1, size);

	snprintf(text, sizeof(text),
		"[Service]\nExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=0\n"
		"PrivatePIDs=yes\n[Container]\nProfile=%s\n",
		profile);
	strcpy(target, "[Unit]\n");
	for (unsigned i = 0; i < services; i++) {
		snprintf(name, sizeof(name), "svc-%u.service", i);
		sys_unit(s, name, text);
		snprintf(target + strlen(target), size - strlen(target), "Wants=%s\n", name);
	}
	sys_unit(s, "bench.target", target);
	free(target);
}

static void keep_smaps(const char *stage, const char *program, pid_t pid)
{
	const char *dir = getenv("SUPD_SMAPS");
	char command[256];

	if (dir) {
		snprintf(command, sizeof(command), "cat /proc/%d/smaps > '%s/%s.%s'", (int)pid, dir,
			stage, program);
		if (system(command) != 0) {
			fprintf(stderr, "%s: failed\n", command);
		}
	}
}

static void report(const char *stage)
{
	static const char *const names[] = { "supd-init", "supd", "supd-log" };
	long total = 0;

	sleep(6); /* supd-init looks once, 5 s after its last event, whether supd has read it */
	printf("| %s |", stage);
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		pid_t pid = i == 0 ? s->init : procfacts_child(s->init, names[i]);
		long kb = procfacts_pss_kb(pid);

		keep_smaps(stage, names[i], pid);
		total += kb;
		printf(" %ld kB, %u fds |", kb, procfacts_fds(pid));
	}
	printf(" %.2f MB |\n", (double)total / 1024);
	fflush(stdout);
}

static bool all_running(struct sys *sys, void *arg)
{
	unsigned running = 0;

	(void)arg;
	sys_ctl(sys, "list --plain --no-legend --type=service");
	for (char *p = sys->output; (p = strstr(p, " running")); p++) {
		running++;
	}
	return running >= services;
}

static bool is_replaced(struct sys *sys, void *arg)
{
	pid_t now = sys_supd_pid(sys);

	return now && now != *(pid_t *)arg;
}

static void crash(void)
{
	pid_t pid = sys_supd_pid(s);

	kill(pid, SIGKILL);
	sys_wait_for(s, "another supd", is_replaced, &pid);
	sys_wait_for(s, "all services adopted", all_running, NULL);
}

static void cycle(const char *verb, unsigned first)
{
	char names[BATCH * 24] = "";

	for (unsigned i = first; i < first + BATCH; i++) {
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " svc-%u.service",
			i % services);
	}
	if (sys_ctl(s, "%s%s", verb, names) != 0) {
		sys_fail(s, "%s%s", verb, names);
	}
}

int main(int argc, char **argv)
{
	static const char *const none[] = { NULL };

	services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : services;
	profile = argc > 2 ? argv[2] : profile;
	reloads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : reloads;
	cycles = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : cycles;
	sys_require();
	sys_private(NULL);
	s = sys_new();
	write_units();
	sys_start(s, none);
	printf("\n### %u services, profile %s\n\n", services, profile);
	printf("| | supd-init | supd | supd-log | PSS |\n|---|---|---|---|---|\n");
	report("loaded");
	sys_ctl(s, "start --no-block bench.target");
	sys_wait_for(s, "all services running", all_running, NULL);
	report("running");
	for (unsigned i = 0; i < reloads; i++) {
		if (sys_ctl(s, "daemon-reload") != 0) {
			sys_fail(s, "daemon-reload");
		}
		if (i == 0 || i == reloads - 1) {
			report(i == 0 ? "reload" : "reloads");
		}
	}
	for (unsigned i = 0; i < cycles; i += BATCH) {
		cycle("stop", i);
		cycle("start", i);
		if (i == 0 || i + BATCH >= cycles) {
			report(i == 0 ? "cycle" : "cycles");
		}
	}
	crash();
	report("adopted");
	sys_free(s);
	return 0;
}
