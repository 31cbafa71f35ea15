// SPDX-License-Identifier: MIT
/* Attributes of processes that few units set: systemd.exec(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "parsers.h"
#include "values.h"
#include "words.h"

int parse_personality(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;

	e->personality_set = *c->value != '\0';
	if (!*c->value || strcmp(c->value, "x86-64") == 0) {
		e->personality = PER_LINUX;
		return 0;
	}
	if (strcmp(c->value, "x86") == 0) {
		e->personality = PER_LINUX32;
		return 0;
	}
	return setting_error(c, 0, "\"%.64s\" is neither x86-64 nor x86", c->value);
}

/* The numbers of set_mempolicy(2). */
int parse_numa_policy(struct setting_context *c)
{
	static const char *const names[] = { "default", "preferred", "bind", "interleave",
		"local" };
	struct unit_exec *e = c->unit->exec;
	int v = *c->value ? enum_table_find(names, ELEMENTSOF(names), c->value) : 0;

	if (v < 0) {
		return setting_error(c, 0,
			"\"%.64s\" is none of default, preferred, bind, interleave, local",
			c->value);
	}
	e->numa_set = *c->value != '\0';
	e->numa_policy = (uint32_t)v;
	return 0;
}

int parse_numa_mask(struct setting_context *c)
{
	if (strcmp(c->value, "all") == 0) {
		*(const char **)c->target = c->value;
		return 0;
	}
	return parse_cpu_list(c);
}

/* Names of core(5)'s bits, or a hexadecimal mask. */
static int dump_bit(const char *word, uint64_t *mask)
{
	static const char *const names[] = { "private-anonymous", "shared-anonymous",
		"private-file-backed", "shared-file-backed", "elf-headers", "private-huge",
		"shared-huge", "private-dax", "shared-dax" };
	int bit = enum_table_find(names, ELEMENTSOF(names), word);
	char *end;

	if (bit >= 0) {
		*mask |= UINT64_C(1) << bit;
	} else if (strcmp(word, "all") == 0) {
		*mask |= (UINT64_C(1) << ELEMENTSOF(names)) - 1;
	} else if (strcmp(word, "default") == 0) {
		*mask |= 0x33;
	} else {
		*mask |= strtoull(word, &end, 16);
		return *end || end == word || *word == '-' ? -EINVAL : 0;
	}
	return 0;
}

int parse_dump_filter(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		e->coredump_filter_set = false;
		e->coredump_filter = 0;
		return 0;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		if (dump_bit(word.text, &e->coredump_filter) < 0) {
			return setting_error(c, word.column,
				"\"%.64s\" is no kind of memory mapping such as private-anonymous, "
				"all or 0x33",
				word.text);
		}
	}
	e->coredump_filter_set = true;
	return r;
}

int parse_ksm(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;

	e->ksm_set = *c->value != '\0';
	if (*c->value && value_parse_bool(c->value, &e->ksm) != 0) {
		return setting_error(c, 0, "\"%.64s\" is neither yes nor no", c->value);
	}
	return 0;
}

/* As SystemCallFilter=, but what is listed is allowed and written to the kernel's log. */
int parse_syscall_log(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	bool invert = *c->value == '~';
	const char *p = c->value + invert;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(&e->syscall_log);
		return 0;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		struct unit_syscall *row = list_push(c->arena, &e->syscall_log, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = (struct unit_syscall) {
			.name = word.text, .deny = invert, .origin = c->origin
		};
	}
	return r;
}
