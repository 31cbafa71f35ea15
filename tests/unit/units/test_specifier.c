// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../units/specifier.h"

static void test_expand(void **state)
{
	static const struct specifier_host host = { .host_name = "box.example.org",
		.boot_id = "00112233445566778899aabbccddeeff",
		.kernel = "6.1",
		.arch = "x86-64" };
	static const struct specifier_unit unit = { "a-web@var-lib-x.service",
		"/etc/u/a-web@.service", &host };
	static const struct {
		const char *text, *want;
	} rows[] = { { "%n", "a-web@var-lib-x.service" }, { "%N", "a-web@var-lib-x" },
		{ "%p", "a-web" }, { "%P", "a/web" }, { "%i", "var-lib-x" }, { "%I", "var/lib/x" },
		{ "%j", "web" }, { "%f", "/var/lib/x" }, { "%H", "box.example.org" },
		{ "%l", "box" }, { "%v", "6.1" }, { "%a", "x86-64" },
		{ "%t|%S|%C|%L|%E", "/run|/var/lib|/var/cache|/var/log|/etc" },
		{ "%T %V %u %U %h %s", "/tmp /var/tmp root 0 /root /bin/sh" }, { "a%%b", "a%b" },
		{ "%y", "/etc/u/a-web@.service" }, { "%Y", "/etc/u" }, { "plain", "plain" },
		{ "%o", "" } };
	struct arena a;
	const char *out = NULL;
	char bad = 0;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(specifier_expand(&unit, rows[i].text, &a, &out, &bad), 0);
		assert_string_equal(out, rows[i].want);
	}
	assert_int_equal(specifier_expand(&unit, "x%k", &a, &out, &bad), -EINVAL);
	assert_int_equal(bad, 'k');
	assert_int_equal(specifier_expand(&unit, "x%", &a, &out, &bad), -EINVAL);
	assert_int_equal(specifier_expand(&unit, "%m", &a, &out, &bad), -ENOENT);
	arena_fini(&a);
}

/* What a name may escape, and no text may have. */
static void test_odd_bytes(void **state)
{
	static const struct specifier_host host = { .arch = "" };
	static const char *const refused[][2] = {
		{ "u@\\xff.service", "%I" },
		{ "u@\\xc3.service", "a %I b" },
		{ "u@\\xff.service", "%f" },
		{ "\\xfe.service", "%P" },
		{ "a-\\xfe.service", "%J" },
	};
	struct arena a;
	const char *out = NULL;
	char bad = 0;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct specifier_unit unit = { refused[i][0], NULL, &host };

		assert_int_equal(specifier_expand(&unit, refused[i][1], &a, &out, &bad), -ENOENT);
	}
	const struct specifier_unit umlaut = { "u@\\xc3\\xbc.service", NULL, &host };

	assert_int_equal(specifier_expand(&umlaut, "%i %I", &a, &out, &bad), 0);
	assert_string_equal(out, "\\xc3\\xbc \xc3\xbc");
	arena_fini(&a);
}

static void test_instance(void **state)
{
	(void)state;
	assert_int_equal(specifier_of_instance("a%i"), 'i');
	assert_int_equal(specifier_of_instance("%n%I%f"), 'I');
	assert_int_equal(specifier_of_instance("%%%f"), 'f');
	assert_int_equal(specifier_of_instance("+%%I:%%M"), 0);
	assert_int_equal(specifier_of_instance("%%i%"), 0);
	assert_int_equal(specifier_of_instance("%"), 0);
	assert_int_equal(specifier_of_instance(""), 0);
}

static void test_host(void **state)
{
	struct specifier_host host;

	(void)state;
	specifier_host_read(&host);
	assert_true(host.kernel[0] != '\0');
	assert_int_equal(strlen(host.boot_id), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_odd_bytes),
		cmocka_unit_test(test_instance),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
