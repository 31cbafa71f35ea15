// SPDX-License-Identifier: MIT
/*
 * Builds one record in journald's native form: FIELD=value lines. Whatever a service or a client
 * wrote into a value, it cannot make a new field or move a terminal's cursor: control characters
 * and bytes that are no UTF-8 become \xNN. A record that would not fit ends at the last whole field
 * (long values are cut). Pure: the caller sends it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../runtime/plan/wire.h"

/* systemd's catalogue of message ids (sd-messages.h); journalctl -x knows their texts. */
#define MESSAGE_UNIT_STARTING        "7d4958e842da4a758f6c1cdc7b36dcc5"
#define MESSAGE_UNIT_STARTED         "39f53479d3a045ac8e11786248231fbf"
#define MESSAGE_UNIT_STOPPING        "de5b426a63be47a7b6ac3eaac82e2f6f"
#define MESSAGE_UNIT_STOPPED         "9d1aaa27d60140bd96365438aad20286"
#define MESSAGE_UNIT_FAILED          "be02cf6855d2428ba40df7e9d022f03d"
#define MESSAGE_UNIT_RELOADING       "d34d037fff1847e6ae669a370e694725"
#define MESSAGE_UNIT_RELOADED        "7b05ebc668384222baa8881179cfda54"
#define MESSAGE_UNIT_PROCESS_EXIT    "98e322203f7a4ed290d09fe03c09fe15"
#define MESSAGE_UNIT_FAILURE_RESULT  "d9b373ed55a64feb8242e02dbe79a49c"
#define MESSAGE_UNIT_SUCCESS         "7ad2d189f7e94e70a38c781354912448"
#define MESSAGE_UNIT_RESTART         "5eb03494b6584870a536b337290809b3"
#define MESSAGE_UNIT_SKIPPED         "0e4284a0caca4bfc81c0bb6786972673"
#define MESSAGE_UNIT_OUT_OF_MEMORY   "fe6faa94e7774663a0da52717891d8ef"
#define MESSAGE_UNIT_RESOURCES       "ae8f7b866b0347b9af31fe1c80b127c0"
#define MESSAGE_TIME_CHANGE          "c7a787079b354eaaa9e77b371893cd27"
#define MESSAGE_STARTUP_FINISHED     "b07a249cd024414a82dd00cd181378ff"
#define MESSAGE_SPAWN_FAILED         "641257651c1b4ec9a8624d7a40a9e1e7"
#define MESSAGE_INVOCATION_HEX_CHARS 33u

struct journal_record {
	char data[WIRE_LOG_MAX];
	size_t size;
	size_t text_at, text_size; /* the message in data */
	int priority;
};

/* Starts a record: MESSAGE is text, PRIORITY a syslog level 0–7. */
void journal_begin(struct journal_record *r, int priority, const char *message);
/* Adds a field; NULL or an empty value adds nothing. The name is ours and taken as it is. */
void journal_field(struct journal_record *r, const char *name, const char *value);
void journal_field_u64(struct journal_record *r, const char *name, uint64_t value);
/*
 * UNIT=, and INVOCATION_ID= when the id is not all zero. OBJECT_SYSTEMD_UNIT= too: journalctl -u
 * believes UNIT= of PID 1 only, and this one of every root process.
 */
void journal_unit(struct journal_record *r, const char *unit, const uint8_t invocation_id[16]);

/*
 * Copies text with everything that a terminal or a line protocol could take for more than text
 * written as \xNN (tab stays). At most size bytes with the NUL, cut at a whole character.
 * Returns the length.
 */
size_t text_escape(const char *text, char *buf, size_t size);
