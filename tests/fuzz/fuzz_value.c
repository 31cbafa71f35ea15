// SPDX-License-Identifier: MIT
/* One value by every parser of values.h: what is accepted is in its range. */
#include <assert.h>
#include <string.h>
#include <sys/resource.h>

#include "../../runtime/base/limits.h"
#include "../../units/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const char *text)
{
	struct manifest_exit_set set = { 0 };
	uint64_t n = 0, soft = 0, hard = 0;
	uint32_t status = 0;
	int error = 0;
	bool on;

	value_parse_bool(text, &on);
	value_parse_timespan(text, 1000000, &n);
	value_parse_timespan_ns(text, &n);
	value_parse_size(text, &n);
	assert(value_parse_percent(text, 10000, &n) != 0 || n <= 10000);
	assert(value_parse_exit_status(text, &status) != 0 || status <= 255);
	assert(value_parse_errno(text, &error) != 0 || (error >= 1 && error <= 4095));
	value_add_exit_word(text, &set);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		assert(value_parse_rlimit(i, text, &soft, &hard) != 0 || soft <= hard);
	}
}

static void check_names(const char *text)
{
	int r = value_capability_from_name(text);

	assert(r < 0 || r <= 62);
	r = value_facility_from_name(text);
	assert(r < 0 || r <= 23);
	r = value_level_from_name(text);
	assert(r < 0 || r <= 7);
	value_is_user(text);
	value_is_cpu_list(text);
	if (value_is_env_name(text, strlen(text))) {
		assert(*text && !strchr(text, '=') && (*text < '0' || *text > '9'));
	}
	if (value_is_relative_path(text)) {
		assert(*text && *text != '/' && !strstr(text, "//"));
	}
}

static void check_path(const char *text)
{
	char path[LIMIT_PATH];

	if (!value_is_path(text)) {
		return;
	}
	assert(*text == '/' && strlen(text) < LIMIT_PATH);
	strcpy(path, text);
	value_simplify_path(path);
	assert(*path == '/' && !strstr(path, "//") && !strstr(path, "/./") && value_is_path(path));
	assert(!path[1] || path[strlen(path) - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[LIMIT_PATH + 64];

	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	check_numbers(text);
	check_names(text);
	check_path(text);
	return 0;
}
