// SPDX-License-Identifier: MIT
/* libFuzzer target: the kernel's table of Unix sockets, whose paths anybody chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../supervisor/unixtable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_CLOSE int fd = memfd_create("table", MFD_CLOEXEC);
	bool listens = false;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0) {
		return 0;
	}
	if (unixtable_listens(fd, "/run/udev/control", &listens) < 0) {
		abort();
	}
	return 0;
}
