// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../runtime/boot/boot.h"

static void test_words(void **state)
{
	static struct cmdline c;

	(void)state;
	cmdline_parse(&c, "quiet  root=/dev/a ro rootflags=\"a b\" root=/dev/b\n-- root=/dev/c");
	assert_string_equal(cmdline_find(&c, "root"), "/dev/b");
	assert_string_equal(cmdline_find(&c, "rootflags"), "a b");
	assert_string_equal(cmdline_find(&c, "ro"), "");
	assert_string_equal(cmdline_find(&c, "quiet"), "");
	assert_null(cmdline_find(&c, "rw"));
	assert_null(cmdline_find(&c, "roo"));
}

static void test_nothing_and_too_much(void **state)
{
	static struct cmdline c;
	static char text[BOOT_CMDLINE_MAX * 2];

	(void)state;
	cmdline_parse(&c, "");
	assert_null(cmdline_find(&c, "root"));
	memset(text, 'x', sizeof(text) - 1);
	cmdline_parse(&c, text);
	assert_null(cmdline_find(&c, "root"));
	for (size_t i = 1; i < sizeof(text) - 1; i += 2) {
		text[i] = ' ';
	}
	cmdline_parse(&c, text);
	assert_string_equal(cmdline_find(&c, "x"), "");
	cmdline_parse(&c, "a \"unclosed b");
	assert_string_equal(cmdline_find(&c, "unclosed b"), "");
}

static void test_base64(void **state)
{
	static const struct {
		const char *in;
		int n; /* or -EINVAL */
		const char *out;
	} rows[] = {
		{ "", 0, "" },
		{ "Zg==", 1, "f" },
		{ "Zm8=", 2, "fo" },
		{ "Zm9v", 3, "foo" },
		{ "Zm8", 2, "fo" },
		{ "AP8Q", 3, "\0\377\020" },
		{ "Zm 8", -EINVAL, NULL },
		{ "Zg==Zg", -EINVAL, NULL },
		{ "Z-9v", -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];

		strcpy(text, rows[i].in);
		assert_int_equal(credentials_base64(text), rows[i].n);
		if (rows[i].n > 0) {
			assert_memory_equal(text, rows[i].out, rows[i].n);
		}
	}
}

/* ---- what others wrote ---- */

static struct {
	char name[32], value[32];
	size_t size;
} taken[4];
static size_t n_taken;

static void take(const char *name, const void *data, size_t size)
{
	assert_true(n_taken < 4 && strlen(name) < 32 && size < 32);
	strcpy(taken[n_taken].name, name);
	memcpy(taken[n_taken].value, data, size);
	taken[n_taken++].size = size;
}

static void take_all(const char *bytes, size_t n)
{
	char *data = malloc(n + 1); /* no more, so that a sanitizer sees */

	assert_non_null(data);
	memcpy(data, bytes, n);
	n_taken = 0;
	credentials_structure(data, n, take);
	free(data);
}

static void test_structure(void **state)
{
	static const char good[] = "\x0b\x05\0\0\2"
				   "io.systemd.credential:a=b=c\0"
				   "something else\0"
				   "io.systemd.credential.binary:d=AP8=\0";
	static const char far[] = "\x0b\xff\0\0\1io.systemd.credential:a=b";

	(void)state;
	take_all(good, sizeof(good));
	assert_int_equal(n_taken, 2);
	assert_string_equal(taken[0].name, "a");
	assert_int_equal(taken[0].size, 3);
	assert_memory_equal(taken[0].value, "b=c", 3);
	assert_string_equal(taken[1].name, "d");
	assert_memory_equal(taken[1].value, "\0\377", 2);
	for (size_t n = 0; n < sizeof(good); n++) {
		take_all(good, n); /* cut off anywhere */
	}
	take_all(far, sizeof(far) - 1); /* the strings begin behind the end */
	assert_int_equal(n_taken, 0);
}

static void test_host_name(void **state)
{
	(void)state;
	assert_int_equal(identity_host_name("web-1.example # mine"), 13);
	assert_int_equal(identity_host_name("a\n"), 1);
	assert_int_equal(identity_host_name(""), 0);
	assert_int_equal(identity_host_name("\033[31mred"), 0);
	assert_int_equal(identity_host_name("-x"), 0);
	assert_int_equal(identity_host_name(".."), 0);
	assert_int_equal(identity_host_name("a/b"), 0);
	assert_int_equal(identity_host_name("0123456789012345678901234567890123456789"
					    "0123456789012345678901234"),
		0);
}

/* A disk, a host or a user has named it. */
static void test_say(void **state)
{
	int ends[2], old = dup(STDERR_FILENO);
	char text[256] = "";

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	say("cannot link", "/dev/\033]0;x\a\nsupd-boot: all is well", ENOENT);
	dup2(old, STDERR_FILENO);
	close(old);
	close(ends[1]);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_string_equal(text,
		"supd-boot: cannot link: /dev/\\x1b]0;x\\x07\\x0asupd-boot: all is "
		"well: No such file or directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nothing_and_too_much),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
