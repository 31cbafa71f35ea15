// SPDX-License-Identifier: MIT
/* Preset files: which line counts, and what is no line. */
#include "../test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/limits.h"
#include "../../../units/preset.h"

struct fixture {
	char root[64]; /* with /high and /low */
	struct arena arena;
	struct fsview view;
	struct presets presets;
};

static const char *at(const struct fixture *f, const char *path)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	return full;
}

static void write_bytes(const struct fixture *f, const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(at(f, path), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_text(const struct fixture *f, const char *path, const char *text)
{
	write_bytes(f, path, text, strlen(text));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->root, "/tmp/preset.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	assert_int_equal(mkdir(at(f, "/high"), 0755), 0);
	assert_int_equal(mkdir(at(f, "/low"), 0755), 0);
	arena_init(&f->arena);
	fsview_init(&f->view, &f->arena, f->root);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static void read_all(struct fixture *f)
{
	static const char *const dirs[] = { "/high", "/low", "/absent" };

	assert_int_equal(presets_read(&f->presets, &f->view, dirs, 3), 0);
}

static enum preset_action query(const struct fixture *f, const char *name)
{
	return presets_query(&f->presets, name, NULL);
}

static void test_first_line(void **state)
{
	struct fixture *f = *state;

	write_text(f, "/low/90.preset",
		"enable web.service\n"
		"disable web.service\n"
		"ignore db*.service\n"
		"enable db.service\n"
		"disable *.socket\n");
	read_all(f);
	assert_int_equal(query(f, "web.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "db.service"), PRESET_IGNORE);
	assert_int_equal(query(f, "db-2.service"), PRESET_IGNORE);
	assert_int_equal(query(f, "a.socket"), PRESET_DISABLE);
	assert_int_equal(query(f, "nobody.timer"), PRESET_ENABLE);
}

static void test_patterns(void **state)
{
	struct fixture *f = *state;

	write_text(f, "/low/90.preset",
		"disable a?.service\n"
		"ignore [b-d].service\n"
		"disable esc\\x2d*.service\n"
		"disable [.service\n");
	read_all(f);
	assert_int_equal(query(f, "ab.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "a.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "c.service"), PRESET_IGNORE);
	assert_int_equal(query(f, "e.service"), PRESET_ENABLE);
	/* The backslash of an escaped unit name is itself. */
	assert_int_equal(query(f, "esc\\x2d1.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "escx2d1.service"), PRESET_ENABLE);
}

static void test_no_lines(void **state)
{
	struct fixture *f = *state;

	write_text(f, "/low/90.preset",
		"# disable a.service\n"
		"; disable a.service\n"
		"\n \t \r\n"
		"disable\n"
		"Disable a.service\n"
		"forbid a.service\n"
		"disablea.service\n"
		" \tdisable\t b.service \r\n"
		"disable c.service behind is not looked at");
	read_all(f);
	assert_int_equal(f->presets.rules.n, 2);
	assert_int_equal(query(f, "a.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "b.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "c.service"), PRESET_DISABLE);
}

/* By name over all directories; the higher directory hides an equal name, with a mask too. */
static void test_files(void **state)
{
	struct fixture *f = *state;

	write_text(f, "/low/10-a.preset", "disable first.service\n");
	write_text(f, "/high/20-b.preset", "enable first.service\ndisable second.service\n");
	write_text(f, "/low/20-b.preset", "disable hidden.service\n");
	write_text(f, "/low/30-c.preset", "disable masked.service\n");
	assert_int_equal(symlink("/dev/null", at(f, "/high/30-c.preset")), 0);
	write_text(f, "/low/40-d.preset", "enable second.service\ndisable third.service\n");
	write_text(f, "/low/50-e.conf", "disable other.service\n");
	write_text(f, "/low/.preset", "disable other.service\n");
	write_text(f, "/low/.60.preset", "disable other.service\n");
	read_all(f);
	assert_int_equal(query(f, "first.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "second.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "third.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "hidden.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "masked.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "other.service"), PRESET_ENABLE);
}

static void test_instances(void **state)
{
	struct fixture *f = *state;
	const struct list *list;

	write_text(f, "/low/90.preset",
		"enable getty@.service tty1 a/b tty2\n"
		"enable plain.service x\n"
		"disable *\n");
	read_all(f);
	assert_int_equal(presets_query(&f->presets, "getty@.service", &list), PRESET_ENABLE);
	assert_non_null(list);
	assert_int_equal(list->n, 2); /* "a/b" makes no unit name */
	assert_string_equal(((const char **)list->items)[0], "getty@tty1.service");
	assert_string_equal(((const char **)list->items)[1], "getty@tty2.service");
	assert_int_equal(presets_query(&f->presets, "getty@tty2.service", &list), PRESET_ENABLE);
	assert_null(list);
	assert_int_equal(query(f, "getty@tty3.service"), PRESET_DISABLE);
	assert_int_equal(presets_query(&f->presets, "plain.service", &list), PRESET_ENABLE);
	assert_null(list);
	assert_int_equal(presets_query(&f->presets, "other.service", &list), PRESET_DISABLE);
	assert_null(list);
}

/* A name that is too long as an instance is left out, the rest of the line counts. */
static void test_long_names(void **state)
{
	static char line[2 * LIMIT_UNIT_NAME + 64];
	struct fixture *f = *state;
	const struct list *list;
	size_t n = strlen(strcpy(line, "enable x@.service "));

	memset(line + n, 'i', LIMIT_UNIT_NAME);
	strcpy(line + n + LIMIT_UNIT_NAME, " ok\n");
	write_text(f, "/low/90.preset", line);
	read_all(f);
	assert_int_equal(presets_query(&f->presets, "x@.service", &list), PRESET_ENABLE);
	assert_non_null(list);
	assert_int_equal(list->n, 1);
	assert_string_equal(((const char **)list->items)[0], "x@ok.service");
}

/* What cannot be read is skipped, and neither hangs nor hides the others. */
static void test_hostile(void **state)
{
	static const unsigned char binary[] = "disable a.service\n\0\xff\xfe\ndisable b.service\n";
	struct fixture *f = *state;

	write_bytes(f, "/low/10.preset", binary, sizeof(binary) - 1);
	write_text(f, "/low/20.preset", "disable huge.service\n");
	assert_int_equal(truncate(at(f, "/low/20.preset"), LIMIT_UNIT_FILE + 1), 0);
	assert_int_equal(mkfifo(at(f, "/low/30.preset"), 0644), 0);
	assert_int_equal(mkdir(at(f, "/low/40.preset"), 0755), 0);
	assert_int_equal(symlink("50.preset", at(f, "/low/50.preset")), 0);
	assert_int_equal(symlink("/absent", at(f, "/low/60.preset")), 0);
	assert_int_equal(symlink("../../../low/80.text", at(f, "/low/70.preset")), 0);
	write_text(f, "/low/80.text", "disable linked.service\n");
	read_all(f);
	assert_int_equal(query(f, "a.service"), PRESET_DISABLE);
	assert_int_equal(query(f, "b.service"), PRESET_ENABLE); /* text ends at a NUL */
	assert_int_equal(query(f, "huge.service"), PRESET_ENABLE);
	assert_int_equal(query(f, "linked.service"), PRESET_DISABLE);
	/* A directory that is a circle has no files. */
	assert_int_equal(symlink("absent", at(f, "/absent")), 0);
	read_all(f);
	assert_int_equal(query(f, "a.service"), PRESET_DISABLE);
}

/* At no amount of memory half of the rules: all, or an error. */
static void test_memory(void **state)
{
	static const char *const dirs[] = { "/high", "/low" };
	static char buf[16384];
	struct fixture *f = *state;
	size_t enough = 0;

	write_text(f, "/low/10.preset", "disable a.service\nenable t@.service x y\n");
	write_text(f, "/low/20.preset", "disable *\n");
	for (size_t size = 0; size < sizeof(buf) && !enough; size += 8) {
		struct arena arena;
		struct presets p;
		int r;

		arena_init_fixed(&arena, buf, size);
		fsview_init(&f->view, &arena, f->root);
		r = presets_read(&p, &f->view, dirs, 2);
		if (r == 0) {
			assert_int_equal(p.rules.n, 3);
			assert_int_equal(((struct preset_rule *)p.rules.items)[1].instances.n, 2);
			enough = size;
		} else {
			assert_int_equal(r, -ENOMEM);
		}
	}
	assert_true(enough > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_patterns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_instances, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
