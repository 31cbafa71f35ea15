// SPDX-License-Identifier: MIT
/*
 * The jobs that starting a unit makes when nothing runs, for loader_peer.py.
 *
 *   peer_jobs MANIFEST UNIT [MODE]
 *
 * Prints "UNIT<tab>TYPE" for each job of the transaction; exit status 1 and the error when it is
 * refused.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../runtime/base/cleanup.h"
#include "../../supervisor/transaction.h"

struct world {
	struct graph graph;
	const struct manifest_unit **units; /* by graph index */
};

static int open_manifest(const char *path, struct arena *arena, struct manifest *ret)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -1;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? -1 : manifest_decode(p, (size_t)st.st_size, arena, ret);
}

static int make_graph(struct world *w, const struct manifest *m)
{
	uint32_t n = m->units.n;
	AUTO_FREE uint32_t *map = calloc(n + 1, sizeof(*map));
	AUTO_FREE struct graph_source *sources = calloc(n + 1, sizeof(*sources));

	w->units = calloc(n + 1, sizeof(*w->units));
	graph_init(&w->graph);
	if (!map || !sources || !w->units) {
		return -1;
	}
	for (uint32_t i = 0; i < n; i++) {
		map[i] = (uint32_t)graph_intern(&w->graph, manifest_unit_at(m, i)->name);
		w->units[map[i]] = manifest_unit_at(m, i);
		sources[map[i]] = (struct graph_source) { manifest_unit_at(m, i), map };
	}
	return graph_rebuild(&w->graph, sources);
}

static void look(void *userdata, uint32_t unit, struct transaction_unit *ret)
{
	const struct world *w = userdata;
	const struct manifest_unit *u = w->units[unit];

	*ret = (struct transaction_unit) { .load_state = u->load_state,
		.newest = u->load_state,
		.active = u->flags & UNIT_PERPETUAL,
		.keep_on_isolate = u->flags & (UNIT_IGNORE_ON_ISOLATE | UNIT_PERPETUAL),
		.down = !(u->flags & UNIT_PERPETUAL) };
}

static void world_fini(struct world *w)
{
	graph_fini(&w->graph);
	free(w->units);
}

static int usage(void)
{
	fprintf(stderr, "usage: peer_jobs MANIFEST UNIT [MODE]\n");
	return 2;
}

int main(int argc, char *argv[])
{
	struct transaction_request request = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	AUTO(world_fini) struct world w = { 0 };
	struct transaction_world world = { .graph = &w.graph, .look = look, .userdata = &w };
	struct engine_error error = { 0 };
	struct transaction_plan plan = { 0 };
	struct manifest manifest;
	AUTO(arena_fini) struct arena arena;

	arena_init(&arena);
	if (argc < 3 || open_manifest(argv[1], &arena, &manifest) < 0 ||
		make_graph(&w, &manifest) < 0) {
		return usage();
	}
	if (argc > 3) {
		request.mode = (enum job_mode)job_mode_from_string(argv[3]);
	}
	request.unit = graph_find(&w.graph, argv[2]);
	if (request.unit == GRAPH_NONE || transaction_make(&world, &request, &plan, &error) != 0) {
		fprintf(stderr, "%s\n", request.unit == GRAPH_NONE ? "no such unit" : error.text);
		return 1;
	}
	for (uint32_t i = 0; i < plan.n; i++) {
		printf("%s\t%s\n", w.units[plan.jobs[i].unit]->name,
			job_type_to_string(plan.jobs[i].type));
	}
	if (plan.cycle[0]) {
		fprintf(stderr, "cycle: %s\n", plan.cycle);
	}
	free(plan.jobs);
	return 0;
}
