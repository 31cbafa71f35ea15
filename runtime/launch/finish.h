// SPDX-License-Identifier: MIT
/* The last launch steps of the second stage, when all walls stand. */
#pragma once

struct launch;

int launch_set_process(struct launch *l);     /* session, tty, signals, umask */
int launch_set_limits(struct launch *l);      /* rlimits */
int launch_enter_directory(struct launch *l); /* WorkingDirectory= */
int launch_arrange_fds(struct launch *l);     /* 0-2, LISTEN_FDS, nothing else */
int launch_filter(struct launch *l);          /* EXEC_NOW and seccomp */
int launch_execute(struct launch *l);         /* execve; returns only on failure */
