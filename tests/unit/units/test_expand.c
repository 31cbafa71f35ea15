// SPDX-License-Identifier: MIT
/* Specifiers in settings: what only an instance can judge is not held against its template. */
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../units/expand.h"
#include "reading.h"

static const struct {
	unsigned section;
	const char *name;
	const char *type;
} sections[] = {
	{ SECTION_UNIT, "Unit", "service" },
	{ SECTION_SERVICE, "Service", "service" },
	{ SECTION_CONTAINER, "Container", "service" },
	{ SECTION_INSTALL, "Install", "service" },
	{ SECTION_SOCKET, "Socket", "socket" },
	{ SECTION_PATH, "Path", "path" },
	{ SECTION_TIMER, "Timer", "timer" },
};

static const struct {
	const char *value;
	const char *instance;
} values[] = {
	{ "%i", "web" },
	{ "%I", "-srv-web" },
	{ "%f", "srv-web" },
	{ "/x/%i", "web" },
	{ "a-%i", "web" },
	{ "%i:web", "app" },
	{ "%I:/x", "-srv-web" },
	{ "%I:mode=0700", "-srv-web" },
};

/* How many diagnostics there are of one line in the unit of that instance ("": the template). */
static size_t count(size_t section, const char *setting, const char *value, const char *instance)
{
	struct reading r = { 0 };
	char name[64], line[128];
	size_t n;

	snprintf(name, sizeof(name), "x@%s.%s", instance, sections[section].type);
	snprintf(line, sizeof(line), "%s=%s", setting, value);
	reading_of(&r, name, sections[section].name, line);
	n = r.d.rows.n + r.unit.refused;
	arena_fini(&r.arena);
	return n;
}

static void test_all_settings(void **state)
{
	size_t n, good = 0;
	const struct setting *rows = settings_table(&n);

	(void)state;
	for (size_t i = 0; i < n * ELEMENTSOF(sections); i++) {
		const struct setting *row = &rows[i / ELEMENTSOF(sections)];
		size_t section = i % ELEMENTSOF(sections);

		for (size_t v = 0; v < ELEMENTSOF(values); v++) {
			if (!(row->sections & sections[section].section) ||
				count(section, row->name, values[v].value, values[v].instance)) {
				continue;
			}
			good++;
			if (count(section, row->name, values[v].value, "")) {
				fail_msg("%s=%s is good in an instance, not in the template",
					row->name, values[v].value);
			}
		}
	}
	assert_true(good > 100);
}

/* What has nothing to do with the instance is said of the template. */
static void test_still_said(void **state)
{
	static const char *const lines[] = { "ExecStop=a/b %i", "ExecStop=/bin/x %z%i",
		"ReadWritePaths=/%i x", "RuntimeDirectory=../x %i", "PassEnvironment=1=2 %i",
		"Environment=A=%i B=%", "LimitNOFILE=x" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		struct reading r = { 0 };

		reading_of(&r, "x@.service", "Service", lines[i]);
		print_message("%s\n", lines[i]);
		assert_int_equal(r.d.n_errors, 1);
		assert_true(r.unit.refused);
		arena_fini(&r.arena);
	}
}

/* The line before a section's name says nothing about that name. */
static void test_section(void **state)
{
	struct reading r = { 0 };

	(void)state;
	reading_of(&r, "x@.service", "Service", "SyslogIdentifier=%i\n[Instal]");
	assert_int_equal(r.d.rows.n, 1);
	arena_fini(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_settings),
		cmocka_unit_test(test_still_said),
		cmocka_unit_test(test_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
