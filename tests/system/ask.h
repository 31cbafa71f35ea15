// SPDX-License-Identifier: MIT
/*
 * Units that run the program probe, and its answers: what the tests of confinement share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "harness.h"

#define ALICE     "61001"
#define ALICE_GID "61002"
#define EXTRA_GID "61003"

/* The supd of this test program; made by ask_setup. */
extern struct sys *s;

struct expected {
	const char *key;
	const char *pattern; /* fnmatch(3); "!": any but the rest */
};

/* Writes a unit; "DIR" in the text stands for the test's directory. Then reloads. */
void unit(const char *name, const char *text);
/* Starts a oneshot of probe and waits for its answers. */
void run(const char *name, const char *text);
/* Waits for the answer to a question, for units whose "done" says too little. */
void wait_answer(const char *name, const char *key);
/* The answer to a question; NULL when there is none. In a static buffer. */
const char *answer(const char *key);
/* Fails the test unless all answers match; "DIR" in a key as in unit(). */
void expect_all(const struct expected *rows, size_t n);

#define EXPECT(...)                                                                                \
	do {                                                                                       \
		static const struct expected rows_[] = { __VA_ARGS__ };                            \
		expect_all(rows_, ELEMENTSOF(rows_));                                              \
	} while (0)

void write_text(const char *path, const char *text);

/* Users, probe, a supd that was started with foreign descriptors; and their end. */
int ask_setup(void **state);
int ask_teardown(void **state);
/* Requirements and private namespaces; 0, or 77 with the reason printed. */
int ask_begin(void);
