// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/launch/pressure.h"

/* Every length of the last group of base64. */
static void test_text(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} rows[] = {
		{ 1u, "c29tZSAxIDIwMDAwMDAA" },
		{ 10u, "c29tZSAxMCAyMDAwMDAwAA==" },
		{ 100u, "c29tZSAxMDAgMjAwMDAwMAA=" },
		{ 200000u, "c29tZSAyMDAwMDAgMjAwMDAwMAA=" },
		{ 2000000u, "c29tZSAyMDAwMDAwIDIwMDAwMDAA" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[PRESSURE_TEXT];

		pressure_text(rows[i].us, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
