// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: what supd-boot reads before anything else: the kernel command line, SMBIOS
 * structures, the host name. The first byte chooses.
 */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/boot/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_taken, bytes_taken;

static void take(const char *name, const void *bytes, size_t size)
{
	n_taken += strlen(name) + 1;
	bytes_taken += size;
	for (size_t i = 0; i < size; i++) {
		n_taken += ((const volatile uint8_t *)bytes)[i] == 0xff; /* every byte is ours */
	}
}

static void try_structure(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);

	if (!copy) {
		return;
	}
	memcpy(copy, data, size);
	n_taken = bytes_taken = 0;
	credentials_structure(copy, size, take);
	if (bytes_taken > size) {
		abort();
	}
	free(copy);
}

static void try_cmdline(const char *text)
{
	static struct cmdline c;
	size_t words = 0;

	cmdline_parse(&c, text);
	for (const char *p = c.text; *p; p += strlen(p) + 1) {
		if (++words > sizeof(c.text) / 2 || p >= c.text + sizeof(c.text) - 1) {
			abort();
		}
	}
	(void)cmdline_find(&c, "root");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	if (data[0] % 3 == 0) {
		try_structure(data + 1, size - 1);
		return 0;
	}
	char *text = strndup((const char *)data + 1, size - 1);

	if (text && data[0] % 3 == 1) {
		try_cmdline(text);
	} else if (text && identity_host_name(text) > 64) {
		abort();
	}
	free(text);
	return 0;
}
