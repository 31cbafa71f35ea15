// SPDX-License-Identifier: MIT
/*
 * Many unit files: what supd-load needs for them (one core, memory), what supd needs for what comes
 * of it (decoding, graph, comparison of two loads, a transaction over all of them, the longest turn
 * of a reload), and, with --whole, the programs' memory (PSS) and supctl end to end. Prints a
 * table; not a test.
 *
 * bench_units [--whole] [UNITS...]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/timeutil.h"
#include "../../runtime/plan/launchwire.h"
#include "../../runtime/plan/manifest.h"
#include "../../runtime/plan/settings.h"
#include "../../supervisor/engine.h"
#include "../../supervisor/reloaddiff.h"
#include "../system/harness.h"
#include "procfacts.h"

#define DECODED_PER_TURN 500  /* as supervisor/intake.c has it */
#define MAPPED_PER_TURN  2000 /* the same */

#define WANTS_PER_FILE   1000   /* by one drop-in of bench.target */
#define FDS_ABOVE        20     /* supd-load's numbers are below */
#define LISTS            10     /* of which the fastest counts */
#define REST_US          100000 /* between two looks at the memory */
#define REST_SAME        30     /* equal ones in a row */
#define REST_TRIES       300

struct load {
	int fds[2]; /* plans, manifest */
	struct rusage usage;
	usec_t wall_us;
	struct arena arena;
	struct manifest manifest;
	void *map;
	size_t size;
	usec_t decode_us;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int high(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FDS_ABOVE);

	if (fd < 0 || copy < 0) {
		die("descriptor");
	}
	close(fd);
	return copy;
}

static size_t write_file(const char *dir, const char *name, const char *text)
{
	char path[192];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		die(path);
	}
	return strlen(text);
}

/* Who wants units FROM to END: a drop-in of bench.target, for one file may not have them all. */
static size_t write_wants(const char *dir, unsigned from, unsigned end)
{
	char *text = malloc((size_t)WANTS_PER_FILE * 32 + 64), name[64];
	size_t used, bytes;

	if (!text) {
		die("memory");
	}
	used = (size_t)sprintf(text, "[Unit]\n");
	for (unsigned i = from; i < end; i++) {
		used += (size_t)sprintf(text + used, "Wants=u%05u.service\n", i);
	}
	snprintf(name, sizeof(name), "bench.target.d/%05u.conf", from);
	bytes = write_file(dir, name, text);
	free(text);
	return bytes;
}

/* A chain in the order, a ring in the wishes; all of them wanted by bench.target. */
static size_t write_units(const char *dir, unsigned n)
{
	char text[1024], name[64];
	size_t bytes;

	snprintf(text, sizeof(text), "%s/bench.target.d", dir);
	if (mkdir(text, 0755) < 0) {
		die(text);
	}
	bytes = write_file(dir, "bench.target", "[Unit]\nDescription=all\n");
	for (unsigned i = 0; i < n; i++) {
		if (i % WANTS_PER_FILE == 0) {
			bytes += write_wants(
				dir, i, i + WANTS_PER_FILE < n ? i + WANTS_PER_FILE : n);
		}
		snprintf(name, sizeof(name), "u%05u.service", i);
		snprintf(text, sizeof(text),
			"[Unit]\nDescription=Unit number %u\nDocumentation=man:bench(8)\n"
			"Wants=u%05u.service\nAfter=%s%05u.service\n[Service]\nType=simple\n"
			"ExecStart=/bin/sleep infinity\nRestart=on-failure\nRestartSec=2\n"
			"Environment=A=%u B=two\nMemoryMax=64M\nProtectSystem=strict\n"
			"NoNewPrivileges=yes\n[Install]\nWantedBy=multi-user.target\n"
			"[Container]\nProfile=compat\n",
			i, (i + 1) % n, i ? "u" : "none", i ? i - 1 : 0, i);
		bytes += write_file(dir, name, text);
	}
	return bytes;
}

static void run_loader(const int fds[6])
{
	const char *build = getenv("SUPD_BUILD");
	char path[512];

	snprintf(path, sizeof(path), "%s/supd-load", build ? build : "build");
	for (int i = 0; i < 6; i++) {
		if (dup2(fds[i], LOAD_FD_PLANS + i) < 0) {
			_exit(100);
		}
	}
	execl(path, "supd-load", (char *)NULL);
	_exit(101);
}

/* Other processes of the machine do not count. */
static usec_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (usec_t)t.tv_sec * 1000000u + (usec_t)t.tv_nsec / 1000u;
}

static void decode(struct load *l)
{
	struct stat st;
	usec_t start;

	if (fstat(l->fds[1], &st) < 0) {
		die("fstat");
	}
	l->size = (size_t)st.st_size;
	l->map = mmap(NULL, l->size, PROT_READ, MAP_PRIVATE, l->fds[1], 0);
	if (l->map == MAP_FAILED) {
		die("mmap");
	}
	arena_init(&l->arena);
	start = cpu_now();
	if (manifest_decode(l->map, l->size, &l->arena, &l->manifest) < 0) {
		die("manifest_decode");
	}
	l->decode_us = cpu_now() - start;
}

static void load_once(const char *dir, const struct load *previous, struct load *ret)
{
	struct settings settings = { .magic = SETTINGS_MAGIC,
		.version = SETTINGS_VERSION,
		.runtime_dir = "/run/supd",
		.id_pool_first = 0x40000000,
		.id_pool_ranges = 16383 };
	int null = high(open("/dev/null", O_RDWR | O_CLOEXEC));
	int settings_fd = high(memfd_create("settings", MFD_CLOEXEC));
	int table = high(memfd_create("table", MFD_CLOEXEC)), status;
	usec_t start = now_us();
	pid_t pid;

	*ret = (struct load) { .fds = { high(memfd_create("plans", MFD_CLOEXEC)),
				       high(memfd_create("manifest", MFD_CLOEXEC)) } };
	snprintf(settings.unit_path, sizeof(settings.unit_path), "%s", dir);
	if (write(settings_fd, &settings, sizeof(settings)) != (ssize_t)sizeof(settings)) {
		die("settings");
	}
	pid = fork();
	if (pid == 0) {
		run_loader((const int[6]) { ret->fds[0], ret->fds[1],
			previous ? previous->fds[0] : null, previous ? previous->fds[1] : null,
			table, settings_fd });
	}
	if (pid < 0 || wait4(pid, &status, 0, &ret->usage) != pid || status != 0) {
		die("supd-load");
	}
	ret->wall_us = now_us() - start;
	close(null);
	close(settings_fd);
	close(table);
	decode(ret);
}

static void load_free(struct load *l)
{
	munmap(l->map, l->size);
	arena_fini(&l->arena);
	close(l->fds[0]);
	close(l->fds[1]);
}

static double ms(usec_t us)
{
	return (double)us / 1000;
}

static usec_t cpu_us(const struct rusage *u)
{
	return (usec_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000u +
	       (usec_t)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void drain(struct engine *e)
{
	struct effect effect;

	while (engine_next_effect(e, &effect)) {
		free(effect.text);
	}
}

/* As supd takes a reload: the longest time for which it does nothing else. */
static usec_t longest_turn(struct engine *e, const struct load *l)
{
	struct manifest_decoder decoder;
	usec_t longest = 0, start;
	struct arena arena;
	int r;

	arena_init(&arena);
	if (manifest_decode_begin(l->map, l->size, &arena, &decoder) < 0) {
		die("manifest_decode_begin");
	}
	do {
		start = cpu_now();
		r = manifest_decode_some(&decoder, DECODED_PER_TURN);
		longest = cpu_now() - start > longest ? cpu_now() - start : longest;
	} while (r > 0);
	if (r < 0 || engine_load_begin(e, &l->manifest, 3) < 0) {
		die("engine_load_begin");
	}
	do {
		start = cpu_now();
		r = engine_load_some(e, MAPPED_PER_TURN, now_us());
		drain(e);
		longest = cpu_now() - start > longest ? cpu_now() - start : longest;
	} while (r > 0);
	if (r < 0) {
		die("engine_load_some");
	}
	arena_fini(&arena);
	return longest;
}

static void engine_part(const struct load *first, const struct load *second)
{
	struct engine *e = engine_new();
	struct engine_request q = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_OK };
	struct reload_changes changes = { 0 };
	usec_t at[6];
	uint32_t job;

	if (!e) {
		die("engine");
	}
	engine_adopt(e, now_us());
	at[0] = cpu_now();
	if (engine_load(e, &first->manifest, 1, now_us()) < 0) {
		die("engine_load");
	}
	at[1] = cpu_now();
	engine_listed(e, now_us());
	drain(e);
	at[2] = cpu_now();
	if (reloaddiff_compute(&first->manifest, &second->manifest, &changes) < 0) {
		die("reloaddiff");
	}
	at[3] = cpu_now();
	if (engine_load(e, &second->manifest, 2, now_us()) < 0) {
		die("engine_load");
	}
	at[4] = cpu_now();
	drain(e);
	q.unit = engine_find(e, "bench.target");
	at[5] = cpu_now();
	if (engine_enqueue(e, &q, now_us(), &job, &error) != 0) {
		fprintf(stderr, "bench.target: %s\n", error.text);
		exit(1);
	}
	printf(" %.1f | %.1f | %.1f | %.1f | %.1f |", ms(first->decode_us), ms(at[1] - at[0]),
		ms(at[3] - at[2]), ms(at[4] - at[3]), ms(cpu_now() - at[5]));
	drain(e);
	printf(" %.1f |", ms(longest_turn(e, second)));
	reloaddiff_fini(&changes);
	engine_free(e);
}

static void measure(unsigned n)
{
	char dir[] = "/run/supd-bench-XXXXXX", command[64];
	struct load first, second;
	size_t bytes;

	if (!mkdtemp(dir)) {
		die(dir);
	}
	bytes = write_units(dir, n);
	load_once(dir, NULL, &first);
	write_file(
		dir, "u00000.service", "[Unit]\nDescription=new\n[Service]\nExecStart=/bin/true\n");
	load_once(dir, &first, &second);
	printf("| %u | %.2f | %.1f | %.1f | %ld | %.2f |", n, ms(cpu_us(&first.usage)) / 1000,
		(double)cpu_us(&first.usage) / n, (double)bytes / (double)cpu_us(&first.usage),
		first.usage.ru_maxrss / 1024, ms(cpu_us(&second.usage)) / 1000);
	engine_part(&first, &second);
	putchar('\n');
	fflush(stdout);
	load_free(&first);
	load_free(&second);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0) {
		die(command);
	}
}

/* The least of some runs of supctl, its output thrown away. */
static usec_t time_list(struct sys *s, const char *options)
{
	usec_t best = UINT64_MAX;
	char command[512];

	snprintf(command, sizeof(command),
		"%s/supctl --runtime-dir %s/run list --all --no-legend %s >/dev/null",
		getenv("SUPD_BUILD"), s->dir, options);
	for (int i = 0; i < LISTS; i++) {
		usec_t start = now_us(), took;

		if (system(command) != 0) {
			sys_fail(s, "supctl list");
		}
		took = now_us() - start;
		best = took < best ? took : best;
	}
	return best;
}

/* In MB, once it has given back what it needed for the load. */
static double pss_at_rest(pid_t pid)
{
	long last = 0;

	for (int same = 0, tries = 0; same < REST_SAME && tries < REST_TRIES; tries++) {
		long now = procfacts_pss_kb(pid);

		same = now == last ? same + 1 : 0;
		last = now;
		usleep(REST_US);
	}
	return (double)last / 1024;
}

/* All programs with that many: memory at rest, `supctl list` from fork to exit, a reload. */
static void whole(unsigned n)
{
	struct sys *s = sys_new();
	usec_t start, reload, one, all;

	write_units(s->units, n);
	sys_start(s, (const char *const[]) { "sysinit.target", NULL });
	one = time_list(s, "--type=target");
	all = time_list(s, "");
	start = now_us();
	if (sys_ctl(s, "daemon-reload") != 0) {
		sys_fail(s, "supctl daemon-reload");
	}
	reload = now_us() - start;
	printf("| %u | %.1f | %.1f | %.1f | %.1f | %.0f |\n", n, pss_at_rest(s->init),
		pss_at_rest(sys_supd_pid(s)), ms(one), ms(all), ms(reload));
	fflush(stdout);
	sys_free(s);
}

static void whole_all(char *const *sizes)
{
	sys_require();
	printf("| units | supd-init MB | supd MB | list, one type ms | list, all ms | "
	       "daemon-reload ms |\n|---|---|---|---|---|---|\n");
	for (; *sizes; sizes++) {
		whole((unsigned)strtoul(*sizes, NULL, 10));
	}
}

int main(int argc, char **argv)
{
	bool all = argc > 1 && strcmp(argv[1], "--whole") == 0;
	static char *const usual[] = { "10000", "20000", "50000", NULL };
	char *const *sizes = argc > 1 + all ? argv + 1 + all : usual;

	if (all) {
		whole_all(argc > 2 ? sizes : (char *const[]) { "10000", NULL });
		return 0;
	}
	printf("| units | load s | us/unit | MB/s | MB | again s | decode ms | engine ms | diff ms "
	       "| "
	       "reload ms | transaction ms | longest turn ms |\n"
	       "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
	for (; *sizes; sizes++) {
		measure((unsigned)strtoul(*sizes, NULL, 10));
	}
	return 0;
}
