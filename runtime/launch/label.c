// SPDX-License-Identifier: MIT
#include "label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"

#define PROC_ROOT_INODE 1

struct label_row {
	const char *setting;
	const char *files[2]; /* of one module, then the one that is shared: older kernels */
	const char *prefix;
	const char *needs;
	bool with_nul;
};

static const struct label_row labels[PLAN_LABEL_KIND_COUNT] = {
	[PLAN_LABEL_SELINUX] = { "SELinuxContext=", { "self/attr/exec", NULL }, "",
		" needs SELinux and a policy that allows this context", true },
	[PLAN_LABEL_APPARMOR] = { "AppArmorProfile=",
		{ "self/attr/apparmor/exec", "self/attr/exec" }, "exec ",
		" needs AppArmor with this profile loaded", false },
	[PLAN_LABEL_SMACK] = { "SmackProcessLabel=",
		{ "self/attr/smack/current", "self/attr/current" }, "", " needs Smack", false },
};

int launch_open_proc(struct launch *l)
{
	struct statfs fs;
	struct stat st;

	if (!l->plan.labels.n) {
		return 0;
	}
	l->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->proc_fd < 0) {
		return launch_fail(l, -errno, NULL, "/proc", NULL);
	}
	if (fstatfs(l->proc_fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
		fstat(l->proc_fd, &st) < 0 || st.st_ino != PROC_ROOT_INODE) {
		return launch_fail(l, -ENODEV, NULL, "/proc is not the kernel's", NULL);
	}
	return 0;
}

static int write_label(struct launch *l, const struct label_row *row, const char *text)
{
	AUTO_CLOSE int fd = -1;
	char line[LIMIT_LABEL + 8];
	size_t n;

	for (size_t i = 0; fd < 0 && i < ELEMENTSOF(row->files) && row->files[i]; i++) {
		fd = openat(l->proc_fd, row->files[i], O_WRONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		return -errno;
	}
	strcpy(line, row->prefix);
	strcat(line, text);
	n = strlen(line) + row->with_nul;
	return write(fd, line, n) == (ssize_t)n ? 0 : -errno;
}

static int fail_label(
	struct launch *l, const struct plan_label *label, const struct label_row *row, int error)
{
	char *text = arena_alloc(&l->arena, 2 * LIMIT_LABEL + 128);

	if (!text) {
		return launch_fail(l, error, label->origin, row->setting, label->text);
	}
	strcpy(text, label->text);
	strcat(text, row->needs);
	strcat(text, "; \"-");
	strcat(text, label->text);
	strcat(text, "\" starts without");
	return launch_fail(l, error, label->origin, row->setting, text);
}

int launch_set_labels(struct launch *l)
{
	const struct plan_label *rows = l->plan.labels.items;

	for (uint32_t i = 0; i < l->plan.labels.n; i++) {
		const struct label_row *row = &labels[rows[i].kind];
		int r = write_label(l, row, rows[i].text);

		if (r < 0 && !rows[i].optional) {
			return fail_label(l, &rows[i], row, r);
		}
	}
	return 0;
}
