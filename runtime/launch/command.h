// SPDX-License-Identifier: MIT
/* Environment and argument list of the command, from the plan and from what we know ourselves. */
#pragma once

#include "../plan/tlv.h"

struct launch;

/* NAME=value into the environment that is being built; for parts of it that have a file of their
 * own. */
int command_put(struct launch *l, const char *name, const char *value);
int command_put_number(struct launch *l, const char *name, uint64_t value);
int command_put_id(struct launch *l, const char *name, const uint8_t id[16]);
/* How a process has ended, by the names of code and status; code: CLD_*, 0: nothing is put. */
int command_put_exit(struct launch *l, const char *const names[2], uint32_t code, uint32_t status);

int launch_build_command(struct launch *l);
/* What launch_build_command made. */
const struct tlv_strv *command_argv(void);
const struct tlv_strv *command_env(void);
