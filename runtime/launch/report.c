// SPDX-License-Identifier: MIT
#include "launch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/fd.h"
#include "missing.h"

static void append(char *buf, size_t size, const char *text)
{
	size_t at = strlen(buf);
	size_t n = strlen(text);

	if (n > size - 1 - at) {
		n = size - 1 - at;
	}
	memcpy(buf + at, text, n);
	buf[at + n] = '\0';
}

int launch_fail(struct launch *l, int error, const char *origin, const char *a, const char *b)
{
	l->text[0] = '\0';
	append(l->text, sizeof(l->text), a);
	if (b) {
		append(l->text, sizeof(l->text), b);
	}
	l->origin[0] = '\0';
	if (!origin) {
		origin = l->plan.origin ? l->plan.origin : "";
	}
	append(l->origin, sizeof(l->origin), origin);
	return error;
}

int launch_report(struct launch *l, enum launch_report_type type, uint32_t step, int32_t value)
{
	struct launch_report r = {
		.magic = LAUNCH_MAGIC,
		.type = type,
		.step = step,
		.value = value,
	};

	return fd_send(l->sock, &r, sizeof(r), NULL, 0, 0);
}

int launch_report_fds(struct launch *l, const uint32_t *tags, const int *fds, uint32_t n)
{
	struct launch_report r = { .magic = LAUNCH_MAGIC, .type = LAUNCH_FDS, .n_tags = n };

	memcpy(r.tags, tags, n * sizeof(*tags));
	return fd_send(l->sock, &r, sizeof(r), fds, n, 0);
}

/* By write(2): this is also used behind a seccomp filter, where sendmsg may be refused. */
void launch_report_failed(struct launch *l, enum launch_step step, int error)
{
	struct launch_report r = {
		.magic = LAUNCH_MAGIC,
		.type = LAUNCH_FAILED,
		.step = step,
		.value = error < 0 ? -error : error,
	};

	if (!l->origin[0]) {
		append(l->origin, sizeof(l->origin), l->plan.origin ? l->plan.origin : "");
	}
	missing_explain(l, error);
	memcpy(r.text, l->text, sizeof(r.text));
	memcpy(r.origin, l->origin, sizeof(r.origin));
	while (write(l->sock, &r, sizeof(r)) < 0 && errno == EINTR) {
	}
}

int launch_run(struct launch *l, const struct launch_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		l->text[0] = '\0';
		l->origin[0] = '\0';
		r = rows[i].run(l);
		if (r < 0) {
			launch_report_failed(l, rows[i].step, r);
			return r;
		}
	}
	return 0;
}
