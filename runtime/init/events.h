// SPDX-License-Identifier: MIT
/* Events to supd: present states, sent when marked and the socket is writable. No queue. */
#pragma once

#include "broker.h"

/* Marks everything: a new supd, or LIST. */
void events_mark_all(struct broker *b, bool hello);
/* Sends until all is sent or the socket is full. 0, or -errno when the channel is broken. */
int events_flush(struct broker *b);
/* Frees slots whose GONE nobody waits for. */
void events_forget_gone(struct broker *b);
