// SPDX-License-Identifier: MIT
/*
 * The log store on disk: LOG/UNIT/NNNNNNNNNNNNNNNN.log, hexadecimal, the highest number is written
 * to, older ones only read. Nothing is ever renamed, so a reader that has reached the end of one
 * file goes on with the next number.
 *
 * A file is a header and records, each on a multiple of 8 bytes. Files are only appended to; a
 * writer that died half-way leaves a torn record, which the next writer leaves alone (it goes on
 * behind it) and every reader skips: it looks for the next magic whose checksum fits. The checksum
 * is keyed by the file's random salt, so that a record imitated inside a message never fits.
 *
 * Pure but for the directory listing. Shared by the writer and the reader.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "logread.h"

#define LOGFILE_MAGIC        UINT64_C(0x31676f6c64707573) /* "supdlog1" */
#define LOGFILE_RECORD_MAGIC UINT32_C(0x52474f4c)         /* "LOGR" */
#define LOGFILE_RECORD_MAX   (96u * 1024u)
#define LOGFILE_FIELDS       64u
#define LOGFILE_FIELDS_MAX   (16u * 1024u) /* encoded bytes of all further fields */
#define LOGFILE_NAME         24u
#define LOGFILE_LIST_MAX     64u

struct logfile_header {
	uint64_t magic;
	uint64_t salt;
	uint64_t created_us; /* CLOCK_REALTIME */
	uint64_t reserved;
};

/*
 * Encodes with the file's salt; *ret_size is a multiple of 8. -EMSGSIZE when it exceeds size or
 * a part exceeds its bound. r->unit is not written: the directory says it.
 */
int logfile_encode(
	const struct log_record *r, uint64_t salt, void *buf, size_t size, size_t *ret_size);

/* 1: a whole good record of *ret_size bytes; 0: perhaps the beginning of one; -EBADMSG. */
int logfile_check(const void *buf, size_t available, uint64_t salt, size_t *ret_size);

/*
 * Decodes what logfile_check() has accepted; pointers into buf, fields into LOGFILE_FIELDS places.
 * -EBADMSG.
 */
int logfile_decode(const void *buf, size_t size, struct log_field *fields, struct log_record *ret);

/* The directory of a unit: its name when that is a unit name, or a pseudo unit; else LOG_UNIT_NONE.
 */
const char *logfile_directory(const char *unit);
void logfile_name(uint64_t number, char buf[LOGFILE_NAME]);
/* Numbers of the log files in a directory, ascending; at most LOGFILE_LIST_MAX, the newest. */
int logfile_list(int dir_fd, uint64_t *ret_numbers, size_t *ret_n);
