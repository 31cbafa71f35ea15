// SPDX-License-Identifier: MIT
#include "hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limited.h"
#include "say.h"

#define PATH_SIZE   512
#define STRANGE     022 /* who else may write it */
#define CANNOT_EXEC 127
#define HOOKS_MAX   64

static const char *argument;

static struct {
	unsigned n;
	char paths[HOOKS_MAX][PATH_SIZE];
} * found;

static int execute(const char *path)
{
	char *argv[] = { (char *)(unsigned long)path, (char *)(unsigned long)argument, NULL };
	char *environment[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/", "TERM=linux", NULL };

	dup2(STDERR_FILENO, STDOUT_FILENO);
	execve(path, argv, environment);
	return -CANNOT_EXEC;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0100 && st.st_uid == 0 &&
	       !(st.st_mode & STRANGE);
}

/* In a child, whose memory this alone is shared with. */
static int list(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *e;

	while (stream && (e = readdir(stream)) && found->n < HOOKS_MAX) {
		char *path = found->paths[found->n];

		if (e->d_name[0] == '.' || strlen(dir) + strlen(e->d_name) + 2 > PATH_SIZE) {
			continue;
		}
		strcpy(path, dir);
		strcat(path, "/");
		strcat(path, e->d_name);
		found->n += is_program(path);
	}
	if (stream) {
		closedir(stream);
	}
	return 0;
}

static void execute_all(void)
{
	for (unsigned i = 0; i < found->n; i++) {
		const char *path = found->paths[i];
		int r = limited_program(execute, path, LIMITED_HOOK_MS);

		if (r == -CANNOT_EXEC) {
			say("cannot be executed", path, 0);
		} else if (r < 0 && r != -ETIMEDOUT) {
			say("has failed", path, 0);
		}
	}
}

unsigned hooks_run(const char *dir, const char *action)
{
	unsigned n;

	if (limited_hangs("/")) {
		say("not executed, the root's disk does not answer", dir, 0);
		return 0;
	}
	argument = action;
	found = mmap(
		NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (found == MAP_FAILED) {
		say("not executed", dir, errno);
		return 0;
	}
	int r = limited_call(list, dir, LIMITED_WITHIN_MS);

	if (r < 0) {
		say("not executed", dir, -r);
		return 0; /* the child may still write there */
	}
	execute_all();
	n = found->n;
	munmap(found, sizeof(*found));
	return n;
}
