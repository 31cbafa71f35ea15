// SPDX-License-Identifier: MIT
/* Files with a file system: what is one, what never is, and what of the options is whose. */
#include "../test.h"

#include <spawn.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/launch/image.h"
#include "launchbox.h"

#define IMAGE_SIZE (8 << 20)

static bool may_mount;

static int setup(void **state)
{
	struct launchbox *b = launchbox_new();

	*state = b;
	return b->fd < 0;
}

static int teardown(void **state)
{
	launchbox_free(*state);
	return 0;
}

static const char *at(const struct launchbox *b, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	return path;
}

/* A file of that size, with these bytes somewhere in it. */
static const char *make_file(
	const struct launchbox *b, off_t size, off_t offset, const void *bytes, size_t n)
{
	const char *path = at(b, "image");
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_true(pwrite(fd, bytes, n, offset) == (ssize_t)n);
	assert_int_equal(ftruncate(fd, size), 0);
	return path;
}

/* Nothing here gets as far as a device. */
static void test_no_image(void **state)
{
	struct launchbox *b = *state;
	int r;

	assert_int_equal(image_mount(at(b, "none"), NULL, true), -ENOENT);
	assert_int_equal(image_mount(at(b, "none/deeper"), NULL, true), -ENOENT);
	assert_int_equal(image_mount(make_file(b, 0, 0, "", 0), NULL, false), -EMEDIUMTYPE);
	assert_int_equal(
		image_mount(make_file(b, 1 << 20, 0, "text", 4), NULL, true), -EMEDIUMTYPE);
	/* Cut within its magic number, and beside it by a byte. */
	assert_int_equal(image_mount(make_file(b, 3, 0, "hsqs", 4), NULL, true), -EMEDIUMTYPE);
	assert_int_equal(
		image_mount(make_file(b, 1081, 1080, "\x53\xef", 2), NULL, true), -EMEDIUMTYPE);
	assert_int_equal(
		image_mount(make_file(b, 1 << 20, 1, "XFSB", 4), NULL, true), -EMEDIUMTYPE);
	assert_int_equal(mkdirat(b->fd, "dir", 0700), 0);
	assert_int_equal(image_mount(at(b, "dir"), NULL, true), -EMEDIUMTYPE);
	assert_int_equal(mkfifoat(b->fd, "pipe", 0600), 0);
	assert_int_equal(
		image_mount(at(b, "pipe"), NULL, false), -EMEDIUMTYPE); /* not waited for */
	assert_int_equal(image_mount("/dev/null", NULL, true), -EMEDIUMTYPE);
	r = image_mount("/proc/self/mem", NULL, true);
	assert_true(r < 0);
}

/* A link that a service could have planted is not followed, one of root's is. */
static void test_links(void **state)
{
	struct launchbox *b = *state;

	if (geteuid() != 0) {
		printf("skipped: not root, whose links are the question\n");
		return;
	}
	(void)make_file(b, 4096, 0, "text", 4);
	assert_int_equal(mkdirat(b->fd, "open", 0755), 0);
	assert_int_equal(symlinkat("../image", b->fd, "open/link"), 0);
	assert_int_equal(fchownat(b->fd, "open/link", 4321, 4321, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fchownat(b->fd, "open", 4321, 4321, 0), 0);
	assert_int_equal(image_mount(at(b, "open/link"), NULL, true), -ELOOP);
}

/* A magic number alone makes no file system: the kernel says so, and nothing stays. */
static void test_hostile(void **state)
{
	static char options[2048];
	static const char erofs[] = "\xe2\xe1\xf5\xe0";
	struct launchbox *b = *state;
	int r;

	if (!may_mount) {
		printf("skipped: no mounts\n");
		return;
	}
	r = image_mount(make_file(b, 1 << 20, 1024, erofs, 4), NULL, false);
	assert_true(r < 0);
	memset(options, 'o', sizeof(options) - 1);
	r = image_mount(make_file(b, 1 << 20, 1024, erofs, 4), options, false);
	assert_int_equal(r, -ENAMETOOLONG);
}

/* ---- with a device ---- */

static int run(char *const argv[])
{
	char *const env[] = { (char[]) { "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, env) != 0 ||
		waitpid(pid, &status, 0) != pid) {
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* An ext4 of a directory with one file. NULL, and says why: none can be made or mounted here. */
static const char *make_ext4(const struct launchbox *b)
{
	static char image[128], from[128];
	AUTO_CLOSE int file = -1;

	if (!may_mount || access("/dev/loop-control", R_OK | W_OK) < 0) {
		printf("skipped: no mounts, or no /dev/loop-control\n");
		return NULL;
	}
	strcpy(from, at(b, "from"));
	strcpy(image, make_file(b, IMAGE_SIZE, 0, "", 0));
	assert_int_equal(mkdir(from, 0755), 0);
	file = open(at(b, "from/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(fd_write_full(file, "inside", 6), 0);
	if (run((char *[]) { "mkfs.ext4", "-q", "-F", "-d", from, image, NULL }) != 0) {
		printf("skipped: no mkfs.ext4\n");
		return NULL;
	}
	return image;
}

/* The image is there: what lacks is the device, or the file system. */
static bool is_refused(int r)
{
	const int errors[] = { -EPERM, -EACCES, -ENXIO, -ENODEV, -ENOENT };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (r == errors[i]) {
			printf("skipped: no loop device or no ext4 here: %s\n", strerror(-r));
			return true;
		}
	}
	return false;
}

static void test_ext4(void **state)
{
	struct launchbox *b = *state;
	const char *image = make_ext4(b);
	struct statvfs st;
	char text[16] = "";
	int tree, fd;

	if (!image) {
		return;
	}
	tree = image_mount(image, "noatime,noexec", false);
	if (is_refused(tree)) {
		return;
	}
	assert_true(tree >= 0);
	fd = openat(tree, "file", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_read_full(fd, text, sizeof(text) - 1), 6);
	assert_string_equal(text, "inside");
	assert_int_equal(fstatvfs(fd, &st), 0);
	assert_true(st.f_flag & ST_NOSUID);
	assert_true(st.f_flag & ST_NODEV);
	assert_true(st.f_flag & ST_NOEXEC);
	assert_true(st.f_flag & ST_NOATIME);
	assert_false(st.f_flag & ST_RDONLY);
	close(fd);
	fd = openat(tree, "written", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_full(fd, "kept", 4), 0);
	close(fd);
	close(tree);
}

static void test_ext4_options(void **state)
{
	struct launchbox *b = *state;
	const char *image = make_ext4(b);
	int tree;

	if (!image) {
		return;
	}
	tree = image_mount(image, NULL, true);
	if (is_refused(tree)) {
		return;
	}
	assert_true(tree >= 0);
	assert_int_equal(openat(tree, "written", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), -1);
	assert_int_equal(errno, EROFS);
	close(tree);
	/* An option that neither the mount nor the file system has; and that would undo the walls.
	 */
	assert_int_equal(image_mount(image, "noatime,nonsense", true), -EINVAL);
	assert_int_equal(image_mount(image, "suid", true), -EINVAL);
	assert_int_equal(image_mount(image, "dev", true), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ext4, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ext4_options, setup, teardown),
	};

	may_mount = launchbox_private();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
