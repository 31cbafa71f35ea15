// SPDX-License-Identifier: MIT
/* The job socket: the job and its descriptors in, reports with descriptors and credentials out. */
#pragma once

#include "broker.h"

struct jobfds {
	int sock;
	int catalogue_index;
	uint32_t entry; /* of that catalogue */
	uint32_t entry_flags;
	int cgroup; /* directory of the slot's; -1: to be opened */
};
/* Sends job (n_fds is filled in) and its descriptors. 0 or -errno. */
int jobfds_send(struct broker *b, uint32_t ref, struct launch_job *job, const struct jobfds *to);

/* The kernel's SCM_MAX_FD: what does not fit would be closed by the kernel while we wait. */
#define JOBFDS_SCM_MAX 253
struct jobfds_got {
	uint32_t n_fds;
	int fds[JOBFDS_SCM_MAX]; /* the caller's */
	pid_t sender;            /* SCM_CREDENTIALS, 0 without */
};
/*
 * One report. 1, 0 at end of file, -EAGAIN, or -EBADMSG for a record that is no report; that may
 * have brought descriptors, too.
 */
int jobfds_recv(int sock, struct launch_report *ret, struct jobfds_got *ret_got);
