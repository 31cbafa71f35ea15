// SPDX-License-Identifier: MIT
#include "envfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/stranger.h"
#include "../base/sysx.h"
#include "dirs.h"
#include "expand.h"
#include "launch.h"
#include "pathwalk.h"

/* Shared by the forked reader alone: after fork each process has its own copy. */
static char text[LIMIT_ENV_FILE];
static char scratch[LIMIT_ENV_FILE + 2];

static int emit_line(void *ctx, const char *line, size_t len)
{
	return fd_write_full(*(const int *)ctx, line, len + 1);
}

static void leave(int status)
{
	/* exit_group is not among the four calls of strict seccomp, exit is. */
	for (;;) {
		syscall(SYS_exit, status);
	}
}

/* Everything behind the seccomp call is the parser on untrusted text. */
static void reader(int file, int out)
{
	ssize_t n;
	int r;

	if (stranger_become() < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0) {
		leave(EPERM);
	}
	n = fd_read_full(file, text, sizeof(text));
	if (n < 0 || n == (ssize_t)sizeof(text)) {
		leave(n < 0 ? (int)-n : EFBIG);
	}
	r = env_file_parse(text, (size_t)n, scratch, emit_line, &out);
	leave(r < 0 ? -r : 0);
}

static int take_lines(struct launch *l, char *data, size_t size)
{
	for (size_t at = 0; at < size; at += strlen(data + at) + 1) {
		int r = env_put(&l->file_env, LIMIT_ENV_VARS, data + at);

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int collect(struct launch *l, int from, pid_t pid)
{
	ssize_t n = fd_read_full(from, text, sizeof(text));
	int status;
	char *copy;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -EBADMSG;
	}
	if (n < 0 || (n > 0 && text[n - 1])) {
		return n < 0 ? (int)n : -EBADMSG;
	}
	copy = arena_memdup(&l->arena, text, (size_t)n + 1);
	return copy ? take_lines(l, copy, (size_t)n) : -ENOMEM;
}

static int read_one(struct launch *l, const char *path)
{
	AUTO_CLOSE int file = pathwalk_open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	AUTO_CLOSE int from = -1;
	int ends[2];
	pid_t pid;

	if (file < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		return file < 0 ? file : -errno;
	}
	from = ends[0];
	pid = fork();
	if (pid == 0) {
		reader(file, ends[1]);
	}
	close(ends[1]);
	return pid < 0 ? -errno : collect(l, from, pid);
}

int launch_read_env_files(struct launch *l)
{
	const struct plan_env_file *files = l->plan.env_files.items;

	if (!l->plan.env_files.n) {
		return 0;
	}
	l->file_env.items = arena_alloc_array(&l->arena, LIMIT_ENV_VARS + 1, sizeof(char *));
	if (!l->file_env.items) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->plan.env_files.n; i++) {
		int r = read_one(l, files[i].path);

		if (r == -ENOENT && files[i].optional) {
			continue;
		}
		if (r < 0) {
			return launch_fail(l, r, files[i].origin, "read ", files[i].path);
		}
	}
	return 0;
}
