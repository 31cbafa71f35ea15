// SPDX-License-Identifier: MIT
/*
 * supd's messages in the kernel's log, where nothing else takes them: before journald runs, which
 * finds them there, while it is behind, and after it has gone. Machines only.
 */
#pragma once

struct broker;
struct wire_log;

/* The record's text and level as one kernel message, "supd[PID]: text". 0 or -errno. */
int kmsg_write(const struct broker *b, const struct wire_log *log);
/* The record's text on the console, "supd: text", where the kernel command line wants it there. */
void kmsg_show(const struct broker *b, const struct wire_log *log);
