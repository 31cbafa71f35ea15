// SPDX-License-Identifier: MIT
#include "path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"

static const char hex_digits[] = "0123456789abcdef";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_plain(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (is_digit(c) && !first);
}

void bus_unit_path(const char *name, char buf[BUS_PATH_MAX])
{
	size_t n = sizeof(BUS_UNIT_PREFIX) - 1;

	memcpy(buf, BUS_UNIT_PREFIX, n);
	for (size_t i = 0; name[i] && i < LIMIT_UNIT_NAME - 1; i++) {
		unsigned char c = (unsigned char)name[i];

		if (is_plain(name[i], i == 0)) {
			buf[n++] = name[i];
			continue;
		}
		buf[n++] = '_';
		buf[n++] = hex_digits[c >> 4];
		buf[n++] = hex_digits[c & 15];
	}
	buf[n] = '\0';
}

static int hex_value(char c)
{
	const char *at = c ? strchr(hex_digits, c) : NULL;

	return at ? (int)(at - hex_digits) : -1;
}

int bus_unit_name(const char *path, char buf[LIMIT_UNIT_NAME])
{
	size_t prefix = sizeof(BUS_UNIT_PREFIX) - 1, n = 0;

	if (strncmp(path, BUS_UNIT_PREFIX, prefix) != 0) {
		return -EINVAL;
	}
	for (const char *p = path + prefix; *p; p++) {
		int high, low;

		if (n + 1 >= LIMIT_UNIT_NAME) {
			return -EINVAL;
		}
		if (*p != '_') {
			buf[n++] = *p;
			continue;
		}
		high = hex_value(p[1]);
		low = high < 0 ? -1 : hex_value(p[2]);
		if (low < 0 || (high == 0 && low == 0)) {
			return -EINVAL;
		}
		buf[n++] = (char)(high << 4 | low);
		p += 2;
	}
	buf[n] = '\0';
	return unit_name_is_valid(buf) ? 0 : -EINVAL;
}

void bus_job_path(uint32_t id, char buf[BUS_PATH_MAX])
{
	snprintf(buf, BUS_PATH_MAX, BUS_JOB_PREFIX "%u", (unsigned)id);
}

int bus_job_id(const char *path, uint32_t *ret_id)
{
	size_t prefix = sizeof(BUS_JOB_PREFIX) - 1;

	if (strncmp(path, BUS_JOB_PREFIX, prefix) != 0) {
		return -EINVAL;
	}
	return number_parse_u32(path + prefix, ret_id) < 0 ? -EINVAL : 0;
}
