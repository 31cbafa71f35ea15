// SPDX-License-Identifier: MIT
/*
 * top: what each cgroup below supd's root uses, read from the kernel's files as anybody may; supd
 * only says where they are. Rates are those between two looks, so the first has none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/scaled.h"
#include "../../runtime/base/timeutil.h"
#include "exitcode.h"
#include "json.h"
#include "table.h"
#include "verbs.h"
#include "when.h"

#define GROUPS_MAX     20000u
#define DEPTH_MAX      8u
#define ITERATIONS_MAX 1000000u
#define UNKNOWN        UINT64_MAX

enum order { ORDER_CPU, ORDER_MEMORY, ORDER_TASKS, ORDER_IO, ORDER_PATH, ORDER_COUNT };
static const char *const order_names[ORDER_COUNT] = { "cpu", "memory", "tasks", "io", "path" };

struct group {
	char *path; /* below the root, "/" for itself; owned */
	uint64_t tasks, cpu_us, memory, read, written;
	/* Since the look before, each second; UNKNOWN at the first */
	uint64_t cpu_permille, read_rate, write_rate;
};

struct groups {
	struct group *list;
	size_t n, cap;
	usec_t at;
};

struct top {
	struct ctl *c;
	char root[LIMIT_PATH];
	enum order order;
	uint32_t iterations; /* 0: for ever */
	usec_t delay;
	struct groups now, before;
	bool clear; /* a terminal that is drawn anew */
};

static void groups_fini(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->list[i].path);
	}
	free(g->list);
	*g = (struct groups) { NULL };
}

static void top_fini(struct top *t)
{
	groups_fini(&t->now);
	groups_fini(&t->before);
}

/* ---- reading ---- */

static ssize_t read_file(const char *dir, const char *file, char *buf, size_t size)
{
	char path[LIMIT_PATH + 32];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return fd_read_text(path, buf, size);
}

static uint64_t read_number(const char *dir, const char *file)
{
	char text[64];
	uint64_t value;

	if (read_file(dir, file, text, sizeof(text)) <= 0) {
		return UNKNOWN;
	}
	text[strcspn(text, "\n")] = '\0';
	return number_parse_u64(text, &value) < 0 ? UNKNOWN : value;
}

/* Sum of all "keyNUMBER" words: "usage_usec " of cpu.stat, "rbytes=" of io.stat. */
static uint64_t read_sum(const char *dir, const char *file, const char *key)
{
	char text[8192];
	uint64_t sum = 0;

	if (read_file(dir, file, text, sizeof(text)) < 0) {
		return UNKNOWN;
	}
	for (char *at = strstr(text, key); at; at = strstr(at, key)) {
		at += strlen(key);
		sum += strtoull(at, NULL, 10);
	}
	return sum;
}

/* Lines of cgroup.procs of the group itself, where nobody counts tasks. */
static uint64_t count_processes(const char *dir)
{
	char path[LIMIT_PATH + 32], line[32];
	uint64_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		n++;
	}
	if (file) {
		fclose(file);
	}
	return n;
}

static int add_group(struct groups *g, const char *dir, const char *shown)
{
	struct group *x;

	if (g->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 64;
		struct group *more =
			cap > GROUPS_MAX ? NULL : realloc(g->list, cap * sizeof(*more));

		if (!more) {
			return -ENOMEM;
		}
		g->list = more;
		g->cap = cap;
	}
	x = &g->list[g->n];
	*x = (struct group) { .path = strdup(*shown ? shown + 1 : "/"),
		.tasks = read_number(dir, "pids.current"),
		.cpu_us = read_sum(dir, "cpu.stat", "usage_usec "),
		.memory = read_number(dir, "memory.current"),
		.read = read_sum(dir, "io.stat", "rbytes="),
		.written = read_sum(dir, "io.stat", "wbytes="),
		.cpu_permille = UNKNOWN,
		.read_rate = UNKNOWN,
		.write_rate = UNKNOWN };
	if (!x->path) {
		return -ENOMEM;
	}
	g->n++;
	x->tasks = x->tasks == UNKNOWN ? count_processes(dir) : x->tasks;
	return 0;
}

/* path: absolute, LIMIT_PATH long, put back at the end. */
static int walk(struct groups *g, char *path, size_t root, unsigned depth)
{
	size_t len = strlen(path);
	int r = add_group(g, path, path + root);
	struct dirent *e;
	DIR *dir = r < 0 || depth == 0 ? NULL : opendir(path);

	while (r >= 0 && dir && (e = readdir(dir))) {
		size_t name = strlen(e->d_name);

		if (e->d_type != DT_DIR || e->d_name[0] == '.' || len + name + 2 > LIMIT_PATH) {
			continue;
		}
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, name + 1);
		r = walk(g, path, root, depth - 1);
		path[len] = '\0';
	}
	if (dir) {
		closedir(dir);
	}
	return r;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->path, ((const struct group *)b)->path);
}

static uint64_t rate(uint64_t now, uint64_t before, usec_t elapsed, uint64_t scale)
{
	if (now == UNKNOWN || before == UNKNOWN || elapsed == 0) {
		return UNKNOWN;
	}
	return now < before ? 0 : (uint64_t)((unsigned __int128)(now - before) * scale / elapsed);
}

static int look(struct top *t)
{
	char path[LIMIT_PATH];
	int r;

	groups_fini(&t->before);
	t->before = t->now;
	t->now = (struct groups) { .at = clock_us(CLOCK_MONOTONIC) };
	strcpy(path, t->root);
	r = walk(&t->now, path, strlen(t->root), DEPTH_MAX);
	if (r < 0) {
		return r;
	}
	qsort(t->now.list, t->now.n, sizeof(*t->now.list), by_path);
	for (size_t i = 0; i < t->now.n && t->before.n; i++) {
		struct group *x = &t->now.list[i];
		const struct group *old =
			bsearch(x, t->before.list, t->before.n, sizeof(*t->before.list), by_path);
		usec_t elapsed = t->now.at - t->before.at;

		if (old) {
			x->cpu_permille = rate(x->cpu_us, old->cpu_us, elapsed, 1000);
			x->read_rate = rate(x->read, old->read, elapsed, USEC_PER_SEC);
			x->write_rate = rate(x->written, old->written, elapsed, USEC_PER_SEC);
		}
	}
	return 0;
}

/* ---- showing ---- */

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN ? 0 : value;
}

/* What the order goes by; by what was used altogether as long as there are no rates. */
static uint64_t weight(const struct group *x, enum order order)
{
	switch (order) {
	case ORDER_CPU:
		return x->cpu_permille != UNKNOWN ? x->cpu_permille : known(x->cpu_us);
	case ORDER_MEMORY:
		return known(x->memory);
	case ORDER_TASKS:
		return known(x->tasks);
	case ORDER_IO:
		return x->read_rate != UNKNOWN ? x->read_rate + known(x->write_rate)
					       : known(x->read) + known(x->written);
	case ORDER_PATH:
	case ORDER_COUNT:
		break;
	}
	return 0;
}

static int by_order(const void *a, const void *b, void *order)
{
	const struct group *const *x = a, *const *y = b;
	uint64_t wx = weight(*x, *(enum order *)order), wy = weight(*y, *(enum order *)order);

	return wx < wy ? 1 : wx > wy ? -1 : strcmp((*x)->path, (*y)->path);
}

static const char *bytes(uint64_t value, char buf[WHEN_TEXT])
{
	if (value == UNKNOWN) {
		return "-";
	}
	when_bytes(value, buf);
	return buf;
}

static void print_table(struct top *t, struct group *const *sorted)
{
	static const char *const titles[] = { "CGROUP", "TASKS", "%CPU", "MEMORY", "INPUT/S",
		"OUTPUT/S" };
	AUTO(table_fini) struct table table;

	table_init(&table, titles, ELEMENTSOF(titles));
	for (size_t i = 0; i < t->now.n; i++) {
		const struct group *x = sorted[i];
		char tasks[24] = "-", cpu[32] = "-", b[3][WHEN_TEXT];

		if (x->tasks == 0 && !t->c->o.all) {
			continue;
		}
		snprintf(tasks, sizeof(tasks), "%" PRIu64, x->tasks);
		if (x->cpu_permille != UNKNOWN) {
			snprintf(cpu, sizeof(cpu), "%" PRIu64 ".%" PRIu64, x->cpu_permille / 10,
				x->cpu_permille % 10);
		}
		table_add(
			&table, (const char *const[]) { x->path, tasks, cpu, bytes(x->memory, b[0]),
					bytes(x->read_rate, b[1]), bytes(x->write_rate, b[2]) });
	}
	if (t->clear) {
		fputs("\033[H\033[2J", t->c->out);
	}
	table_print(&table, t->c->out, !t->c->o.no_legend);
	if (!t->clear && t->iterations != 1) {
		putc('\n', t->c->out);
	}
}

static void print_json(struct top *t, struct json *j, struct group *const *sorted)
{
	json_object(j, NULL);
	json_u64(j, "realtime_us", clock_us(CLOCK_REALTIME));
	json_array(j, "cgroups");
	for (size_t i = 0; i < t->now.n; i++) {
		const struct group *x = sorted[i];
		const struct {
			const char *key;
			uint64_t value;
		} rows[] = { { "tasks", x->tasks }, { "cpu_usec", x->cpu_us },
			{ "cpu_permille", x->cpu_permille }, { "memory", x->memory },
			{ "io_read", x->read }, { "io_written", x->written },
			{ "io_read_per_s", x->read_rate }, { "io_written_per_s", x->write_rate } };

		if (x->tasks == 0 && !t->c->o.all) {
			continue;
		}
		json_object(j, NULL);
		json_string(j, "cgroup", x->path);
		for (size_t k = 0; k < ELEMENTSOF(rows); k++) {
			if (rows[k].value != UNKNOWN) {
				json_u64(j, rows[k].key, rows[k].value);
			}
		}
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static int show(struct top *t, struct json *j)
{
	AUTO_FREE struct group **sorted = calloc(t->now.n + 1, sizeof(struct group *));

	if (!sorted) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < t->now.n; i++) {
		sorted[i] = &t->now.list[i];
	}
	qsort_r(sorted, t->now.n, sizeof(struct group *), by_order, &t->order);
	if (t->c->o.json) {
		print_json(t, j, sorted);
	} else {
		print_table(t, sorted);
	}
	return fflush(t->c->out) != 0 ? -EPIPE : 0;
}

/* ---- asking ---- */

static int get_root(struct top *t)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO_FREE char *root = NULL;
	int code = ctl_connect(t->c), r;

	if (code != EXIT_OK) {
		return code;
	}
	r = sd_bus_get_property_string(
		t->c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "CgroupRoot", &error, &root);
	if (r < 0) {
		return ctl_call_failed(t->c, "top", &error, r);
	}
	if (root[0] != '/' || strlen(root) >= sizeof(t->root)) {
		ctl_error(t->c, "%s: not the path of a cgroup", root);
		return EXIT_FAILED;
	}
	strcpy(t->root, root);
	return EXIT_OK;
}

static int read_options(struct top *t)
{
	const struct options *o = &t->c->o;
	bool terminal = isatty(fileno(t->c->out)) && !o->batch && !o->json;

	t->iterations = terminal || o->batch ? 0 : 1;
	t->delay = USEC_PER_SEC;
	t->clear = terminal;
	if (o->lines >= 0) {
		t->iterations = (uint32_t)o->lines;
	}
	if (o->iterations && (number_parse_u32(o->iterations, &t->iterations) < 0 ||
				     t->iterations > ITERATIONS_MAX)) {
		ctl_error(t->c, "--iterations: %s: not a number up to %u", o->iterations,
			ITERATIONS_MAX);
		return EXIT_USAGE;
	}
	if (o->delay && (timespan_parse(o->delay, USEC_PER_SEC, &t->delay) < 0 ||
				t->delay == USEC_INFINITY)) {
		ctl_error(t->c, "--delay: %s: not a time such as 2s", o->delay);
		return EXIT_USAGE;
	}
	for (int i = 0; o->order && i < ORDER_COUNT; i++) {
		if (strcmp(order_names[i], o->order) == 0) {
			t->order = (enum order)i;
			return EXIT_OK;
		}
	}
	if (o->order) {
		ctl_error(t->c, "--order: %s: not cpu, memory, tasks, io or path", o->order);
	}
	return o->order ? EXIT_USAGE : EXIT_OK;
}

static void pause_for(usec_t span)
{
	struct timespec left = { .tv_sec = (time_t)(span / USEC_PER_SEC),
		.tv_nsec = (long)(span % USEC_PER_SEC * 1000) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR) {
	}
}

int verb_top(struct ctl *c, int n, char *const *args)
{
	AUTO(top_fini) struct top t = { .c = c };
	struct json j;
	int code = read_options(&t);
	int r = 0;

	(void)n;
	(void)args;
	code = code == EXIT_OK ? get_root(&t) : code;
	if (code != EXIT_OK) {
		return code;
	}
	if (c->o.json) {
		json_init(&j, c->out);
		json_array(&j, NULL);
	}
	for (uint32_t i = 0; r >= 0 && (t.iterations == 0 || i < t.iterations); i++) {
		if (i) {
			pause_for(t.delay);
		}
		r = look(&t);
		r = r < 0 ? r : show(&t, &j);
	}
	if (c->o.json) {
		json_end(&j);
	}
	if (r < 0 && r != -EPIPE) {
		ctl_error(c, "%s: %s", t.root, strerror(-r));
	}
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}
