// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define LIST_MAX 16384u
#define MODPROBE "/sbin/modprobe"

static void load_one(int dir, const char *path)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)) {
		say("cannot load the module", path, errno);
	}
}

void modules_load_list(const char *dir, const char *file)
{
	AUTO_CLOSE int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char list[LIST_MAX];
	char *save = NULL;

	if (dir_fd < 0 || fd_read_text(file, list, sizeof(list)) <= 0) {
		return;
	}
	for (char *p = strtok_r(list, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		load_one(dir_fd, p);
	}
}

void modules_probe(const char *name)
{
	char *const argv[] = { "modprobe", "-q", "-b", (char *)(uintptr_t)name, NULL };
	char *const environment[] = { NULL };
	pid_t pid = access(MODPROBE, X_OK) == 0 ? fork() : -1;

	if (pid == 0) {
		execve(MODPROBE, argv, environment);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) != pid && errno == EINTR) {
	}
}
