// SPDX-License-Identifier: MIT
#include "rlimit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool rlimit_soft(pid_t pid, int resource, rlim_t value)
{
	struct rlimit old;
	struct stat st;
	char path[64];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if (stat(path, &st) < 0) {
		return false;
	}
	child = fork();
	if (child == 0) {
		_exit(setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
			setresuid(st.st_uid, st.st_uid, st.st_uid) < 0 ||
			prlimit(pid, resource, NULL, &old) < 0 ||
			prlimit(pid, resource,
				&(struct rlimit) {
					value < old.rlim_max ? value : old.rlim_max, old.rlim_max },
				NULL) < 0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
