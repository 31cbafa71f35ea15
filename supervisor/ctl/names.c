// SPDX-License-Identifier: MIT
#include "names.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"

bool names_is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

static int with_suffix(const char *text, const char *suffix, char ret[LIMIT_UNIT_NAME])
{
	int n = snprintf(ret, LIMIT_UNIT_NAME, "%s%s", text, suffix);

	return n < 0 || n >= (int)LIMIT_UNIT_NAME ? -EINVAL : 0;
}

static int from_path(const char *path, const char *wanted, char ret[LIMIT_UNIT_NAME])
{
	const char *suffix = strcmp(wanted, ".automount") == 0 ? wanted
			     : strncmp(path, "/dev/", 5) == 0  ? ".device"
							       : ".mount";
	char escaped[LIMIT_UNIT_NAME];

	if (unit_name_escape_path(path, escaped, sizeof(escaped)) < 0) {
		return -EINVAL;
	}
	return with_suffix(escaped, suffix, ret);
}

int names_complete_as(const char *text, const char *suffix, char ret[LIMIT_UNIT_NAME])
{
	char name[LIMIT_UNIT_NAME];
	int r;

	if (text[0] == '/') {
		r = from_path(text, suffix, name);
	} else {
		r = with_suffix(text, unit_name_is_valid(text) ? "" : suffix, name);
	}
	if (r < 0 || !unit_name_is_valid(name)) {
		return -EINVAL;
	}
	memcpy(ret, name, sizeof(name));
	return 0;
}

int names_complete(const char *text, char ret[LIMIT_UNIT_NAME])
{
	return names_complete_as(text, ".service", ret);
}

int names_complete_pattern_as(const char *text, const char *suffix, char ret[LIMIT_UNIT_NAME])
{
	const char *last = text + strlen(text);

	/* "web*" may mean any type; "web@*" without a type is a service's instance, as for
	 * systemctl. */
	if (strchr(text, '.') || (last > text && last[-1] == '*')) {
		return with_suffix(text, "", ret);
	}
	return with_suffix(text, suffix, ret);
}

int names_complete_any(const char *text, char ret[LIMIT_UNIT_NAME])
{
	return names_is_pattern(text) ? names_complete_pattern_as(text, ".service", ret)
				      : names_complete(text, ret);
}

/* "RTMIN+3", "RTMAX-1" with n digits after the sign. */
static int realtime_signal(const char *text)
{
	bool up = strncmp(text, "RTMIN+", 6) == 0;
	uint32_t n;

	if (strcmp(text, "RTMIN") == 0 || strcmp(text, "RTMAX") == 0) {
		return text[4] == 'I' ? SIGRTMIN : SIGRTMAX;
	}
	if ((!up && strncmp(text, "RTMAX-", 6) != 0) || number_parse_u32(text + 6, &n) < 0 ||
		n > (uint32_t)(SIGRTMAX - SIGRTMIN)) {
		return -EINVAL;
	}
	return up ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

int names_signal(const char *text)
{
	uint32_t n;

	if (number_parse_u32(text, &n) == 0) {
		return n >= 1 && n < (uint32_t)NSIG ? (int)n : -EINVAL;
	}
	if (strncmp(text, "SIG", 3) == 0) {
		text += 3;
	}
	for (int i = 1; i < NSIG; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && strcmp(abbrev, text) == 0) {
			return i;
		}
	}
	return realtime_signal(text);
}

const char *names_of_signal(int number)
{
	return number > 0 && number < NSIG ? sigabbrev_np(number) : NULL;
}
