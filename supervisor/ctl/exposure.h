// SPDX-License-Identifier: MIT
/*
 * How exposed a unit is, on the scale and with the checks and weights of `systemd-analyze security`
 * (252). Pure: effective settings in, numbers out. The table was found by experiment
 * (--security-policy= with one weight at a time); tests/system/audit.py compares both programs over
 * generated settings.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loadtool.h"

/* Badness of a check: 0 safe, EXPOSURE_WORST nothing done; thirtieths, as some count to 10, some
 * to 3. */
#define EXPOSURE_WORST 30u

struct exposure_check {
	const char *id;   /* systemd's json_field */
	const char *name; /* systemd's name of the check */
	const char *fact; /* key of units/facts.h that decides */
	const char
		*advice; /* the change that cures it; checks with the same one are cured together */
	const char *setting; /* of advice, without '=' */
	const char *word;    /* what is looked for in the fact; NULL: the whole */
	uint32_t weight;
	uint64_t caps; /* of a check of CapabilityBoundingSet= */
	/* Badness, or -1: does not apply to this unit. */
	int (*judge)(const struct exposure_check *c, const char *value, const struct load_unit *u);
};

/* The i-th check in systemd's order; NULL beyond the last. */
const struct exposure_check *exposure_check_at(unsigned i);
#define EXPOSURE_CHECKS 81u

struct exposure {
	int badness[EXPOSURE_CHECKS]; /* -1: does not apply */
	uint64_t bad_sum;             /* weighted badness */
	uint64_t weight_sum;
};

/* -ENOENT when the unit has no facts (it is not a service, or could not be read). */
int exposure_judge(const struct load_unit *u, struct exposure *ret);
/* 0–100, in tenths of systemd's scale, rounded as systemd does. */
unsigned exposure_score(const struct exposure *e);
/* One check's share of the score, rounded as systemd does. */
unsigned exposure_share(const struct exposure *e, unsigned check);
/* "OK", "MEDIUM", … */
const char *exposure_level(unsigned score);

/*
 * The advice that lowers the score most; *ret_score is the score with it. NULL: there is none.
 * rank 0 is the best, 1 the next.
 */
const char *exposure_advice(const struct exposure *e, unsigned rank, unsigned *ret_score);
