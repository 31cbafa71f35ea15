// SPDX-License-Identifier: MIT
/* Two manifests by hand: what is new, gone, other, and what is said only once. */
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/reloaddiff.h"

static struct manifest_unit unit(const char *name, uint32_t hash)
{
	return (struct manifest_unit) {
		.name = name, .load_state = LOAD_LOADED, .description = name, .config_hash_lo = hash
	};
}

static struct manifest manifest_of(struct manifest_unit *units, uint32_t n)
{
	return (struct manifest) { .units = { .items = units, .n = n } };
}

static void assert_row(
	const struct reload_changes *c, uint32_t i, const struct reload_change *wanted)
{
	assert_true(i < c->n);
	assert_string_equal(c->rows[i].unit, wanted->unit);
	assert_string_equal(c->rows[i].setting, wanted->setting);
	assert_string_equal(c->rows[i].from, wanted->from);
	assert_string_equal(c->rows[i].to, wanted->to);
}

static void test_units(void **state)
{
	struct manifest_unit a[] = { unit("a.service", 1), unit("b.service", 1),
		unit("c.service", 1) };
	struct manifest_unit b[] = { unit("b.service", 1), unit("c.service", 2),
		unit("d.service", 1) };
	struct manifest from = manifest_of(a, 3), to = manifest_of(b, 3);
	AUTO(reloaddiff_fini) struct reload_changes c = { 0 };

	(void)state;
	b[1].description = "other";
	assert_int_equal(reloaddiff_compute(&from, &to, &c), 0);
	assert_int_equal(c.n, 3);
	assert_row(&c, 0, &(struct reload_change) { "a.service", "", "loaded", "" });
	assert_row(&c, 1,
		&(struct reload_change) { "c.service", "Description", "c.service", "other" });
	assert_row(&c, 2, &(struct reload_change) { "d.service", "", "", "loaded" });
}

static void test_same_and_first(void **state)
{
	struct manifest_unit a[] = { unit("a.service", 1) };
	struct manifest m = manifest_of(a, 1);
	struct reload_changes c;

	(void)state;
	assert_int_equal(reloaddiff_compute(&m, &m, &c), 0);
	assert_int_equal(c.n, 0);
	reloaddiff_fini(&c);
	assert_int_equal(reloaddiff_compute(NULL, &m, &c), 0);
	assert_int_equal(c.n, 1);
	reloaddiff_fini(&c);
}

static void test_dependencies_and_service(void **state)
{
	struct manifest_dep dep = { .kind = DEP_AFTER, .unit = 1 };
	struct manifest_service s[2] = { { .restart_us = 1000000, .user = "" },
		{ .restart_us = 1500000, .user = "web" } };
	struct manifest_unit a[] = { unit("a.service", 1), unit("b.service", 1) };
	struct manifest_unit b[] = { unit("a.service", 2), unit("b.service", 1) };
	struct manifest from = manifest_of(a, 2), to = manifest_of(b, 2);
	AUTO(reloaddiff_fini) struct reload_changes c = { 0 };

	(void)state;
	a[0].service = (struct tlv_array) { .items = &s[0], .n = 1 };
	b[0].service = (struct tlv_array) { .items = &s[1], .n = 1 };
	b[0].deps = (struct tlv_array) { .items = &dep, .n = 1 };
	b[0].properties = (struct tlv_bytes) { .data = (const void *)"MemoryMax\0001G", .n = 13 };
	assert_int_equal(reloaddiff_compute(&from, &to, &c), 0);
	assert_int_equal(c.n, 4);
	assert_row(&c, 0, &(struct reload_change) { "a.service", "RestartSec", "1s", "1500ms" });
	assert_row(&c, 1, &(struct reload_change) { "a.service", "User", "", "web" });
	assert_row(&c, 2, &(struct reload_change) { "a.service", "After", "", "b.service" });
	assert_row(&c, 3, &(struct reload_change) { "a.service", "MemoryMax", "", "1G" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_same_and_first),
		cmocka_unit_test(test_dependencies_and_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
