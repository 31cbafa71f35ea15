// SPDX-License-Identifier: MIT
/*
 * Events of supd-init become engine calls. The start of every supd is the same: HELLO, the live
 * catalogues, slots, places and parked descriptors, then LISTED: adopt, and, in the first supd of
 * this supd-init only, start the initial units.
 */
#pragma once

struct shell;
struct broker_message;

/* Handles one event; descriptors that are kept are taken out of the message. -errno is fatal. */
int intake_event(struct shell *s, struct broker_message *m);
/* With shell.loading: decodes the next part of the manifest that has come. -errno is fatal. */
int intake_load_some(struct shell *s);
