// SPDX-License-Identifier: MIT
/* audit: how exposed units are, why, and what would help most. supd-load says what is set. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "exitcode.h"
#include "exposure.h"
#include "loadtool.h"
#include "nearunit.h"
#include "table.h"
#include "text.h"
#include "unitfacts.h"
#include "verbs.h"

#define ADVICES 3u

static void score_text(char buf[8], unsigned score)
{
	snprintf(buf, 8, "%u.%u", score / 10 % 100, score % 10);
}

/* "file:line" in full, or what it is called. */
static const char *place_of(struct load_facts *all, const struct load_unit *u, const char *fact)
{
	const struct load_fact *f = load_unit_fact(u, fact);

	return f && *f->origin ? load_unit_place(all, u, f->origin) : "default";
}

static const char *value_of(const struct load_unit *u, const char *fact)
{
	const struct load_fact *f = load_unit_fact(u, fact);

	return f ? f->value : "";
}

static void print_advice(struct ctl *c, const struct exposure *e)
{
	char text[8];
	unsigned score;

	for (unsigned i = 0; i < ADVICES; i++) {
		const char *advice = exposure_advice(e, i, &score);

		if (!advice) {
			return;
		}
		score_text(text, score);
		fprintf(c->out, "%s %s  (%s)\n", i ? "           then" : "would help most", advice,
			text);
	}
}

static void print_checks(
	struct ctl *c, struct load_facts *all, const struct load_unit *u, const struct exposure *e)
{
	static const char *const titles[] = { "", "CHECK", "EXPOSURE", "EFFECTIVE", "FROM" };
	AUTO(table_fini) struct table t = { 0 };

	table_init(&t, titles, ELEMENTSOF(titles));
	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		const struct exposure_check *check = exposure_check_at(i);
		char share[8] = "";

		if (e->badness[i] > 0) {
			score_text(share, exposure_share(e, i));
		} else if (!c->o.all) {
			continue;
		}
		table_add(&t, (const char *const[]) { e->badness[i] > 0 ? "✗"
						      : e->badness[i]   ? " "
									: "✓",
				      check->name, share, value_of(u, check->fact),
				      place_of(all, u, check->fact) });
	}
	table_print(&t, c->out, !c->o.no_legend);
}

static void print_unit(
	struct ctl *c, struct load_facts *all, const struct load_unit *u, const struct exposure *e)
{
	unsigned score = exposure_score(e);
	char text[8];

	if (!c->o.quiet) {
		print_checks(c, all, u, e);
		putc('\n', c->out);
	}
	score_text(text, score);
	text_puts(c->out, u->name);
	fprintf(c->out, ": exposure %s %s (profile %s)\n", text, exposure_level(score), u->profile);
	if (!c->o.quiet) {
		print_advice(c, e);
	}
}

static void json_checks(
	struct json *j, struct load_facts *all, const struct load_unit *u, const struct exposure *e)
{
	json_array(j, "checks");
	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		const struct exposure_check *check = exposure_check_at(i);

		json_object(j, NULL);
		json_string(j, "id", check->id);
		json_string(j, "name", check->name);
		json_u64(j, "weight", check->weight);
		if (e->badness[i] < 0) {
			json_string(j, "badness", NULL);
		} else {
			json_u64(j, "badness", (uint64_t)e->badness[i]);
		}
		json_u64(j, "range", EXPOSURE_WORST);
		json_u64(j, "exposure", exposure_share(e, i));
		json_string(j, "value", value_of(u, check->fact));
		json_string(j, "from", place_of(all, u, check->fact));
		json_end(j);
	}
	json_end(j);
}

static void json_unit(
	struct json *j, struct load_facts *all, const struct load_unit *u, const struct exposure *e)
{
	unsigned score = exposure_score(e), better;

	json_object(j, NULL);
	json_string(j, "unit", u->name);
	json_string(j, "profile", u->profile);
	json_string(j, "state", u->state);
	json_u64(j, "exposure", score);
	json_string(j, "level", exposure_level(score));
	json_checks(j, all, u, e);
	json_array(j, "advice");
	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		const char *advice = exposure_advice(e, i, &better);

		if (!advice) {
			break;
		}
		json_object(j, NULL);
		json_string(j, "setting", advice);
		json_u64(j, "exposure", better);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

/* The limit, in tenths as systemd-analyze takes it; 100 admits everything. */
static int read_threshold(struct ctl *c, uint32_t *ret)
{
	*ret = 100;
	if (c->o.threshold && (number_parse_u32(c->o.threshold, ret) < 0 || *ret > 100)) {
		ctl_error(c, "--threshold: %s: not a number from 0 to 100", c->o.threshold);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/*
 * The score, or an exit code below zero: a unit that would not start is exposed to nothing, and
 * must not pass for safe.
 */
static int audit_unit(
	struct ctl *c, struct json *j, struct load_facts *all, const struct load_unit *u)
{
	struct exposure e;

	if (exposure_judge(u, &e) < 0) {
		if (!*u->error && nearest_is_missing(c, u->name)) {
			return -EXIT_NO_UNIT;
		}
		ctl_error(c, "%s: %s", u->name, *u->error ? u->error : "not a service");
		return -EXIT_FAILED;
	}
	if (*u->error) {
		ctl_error(c, "%s: is refused, judged by what could be read: %s", u->name, u->error);
	}
	if (c->o.json) {
		json_unit(j, all, u, &e);
	} else {
		print_unit(c, all, u, &e);
	}
	return (int)exposure_score(&e);
}

int verb_audit(struct ctl *c, int n, char *const *args)
{
	AUTO(load_facts_fini) struct load_facts all = { .n = 0 };
	uint32_t threshold;
	struct json j;
	int code = read_threshold(c, &threshold);

	if (code == EXIT_OK) {
		code = unitfacts_load(c, n - 1, args + 1, &all);
	}
	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	for (size_t i = 0; i < all.n; i++) {
		int score = audit_unit(c, &j, &all, &all.units[i]);

		if (score < 0) {
			code = -score;
		} else if ((unsigned)score > threshold && code == EXIT_OK) {
			code = EXIT_FAILED;
		}
		if (!c->o.json && i + 1 < all.n && !c->o.quiet) {
			putc('\n', c->out);
		}
	}
	if (c->o.json) {
		json_end(&j);
	}
	return code;
}
