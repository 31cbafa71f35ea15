// SPDX-License-Identifier: MIT
/* Requests of supd: a table of handlers. Well formed but impossible: REFUSED. Else supd dies. */
#pragma once

#include "broker.h"

/* Reads and does requests until there are none, or a REFUSED waits to be sent. */
void requests_read(struct broker *b);
/*
 * supd has died: what it had sent is still carried out, up to the end of the pipe. It consumes a
 * notification as soon as the note that says so is in the pipe.
 */
void requests_drain(struct broker *b);
/* Handles one record that is size bytes long; -EBADMSG: supd is broken. For tests too. */
int requests_handle(struct broker *b, const void *record, size_t size);
