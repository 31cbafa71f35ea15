// SPDX-License-Identifier: MIT
/* A unit's credentials, with a /run of the test's own: from the plan's rows to the mount. */
#include "../test.h"

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/launch/credload.h"
#include "../../../runtime/launch/mountapi.h"
#include "launchbox.h"

#define UNIT "box.service"
#define TEXT(s)                                                                                    \
	{                                                                                          \
		.data = (const unsigned char *)(s), .n = sizeof(s) - 1                             \
	}

static bool may_mount;

static int setup(void **state)
{
	struct launchbox *b = launchbox_new();

	*state = b;
	b->l.plan.uid = 1234;
	b->l.plan.gid = 1235;
	b->l.plan.namespaces = PLAN_NS_MOUNT;
	if (may_mount && mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0) {
		return -1;
	}
	return b->fd < 0;
}

static int teardown(void **state)
{
	struct launchbox *b = *state;
	const int fds[] = { b->l.trees.credentials, b->l.trees.stores,
		b->l.fds[LAUNCH_TAG_CREDENTIALS], b->l.root_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	if (may_mount && umount2("/run", MNT_DETACH) < 0) {
		return -1;
	}
	launchbox_free(b);
	return 0;
}

static bool can_mount(void)
{
	if (!may_mount) {
		printf("skipped: no mounts\n");
	}
	return may_mount;
}

static int load(struct launchbox *b, struct plan_credential *rows, uint32_t n)
{
	b->l.plan.credentials = (struct tlv_array) { .items = rows, .n = n };
	return launch_load_credentials(&b->l);
}

static void make_file(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, text, strlen(text)), 0);
}

static void assert_text(int dir, const char *name, const char *text)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char found[256] = "";

	if (!text) {
		assert_int_equal(fd, -1);
		return;
	}
	assert_true(fd >= 0);
	assert_true(fd_read_full(fd, found, sizeof(found) - 1) >= 0);
	assert_string_equal(found, text);
}

static void test_nothing(void **state)
{
	struct launchbox *b = *state;

	assert_int_equal(load(b, NULL, 0), 0);
	assert_int_equal(b->l.trees.credentials, -1);
	assert_int_equal(b->l.trees.stores, -1);
	assert_int_equal(launch_attach_credentials(&b->l), 0);
}

/* The first row of a name counts; files are the user's alone, and nobody adds to them. */
static void test_rows(void **state)
{
	struct plan_credential rows[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "file", .source = "/run/secret" },
		{ .kind = PLAN_CREDENTIAL_SET, .name = "file", .data = TEXT("fallback") },
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "lacks", .source = "/run/none" },
		{ .kind = PLAN_CREDENTIAL_SET, .name = "lacks", .data = TEXT("fallback") },
		{ .kind = PLAN_CREDENTIAL_SET, .name = "zero", .data = TEXT("") },
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "unknown", .source = "no-store-has-it" },
	};
	struct launchbox *b = *state;
	struct stat st;

	if (!can_mount()) {
		return;
	}
	make_file("/run/secret", "of the file");
	assert_int_equal(load(b, rows, 6), 0);
	int tree = b->l.trees.credentials;

	assert_text(tree, "file", "of the file");
	assert_text(tree, "lacks", "fallback");
	assert_text(tree, "zero", "");
	assert_text(tree, "unknown", NULL);
	assert_int_equal(fstatat(tree, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 1235);
	assert_int_equal(fstatat(tree, "", &st, AT_EMPTY_PATH), 0);
	assert_int_equal(st.st_mode & 07777, 0500);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(openat(tree, "more", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), -1);
	assert_int_equal(errno, EROFS);
	/* Others' are not even names. */
	assert_int_equal(fstatat(b->l.trees.stores, UNIT, &st, 0), 0);
	assert_false(b->l.credentials_are_new);
}

/* What the machine was given comes before the administrator's. */
static void test_stores(void **state)
{
	struct plan_credential rows[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "a", .source = "key" },
		{ .kind = PLAN_CREDENTIAL_IMPORT, .name = "web.*", .source = "w-" },
		{ .kind = PLAN_CREDENTIAL_IMPORT, .name = "k?y" },
	};
	struct launchbox *b = *state;

	if (!can_mount()) {
		return;
	}
	assert_int_equal(mkdir("/run/supd", 0755), 0);
	assert_int_equal(mkdir("/run/supd/credentials", 0700), 0);
	assert_int_equal(mkdir("/run/credstore", 0700), 0);
	make_file("/run/credstore/key", "low");
	make_file("/run/supd/credentials/key", "high");
	make_file("/run/credstore/web.a", "A");
	make_file("/run/supd/credentials/web.b", "B");
	make_file("/run/credstore/web.b", "hidden");
	make_file("/run/credstore/wrong name", "x");
	make_file("/run/credstore/other", "x");
	assert_int_equal(load(b, rows, 3), 0);
	int tree = b->l.trees.credentials;

	assert_text(tree, "a", "high");
	assert_text(tree, "w-a", "A");
	assert_text(tree, "w-b", "B");
	assert_text(tree, "key", "high");
	assert_text(tree, "other", NULL);
}

/* The row, the object and whose line it was; never the text. */
static void test_refused(void **state)
{
	static unsigned char big[LIMIT_CREDENTIAL];
	struct plan_credential none[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD,
			.name = "n",
			.source = "/run/none",
			.origin = "box.service:7" },
	};
	struct plan_credential pipe[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "p", .source = "/run/pipe" },
	};
	struct plan_credential link[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "l", .source = "/run/open/link" },
	};
	struct plan_credential sum[] = {
		{ .kind = PLAN_CREDENTIAL_SET,
			.name = "big",
			.data = { .data = big, .n = sizeof(big) } },
		{ .kind = PLAN_CREDENTIAL_SET,
			.name = "more",
			.data = TEXT("S3cret"),
			.origin = "box.service:9" },
	};
	struct plan_credential bad[] = { { .kind = PLAN_CREDENTIAL_KIND_COUNT, .name = "b" } };
	struct launchbox *b = *state;

	if (!can_mount()) {
		return;
	}
	assert_int_equal(load(b, none, 1), -ENOENT);
	assert_string_equal(b->l.text, "credential n");
	assert_string_equal(b->l.origin, "box.service:7");
	assert_int_equal(mkfifo("/run/pipe", 0600), 0);
	assert_int_equal(load(b, pipe, 1), -EBADF); /* and does not wait for a writer */
	assert_int_equal(mkdir("/run/open", 0777), 0);
	assert_int_equal(chown("/run/open", 4321, 4321), 0);
	assert_int_equal(symlink("/etc/shadow", "/run/open/link"), 0);
	assert_int_equal(lchown("/run/open/link", 4321, 4321), 0);
	assert_int_equal(load(b, link, 1), -ELOOP);
	assert_int_equal(load(b, sum, 2), -EFBIG);
	assert_string_equal(b->l.text, "credential more");
	assert_string_equal(b->l.origin, "box.service:9");
	assert_null(strstr(b->l.text, "S3cret"));
	assert_int_equal(load(b, bad, 1), -EINVAL);
	assert_int_equal(b->l.trees.credentials, -1);
	assert_int_equal(load(b, sum, 1), 0); /* all of the limit */
}

/* A slot that keeps: the second command sees what the first one read. */
static void test_kept(void **state)
{
	struct plan_credential rows[] = {
		{ .kind = PLAN_CREDENTIAL_LOAD, .name = "x", .source = "/run/secret" },
	};
	struct launchbox *b = *state;

	if (!can_mount()) {
		return;
	}
	make_file("/run/secret", "first");
	b->unit.flags = CATALOGUE_UNIT_HOLD;
	assert_int_equal(load(b, rows, 1), 0);
	assert_text(b->l.trees.credentials, "x", "first");
	if (!b->l.credentials_are_new) {
		printf("skipped: this kernel copies no detached mounts\n");
		return;
	}
	make_file("/run/secret", "second");
	close(b->l.trees.credentials);
	close(b->l.trees.stores);
	b->l.trees.credentials = -1;
	b->l.plan.flags = PLAN_CREDENTIALS_KEPT;
	assert_int_equal(load(b, rows, 1), 0);
	assert_text(b->l.trees.credentials, "x", "first");
	/* A new start reads anew. */
	close(b->l.trees.credentials);
	close(b->l.trees.stores);
	close(b->l.fds[LAUNCH_TAG_CREDENTIALS]);
	b->l.trees.credentials = b->l.fds[LAUNCH_TAG_CREDENTIALS] = -1;
	assert_int_equal(load(b, rows, 1), 0);
	assert_text(b->l.trees.credentials, "x", "second");
}

/* Without a mount namespace it stands on the host until it is taken down. */
static void test_on_host(void **state)
{
	struct plan_credential rows[] = {
		{ .kind = PLAN_CREDENTIAL_SET, .name = "x", .data = TEXT("one") },
	};
	static char name[LIMIT_UNIT_NAME + 1];
	struct launchbox *b = *state;

	if (!can_mount()) {
		return;
	}
	assert_int_equal(credload_remove(UNIT), 0); /* nothing there, not even the directory */
	b->l.plan.namespaces = 0;
	assert_int_equal(load(b, rows, 1), 0);
	assert_text(AT_FDCWD, PLAN_CREDENTIALS_DIR "/" UNIT "/x", "one");
	/* A start after a crash: the former mount gives way. */
	close(b->l.trees.credentials);
	b->l.trees.credentials = -1;
	rows[0].data = (struct tlv_bytes)TEXT("two");
	assert_int_equal(load(b, rows, 1), 0);
	assert_text(AT_FDCWD, PLAN_CREDENTIALS_DIR "/" UNIT "/x", "two");
	assert_int_equal(credload_remove(UNIT), 0);
	assert_int_equal(access(PLAN_CREDENTIALS_DIR "/" UNIT, F_OK), -1);
	assert_int_equal(credload_remove(UNIT), 0);
	/* One mount, not two on top of each other. */
	memset(name, 'n', LIMIT_UNIT_NAME);
	assert_int_equal(credload_remove(name), -EINVAL);
	/* Somebody's directory with something in it is not removed. */
	assert_int_equal(mkdir(PLAN_CREDENTIALS_DIR "/" UNIT, 0700), 0);
	make_file(PLAN_CREDENTIALS_DIR "/" UNIT "/file", "");
	assert_int_equal(credload_remove(UNIT), -ENOTEMPTY);
}

static void test_attach(void **state)
{
	struct plan_credential rows[] = {
		{ .kind = PLAN_CREDENTIAL_SET, .name = "x", .data = TEXT("one") },
	};
	struct launchbox *b = *state;

	if (!can_mount()) {
		return;
	}
	assert_int_equal(mount("tmpfs", b->dir, "tmpfs", 0, "mode=0755"), 0);
	b->l.root_fd = open(b->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	b->l.plan.root_dir = b->dir;
	assert_int_equal(load(b, rows, 1), 0);
	/* The host's directory is not made for a unit with a root of its own. */
	assert_int_equal(access(PLAN_CREDENTIALS_DIR, F_OK), -1);
	assert_int_equal(launch_attach_credentials(&b->l), 0);
	assert_text(b->l.root_fd, "run/credentials/" UNIT "/x", "one");
	assert_int_equal(mkdirat(b->l.root_fd, "run/credentials/other", 0700), -1);
	assert_int_equal(errno, EROFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stores, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_on_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attach, setup, teardown),
	};

	may_mount = launchbox_private();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
