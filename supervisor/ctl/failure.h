// SPDX-License-Identifier: MIT
/*
 * Why a unit failed, in one sentence: "web.service: mounts: bind /srv/x: No such file or directory
 * (web.service:14)", or what its main process did, or what its result means. Pure.
 */
#pragma once

#include "value.h"

/* Escaped text for printing, without the unit's name in front; the caller frees. */
char *failure_text(const struct props *p);
/* A job's end in words; job_result is "timeout", "dependency", … */
const char *failure_of_job(const char *job_result);
