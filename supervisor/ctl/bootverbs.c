// SPDX-License-Identifier: MIT
/* time, blame, critical-chain, plot: where the time of the boot went. */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/scaled.h"
#include "bootplot.h"
#include "bootread.h"
#include "exitcode.h"
#include "names.h"
#include "text.h"
#include "verbs.h"

static int not_finished(struct ctl *c)
{
	ctl_error(c, "the boot is not through yet; `supctl list-jobs` shows what it waits for");
	return EXIT_FAILED;
}

/* The parts of a boot in their order; an end of 0 means that there was no such part. */
static size_t boot_parts(const struct boottime *b, struct bootplot_part parts[BOOTPLOT_PARTS])
{
	usec_t kernel_end = b->initrd ? b->initrd : b->userspace;
	size_t n = 0;

	if (boottime_origin(b) == 0) {
		parts[n++] = (struct bootplot_part) { "kernel", 0, kernel_end };
	}
	if (b->initrd && boottime_origin(b) == 0) {
		parts[n++] = (struct bootplot_part) { "initrd", b->initrd, b->userspace };
	}
	parts[n++] = (struct bootplot_part) { "userspace", b->userspace, b->finish };
	return n;
}

/* supd's own part of user space: until it knew what to start. */
static size_t own_parts(const struct boottime *b, struct bootplot_part parts[BOOTPLOT_PARTS])
{
	const struct bootplot_part all[] = {
		{ "supd-boot", b->userspace, b->init },
		{ "supd-init", b->init, b->load_begin },
		{ "units", b->load_begin, b->load_end },
		{ "supd", b->load_end, b->jobs },
		{ "jobs", b->jobs, b->finish },
	};
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(all) && b->jobs; i++) {
		if (all[i].begin && all[i].end > all[i].begin) {
			parts[n++] = all[i];
		}
	}
	return n;
}

static usec_t target_reached(const struct boottime *b)
{
	const struct boottime_unit *u = boottime_find(b, b->target);
	usec_t at = u ? boottime_done(u) : 0;

	return at > b->userspace ? at - b->userspace : 0;
}

static void time_json(
	const struct boottime *b, struct json *j, const struct bootplot_part *parts, size_t n)
{
	struct bootplot_part own[BOOTPLOT_PARTS];
	size_t n_own = own_parts(b, own);

	for (size_t i = 0; i < n; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_us", parts[i].name);
		json_u64(j, key, parts[i].end - parts[i].begin);
	}
	json_u64(j, "total_us", b->finish - boottime_origin(b));
	json_string(j, "target", b->target);
	json_u64(j, "target_us", target_reached(b));
	json_u64(j, "soft_reboots", b->soft_reboots);
	json_object(j, "parts_us");
	for (size_t i = 0; i < n_own; i++) {
		json_u64(j, own[i].name, own[i].end - own[i].begin);
	}
	json_end(j);
}

static void time_text(
	struct ctl *c, const struct boottime *b, const struct bootplot_part *parts, size_t n)
{
	struct bootplot_part own[BOOTPLOT_PARTS];
	size_t n_own = own_parts(b, own);
	char text[WHEN_TEXT];

	fputs("Startup finished in ", c->out);
	for (size_t i = 0; i < n; i++) {
		boottime_span(parts[i].end - parts[i].begin, text);
		fprintf(c->out, "%s%s (%s)", i ? " + " : "", text, parts[i].name);
	}
	boottime_span(b->finish - boottime_origin(b), text);
	fprintf(c->out, " = %s\n", text);
	if (target_reached(b)) {
		boottime_span(target_reached(b), text);
		text_puts(c->out, b->target);
		fprintf(c->out, " reached after %s in userspace.\n", text);
	}
	for (size_t i = 0; i < n_own; i++) {
		boottime_span(own[i].end - own[i].begin, text);
		fprintf(c->out, "%s%s (%s)%s", i ? " + " : "userspace: ", text, own[i].name,
			i + 1 == n_own ? "\n" : "");
	}
}

int verb_time(struct ctl *c, int n, char *const *args)
{
	AUTO(boottime_fini) struct boottime b = { 0 };
	struct bootplot_part parts[BOOTPLOT_PARTS];
	int code = bootread(c, false, &b);
	struct json j;

	(void)n;
	(void)args;
	if (code != EXIT_OK || !b.finish) {
		return code == EXIT_OK ? not_finished(c) : code;
	}
	size_t n_parts = boot_parts(&b, parts);

	if (c->o.json) {
		json_init(&j, c->out);
		json_object(&j, NULL);
		time_json(&b, &j, parts, n_parts);
		json_end(&j);
	} else {
		time_text(c, &b, parts, n_parts);
	}
	return EXIT_OK;
}

int verb_blame(struct ctl *c, int n, char *const *args)
{
	AUTO(boottime_fini) struct boottime b = { 0 };
	AUTO_FREE const struct boottime_unit **list = NULL;
	int code = bootread(c, true, &b);
	size_t n_list = 0;
	struct json j;

	(void)n;
	(void)args;
	list = code == EXIT_OK ? boottime_blame(&b, &n_list) : NULL;
	if (!list) {
		return code == EXIT_OK ? EXIT_FAILED : code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	for (size_t i = 0; i < n_list; i++) {
		char text[WHEN_TEXT];

		if (c->o.json) {
			json_object(&j, NULL);
			json_string(&j, "unit", list[i]->name);
			json_u64(&j, "time_us", boottime_took(list[i]));
			json_end(&j);
			continue;
		}
		boottime_span(boottime_took(list[i]), text);
		fprintf(c->out, "%16s ", text);
		text_puts(c->out, list[i]->name);
		putc('\n', c->out);
	}
	if (c->o.json) {
		json_end(&j);
	}
	return EXIT_OK;
}

/* ---- critical-chain ---- */

struct chain {
	struct ctl *c;
	const struct boottime *b;
	struct json j;
	bool last[BOOTTIME_DEPTH];
};

static int show_link(void *context, const struct boottime_link *link)
{
	struct chain *chain = context;
	const struct boottime_unit *u = link->unit;
	usec_t done = boottime_done(u), took = boottime_took(u);
	usec_t at = took ? u->activating : done;
	FILE *out = chain->c->out;
	char text[WHEN_TEXT];

	at = at > chain->b->userspace ? at - chain->b->userspace : 0;
	chain->last[link->depth] = link->last;
	if (chain->c->o.json) {
		json_object(&chain->j, NULL);
		json_string(&chain->j, "unit", u->name);
		json_u64(&chain->j, "depth", link->depth);
		json_u64(&chain->j, "at_us", at);
		json_u64(&chain->j, "time_us", took);
		json_end(&chain->j);
		return 0;
	}
	for (unsigned i = 1; i < link->depth; i++) {
		fputs(chain->last[i] ? "  " : "│ ", out);
	}
	fputs(link->depth == 0 ? "" : link->last ? "└─" : "├─", out);
	text_puts(out, u->name);
	if (done) {
		boottime_span(at, text);
		fprintf(out, " @%s", text);
	}
	if (took) {
		boottime_span(took, text);
		fprintf(out, " +%s", text);
	}
	putc('\n', out);
	return 0;
}

static int show_chains(struct chain *chain, const struct unit_list *units, usec_t fuzz)
{
	for (size_t i = 0; i < units->n; i++) {
		const struct boottime_unit *u = boottime_find(chain->b, units->names[i]);

		if (!u) {
			ctl_error(chain->c, "%s: no such unit is loaded", units->names[i]);
			return EXIT_NOT_LOADED;
		}
		if (i > 0 && !chain->c->o.json) {
			putc('\n', chain->c->out);
		}
		if (boottime_chain(chain->b, u, fuzz, show_link, chain) < 0) {
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}

int verb_critical_chain(struct ctl *c, int n, char *const *args)
{
	AUTO(boottime_fini) struct boottime b = { 0 };
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	struct chain chain = { .c = c, .b = &b };
	uint64_t fuzz = 0;
	int code;

	if (c->o.fuzz && timespan_parse(c->o.fuzz, USEC_PER_SEC, &fuzz) < 0) {
		ctl_error(c, "--fuzz: %s: no time span such as 100ms", c->o.fuzz);
		return EXIT_USAGE;
	}
	code = bootread(c, true, &b);
	if (code == EXIT_OK && !b.finish) {
		code = not_finished(c);
	}
	if (code == EXIT_OK && n == 1) {
		code = unit_list_add(&units, b.target) < 0 ? EXIT_FAILED : EXIT_OK;
	} else if (code == EXIT_OK) {
		code = ctl_expand(c, n - 1, args + 1, &units);
	}
	if (code != EXIT_OK) {
		return code;
	}
	json_init(&chain.j, c->out);
	if (c->o.json) {
		json_array(&chain.j, NULL);
	} else {
		fputs("@: since user space began, when the unit's start began (of those that take "
		      "no time: was reached); +: how long the start took.\n\n",
			c->out);
	}
	code = show_chains(&chain, &units, fuzz);
	if (c->o.json) {
		json_end(&chain.j);
	}
	return code;
}

/* ---- plot ---- */

static void plot_json(
	struct ctl *c, const struct boottime *b, const struct boottime_unit *const *list, size_t n)
{
	struct bootplot_part parts[BOOTPLOT_PARTS];
	size_t n_parts = boot_parts(b, parts);
	struct json j;

	json_init(&j, c->out);
	json_object(&j, NULL);
	time_json(b, &j, parts, n_parts);
	json_u64(&j, "userspace_begin_us", b->userspace);
	json_u64(&j, "finish_us", b->finish);
	json_array(&j, "units");
	for (size_t i = 0; i < n; i++) {
		json_object(&j, NULL);
		json_string(&j, "unit", list[i]->name);
		json_u64(&j, "activating_us", list[i]->activating);
		json_u64(&j, "activated_us", list[i]->activated);
		json_u64(&j, "deactivating_us", list[i]->deactivating);
		json_u64(&j, "deactivated_us", list[i]->deactivated);
		json_u64(&j, "time_us", boottime_took(list[i]));
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

int verb_plot(struct ctl *c, int n, char *const *args)
{
	AUTO(boottime_fini) struct boottime b = { 0 };
	AUTO_FREE const struct boottime_unit **list = NULL;
	struct bootplot plot = { .boot = &b };
	int code = bootread(c, true, &b);
	size_t n_list = 0;

	(void)n;
	(void)args;
	if (code == EXIT_OK && !b.finish) {
		code = not_finished(c);
	}
	list = code == EXIT_OK ? boottime_started(&b, &n_list) : NULL;
	if (!list) {
		return code == EXIT_OK ? EXIT_FAILED : code;
	}
	if (c->o.json) {
		plot_json(c, &b, list, n_list);
		return EXIT_OK;
	}
	plot.n_parts = boot_parts(&b, plot.parts);
	plot.n_parts += own_parts(&b, plot.parts + plot.n_parts);
	plot.units = list;
	plot.n_units = n_list;
	bootplot_write(&plot, c->out);
	return EXIT_OK;
}
