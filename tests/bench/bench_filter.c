// SPDX-License-Identifier: MIT
/*
 * What the system call filter of a profile costs: loading it, and each call that it allows, beside
 * the same without. Compiled as supd-load compiles it. The least of many, for what others do on the
 * machine only adds. Usage: bench_filter BUILD_DIR [ROUNDS]
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/plan/plan.h"
#include "../component/launch/fakeinit.h"
#include "../component/launch/faultunits.h"

#define CALLS  20000 /* of a measurement */
#define BLOCKS 20    /* measurements of a process */

/* Of one child, in a page that it shares with us. */
struct figures {
	double load_us;
	double call_ns[2]; /* getppid(2), read(2) of nothing */
};

static const char *const profiles[] = { "compat", "standard", "strict" };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double least_of_calls(int null, int which)
{
	double least = 1e9;

	for (int block = 0; block < BLOCKS; block++) {
		double from = now_ns(), each;

		for (int i = 0; i < CALLS; i++) {
			which ? syscall(SYS_read, null, NULL, 0) : syscall(SYS_getppid);
		}
		each = (now_ns() - from) / CALLS;
		least = each < least ? each : least;
	}
	return least;
}

/* What any filter costs: one instruction that allows everything. */
static struct sock_filter allow_all[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
static const struct catalogue floor_catalogue = { .base = (const void *)allow_all };
static const struct plan floor_plan = { .seccomp_size = sizeof(allow_all) };

static int load(const struct catalogue *c, uint64_t offset, uint32_t size, unsigned flags)
{
	struct sock_fprog prog = { .len = (unsigned short)(size / sizeof(struct sock_filter)),
		.filter = (void *)(uintptr_t)(c->base + offset) };

	return size ? (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) : 0;
}

/* As supd-launch loads them: the quiet one first, the main one with the log. */
static void measure(const struct catalogue *c, const struct plan *p, struct figures *f)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	double from;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	from = now_ns();
	if (p &&
		(load(c, p->quiet_offset, p->quiet_size, 0) < 0 ||
			load(c, p->seccomp_offset, p->seccomp_size, SECCOMP_FILTER_FLAG_LOG) < 0)) {
		_exit(1);
	}
	f->load_us = (now_ns() - from) / 1000;
	f->call_ns[0] = least_of_calls(null, 0);
	f->call_ns[1] = least_of_calls(null, 1);
	_exit(0);
}

static void take_least(struct figures *least, const struct figures *f)
{
	least->load_us = f->load_us < least->load_us ? f->load_us : least->load_us;
	for (int i = 0; i < 2; i++) {
		least->call_ns[i] =
			f->call_ns[i] < least->call_ns[i] ? f->call_ns[i] : least->call_ns[i];
	}
}

/* One process with the filter; p NULL: without. */
static int measure_once(const struct catalogue *c, const struct plan *p, struct figures *least)
{
	struct figures *page = mmap(
		NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t pid;

	if (page == MAP_FAILED) {
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		measure(c, p, page);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
		munmap(page, sizeof(*page));
		return -1;
	}
	take_least(least, page);
	munmap(page, sizeof(*page));
	return 0;
}

static int bench(const char *name, const struct catalogue *c, const struct plan *p, int rounds)
{
	struct figures with = { 1e9, { 1e9, 1e9 } }, without = with;
	int r = 0;

	for (int i = 0; r == 0 && i < rounds; i++) {
		r = measure_once(c, p, &with);
		r = r < 0 ? r : measure_once(c, NULL, &without);
	}
	if (r < 0) {
		return r;
	}
	printf("| %s | %zu | %.0f µs |", name,
		(size_t)(p->seccomp_size + p->quiet_size) / sizeof(struct sock_filter),
		with.load_us);
	for (int i = 0; i < 2; i++) {
		printf(" %.1f / %.1f ns (%+.1f %%) |", with.call_ns[i], without.call_ns[i],
			(with.call_ns[i] / without.call_ns[i] - 1) * 100);
	}
	putchar('\n');
	return fflush(stdout);
}

static int bench_profile(const char *build_dir, const char *profile, int rounds)
{
	char text[128];
	struct fault_unit unit = { .name = profile, .text = text };
	AUTO(arena_fini) struct arena arena;
	struct catalogue c;
	struct stat st;
	struct plan plan;
	struct fake f;
	void *base = MAP_FAILED;
	int r = fake_init(&f, build_dir);

	arena_init(&arena);
	snprintf(text, sizeof(text), "[Container]\nProfile=%s\n[Service]\nExecStart=/bin/true\n",
		profile);
	r = r < 0 ? r : fault_unit_compile(&f, &unit, build_dir, "/bin/true");
	if (r == 0 && fstat(f.plans, &st) == 0) {
		base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f.plans, 0);
	}
	r = base == MAP_FAILED ? -1 : catalogue_open(base, (size_t)st.st_size, &c);
	r = r < 0 ? r : plan_decode(&c, f.job.entry, &arena, &plan);
	r = r < 0 ? r : bench(profile, &c, &plan, rounds);
	if (base != MAP_FAILED) {
		munmap(base, (size_t)st.st_size);
	}
	fake_fini(&f);
	return r;
}

int main(int argc, char **argv)
{
	uint32_t rounds = 20;
	int r = 0;

	if (argc < 2 || (argc > 2 && number_parse_u32(argv[2], &rounds) < 0)) {
		fprintf(stderr, "usage: bench_filter BUILD_DIR [ROUNDS]\n");
		return 2;
	}
	printf("\n### System call filters: the least of %u processes, with / without\n\n"
	       "| profile | instructions | load | getppid(2) | read(2) |\n|---|---|---|---|---|\n",
		rounds);
	r = bench("any filter", &floor_catalogue, &floor_plan, (int)rounds);
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(profiles); i++) {
		r = bench_profile(argv[1], profiles[i], (int)rounds);
	}
	return r < 0;
}
