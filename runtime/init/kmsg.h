// SPDX-License-Identifier: MIT
/*
 * supd's messages in the kernel's log, where nothing else takes them: before journald runs, which
 * finds them there, and after it has gone. Machines only. Never fails: there is nobody to tell.
 */
#pragma once

struct broker;
struct wire_log;

/* The record's text and level as one kernel message, "supd[PID]: text". */
void kmsg_write(const struct broker *b, const struct wire_log *log);
