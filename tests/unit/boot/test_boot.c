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

/* A machine whose disk is slow to appear may be told to wait for ever. */
static void test_patience(void **state)
{
	static const struct {
		const char *words;
		uint32_t seconds;
	} rows[] = {
		{ "quiet", 30 },
		{ "rootwait", UINT32_MAX },
		{ "rootwait ro", UINT32_MAX },
		{ "rootwait=7", 7 },
		{ "rootwait rootwait=7", 7 },
		{ "rootwait=soon", 30 },
	};
	static struct cmdline c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cmdline_parse(&c, rows[i].words);
		assert_int_equal(cmdline_root_patience(&c), rows[i].seconds);
	}
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

/* Both spellings of a word that is supd's; one after another; booleans. */
static void test_own_words(void **state)
{
	static struct cmdline c;
	const char *at = NULL;

	(void)state;
	cmdline_parse(&c,
		"systemd.run=a x.run=b supd.run=\"c d\" systemd.runs=e rd.systemd.run=f run "
		"systemd.yes systemd.no=off supd.bad=maybe");
	assert_string_equal(cmdline_find(&c, ".run"), "c d");
	assert_string_equal(cmdline_find(&c, "run"), "");
	assert_string_equal(cmdline_each(&c, ".run", &at), "a");
	assert_string_equal(cmdline_each(&c, ".run", &at), "c d");
	assert_null(cmdline_each(&c, ".run", &at));
	assert_null(cmdline_find(&c, ".ru"));
	assert_true(cmdline_yes(&c, ".yes", false));
	assert_false(cmdline_yes(&c, ".no", true));
	assert_true(cmdline_yes(&c, ".bad", true));
	assert_true(cmdline_yes(&c, ".none", true));
	assert_false(cmdline_yes(&c, ".none", false));
	assert_int_equal(cmdline_bool("maybe"), -EINVAL);
}

static void test_ids(void **state)
{
	static const struct {
		const char *text, *id; /* NULL: none */
	} rows[] = {
		{ "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef" },
		{ "0123456789ABCDEF0123456789abcdef\n", "0123456789abcdef0123456789abcdef" },
		{ "01234567-89ab-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef" },
		{ "0123456-789ab-cdef-0123-456789abcdef", NULL },
		{ "0123456789abcdef0123456789abcde", NULL },
		{ "0123456789abcdef0123456789abcdef0", NULL },
		{ "0123456789abcdef0123456789abcdeg", NULL },
		{ "00000000000000000000000000000000", NULL },
		{ "ffffffff-ffff-ffff-ffff-ffffffffffff", NULL },
		{ "uninitialized", NULL },
		{ "", NULL },
		{ "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
		  "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11",
			NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char id[33];

		assert_int_equal(identity_parse_id(rows[i].text, id), rows[i].id != NULL);
		if (rows[i].id) {
			assert_string_equal(id, rows[i].id);
		}
	}
}

static void test_names_of_credentials(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = { { "a", true }, { "systemd.unit-dropin.a\\x2db.service~x", true },
		{ "", false }, { ".", false }, { "..", false }, { ".x", false }, { "a/b", false },
		{ "a:b", false }, { "a b", false }, { "a\nb", false }, { "\xc3\xa4", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(credentials_is_name(rows[i].name), rows[i].good);
	}
}

static char seen[256];

static void take(char *text)
{
	strcat(strcat(seen, text), "|");
}

/* Whole, cut off anywhere, and no table at all: only strings that are whole, and no byte beyond. */
static void test_smbios(void **state)
{
	static const char table[] = "\0\6xxxxbios\0\0"      /* another type */
				    "\1\4xx\0\0"            /* without strings */
				    "\13\5xx\2one\0two\0\0" /* ours */
				    "\13\4xx\0\0"
				    "\13\5xx\1three\0\0"
				    "\177\4xx\0\0"
				    "\13\5xx\1after the end\0";

	(void)state;
	for (size_t n = 0; n <= sizeof(table); n++) {
		char *copy = malloc(n ? n : 1); /* the sanitizer sees what is read beyond */

		memcpy(copy, table, n);
		seen[0] = 0;
		credentials_each_oem(copy, n, take);
		assert_true(strncmp("one|two|three|", seen, strlen(seen)) == 0);
		if (n == sizeof(table)) {
			assert_string_equal(seen, "one|two|three|");
		}
		free(copy);
	}
	char bad[] = "\13\0xx\0\0\13\3xx\0\0";

	seen[0] = 0;
	credentials_each_oem(bad, sizeof(bad), take);
	assert_string_equal(seen, "");
	memset(bad, 0xff, sizeof(bad));
	credentials_each_oem(bad, sizeof(bad), take);
	assert_string_equal(seen, "");
}

static void test_mounts(void **state)
{
	static const struct {
		const char *word;
		bool swap;
		const char *line; /* NULL: -EINVAL */
	} rows[] = {
		{ "share:/mnt:virtiofs:ro,nofail", false, "share /mnt virtiofs ro,nofail 0 0\n" },
		{ "/dev/vdb:/data", false, "/dev/vdb /data auto defaults 0 0\n" },
		{ "host\\:/export:/mnt:nfs", false, "host:/export /mnt nfs defaults 0 0\n" },
		{ "/dev/vdb:/a b:ext4:", false, "/dev/vdb /a\\040b ext4 defaults 0 0\n" },
		{ "a\\\\b:/c", false, "a\\134b /c auto defaults 0 0\n" },
		{ "/dev/vdb", false, NULL },
		{ ":/data", false, NULL },
		{ "", false, NULL },
		{ "a:/b:c:d:e", false, NULL },
		{ "/dev/vdc", true, "/dev/vdc none swap defaults 0 0\n" },
		{ "/dev/vdc:pri=3", true, "/dev/vdc none swap pri=3 0 0\n" },
		{ "/dev/vdc:pri=3:x", true, NULL },
		{ "", true, NULL },
	};
	char line[256], small[24];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = bootfstab_line(rows[i].word, rows[i].swap, line, sizeof(line));

		assert_int_equal(r, rows[i].line ? 0 : -EINVAL);
		if (rows[i].line) {
			assert_string_equal(line, rows[i].line);
		}
	}
	assert_int_equal(bootfstab_line("/dev/vdb:/data", false, small, sizeof(small)), -E2BIG);
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
		cmocka_unit_test(test_own_words),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_names_of_credentials),
		cmocka_unit_test(test_smbios),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nothing_and_too_much),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
