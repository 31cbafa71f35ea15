// SPDX-License-Identifier: MIT
/* Options of a socket that BIND makes: before bind() and after it. */
#pragma once

#include "../plan/plan.h"

/* What failed, for the message: "SO_RCVBUF"; NULL when nothing did. */
struct sockopt_failure {
	const char *option;
};

/* All that must be set before the address is bound. 0 or -errno with *ret filled. */
int sockopt_before_bind(int fd, const struct plan_socket *s, struct sockopt_failure *ret);
/* FIFOs: PipeSize=. */
int sockopt_pipe(int fd, const struct plan_socket *s, struct sockopt_failure *ret);
