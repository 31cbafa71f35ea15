// SPDX-License-Identifier: MIT
#include "logfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "../plan/logfile.h"

void logfiles_unit_name(const struct launch *l, char ret[LOGFILES_UNIT_NAME])
{
	const char *at = l->job.instance ? strrchr(l->plan.unit, '@') : NULL;
	size_t n = at ? (size_t)(at - l->plan.unit) + 1 : strlen(l->plan.unit);
	char number[24];

	memcpy(ret, l->plan.unit, n);
	ret[n] = '\0';
	if (at) {
		number_format_u64(number, l->job.instance);
		strcat(ret, number);
		strcat(ret, at + 1);
	}
}

/* Each launcher has a name of its own: two of a unit's may run at once. */
static void fresh_name(char ret[40])
{
	memcpy(ret, ".supd-launch-", sizeof(".supd-launch-"));
	number_format_u64(ret + strlen(ret), (uint64_t)getpid());
}

static int write_fields(int dir, const char *name, const struct tlv_bytes *data)
{
	AUTO_CLOSE int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	return fd < 0 ? -errno : fd_write_full(fd, data->data, data->n);
}

/* Readers see the old one or the new one. */
static int write_one(int dir, const char *unit, const struct plan_log_file *row)
{
	char name[LOGFILES_UNIT_NAME + 32], fresh[40];
	int r = logfile_name((enum logfile_kind)row->kind, unit, name, sizeof(name));

	if (r < 0) {
		return r;
	}
	fresh_name(fresh);
	unlinkat(dir, fresh, 0);
	if (row->kind == LOGFILE_EXTRA_FIELDS) {
		r = write_fields(dir, fresh, &row->data);
	} else {
		r = symlinkat(row->text, dir, fresh) < 0 ? -errno : 0;
	}
	if (r == 0 && renameat(dir, fresh, dir, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		unlinkat(dir, fresh, 0);
	}
	return r;
}

int logfiles_write(int dir, const char *unit, const struct plan_log_file *rows, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		r = write_one(dir, unit, &rows[i]);
	}
	return r;
}

int launch_write_log_files(struct launch *l)
{
	const struct plan_log_file *rows = l->plan.log_files.items;
	AUTO_CLOSE int dir = -1;
	char unit[LOGFILES_UNIT_NAME];
	int r;

	if (!l->job.machine || !l->plan.log_files.n) {
		return 0;
	}
	mkdirat(AT_FDCWD, "/run/systemd", 0755);
	mkdirat(AT_FDCWD, LOGFILE_DIR, 0755);
	dir = open(LOGFILE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	logfiles_unit_name(l, unit);
	r = dir < 0 ? -errno : logfiles_write(dir, unit, rows, l->plan.log_files.n);
	return r < 0 ? launch_fail(l, r, rows[0].origin, "files for journald in ", LOGFILE_DIR) : 0;
}
