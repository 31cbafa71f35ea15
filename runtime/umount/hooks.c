// SPDX-License-Identifier: MIT
#include "hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limited.h"
#include "say.h"

#define PATH_SIZE   512
#define STRANGE     022 /* who else may write it */
#define CANNOT_EXEC 127

static const char *argument;

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

unsigned hooks_run(const char *dir, const char *action)
{
	DIR *stream = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	argument = action;
	while (stream && (e = readdir(stream))) {
		char path[PATH_SIZE];

		if (e->d_name[0] == '.' || strlen(dir) + strlen(e->d_name) + 2 > sizeof(path)) {
			continue;
		}
		strcpy(path, dir);
		strcat(path, "/");
		strcat(path, e->d_name);
		if (!is_program(path)) {
			continue;
		}
		int r = limited_call(execute, path, LIMITED_HOOK_MS);

		if (r < 0 && r != -ETIMEDOUT) {
			say(r == -CANNOT_EXEC ? "cannot be executed" : "has failed", path, 0);
		}
		n++;
	}
	if (stream) {
		closedir(stream);
	}
	return n;
}
