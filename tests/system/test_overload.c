// SPDX-License-Identifier: MIT
/*
 * Too little of something, or too much: descriptors, room on a disk, cgroups, clients, datagrams.
 * Each time the message names what is missing, everything else goes on, and what failed works
 * again as soon as there is enough.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "rlimit.h"

#define CALLS  1000
#define RANGES 40 /* more than a page of the table of ids has room for */
#define FLOOD  100000

static const char *payload;

static const char *below(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	return path;
}

static void check_good(void)
{
	CHECK(sys_ctl(s, "start good.service") == 0);
	CHECK(property_equals("good.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop good.service") == 0);
	CHECK(property_equals("good.service", "Result", "success"));
}

static void check_fails(const char *unit, const char *says)
{
	CHECK(sys_ctl(s, "start %s", unit) == 1);
	CHECK(sys_said(s, unit) && sys_said(s, says));
	CHECK(property_equals(unit, "ActiveState", "failed"));
	wait_log(unit, says);
}

static void check_works(const char *unit)
{
	CHECK(sys_ctl(s, "start %s", unit) == 0);
	CHECK(property_equals(unit, "SubState", "running"));
	CHECK(sys_ctl(s, "stop %s", unit) == 0);
}

/* ---- cgroups ---- */

static void write_cgroup(const char *value)
{
	char path[256];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "%s/system.slice/cgroup.max.descendants", s->cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value));
}

static void test_no_cgroup(void **state)
{
	(void)state;
	loadf("grouped.service", "[Service]\nExecStart=%s pause\n", payload);
	CHECK(sys_ctl(s, "start keep.service") == 0);
	write_cgroup("0");
	check_fails("grouped.service", "cgroup: system.slice/grouped.service");
	CHECK(property_equals("grouped.service", "Result", "resources"));
	CHECK(property_equals("keep.service", "SubState", "running"));
	write_cgroup("max");
	check_works("grouped.service");
	check_good();
}

/* ---- descriptors ---- */

/* Lets supd-init have no descriptor more than it has. The hard limit stays: it is for ever. */
static void limit_files(struct rlimit *ret_old)
{
	struct rlimit none;
	char path[64];

	CHECK(prlimit(s->init, RLIMIT_NOFILE, NULL, ret_old) == 0);
	none = *ret_old;
	for (none.rlim_cur = 0;; none.rlim_cur++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)s->init, (int)none.rlim_cur);
		if (access(path, F_OK) < 0) {
			break;
		}
	}
	CHECK(prlimit(s->init, RLIMIT_NOFILE, &none, NULL) == 0);
}

static void test_no_descriptors(void **state)
{
	struct rlimit old;

	(void)state;
	loadf("opener.service", "[Service]\nExecStart=%s pause\n", payload);
	CHECK(sys_ctl(s, "start keep.service") == 0);
	limit_files(&old);
	check_fails("opener.service", "Too many open files");
	CHECK(property_equals("keep.service", "SubState", "running"));
	CHECK(prlimit(s->init, RLIMIT_NOFILE, &old, NULL) == 0);
	check_works("opener.service");
	check_good();
}

static rlim_t first_free_file(pid_t pid)
{
	char path[64];
	rlim_t n = 0;

	do {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)n);
	} while (access(path, F_OK) == 0 && ++n);
	return n;
}

static int connect_control(void);

#define HELD 32

/* The server answers, or hangs up. */
static bool is_served(int fd)
{
	static const char auth[] = "\0AUTH EXTERNAL 30\r\n";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	(void)send(fd, auth, sizeof(auth) - 1, MSG_NOSIGNAL);
	CHECK(poll(&p, 1, SYS_WITHIN_SEC * 1000) == 1);
	return recv(fd, &byte, 1, 0) == 1;
}

/* A client for which supd has no descriptor is sent away, and the log says why. */
static void test_no_descriptors_in_supd(void **state)
{
	pid_t supd = sys_supd_pid(s);
	int held[HELD], i = 0;
	rlim_t n;

	(void)state;
	CHECK(sys_ctl(s, "start keep.service") == 0);
	n = first_free_file(supd);
	CHECK(rlimit_soft(supd, RLIMIT_NOFILE, n));
	/* What the client before has left may still be free. */
	while (i < HELD && is_served(held[i] = connect_control())) {
		i++;
	}
	CHECK(i < HELD);
	close(held[i]);
	CHECK(rlimit_soft(supd, RLIMIT_NOFILE, RLIM_INFINITY));
	while (i-- > 0) {
		close(held[i]);
	}
	wait_log("", "control: no descriptor left (RLIMIT_NOFILE)");
	CHECK(sys_supd_pid(s) == supd);
	CHECK(property_equals("keep.service", "SubState", "running"));
	check_good();
}

/* ---- disks ---- */

/* Writes until the disk is full. */
static void fill_disk(const char *name)
{
	static const char zeros[4096];
	AUTO_CLOSE int fd = open(below(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0) {
	}
	while (write(fd, zeros, 1) > 0) {
	}
	CHECK(errno == ENOSPC);
}

static void test_full_logs(void **state)
{
	(void)state;
	fill_disk("log/filler");
	loadf("chatty.service",
		"[Service]\nType=notify\nExecStart=%s lines=20000 say=READY=1 pause\n", payload);
	/* It is not held up. Who reads its log is told when there is room again. */
	CHECK(sys_ctl(s, "start chatty.service") == 0);
	CHECK(property_equals("chatty.service", "SubState", "running"));
	check_good();
	CHECK(unlink(below("log/filler")) == 0);
	loadf("later.service", "[Service]\nExecStart=%s print=room-again pause\n", payload);
	CHECK(sys_ctl(s, "start later.service") == 0);
	wait_log("later.service", "room-again");
	wait_log("chatty.service", " messages lost: No space left on device");
	CHECK(sys_ctl(s, "stop later.service chatty.service") == 0);
}

static int inodes(bool make)
{
	char path[300];
	int n = 0;

	for (bool ok = true; ok; n += ok) {
		snprintf(path, sizeof(path), "%s/run/fill-%d", s->dir, n);
		ok = (make ? mknod(path, S_IFREG | 0600, 0) : unlink(path)) == 0;
	}
	return n;
}

static void test_full_runtime(void **state)
{
	(void)state;
	loadf("sitting.service",
		"[Service]\nType=notify\nRuntimeDirectory=sitting\nExecStart=%s say=READY=1 "
		"pause\n",
		payload);
	CHECK(sys_ctl(s, "start keep.service") == 0);
	CHECK(inodes(true) > 0);
	check_fails("sitting.service", "No space left on device");
	CHECK(property_equals("keep.service", "SubState", "running"));
	CHECK(sys_ctl(s, "restart keep.service") == 0);
	CHECK(inodes(false) > 0);
	check_works("sitting.service");
	check_good();
}

static void test_full_state(void **state)
{
	(void)state;
	char text[256];

	fill_disk("state/filler");
	for (int i = 0; i < RANGES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "range-%d.service", i);
		snprintf(text, sizeof(text),
			"[Service]\nExecStart=%s pause\n[Container]\nProfile=strict\n", payload);
		sys_unit(s, name, text);
	}
	snprintf(text, sizeof(text),
		"%s/range-%d.service: error: cannot get an id range: writing idtable in the state "
		"directory: No space left on device",
		s->units, RANGES - 1);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_said(s, text));
	CHECK(sys_ctl(s, "start range-%d.service", RANGES - 1) != 0);
	CHECK(sys_said(s, "cannot get an id range") && sys_said(s, "No space left on device"));
	CHECK(property_equals("keep.service", "LoadState", "loaded"));
	check_good();
	CHECK(unlink(below("state/filler")) == 0);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(!sys_said(s, "cannot get an id range"));
	check_works("range-0.service");
	snprintf(text, sizeof(text), "range-%d.service", RANGES - 1);
	check_works(text);
	check_good();
}

/* ---- clients ---- */

static int connect_control(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/run/control", s->dir);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

static void test_garbage_client(void **state)
{
	static const char begin[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
	pid_t supd = sys_supd_pid(s);
	char noise[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (char)(i * 2654435761u >> 7);
	}
	for (int i = 0; i < 20; i++) {
		AUTO_CLOSE int raw = connect_control();
		AUTO_CLOSE int known = connect_control();

		CHECK(send(raw, noise, sizeof(noise), MSG_NOSIGNAL) > 0);
		CHECK(send(known, begin, sizeof(begin) - 1, MSG_NOSIGNAL) > 0);
		send(known, noise, sizeof(noise), MSG_NOSIGNAL);
	}
	check_good();
	CHECK(sys_supd_pid(s) == supd);
}

static void test_half_message(void **state)
{
	/* A call whose header says that more comes, and nothing does. */
	static const char half[] = "\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"
				   "l\1\0\1\0\1\0\0\1\0\0\0\x80\0\0\0\1\1o\0";
	AUTO_CLOSE int one = connect_control();
	AUTO_CLOSE int two = connect_control();
	pid_t supd = sys_supd_pid(s);

	(void)state;
	CHECK(send(one, half, sizeof(half) - 1, MSG_NOSIGNAL) > 0);
	CHECK(send(two, half, 10, MSG_NOSIGNAL) == 10);
	check_good();
	CHECK(sys_supd_pid(s) == supd);
}

static sd_bus *bus_open(void)
{
	char address[160];
	sd_bus *bus = NULL;

	snprintf(address, sizeof(address), "unix:path=%s/run/control", s->dir);
	CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, address) >= 0);
	CHECK(sd_bus_start(bus) >= 0);
	return bus;
}

static void test_silent_reader(void **state)
{
	pid_t supd = sys_supd_pid(s);
	sd_bus *bus = bus_open();

	(void)state;
	for (int i = 0; i < CALLS; i++) {
		CHECK(sd_bus_call_method_async(bus, NULL, "org.freedesktop.systemd1",
			      "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
			      "ListUnits", NULL, NULL, NULL) >= 0);
	}
	check_good();
	CHECK(sys_supd_pid(s) == supd);
	sd_bus_unref(bus);
	check_good();
}

/* ---- datagrams ---- */

static void test_notify_flood(void **state)
{
	(void)state;
	loadf("flood.service", "[Service]\nType=notify\nExecStart=%s say=READY=1 flood=%d pause\n",
		payload, FLOOD);
	loadf("calm.service", "[Service]\nType=notify\nExecStart=%s say=READY=1 pause\n", payload);
	CHECK(sys_ctl(s, "start flood.service") == 0);
	do {
		CHECK(sys_ctl(s, "start calm.service") == 0);
		CHECK(property_equals("calm.service", "SubState", "running"));
		CHECK(sys_ctl(s, "stop calm.service") == 0);
		CHECK(sys_ctl(s, "reset-failed") == 0);
	} while (!property_equals("flood.service", "StatusText", "flood 1"));
	CHECK(property_equals("flood.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop flood.service") == 0);
}

static void small_disk(const char *name, const char *options)
{
	CHECK(mkdir(below(name), 0755) == 0);
	CHECK(mount("tmpfs", below(name), "tmpfs", MS_NOSUID | MS_NODEV, options) == 0);
}

static int setup_disks(void **state)
{
	(void)state;
	s = sys_new();
	payload = sys_payload(s);
	small_disk("log", "size=8m,mode=0755");
	small_disk("state", "size=1m,mode=0755");
	small_disk("run", "size=64m,nr_inodes=400,mode=0755");
	sys_start(s, NULL);
	loadf("keep.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s pause\n",
		payload);
	loadf("good.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s pause\n",
		payload);
	check_good();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_cgroup),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_no_descriptors_in_supd),
		cmocka_unit_test(test_garbage_client),
		cmocka_unit_test(test_half_message),
		cmocka_unit_test(test_silent_reader),
		cmocka_unit_test(test_notify_flood),
		cmocka_unit_test(test_full_state),
		cmocka_unit_test(test_full_runtime),
		cmocka_unit_test(test_full_logs),
	};

	sys_require();
	/* The small disks below go away with the namespace. */
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_disks, teardown);
}
