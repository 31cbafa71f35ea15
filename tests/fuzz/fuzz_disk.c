// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: superblocks and partition tables of a disk that a stranger plugged in. The
 * input is pieces {offset / 8 in two bytes, length in one, bytes} of an empty disk of 512 KiB.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/boot/boot.h"

#define DISK_SIZE 524288

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const specs[] = { "UUID=6d0c1b2a-0000-0000-0000-000000000000",
		"LABEL=root", "PARTLABEL=root", "PARTUUID=1234abcd-02",
		"PARTUUID=6d0c1b2a-0000-0000-0000-000000000000", "PARTUUID=-", "UUID=", "" };
	AUTO_CLOSE int fd = memfd_create("disk", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, DISK_SIZE) < 0) {
		return 0;
	}
	for (size_t at = 0; at + 3 < size;) {
		off_t where = (off_t)(data[at] << 8 | data[at + 1]) * 8;
		size_t n = data[at + 2];

		at += 3;
		n = n < size - at ? n : size - at;
		if (pwrite(fd, data + at, n, where) < 0) {
			return 0;
		}
		at += n;
	}
	for (size_t i = 0; i < ELEMENTSOF(specs); i++) {
		(void)probe_filesystem(fd, specs[i]);
		(void)probe_partition(fd, size ? data[0] : 1, specs[i]);
	}
	return 0;
}
