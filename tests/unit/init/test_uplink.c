// SPDX-License-Identifier: MIT
/* What a host that listens late gets: everything, in order, once; of STATUS= the newest. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/init/broker.h"
#include "../../../runtime/init/uplink.h"

static struct broker broker;
static struct table table;
static char dir[64];

static int begin(void **state)
{
	struct broker *b = &broker;

	(void)state;
	memset(b, 0, sizeof(*b));
	memset(&table, 0, sizeof(table));
	b->t = &table;
	b->uplink.fd = -1;
	b->journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	strcpy(dir, "/tmp/supd-uplink-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(table.settings.notify_path, sizeof(table.settings.notify_path), "%s/host", dir);
	return b->journal_fd < 0;
}

static int end(void **state)
{
	(void)state;
	close(broker.journal_fd);
	unlink(table.settings.notify_path);
	rmdir(dir);
	return 0;
}

static int listen_now(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(to.sun_path, table.settings.notify_path, sizeof(to.sun_path) - 1);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void hears(int fd, const char *expected)
{
	char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (!expected) {
		assert_true(n < 0 && errno == EAGAIN);
		return;
	}
	assert_true(n >= 0);
	text[n] = 0;
	assert_string_equal(text, expected);
}

static void test_at_once(void **state)
{
	int fd = listen_now();
	uint64_t at = 0;

	(void)state;
	uplink_send(&broker, "READY=1");
	hears(fd, "READY=1");
	uplink_deadline(&broker, &at);
	assert_int_equal(at, 0);
	close(fd);
}

static void test_late(void **state)
{
	uint64_t at = 0, before, now = now_us();
	int fd;

	(void)state;
	uplink_send(&broker, "STATUS=one");
	uplink_send(&broker, "READY=1");
	uplink_send(&broker, "STATUS=two");
	uplink_send_value(&broker, "X_SYSTEMD_UNIT_ACTIVE", "a.target");
	uplink_send(&broker, "STATUS=three");
	uplink_deadline(&broker, &at);
	assert_true(at > now);
	/* nobody yet: later, and each time later than before */
	before = at;
	uplink_report(&broker, at);
	uplink_deadline(&broker, &at);
	at = broker.uplink.at;
	assert_true(at > before);
	fd = listen_now();
	uplink_report(&broker, at - 1);
	hears(fd, NULL);
	uplink_report(&broker, at);
	hears(fd, "READY=1");
	hears(fd, "X_SYSTEMD_UNIT_ACTIVE=a.target");
	hears(fd, "STATUS=three");
	hears(fd, NULL);
	assert_int_equal(broker.uplink.at, 0);
	uplink_send(&broker, "STOPPING=1");
	hears(fd, "STOPPING=1");
	close(fd);
}

/* After ten minutes without a host an idle machine has no timer any more. */
static void test_never(void **state)
{
	uint64_t now = now_us();
	int fd, tries = 0;

	(void)state;
	uplink_send(&broker, "READY=1");
	while (broker.uplink.at && tries < 1000) {
		assert_true(broker.uplink.at >= now);
		now = broker.uplink.at;
		uplink_report(&broker, now);
		tries++;
	}
	assert_int_equal(broker.uplink.at, 0);
	assert_true(tries > 10 && tries < 40);
	uplink_send(&broker, "STATUS=x");
	assert_int_equal(broker.uplink.n, 0);
	fd = listen_now();
	uplink_send(&broker, "STATUS=y");
	hears(fd, "STATUS=y");
	close(fd);
}

/* What does not fit leaves out the newest: READY=1 stays. At the end there is no later. */
static void test_much(void **state)
{
	char name[200];
	int fd, n = 0;

	(void)state;
	uplink_send(&broker, "READY=1");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (int i = 0; i < 100; i++) {
		uplink_send_value(&broker, "X_SYSTEMD_UNIT_ACTIVE", name);
	}
	assert_true(broker.uplink.n <= sizeof(broker.uplink.kept));
	fd = listen_now();
	broker.phase = PHASE_FINAL;
	uplink_send(&broker, "EXIT_STATUS=0");
	hears(fd, "READY=1");
	/* the socket's queue is shorter than what was kept: what came is in order */
	for (char text[1024]; recv(fd, text, sizeof(text), 0) > 0;) {
		n++;
	}
	assert_true(n > 2);
	close(fd);
}

/* A supervisor that is not there any more is not waited for. */
static void test_parent(void **state)
{
	(void)state;
	strcpy(broker.notify_socket, table.settings.notify_path);
	uplink_send(&broker, "READY=1");
	assert_int_equal(broker.uplink.n, 0);
	assert_int_equal(broker.uplink.at, 0);
}

static void test_nobody(void **state)
{
	(void)state;
	table.settings.notify_path[0] = 0;
	uplink_send(&broker, "READY=1");
	assert_int_equal(broker.uplink.n, 0);
	snprintf(table.settings.notify_path, sizeof(table.settings.notify_path), "%s/host", dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_once, begin, end),
		cmocka_unit_test_setup_teardown(test_late, begin, end),
		cmocka_unit_test_setup_teardown(test_never, begin, end),
		cmocka_unit_test_setup_teardown(test_much, begin, end),
		cmocka_unit_test_setup_teardown(test_parent, begin, end),
		cmocka_unit_test_setup_teardown(test_nobody, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
