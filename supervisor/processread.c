// SPDX-License-Identifier: MIT
/* What /proc tells everybody about a process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "cgroupread.h"
#include "journal.h"

static ssize_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fd_read_text(path, buf, size);
}

void process_command_line(pid_t pid, char *buf, size_t size)
{
	char raw[2048], comm[64];
	ssize_t n = read_proc(pid, "cmdline", raw, sizeof(raw));

	if (n <= 0) {
		n = read_proc(pid, "comm", comm, sizeof(comm));
		comm[n > 0 ? strcspn(comm, "\n") : 0] = '\0';
		snprintf(raw, sizeof(raw), "[%s]", n > 0 ? comm : "?");
		text_escape(raw, buf, size);
		return;
	}
	while (n > 0 && raw[n - 1] == '\0') {
		n--;
	}
	for (ssize_t i = 0; i < n; i++) {
		raw[i] = raw[i] == '\0' ? ' ' : raw[i];
	}
	text_escape(raw, buf, size);
}

pid_t process_parent(pid_t pid)
{
	char text[512];
	const char *after;
	int parent;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0) {
		return 0;
	}
	/* comm may hold anything; its closing bracket is the last one */
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %d", &parent) != 1) {
		return 0;
	}
	return parent;
}

int process_cgroup(pid_t pid, char *buf)
{
	char text[LIMIT_PATH];
	char *rest = text, *line;
	ssize_t n = read_proc(pid, "cgroup", text, sizeof(text));

	if (n < 0) {
		return (int)n;
	}
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "0::", 3) == 0) {
			snprintf(buf, LIMIT_PATH, "%s", line + 3);
			return 0;
		}
	}
	return -ENOENT;
}
