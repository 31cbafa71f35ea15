// SPDX-License-Identifier: MIT
/* What services write, and what supctl logs shows of it. */
#include "check.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

#define BURST      12 /* units, of three records each */
#define MAX_BYTES  1048576
#define RATE_LINES 200 /* per 2 s, where a test is about that: any machine writes more */

static const char *payload;

/* Two of them may be used at once. */
static const char *flag(const char *name)
{
	static char paths[2][256];
	static unsigned turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/flags-%s", s->dir, name);
	return path;
}

static void raise_flag(const char *name)
{
	close(open(flag(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* The actions begin when supd has said all that it has to say about the start. */
static void start_writer(const char *name, const char *actions)
{
	loadf(name, "[Service]\nExecStart=%s until=%s %s\n", payload, flag(name), actions);
	CHECK(sys_ctl(s, "start %s", name) == 0);
	wait_log(name, "Started");
	raise_flag(name);
}

static int count_lines(void)
{
	int n = 0;

	for (const char *p = s->output; (p = strchr(p, '\n')); p++) {
		n++;
	}
	return n;
}

/* ---- a checker for JSON: the end of the value, or NULL ---- */

static const char *json_text(const char *p)
{
	if (*p != '"') {
		return NULL;
	}
	for (p++; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20) {
			return NULL;
		}
		if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p)) {
			return NULL;
		}
	}
	return p + 1;
}

static const char *json_value(const char *p)
{
	const char *start = p;

	if (*p == '"') {
		return json_text(p);
	}
	while (isalnum((unsigned char)*p) || *p == '-' || *p == '.') {
		p++;
	}
	return p > start ? p : NULL;
}

/* One flat object up to the newline. */
static const char *json_line(const char *p)
{
	const char *before = "{";

	for (; *p == *before; before = ",") {
		p = json_text(p + 1);
		p = p && *p == ':' ? json_value(p + 1) : NULL;
		if (!p) {
			return NULL;
		}
	}
	return p[0] == '}' && p[1] == '\n' ? p + 2 : NULL;
}

/* ---- reading ---- */

static void test_last_lines(void **state)
{
	(void)state;
	start_writer("many.service", "lines=500 pause");
	wait_log("many.service", "line 500\n");
	CHECK(sys_ctl(s, "logs -n 5 -o cat many.service") == 0);
	CHECK(strcmp(s->output, "line 496\nline 497\nline 498\nline 499\nline 500\n") == 0);
	CHECK(sys_ctl(s, "logs -n 0 -o cat many.service") == 0 && count_lines() == 0);
	CHECK(sys_ctl(s, "logs -n 3 many.service") == 0 && count_lines() == 3);
	CHECK(sys_said(s, " payload[") && sys_said(s, "]: line 500\n"));
	CHECK(sys_ctl(s, "logs -o nonsense many.service") != 0 && sys_said(s, "nonsense"));
	/* supd's own word about the unit stands before the unit's. */
	CHECK(sys_ctl(s, "logs -n 1000 -o cat many.service") == 0);
	CHECK(strncmp(s->output, "Starting many.service", 21) == 0);
	CHECK(sys_said(s, "Started many.service"));
}

static void test_json(void **state)
{
	const char *p;
	int n = 0;

	(void)state;
	start_writer("json.service", "print=quote\\x22back\\x5c\\x5cslash\\x09tab\\xc3\\xa4 "
				     "print=\\xff\\x01end pause");
	wait_log("json.service", "end");
	CHECK(sys_ctl(s, "logs -n 100 -o json json.service") == 0);
	for (p = s->output; p && *p; n++) {
		p = json_line(p);
	}
	CHECK(p && n >= 3);
	CHECK(sys_said(s, "\"UNIT\":\"json.service\"") && sys_said(s, "quote\\\"back\\\\"));
	CHECK(sys_said(s, "\"PRIORITY\":\"6\"") && sys_said(s, "\"_PID\":\""));
}

static void test_priorities(void **state)
{
	(void)state;
	start_writer("prio.service", "print=<3>grave print=<7>chatter print=<x>odd pause");
	wait_log("prio.service", "<x>odd");
	CHECK(sys_said(s, "\ngrave\n") && sys_said(s, "\nchatter\n"));
	CHECK(sys_ctl(s, "logs -n 100 -o json prio.service") == 0);
	CHECK(sys_said(s, "\"PRIORITY\":\"3\",\"MESSAGE\":\"grave\""));
	CHECK(sys_said(s, "\"PRIORITY\":\"7\",\"MESSAGE\":\"chatter\""));
	CHECK(sys_said(s, "\"PRIORITY\":\"6\",\"MESSAGE\":\"<x>odd\""));
}

static void test_merged(void **state)
{
	const char *first, *second, *third;
	char actions[600];

	(void)state;
	snprintf(
		actions, sizeof(actions), "print=a-first until=%s print=c-third pause", flag("ac"));
	start_writer("a.service", actions);
	wait_log("a.service", "a-first");
	start_writer("b.service", "print=b-second pause");
	wait_log("b.service", "b-second");
	raise_flag("ac");
	wait_log("a.service", "c-third");
	CHECK(sys_ctl(s, "logs -n 100 -o cat b.service a.service") == 0);
	first = strstr(s->output, "a-first");
	second = strstr(s->output, "b-second");
	third = strstr(s->output, "c-third");
	CHECK(first && second && third && first < second && second < third);
}

static void test_since(void **state)
{
	struct timespec now;
	char actions[600];

	(void)state;
	snprintf(actions, sizeof(actions), "print=old-line until=%s print=new-line pause",
		flag("since"));
	start_writer("since.service", actions);
	wait_log("since.service", "old-line");
	/* --since counts seconds: the next one has begun when the second line is written. */
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec++;
	now.tv_nsec = 0;
	CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &now, NULL) == 0);
	raise_flag("since");
	wait_log("since.service", "new-line");
	CHECK(sys_ctl(s, "logs --since @%lld -o cat since.service", (long long)now.tv_sec) == 0);
	CHECK(strcmp(s->output, "new-line\n") == 0);
	CHECK(sys_ctl(s, "logs --since -1h -o cat since.service") == 0);
	CHECK(sys_said(s, "old-line") && sys_said(s, "new-line"));
	CHECK(sys_ctl(s, "logs --since 2001-02-30x since.service") != 0);
	CHECK(sys_said(s, "2001-02-30x"));
}

/* supctl logs -f in the background, its output in a pipe. */
static pid_t follow(const char *unit, int *ret_fd)
{
	char path[512], runtime[96];
	int ends[2];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(path, "supctl", "--runtime-dir", runtime, "logs", "-f", "-o", "cat", unit,
			(char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*ret_fd = ends[0];
	return pid;
}

/* Reads until the text was there; the test's own time limit ends a vain wait. */
static void read_until(int fd, const char *text)
{
	size_t n = strlen(s->output);

	while (!sys_said(s, text)) {
		ssize_t got = read(fd, s->output + n, sizeof(s->output) - n - 1);

		CHECK(got > 0);
		n += (size_t)got;
		s->output[n] = '\0';
	}
}

static void test_follow(void **state)
{
	char actions[600], want[32];
	const char *at;
	int fd = -1;
	pid_t pid;

	(void)state;
	snprintf(actions, sizeof(actions),
		"print=begin until=%s lines=2000 until=%s print=fin pause", flag("go"),
		flag("fin"));
	start_writer("follow.service", actions);
	wait_log("follow.service", "begin");
	pid = follow("follow.service", &fd);
	s->output[0] = '\0';
	read_until(fd, "begin\n");
	raise_flag("go");
	read_until(fd, "line 2000\n");
	raise_flag("fin");
	read_until(fd, "fin\n");
	/* Each line once, in order. */
	at = s->output;
	for (int i = 1; i <= 2000; i++) {
		snprintf(want, sizeof(want), "\nline %d\n", i);
		at = strstr(at, want);
		CHECK(at != NULL);
	}
	CHECK(!strstr(at + 1, "\nline 1\n"));
	CHECK(kill(pid, SIGTERM) == 0 && waitpid(pid, NULL, 0) == pid);
	close(fd);
}

/* ---- bounds ---- */

static long long bytes_below(const char *unit)
{
	char path[256];
	long long sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/log/%s", s->dir, unit);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat st;

		if (fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode)) {
			sum += st.st_blocks * 512 < st.st_size ? st.st_blocks * 512 : st.st_size;
		}
	}
	if (dir) {
		closedir(dir);
	}
	return sum;
}

static void test_rotation_bound(void **state)
{
	(void)state;
	start_writer("big.service", "lines=40000 print=big-end pause");
	wait_log("big.service", "big-end");
	CHECK(bytes_below("big.service") > 0);
	if (bytes_below("big.service") > MAX_BYTES) {
		sys_fail(s, "%lld bytes", bytes_below("big.service"));
	}
	CHECK(sys_ctl(s, "logs -n 2 -o cat big.service") == 0);
	CHECK(strcmp(s->output, "line 40000\nbig-end\n") == 0);
}

static void test_rate_limit(void **state)
{
	(void)state;
	start_writer("loud.service", "lines=20000 pause");
	wait_log("loud.service", "messages suppressed");
	/* Which are left out depends on when the next interval begins. */
	CHECK(sys_ctl(s, "logs -n 30000 -o cat loud.service") == 0);
	CHECK(count_lines() < 20000);
	/* Others are not held back by it. */
	start_writer("calm.service", "print=calm-line pause");
	wait_log("calm.service", "calm-line");
}

/* ---- the death of supd-log ---- */

static pid_t log_pid(void)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; proc && !found && (e = readdir(proc));) {
		char path[300], text[512], want[64];
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		fd = isdigit((unsigned char)e->d_name[0]) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		snprintf(want, sizeof(want), " %d ", (int)s->init);
		if (strstr(text, "(supd-log) ") && !strstr(text, ") Z") && strstr(text, want)) {
			found = (pid_t)strtol(text, NULL, 10);
		}
		if (fd >= 0) {
			close(fd);
		}
	}
	if (proc) {
		closedir(proc);
	}
	return found;
}

static bool log_is_new(struct sys *sys, void *arg)
{
	pid_t pid = log_pid();

	(void)sys;
	return pid > 0 && pid != *(pid_t *)arg;
}

static void test_killed_log(void **state)
{
	char actions[600], want[32];
	const char *at;
	pid_t pid = log_pid();

	(void)state;
	snprintf(actions, sizeof(actions),
		"print=before until=%s lines=3000 until=%s print=after pause", flag("kill1"),
		flag("kill2"));
	start_writer("through.service", actions);
	wait_log("through.service", "before");
	CHECK(pid > 1);
	raise_flag("kill1");
	CHECK(kill(pid, SIGKILL) == 0);
	sys_wait_for(s, "another supd-log", log_is_new, &pid);
	raise_flag("kill2");
	wait_log("through.service", "\nafter\n");
	/* The payload exits with 99 when it cannot write. */
	CHECK(property_equals("through.service", "SubState", "running"));
	CHECK(sys_ctl(s, "logs -n 10000 -o cat through.service") == 0);
	at = strstr(s->output, "before\n");
	for (int i = 1; at && i <= 3000; i++) {
		snprintf(want, sizeof(want), "\nline %d\n", i);
		at = strstr(at, want);
	}
	CHECK(at && strstr(at, "\nafter\n"));
}

/*
 * supd says more at once than the socket holds (ten datagrams are the kernel's default) while
 * supd-log has no time: nothing of it is lost.
 */
static void test_slow_log(void **state)
{
	char unit[32];
	pid_t pid = log_pid();

	(void)state;
	for (int i = 0; i < BURST; i++) {
		snprintf(unit, sizeof(unit), "burst-%d.service", i);
		sys_unit(s, unit, "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(pid > 1 && kill(pid, SIGSTOP) == 0);
	for (int i = 0; i < BURST; i++) {
		if (sys_ctl(s, "start burst-%d.service", i) != 0) {
			kill(pid, SIGCONT);
			sys_fail(s, "burst-%d.service does not start", i);
		}
	}
	CHECK(kill(pid, SIGCONT) == 0);
	for (int i = 0; i < BURST; i++) {
		snprintf(unit, sizeof(unit), "burst-%d.service", i);
		wait_log(unit, "Starting");
		wait_log(unit, "Finished");
	}
}

static int setup_with(unsigned rate_lines)
{
	char path[128], text[256];
	AUTO_CLOSE int fd = -1;

	s = sys_new();
	payload = sys_payload(s);
	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	snprintf(text, sizeof(text),
		"[supd]\nLogMaxBytes=%d\nLogRateLines=%d\nLogRateIntervalSec=2s\nUseJournald=no\n",
		MAX_BYTES, rate_lines);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0);
	sys_start(s, NULL);
	return 0;
}

static int setup_unlimited(void **state)
{
	(void)state;
	return setup_with(0);
}

static int setup_limited(void **state)
{
	(void)state;
	return setup_with(RATE_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_lines),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_rotation_bound),
		cmocka_unit_test(test_slow_log),
		cmocka_unit_test(test_killed_log),
	};
	const struct CMUnitTest limited[] = { cmocka_unit_test(test_rate_limit) };

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_unlimited, teardown) +
	       cmocka_run_group_tests(limited, setup_limited, teardown);
}
