// SPDX-License-Identifier: MIT
/* Process attributes and standard streams. */
#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"

#define IOPRIO_CLASS_SHIFT 13

/* The list was checked by the parser: "0-3 5,7". */
int compile_bits(
	struct compile_unit *cu, const char *setting, const char *text, struct tlv_bytes *ret)
{
	cpu_set_t *set = arena_alloc(cu->c->arena, sizeof(*set));

	if (!set) {
		return -ENOMEM;
	}
	while (*text) {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		first = strtoul(text, &end, 10);
		last = first;
		if (*end == '-' && isdigit((unsigned char)end[1])) {
			last = strtoul(end + 1, &end, 10);
		}
		if (last >= CPU_SETSIZE || last < first) {
			return compile_refuse(cu, unit_setting_origin(cu->unit, setting),
				"%s=: numbers above %d", setting, CPU_SETSIZE - 1);
		}
		for (unsigned long i = first; i <= last; i++) {
			CPU_SET(i, set);
		}
		text = end;
	}
	ret->data = set;
	ret->n = sizeof(*set);
	return 0;
}

static int add_rlimits(struct compile_unit *cu)
{
	const struct unit_rlimit *limits = cu->unit->exec->rlimits;

	for (uint32_t i = 0; i < RLIM_NLIMITS; i++) {
		struct plan_rlimit *row;

		if (!limits[i].set) {
			continue;
		}
		row = compile_array_push(cu->c->arena, &cu->base.rlimits, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		row->resource = i;
		row->soft = limits[i].soft;
		row->hard = limits[i].hard;
		row->origin = limits[i].origin;
	}
	return 0;
}

static int join_stdin(struct compile_unit *cu, struct plan_stdio *in)
{
	const struct unit_item *items = cu->unit->exec->stdin_data.items;
	size_t total = 0, at = 0;
	char *data;

	for (size_t i = 0; i < cu->unit->exec->stdin_data.n; i++) {
		total += strlen(items[i].text);
	}
	data = arena_alloc(cu->c->arena, total + 1);
	if (!data) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < cu->unit->exec->stdin_data.n; i++) {
		size_t n = strlen(items[i].text);

		memcpy(data + at, items[i].text, n);
		at += n;
	}
	in->data.data = data;
	in->data.n = (uint32_t)total;
	return 0;
}

/* A terminal or a connection, where output goes as well when nothing else is said. */
static bool goes_both_ways(enum stdio_kind kind)
{
	return kind == STDIO_TTY || kind == STDIO_TTY_FORCE || kind == STDIO_TTY_FAIL ||
	       kind == STDIO_SOCKET;
}

/* "inherit" is resolved as far as it can be: nothing reads a terminal by default. */
static int add_streams(struct compile_unit *cu)
{
	static const char *const settings[] = { "StandardInput", "StandardOutput",
		"StandardError" };
	const struct unit_stdio *from = cu->unit->exec->stdio;
	struct plan_stdio *to = arena_alloc_array(cu->c->arena, 3, sizeof(*to));

	if (!to) {
		return -ENOMEM;
	}
	for (int i = 0; i < 3; i++) {
		to[i].kind = from[i].kind;
		to[i].path = from[i].path;
		to[i].origin = unit_setting_origin(cu->unit, settings[i]);
	}
	if (!to[1].origin && to[1].kind == STDIO_LOG && goes_both_ways(to[0].kind)) {
		to[1] = to[0];
	} else if (to[1].kind == STDIO_INHERIT &&
		   (to[0].kind == STDIO_NULL || to[0].kind == STDIO_INHERIT ||
			   to[0].kind == STDIO_DATA)) {
		to[1].kind = STDIO_LOG;
	} else if (to[1].kind == STDIO_INHERIT) {
		to[1] = to[0];
	}
	if (to[2].kind == STDIO_INHERIT) {
		to[2] = to[1];
	}
	cu->base.stdio.items = to;
	cu->base.stdio.n = 3;
	return to[0].kind == STDIO_DATA ? join_stdin(cu, &to[0]) : 0;
}

int compile_process(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct plan *p = &cu->base;
	int r;

	p->umask = e->umask;
	p->nice_set = e->nice_set;
	p->nice = e->nice;
	p->oom_score_adj_set = e->oom_score_adjust_set;
	p->oom_score_adj = e->oom_score_adjust;
	p->ioprio_set = e->ioprio_set;
	p->ioprio = e->io_class << IOPRIO_CLASS_SHIFT | e->io_level;
	p->sched_set = e->sched_set;
	p->sched_policy = e->sched_policy;
	p->sched_priority = e->sched_priority;
	p->sched_reset_on_fork = e->sched_reset_on_fork;
	p->timer_slack_ns = e->timer_slack_ns;
	p->working_dir = e->working_directory_home ? cu->home : e->working_directory;
	p->working_dir_origin = unit_setting_origin(cu->unit, "WorkingDirectory");
	p->tty_path = e->tty_path;
	p->tty_origin = unit_setting_origin(cu->unit, "TTYPath");
	p->log_priority = e->log_facility << 3 | e->log_level;
	p->log_level_prefix = e->log_level_prefix;
	p->flags |= e->working_directory_missing_ok ? PLAN_WORKDIR_MISSING_OK : 0;
	p->flags |= e->ignore_sigpipe ? PLAN_IGNORE_SIGPIPE : 0;
	p->flags |= e->keyring_mode != KEYRING_INHERIT ? PLAN_KEYRING_PRIVATE : 0;
	p->flags |= e->tty_reset ? PLAN_TTY_RESET : 0;
	r = e->cpu_affinity ? compile_bits(cu, "CPUAffinity", e->cpu_affinity, &p->cpu_affinity)
			    : 0;
	r = r == 0 ? compile_log(cu) : r;
	if (r == 0) {
		r = add_rlimits(cu);
	}
	return r < 0 ? r : add_streams(cu);
}
