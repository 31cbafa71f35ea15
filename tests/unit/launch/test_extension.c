// SPDX-License-Identifier: MIT
/* Which system an extension is for, by systemd.exec(5) and os-release(5). */
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/extension.h"

struct row {
	const char *release, *system, *wrong; /* wrong: NULL where they fit */
};

static const struct row rows[] = {
	{ "ID=debian\nVERSION_ID=12\n", "ID=debian\nVERSION_ID=\"12\"\n", NULL },
	{ "ID='debian'\nVERSION_ID=12", "VERSION_ID=12\nID=debian", NULL },
	{ "ID=_any\n", "ID=debian\nVERSION_ID=12\n", NULL },
	{ "ID=debian\nVERSION_ID=11\n", "ID=debian\nVERSION_ID=12\n", "VERSION_ID" },
	{ "ID=debian\n", "ID=debian\nVERSION_ID=12\n", "VERSION_ID" },
	{ "ID=debian\nID=fedora\n", "ID=debian\n", "ID" },
	{ "ID=fedora\nVERSION_ID=12\n", "ID=debian\nVERSION_ID=12\n", "ID" },
	{ "", "ID=debian\n", "ID" },
	{ "ID=a'b\nVERSION_ID=\"1'2\"", "ID=\"a'b\"\nVERSION_ID=1'2", NULL },
	{ "ID=\"a\\\"b\\c\"\n", "ID='a\"b\\c'\n", NULL },
	{ "ID=\"a\" # x\n", "ID=a", NULL },
	{ "#ID=debian\nXID=debian\n", "ID=debian\n", "ID" },
	{ "ID=\n", "ID=\n", "ID" },
	/* Without an ID= the system is "linux". */
	{ "ID=linux\n", "NAME=x\n", NULL },
	/* Of a system that rolls there is no version. */
	{ "ID=arch\n", "ID=arch\n", NULL },
	/* A level is looked at where both have one, and then alone. */
	{ "ID=a\nSYSEXT_LEVEL=1\nVERSION_ID=3\n", "ID=a\nSYSEXT_LEVEL=1\nVERSION_ID=4\n", NULL },
	{ "ID=a\nSYSEXT_LEVEL=2\nVERSION_ID=4\n", "ID=a\nSYSEXT_LEVEL=1\nVERSION_ID=4\n",
		"SYSEXT_LEVEL" },
	{ "ID=a\nVERSION_ID=4\n", "ID=a\nSYSEXT_LEVEL=1\nVERSION_ID=4\n", NULL },
	{ "ID=a\nSYSEXT_LEVEL=1\n", "ID=a\nVERSION_ID=4\n", "VERSION_ID" },
	{ "ID=_any\nARCHITECTURE=x86-64\n", "ID=debian\n", NULL },
	{ "ID=_any\nARCHITECTURE=_any\n", "ID=debian\n", NULL },
	{ "ID=_any\nARCHITECTURE=arm64\n", "ID=debian\n", "ARCHITECTURE" },
	{ "ID=_any\nARCHITECTURE=x86_64\n", "ID=debian\n", "ARCHITECTURE" },
};

/* The same on both sides as far as there is room for it, and then not. */
static void test_too_long(void **state)
{
	char release[600] = "ID=a\nVERSION_ID=", system[sizeof(release)];
	size_t n = strlen(release);

	(void)state;
	memset(release + n, 'x', 400);
	release[n + 400] = '\0';
	strcpy(system, release);
	strcat(release, "y");
	assert_string_equal(
		extension_mismatch(release, strlen(release), system, strlen(system), "x86_64"),
		"VERSION_ID");
}

/* systemd's names of all machines that conditions know. */
static void test_machines(void **state)
{
	static const char *const text = "ID=_any\nARCHITECTURE=arm\n";

	(void)state;
	assert_null(extension_mismatch(text, strlen(text), "", 0, "armv7l"));
	assert_string_equal(
		extension_mismatch(text, strlen(text), "", 0, "aarch64"), "ARCHITECTURE");
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *wrong = extension_mismatch(rows[i].release, strlen(rows[i].release),
			rows[i].system, strlen(rows[i].system), "x86_64");

		if ((wrong ? wrong : "")[0] != (rows[i].wrong ? rows[i].wrong : "")[0] ||
			(wrong && strcmp(wrong, rows[i].wrong) != 0)) {
			fail_msg("row %zu: %s", i, wrong ? wrong : "(fits)");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_machines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
