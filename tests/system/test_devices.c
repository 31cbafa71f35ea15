// SPDX-License-Identifier: MIT
/*
 * Device units through the real programs, in a network namespace of the test's own: what it
 * announces there is heard by its supd alone. The nodes are names for /dev/null.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define MOUNT(what, where) "[Mount]\nWhat=" what "\nWhere=" where "\nType=tmpfs\n"

/* As the kernel (1) or udevd (2) do; nobody reads what it says. */
static void announce(unsigned group)
{
	static const char text[] = "change@/devices/x";
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = group };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	CHECK(fd >= 0);
	CHECK(sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)) ==
		sizeof(text));
	close(fd);
}

static void plug(const char *path)
{
	CHECK(mknod(path, S_IFCHR | 0600, makedev(1, 3)) == 0);
	announce(1);
}

static void unplug(const char *path)
{
	CHECK(unlink(path) == 0);
	announce(1);
}

static void put(const char *path, const char *text)
{
	char temporary[160];
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	f = fopen(temporary, "we");
	CHECK(f != NULL);
	fputs(text, f);
	CHECK(fclose(f) == 0 && rename(temporary, path) == 0);
}

static bool is_waiting(struct sys *sys, void *arg)
{
	return sys_ctl(sys, "list-jobs") == 0 && sys_said(sys, arg);
}

/* No udevd: the node is enough. The mount waits for it and goes with it. */
static void test_node(void **state)
{
	(void)state;
	load("mnt-n.mount", MOUNT("/dev/shm/n", "/mnt/n"));
	CHECK(property_equals("dev-shm-n.device", "SubState", "dead"));
	CHECK(sys_ctl(s, "start --no-block mnt-n.mount") == 0);
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-n.device");
	CHECK(property_equals("mnt-n.mount", "SubState", "dead"));
	plug("/dev/shm/n");
	sys_wait(s, "mnt-n.mount", "SubState", "mounted");
	CHECK(property_equals("dev-shm-n.device", "SubState", "plugged"));
	CHECK(property_equals("dev-shm-n.device", "ActiveState", "active"));
	CHECK(sys_ctl(s, "stop dev-shm-n.device") != 0);
	CHECK(sys_said(s, "cannot be stopped"));
	unplug("/dev/shm/n");
	sys_wait(s, "mnt-n.mount", "SubState", "dead");
	sys_wait(s, "dev-shm-n.device", "SubState", "dead");
}

/* A device that does not come: what waits for it is told so, after a time of its own. */
static void test_timeout(void **state)
{
	(void)state;
	sys_unit(s, "dev-shm-t.device.d/x.conf", "[Unit]\nJobRunningTimeoutSec=1\n");
	load("mnt-t.mount", MOUNT("/dev/shm/t", "/mnt/t"));
	CHECK(sys_ctl(s, "start mnt-t.mount") != 0);
	CHECK(sys_said(s, "dependency"));
	CHECK(property_equals("mnt-t.mount", "ActiveState", "inactive"));
	CHECK(property_equals("dev-shm-t.device", "JobRunningTimeoutUSec", "1s"));
	CHECK(property_equals("dev-shm-n.device", "JobRunningTimeoutUSec", "1min 30s"));
}

/* supd.conf's time for all devices, and fstab-like ones of single devices above it. */
static void test_default_timeout(void **state)
{
	char path[128];

	(void)state;
	sys_free(s);
	s = sys_new();
	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	put(path, "[supd]\nDefaultDeviceTimeoutSec=1s\n");
	sys_unit(s, "mnt-d.mount", MOUNT("/dev/shm/d", "/mnt/d"));
	sys_unit(s, "mnt-e.mount", MOUNT("/dev/shm/e", "/mnt/e"));
	sys_unit(s, "dev-shm-e.device.d/x.conf", "[Unit]\nJobRunningTimeoutSec=7min\n");
	sys_start(s, NULL);
	CHECK(property_equals("dev-shm-d.device", "JobRunningTimeoutUSec", "1s"));
	CHECK(property_equals("dev-shm-e.device", "JobRunningTimeoutUSec", "7min"));
	CHECK(sys_ctl(s, "start mnt-d.mount") != 0);
	CHECK(sys_said(s, "dependency"));
	sys_free(s);
	s = sys_new();
	sys_start(s, NULL);
}

/* serial-getty@.service and its kin; supd may die while it waits, and when the device goes. */
static void test_crash(void **state)
{
	pid_t supd;

	(void)state;
	load("tty@.service", "[Unit]\nBindsTo=dev-%i.device\nAfter=dev-%i.device\n"
			     "[Service]\nExecStart=/bin/sleep infinity\n");
	load("wants.target", "[Unit]\nWants=tty@shm-c.service\n");
	CHECK(sys_ctl(s, "start --no-block wants.target") == 0);
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-c.device");
	sys_kill_supd(s);
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-c.device");
	plug("/dev/shm/c");
	sys_wait(s, "tty@shm-c.service", "ActiveState", "active");
	sys_kill_supd(s);
	sys_wait(s, "dev-shm-c.device", "SubState", "plugged");
	CHECK(property_equals("tty@shm-c.service", "ActiveState", "active"));
	/* It goes while there is no supd: the next one has heard nothing, and looks. */
	supd = sys_supd_pid(s);
	CHECK(supd > 0 && kill(s->init, SIGSTOP) == 0);
	(void)kill(supd, SIGKILL);
	CHECK(unlink("/dev/shm/c") == 0 && kill(s->init, SIGCONT) == 0);
	sys_wait(s, "tty@shm-c.service", "ActiveState", "inactive");
}

/* The socket of an udevd; backlog 0: one that has ended and left its file. */
static int make_control(int backlog)
{
	const struct sockaddr_un address = { AF_UNIX, "/run/udev/control" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	CHECK(unlink(address.sun_path) == 0 || errno == ENOENT);
	CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(backlog == 0 || listen(fd, backlog) == 0);
	if (backlog == 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* An udevd that is gone, as that of an initramfs, has left its socket's file: nodes count. */
static void test_left_control(void **state)
{
	(void)state;
	CHECK(mkdir("/run/udev", 0755) == 0);
	make_control(0);
	load("mnt-s.mount", MOUNT("/dev/shm/s", "/mnt/s"));
	CHECK(sys_ctl(s, "start --no-block mnt-s.mount") == 0);
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-s.device");
	plug("/dev/shm/s");
	sys_wait(s, "mnt-s.mount", "SubState", "mounted");
}

/* With an udevd its database says what is ready, and under which names. */
static void test_udev(void **state)
{
	static const char tag[] = "/run/udev/tags/systemd/c1:3", data[] = "/run/udev/data/c1:3";

	(void)state;
	CHECK(mkdir("/run/udev/data", 0755) == 0);
	CHECK(mkdir("/run/udev/tags", 0755) == 0 && mkdir("/run/udev/tags/systemd", 0755) == 0);
	int control = make_control(1);

	load("mnt-u.mount", MOUNT("/dev/shm/u", "/mnt/u"));
	load("mnt-alias.mount", MOUNT("/dev/disk/by-label/x", "/mnt/alias"));
	CHECK(sys_ctl(s, "start --no-block mnt-u.mount mnt-alias.mount") == 0);
	plug("/dev/shm/u");
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-u.device");
	put(data, "I:1\nE:SYSTEMD_READY=0\nG:systemd\nQ:systemd\nV:1\n");
	put(tag, "");
	announce(2);
	sys_wait_for(s, "job of the device", is_waiting, (char *)"dev-shm-u.device");
	CHECK(property_equals("mnt-u.mount", "SubState", "dead"));
	put(data, "I:1\nE:SYSTEMD_ALIAS=/x /dev/disk/by-label/x\nG:systemd\nQ:systemd\nV:1\n");
	announce(2);
	sys_wait(s, "mnt-u.mount", "SubState", "mounted");
	sys_wait(s, "mnt-alias.mount", "SubState", "mounted");
	put(data, "I:1\nG:systemd\nV:1\nQ:other\n");
	announce(2);
	sys_wait(s, "mnt-u.mount", "SubState", "dead");
	sys_wait(s, "mnt-alias.mount", "SubState", "dead");
	close(control);
}

int main(void)
{
	static const char *const scratch[] = { "/mnt", "/dev/shm", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_default_timeout),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_left_control),
		cmocka_unit_test(test_udev),
	};

	sys_require();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
