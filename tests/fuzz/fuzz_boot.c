// SPDX-License-Identifier: MIT
/*
 * libFuzzer target: what supd-boot reads before anything else: the kernel command line, the SMBIOS
 * table, the host name. The first byte chooses.
 */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/boot/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t bytes_taken;

static void take(char *text)
{
	bytes_taken += strlen(text) + 1;
	*text = 0; /* it is the taker's */
}

static void try_table(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	if (!copy) {
		return;
	}
	memcpy(copy, data, size);
	bytes_taken = 0;
	credentials_each_oem(copy, size, take);
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
	const char *at = NULL, *value;

	while ((value = cmdline_each(&c, ".run", &at))) {
		char line[256];

		if (bootfstab_line(value, false, line, sizeof(line)) == 0 &&
			strlen(line) >= sizeof(line)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	if (data[0] % 3 == 0) {
		try_table(data + 1, size - 1);
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
