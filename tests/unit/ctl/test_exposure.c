// SPDX-License-Identifier: MIT
/* The audit's arithmetic and the reader of supd-load's facts. The table itself is compared with
 * systemd's by compare_audit.py. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../../supervisor/ctl/exposure.h"

static int read_text(const char *text, struct load_facts *ret)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int r;

	assert_non_null(f);
	r = load_facts_read(f, ret);
	fclose(f);
	return r;
}

static void test_records(void **state)
{
	struct load_facts f;

	(void)state;
	assert_int_equal(read_text("unit\ta.service\tcompat\tloaded\t\n"
				   "file\t/p/compat.conf\n"
				   "line\tService\tEnvironment\ta\\tb\\\\n\ta.service:3\tno\n"
				   "line\tService\tUser\tx\ta.service:4\tyes\n"
				   "fact\tUser\tx\ta.service:4\n"
				   "unit\tb.service\t\tnot-found\tgone\n",
				 &f),
		0);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.units[0].profile, "compat");
	assert_string_equal(f.units[0].lines[0].value, "a\tb\\n");
	assert_false(f.units[0].lines[0].confines);
	assert_true(f.units[0].lines[1].confines);
	assert_string_equal(load_unit_fact(&f.units[0], "User")->value, "x");
	assert_null(load_unit_fact(&f.units[0], "Group"));
	assert_string_equal(load_unit_place(&f, &f.units[0], "compat.conf:7"), "/p/compat.conf:7");
	assert_string_equal(load_unit_place(&f, &f.units[0], "profile x"), "profile x");
	assert_string_equal(f.units[1].error, "gone");
	load_facts_fini(&f);
	assert_int_equal(read_text("fact\tUser\tx\t\n", &f), -EBADMSG);
	load_facts_fini(&f);
}

static void judge(const char *text, struct exposure *ret)
{
	struct load_facts f;

	assert_int_equal(read_text(text, &f), 0);
	assert_int_equal(exposure_judge(&f.units[0], ret), 0);
	load_facts_fini(&f);
}

static int badness_of(const struct exposure *e, const char *id)
{
	unsigned i = 0;

	while (strcmp(exposure_check_at(i)->id, id) != 0) {
		i++;
	}
	return e->badness[i];
}

static void test_grades(void **state)
{
	struct exposure e;

	(void)state;
	judge("unit\ta\t\t\t\nfact\tUser\tdaemon\t\nfact\tUMask\t0027\t\n"
	      "fact\tProtectProc\tnoaccess\t\nfact\tCapabilityBoundingSet\t0x1\t\n",
		&e);
	assert_int_equal(badness_of(&e, "UserOrDynamicUser"), 0);
	assert_int_equal(badness_of(&e, "SupplementaryGroups"), 0);
	assert_int_equal(badness_of(&e, "UMask"), 3);
	assert_int_equal(badness_of(&e, "ProtectProc"), 10);
	assert_int_equal(badness_of(&e, "CapabilityBoundingSet_CAP_CHOWN_FSETID_SETFCAP"), 30);
	assert_int_equal(badness_of(&e, "CapabilityBoundingSet_CAP_SYS_ADMIN"), 0);
	judge("unit\ta\t\t\t\nfact\tUser\troot\t\n", &e);
	assert_int_equal(badness_of(&e, "UserOrDynamicUser"), 30);
	assert_int_equal(badness_of(&e, "SupplementaryGroups"), -1);
	assert_int_equal(badness_of(&e, "RemoveIPC"), -1);
}

static void test_advice(void **state)
{
	unsigned score, next, last = 0;
	struct exposure e;

	(void)state;
	judge("unit\ta\t\t\t\nfact\tUser\troot\t\nfact\tCapabilityBoundingSet\t0x1ffffffffff\t\n",
		&e);
	/* All capabilities together weigh more than anything else. */
	assert_string_equal(exposure_advice(&e, 0, &score), "CapabilityBoundingSet=");
	assert_true(score < exposure_score(&e));
	for (unsigned i = 0; exposure_advice(&e, i, &next); i++) {
		assert_true(next >= last);
		last = next;
	}
	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		e.badness[i] = e.badness[i] < 0 ? -1 : 0;
	}
	e.bad_sum = 0;
	assert_null(exposure_advice(&e, 0, &score));
	assert_int_equal(exposure_score(&e), 0);
	assert_string_equal(exposure_level(0), "PERFECT");
	assert_string_equal(exposure_level(9), "SAFE");
	assert_string_equal(exposure_level(10), "OK");
	assert_string_equal(exposure_level(96), "UNSAFE");
	assert_string_equal(exposure_level(100), "DANGEROUS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_grades),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
