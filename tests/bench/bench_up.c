// SPDX-License-Identifier: MIT
/*
 * N services up against the bare clone+exec floor with the same namespaces, in turns: floor,
 * namespaces, compat, standard, floor, … Each turn has a supd of its own. A ratio is that of a
 * turn's two figures; the median of all turns is printed. With SUPD_BENCH_WORK=1 processor time and
 * context switches as well, which make the time itself a little worse; see procfacts.h.
 *
 * bench_up [SERVICES [TURNS [PROFILE…]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "fleet.h"
#include "procfacts.h"
#include "samples.h"

struct subject {
	const char *name;
	struct samples time, ratio; /* µs; thousandths of the floor */
	double cpu_ms, switches;
};

static struct subject bare = { .name = "floor" };
static struct subject profiles[8];
static struct meter meter = { -1, -1, -1 };
static unsigned services = 1000, turns = 5, n_profiles;

static usec_t measure(struct subject *subject, struct fleet *f, usec_t (*run)(struct fleet *f))
{
	struct work before = meter_read(&meter), after;
	usec_t us = run(f);

	after = meter_read(&meter);
	samples_add(&subject->time, us);
	subject->cpu_ms += after.cpu_ms - before.cpu_ms;
	subject->switches += after.switches - before.switches;
	return us;
}

static void take_turn(struct subject *profile)
{
	struct fleet f;
	usec_t floor_us, up_us;

	fleet_init(&f, services, profile->name);
	floor_us = measure(&bare, &f, fleet_floor);
	fleet_floor_end(&f);
	up_us = measure(profile, &f, fleet_up);
	samples_add(&profile->ratio, up_us * 1000 / floor_us);
	fleet_fini(&f);
}

static void print_row(struct subject *s)
{
	double per = (double)s->time.n * services;

	printf("| %s | %.0f ms | %.2f | %.2f … %.2f |", s->name, samples_at(&s->time, 50) / 1000,
		samples_at(&s->ratio, 50) / 1000, samples_at(&s->ratio, 0) / 1000,
		samples_at(&s->ratio, 99) / 1000);
	if (meter_is_open(&meter)) {
		printf(" %.0f µs | %.1f |", s->cpu_ms * 1000 / per, s->switches / per);
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	static const char *const all[] = { "namespaces", "compat", "standard" };
	const char *const *names = argc > 3 ? (const char *const *)argv + 3 : all;

	services = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : services;
	turns = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : turns;
	n_profiles = argc > 3 ? (unsigned)argc - 3 : ELEMENTSOF(all);
	n_profiles = n_profiles < ELEMENTSOF(profiles) ? n_profiles : ELEMENTSOF(profiles);
	sys_require();
	if (getenv("SUPD_BENCH_WORK") && meter_open(&meter) < 0) {
		fprintf(stderr, "no counters: perf_event_open or the cpuacct file is refused\n");
	}
	sys_private(NULL);
	for (unsigned i = 0; i < turns * n_profiles; i++) {
		profiles[i % n_profiles].name = names[i % n_profiles];
		take_turn(&profiles[i % n_profiles]);
	}
	printf("\n### %u services up, %u turns (p50)\n\n", services, turns);
	printf("| | all exec'd | × floor | from … to |%s\n|---|---|---|---|%s\n",
		meter_is_open(&meter) ? " processor time per start | switches per start |" : "",
		meter_is_open(&meter) ? "---|---|" : "");
	print_row(&bare);
	for (unsigned i = 0; i < n_profiles; i++) {
		print_row(&profiles[i]);
	}
	return 0;
}
