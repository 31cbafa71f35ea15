// SPDX-License-Identifier: MIT
/* Facts about the machine that conditions ask for. Tests return 1, 0 or -errno. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a small file, NUL-terminated, one trailing newline cut. Length or -errno. */
ssize_t host_read(const char *path, char *buf, size_t size);
bool host_is_yes(const char *text);
/* Number of "CAP_KILL" or "kill"; -EINVAL. */
int host_capability(const char *name);
/* Third field of the line of name in a passwd or group file; -ENOENT. Files only, no NSS. */
int host_id_in_file(const char *path, const char *name, uint32_t *ret);
/* All blank-separated words of wanted are in text. */
bool host_has_words(const char *text, const char *wanted);
bool host_os_release_matches(const char *text, const char *parameter);
bool host_cpu_has(const char *cpuinfo, const char *feature);
/* "10%" or "10%/1min": true while the "some" average is at or below. */
bool host_pressure_below(const char *text, const char *parameter);

int host_architecture(const char *parameter);
int host_virtualization(const char *parameter);
int host_security(const char *parameter);
int host_ac_power(const char *parameter);
