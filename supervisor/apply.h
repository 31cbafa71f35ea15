// SPDX-License-Identifier: MIT
/*
 * Carries out one effect of the engine: a request to supd-init, a word to the bus, a line in the
 * journal. The only place where an effect becomes an act.
 */
#pragma once

struct shell;
struct effect;

/* 0, or -errno: fatal (supd-init is gone, no memory). */
int apply_effect(struct shell *s, const struct effect *e);
