// SPDX-License-Identifier: MIT
/*
 * The verbs of supctl: one table, from which the dispatcher, `help` and the completion are made.
 * A verb gets its own name as args[0] and returns the exit code of the program.
 */
#pragma once

#include "ctl.h"

enum verb_operand {
	OPERAND_NONE,
	OPERAND_UNIT,
	OPERAND_FILE,
	OPERAND_JOB,
	OPERAND_PATTERN,
	OPERAND_VERB,
};

enum verb_answer {
	VERB_ACTS,  /* refuses --json */
	VERB_READS, /* with --json, and an exit code of 0, its output is JSON */
};

struct verb {
	const char *name;
	int (*run)(struct ctl *c, int n, char *const *args);
	int min, max; /* operands; max -1: any number */
	enum verb_operand operand;
	const char *usage; /* operands as help shows them */
	const char *help;  /* NULL: hidden */
	enum verb_answer answer;
};

/* NULL for an unknown name. */
const struct verb *verbs_find(const char *name);
/* The i-th verb; NULL beyond the last. */
const struct verb *verbs_at(size_t i);
/* Nearest visible name for a typing error; NULL if nothing is near. */
const char *verbs_nearest(const char *name);

/* Parses argv and runs the verb. Exit code. */
int verbs_main(struct ctl *c, int argc, char **argv);

/* By file: jobs.c, status.c, … */
int verb_job(struct ctl *c, int n, char *const *args); /* start, stop, restart, reload, … */
int verb_status(struct ctl *c, int n, char *const *args);
int verb_list(struct ctl *c, int n, char *const *args);
int verb_list_unit_files(struct ctl *c, int n, char *const *args);
int verb_list_jobs(struct ctl *c, int n, char *const *args);
int verb_list_timers(struct ctl *c, int n, char *const *args);
int verb_list_kind(struct ctl *c, int n, char *const *args);
int verb_cancel(struct ctl *c, int n, char *const *args);
int verb_denials(struct ctl *c, int n, char *const *args);
int verb_exec(struct ctl *c, int n, char *const *args); /* and shell */
int verb_profile(struct ctl *c, int n, char *const *args);
int verb_time(struct ctl *c, int n, char *const *args);
int verb_blame(struct ctl *c, int n, char *const *args);
int verb_critical_chain(struct ctl *c, int n, char *const *args);
int verb_plot(struct ctl *c, int n, char *const *args);
int verb_list_dependencies(struct ctl *c, int n, char *const *args);
int verb_isolate_target(struct ctl *c, int n, char *const *args);
int verb_isolate(struct ctl *c, int n, char *const *args);
int verb_show(struct ctl *c, int n, char *const *args);
int verb_is_active(struct ctl *c, int n, char *const *args);
int verb_is_failed(struct ctl *c, int n, char *const *args);
int verb_is_enabled(struct ctl *c, int n, char *const *args);
int verb_is_system_running(struct ctl *c, int n, char *const *args);
int verb_get_default(struct ctl *c, int n, char *const *args);
int verb_power(struct ctl *c, int n, char *const *args); /* poweroff, reboot, halt, … */
/* The same by the name of an older program (sysv_is); argv is that program's. */
int power_by_old_name(struct ctl *c, const char *name, int argc, char **argv);
int verb_install(struct ctl *c, int n, char *const *args); /* enable, disable, mask, … */
int verb_edit(struct ctl *c, int n, char *const *args);
int verb_set_property(struct ctl *c, int n, char *const *args);
int verb_run(struct ctl *c, int n, char *const *args);
int verb_clean(struct ctl *c, int n, char *const *args);
int verb_freeze(struct ctl *c, int n, char *const *args);
int verb_kill(struct ctl *c, int n, char *const *args);
int verb_reset_failed(struct ctl *c, int n, char *const *args);
int verb_logs(struct ctl *c, int n, char *const *args);
int verb_top(struct ctl *c, int n, char *const *args);
int verb_verify(struct ctl *c, int n, char *const *args);
int verb_audit(struct ctl *c, int n, char *const *args);
int verb_cat(struct ctl *c, int n, char *const *args);
int verb_escape(struct ctl *c, int n, char *const *args);
int verb_calendar(struct ctl *c, int n, char *const *args);
int verb_timespan(struct ctl *c, int n, char *const *args);
int verb_timestamp(struct ctl *c, int n, char *const *args);
int verb_daemon_reload(struct ctl *c, int n, char *const *args);
int verb_daemon_reexec(struct ctl *c, int n, char *const *args);
