// SPDX-License-Identifier: MIT
/* The real supd between a fake supd-init and an unmodified systemctl. */
#include "../../unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/base/unitname.h"
#include "../../../units/unit.h"
#include "fakeinit.h"

enum {
	WEB,
	READY,
	TARGET,
	ROOT_SLICE,
	N_UNITS,
};

/* The sanitizers' run-time needs calls that the filter refuses, so supd leaves it out. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_FILTER false
#else
#define HAS_FILTER true
#endif

static const char *supd;

struct fixture {
	struct manifest_unit units[N_UNITS];
	struct manifest_service services[2];
	struct manifest_command commands[2];
	const char *argv[2][3];
	struct manifest manifest;
	struct fake fake;
	char out[65536];
};

static void describe_service(struct fixture *x, uint32_t i, const char *name, uint32_t type)
{
	struct manifest_service *s = &x->services[i];
	struct manifest_command *c = &x->commands[i];
	struct manifest_unit *u = &x->units[i];

	*s = (struct manifest_service) { .type = type,
		.restart = RESTART_ON_FAILURE,
		.timeout_start_us = 90 * USEC_PER_SEC,
		.timeout_stop_us = 90 * USEC_PER_SEC,
		.timeout_abort_us = 90 * USEC_PER_SEC,
		.restart_max_delay_us = USEC_INFINITY,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.notify_access = type == SERVICE_NOTIFY ? NOTIFY_MAIN : NOTIFY_NONE,
		.fdstore_max = 4,
		.kill_signal = SIGTERM,
		.final_kill_signal = SIGKILL,
		.watchdog_signal = SIGABRT,
		.reload_signal = SIGHUP,
		.send_sigkill = 1,
		.oom_policy = OOM_POLICY_STOP,
		.profile = "standard" };
	x->argv[i][0] = "/bin/daemon";
	x->argv[i][1] = "--foreground";
	*c = (struct manifest_command) { .phase = PHASE_START, .entry = i, .path = "/bin/daemon" };
	c->argv = (struct tlv_strv) { .items = x->argv[i], .n = 2 };
	*u = (struct manifest_unit) { .name = name,
		.type = UNIT_SERVICE,
		.description = "A daemon for tests",
		.fragment_path = "/nonexistent/unit.service",
		.install_state = INSTALL_DISABLED,
		.slice = ROOT_SLICE,
		.cgroup = name };
	u->service = (struct tlv_array) { .items = s, .n = 1 };
	u->commands = (struct tlv_array) { .items = c, .n = 1 };
}

static void finish_units(struct fixture *x)
{
	x->units[TARGET] = (struct manifest_unit) { .name = "default.target",
		.type = UNIT_TARGET,
		.description = "Nothing",
		.slice = CATALOGUE_NONE };
	x->units[ROOT_SLICE] = (struct manifest_unit) { .name = "-.slice",
		.type = UNIT_SLICE,
		.flags = UNIT_PERPETUAL,
		.slice = CATALOGUE_NONE,
		.cgroup = "" };
	for (uint32_t i = 0; i < N_UNITS; i++) {
		struct manifest_unit *u = &x->units[i];

		u->check_entry = u->clean_entry = u->realize_entry = CATALOGUE_NONE;
		u->job_timeout_us = u->job_running_timeout_us = USEC_INFINITY;
		u->start_limit_interval_us = 10 * USEC_PER_SEC;
		u->start_limit_burst = 5;
	}
	x->manifest = (struct manifest) { .version = MANIFEST_VERSION,
		.default_target = "default.target",
		.unit_path = "/etc/supd:/run/supd/units" };
	x->manifest.units = (struct tlv_array) { .items = x->units, .n = N_UNITS };
}

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	describe_service(x, WEB, "web.service", SERVICE_SIMPLE);
	describe_service(x, READY, "ready.service", SERVICE_NOTIFY);
	finish_units(x);
	fake_init(&x->fake, supd, &x->manifest);
	fake_start_supd(&x->fake, NULL);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	if (getenv("SUPD_TEST_VERBOSE")) {
		printf("last output:\n%s\nlog:\n%.*s\n", x->out, (int)x->fake.log_size,
			x->fake.log);
	}
	fake_fini(&x->fake);
	assert_int_equal(x->fake.malformed, 0);
	free(x);
	return 0;
}

static bool has_logged(struct fake *f, void *user)
{
	return strstr(f->log, user) != NULL;
}

/* Lines go to supd-init, answers to the client: either may be seen first. */
static void wait_log(struct fixture *x, const char *text)
{
	fake_pump_until(&x->fake, has_logged, (void *)(uintptr_t)text);
}

#define SYSTEMCTL(x, ...)                                                                          \
	fake_command(&(x)->fake, (char *[]) { "systemctl", "--user", __VA_ARGS__, NULL },          \
		(x)->out, sizeof((x)->out))

static bool has_run_again(struct fake *f, void *user)
{
	return f->runs[WEB] == *(uint32_t *)user;
}

static bool is_ready(struct fake *f, void *user)
{
	(void)user;
	return f->ready;
}

static void test_start_and_show(void **state)
{
	struct fixture *x = *state;
	char pid[32];

	assert_int_equal(SYSTEMCTL(x, "is-active", "web.service"), 3);
	assert_string_equal(x->out, "inactive\n");
	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	assert_string_equal(x->out, "");
	assert_int_equal(x->fake.runs[WEB], 1);
	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	assert_int_equal(x->fake.runs[WEB], 1);
	assert_int_equal(SYSTEMCTL(x, "is-active", "web.service"), 0);
	assert_string_equal(x->out, "active\n");
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	assert_int_equal(SYSTEMCTL(x, "show", "-p", "MainPID", "--value", "web.service"), 0);
	assert_string_equal(x->out, pid);
	assert_int_equal(SYSTEMCTL(x, "show", "web.service"), 0);
	assert_non_null(strstr(x->out, "Type=simple\n"));
	assert_non_null(strstr(x->out, "ExecStart={ path=/bin/daemon ; argv[]=/bin/daemon "
				       "--foreground ;"));
	assert_non_null(strstr(x->out, "InvocationID=0101010101"));
	assert_non_null(strstr(x->out, "MemoryCurrent=[not set]\n"));
	assert_int_equal(SYSTEMCTL(x, "status", "web.service"), 0);
	assert_non_null(strstr(x->out, "A daemon for tests"));
	assert_non_null(strstr(x->out, "active (running)"));
	assert_int_equal(SYSTEMCTL(x, "list-units", "--no-legend", "--plain"), 0);
	assert_non_null(strstr(x->out, "web.service"));
	assert_int_equal(SYSTEMCTL(x, "show", "default.target", "--", "-.slice"), 0);
	assert_non_null(strstr(x->out, "ActiveState=active"));
	assert_non_null(strstr(x->out, "TasksCurrent="));
	assert_int_equal(SYSTEMCTL(x, "show"), 0);
	assert_non_null(strstr(x->out, "UnitPath=/etc/supd /run/supd/units"));
	assert_int_equal(SYSTEMCTL(x, "status"), 0);
	assert_int_equal(SYSTEMCTL(x, "status", "nothing.service"), 4);
	assert_int_equal(SYSTEMCTL(x, "start", "nothing.service"), 5);
	wait_log(x, "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf\n");
	wait_log(x, "UNIT=web.service\nINVOCATION_ID=01010101");
}

/* supd's own filter is on: mode 2, and no new privileges. */
static void test_filter(void **state)
{
	struct fixture *x = *state;
	char path[64], line[256];
	int found = 0;
	FILE *f;

	if (!HAS_FILTER) {
		print_message("skipped: no filter under a sanitizer\n");
		skip();
	}
	fake_pump_until(&x->fake, is_ready, NULL);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)x->fake.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		found += strcmp(line, "Seccomp:\t2\n") == 0;
		found += strcmp(line, "NoNewPrivs:\t1\n") == 0;
	}
	fclose(f);
	assert_int_equal(found, 2);
}

static void test_stop(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	assert_int_equal(SYSTEMCTL(x, "stop", "web.service"), 0);
	assert_int_equal(SYSTEMCTL(x, "is-active", "web.service"), 3);
	assert_int_equal(SYSTEMCTL(x, "show", "-p", "Result", "--value", "web.service"), 0);
	assert_string_equal(x->out, "success\n");
	assert_int_equal(SYSTEMCTL(x, "list-jobs"), 0);
	assert_non_null(strstr(x->out, "No jobs running."));
}

static void test_restart_after_failure(void **state)
{
	struct fixture *x = *state;
	uint32_t two = 2;

	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	fake_exit_main(&x->fake, WEB, CLD_EXITED, 1);
	fake_pump_until(&x->fake, has_run_again, &two);
	assert_int_equal(SYSTEMCTL(x, "show", "-p", "NRestarts", "--value", "web.service"), 0);
	assert_string_equal(x->out, "1\n");
}

static void test_kill_and_adopt(void **state)
{
	struct fixture *x = *state;
	uint32_t two = 2;

	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	fake_kill_supd(&x->fake);
	fake_start_supd(&x->fake, NULL);
	assert_int_equal(SYSTEMCTL(x, "is-active", "web.service"), 0);
	assert_int_equal(x->fake.runs[WEB], 1);
	x->fake.ready = false;
	fake_kill_supd(&x->fake);
	/* an exit that no supd saw */
	x->fake.event = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	fake_exit_main(&x->fake, WEB, CLD_EXITED, 1);
	close(x->fake.event);
	fake_start_supd(&x->fake, NULL);
	fake_pump_until(&x->fake, has_run_again, &two);
	fake_pump_until(&x->fake, is_ready, NULL);
}

/* The first supd died before it had noted what it starts: the second one starts it. */
static void test_initial_units(void **state)
{
	struct fixture *x = *state;
	uint32_t one = 1;

	fake_kill_supd(&x->fake);
	x->fake.unasked = true;
	fake_start_supd(&x->fake, "web.service");
	fake_pump_until(&x->fake, has_run_again, &one);
	assert_int_equal(SYSTEMCTL(x, "stop", "web.service"), 0);
	fake_kill_supd(&x->fake);
	x->fake.unasked = false;
	fake_start_supd(&x->fake, "web.service");
	assert_int_not_equal(SYSTEMCTL(x, "is-active", "web.service"), 0);
	assert_int_equal(x->fake.runs[WEB], 1);
}

static bool has_run_ready(struct fake *f, void *user)
{
	(void)user;
	return f->runs[READY] == 1 && fake_slot_of(f, READY);
}

static bool is_parked(struct fake *f, void *user)
{
	(void)user;
	return f->parks[0].used;
}

static bool is_parked_nothing(struct fake *f, void *user)
{
	return !is_parked(f, user);
}

static bool has_one_active(struct fake *f, void *user)
{
	/* the perpetual slice and the target count too */
	return f->counts[1] == 0 && f->counts[0] > *(uint32_t *)user;
}

static void test_notify(void **state)
{
	struct fixture *x = *state;
	uint32_t before;
	int fds[2];

	fake_pump_until(&x->fake, is_ready, NULL);
	before = x->fake.counts[0];
	assert_int_equal(SYSTEMCTL(x, "--no-block", "start", "ready.service"), 0);
	fake_pump_until(&x->fake, has_run_ready, NULL);
	assert_int_equal(SYSTEMCTL(x, "is-active", "ready.service"), 3);
	assert_string_equal(x->out, "activating\n");
	fake_notify(&x->fake, READY, "READY=1\nSTATUS=up and well", -1);
	fake_pump_until(&x->fake, has_one_active, &before);
	assert_int_equal(SYSTEMCTL(x, "show", "-p", "StatusText", "--value", "ready.service"), 0);
	assert_string_equal(x->out, "up and well\n");

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fake_notify(&x->fake, READY, "FDSTORE=1\nFDNAME=conn\nFDPOLL=0", fds[0]);
	fake_pump_until(&x->fake, is_parked, NULL);
	assert_int_equal(
		SYSTEMCTL(x, "show", "-p", "NFileDescriptorStore", "--value", "ready.service"), 0);
	assert_string_equal(x->out, "1\n");
	fake_kill_supd(&x->fake);
	fake_start_supd(&x->fake, NULL);
	assert_int_equal(
		SYSTEMCTL(x, "show", "-p", "NFileDescriptorStore", "--value", "ready.service"), 0);
	assert_string_equal(x->out, "1\n");
	/* It hangs up: FDPOLL=0 is what the next supd has to know as well. */
	close(fds[1]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(SYSTEMCTL(x, "show", "-p", "NFileDescriptorStore", "--value",
					 "ready.service"),
			0);
		assert_string_equal(x->out, "1\n");
	}
	fake_notify(&x->fake, READY, "FDSTOREREMOVE=1\nFDNAME=conn", -1);
	fake_pump_until(&x->fake, is_parked_nothing, NULL);
	close(fds[0]);
	assert_int_equal(x->fake.runs[READY], 1);
}

static void test_authorization(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(
		fake_command_as(&x->fake, 65534,
			(char *[]) { "systemctl", "--user", "is-active", "web.service", NULL },
			x->out, sizeof(x->out)),
		3);
	assert_string_equal(x->out, "inactive\n");
	assert_int_not_equal(
		fake_command_as(&x->fake, 65534,
			(char *[]) { "systemctl", "--user", "start", "web.service", NULL }, x->out,
			sizeof(x->out)),
		0);
	assert_int_equal(x->fake.runs[WEB], 0);
	wait_log(x, "StartUnit");
	wait_log(x, "by uid 65534");
}

static void test_reload_and_refusals(void **state)
{
	struct fixture *x = *state;
	char address[128];

	assert_int_equal(SYSTEMCTL(x, "daemon-reload"), 0);
	assert_int_equal(x->fake.catalogues, 1);
	assert_int_not_equal(SYSTEMCTL(x, "set-environment", "A=b"), 0);
	assert_non_null(strstr(x->out, "not done over the bus"));
	fake_pump_until(&x->fake, is_ready, NULL);
	assert_int_equal(SYSTEMCTL(x, "show", "-p", "SystemState", "--value"), 0);
	assert_string_equal(x->out, "running\n");
	/* systemctl looks at files itself on a machine that systemd did not boot */
	snprintf(address, sizeof(address), "--address=unix:path=%s/systemd/private", x->fake.dir);
	assert_int_equal(
		fake_command(&x->fake,
			(char *[]) { "busctl", address, "call", "org.freedesktop.systemd1",
				"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				"GetUnitFileState", "s", "web.service", NULL },
			x->out, sizeof(x->out)),
		0);
	assert_string_equal(x->out, "s \"disabled\"\n");
	/* What supd has no right to do names the command that does it. */
	assert_int_not_equal(
		fake_command(&x->fake,
			(char *[]) { "busctl", address, "call", "org.freedesktop.systemd1",
				"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
				"EnableUnitFiles", "asbb", "2", "web.service", "ready.service",
				"false", "true", NULL },
			x->out, sizeof(x->out)),
		0);
	assert_non_null(strstr(x->out, "use supctl enable web.service ready.service"));
}

/* Rubbish on the control socket costs its sender the connection and nobody else anything. */
static void test_rubbish(void **state)
{
	struct fixture *x = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char rubbish[4096];

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/systemd/private", x->fake.dir);
	memset(rubbish, 0xff, sizeof(rubbish));
	for (int i = 0; i < 8; i++) {
		AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
		(void)!write(fd, i % 2 ? rubbish : "\0AUTH EXTERNAL\r\nBEGIN\r\n", 24);
	}
	assert_int_equal(SYSTEMCTL(x, "is-active", "web.service"), 3);
	assert_string_equal(x->out, "inactive\n");
}

static bool is_power_asked(struct fake *f, void *user)
{
	(void)user;
	return f->power_asked;
}

/* busctl says Hello, which there is no bus daemon to hear. */
static void test_shutdown(void **state)
{
	struct fixture *x = *state;
	char address[128];

	snprintf(address, sizeof(address), "--address=unix:path=%s/systemd/private", x->fake.dir);
	assert_int_equal(SYSTEMCTL(x, "start", "web.service"), 0);
	assert_int_equal(fake_command(&x->fake,
				 (char *[]) { "busctl", address, "call", "org.freedesktop.systemd1",
					 "/org/freedesktop/systemd1",
					 "org.freedesktop.systemd1.Manager", "Exit", NULL },
				 x->out, sizeof(x->out)),
		0);
	fake_pump_until(&x->fake, is_power_asked, NULL);
	assert_int_equal(x->fake.power, WIRE_POWER_EXIT);
	assert_int_equal(
		fake_command(&x->fake,
			(char *[]) { "busctl", address, "introspect", "org.freedesktop.systemd1",
				"/org/freedesktop/systemd1/unit/web_2eservice", NULL },
			x->out, sizeof(x->out)),
		0);
	assert_non_null(strstr(x->out, "org.supd1.Unit"));
	assert_non_null(strstr(x->out, ".FailureText"));
	assert_int_equal(
		fake_slot_of(&x->fake, WEB) &&
			fake_slot_of(&x->fake, WEB)->procs[ENTRY_MAIN].phase == WIRE_PHASE_RUNNING,
		0);
}

/* What each action of a service that has failed with status 7 makes of a machine. */
static const struct {
	enum unit_emergency_action action;
	uint32_t power;
	int32_t begin; /* 1: the action's target stops all in its order */
} actions[] = {
	{ ACTION_REBOOT, WIRE_POWER_REBOOT, 1 },
	{ ACTION_REBOOT_FORCE, WIRE_POWER_REBOOT, 0 },
	{ ACTION_REBOOT_IMMEDIATE, WIRE_POWER_REBOOT, 0 },
	{ ACTION_POWEROFF, WIRE_POWER_POWEROFF, 1 },
	{ ACTION_POWEROFF_FORCE, WIRE_POWER_POWEROFF, 0 },
	{ ACTION_POWEROFF_IMMEDIATE, WIRE_POWER_POWEROFF, 0 },
	{ ACTION_EXIT, WIRE_POWER_EXIT, 1 },
	{ ACTION_EXIT_FORCE, WIRE_POWER_EXIT, 0 },
	{ ACTION_HALT, WIRE_POWER_HALT, 1 },
	{ ACTION_HALT_FORCE, WIRE_POWER_HALT, 0 },
	{ ACTION_HALT_IMMEDIATE, WIRE_POWER_HALT, 0 },
	{ ACTION_KEXEC, WIRE_POWER_KEXEC, 1 },
	{ ACTION_KEXEC_FORCE, WIRE_POWER_KEXEC, 0 },
	{ ACTION_SOFT_REBOOT, WIRE_POWER_SOFT_REBOOT, 1 },
	{ ACTION_SOFT_REBOOT_FORCE, WIRE_POWER_SOFT_REBOOT, 0 },
};

static void check_action(struct fixture *x, size_t i)
{
	bool immediate = actions[i].action == ACTION_REBOOT_IMMEDIATE ||
			 actions[i].action == ACTION_POWEROFF_IMMEDIATE ||
			 actions[i].action == ACTION_HALT_IMMEDIATE;

	describe_service(x, WEB, "web.service", SERVICE_SIMPLE);
	describe_service(x, READY, "ready.service", SERVICE_SIMPLE);
	finish_units(x);
	x->services[WEB].restart = RESTART_NO;
	x->units[WEB].failure_action = actions[i].action;
	fake_init(&x->fake, supd, &x->manifest);
	x->fake.pid1 = true;
	fake_start_supd(&x->fake, NULL);
	assert_int_equal(SYSTEMCTL(x, "start", "web.service", "ready.service"), 0);
	fake_exit_main(&x->fake, WEB, CLD_EXITED, 7);
	fake_pump_until(&x->fake, is_power_asked, NULL);
	assert_int_equal(x->fake.power, actions[i].power);
	assert_int_equal(x->fake.power_number, actions[i].begin);
	if (actions[i].power == WIRE_POWER_EXIT) {
		assert_int_equal(x->fake.power_status, 7);
	}
	/* Forced means that no target is asked, not that services are left running. */
	if (!actions[i].begin && !immediate) {
		const struct fake_slot *ready = fake_slot_of(&x->fake, READY);

		assert_true(!ready || ready->procs[ENTRY_MAIN].phase != WIRE_PHASE_RUNNING);
	}
	fake_fini(&x->fake);
}

static void test_actions(void **state)
{
	AUTO_FREE struct fixture *x = calloc(1, sizeof(*x));

	(void)state;
	assert_non_null(x);
	assert_int_equal(ELEMENTSOF(actions), UNIT_EMERGENCY_ACTION_COUNT - 1);
	for (size_t i = 0; i < ELEMENTSOF(actions); i++) {
		check_action(x, i);
		memset(x, 0, sizeof(*x));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start_and_show, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_after_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill_and_adopt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_initial_units, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_authorization, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_and_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rubbish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shutdown, setup, teardown),
		cmocka_unit_test(test_actions),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: test_supd SUPD\n");
		return 2;
	}
	if (geteuid() != 0 || access("/usr/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs root and systemctl\n");
		return 77;
	}
	supd = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
