// SPDX-License-Identifier: MIT
/* sd_notify(3) as services speak it, message by message. */
#include "../../runtime/base/limits.h"
#include "check.h"

#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *payload;

/* A file that tells the payload to go on. Its directory is visible to every service. */
static const char *flag(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/flags/%s", s->dir, name);
	return path;
}

static void raise_flag(const char *name)
{
	FILE *f = fopen(flag(name), "we");

	CHECK(f != NULL);
	fclose(f);
}

static void test_ready_and_status(void **state)
{
	(void)state;
	loadf("ready.service",
		"[Service]\nType=notify\nExecStart=%s say=STATUS=warming until=%s "
		"say=READY=1+STATUS=hot pause\n",
		payload, flag("ready"));
	CHECK(sys_ctl(s, "start --no-block ready.service") == 0);
	sys_wait(s, "ready.service", "StatusText", "warming");
	CHECK(property_equals("ready.service", "SubState", "start"));
	raise_flag("ready");
	sys_wait(s, "ready.service", "SubState", "running");
	sys_wait(s, "ready.service", "StatusText", "hot");
	CHECK(sys_ctl(s, "status ready.service") == 0 && sys_said(s, "hot"));
	CHECK(sys_ctl(s, "restart ready.service") == 0);
	CHECK(sys_ctl(s, "stop ready.service") == 0);
	CHECK(sys_ctl(s, "start --no-block ready.service") == 0);
}

/* READY=1 counts, however soon the sender is gone. */
static void test_ready_and_gone(void **state)
{
	(void)state;
	loadf("brief.service",
		"[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=notify\nExecStart=%s "
		"say=READY=1 exit=0\n",
		payload);
	for (int i = 0; i < 50; i++) {
		CHECK(sys_ctl(s, "start brief.service") == 0);
		sys_wait(s, "brief.service", "ActiveState", "inactive");
		CHECK(property_equals("brief.service", "Result", "success"));
	}
}

/* The same while nobody reads: supd dies, the service speaks and ends, the next supd learns both.
 */
static void test_ready_while_supd_is_dead(void **state)
{
	pid_t pid;

	(void)state;
	for (int i = 0; i < 10; i++) {
		char name[32], go[256];

		snprintf(name, sizeof(name), "orphan%d.service", i);
		strcpy(go, flag(name));
		loadf(name,
			"[Service]\nType=notify\nRemainAfterExit=yes\nExecStart=%s print=up "
			"until=%s say=STATUS=last+READY=1 exit=0\n",
			payload, go);
		CHECK(sys_ctl(s, "start --no-block %s", name) == 0);
		wait_log(name, "up");
		pid = sys_supd_pid(s);
		CHECK(pid > 1 && kill(pid, SIGSTOP) == 0);
		raise_flag(name);
		CHECK(kill(pid, SIGKILL) == 0);
		sys_wait(s, name, "SubState", "exited");
		CHECK(property_equals(name, "StatusText", "last"));
		CHECK(sys_ctl(s, "stop %s", name) == 0);
	}
}

/* Three lines; what supd says of the unit comes another way, sooner or later. */
static bool has_reloaded(struct sys *sys, void *arg)
{
	unsigned n = 0;

	(void)arg;
	sys_ctl(sys, "logs -n 100 -o cat re.service");
	for (const char *at = sys->output; (at = strstr(at, "reloaded\n")); at++) {
		n++;
	}
	return n == 3;
}

static void test_reload(void **state)
{
	(void)state;
	loadf("re.service", "[Service]\nType=notify-reload\nExecStart=%s reloader\n", payload);
	CHECK(sys_ctl(s, "start re.service") == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(sys_ctl(s, "reload re.service") == 0);
		CHECK(property_equals("re.service", "SubState", "running"));
	}
	sys_wait(s, "re.service", "StatusText", "again");
	CHECK(sys_ctl(s, "stop re.service") == 0);
	CHECK(property_equals("re.service", "Result", "success"));
	sys_wait_for(s, "three reloads", has_reloaded, NULL);
}

static void test_stopping(void **state)
{
	(void)state;
	loadf("bye.service",
		"[Service]\nType=notify\nTimeoutStopSec=infinity\n"
		"ExecStart=%s say=READY=1 say=STOPPING=1 until=%s exit=0\n",
		payload, flag("bye"));
	CHECK(sys_ctl(s, "start bye.service") == 0);
	sys_wait(s, "bye.service", "ActiveState", "deactivating");
	raise_flag("bye");
	sys_wait(s, "bye.service", "ActiveState", "inactive");
	CHECK(property_equals("bye.service", "Result", "success"));
}

static bool is_gone(struct sys *sys, void *arg)
{
	(void)sys;
	return kill(*(pid_t *)arg, 0) < 0;
}

static bool has_other_main(struct sys *sys, void *arg)
{
	long pid = sys_number(sys, "pid.service", "MainPID");

	return pid > 1 && pid != *(pid_t *)arg;
}

/* Output comes by way of the log, and who is the main process is supd-init's word: each of them
 * may be known before the other. */
static void test_mainpid(void **state)
{
	pid_t first = 0, second;
	char parent[256];

	(void)state;
	strcpy(parent, flag("pid-parent"));
	loadf("pid.service",
		"[Service]\nType=notify\nNotifyAccess=all\n"
		"ExecStart=%s print=up fork=%s until=%s mainpid say=READY=1 pause\n",
		payload, parent, flag("pid-child"));
	CHECK(sys_ctl(s, "start --no-block pid.service") == 0);
	wait_log("pid.service", "up");
	sys_wait_for(s, "the first main process", has_other_main, &first);
	first = (pid_t)sys_number(s, "pid.service", "MainPID");
	raise_flag("pid-child");
	sys_wait(s, "pid.service", "SubState", "running");
	sys_wait_for(s, "the second main process", has_other_main, &first);
	second = (pid_t)sys_number(s, "pid.service", "MainPID");
	CHECK(first > 1 && second > 1 && first != second);
	/* The old main process may go, the new one decides. */
	raise_flag("pid-parent");
	sys_wait_for(s, "parent is reaped", is_gone, &first);
	CHECK(property_equals("pid.service", "SubState", "running"));
	CHECK(sys_number(s, "pid.service", "MainPID") == second);
	CHECK(kill(second, SIGKILL) == 0);
	sys_wait(s, "pid.service", "ActiveState", "failed");
	CHECK(property_equals("pid.service", "Result", "signal"));
	CHECK(sys_number(s, "pid.service", "ExecMainStatus") == SIGKILL);
}

static void test_foreign_mainpid(void **state)
{
	long pid;

	(void)state;
	loadf("thief.service",
		"[Service]\nType=notify\nExecStart=%s say=MAINPID=1 "
		"say=MAINPID=%d say=MAINPID=-1 say=MAINPID=x say=READY=1 pause\n",
		payload, (int)getpid());
	CHECK(sys_ctl(s, "start thief.service") == 0);
	pid = sys_number(s, "thief.service", "MainPID");
	CHECK(pid > 1 && pid != getpid());
	CHECK(sys_ctl(s, "stop thief.service") == 0);
	CHECK(property_equals("thief.service", "Result", "success"));
}

static void test_watchdog(void **state)
{
	(void)state;
	/* The time gets short only when it begins to be silent: pings may come late. */
	loadf("dog.service",
		"[Service]\nType=notify\nWatchdogSec=60\n"
		"ExecStart=%s say=READY=1 ping=%s print=silent say=WATCHDOG_USEC=200000 pause\n",
		payload, flag("dog"));
	CHECK(sys_ctl(s, "start dog.service") == 0);
	CHECK(property_equals("dog.service", "SubState", "running"));
	raise_flag("dog");
	sys_wait(s, "dog.service", "ActiveState", "failed");
	CHECK(property_equals("dog.service", "Result", "watchdog"));
	CHECK(sys_number(s, "dog.service", "ExecMainStatus") == SIGABRT);
	wait_log("dog.service", "silent");
	loadf("trig.service",
		"[Service]\nType=notify\nWatchdogSec=1h\n"
		"ExecStart=%s say=READY=1 say=WATCHDOG=trigger pause\n",
		payload);
	CHECK(sys_ctl(s, "start trig.service") == 0);
	sys_wait(s, "trig.service", "Result", "watchdog");
	loadf("usec.service",
		"[Service]\nType=notify\n"
		"ExecStart=%s say=READY=1+WATCHDOG_USEC=100000 pause\n",
		payload);
	CHECK(sys_ctl(s, "start usec.service") == 0);
	sys_wait(s, "usec.service", "Result", "watchdog");
}

/* Started before the other one, with as long a limit: only its message keeps it alive. */
static bool outlives(unsigned limit_ms)
{
	char flag_path[256];

	strcpy(flag_path, flag("more"));
	loadf("more.service",
		"[Service]\nType=notify\nTimeoutStartSec=%ums\n"
		"ExecStart=%s say=EXTEND_TIMEOUT_USEC=600000000 until=%s say=READY=1 pause\n",
		limit_ms, payload, flag_path);
	loadf("less.service", "[Service]\nType=notify\nTimeoutStartSec=%ums\nExecStart=%s pause\n",
		limit_ms, payload);
	CHECK(sys_ctl(s, "start --no-block more.service") == 0);
	CHECK(sys_ctl(s, "start less.service") == 1);
	CHECK(property_equals("less.service", "Result", "timeout"));
	return property_equals("more.service", "SubState", "start");
}

static void test_extend(void **state)
{
	unsigned limit_ms = 400;

	(void)state;
	/* Where starting a process takes longer than that, the message comes too late. */
	while (!outlives(limit_ms)) {
		CHECK(limit_ms < 30000);
		limit_ms *= 4;
		CHECK(sys_ctl(s, "stop more.service") == 0);
	}
	raise_flag("more");
	sys_wait(s, "more.service", "SubState", "running");
	CHECK(sys_ctl(s, "stop more.service") == 0);
}

/* ---- supd is late ---- */

#define LATE    4                           /* services of each kind */
#define CHATTER (4 * LIMIT_NOTIFY_PER_TURN) /* before what counts */

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool is_stopped(struct sys *sys, void *arg)
{
	char path[64], text[256] = "";
	FILE *f;

	(void)sys;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)*(pid_t *)arg);
	f = fopen(path, "re");
	if (f) {
		(void)fgets(text, sizeof(text), f);
		fclose(f);
	}
	return strstr(text, ") T ") != NULL;
}

static bool is_past(struct sys *sys, void *arg)
{
	(void)sys;
	return clock_ms() > *(uint64_t *)arg;
}

static void each_late(void (*act)(const char *name))
{
	char name[32];

	for (int i = 0; i < LATE; i++) {
		snprintf(name, sizeof(name), "slow%d.service", i);
		act(name);
		snprintf(name, sizeof(name), "pinger%d.service", i);
		act(name);
	}
}

static unsigned late_ms;
static uint64_t late_begin_ms;
static unsigned chatter = CHATTER;

/* Speaks after the flag, and that is the last time that it has to. */
static void write_late(const char *name)
{
	char text[1024], first[256], go[256], sent[256];

	strcpy(first, flag("late-first"));
	strcpy(go, flag("late"));
	strcpy(sent, flag(name));
	unlink(sent);
	if (name[0] == 'p') {
		snprintf(text, sizeof(text),
			"[Service]\nType=notify\nExecStart=%s say=READY=1 until=%s "
			"say=WATCHDOG_USEC=%u000+WATCHDOG=1+STATUS=armed until=%s "
			"chatter=%u say=WATCHDOG=1+WATCHDOG_USEC=3600000000+STATUS=late touch=%s "
			"pause\n"
			"[Container]\nProfile=trusted\n",
			payload, first, late_ms, go, chatter, sent);
	} else {
		snprintf(text, sizeof(text),
			"[Service]\nType=notify\nTimeoutStartSec=%ums\nExecStart=%s until=%s "
			"chatter=%u say=READY=1+STATUS=late touch=%s pause\n"
			"[Container]\nProfile=trusted\n",
			late_ms, payload, go, chatter, sent);
	}
	sys_unit(s, name, text);
}

static void start_late(const char *name)
{
	CHECK(sys_ctl(s, "start %s %s", name[0] == 'p' ? "" : "--no-block", name) == 0);
}

/* Or the limits are over, which stalls() sees: then it never will be again. */
static bool is_armed(struct sys *sys, void *arg)
{
	bool pings = *(const char *)arg == 'p';

	(void)sys;
	return clock_ms() >= late_begin_ms + late_ms ||
	       property_equals(arg, pings ? "StatusText" : "SubState", pings ? "armed" : "start");
}

static void wait_armed(const char *name)
{
	sys_wait_for(s, name, is_armed, (void *)(uintptr_t)name);
}

static bool is_made(struct sys *sys, void *arg)
{
	(void)sys;
	return access(arg, F_OK) == 0;
}

/* Without supctl, which would ask supd. */
static void wait_sent(const char *name)
{
	sys_wait_for(s, name, is_made, (void *)(uintptr_t)flag(name));
}

static void check_late(const char *name)
{
	sys_wait(s, name, "StatusText", "late");
	CHECK(property_equals(name, "SubState", "running"));
	CHECK(property_equals(name, "Result", "success"));
}

static void stop_late(const char *name)
{
	sys_ctl(s, "stop %s", name);
}

/* supd stands still while limits pass; false: they passed before it could be stopped. */
static bool stalls(void)
{
	uint64_t over;
	pid_t supd;

	unlink(flag("late"));
	unlink(flag("late-first"));
	each_late(write_late);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	late_begin_ms = clock_ms();
	each_late(start_late);
	raise_flag("late-first");
	each_late(wait_armed);
	supd = sys_supd_pid(s);
	CHECK(supd > 1 && kill(supd, SIGSTOP) == 0);
	sys_wait_for(s, "supd stops", is_stopped, &supd);
	over = clock_ms() + late_ms;
	raise_flag("late");
	if (over < late_begin_ms + 2 * late_ms) {
		each_late(wait_sent);
		sys_wait_for(s, "the limits are over", is_past, &over);
	}
	CHECK(kill(supd, SIGCONT) == 0);
	return over < late_begin_ms + 2 * late_ms;
}

/* What was said in time counts, however late it is read: no start fails, no watchdog bites. */
static void test_late_supd(void **state)
{
	(void)state;
	for (late_ms = 2000; !stalls(); late_ms *= 2) {
		CHECK(late_ms < 60000);
		each_late(stop_late);
		CHECK(sys_ctl(s, "reset-failed") == 0);
	}
	each_late(check_late);
	each_late(stop_late);
}

static void test_store(void **state)
{
	(void)state;
	loadf("store.service",
		"[Service]\nType=notify\nFileDescriptorStoreMax=4\nRestart=always\n"
		"RestartSec=0\nExecStart=%s listen store=alpha store=beta barrier say=READY=1 "
		"pause\n",
		payload);
	CHECK(sys_ctl(s, "start store.service") == 0);
	wait_log("store.service", "fds=0");
	sys_wait(s, "store.service", "NFileDescriptorStore", "2");
	sys_kill_supd(s);
	sys_wait(s, "store.service", "NFileDescriptorStore", "2");
	CHECK(sys_ctl(s, "kill -s KILL store.service") == 0);
	sys_wait(s, "store.service", "NRestarts", "1");
	wait_log("store.service", "fds=2 names=alpha:beta pid=mine");
	wait_log("store.service", "fd 4 holds beta"); /* a line that comes after */
	CHECK(sys_said(s, "fd 3 holds alpha"));
	/* Four are the limit: the next start finds all, the one after no more. */
	sys_wait(s, "store.service", "NFileDescriptorStore", "4");
	CHECK(sys_ctl(s, "kill -s KILL store.service") == 0);
	wait_log("store.service", "fds=4 names=alpha:beta:alpha:beta");
	sys_wait(s, "store.service", "NFileDescriptorStore", "4");
	CHECK(sys_ctl(s, "stop store.service") == 0);
	sys_wait(s, "store.service", "NFileDescriptorStore", "0");
}

static void test_store_remove(void **state)
{
	(void)state;
	loadf("drop.service",
		"[Service]\nType=notify\nFileDescriptorStoreMax=4\n"
		"ExecStart=%s store=one store=two say=FDSTOREREMOVE=1+FDNAME=one barrier "
		"say=READY=1 pause\n",
		payload);
	CHECK(sys_ctl(s, "start drop.service") == 0);
	sys_wait(s, "drop.service", "NFileDescriptorStore", "1");
	CHECK(sys_ctl(s, "stop drop.service") == 0);
	loadf("nostore.service",
		"[Service]\nType=notify\n"
		"ExecStart=%s store=one barrier say=READY=1 pause\n",
		payload);
	CHECK(sys_ctl(s, "start nostore.service") == 0);
	CHECK(property_equals("nostore.service", "NFileDescriptorStore", "0"));
	CHECK(sys_ctl(s, "stop nostore.service") == 0);
}

static void test_barrier(void **state)
{
	(void)state;
	loadf("bar.service",
		"[Service]\nType=notify\nExecStart=%s say=STATUS=before barrier "
		"say=READY=1 pause\n",
		payload);
	CHECK(sys_ctl(s, "start bar.service") == 0);
	CHECK(property_equals("bar.service", "StatusText", "before"));
	wait_log("bar.service", "barrier passed");
	CHECK(sys_ctl(s, "stop bar.service") == 0);
}

static void test_access(void **state)
{
	(void)state;
	/* Only the main process may speak; its child is refused, and the barrier proves it. */
	loadf("main.service",
		"[Service]\nType=simple\nNotifyAccess=main\n"
		"ExecStart=%s fork say=STATUS=intruder barrier pause\n",
		payload);
	CHECK(sys_ctl(s, "start main.service") == 0);
	wait_log("main.service", "barrier passed");
	CHECK(property_equals("main.service", "StatusText", ""));
	wait_log("main.service", "Notification message refused by NotifyAccess=, from pid ");
	CHECK(sys_ctl(s, "stop main.service") == 0);
	loadf("all.service",
		"[Service]\nType=simple\nNotifyAccess=all\n"
		"ExecStart=%s fork say=STATUS=welcome pause\n",
		payload);
	CHECK(sys_ctl(s, "start all.service") == 0);
	sys_wait(s, "all.service", "StatusText", "welcome");
	CHECK(sys_ctl(s, "stop all.service") == 0);
	loadf("mute.service",
		"[Service]\nType=simple\nNotifyAccess=none\n"
		"ExecStart=%s say=STATUS=unheard print=said pause\n",
		payload);
	CHECK(sys_ctl(s, "start mute.service") == 0);
	wait_log("mute.service", "no notify socket");
	CHECK(property_equals("mute.service", "StatusText", ""));
	CHECK(sys_ctl(s, "stop mute.service") == 0);
	loadf("exec.service",
		"[Service]\nType=simple\nNotifyAccess=exec\n"
		"ExecStartPost=%s say=STATUS=from-post\nExecStart=%s pause\n",
		payload, payload);
	CHECK(sys_ctl(s, "start exec.service") == 0);
	sys_wait(s, "exec.service", "StatusText", "from-post");
	CHECK(sys_ctl(s, "stop exec.service") == 0);
}

static void test_hostile_text(void **state)
{
	(void)state;
	loadf("odd.service",
		"[Service]\nType=notify\nExecStart=%s say=nonsense say==+=+X "
		"'say=STATUS=\\x1b]0;owned\\x07\\xff' say=ERRNO=999999999999 say=READY=1 pause\n",
		payload);
	CHECK(sys_ctl(s, "start odd.service") == 0);
	CHECK(sys_ctl(s, "status odd.service") == 0);
	CHECK(strchr(s->output, '\x1b') == NULL && strchr(s->output, '\x07') == NULL);
	CHECK(sys_ctl(s, "show odd.service") == 0);
	CHECK(strchr(s->output, '\x1b') == NULL);
	CHECK(sys_ctl(s, "stop odd.service") == 0);
}

/* So many messages may lie in a socket of this network namespace, which is the test's own. */
static void queue_long(void)
{
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "we");

	if (!f || fprintf(f, "%u\n", 2 * CHATTER) < 0 || fflush(f) != 0) {
		print_message("max_dgram_qlen cannot be set: a late supd finds short queues\n");
		chatter = 0;
	}
	if (f) {
		fclose(f);
	}
}

static int setup_payload(void **state)
{
	char path[128];

	queue_long();
	setup(state);
	payload = sys_payload(s);
	snprintf(path, sizeof(path), "%s/flags", s->dir);
	CHECK(mkdir(path, 0755) == 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready_and_status),
		cmocka_unit_test(test_ready_and_gone),
		cmocka_unit_test(test_ready_while_supd_is_dead),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_stopping),
		cmocka_unit_test(test_mainpid),
		cmocka_unit_test(test_foreign_mainpid),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_extend),
		cmocka_unit_test(test_late_supd),
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_store_remove),
		cmocka_unit_test(test_barrier),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_hostile_text),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_payload, teardown);
}
