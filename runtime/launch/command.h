// SPDX-License-Identifier: MIT
/* Environment and argument list of the command, from the plan and from what we know ourselves. */
#pragma once

#include "../plan/tlv.h"

struct launch;

int launch_build_command(struct launch *l);
/* What launch_build_command made. */
const struct tlv_strv *command_argv(void);
const struct tlv_strv *command_env(void);
