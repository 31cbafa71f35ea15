// SPDX-License-Identifier: MIT
/* What the system tests share beside the harness: the one instance, CHECK, and common steps. */
#pragma once

#include "../unit/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

static struct sys *s;

/* Writes the unit file and loads it. */
static inline void load(const char *name, const char *text)
{
	sys_unit(s, name, text);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
}

/* load() of printf-style text. */
static inline void loadf(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static inline void loadf(const char *name, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	load(name, text);
}

static inline bool property_equals(const char *unit, const char *property, const char *value)
{
	return strcmp(sys_text(s, unit, property), value) == 0;
}

struct logged {
	const char *unit;
	const char *text;
};

static inline bool log_contains(struct sys *sys, void *arg)
{
	const struct logged *l = arg;

	sys_ctl(sys, "logs -n 1000 -o cat %s", l->unit);
	return sys_said(sys, l->text);
}

/* Waits until the unit's log contains the text; the log is then in s->output. */
static inline void wait_log(const char *unit, const char *text)
{
	struct logged l = { unit, text };

	sys_wait_for(s, text, log_contains, &l);
}

static inline bool path_is_gone(struct sys *sys, void *arg)
{
	(void)sys;
	return access(arg, F_OK) < 0;
}

/* Waits until there is nothing at the path. */
static inline void wait_gone(const char *path)
{
	sys_wait_for(s, path, path_is_gone, (void *)(uintptr_t)path);
}

static inline int setup(void **state)
{
	(void)state;
	s = sys_new();
	sys_start(s, NULL);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}
