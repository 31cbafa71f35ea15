// SPDX-License-Identifier: MIT
/*
 * Type=dbus with Debian's dbus-daemon, which is itself a unit, on a system bus in private
 * namespaces. The names are owned by tests/system/busowner.c.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "knowsupd.h"

#define BUS_CONFIG                                                                                 \
	"<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN'"         \
	" 'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n"                        \
	"<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>"     \
	"<auth>EXTERNAL</auth><policy context='default'><allow user='*'/><allow own='*'/>"         \
	"<allow send_type='method_call'/><allow send_type='signal'/>"                              \
	"<allow send_type='method_return'/><allow send_type='error'/>"                             \
	"<allow receive_type='method_call'/><allow receive_type='signal'/>"                        \
	"<allow receive_type='method_return'/><allow "                                             \
	"receive_type='error'/></policy></busconfig>\n"

static char go[128];

static void touch(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
}

static void unit_of(const char *name, const char *bus_name)
{
	loadf(name,
		"[Unit]\nDefaultDependencies=no\n[Service]\nType=dbus\nBusName=%s\n"
		"Restart=on-failure\nRestartSec=0\nTimeoutStartSec=60\n"
		"ExecStart=%s %s %s\n[Container]\nProfile=compat\n",
		bus_name, getenv("SUPD_BUSOWNER"), bus_name, go);
}

static void test_start_waits_for_the_name(void **state)
{
	(void)state;
	unlink(go);
	unit_of("owner.service", "org.supd.Owner");
	CHECK(sys_ctl(s, "start --no-block owner.service") == 0);
	sys_wait(s, "owner.service", "SubState", "start");
	CHECK(property_equals("owner.service", "ActiveState", "activating"));
	touch(go);
	sys_wait(s, "owner.service", "SubState", "running");
	CHECK(property_equals("owner.service", "BusName", "org.supd.Owner"));
}

static void test_lost_name_is_the_end(void **state)
{
	long pid = sys_number(s, "owner.service", "MainPID");

	(void)state;
	CHECK(pid > 1 && kill((pid_t)pid, SIGKILL) == 0);
	sys_wait(s, "owner.service", "NRestarts", "1");
	sys_wait(s, "owner.service", "SubState", "running");
	CHECK(sys_number(s, "owner.service", "MainPID") != pid);
}

/* A supd that dies between RequestName and the news of it loses nothing: the next one asks. */
static void test_supd_killed_meanwhile(void **state)
{
	pid_t supd = sys_supd_pid(s);

	(void)state;
	unlink(go);
	CHECK(sys_ctl(s, "stop owner.service") == 0);
	CHECK(sys_ctl(s, "start --no-block owner.service") == 0);
	sys_wait(s, "owner.service", "SubState", "start");
	sys_kill_supd(s);
	touch(go);
	sys_wait(s, "owner.service", "SubState", "running");
	CHECK(sys_supd_pid(s) != supd);
	CHECK(property_equals("owner.service", "NRestarts", "0"));
}

/* Who only says so is not believed: the name is another unit's. */
static void test_foreign_owner_does_not_count(void **state)
{
	(void)state;
	loadf("liar.service",
		"[Unit]\nDefaultDependencies=no\n[Service]\nType=dbus\nBusName=org.supd.Owner\n"
		"TimeoutStartSec=1\nExecStart=/bin/sleep infinity\n");
	CHECK(property_equals("owner.service", "SubState", "running"));
	CHECK(sys_ctl(s, "start liar.service") == 1);
	CHECK(property_equals("liar.service", "Result", "timeout"));
	CHECK(property_equals("owner.service", "SubState", "running"));
}

static bool bus_listens(struct sys *sys, void *arg)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = "/run/dbus/system_bus_socket" };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)sys;
	(void)arg;
	return connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

/* Its unit is Type=simple: it is up before it listens. */
static void wait_bus(void)
{
	sys_wait_for(s, "a bus that listens", bus_listens, NULL);
}

/* The bus itself is restarted: who waits for a name is found by the new one. */
static void test_bus_restarts(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "restart bus.service") == 0);
	wait_bus();
	CHECK(sys_ctl(s, "restart owner.service") == 0);
	CHECK(property_equals("owner.service", "SubState", "running"));
}

static int set_up(void **state)
{
	char config[160];
	AUTO_CLOSE int fd = -1;

	(void)state;
	sys_private(NULL);
	s = sys_new();
	CHECK(knowsupd() == 0);
	snprintf(go, sizeof(go), "%s/go", s->dir);
	snprintf(config, sizeof(config), "%s/bus.conf", s->dir);
	fd = open(config, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && fd_write_full(fd, BUS_CONFIG, strlen(BUS_CONFIG)) == 0);
	CHECK(mkdir("/run/dbus", 0755) == 0);
	sys_start(s, NULL);
	loadf("bus.service",
		"[Unit]\nDefaultDependencies=no\n[Service]\n"
		"ExecStart=/usr/bin/dbus-daemon --nofork --nopidfile --config-file=%s\n"
		"[Container]\nProfile=trusted\n",
		config);
	CHECK(sys_ctl(s, "start bus.service") == 0);
	wait_bus();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_waits_for_the_name),
		cmocka_unit_test(test_lost_name_is_the_end),
		cmocka_unit_test(test_supd_killed_meanwhile),
		cmocka_unit_test(test_foreign_owner_does_not_count),
		cmocka_unit_test(test_bus_restarts),
	};

	sys_require();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
