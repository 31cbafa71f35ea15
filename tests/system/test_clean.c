// SPDX-License-Identifier: MIT
/* supctl clean: which directories go and which stay, whatever lies in them; who is refused. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char name[64]; /* of the unit's directories: unique on the machine, for they are its own */

static const char *const tops[] = { "/run", "/var/lib", "/var/cache", "/var/log", "/etc" };
enum { RUNTIME, STATE, CACHE, LOGS, CONFIGURATION };

static const char *in(int top, const char *rest)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s%s", tops[top], name, rest);
	return path;
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	close(fd);
}

static void load_keeper(const char *more)
{
	loadf("keeper.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
		"RuntimeDirectory=%1$s\nRuntimeDirectoryPreserve=yes\nStateDirectory=%1$s "
		"%1$s/deep\n"
		"CacheDirectory=%1$s\nLogsDirectory=%1$s\nConfigurationDirectory=%1$s\n%2$s"
		"[Container]\nProfile=compat\n",
		name, more);
}

/* All directories, with something in each. */
static void fill(void)
{
	CHECK(sys_ctl(s, "start keeper.service") == 0);
	CHECK(sys_ctl(s, "stop keeper.service") == 0);
	for (int top = RUNTIME; top <= CONFIGURATION; top++) {
		touch(in(top, "/file"));
	}
	touch(in(STATE, "/deep/file"));
}

static void test_kinds(void **state)
{
	(void)state;
	load_keeper("");
	fill();
	sys_ctl(s, "show -p CanClean --value keeper.service");
	CHECK(sys_said(s, "runtime") && sys_said(s, "state") && sys_said(s, "configuration"));
	CHECK(!sys_said(s, "fdstore"));
	CHECK(sys_ctl(s, "clean --what=nonsense keeper.service") != 0);
	CHECK(sys_said(s, "nonsense") && sys_said(s, "state, cache, logs"));
	CHECK(there(in(CACHE, "/file")));
	/* Without a word only what comes back by itself. */
	CHECK(sys_ctl(s, "clean keeper.service") == 0);
	CHECK(!there(in(CACHE, "")) && !there(in(RUNTIME, "")));
	CHECK(there(in(STATE, "/file")) && there(in(LOGS, "/file")));
	CHECK(there(in(CONFIGURATION, "/file")));
	CHECK(sys_ctl(s, "clean --what=state,logs keeper.service") == 0);
	CHECK(!there(in(STATE, "")) && !there(in(LOGS, "")) && there(in(CONFIGURATION, "/file")));
	fill();
	CHECK(sys_ctl(s, "clean --what=all keeper.service") == 0);
	for (int top = RUNTIME; top <= CONFIGURATION; top++) {
		CHECK(!there(in(top, "")));
	}
	/* Nothing there is nothing to complain of. */
	CHECK(sys_ctl(s, "clean --what=all keeper.service") == 0);
	CHECK(property_equals("keeper.service", "ActiveState", "inactive"));
	CHECK(sys_ctl(s, "start keeper.service") == 0 && there(in(STATE, "/deep")));
	CHECK(sys_ctl(s, "stop keeper.service") == 0);
}

/* Links are removed, not followed; what is mounted inside is not touched and is an error. */
static void test_hostile(void **state)
{
	char victim[256], file[300];

	(void)state;
	load_keeper("");
	fill();
	/* On the same file system: the device number alone tells nothing. */
	snprintf(victim, sizeof(victim), "%s/victim", tops[STATE]);
	snprintf(file, sizeof(file), "%s/file", victim);
	CHECK(mkdir(victim, 0755) == 0);
	touch(file);
	CHECK(symlink(victim, in(STATE, "/link")) == 0);
	CHECK(symlink("../../..", in(STATE, "/deep/up")) == 0);
	CHECK(symlink(file, in(STATE, "/to-file")) == 0);
	CHECK(sys_ctl(s, "clean --what=state keeper.service") == 0);
	CHECK(!there(in(STATE, "")) && there(file));

	/* The directory itself is one. */
	CHECK(symlink(victim, in(STATE, "")) == 0);
	CHECK(sys_ctl(s, "clean --what=state keeper.service") == 0);
	CHECK(!there(in(STATE, "")) && there(file));

	fill();
	CHECK(mkdir(in(STATE, "/mounted"), 0755) == 0);
	CHECK(mount(victim, in(STATE, "/mounted"), NULL, MS_BIND, NULL) == 0);
	CHECK(sys_ctl(s, "clean --what=state keeper.service") != 0);
	CHECK(sys_said(s, "keeper.service") && sys_said(s, in(STATE, "")));
	CHECK(there(file) && there(in(STATE, "/mounted/file")));
	CHECK(umount(in(STATE, "/mounted")) == 0);
	CHECK(sys_ctl(s, "clean --what=all keeper.service") == 0 && !there(in(STATE, "")));
	CHECK(there(file));
}

static bool has_left(struct sys *sys, void *arg)
{
	(void)sys;
	return access(arg, F_OK) == 0;
}

static bool cleans(struct sys *sys, void *arg)
{
	return sys_ctl(sys, "clean --what=all %s", (const char *)arg) == 0;
}

/* Down, but something of it still lives. */
static void test_left_over(void **state)
{
	char ready[256];

	(void)state;
	snprintf(ready, sizeof(ready), "%s/ready", s->dir);
	loadf("left.service",
		"[Service]\nKillMode=process\nSendSIGKILL=no\nStateDirectory=%s\n"
		"ExecStart=/bin/sh -c 'sleep infinity & touch %s; exec sleep infinity'\n"
		"[Container]\nProfile=trusted\n",
		name, ready);
	CHECK(sys_ctl(s, "start left.service") == 0);
	sys_wait_for(s, "its child", has_left, ready);
	touch(in(STATE, "/file"));
	CHECK(sys_ctl(s, "stop left.service") == 0);
	CHECK(sys_ctl(s, "clean --what=state left.service") != 0 && sys_said(s, "left.service"));
	CHECK(there(in(STATE, "/file")));
	CHECK(sys_ctl(s, "kill -s KILL left.service") == 0);
	sys_wait_for(s, "a clean", cleans, (char *)"left.service");
	CHECK(!there(in(STATE, "")));
}

/* Descriptors that a unit which is down still has. */
static void test_fdstore(void **state)
{
	(void)state;
	loadf("store.service",
		"[Service]\nType=notify\nFileDescriptorStoreMax=4\n"
		"FileDescriptorStorePreserve=yes\nStateDirectory=%s\n"
		"ExecStart=%s store=one barrier say=READY=1 pause\n",
		name, sys_payload(s));
	CHECK(sys_ctl(s, "start store.service") == 0);
	sys_wait(s, "store.service", "NFileDescriptorStore", "1");
	CHECK(sys_ctl(s, "stop store.service") == 0);
	CHECK(property_equals("store.service", "NFileDescriptorStore", "1"));
	CHECK(sys_ctl(s, "clean --what=state store.service") == 0 && !there(in(STATE, "")));
	CHECK(property_equals("store.service", "NFileDescriptorStore", "1"));
	CHECK(sys_ctl(s, "clean --what=fdstore store.service") == 0);
	sys_wait(s, "store.service", "NFileDescriptorStore", "0");
	CHECK(sys_ctl(s, "start store.service") == 0);
	CHECK(sys_ctl(s, "stop store.service") == 0);
	CHECK(sys_ctl(s, "clean --what=all store.service") == 0);
	sys_wait(s, "store.service", "NFileDescriptorStore", "0");
}

static void test_refused(void **state)
{
	(void)state;
	load_keeper("");
	fill();
	CHECK(sys_ctl(s, "start keeper.service") == 0);
	CHECK(sys_ctl(s, "clean --what=all keeper.service") != 0);
	CHECK(sys_said(s, "keeper.service") && sys_said(s, "active"));
	CHECK(there(in(STATE, "/file")) && there(in(CACHE, "/file")));
	CHECK(sys_ctl(s, "stop keeper.service") == 0);
	load("bare.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"
			     "[Container]\nProfile=compat\n");
	CHECK(sys_ctl(s, "clean --what=all bare.service") != 0 && sys_said(s, "StateDirectory="));
	CHECK(sys_ctl(s, "clean --what=fdstore keeper.service") != 0 && sys_said(s, "CanClean"));
	CHECK(sys_ctl(s, "clean nowhere.service") != 0 && sys_said(s, "nowhere.service"));
}

/*
 * `clean --what=all` as that user, by a child that is not waited for. supctl by descriptor: the
 * build tree may be root's alone.
 */
static pid_t clean_as(uid_t uid, const char *unit)
{
	char path[512], dir[512];
	char *argv[] = { "supctl", "--runtime-dir", dir, "clean", "--what=all", (char *)unit,
		NULL };
	pid_t pid;
	int ctl;

	snprintf(path, sizeof(path), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(dir, sizeof(dir), "%s/run", s->dir);
	ctl = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(ctl >= 0);
	pid = fork();
	if (pid == 0) {
		if (setgid(uid) == 0 && setuid(uid) == 0) {
			fexecve(ctl, argv, environ);
		}
		_exit(0);
	}
	close(ctl);
	CHECK(pid > 0);
	return pid;
}

static int exit_status(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_ordinary_user(void **state)
{
	(void)state;
	load_keeper("");
	fill();
	CHECK(exit_status(clean_as(65534, "keeper.service")) != 0);
	CHECK(there(in(STATE, "/file")) && there(in(CACHE, "/file")));
	CHECK(sys_ctl(s, "clean --what=all keeper.service") == 0 && !there(in(STATE, "")));
}

static void touch_many(int n)
{
	char file[32];

	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "/deep/%d", i);
		touch(in(STATE, file));
	}
}

static bool other_supd(struct sys *sys, void *arg)
{
	pid_t pid = sys_supd_pid(sys);

	return pid > 0 && pid != *(pid_t *)arg;
}

/* supd dies before, in or after the work: the unit can be cleaned and started all the same. */
static void test_crash(void **state)
{
	pid_t supd = sys_supd_pid(s);
	pid_t ctl;

	(void)state;
	load_keeper("");
	fill();
	touch_many(3000);
	ctl = clean_as(0, "keeper.service");
	CHECK(supd > 0 && kill(supd, SIGKILL) == 0);
	(void)exit_status(ctl); /* an error, or it was done in time */
	sys_wait_for(s, "another supd", other_supd, &supd);
	sys_wait_for(s, "a clean", cleans, (char *)"keeper.service");
	CHECK(!there(in(STATE, "")));
	fill();
	CHECK(property_equals("keeper.service", "ActiveState", "inactive"));
}

static void test_timeout(void **state)
{
	int code, n = 100;

	(void)state;
	load_keeper("TimeoutCleanSec=1us\n");
	/* The less there is, the more easily it is all gone before supd looks at the clock. */
	do {
		fill();
		touch_many(n *= 4);
		code = sys_ctl(s, "clean --what=state keeper.service");
	} while (code == 0 && n < 50000);
	CHECK(code != 0 && sys_said(s, "timed out"));
	load_keeper("");
	CHECK(sys_ctl(s, "clean --what=state keeper.service") == 0 && !there(in(STATE, "")));
}

/* A failed one stays failed; and a persistent timer forgets. */
static void test_failed_and_timer(void **state)
{
	(void)state;
	loadf("fails.service",
		"[Service]\nType=oneshot\nExecStart=/bin/false\nStateDirectory=%s\n"
		"[Container]\nProfile=compat\n",
		name);
	CHECK(sys_ctl(s, "start fails.service") != 0 && there(in(STATE, "")));
	CHECK(sys_ctl(s, "clean --what=state fails.service") == 0 && !there(in(STATE, "")));
	CHECK(property_equals("fails.service", "ActiveState", "failed"));
	CHECK(property_equals("fails.service", "Result", "exit-code"));
	CHECK(sys_ctl(s, "reset-failed fails.service") == 0);
	CHECK(property_equals("fails.service", "ActiveState", "inactive"));
	load("old.timer", "[Timer]\nOnCalendar=yearly\nPersistent=yes\nUnit=fails.service\n");
	CHECK(property_equals("old.timer", "CanClean", "state"));
	CHECK(sys_ctl(s, "clean --what=state old.timer") == 0);
	CHECK(sys_ctl(s, "clean old.timer") != 0 && sys_said(s, "old.timer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_fdstore),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ordinary_user),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_failed_and_timer),
	};
	static const char *const scratch[] = { "/var/lib", "/var/cache", "/var/log", NULL };
	char command[300];
	int failed;

	sys_require();
	sys_private(scratch);
	snprintf(name, sizeof(name), "supd-clean-%d", (int)getpid());
	failed = cmocka_run_group_tests(tests, setup, teardown);
	/* The only one that is not on a file system of the test's own. */
	snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", in(CONFIGURATION, ""));
	return failed + (system(command) != 0);
}
