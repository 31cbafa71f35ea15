// SPDX-License-Identifier: MIT
/*
 * Enum <-> string tables. ENUM_TABLE(name, enum tag, COUNT) after a table `name_table` defines
 * name_to_string() (NULL out of range) and name_from_string() (-EINVAL).
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <string.h>

static inline int enum_table_find(const char *const *table, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i] && strcmp(table[i], text) == 0) {
			return (int)i;
		}
	}
	return -EINVAL;
}

#define ENUM_TABLE(name, type, count)                                                              \
	_Static_assert(sizeof(name##_table) / sizeof(name##_table[0]) == (count),                  \
		#name " table drifted");                                                           \
	const char *name##_to_string(type value)                                                   \
	{                                                                                          \
		return (size_t)value < (size_t)(count) ? name##_table[value] : NULL;               \
	}                                                                                          \
	int name##_from_string(const char *text)                                                   \
	{                                                                                          \
		return enum_table_find(name##_table, (count), text);                               \
	}

#define ENUM_DECLARE(name, type)                                                                   \
	const char *name##_to_string(type value);                                                  \
	int name##_from_string(const char *text)
