// SPDX-License-Identifier: MIT
/* Where supd's lines and supd-init's own go on a machine whose journald is not there yet. */
#include "../test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/init/broker.h"
#include "../../../runtime/init/logsend.h"

static struct broker broker;
static struct table table;

/* A file of this program's own takes the kernel's log's place. */
static bool replace_kmsg(void)
{
	char path[] = "/tmp/supd-kmsg-XXXXXX";
	AUTO_CLOSE int fd = -1;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		return false;
	}
	fd = mkstemp(path);
	bool done = fd >= 0 && mount(path, "/dev/kmsg", NULL, MS_BIND, NULL) == 0;

	unlink(path);
	return done;
}

static void read_kmsg(char *buf, size_t size)
{
	assert_true(fd_read_text("/dev/kmsg", buf, size) >= 0);
}

static void test_once(void **state)
{
	static struct wire_log log = { .type = WIRE_LOG,
		.text_at = 8,
		.text_size = 5,
		.priority = 4,
		.data = "MESSAGE=hello\n",
		.size = 14 };
	struct broker *b = &broker;
	char text[256];

	(void)state;
	if (!replace_kmsg()) {
		printf("skipped: no mount namespace of one's own here\n");
		skip();
	}
	b->t = &table;
	b->machine = true;
	b->log.missing = true;
	b->logsend.native_fd = b->logsend.journald_fd = -1;
	strcpy(table.settings.runtime_dir, "/nonexistent");
	logsend_forward(b, &log);
	read_kmsg(text, sizeof(text));
	assert_non_null(strstr(text, "supd[0]: hello"));
	/* PID 1 of a machine has told the kernel when it has said it; this process does not. */
	logsend_say(b, "supd ended", "signal", 9);
	read_kmsg(text, sizeof(text));
	assert_null(strstr(text, "supd ended"));
	assert_int_equal(b->logsend.lost, 2); /* nobody else was there to tell */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
