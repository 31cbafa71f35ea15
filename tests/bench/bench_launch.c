// SPDX-License-Identifier: MIT
/*
 * Starts of a static `true`: plain fork+exec, supd's launcher, crun, runc and bubblewrap with the
 * same namespaces and the same filter, in turns of one run, so that only the ratios matter.
 * Usage: bench_launch BUILD_DIR STATIC_TRUE [ROUNDS]
 */
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../component/launch/fakeinit.h"
#include "peers.h"

#define TURN      20 /* starts of one subject in a row */
#define SETTLE_US 50000
#define RANGE     0x70000000u

static const char *argv_true[] = { "true", "x" };
static struct plan_idmap id_map[] = { { 0, RANGE, 1000 }, { 1000, 1000, 1 } };
static struct plan_mount masks[] = {
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/boot", NULL, "" },
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/home", NULL, "" },
	{ PLAN_MOUNT_INACCESSIBLE, PLAN_MOUNT_F_IGNORE_MISSING, NULL, "/root", NULL, "" },
	{ PLAN_MOUNT_READ_WRITE, 0, NULL, "/var/lib", NULL, "" },
};

static char filter[65536];
static size_t filter_size;

/* As supd-load makes it: native architecture, binary tree. */
static int make_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
	const char *const *calls = peers_calls();
	AUTO_CLOSE int fd = memfd_create("filter", MFD_CLOEXEC);
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	for (size_t i = 0; r == 0 && calls[i]; i++) {
		r = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(calls[i]), 0);
	}
	r = r == 0 ? seccomp_export_bpf(ctx, fd) : r;
	ssize_t n = r == 0 ? pread(fd, filter, sizeof(filter), 0) : -1;

	seccomp_release(ctx);
	filter_size = n > 0 ? (size_t)n : 0;
	return n > 0 ? 0 : -1;
}

struct variant {
	const char *name;
	uint32_t namespaces;
	uint32_t flags;
	bool seccomp;
};

#define BASE_NS (PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_IPC | PLAN_NS_UTS | PLAN_NS_CGROUP)
#define BASE_FLAGS                                                                                 \
	(PLAN_NO_NEW_PRIVS | PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES | PLAN_ROOT_READ_ONLY |       \
		PLAN_KEYRING_PRIVATE)
#define PID_FLAGS (BASE_FLAGS | PLAN_PROC_FRESH | PLAN_PROC_SUBSET_PID)

static const struct variant variants[] = {
	{ "supd-launch, nothing confined", 0, 0, false },
	{ "supd-launch, without PID namespace, seccomp", BASE_NS, BASE_FLAGS, true },
	{ "supd-launch", BASE_NS | PLAN_NS_PID, PID_FLAGS, false },
	{ "supd-launch, seccomp", BASE_NS | PLAN_NS_PID, PID_FLAGS, true },
};

#define VARIANT_COUNT ELEMENTSOF(variants)

/* Plain first, then the variants, then the peers. */
static struct samples exec_times[1 + VARIANT_COUNT + PEER_COUNT];
static struct samples reaped_times[1 + VARIANT_COUNT + PEER_COUNT];
static bool missing[PEER_COUNT];

static int run_plain(const char *program)
{
	char *const argv[] = { (char *)program, "x", NULL };

	for (int i = 0; i < TURN; i++) {
		usec_t execed, reaped;

		if (peers_time(argv, &execed, &reaped) != 0) {
			return -1;
		}
		samples_add(&exec_times[0], execed);
		samples_add(&reaped_times[0], reaped);
	}
	return 0;
}

static int run_variant(struct fake *f, struct plan *plan, size_t v)
{
	plan->namespaces = variants[v].namespaces;
	plan->flags = variants[v].flags;
	plan->mounts.n = plan->namespaces ? ELEMENTSOF(masks) : 0;
	f->filter = variants[v].seccomp ? filter : NULL;
	f->filter_size = (uint32_t)filter_size;
	if (fake_compile(f, plan) < 0) {
		return -1;
	}
	for (int i = 0; i < TURN; i++) {
		struct outcome o;
		usec_t start = now_us();
		int r = fake_run(f, &o);

		samples_add(&reaped_times[1 + v], now_us() - start);
		samples_add(&exec_times[1 + v], o.execed_us - start);
		outcome_fini(&o);
		if (r < 0 || !outcome_find(&o, LAUNCH_EXEC_NOW)) {
			const struct launch_report *failed = outcome_find(&o, LAUNCH_FAILED);

			fprintf(stderr, "launch failed: %s\n", failed ? failed->text : "?");
			return -1;
		}
	}
	return 0;
}

static int run_peer(size_t p)
{
	for (int i = 0; i < TURN && !missing[p]; i++) {
		usec_t execed, reaped;
		int r = peers_run(&peers[p], &execed, &reaped);

		missing[p] = r != 0;
		if (r == 0) {
			samples_add(&exec_times[1 + VARIANT_COUNT + p], execed);
			samples_add(&reaped_times[1 + VARIANT_COUNT + p], reaped);
		}
	}
	return 0;
}

static void print_row(const char *name, size_t i, size_t confined)
{
	struct samples *e = &exec_times[i], *r = &reaped_times[i];

	if (r->n == 0) {
		printf("| %s | not available | | | |\n", name);
		return;
	}
	printf("| %s | %.0f / %.0f | %.0f / %.0f | %.2f | %.2f |\n", name, samples_at(e, 50),
		samples_at(e, 90), samples_at(r, 50), samples_at(r, 90),
		samples_at(r, 50) / samples_at(&reaped_times[0], 50),
		samples_at(r, 50) / samples_at(&reaped_times[confined], 50));
}

static void print_table(size_t rounds)
{
	printf("\n### One start of a static `true`, %zu each, p50 / p90 in µs\n\n", rounds);
	printf("| | to exec | to reaped | × plain | × supd |\n|---|---|---|---|---|\n");
	print_row("plain fork+exec", 0, VARIANT_COUNT);
	for (size_t v = 0; v < VARIANT_COUNT; v++) {
		print_row(variants[v].name, 1 + v, VARIANT_COUNT);
	}
	for (size_t p = 0; p < PEER_COUNT; p++) {
		print_row(peers[p].name, 1 + VARIANT_COUNT + p, VARIANT_COUNT);
	}
}

/* What the kernel does after a start (mounts, cgroups of the dead) must not fall on the next. */
static void settle(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = SETTLE_US * 1000 }, NULL);
}

static int measure(struct fake *f, struct plan *plan, size_t rounds)
{
	int r = 0;

	peers_enter(plan->path, filter, filter_size);
	for (size_t i = 0; r == 0 && i < rounds; i += TURN) {
		r = run_plain(plan->path);
		for (size_t v = 0; r == 0 && v < VARIANT_COUNT; v++) {
			r = run_variant(f, plan, v);
			settle();
		}
		for (size_t p = 0; r == 0 && p < PEER_COUNT; p++) {
			r = run_peer(p);
			settle();
		}
	}
	if (r == 0) {
		print_table(reaped_times[0].n);
	}
	peers_leave();
	return r;
}

int main(int argc, char **argv)
{
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
		.mounts = { masks, ELEMENTSOF(masks) },
	};
	uint64_t rounds = 200;
	int r;

	if (argc < 3 || (argc > 3 && number_parse_u64(argv[3], &rounds) < 0) || rounds == 0 ||
		rounds > SAMPLES_MAX || fake_init(&f, argv[1]) < 0) {
		fprintf(stderr, "usage: bench_launch BUILD_DIR STATIC_TRUE [ROUNDS], as root\n");
		return 2;
	}
	r = make_filter() < 0 ? 1 : measure(&f, &plan, rounds) < 0;
	fake_fini(&f);
	return r;
}
