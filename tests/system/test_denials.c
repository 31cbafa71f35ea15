// SPDX-License-Identifier: MIT
/*
 * What a service was denied: a line in its log for each call, once, with the setting and the way
 * out, which then works; the counts; and starts that fail because of a wall, which name it.
 *
 * The kernel's records come in the host's network namespace only, so supd runs in that.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ask.h"

#define STRINGIFY(x) #x
#define NUMBER(x)    STRINGIFY(x)
#define KEYCTL       NUMBER(250)
#define UNSHARE      NUMBER(272)
#define SYSLOG       NUMBER(103)

_Static_assert(SYS_keyctl == 250 && SYS_unshare == 272 && SYS_syslog == 103, "numbers");

static bool told; /* there is an audit socket here */

/* Again and again, from a process that stays until its records have been read. */
#define ASKS "ExecStart=DIR/probe again:" KEYCTL "," UNSHARE "," SYSLOG "\n"

struct wanted {
	const char *unit, *text;
};

static bool denials_say(struct sys *sys, void *arg)
{
	const struct wanted *w = arg;

	return sys_ctl(sys, "denials %s", w->unit) == 0 && sys_said(sys, w->text);
}

static bool log_says(struct sys *sys, void *arg)
{
	const struct wanted *w = arg;

	return sys_ctl(sys, "logs -o cat %s", w->unit) == 0 && sys_said(sys, w->text);
}

static void wait_denial(const char *name, const char *text)
{
	struct wanted w = { name, text };

	sys_wait_for(s, text, denials_say, &w);
	sys_wait_for(s, text, log_says, &w);
}

static unsigned count(const char *text, const char *in)
{
	unsigned n = 0;

	for (; (in = strstr(in, text)); in++) {
		n++;
	}
	return n;
}

static void hold(const char *name, const char *text)
{
	unit(name, text);
	CHECK(sys_ctl(s, "start %s", name) == 0);
	wait_answer(name, "holding");
}

static void test_lines(void **state)
{
	(void)state;
	if (!told) {
		skip();
	}
	hold("web.service", "[Service]\nRestrictNamespaces=yes\n" ASKS);
	wait_denial("web.service", "keyctl(2) denied by SystemCallFilter= (standard profile); it "
				   "would be allowed by SystemCallFilter=@keyring @system-service");
	wait_denial("web.service", "unshare(2) denied by RestrictNamespaces= (web.service:2); it "
				   "would be allowed by a RestrictNamespaces= with its kind");
	wait_denial("web.service", "syslog(2) denied by SystemCallFilter= (standard profile)");
	/* Each once in the log, however often it was tried. */
	CHECK(sys_ctl(s, "logs -o cat web.service") == 0);
	CHECK(count("web.service: keyctl(2) denied", s->output) == 1);
	CHECK(count("web.service: unshare(2) denied", s->output) == 1);
	/* The others' are not its. */
	hold("calm.service", "[Service]\nExecStart=DIR/probe hold\n");
	CHECK(sys_ctl(s, "denials calm.service") == 0 && !sys_said(s, "denied by"));
	CHECK(sys_ctl(s, "stop web.service calm.service") == 0);
}

static bool counted(struct sys *sys, void *arg)
{
	const char *row;
	long n;

	(void)arg;
	if (sys_ctl(sys, "denials --json twice.service") != 0) {
		return false;
	}
	row = strstr(sys->output, "keyctl(2)");
	row = row ? strstr(row, "\"count\":") : NULL;
	n = row ? strtol(row + strlen("\"count\":"), NULL, 10) : 0;
	return n > 2;
}

static void test_count(void **state)
{
	(void)state;
	if (!told) {
		skip();
	}
	hold("twice.service", "[Service]\n" ASKS);
	sys_wait_for(s, "more than two denials", counted, NULL);
	CHECK(sys_ctl(s, "stop twice.service") == 0);
}

static bool is_gone(struct sys *sys, void *arg)
{
	(void)sys;
	return kill(*(const pid_t *)arg, 0) < 0 && errno == ESRCH;
}

/* Nobody can ask for the cgroup of who has ended: the id tells whose it was. */
static void test_ended(void **state)
{
	pid_t main_pid;

	(void)state;
	if (!told) {
		skip();
	}
	hold("brief.service", "[Service]\nExecStart=DIR/probe brief:" KEYCTL "\n");
	main_pid = (pid_t)sys_number(s, "brief.service", "MainPID");
	CHECK(main_pid > 1 && kill(sys_supd_pid(s), SIGSTOP) == 0);
	CHECK(kill(main_pid, SIGUSR1) == 0);
	sys_wait_for(s, "the end of brief.service", is_gone, &main_pid);
	(void)kill(sys_supd_pid(s), SIGCONT);
	wait_denial("brief.service", "keyctl(2) denied by SystemCallFilter= (standard profile)");
}

/* What the line says would allow it does. */
static void test_way_out(void **state)
{
	(void)state;
	run("denied.service", "[Service]\nExecStart=DIR/probe self:" KEYCTL " self:" UNSHARE "\n");
	EXPECT({ "self:" KEYCTL, "EPERM" }, { "self:" UNSHARE, "EPERM" });
	run("allowed.service",
		"[Service]\nSystemCallFilter=@keyring @system-service\nRestrictNamespaces=no\n"
		"ExecStart=DIR/probe self:" KEYCTL " self:" UNSHARE "\n");
	EXPECT({ "self:" KEYCTL, "!EPERM" }, { "self:" UNSHARE, "!EPERM" });
}

/* Units that cannot start because of a wall, and what their log says. */
static const struct {
	const char *name, *text, *said;
} failing[] = {
	{ "exec.service", "NoExecPaths=/\nExecPaths=/usr\nExecStart=DIR/probe hold\n",
		"(NoExecPaths=, exec.service:2)" },
	{ "hidden.service", "InaccessiblePaths=DIR/probe\nExecStart=DIR/probe hold\n",
		"(InaccessiblePaths=, hidden.service:2)" },
	{ "home.service", "WorkingDirectory=/root/x\nExecStart=/bin/true\n",
		"(ProtectHome=, profile standard)" },
	{ "dir.service", "InaccessiblePaths=/srv\nWorkingDirectory=/srv\nExecStart=/bin/true\n",
		"chdir /srv: Permission denied (InaccessiblePaths=, dir.service:2)" },
	{ "bind.service", "BindPaths=/srv/not-there:/mnt\nExecStart=/bin/true\n",
		"(BindPaths=, bind.service:2)" },
	{ "paths.service", "ReadWritePaths=/srv/not-there\nExecStart=/bin/true\n",
		"(ReadWritePaths=, paths.service:2)" },
	{ "root.service", "RootDirectory=/srv/not-there\nExecStart=/bin/true\n", "/srv/not-there" },
	{ "netns.service", "NetworkNamespacePath=/srv/not-there\nExecStart=/bin/true\n",
		"/srv/not-there" },
	{ "label.service", "AppArmorProfile=not-there\nExecStart=/bin/true\n", "AppArmorProfile" },
	{ "cred.service", "LoadCredential=a:/srv/not-there\nExecStart=/bin/true\n",
		"cred.service:2" },
	{ "iface.service", "RestrictNetworkInterfaces=~not-there0\nExecStart=/bin/true\n",
		"not-there0" },
	{ "tty.service", "TTYPath=/dev/not-there\nStandardInput=tty-fail\nExecStart=/bin/true\n",
		"open /dev/not-there" },
	{ "env.service", "EnvironmentFile=/srv/not-there\nExecStart=/bin/true\n",
		"/srv/not-there" },
};

static void test_failed_starts(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(failing); i++) {
		struct wanted w = { failing[i].name, failing[i].said };

		snprintf(text, sizeof(text), "[Service]\n%s", failing[i].text);
		unit(failing[i].name, text);
		CHECK(sys_ctl(s, "start %s", failing[i].name) != 0);
		sys_wait_for(s, failing[i].said, log_says, &w);
		CHECK(strcmp(sys_text(s, failing[i].name, "ActiveState"), "failed") == 0);
	}
}

static int setup(void **state)
{
	int r = ask_setup(state);

	told = sys_ctl(s, "denials systemd-exit.service") == 0;
	if (!told) {
		printf("no denials are told here: %s", s->output);
	}
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_way_out),
		cmocka_unit_test(test_failed_starts),
	};
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r = ask_begin();

	if (r == 0 && (net < 0 || setns(net, CLONE_NEWNET) < 0)) {
		perror("setns");
		return 1;
	}
	return r ? r : cmocka_run_group_tests(tests, setup, ask_teardown);
}
