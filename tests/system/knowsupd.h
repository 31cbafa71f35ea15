// SPDX-License-Identifier: MIT
/* dbus-daemon talks to users of /etc/passwd only. */
#pragma once

/* After sys_private(): supd's users are in /etc/passwd, for this test. 0 or -errno. */
int knowsupd(void);
