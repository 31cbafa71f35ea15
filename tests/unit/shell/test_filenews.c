// SPDX-License-Identifier: MIT
#include "../../../supervisor/filenews.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/plan/filemark.h"
#include "../test.h"

struct world {
	char top[64], path[256], fragment[128], dropin[128];
	struct manifest_unit def;
	const char *dropins[1];
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void in_top(const struct world *w, const char *name, char buf[160])
{
	snprintf(buf, 160, "%s/%s", w->top, name);
}

static void make_dir(const struct world *w, const char *name)
{
	char path[160];

	in_top(w, name, path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void take_mark(struct world *w)
{
	struct stat st;

	assert_int_equal(stat(w->fragment, &st), 0);
	w->def.files_mark = filemark_add(0, &st);
	assert_int_equal(stat(w->dropin, &st), 0);
	w->def.files_mark = filemark_add(w->def.files_mark, &st);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	strcpy(w->top, "/tmp/supd-filenews-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	make_dir(w, "high");
	make_dir(w, "low");
	make_dir(w, "low/a.service.d");
	snprintf(w->path, sizeof(w->path), "%s/high:%s/low", w->top, w->top);
	snprintf(w->fragment, sizeof(w->fragment), "%s/low/a.service", w->top);
	snprintf(w->dropin, sizeof(w->dropin), "%s/low/a.service.d/x.conf", w->top);
	write_file(w->fragment, "[Unit]\n");
	write_file(w->dropin, "[Unit]\n");
	w->dropins[0] = w->dropin;
	w->def = (struct manifest_unit) { .name = "a.service", .fragment_path = w->fragment };
	w->def.dropin_paths.items = w->dropins;
	w->def.dropin_paths.n = 1;
	take_mark(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", w->top);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static bool news(const struct world *w)
{
	return filenews_of(w->path, &w->def);
}

static void test_changed(void **state)
{
	struct world *w = *state;

	assert_false(news(w));
	write_file(w->dropin, "[Unit]\nDescription=longer\n");
	assert_true(news(w));
	take_mark(w);
	assert_false(news(w));
	assert_int_equal(unlink(w->dropin), 0);
	assert_true(news(w));
}

static void test_added(void **state)
{
	struct world *w = *state;
	char path[160];

	make_dir(w, "high/service.d");
	in_top(w, "high/service.d/y.conf", path);
	write_file(path, "[Unit]\n");
	assert_true(news(w));
	/* Empty: it masks, and there is nothing new. */
	write_file(path, "");
	assert_false(news(w));
	in_top(w, "high/a.service", path);
	write_file(path, "[Unit]\n");
	assert_true(news(w));
}

static void test_no_file(void **state)
{
	struct world *w = *state;

	w->def.fragment_path = NULL;
	assert_false(news(w));
	assert_false(filenews_of(w->path, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_added, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
