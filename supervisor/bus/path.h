// SPDX-License-Identifier: MIT
/*
 * D-Bus object paths of units and jobs, as systemd spells them:
 * /org/freedesktop/systemd1/unit/NAME with every byte that is no ASCII letter or digit (and a
 * leading digit) written _xx, /org/freedesktop/systemd1/job/N. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../runtime/base/limits.h"

#define BUS_MANAGER_PATH "/org/freedesktop/systemd1"
#define BUS_UNIT_PREFIX  "/org/freedesktop/systemd1/unit/"
#define BUS_JOB_PREFIX   "/org/freedesktop/systemd1/job/"
#define BUS_PATH_MAX     (sizeof(BUS_UNIT_PREFIX) + 3 * LIMIT_UNIT_NAME)

/* name must be a valid unit name (at most LIMIT_UNIT_NAME - 1 bytes). */
void bus_unit_path(const char *name, char buf[BUS_PATH_MAX]);
/* Inverse: -EINVAL for a path that is no unit path or holds no valid unit name. */
int bus_unit_name(const char *path, char buf[LIMIT_UNIT_NAME]);
void bus_job_path(uint32_t id, char buf[BUS_PATH_MAX]);
/* -EINVAL. */
int bus_job_id(const char *path, uint32_t *ret_id);
