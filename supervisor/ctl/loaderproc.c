// SPDX-License-Identifier: MIT
#include "loaderproc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/limits.h"

/* Where supd-load is, relative to supctl's own directory: the build tree, then an installation. */
static const char *const places[] = { "supd-load", "../libexec/supd/supd-load" };

char *loaderproc_find(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		return NULL;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", self, places[i]) < 0) {
			path = NULL;
			return NULL;
		}
		if (access(path, X_OK) == 0) {
			return TAKE_PTR(path);
		}
	}
	return NULL;
}

/* All that comes out of fd, with a NUL byte behind it. */
static int read_all(int fd, char **ret, size_t *ret_size)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n = 1;

	while (n > 0 || (n < 0 && errno == EINTR)) {
		if (room - size < 4096) {
			char *more = room < LIMIT_MANIFEST_BYTES ? realloc(text, room * 2 + 65536)
								 : NULL;

			if (!more) {
				return -ENOMEM;
			}
			text = more;
			room = room * 2 + 65536;
		}
		n = read(fd, text + size, room - size - 1);
		size += n > 0 ? (size_t)n : 0;
	}
	if (n < 0) {
		return -errno;
	}
	text[size] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int loaderproc_run(const char **argv, char **ret, size_t *ret_size)
{
	AUTO_FREE char *path = loaderproc_find();
	int ends[2], status, r;
	pid_t pid;

	if (!path) {
		return -ENOENT;
	}
	argv[0] = path;
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv(path, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	r = pid < 0 ? -errno : 0;
	close(ends[1]);
	r = r < 0 ? r : read_all(ends[0], ret, ret_size);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (r < 0) {
		return r;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? WEXITSTATUS(status) : -ECHILD;
}
