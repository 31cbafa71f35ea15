// SPDX-License-Identifier: MIT
/* Which blocks of compat-needs.conf are for a unit. */
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../units/compatneeds.h"
#include "../../../units/reader.h"

static const char needs_text[] = "[Service]\n"
				 "X-For=a.service b*.service\n"
				 "A=1\n"
				 "X-For=t@.service\n"
				 "X-Needs=@group\n"
				 "X-For=known.service\n"
				 "X-For=PAMName=* StandardInput=tty*\n"
				 "P=1\n"
				 "X-For=giver.service\n"
				 "CapabilityBoundingSet=CAP_KILL CAP_SYS_TIME\n"
				 "X-Otherwise=Type=oneshot\n"
				 "O=1\n"
				 "X-For=@group\n"
				 "G=1\n"
				 "X-For=CAP_SYS_TIME\n"
				 "T=1\n";

static struct arena arena;

static void parse(const char *text, struct list *ret)
{
	struct diagnostics d = { .arena = &arena };
	const struct reader_file file = {
		.path = "x", .unit = "x", .text = text, .size = strlen(text)
	};

	assert_int_equal(reader_parse(&file, &arena, &d, ret), 0);
}

/* The keys that the unit gets, those of one letter, in order. */
static const char *chosen(const char *name, const char *unit_text)
{
	static char keys[32];
	struct list lines = { 0 }, own = { 0 }, out = { 0 };
	struct needs needs;
	const struct list *const files[] = { &own };
	const struct needs_unit unit = { name, files, 1 };
	const struct reader_line *rows;
	size_t n = 0;

	parse(needs_text, &lines);
	assert_int_equal(needs_prepare(&arena, &lines, &needs), 0);
	parse(unit_text, &own);
	assert_int_equal(needs_select(&arena, &needs, &unit, &out), 0);
	rows = out.items;
	for (size_t i = 0; i < out.n; i++) {
		assert_string_equal(rows[i].section, "Service");
		if (rows[i].key && !rows[i].key[1]) {
			keys[n++] = rows[i].key[0];
		}
	}
	keys[n] = '\0';
	return keys;
}

#define OWN(text) "[Service]\n" text "\n"

static void test_blocks(void **state)
{
	static const struct {
		const char *name, *text, *keys;
	} rows[] = {
		{ "a.service", OWN("ExecStart=/x"), "A" },
		{ "ax.service", OWN("ExecStart=/x"), "" },
		{ "bcd.service", OWN("ExecStart=/x"), "A" },
		{ "t@1.service", OWN("ExecStart=/x"), "G" },
		{ "t@.service", OWN("ExecStart=/x"), "G" },
		{ "x.service", OWN("PAMName=login"), "P" },
		{ "x.service", OWN("PAMName="), "P" },
		{ "x.service", OWN("StandardInput=tty-force"), "P" },
		{ "x.service", OWN("StandardInput=null"), "" },
		{ "x.service", OWN("StandardInputText=tty"), "" },
		{ "x.service", OWN("Type=oneshot"), "O" },
		{ "x.service", OWN("Type=simple"), "" },
		/* Known by name, with or without lines. */
		{ "a.service", OWN("Type=oneshot"), "A" },
		{ "known.service", OWN("Type=oneshot"), "" },
		/* Capabilities: of the unit's own or of a block above, never what is taken away. */
		{ "x.service", OWN("AmbientCapabilities=CAP_KILL CAP_SYS_TIME"), "T" },
		{ "x.service", OWN("CapabilityBoundingSet=CAP_SYS_TIME"), "T" },
		{ "x.service", OWN("CapabilityBoundingSet=~CAP_SYS_TIME"), "" },
		{ "x.service", OWN("CapabilityBoundingSet=CAP_SYS_TIMES"), "" },
		{ "x.service", "[Unit]\nCapabilityBoundingSet=CAP_SYS_TIME\n", "" },
		{ "giver.service", OWN("ExecStart=/x"), "T" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *keys = chosen(rows[i].name, rows[i].text);

		if (strcmp(keys, rows[i].keys) != 0) {
			print_error("%s, %s", rows[i].name, rows[i].text);
		}
		assert_string_equal(keys, rows[i].keys);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_blocks) };
	int r;

	arena_init(&arena);
	r = cmocka_run_group_tests(tests, NULL, NULL);

	arena_fini(&arena);
	return r;
}
