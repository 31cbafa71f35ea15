// SPDX-License-Identifier: MIT
#include "logtell.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 512u

void logtell(const char *text)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[TEXT_MAX];
	int n = snprintf(line, sizeof(line) - 1, "supd-log: %s", text);
	size_t size = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;

	line[size++] = '\n';
	if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT && write(p.fd, line, size) < 0) {
		return; /* nobody to tell */
	}
}

void logtell_unit(struct logstore *store, const char *unit, const char *text)
{
	struct log_record r = {
		.priority = 3,
		.pid = (uint32_t)getpid(),
		.uid = getuid(),
		.identifier = "supd-log",
		.message = text,
		.message_size = strlen(text),
	};
	struct logunit *u = logstore_ref(store, unit);

	if (u) {
		logstore_put(store, u, &r, false);
		logstore_flush(store);
		logstore_unref(store, u);
	}
}

void logtell_loss(struct logstore *store)
{
	char unit[LIMIT_UNIT_NAME], text[LIMIT_UNIT_NAME + 128];
	int error;

	if (logstore_take_loss(store, unit, &error)) {
		snprintf(text, sizeof(text), "what %s says is lost: %s", unit,
			strerrordesc_np(error));
		logtell(text);
	}
}
