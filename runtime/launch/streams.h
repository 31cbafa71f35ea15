// SPDX-License-Identifier: MIT
/* Launch step: opens standard input, output and error in the host's view, as l->stdio. */
#pragma once

struct launch;

int launch_open_streams(struct launch *l);
