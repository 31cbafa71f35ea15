// SPDX-License-Identifier: MIT
/*
 * Kinds of sockets that ordinary daemons seldom have: netlink, message queues, special files,
 * vsock, and FlushPending=. The service writes what its descriptor is into a file, a line for each
 * start.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <mqueue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char out[128];

static void load_socket(const char *name, const char *lines, const char *end)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.service", name);
	snprintf(out, sizeof(out), "%s/%s.out", s->dir, name);
	loadf(file,
		"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'readlink /proc/self/fd/3 >>%s%s'\n"
		"[Container]\nProfile=trusted\n",
		out, end);
	snprintf(file, sizeof(file), "%s.socket", name);
	loadf(file, "[Socket]\n%s", lines);
	CHECK(sys_ctl(s, "start %s.socket", name) == 0);
}

struct lines {
	const char *text;
	unsigned n;
};

/* So many starts, each with that descriptor. */
static bool has_lines(struct sys *sys, void *arg)
{
	const struct lines *l = arg;
	char line[256];
	unsigned n = 0;
	FILE *f = fopen(out, "re");

	(void)sys;
	while (f && fgets(line, sizeof(line), f)) {
		n += strncmp(line, l->text, strlen(l->text)) == 0;
	}
	if (f) {
		fclose(f);
	}
	return n >= l->n;
}

static void wait_lines(const char *text, unsigned n)
{
	struct lines l = { text, n };

	sys_wait_for(s, text, has_lines, &l);
}

#define STAY "; exec sleep infinity"

static void test_netlink(void **state)
{
	static const char text[] = "change@/devices/x";
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	(void)state;
	CHECK(fd >= 0);
	load_socket("nl", "ListenNetlink=kobject-uevent 1\n", STAY);
	CHECK(property_equals("nl.socket", "SubState", "listening"));
	CHECK(sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)) > 0);
	close(fd);
	wait_lines("socket:[", 1);
	CHECK(sys_ctl(s, "stop nl.socket nl.service") == 0);
}

static void test_queue(void **state)
{
	struct mq_attr attr;
	char name[64], line[256];
	mqd_t q;

	(void)state;
	snprintf(name, sizeof(name), "/supd-test-%d", (int)getpid());
	snprintf(line, sizeof(line),
		"ListenMessageQueue=%s\nMessageQueueMaxMessages=3\nMessageQueueMessageSize=16\n"
		"RemoveOnStop=yes\n",
		name);
	load_socket("mq", line, STAY);
	q = mq_open(name, O_WRONLY | O_CLOEXEC);
	CHECK(q >= 0);
	CHECK(mq_getattr(q, &attr) == 0 && attr.mq_maxmsg == 3 && attr.mq_msgsize == 16);
	CHECK(mq_send(q, "hello", 5, 0) == 0);
	mq_close(q);
	wait_lines(name, 1);
	CHECK(sys_ctl(s, "stop mq.socket mq.service") == 0);
	q = mq_open(name, O_WRONLY | O_CLOEXEC);
	CHECK(q < 0 && errno == ENOENT);
}

static void test_special(void **state)
{
	(void)state;
	load_socket("special", "ListenSpecial=/dev/zero\n", STAY);
	wait_lines("/dev/zero", 1);
	CHECK(sys_ctl(s, "stop special.socket special.service") == 0);
	load("plain.service", "[Service]\nExecStart=/bin/true\n");
	loadf("plain.socket", "[Socket]\nListenSpecial=%s\n", s->units);
	CHECK(sys_ctl(s, "start plain.socket") != 0); /* a directory is none */
}

/* What waits is thrown away when the service has ended, and starts it no more. */
static void test_flush(void **state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char line[256];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	CHECK(fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/flush.sock", s->dir);
	snprintf(line, sizeof(line), "ListenDatagram=%s\nFlushPending=yes\n", to.sun_path);
	load_socket("flush", line, "");
	for (unsigned i = 1; i <= 2; i++) {
		CHECK(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
		wait_lines("socket:[", i);
		sys_wait(s, "flush.service", "ActiveState", "inactive");
		sys_wait(s, "flush.socket", "SubState", "listening");
	}
	close(fd);
	CHECK(property_equals("flush.socket", "Result", "success"));
	CHECK(sys_ctl(s, "stop flush.socket") == 0);
}

static void test_vsock(void **state)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = 40000 + (unsigned)getpid() % 20000 };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[64];

	(void)state;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		printf("vsock: the kernel has no loopback (%s): not tested here\n",
			strerror(errno));
		close(fd);
		skip();
	}
	close(fd);
	snprintf(line, sizeof(line), "ListenStream=vsock:1:%u\n", at.svm_port);
	load_socket("vs", line, STAY);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	wait_lines("socket:[", 1);
	close(fd);
	CHECK(sys_ctl(s, "stop vs.socket vs.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netlink),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_vsock),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
