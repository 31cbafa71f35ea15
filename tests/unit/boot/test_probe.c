// SPDX-License-Identifier: MIT
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/boot/boot.h"

#define UUID  "6d0c1c52-8f6e-4c7e-9f0e-3b6f6a1f2d10"
#define OTHER "6d0c1c52-8f6e-4c7e-9f0e-3b6f6a1f2d11"

static const uint8_t uuid_bytes[16] = { 0x6d, 0x0c, 0x1c, 0x52, 0x8f, 0x6e, 0x4c, 0x7e, 0x9f, 0x0e,
	0x3b, 0x6f, 0x6a, 0x1f, 0x2d, 0x10 };
/* The same as a partition table has it. */
static const uint8_t guid_bytes[16] = { 0x52, 0x1c, 0x0c, 0x6d, 0x6e, 0x8f, 0x7e, 0x4c, 0x9f, 0x0e,
	0x3b, 0x6f, 0x6a, 0x1f, 0x2d, 0x10 };

static void put(int fd, const void *data, size_t size, off_t at)
{
	assert_int_equal(pwrite(fd, data, size, at), (ssize_t)size);
}

static int image(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	return fd;
}

static void test_filesystems(void **state)
{
	static const struct {
		const char *magic;
		off_t magic_at, uuid_at, label_at;
	} rows[] = {
		{ "\x53\xef", 0x438, 0x468, 0x478 },
		{ "XFSB", 0, 32, 108 },
		{ "_BHRfS_M", 0x10040, 0x10020, 0x1012b },
		{ "\xe2\xe1\xf5\xe0", 1024, 1072, 1088 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		AUTO_CLOSE int fd = image();

		put(fd, uuid_bytes, sizeof(uuid_bytes), rows[i].uuid_at);
		put(fd, "twelve chars", 12, rows[i].label_at);
		assert_false(probe_filesystem(fd, "UUID=" UUID));
		put(fd, rows[i].magic, strlen(rows[i].magic), rows[i].magic_at);
		assert_true(probe_filesystem(fd, "UUID=" UUID));
		assert_true(probe_filesystem(fd, "UUID=6D0C1C52-8F6E-4C7E-9F0E-3B6F6A1F2D10"));
		assert_true(probe_filesystem(fd, "LABEL=twelve chars"));
		assert_false(probe_filesystem(fd, "LABEL=twelve char"));
		assert_false(probe_filesystem(fd, "LABEL=twelve chars "));
		assert_false(probe_filesystem(fd, "LABEL="));
		assert_false(probe_filesystem(fd, "UUID=" OTHER));
		assert_false(probe_filesystem(fd, "UUID=" UUID "0"));
		assert_false(probe_filesystem(fd, "UUID=6d0c"));
		assert_false(probe_filesystem(fd, "UUID="));
		assert_false(probe_filesystem(fd, "/dev/sda"));
	}
}

/* What mke2fs itself writes. */
static void test_ext4(void **state)
{
	char path[] = "/tmp/supd-probe-XXXXXX", command[256];
	AUTO_CLOSE int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	snprintf(command, sizeof(command), "/sbin/mke2fs -q -F -L root -U " UUID " %s", path);
	int status = system(command);

	unlink(path);
	if (status) {
		print_message("no mke2fs: its own file system is not looked at\n");
		skip();
	}
	assert_true(probe_filesystem(fd, "UUID=" UUID));
	assert_true(probe_filesystem(fd, "LABEL=root"));
	assert_false(probe_filesystem(fd, "LABEL=roo"));
}

static void put_gpt(int fd, unsigned sector, uint8_t entries, const char *name)
{
	uint8_t head[92] = "EFI PART", entry[128] = { 0 };

	head[72] = 2; /* the entries' sector */
	head[80] = entries;
	head[84] = 128;
	memcpy(entry + 16, guid_bytes, 16);
	for (size_t i = 0; i < strlen(name); i++) {
		entry[56 + 2 * i] = (uint8_t)name[i];
	}
	put(fd, head, sizeof(head), sector);
	put(fd, entry, sizeof(entry), 2 * sector + 128); /* the second */
}

static void test_gpt(void **state)
{
	(void)state;
	for (unsigned sector = 512; sector <= 4096; sector *= 8) {
		AUTO_CLOSE int fd = image();

		put_gpt(fd, sector, 4, "system");
		assert_true(probe_partition(fd, 2, "PARTUUID=" UUID));
		assert_false(probe_partition(fd, 1, "PARTUUID=" UUID));
		assert_false(probe_partition(fd, 0, "PARTUUID=" UUID));
		assert_false(probe_partition(fd, 5, "PARTUUID=" UUID));
		assert_false(probe_partition(fd, 2, "PARTUUID=" OTHER));
		assert_true(probe_partition(fd, 2, "PARTLABEL=system"));
		assert_false(probe_partition(fd, 2, "PARTLABEL=syste"));
		assert_false(probe_partition(fd, 2, "PARTLABEL=systems"));
		assert_false(probe_partition(fd, 1, "PARTLABEL="));
		assert_false(probe_partition(fd, 2, "PARTUUID=00000000-02"));
		assert_false(probe_partition(fd, 2, "UUID=" UUID));
	}
	AUTO_CLOSE int full = image();

	put_gpt(full, 512, 2, "123456789012345678901234567890123456");
	assert_true(probe_partition(full, 2, "PARTLABEL=123456789012345678901234567890123456"));
	assert_false(probe_partition(full, 2, "PARTLABEL=1234567890123456789012345678901234567"));
}

static void test_mbr(void **state)
{
	static const uint8_t signature[4] = { 0xcd, 0xab, 0x34, 0x12 };
	AUTO_CLOSE int fd = image();

	(void)state;
	put(fd, signature, 4, 440);
	assert_true(probe_partition(fd, 2, "PARTUUID=1234abcd-02"));
	assert_true(probe_partition(fd, 0x1f, "PARTUUID=1234ABCD-1f"));
	assert_false(probe_partition(fd, 1, "PARTUUID=1234abcd-02"));
	assert_false(probe_partition(fd, 2, "PARTUUID=1234abce-02"));
	assert_false(probe_partition(fd, 2, "PARTUUID=1234abcd"));
	assert_false(probe_partition(fd, 2, "PARTUUID=1234abcd-02x"));
	assert_false(probe_partition(fd, 2, "PARTUUID="));
	assert_false(probe_partition(fd, 2, "PARTLABEL="));
}

/* Nothing but answers, whatever is on the disk. */
static void test_garbage(void **state)
{
	static uint8_t bytes[1 << 17];
	AUTO_CLOSE int fd = image();

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	put(fd, bytes, sizeof(bytes), 0);
	put(fd, "EFI PART", 8, 512);
	put(fd, "\x53\xef", 2, 0x438);
	assert_false(probe_filesystem(fd, "LABEL=x"));
	assert_false(probe_partition(fd, 1, "PARTLABEL=x"));
	assert_false(probe_partition(fd, UINT32_MAX, "PARTUUID=" UUID));
	AUTO_CLOSE int empty = memfd_create("none", MFD_CLOEXEC);

	assert_false(probe_filesystem(empty, "UUID=" UUID));
	assert_false(probe_partition(empty, 1, "PARTUUID=" UUID));
	char small[8], buf[256];

	assert_false(probe_find("LABEL=supd no such label", buf, sizeof(buf)));
	assert_false(probe_find("LABEL=", small, sizeof(small)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filesystems),
		cmocka_unit_test(test_ext4),
		cmocka_unit_test(test_gpt),
		cmocka_unit_test(test_mbr),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
