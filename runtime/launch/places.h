// SPDX-License-Identifier: MIT
/*
 * What the kernel itself shows a unit: the API file systems of a root of its own (MountAPIVFS=), a
 * cgroup file system of its own cgroup namespace, and its host name.
 */
#pragma once

struct launch;

/* In the launcher: the host's /proc, /sys and /dev as detached trees, and an empty /run. */
int launch_prepare_api_vfs(struct launch *l);
/* In the second stage. */
int launch_attach_api_vfs(struct launch *l);
int launch_attach_cgroups(struct launch *l);
int launch_set_host_name(struct launch *l);
