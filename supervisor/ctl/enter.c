// SPDX-License-Identifier: MIT
/* exec, shell. */
#include "enter.h"

#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "names.h"
#include "verbs.h"

static void enter_fini(struct enter *e)
{
	const int fds[] = { e->plans_fd, e->root_fd, e->cgroup_fd, e->target_fd };

	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

bool enter_has_tty(const struct enter *e)
{
	return e->tty[0] || e->tty[1] || e->tty[2];
}

int verb_exec(struct ctl *c, int n, char *const *args)
{
	char shell[] = "/bin/sh";
	char *const shell_argv[] = { shell, NULL };
	bool is_shell = strcmp(args[0], "shell") == 0;
	AUTO(enter_fini)
	struct enter e = {
		.plans_fd = -1,
		.root_fd = -1,
		.cgroup_fd = -1,
		.target_fd = -1,
		.argv = is_shell ? shell_argv : args + 2,
		/* A user's terminal is never handed in: who has it could type into it. */
		.tty = { isatty(0), isatty(1), isatty(2) },
	};
	char unit[LIMIT_UNIT_NAME];
	int code;

	(void)n;
	if (geteuid() != 0) {
		ctl_error(c, "%s: only root may enter a unit", args[0]);
		return EXIT_NO_UNIT;
	}
	if (names_complete(args[1], unit) < 0) {
		ctl_error(c, "%s: not the name of a unit", args[1]);
		return EXIT_FAILED;
	}
	e.unit = unit;
	code = enter_read_settings(c, &e);
	code = code != EXIT_OK ? code : enter_make_plan(c, &e);
	code = code != EXIT_OK ? code : enter_find_target(c, &e);
	return code != EXIT_OK ? code : enter_run(c, &e);
}
