// SPDX-License-Identifier: MIT
/*
 * What the system call filter of a profile costs: loading it, and calls that it allows as services
 * make them, beside the same without. Compiled as supd-load compiles it. A process for each filter
 * measures the same call in turns with the others, so that what else the machine does hits all;
 * the least of many, for that only adds. Usage: bench_filter BUILD_DIR [ROUNDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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
#include "filtercalls.h"

#define BLOCKS 10  /* times that a process has its turn, for each call */
#define EACH   5   /* measurements of a turn */
#define QUIT   255 /* in place of a call's number */

struct program {
	struct sock_filter insns[BPF_MAXINSNS];
	unsigned short n;
};

struct figures {
	double load_us;
	double ns[FILTERCALLS]; /* a turn; 0: refused */
};

/* One column of the table. */
struct subject {
	const char *name;
	struct program quiet, main;
	struct figures least;
	struct figures *page; /* of the process that measures, shared with it */
	int command;          /* its end of a socket pair: a call's number, answered when done */
	pid_t pid;
};

static struct subject subjects[] = { { "none" }, { "any filter" }, { "compat" }, { "standard" },
	{ "strict" } };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double lesser(double a, double b)
{
	return a == 0 || b < a ? b : a;
}

static int load(const struct program *p, unsigned flags)
{
	struct sock_fprog prog = { .len = p->n, .filter = (void *)(uintptr_t)p->insns };

	return p->n ? (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) : 0;
}

static void measure_call(struct filterworld *w, const struct filtercall *call, double *least)
{
	if (call->turn(w) < 0) {
		return; /* refused; and else it is warm now */
	}
	for (int k = 0; k < EACH; k++) {
		double from = now_ns();

		for (unsigned i = 0; i < call->turns; i++) {
			if (call->turn(w) < 0) {
				_exit(1);
			}
		}
		*least = lesser(*least, (now_ns() - from) / call->turns);
	}
}

/* As supd-launch loads them: the quiet one first, the main one with the log. */
static void measure(const struct subject *s, int commands)
{
	struct filterworld w;
	unsigned char which;
	double from;

	if (filterworld_init(&w) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		_exit(1);
	}
	from = now_ns();
	if (load(&s->quiet, 0) < 0 || load(&s->main, SECCOMP_FILTER_FLAG_LOG) < 0) {
		_exit(1);
	}
	s->page->load_us = (now_ns() - from) / 1000;
	while (read(commands, &which, 1) == 1 && which != QUIT) {
		measure_call(&w, &filtercalls[which], &s->page->ns[which]);
		if (write(commands, &which, 1) != 1) {
			break;
		}
	}
	filterworld_fini(&w);
	_exit(0);
}

static int begin(struct subject *s)
{
	int pair[2];

	s->page = mmap(
		NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->page == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	s->command = pair[0];
	s->pid = fork();
	if (s->pid == 0) {
		close(pair[0]);
		measure(s, pair[1]);
	}
	close(pair[1]);
	return s->pid < 0 ? -errno : 0;
}

static int ask(const struct subject *s, unsigned char which)
{
	if (send(s->command, &which, 1, MSG_NOSIGNAL) != 1 || read(s->command, &which, 1) != 1) {
		fprintf(stderr, "bench_filter: the process with %s has ended\n", s->name);
		return -EPIPE;
	}
	return 0;
}

static int end(struct subject *s)
{
	const unsigned char quit = QUIT;
	int status = 1;

	if (s->pid <= 0 || send(s->command, &quit, 1, MSG_NOSIGNAL) != 1) {
		fprintf(stderr, "bench_filter: no process with %s\n", s->name);
	}
	if (s->pid > 0) {
		close(s->command);
		waitpid(s->pid, &status, 0);
	}
	for (int i = 0; status == 0 && i < FILTERCALLS; i++) {
		if (s->page->ns[i] != 0) {
			s->least.ns[i] = lesser(s->least.ns[i], s->page->ns[i]);
		}
	}
	if (status == 0) {
		s->least.load_us = lesser(s->least.load_us, s->page->load_us);
	}
	munmap(s->page, sizeof(*s->page));
	s->pid = 0;
	return status == 0 ? 0 : -ECHILD;
}

/* A process of each, in turns; each is as often before as behind another. */
static int round_of_all(uint32_t first)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(subjects); i++) {
		r = begin(&subjects[(first + i) % ELEMENTSOF(subjects)]);
	}
	for (unsigned n = 0; r == 0 && n < FILTERCALLS * BLOCKS; n++) {
		for (size_t i = 0; r == 0 && i < ELEMENTSOF(subjects); i++) {
			r = ask(&subjects[(first + n + i) % ELEMENTSOF(subjects)],
				(unsigned char)(n / BLOCKS));
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(subjects); i++) {
		int ended = subjects[i].pid > 0 ? end(&subjects[i]) : 0;

		r = r < 0 ? r : ended;
	}
	return r;
}

static void copy(struct program *to, const struct catalogue *c, uint64_t offset, uint32_t size)
{
	memcpy(to->insns, c->base + offset, size);
	to->n = (unsigned short)(size / sizeof(struct sock_filter));
}

static int compile(const char *build_dir, struct subject *s)
{
	char text[128];
	struct fault_unit unit = { .name = s->name, .text = text };
	AUTO(arena_fini) struct arena arena;
	struct catalogue c;
	struct stat st;
	struct plan plan;
	struct fake f;
	void *base = MAP_FAILED;
	int r = fake_init(&f, build_dir);

	arena_init(&arena);
	snprintf(text, sizeof(text), "[Container]\nProfile=%s\n[Service]\nExecStart=/bin/true\n",
		s->name);
	r = r < 0 ? r : fault_unit_compile(&f, &unit, build_dir, "/bin/true");
	if (r == 0 && fstat(f.plans, &st) == 0) {
		base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f.plans, 0);
	}
	r = base == MAP_FAILED ? -1 : catalogue_open(base, (size_t)st.st_size, &c);
	r = r < 0 ? r : plan_decode(&c, f.job.entry, &arena, &plan);
	if (r == 0) {
		copy(&s->quiet, &c, plan.quiet_offset, plan.quiet_size);
		copy(&s->main, &c, plan.seccomp_offset, plan.seccomp_size);
	}
	if (base != MAP_FAILED) {
		munmap(base, (size_t)st.st_size);
	}
	fake_fini(&f);
	return r;
}

static void print_row(int call)
{
	double none = subjects[0].least.ns[call];

	printf("| %s | %.0f ns |", filtercalls[call].name, none);
	for (size_t i = 1; i < ELEMENTSOF(subjects); i++) {
		double with = subjects[i].least.ns[call];

		if (with == 0) {
			printf(" refused |");
		} else {
			printf(" %+.0f ns (%+.1f %%) |", with - none, (with / none - 1) * 100);
		}
	}
	putchar('\n');
}

static void print(uint32_t rounds)
{
	printf("\n### System call filters: the least of %u processes each, in turns\n\n"
	       "| filter | instructions | load |\n|---|---|---|\n",
		rounds);
	for (size_t i = 1; i < ELEMENTSOF(subjects); i++) {
		printf("| %s | %u | %.0f µs |\n", subjects[i].name,
			subjects[i].main.n + subjects[i].quiet.n, subjects[i].least.load_us);
	}
	printf("\n| allowed | none |");
	for (size_t i = 1; i < ELEMENTSOF(subjects); i++) {
		printf(" %s |", subjects[i].name);
	}
	printf("\n|---|---|---|---|---|---|\n");
	for (int call = 0; call < FILTERCALLS; call++) {
		print_row(call);
	}
}

int main(int argc, char **argv)
{
	/* What any filter costs: one instruction that allows everything. */
	const struct sock_filter allow = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	uint32_t rounds = 10;
	int r = 0;

	if (argc < 2 || (argc > 2 && number_parse_u32(argv[2], &rounds) < 0)) {
		fprintf(stderr, "usage: bench_filter BUILD_DIR [ROUNDS]\n");
		return 2;
	}
	subjects[1].main = (struct program) { .insns = { allow }, .n = 1 };
	for (size_t i = 2; r == 0 && i < ELEMENTSOF(subjects); i++) {
		r = compile(argv[1], &subjects[i]);
	}
	for (uint32_t i = 0; r == 0 && i < rounds; i++) {
		r = round_of_all(i);
	}
	if (r == 0) {
		print(rounds);
	}
	return r < 0;
}
