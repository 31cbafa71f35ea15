// SPDX-License-Identifier: MIT
/*
 * A whole supd of its own for a test: real programs, temporary directories below /run, a cgroup of
 * its own, supctl as the user's hand. Nothing is waited for by time: sys_wait() polls a condition
 * until it holds or the (generous) deadline of the test is over.
 *
 * The program under test is found by the environment variable SUPD_BUILD (set by meson).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How long anything may take that a test waits for. */
#define SYS_WITHIN_SEC 60

struct sys {
	char dir[64];   /* /run/supd-test-XXXXXX */
	char units[96]; /* dir/units */
	char cgroup[160];
	pid_t init;          /* supd-init, a child of the test; -1 when not running */
	bool failing;        /* within sys_fail() */
	char output[262144]; /* stdout and stderr of the last sys_ctl() */
};

/* Skips the whole program (exit 77 with the reason) unless root and cgroup v2 are there. */
void sys_require(void);
/*
 * Enters private mount and network namespaces (lo up) with empty tmpfs over /run and over each of
 * the given directories (NULL-terminated, may be NULL), so that daemons find their usual places and
 * ports free. Once per program, before sys_new().
 */
void sys_private(const char *const *scratch);

/* Makes directories and cgroup; nothing runs yet. Aborts the test on failure. */
struct sys *sys_new(void);
/*
 * Stops supd-init (SIGTERM, then cgroup.kill), removes everything. Safe on a half-made one. Fails
 * the test if a sanitizer had anything to say about one of supd's programs.
 */
void sys_free(struct sys *s);

/* Writes a unit file (or anything below the unit directory), 0644. */
void sys_unit(struct sys *s, const char *name, const char *text);
/*
 * Copies the test service payload.c into s->dir and returns its path: a unit with its own /tmp or
 * without /home does not see the build tree if it is there. After sys_private(), for /run may not
 * allow programs.
 */
const char *sys_payload(struct sys *s);
/* Copies an installed unit file unchanged into the unit directory. */
void sys_copy_unit(struct sys *s, const char *path);
void sys_remove_unit(struct sys *s, const char *name);
/*
 * Starts supd-init with UNIT… (NULL-terminated, may be NULL) and waits until it is ready. A file
 * supd.conf in dir is its configuration.
 */
void sys_start(struct sys *s, const char *const *units);
/* Starts supd-init without waiting for readiness. */
void sys_spawn(struct sys *s, const char *const *units);

/*
 * Runs argv (NULL-terminated, its first word found as a shell does), its output, with errors that
 * of its error stream too, in s->output; returns the exit code.
 */
int sys_run(struct sys *s, const char *const *argv, bool errors);
/* Runs supctl with printf-style arguments split at spaces; returns its exit code, fills s->output.
 */
int sys_ctl(struct sys *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with the output stream alone in s->output; the error stream is the test's. */
int sys_answer(struct sys *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits until `supctl show -p PROPERTY --value UNIT` prints value; fails the test otherwise. */
void sys_wait(struct sys *s, const char *unit, const char *property, const char *value);
/* Waits until predicate(arg) holds. what: for the failure message. */
void sys_wait_for(
	struct sys *s, const char *what, bool (*predicate)(struct sys *, void *), void *arg);
/* One property as a number (0 when empty) or text (in a static buffer). */
long sys_number(struct sys *s, const char *unit, const char *property);
const char *sys_text(struct sys *s, const char *unit, const char *property);
/* Pid of the running supd (child of supd-init named "supd"), 0 if there is none. */
pid_t sys_supd_pid(struct sys *s);
/*
 * kill -9 of the running supd, waited for if another one has just ended; returns when it is dead,
 * be the next one there or not.
 */
void sys_kill_supd(struct sys *s);
/* Fails the test with s->output and the tail of supd-init's own output. */
void sys_fail(struct sys *s, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* True when output of the last sys_ctl contains text. */
bool sys_said(const struct sys *s, const char *text);
/* Contents of a file below dir into buf; "" if it is not there. */
const char *sys_file(struct sys *s, const char *path, char *buf, size_t size);

/* Fails the test `s` with the last output of supctl and of supd-init. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			sys_fail(s, "%s:%d: %s", __FILE__, __LINE__, #cond);                       \
		}                                                                                  \
	} while (0)
