// SPDX-License-Identifier: MIT
/*
 * What stands behind a '=': strict parsers for the scalar forms of systemd.syntax(7),
 * systemd.time(7) and systemd.exec(5). Pure and without allocation.
 *
 * Each returns 0, -EINVAL (not such a value) or -ERANGE (a value, but too large); outputs stay
 * untouched on failure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/plan/manifest.h"

#define VALUE_INFINITY UINT64_MAX

/* 1 yes y true t on, 0 no n false f off; case does not matter. */
int value_parse_bool(const char *text, bool *ret);

/*
 * "5min 20s", "90", "1.5h", "infinity" in microseconds; a number without a unit counts in
 * unit_us. Units: us ms s min h d w M y and their long forms.
 */
int value_parse_timespan(const char *text, uint64_t unit_us, uint64_t *ret);
/* The same in nanoseconds, for TimerSlackNSec=; "5us", "50000". */
int value_parse_timespan_ns(const char *text, uint64_t *ret);

/* "64M", "1.5G", "infinity"; B K M G T P E to the base of 1024. */
int value_parse_size(const char *text, uint64_t *ret);
/* The same to the base of 1000, for what a disk does in a second. */
int value_parse_rate(const char *text, uint64_t *ret);
/* "15%", "12.5%" in 1/10000 of the whole. At most max (10000 is 100 %). */
int value_parse_percent(const char *text, uint64_t max, uint64_t *ret);

/* 0–255 or a name of systemd.exec(5), "Process Exit Codes": "NOPERMISSION", "EX_USAGE" … */
int value_parse_exit_status(const char *text, uint32_t *ret);
/* One word of SuccessExitStatus=: an exit status or a signal name; set in *set. */
int value_add_exit_word(const char *text, struct manifest_exit_set *set);

/* "1024", "512:1024", "infinity", sizes and times as the resource wants them. */
int value_parse_rlimit(int resource, const char *text, uint64_t *ret_soft, uint64_t *ret_hard);

/* "CAP_SYS_ADMIN" (any case) or a decimal number <= 62; the number or -EINVAL. */
int value_capability_from_name(const char *text);
/* Name of a capability that this table knows, or NULL. */
const char *value_capability_to_name(unsigned capability);
#define VALUE_CAPABILITY_COUNT 41u

/* "kern", "daemon", "local3" … -> 0–23; "emerg" … "debug" -> 0–7. -EINVAL. */
int value_facility_from_name(const char *text);
int value_level_from_name(const char *text);

/*
 * A user or group name in the strict form of systemd.exec(5): a letter or '_', then letters,
 * digits, '_' and '-', at most 31 bytes; or a decimal id below 2^31 - 1. Nothing else names a
 * user, so that nothing odd becomes root.
 */
bool value_is_user(const char *text);

/* Absolute, below LIMIT_PATH, no ".." component, no control characters. */
bool value_is_path(const char *text);
/* Drops doubled and trailing slashes and "." components in place; for value_is_path() texts. */
void value_simplify_path(char *path);
/* "redis", "foo/bar": relative, no "." or ".." or empty component. */
bool value_is_relative_path(const char *text);

/* "0-3 5,7": processor or memory node numbers below 8192. */
bool value_is_cpu_list(const char *text);
/* A valid environment variable name. */
bool value_is_env_name(const char *text, size_t n);

/* "errno name or number": "EPERM", "1" -> 1; 1–4095. */
int value_parse_errno(const char *text, int *ret);
