// SPDX-License-Identifier: MIT
/*
 * Runs a fuzz target over every file of the directories given: what the fuzzer once found stays
 * found. Without libFuzzer, so in every build.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0, or 1 when the file cannot be read. */
static int replay_file(const char *path)
{
	static uint8_t buf[1 << 21];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	/* A copy of its own size, so that the sanitizer sees a read behind its end. */
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy) {
		return 1;
	}
	for (size_t i = 0; i < n; i++) {
		copy[i] = buf[i];
	}
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	int n = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *de;

		while (dir && (de = readdir(dir))) {
			char path[4096];

			if (de->d_name[0] != '.') {
				snprintf(path, sizeof(path), "%s/%s", argv[i], de->d_name);
				failed += replay_file(path);
				n++;
			}
		}
		if (dir) {
			closedir(dir);
		}
	}
	printf("%d inputs replayed\n", n);
	return failed || n == 0;
}
