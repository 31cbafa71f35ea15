// SPDX-License-Identifier: MIT
/*
 * All that supctl writes (links of enable, mask and set-default, drop-ins of set-property and edit)
 * goes through rootdir. Here it is ended before each of its system calls in turn: what stands at
 * the place then is the old or the new; and what is renamed into the place is on the disk before,
 * the directory after.
 */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../supervisor/ctl/rootdir.h"

#define CALLS_MAX 64

/* Shared with the process that is ended. */
struct record {
	unsigned n;
	unsigned cut; /* the call before which it ends; CALLS_MAX: none */
	char calls[CALLS_MAX + 1];
};

static struct record *record;
static char dir[] = "/tmp/powercut.XXXXXX";

int __real_fsync(int fd);
int __real_renameat(int from, const char *name, int to, const char *new_name);
ssize_t __real_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *name, int to, const char *new_name);
ssize_t __wrap_write(int fd, const void *data, size_t size);

static void note(char call)
{
	if (!record || record->n >= CALLS_MAX) {
		return;
	}
	if (record->n == record->cut) {
		_exit(0);
	}
	record->calls[record->n++] = call;
}

int __wrap_fsync(int fd)
{
	struct stat st;

	note(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 'd' : 's');
	return __real_fsync(fd);
}

int __wrap_renameat(int from, const char *name, int to, const char *new_name)
{
	note('r');
	return __real_renameat(from, name, to, new_name);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	note('w');
	return __real_write(fd, data, size);
}

/* Writes in a process of its own that ends before its call number cut. */
static void run(bool link, const char *value, unsigned cut)
{
	pid_t pid;
	int status;

	memset(record, 0, sizeof(*record));
	record->cut = cut;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int root = rootdir_open(dir);
		int r = link ? rootdir_symlink(root, "/etc/units/x.link", value)
			     : rootdir_write(root, "/etc/units/x.conf", value, strlen(value));

		_exit(root < 0 || r < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What stands there, "" for nothing. */
static const char *content(bool link)
{
	static char text[64];
	char path[96];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/etc/units/x.%s", dir, link ? "link" : "conf");
	if (link) {
		n = readlink(path, text, sizeof(text) - 1);
	} else {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void cut_everywhere(bool link)
{
	char old[32] = "", new[32];
	unsigned total, changed = 0;

	run(link, "first", CALLS_MAX);
	total = record->n;
	assert_true(total > 0 && total < CALLS_MAX);
	strcpy(old, content(link));
	assert_string_equal(old, "first");
	run(link, "second", CALLS_MAX); /* the directories are there now */
	total = record->n;
	strcpy(old, "second");
	for (unsigned cut = 0; cut <= total; cut++) {
		snprintf(new, sizeof(new), "value-%u", cut);
		run(link, new, cut);
		if (strcmp(content(link), new) == 0) {
			changed++;
			strcpy(old, new);
		}
		assert_string_equal(content(link), old);
	}
	assert_true(changed >= 1 && changed <= total);
}

/* Text: written, synced, renamed, the directory synced. A link has no text. */
static void test_order(void **state)
{
	const char *calls = record->calls, *rename_call;

	(void)state;
	run(false, "a", CALLS_MAX);
	run(false, "b", CALLS_MAX);
	rename_call = strchr(calls, 'r');
	assert_non_null(rename_call);
	assert_true(strchr(calls, 'w') < strchr(calls, 's') && strchr(calls, 's') < rename_call);
	assert_non_null(strchr(rename_call, 'd'));
	assert_null(strchr(rename_call, 'w'));
	run(true, "a", CALLS_MAX);
	run(true, "b", CALLS_MAX);
	rename_call = strchr(calls, 'r');
	assert_non_null(rename_call);
	assert_non_null(strchr(rename_call, 'd'));
}

static void test_file(void **state)
{
	(void)state;
	cut_everywhere(false);
}

static void test_link(void **state)
{
	(void)state;
	cut_everywhere(true);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	char path[64];

	(void)state;
	record = mmap(
		NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(record != MAP_FAILED);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/etc", dir);
	return mkdir(path, 0755);
}

static int teardown(void **state)
{
	struct record *shared = record;

	(void)state;
	record = NULL;
	munmap(shared, sizeof(*shared));
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
