// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/plan/plan.h"

static void *build(size_t *ret_size)
{
	static const char *argv[] = { "/bin/true", "$X" };
	static struct plan_mount mounts[] = {
		{ .kind = PLAN_MOUNT_BIND, .source = "/srv", .target = "/mnt", .origin = "w:3" },
	};
	static const uint64_t filter[4] = { 1, 2, 3, 4 };
	struct plan plan = {
		.op = PLAN_EXEC,
		.unit = "web.service",
		.path = "/bin/true",
		.argv = { argv, 2 },
		.nice = -5,
		.mounts = { mounts, 1 },
	};
	struct catalogue_unit_spec spec = {
		.name = "web.service", .cgroup = "system.slice/web.service", .log_identifier = "web"
	};
	struct catalogue_builder b = { 0 };
	struct catalogue_blob_cache cache = { 0 };
	struct tlv_buf buf = { 0 };
	int64_t blob;
	AUTO_CLOSE int fd = memfd_create("test", MFD_CLOEXEC);
	void *data;

	assert_int_equal(catalogue_add_unit(&b, &spec), 0);
	blob = catalogue_add_blob(&b, &cache, filter, sizeof(filter));
	assert_true(blob > 0);
	assert_int_equal(catalogue_add_blob(&b, &cache, filter, sizeof(filter)), blob);
	plan.seccomp_offset = (uint64_t)blob;
	plan.seccomp_size = sizeof(filter);
	assert_int_equal(plan_encode(&buf, &plan), 0);
	assert_int_equal(catalogue_add_entry(&b, 0, ENTRY_MAIN, 0, &buf), 0);
	assert_int_equal(catalogue_add_entry(&b, 1, ENTRY_MAIN, 0, &buf), -EINVAL);
	assert_int_equal(catalogue_write(&b, &(struct file_stamp) { 1, 2, 3 },
				 &(struct file_stamp) { 0 }, fd),
		0);
	catalogue_builder_fini(&b);
	tlv_buf_fini(&buf);
	*ret_size = (size_t)lseek(fd, 0, SEEK_END);
	data = aligned_alloc(8, (*ret_size + 7) & ~(size_t)7);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(fd_read_full(fd, data, *ret_size), *ret_size);
	return data;
}

static void test_round_trip(void **state)
{
	struct catalogue c;
	struct arena arena;
	struct plan plan;
	size_t size;
	AUTO_FREE void *data = build(&size);

	(void)state;
	arena_init(&arena);
	assert_int_equal(catalogue_open(data, size, &c), 0);
	assert_string_equal(catalogue_string(&c, c.units[0].name), "web.service");
	assert_int_equal(plan_decode(&c, 0, &arena, &plan), 0);
	assert_string_equal(plan.argv.items[1], "$X");
	assert_int_equal(plan.nice, -5);
	assert_memory_equal(c.base + plan.seccomp_offset, "\1", 1);
	assert_int_equal(plan_decode(&c, 1, &arena, &plan), -EBADMSG);
	arena_fini(&arena);
}

/* One flipped bit: refused, or still safe to walk. ASan watches. */
static void test_corruption(void **state)
{
	size_t size, refused = 0;
	AUTO_FREE void *data = build(&size);

	(void)state;
	for (size_t i = 0; i < size * 8; i++) {
		struct catalogue c;
		struct arena arena;
		struct plan plan;
		AUTO_FREE uint8_t *copy = aligned_alloc(8, (size + 7) & ~(size_t)7);

		memcpy(copy, data, size);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		arena_init(&arena);
		if (catalogue_open(copy, size, &c) < 0) {
			refused++;
		} else {
			assert_true(strlen(catalogue_string(&c, c.units[0].cgroup)) > 0);
			plan_decode(&c, 0, &arena, &plan);
		}
		arena_fini(&arena);
	}
	assert_true(refused > 0);
	for (size_t len = 0; len < size; len++) {
		struct catalogue c;

		assert_int_equal(catalogue_open(data, len, &c), -EBADMSG);
	}
}

static void test_cgroup_paths(void **state)
{
	(void)state;
	assert_true(catalogue_cgroup_path_is_valid("system.slice/web.service"));
	assert_false(catalogue_cgroup_path_is_valid(""));
	assert_false(catalogue_cgroup_path_is_valid("/a"));
	assert_false(catalogue_cgroup_path_is_valid("a/../b"));
	assert_false(catalogue_cgroup_path_is_valid("a//b"));
	assert_false(catalogue_cgroup_path_is_valid("a/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_corruption),
		cmocka_unit_test(test_cgroup_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
