// SPDX-License-Identifier: MIT
/*
 * Who may call what: one table of all methods, each with a bit that says whether it changes
 * something. What is not in the table counts as changing. Refused and changing calls are logged
 * with the peer's uid and pid.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

struct bus_client;

/* Peer of a connected socket. privileged: uid 0, or control_gid among its groups (0: no group). */
int auth_peer(int fd, gid_t control_gid, uid_t *ret_uid, pid_t *ret_pid, bool *ret_privileged);
/* sd_bus filter: userdata is the struct bus_client. Answers AccessDenied itself. */
int auth_filter(sd_bus_message *m, void *userdata, sd_bus_error *error);
