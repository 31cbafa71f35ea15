// SPDX-License-Identifier: MIT
/*
 * What supd tells the journal about units: turns an EFFECT_LOG or a finished job into one record
 * with systemd's message ids and field names. Pure apart from sending it.
 */
#pragma once

#include "denialtext.h"
#include "engine.h"

struct shell;
struct usage;

/* EFFECT_LOG. */
void unitlog_effect(struct shell *s, const struct effect *e);
/* A denied system call. */
void unitlog_denial(struct shell *s, const struct unit *u, const struct denial *d);
/* What a unit has used until its end. */
void unitlog_usage(struct shell *s, const struct unit *u, const struct usage *usage);
/* The boot's jobs are done. */
void unitlog_booted(struct shell *s);
/* A line about no unit, with an id of systemd's catalogue. */
void unitlog_message(struct shell *s, int priority, const char *id, const char *text);
/* A line of supd's own, without a unit. */
void unitlog_plain(struct shell *s, int priority, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * "mounts: bind /srv/x: No such file or directory (web.service:14)" of the last failed start, ""
 * when there was none. Text in it may be hostile: escaped already.
 */
void unitlog_failure_text(const struct shell *s, const struct unit *u, char *buf, size_t size);
/* "code=exited, status=1" or "code=killed, signal=TERM". */
void unitlog_exit_text(uint32_t code, uint32_t status, char *buf, size_t size);
