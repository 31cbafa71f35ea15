// SPDX-License-Identifier: MIT
/* Launch steps that make namespaces: the clone, id maps, and what the slot keeps of them. */
#pragma once

#include <stdint.h>

struct launch;
struct tlv_array;

/* CLONE_NEW* for enum plan_namespaces, without that of cgroups. */
uint64_t nsfd_clone_flags(uint32_t namespaces);
/* One map ("uid_map") of rows of struct plan_idmap, for such a process. */
int nsfd_write_map(struct launch *l, int pid, const char *file, const struct tlv_array *map);
/* Both maps of the plan for a process in a fresh user namespace; names the object of a failure. */
int nsfd_write_maps(struct launch *l, int pid);
/*
 * The id that a fresh user namespace of the plan is to belong to: one of the unit's own range that
 * nobody on the host has (with PrivateUsers=self it is the range's first, the service's own); 0
 * where the unit has the host's ids.
 *
 * The kernel counts what a service makes there (inotify instances and watches, queued signals,
 * message queues, namespaces) for the owner as well. Were that root, one service could take them
 * from root's processes and from all other services.
 */
uint32_t nsfd_owner(const struct launch *l);
/* The namespace "user", "net" … of a process, 0: our own; a descriptor or -errno. */
int nsfd_open(int pid, const char *kind);

int launch_enter_held(struct launch *l);        /* the slot's user, ipc, net namespaces */
int launch_clone(struct launch *l);             /* second stage; reports CHILD. Returns in both */
int launch_enter_cgroup_view(struct launch *l); /* in the second stage */
int launch_write_maps(struct launch *l);        /* of a fresh user namespace */
int launch_hand_over(struct launch *l);         /* descriptors for the slot */
int launch_loopback_up(struct launch *l);       /* in the second stage */
