// SPDX-License-Identifier: MIT
/* NetworkNamespacePath=, IPCNamespacePath=: namespaces that somebody else has made and bound. */
#pragma once

struct launch;

/* Opens and checks them; launch_enter_held() then enters them like the slot's own. */
int launch_open_namespaces(struct launch *l);
