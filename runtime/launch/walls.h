// SPDX-License-Identifier: MIT
/* Launch steps of the second stage that make its view of the file system. */
#pragma once

struct launch;

int launch_attach_mounts(struct launch *l);
int launch_change_root(struct launch *l);
