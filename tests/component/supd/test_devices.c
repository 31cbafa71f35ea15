// SPDX-License-Identifier: MIT
/*
 * The real supd of a machine beside an udevd's database: SYSTEMD_WANTS=, SYSTEMD_ALIAS= and
 * SYSTEMD_READY=, in mount and network namespaces of the test's own, with a fake supd-init.
 */
#include "../../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/base/unitname.h"
#include "../../../units/unit.h"
#include "fakeinit.h"

enum { ONE, TWO, WANTED, OTHER, DEVICE, ALIAS, ROOT_SLICE, N_UNITS };

static const char *supd;
static struct manifest_unit units[N_UNITS];
static struct manifest_service service;
static struct manifest_command commands[4];
static const char *argv_true[] = { "/bin/true", NULL };
static struct manifest manifest;
static struct fake fake;
static char out[65536];

static void describe(void)
{
	static const char *const names[N_UNITS] = {
		[ONE] = "one.service",
		[TWO] = "two.service",
		[WANTED] = "wanted.service",
		[OTHER] = "other.service",
		[DEVICE] = "dev-shm-w.device",
		[ALIAS] = "dev-of\\x2dalias.device",
		[ROOT_SLICE] = "-.slice",
	};

	service = (struct manifest_service) { .type = SERVICE_SIMPLE,
		.timeout_start_us = 90 * USEC_PER_SEC,
		.timeout_stop_us = 90 * USEC_PER_SEC,
		.timeout_abort_us = 90 * USEC_PER_SEC,
		.restart_max_delay_us = USEC_INFINITY,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.kill_signal = SIGTERM,
		.final_kill_signal = SIGKILL,
		.send_sigkill = 1,
		.profile = "standard" };
	for (uint32_t i = 0; i < N_UNITS; i++) {
		struct manifest_unit *u = &units[i];

		*u = (struct manifest_unit) { .name = names[i],
			.type = i <= OTHER       ? UNIT_SERVICE
				: i < ROOT_SLICE ? UNIT_DEVICE
						 : UNIT_SLICE,
			.slice = i <= OTHER ? ROOT_SLICE : CATALOGUE_NONE,
			.cgroup = i <= OTHER ? names[i] : "",
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY,
			.start_limit_burst = 5,
			.start_limit_interval_us = 10 * USEC_PER_SEC };
		if (i <= OTHER) {
			commands[i] = (struct manifest_command) {
				.phase = PHASE_START, .entry = i, .path = "/bin/true"
			};
			commands[i].argv = (struct tlv_strv) { .items = argv_true, .n = 1 };
			u->service = (struct tlv_array) { .items = &service, .n = 1 };
			u->commands = (struct tlv_array) { .items = &commands[i], .n = 1 };
		}
	}
	units[ROOT_SLICE].flags = UNIT_PERPETUAL;
	manifest = (struct manifest) { .version = MANIFEST_VERSION,
		.default_target = "default.target",
		.unit_path = "/etc/supd" };
	manifest.units = (struct tlv_array) { .items = units, .n = N_UNITS };
}

static int setup(void **state)
{
	(void)state;
	describe();
	fake_init(&fake, supd, &manifest);
	fake.pid1 = true;
	fake_start_supd(&fake, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

/* ---- what the kernel and udevd do ---- */

static void announce(void)
{
	static const char text[] = "change@/devices/x";
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = 2 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(text));
	close(fd);
}

static void put(const char *path, const char *text)
{
	char temporary[160];
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	f = fopen(temporary, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
	assert_int_equal(rename(temporary, path), 0);
}

/* What udevd says of c1:MINOR, then its word that something has changed. */
static void tell(unsigned minor, const char *lines)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/run/udev/data/c1:%u", minor);
	snprintf(text, sizeof(text), "I:1\n%sG:systemd\nQ:systemd\nV:1\n", lines);
	put(path, text);
	snprintf(path, sizeof(path), "/run/udev/tags/systemd/c1:%u", minor);
	put(path, "");
	announce();
}

/* ---- conditions ---- */

static bool has_run(struct fake *f, void *user)
{
	return f->runs[*(uint32_t *)user] > 0;
}

static void wait_run(uint32_t unit)
{
	fake_pump_until(&fake, has_run, &unit);
}

static bool has_logged(struct fake *f, void *user)
{
	return strstr(f->log, user) != NULL;
}

static bool is_sub_state(const char *unit, const char *value)
{
	char *const argv[] = { "systemctl", "--user", "show", "-p", "SubState", "--value",
		(char *)(uintptr_t)unit, NULL };

	assert_int_equal(fake_command(&fake, argv, out, sizeof(out)), 0);
	out[strcspn(out, "\n")] = '\0';
	return strcmp(out, value) == 0;
}

static void wait_sub_state(const char *unit, const char *value)
{
	usec_t end = now_us() + 60 * USEC_PER_SEC;

	while (!is_sub_state(unit, value)) {
		if (now_us() > end) {
			fail_msg("%s is %s, not %s", unit, out, value);
		}
	}
}

/* ---- tests ---- */

/* When a device is ready its units are started: once each time that it becomes so. */
static void test_wants(void **state)
{
	(void)state;
	wait_sub_state("dev-shm-w.device", "dead");
	tell(3, "E:SYSTEMD_WANTS=one.service gone@sd\\x2da.service two.service\n");
	wait_run(ONE);
	wait_run(TWO);
	fake_pump_until(&fake, has_logged,
		(void *)(uintptr_t) "device c1:3 wants gone@sd\\x2da.service: no such unit is "
				    "loaded");
	wait_sub_state("dev-shm-w.device", "plugged");

	/* Told again, and it is the same: nobody is started a second time. */
	fake_exit_main(&fake, ONE, CLD_EXITED, 0);
	wait_sub_state("one.service", "dead");
	tell(3, "E:SYSTEMD_WANTS=one.service\n");
	tell(5, "E:SYSTEMD_WANTS=other.service\n");
	wait_run(OTHER);
	assert_int_equal(fake.runs[ONE], 1);

	/* Not ready is gone; ready again is a new device. */
	tell(3, "E:SYSTEMD_READY=0\nE:SYSTEMD_WANTS=wanted.service one.service\n");
	wait_sub_state("dev-shm-w.device", "dead");
	assert_int_equal(fake.runs[WANTED], 0);
	tell(3, "E:SYSTEMD_READY=1\nE:SYSTEMD_WANTS=wanted.service one.service\n");
	wait_run(WANTED);
	assert_int_equal(fake.runs[TWO], 1);
}

/* What was there before supd came is known, and wants nothing: it was told to the one before. */
static void test_adopted(void **state)
{
	(void)state;
	wait_sub_state("dev-shm-w.device", "dead"); /* who answers has looked */
	tell(3, "E:SYSTEMD_WANTS=one.service\n");
	wait_run(ONE);
	fake_exit_main(&fake, ONE, CLD_EXITED, 0);
	wait_sub_state("one.service", "dead");
	fake_kill_supd(&fake);
	fake_start_supd(&fake, NULL);
	wait_sub_state("dev-shm-w.device", "plugged");
	tell(5, "E:SYSTEMD_WANTS=other.service\n");
	wait_run(OTHER);
	assert_int_equal(fake.runs[ONE], 1);
}

/* A further name of the device is a unit as good as the first one. */
static void test_alias(void **state)
{
	(void)state;
	wait_sub_state("dev-of\\x2dalias.device", "dead");
	tell(3, "E:SYSTEMD_ALIAS=/x/y /dev/of-alias\n");
	wait_sub_state("dev-of\\x2dalias.device", "plugged");
	wait_sub_state("dev-shm-w.device", "plugged");
	tell(3, "E:SYSTEMD_ALIAS=/x/y\n");
	wait_sub_state("dev-of\\x2dalias.device", "dead");
	assert_true(is_sub_state("dev-shm-w.device", "plugged"));
}

static int clear(void **state)
{
	(void)state;
	(void)unlink("/run/udev/data/c1:3");
	(void)unlink("/run/udev/data/c1:5");
	(void)unlink("/run/udev/tags/systemd/c1:3");
	(void)unlink("/run/udev/tags/systemd/c1:5");
	return setup(state);
}

/* An udevd counts while it listens: the socket is open until the test ends. */
static void listen_as_udevd(void)
{
	const struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/run/udev/control" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
}

/* 0, or -errno: no namespaces here. */
static int make_private(void)
{
	static const char *const dirs[] = { "/run/udev", "/run/udev/data", "/run/udev/tags",
		"/run/udev/tags/systemd" };

	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 ||
		mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID, "mode=0755") < 0) {
		return -errno;
	}
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		assert_int_equal(mkdir(dirs[i], 0755), 0);
	}
	listen_as_udevd();
	assert_int_equal(mknod("/dev/shm/w", S_IFCHR | 0600, makedev(1, 3)), 0);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wants, clear, teardown),
		cmocka_unit_test_setup_teardown(test_adopted, clear, teardown),
		cmocka_unit_test_setup_teardown(test_alias, clear, teardown),
	};
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: test_devices SUPD\n");
		return 2;
	}
	if (geteuid() != 0 || access("/usr/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs root and systemctl\n");
		return 77;
	}
	supd = argv[1];
	r = make_private();
	if (r < 0) {
		printf("skipped: no namespaces of its own (%s)\n", strerror(-r));
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
