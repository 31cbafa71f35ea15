// SPDX-License-Identifier: MIT
/* Attributes of the process that are inherited over fork and execve: set in the launcher. */
#pragma once

struct launch;

/* Personality, memory policy, core dump filter, page merging. */
int launch_set_attributes(struct launch *l);
/* KeyringMode=shared: the user's keyring joins the session's. As the user, before the filter. */
int launch_link_keyring(struct launch *l);
