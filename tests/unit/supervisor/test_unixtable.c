// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/unixtable.h"

#define CONTROL "/run/udev/control"
#define HEAD    "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define LINE    "0000000000000000: 00000002 00000000 "

static bool listens(const char *text)
{
	AUTO_CLOSE int fd = memfd_create("table", MFD_CLOEXEC);
	bool found = false;

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(unixtable_listens(fd, CONTROL, &found), 0);
	return found;
}

static void test_table(void **state)
{
	static const struct {
		const char *text;
		bool found;
	} rows[] = {
		{ "", false },
		{ "\n\n", false },
		{ HEAD, false },
		{ HEAD LINE "00010000 0005 01 4711 " CONTROL "\n", true },
		{ HEAD LINE "00010000 0001 01 12 /run/other\n" LINE "00010000 0005 01 4711 " CONTROL
			    "\n",
			true },
		{ HEAD LINE "00000000 0005 01 4711 " CONTROL "\n", false },
		{ HEAD LINE "00000000 0005 03 4711 " CONTROL "\n", false },
		{ HEAD LINE "00010000 0005 01 4711\n" LINE "00000000 0001 03 4711 " CONTROL "\n",
			false },
		{ HEAD LINE "00010000 0005 01 4711 " CONTROL "2\n", false },
		{ HEAD LINE "00010000 0005 01 4711 /x" CONTROL "\n", false },
		{ HEAD LINE "00010000 0005 01 4711 @" CONTROL "\n", false },
		{ "00010000 " CONTROL "\n", false },
		/* no end of line: not a whole one */
		{ HEAD LINE "00010000 0005 01 4711 " CONTROL, false },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (listens(rows[i].text) != rows[i].found) {
			fail_msg("row %zu", i);
		}
	}
}

/* More than one read, and a line that is none. */
static void test_long(void **state)
{
	AUTO_FREE char *text = malloc(300000);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 2000; i++) {
		n += (size_t)sprintf(text + n, LINE "00010000 0001 01 %d /run/x%d\n", i, i);
	}
	assert_false(listens(text));
	sprintf(text + n, LINE "00010000 0005 01 4711 " CONTROL "\n");
	assert_true(listens(text));
	memset(text, 'x', 20000);
	text[20000] = '\0';
	strcat(text, "\n" LINE "00010000 0005 01 4711 " CONTROL "\n");
	assert_true(listens(text));
}

static bool kernel_says(const char *path)
{
	AUTO_CLOSE int fd = open("/proc/self/net/unix", O_RDONLY | O_CLOEXEC);
	bool found = false;

	assert_true(fd >= 0);
	assert_int_equal(unixtable_listens(fd, path, &found), 0);
	return found;
}

/* The kernel's own table: bound, listened to, left behind. */
static void test_kernel(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/supd-unixtable-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/a socket", dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	bool bound = kernel_says(address.sun_path);
	int s = listen(fd, 1);
	bool listened = kernel_says(address.sun_path);

	close(fd);
	bool left = access(address.sun_path, F_OK) == 0;
	bool after = kernel_says(address.sun_path);

	unlink(address.sun_path);
	rmdir(dir);
	assert_int_equal(r, 0);
	assert_int_equal(s, 0);
	assert_false(bound);
	assert_true(listened);
	assert_true(left);
	assert_false(after);
}

static void test_unreadable(void **state)
{
	bool found = true;

	(void)state;
	assert_int_equal(unixtable_listens(-1, CONTROL, &found), -EBADF);
	assert_true(found);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
