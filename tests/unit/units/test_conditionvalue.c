// SPDX-License-Identifier: MIT
/* Condition…=: what is read, what is said of a value that nobody can ask for, and templates. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../units/conditionvalue.h"
#include "../../../units/settings.h"

struct reading {
	struct arena arena;
	struct diagnostics d;
	struct unit unit;
	char text[256];
};

static void read_line(struct reading *r, const char *name, const char *line)
{
	static const struct specifier_host host = { .host_name = "h", .arch = "x86-64" };
	struct reader_file file = { "/u/x.service", name, NULL, 0 };
	struct list lines = { 0 };
	struct setting_context c = { .unit = &r->unit,
		.arena = &r->arena,
		.d = &r->d,
		.specifiers = { name, "/u/x.service", &host },
		.file = "/u/x.service" };

	arena_init(&r->arena);
	diag_init(&r->d, &r->arena);
	file.size = (size_t)snprintf(r->text, sizeof(r->text), "[Unit]\n%s\n", line);
	file.text = r->text;
	assert_true(reader_parse(&file, &r->arena, &r->d, &lines) >= 0);
	assert_int_equal(unit_init(&r->unit, &r->arena, name), 0);
	assert_int_equal(settings_apply(&c, &lines), 0);
}

static const struct {
	const char *line;
	const char *parameter; /* NULL: refused */
	const char *says;      /* part of the only diagnostic; NULL: none */
} readings[] = {
	{ "ConditionMemoryPressure=20%", "20%", NULL },
	{ "ConditionMemoryPressure=20%%/10s", "20%/10s", NULL },
	{ "ConditionCPUPressure=20.5%/1min", "20.5%/1min", NULL },
	{ "AssertIOPressure=|!%n.slice:5%/5min", "x.service.slice:5%/5min", NULL },
	{ "ConditionMemoryPressure=20", "20", "never true" },
	{ "ConditionMemoryPressure=!20", "20", "always true" },
	{ "ConditionMemoryPressure=120%", "120%", "never true" },
	{ "ConditionMemoryPressure=20%/7s", "20%/7s", "never true" },
	{ "ConditionMemoryPressure=foo:20%", "foo:20%", "never true" },
	{ "ConditionMemoryPressure=%z.slice:20%", NULL, "unknown specifier %z" },
	{ "ConditionPathExists=/x%", NULL, "a lone % at the end; write %% for a percent sign" },
	{ "ConditionPathExists=/x%%", "/x%", NULL },
	{ "ConditionPathExists=/x%\xc3\xa4", NULL, "write %% for a percent sign" },
	{ "ConditionVirtualization=vm-other", "vm-other", NULL },
	{ "ConditionVirtualization=!container-other", "container-other", NULL },
	{ "ConditionVirtualization=frob", "frob", "never true" },
	{ "ConditionVirtualization=!frob", "frob", "always true" },
	{ "ConditionControlGroupController=hugetlb rdma misc perf_event dmem",
		"hugetlb rdma misc perf_event dmem", NULL },
	{ "ConditionControlGroupController=memory frob", "memory frob", "never true" },
};

static void test_readings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(readings); i++) {
		struct reading r = { 0 };
		const struct unit_condition *rows;
		const struct diagnostic *said;

		read_line(&r, "x.service", readings[i].line);
		rows = r.unit.conditions.items;
		said = r.d.rows.items;
		print_message("%s: %s\n", readings[i].line, r.d.rows.n ? said->text : "nothing");
		assert_int_equal(r.d.rows.n, readings[i].says != NULL);
		assert_true(!readings[i].says || strstr(said->text, readings[i].says));
		assert_int_equal(r.unit.conditions.n, readings[i].parameter != NULL);
		assert_int_equal(r.unit.refused, readings[i].parameter == NULL);
		if (readings[i].parameter) {
			assert_string_equal(rows->parameter, readings[i].parameter);
		}
		arena_fini(&r.arena);
	}
}

/* What %i stands for is judged in an instance. */
static void test_templates(void **state)
{
	static const char *const lines[] = { "ConditionVirtualization=%i", "ConditionPathExists=%i",
		"ConditionMemoryPressure=%i.slice:20%", "ConditionInit=%i" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		struct reading r = { 0 };

		read_line(&r, "x@.service", lines[i]);
		assert_int_equal(r.d.rows.n, 0);
		assert_false(r.unit.refused);
		arena_fini(&r.arena);
	}
	for (size_t i = 0; i < 2; i++) {
		struct reading r = { 0 };

		read_line(&r, "x@frob.service", lines[i]);
		assert_int_equal(r.d.rows.n, 1);
		arena_fini(&r.arena);
	}
}

static const struct {
	const char *text;
	int r;
	uint32_t limit;
	const char *window;
	size_t slice;
} pressures[] = {
	{ "20%", 0, 2000, "avg300", 0 },
	{ "0.05%/10sec", 0, 5, "avg10", 0 },
	{ "100%/60", 0, 10000, "avg60", 0 },
	{ "20%/", 0, 2000, "avg300", 0 },
	{ "a-b.slice:7%/5min", 0, 700, "avg300", 9 },
	{ "-.slice:7%", 0, 700, "avg300", 7 },
	{ "a:b.slice:7%", 0, 700, "avg300", 9 },
	{ "200\xe2\x80\xb0", 0, 2000, "avg300", 0 },
	{ "150\xe2\x80\xb1/1min", 0, 150, "avg60", 0 },
	{ "100.01%", -ERANGE, 0, NULL, 0 },
	{ "-1%", -EINVAL, 0, NULL, 0 },
	{ "%", -EINVAL, 0, NULL, 0 },
	{ "", -EINVAL, 0, NULL, 0 },
	{ ":20%", -EINVAL, 0, NULL, 0 },
	{ "a.service:20%", -EINVAL, 0, NULL, 0 },
	{ "a@.slice:20%", -EINVAL, 0, NULL, 0 },
	{ "../a.slice:20%", -EINVAL, 0, NULL, 0 },
	{ "a.slice:", -EINVAL, 0, NULL, 0 },
	{ "20%/infinity", -EINVAL, 0, NULL, 0 },
	{ "20%/10s/10s", -EINVAL, 0, NULL, 0 },
};

static void test_pressures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(pressures); i++) {
		struct condition_pressure p = { 0 };

		print_message("%s\n", pressures[i].text);
		assert_int_equal(condition_pressure_read(pressures[i].text, &p), pressures[i].r);
		if (pressures[i].r == 0) {
			assert_int_equal(p.limit, pressures[i].limit);
			assert_string_equal(p.window, pressures[i].window);
			assert_int_equal(p.slice_length, pressures[i].slice);
			assert_ptr_equal(p.slice, pressures[i].slice ? pressures[i].text : NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_pressures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
