// SPDX-License-Identifier: MIT
/* libFuzzer target: fstab, line by line, to units. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../units/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const char *path)
{
	struct loader_options opts = { .fstab = path, .owner_uid = getuid() };
	struct unit_set set = { 0 };
	struct diagnostics d;
	struct arena a;

	arena_init(&a);
	diag_init(&d, &a);
	(void)loader_load_all(&opts, &a, &d, &set);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/supd-fuzz-fstab-XXXXXX";
	AUTO_CLOSE int fd = mkstemp(path);

	if (fd >= 0 && fd_write_full(fd, data, size) == 0) {
		load(path);
	}
	unlink(path);
	return 0;
}
