// SPDX-License-Identifier: MIT
#include "number.h"

#include <errno.h>
#include <stdbool.h>

static int parse_digits(const char *text, unsigned base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text) {
		return -EINVAL;
	}
	for (const char *p = text; *p; p++) {
		unsigned digit = (unsigned)(unsigned char)*p - '0';

		if (digit >= base) {
			return -EINVAL;
		}
		if (value > (max - digit) / base) {
			return -ERANGE;
		}
		value = value * base + digit;
	}
	*ret = value;
	return 0;
}

int number_parse_u64(const char *text, uint64_t *ret)
{
	return parse_digits(text, 10, UINT64_MAX, ret);
}

int number_parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(text, 10, UINT32_MAX, &value);

	if (r < 0) {
		return r;
	}
	*ret = (uint32_t)value;
	return 0;
}

int number_parse_i64(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t value;
	int r = parse_digits(text + negative, 10, (uint64_t)INT64_MAX + negative, &value);

	if (r < 0) {
		return r;
	}
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int number_parse_id(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_digits(text, 10, (uint64_t)INT32_MAX - 1, &value);

	if (r < 0) {
		return r;
	}
	*ret = (uint32_t)value;
	return 0;
}

int number_parse_mode(const char *text, mode_t *ret)
{
	uint64_t value;
	int r = parse_digits(text, 8, 07777, &value);

	if (r < 0) {
		return r;
	}
	*ret = (mode_t)value;
	return 0;
}

size_t number_format_u64(char *buf, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < n; i++) {
		buf[i] = digits[n - 1 - i];
	}
	buf[n] = '\0';
	return n;
}
