// SPDX-License-Identifier: MIT
/*
 * Starts of a static `true`: plain fork+exec against a fully confined launch, in one run, so that
 * only the ratios matter. Usage: bench_launch BUILD_DIR STATIC_TRUE [ROUNDS]
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/number.h"
#include "../../runtime/base/timeutil.h"
#include "../component/launch/fakeinit.h"

#define ROUNDS_MAX 10000
#define RANGE      0x70000000u

static const char *argv_true[] = { "true" };
static struct plan_idmap id_map[] = { { 0, RANGE, 1000 }, { 1000, 1000, 1 } };
static struct plan_mount masks[] = {
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/boot", NULL, "" },
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/home", NULL, "" },
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/root", NULL, "" },
	{ PLAN_MOUNT_READ_WRITE, 0, NULL, "/var/lib", NULL, "" },
};

/* As long as a service's allow-list, with the same look-ups per call: numbers that nobody calls. */
#define FILTER_SIZE 190
static struct sock_filter filter[FILTER_SIZE];

static void make_filter(void)
{
	filter[0] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (uint32_t i = 1; i < FILTER_SIZE - 1; i++) {
		filter[i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, 100000 + i, FILTER_SIZE - 2 - i, 0);
	}
	filter[FILTER_SIZE - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static int compare(const void *a, const void *b)
{
	usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

static double print_row(const char *name, usec_t *times, size_t n, double base)
{
	double p50;

	qsort(times, n, sizeof(*times), compare);
	p50 = (double)times[n / 2];
	printf("%-34s p50 %5.0f us  p90 %5.0f us", name, p50, (double)times[n * 9 / 10]);
	if (base > 0) {
		printf("  %.2f x plain", p50 / base);
	}
	printf("\n");
	return p50;
}

static usec_t plain(const char *program)
{
	usec_t start = now_us();
	pid_t pid = fork();

	if (pid == 0) {
		execl(program, "true", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	return now_us() - start;
}

static int confined(struct fake *f, usec_t *ret)
{
	struct outcome o;
	usec_t start = now_us();
	int r = fake_run(f, &o);

	*ret = now_us() - start;
	outcome_fini(&o);
	if (r < 0 || !outcome_find(&o, LAUNCH_EXEC_NOW) || o.child_status) {
		const struct launch_report *failed = outcome_find(&o, LAUNCH_FAILED);

		fprintf(stderr, "launch failed: %s\n", failed ? failed->text : "?");
		return -1;
	}
	return 0;
}

struct variant {
	const char *name;
	uint32_t namespaces;
	uint32_t flags;
};

#define BASE_NS (PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_IPC | PLAN_NS_UTS | PLAN_NS_CGROUP)
#define BASE_FLAGS                                                                                 \
	(PLAN_NO_NEW_PRIVS | PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES | PLAN_ROOT_READ_ONLY |       \
		PLAN_KEYRING_PRIVATE)

static const struct variant variants[] = {
	{ "launcher, nothing confined", 0, 0 },
	{ "confined, without pid namespace", BASE_NS, BASE_FLAGS },
	{ "confined, with pid ns and /proc", BASE_NS | PLAN_NS_PID,
		BASE_FLAGS | PLAN_PROC_FRESH | PLAN_PROC_SUBSET_PID },
};

static int run_variant(struct fake *f, struct plan *plan, size_t rounds, double base)
{
	static usec_t times[ROUNDS_MAX];

	for (size_t v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
		plan->namespaces = variants[v].namespaces;
		plan->flags = variants[v].flags;
		plan->mounts.n = plan->namespaces ? 4 : 0;
		f->filter = plan->namespaces ? filter : NULL;
		f->filter_size = sizeof(filter);
		if (fake_compile(f, plan) < 0) {
			return 1;
		}
		for (size_t i = 0; i < rounds; i++) {
			if (confined(f, &times[i]) < 0) {
				return 1;
			}
		}
		print_row(variants[v].name, times, rounds, base);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static usec_t times[ROUNDS_MAX];
	struct fake f;
	struct plan plan = {
		.op = PLAN_EXEC,
		.unit = "bench.service",
		.path = argc > 2 ? argv[2] : "",
		.argv = { argv_true, 1 },
		.uid = 1000,
		.gid = 1000,
		.uid_map = { id_map, 2 },
		.gid_map = { id_map, 2 },
		.mounts = { masks, 4 },
	};
	uint64_t rounds = 300;
	int r;

	if (argc < 3 || (argc > 3 && number_parse_u64(argv[3], &rounds) < 0) || rounds == 0 ||
		rounds > ROUNDS_MAX || fake_init(&f, argv[1]) < 0) {
		fprintf(stderr, "usage: bench_launch BUILD_DIR STATIC_TRUE [ROUNDS], as root\n");
		return 2;
	}
	make_filter();
	for (size_t i = 0; i < rounds; i++) {
		times[i] = plain(plan.path);
	}
	r = run_variant(&f, &plan, rounds, print_row("plain fork+exec", times, rounds, 0));
	fake_fini(&f);
	return r;
}
