// SPDX-License-Identifier: MIT
/* Launch step: RuntimeDirectory= and its kin, made and given to the unit's user. */
#pragma once

struct launch;

int launch_make_directories(struct launch *l);
