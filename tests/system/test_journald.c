// SPDX-License-Identifier: MIT
/*
 * Logs where Debian's journald runs: its sockets are used, supctl and journalctl read the journal.
 * journald is a child of this program inside private namespaces, with a journal below /run.
 */
#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

#define JOURNALD     "/lib/systemd/systemd-journald"
#define JOURNAL_SOCK "/run/systemd/journal/stdout"

static pid_t journald = -1;

static void must(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0, path);
}

/* ---- journald ---- */

static bool journald_listens(struct sys *sys, void *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCK };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)sys;
	(void)arg;
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static void journald_start(void)
{
	journald = fork();
	must(journald >= 0, "fork");
	if (journald == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("SYSTEMD_LOG_TARGET", "console", 1);
		execl(JOURNALD, JOURNALD, (char *)NULL);
		_exit(127);
	}
	sys_wait_for(s, "journald listens", journald_listens, NULL);
}

static void journald_kill(void)
{
	if (journald > 0) {
		kill(journald, SIGKILL);
		waitpid(journald, NULL, 0);
		journald = -1;
	}
}

/* Audit= empty: the machine's audit is neither switched on nor off. */
static void journald_places(void)
{
	must(mkdir("/run/systemd", 0755) == 0 && mkdir("/run/systemd/journald.conf.d", 0755) == 0 &&
			mkdir("/run/log", 0755) == 0,
		"/run/systemd");
	write_text("/run/systemd/journald.conf.d/test.conf",
		"[Journal]\nStorage=volatile\nAudit=\nReadKMsg=no\nForwardToSyslog=no\n"
		"ForwardToKMsg=no\nForwardToConsole=no\nForwardToWall=no\nRuntimeMaxUse=32M\n");
	write_text("/run/machine-id", "5ca1ab1e00000000000000000000cafe\n");
	must(mount("/run/machine-id", "/etc/machine-id", NULL, MS_BIND, NULL) == 0,
		"/etc/machine-id");
}

/* ---- set up ---- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/*
 * With an empty journal; journald derives a process's unit from its cgroup only where all above it
 * are slices.
 */
static void make_instance(void)
{
	s = sys_new();
	must(rmdir(s->cgroup) == 0, s->cgroup);
	strcat(s->cgroup, ".slice");
	must(mkdir(s->cgroup, 0755) == 0, s->cgroup);
	nftw("/run/log/journal", remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int setup_journald(void **state)
{
	(void)state;
	make_instance();
	journald_start();
	sys_start(s, NULL);
	return 0;
}

/* Its sockets stay behind, as those of a journald that crashed. */
static int setup_stale(void **state)
{
	(void)state;
	make_instance();
	journald_start();
	journald_kill();
	must(access(JOURNAL_SOCK, F_OK) == 0, JOURNAL_SOCK);
	sys_start(s, NULL);
	return 0;
}

static int teardown_journald(void **state)
{
	teardown(state);
	journald_kill();
	return 0;
}

/* ---- journalctl ---- */

/* Output of journalctl with the arguments, split at spaces, in s->output. */
static bool journalctl_says(struct sys *sys, void *arg)
{
	struct logged *l = arg;
	char command[512];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command),
		"journalctl --no-pager -D /run/log/journal %s 2>/dev/null", l->unit);
	f = popen(command, "re");
	must(f != NULL, "popen");
	n = fread(sys->output, 1, sizeof(sys->output) - 1, f);
	sys->output[n] = '\0';
	pclose(f);
	CHECK(n < sizeof(sys->output) - 1); /* what is cut off could be what is waited for */
	return sys_said(sys, l->text);
}

static void wait_journalctl(const char *arguments, const char *text)
{
	struct logged l = { arguments, text };

	sys_wait_for(s, text, journalctl_says, &l);
}

/* The line of s->output with the text; ends the test without. */
static char *line_with(const char *text)
{
	char *at = strstr(s->output, text);

	CHECK(at != NULL);
	while (at > s->output && at[-1] != '\n') {
		at--;
	}
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static bool store_is_empty(void)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/log/talk.service", s->dir);
	return stat(path, &st) < 0;
}

/* ---- tests ---- */

#define TALK                                                                                       \
	"[Unit]\nDescription=It talks\n[Service]\nSyslogIdentifier=talker\n"                       \
	"ExecStart=/bin/sh -c 'echo to-out; echo \"<3>a-bad-thing\"; echo to-err >&2; "            \
	"exec sleep infinity'\n"

/*
 * All that talk.service and supd say at its start. stdout, stderr and supd's own lines come by
 * different ways: only what came by one has an order.
 */
static void wait_talk(void)
{
	wait_log("talk.service", "to-err\n");
	wait_log("talk.service", "Started talk.service - It talks.");
	wait_log("talk.service", "a-bad-thing\n");
	CHECK(strstr(s->output, "to-out\n") &&
		strstr(s->output, "to-out\n") < strstr(s->output, "a-bad-thing\n"));
}

static void test_lines(void **state)
{
	char *line;

	(void)state;
	load("talk.service", TALK);
	CHECK(sys_ctl(s, "start talk.service") == 0);
	wait_talk();
	CHECK(store_is_empty());
	CHECK(sys_ctl(s, "logs -o json talk.service") == 0);
	line = line_with("a-bad-thing");
	CHECK(strstr(line, "\"PRIORITY\":\"3\"") && strstr(line, "\"UNIT\":\"talk.service\"") &&
		strstr(line, "\"SYSLOG_IDENTIFIER\":\"talker\""));
	CHECK(sys_ctl(s, "logs -o json talk.service") == 0);
	CHECK(strstr(line_with("to-err"), "\"PRIORITY\":\"6\""));
	CHECK(sys_ctl(s, "logs -o cat -n 1 talk.service") == 0);
	CHECK(strchr(s->output, '\n') == s->output + strlen(s->output) - 1);
	CHECK(sys_ctl(s, "logs talk.service") == 0 && sys_said(s, " talker[") &&
		sys_said(s, " supd["));
	CHECK(sys_ctl(s, "logs -o cat") == 0 && sys_said(s, "a-bad-thing"));
	CHECK(sys_ctl(s, "status talk.service") == 0);
	CHECK(sys_said(s, "a-bad-thing") && sys_said(s, "to-err"));
}

static void test_journalctl(void **state)
{
	char id[40], query[128];

	(void)state;
	load("talk.service", TALK);
	CHECK(sys_ctl(s, "start talk.service") == 0);
	snprintf(id, sizeof(id), "%s", sys_text(s, "talk.service", "InvocationID"));
	CHECK(strlen(id) == 32);
	wait_journalctl("-u talk.service -o cat", "to-err");
	wait_journalctl("-u talk.service -o cat", "Started talk.service - It talks.");
	wait_journalctl("_SYSTEMD_UNIT=talk.service -o cat", "to-err");
	wait_journalctl("_SYSTEMD_UNIT=talk.service -o cat", "a-bad-thing");
	CHECK(!sys_said(s, "Started"));
	wait_journalctl("-u talk.service -p err -o cat", "a-bad-thing");
	CHECK(!sys_said(s, "to-out"));
	snprintf(query, sizeof(query), "INVOCATION_ID=%s -o json", id);
	wait_journalctl(query, "\"JOB_RESULT\":\"done\"");
	CHECK(sys_said(s, "\"MESSAGE_ID\":\"39f53479d3a045ac8e11786248231fbf\"") &&
		sys_said(s, "\"UNIT\":\"talk.service\"") && sys_said(s, "\"_UID\":\"0\""));
	/* The catalogue that comes with journald knows our message ids. */
	wait_journalctl("-x -u talk.service", "has finished successfully");
}

/* What ends at once is gone before journald can look at it. */
static void test_short_lived(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		char name[32], text[32];

		snprintf(name, sizeof(name), "brief%d.service", i);
		snprintf(text, sizeof(text), "brief-line-%d", i);
		loadf(name, "[Service]\nType=oneshot\nExecStart=/bin/echo %s\n", text);
		CHECK(sys_ctl(s, "start %s", name) == 0);
		wait_log(name, text);
	}
}

static void test_profiles(void **state)
{
	static const char *const profiles[] = { "standard", "compat" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s.service", profiles[i]);
		loadf(name,
			"[Service]\nUser=nobody\nExecStart=/bin/sh -c 'echo from-%s; echo err-%s "
			">&2; exec sleep infinity'\n[Container]\nProfile=%s\n",
			profiles[i], profiles[i], profiles[i]);
		CHECK(sys_ctl(s, "start %s", name) == 0);
		wait_log(name, profiles[i]);
		snprintf(name, sizeof(name), "_SYSTEMD_UNIT=%s.service -o cat", profiles[i]);
		wait_journalctl(name, profiles[i]);
	}
}

static int follow_start(const char *unit, pid_t *ret_pid)
{
	char runtime[96], path[4096];
	int pair[2];

	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	snprintf(path, sizeof(path), "%s/supctl", getenv("SUPD_BUILD"));
	must(pipe2(pair, O_CLOEXEC) == 0, "pipe");
	*ret_pid = fork();
	must(*ret_pid >= 0, "fork");
	if (*ret_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pair[1], STDOUT_FILENO);
		execl(path, path, "--runtime-dir", runtime, "logs", "-f", "-o", "cat", unit,
			(char *)NULL);
		_exit(127);
	}
	close(pair[1]);
	return pair[0];
}

/* Reads from fd into s->output until the text is there. */
static void follow_until(int fd, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	s->output[0] = '\0';
	while (!sys_said(s, text)) {
		ssize_t n;

		CHECK(poll(&p, 1, SYS_WITHIN_SEC * 1000) == 1);
		n = read(fd, s->output + used, sizeof(s->output) - 1 - used);
		CHECK(n > 0);
		used += (size_t)n;
		s->output[used] = '\0';
	}
}

static void test_follow(void **state)
{
	AUTO_CLOSE int fd = -1;
	pid_t pid;

	(void)state;
	/* The unit has not said anything yet. */
	load("talk.service", TALK);
	fd = follow_start("talk.service", &pid);
	CHECK(sys_ctl(s, "start talk.service") == 0);
	follow_until(fd, "to-err\n");
	CHECK(sys_ctl(s, "stop talk.service") == 0);
	follow_until(fd, "Stopped talk.service - It talks.\n");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool is_there(struct sys *sys, void *path)
{
	(void)sys;
	return access(path, F_OK) == 0;
}

static bool log_repeats(struct sys *sys, void *arg)
{
	struct logged *l = arg;

	return log_contains(sys, arg) && strstr(strstr(sys->output, l->text) + 1, l->text) != NULL;
}

static void wait_repeated(const char *unit, const char *text)
{
	struct logged l = { unit, text };

	sys_wait_for(s, text, log_repeats, &l);
}

/* -n 2 prints the last two lines of all. Which they are is journald's to say: it reads streams and
 * datagrams in no order of theirs. */
static void check_last_two(const char *unit)
{
	static char all[sizeof(s->output)];
	const char *at;

	CHECK(sys_ctl(s, "logs -o cat %s", unit) == 0);
	snprintf(all, sizeof(all), "%s", s->output);
	at = all + strlen(all);
	for (int ends = 0; at > all && (at[-1] != '\n' || ++ends < 3);) {
		at--;
	}
	CHECK(at > all);
	CHECK(sys_ctl(s, "logs -o cat -n 2 %s", unit) == 0);
	CHECK(strcmp(s->output, at) == 0);
}

static void test_journald_restart(void **state)
{
	AUTO_CLOSE int fd = -1;
	char mark[96];
	pid_t follower;
	long pid;

	(void)state;
	snprintf(mark, sizeof(mark), "%s/went-on", s->dir);
	loadf("talk.service",
		"[Service]\nExecStart=/bin/sh -c 'trap \"echo lost; : >%s\" USR1; "
		"echo before; while :; do sleep 0.1; done'\n[Container]\nProfile=trusted\n",
		mark);
	load("next.service", "[Service]\nExecStart=/bin/sh -c 'echo next-line; exec sleep "
			     "infinity'\n");
	CHECK(sys_ctl(s, "start talk.service") == 0);
	wait_log("talk.service", "before");
	pid = sys_number(s, "talk.service", "MainPID");
	fd = follow_start("next.service", &follower);
	journald_kill();
	CHECK(sys_ctl(s, "start next.service") == 0);
	follow_until(fd, "next-line\n");
	wait_log("next.service", "next-line");
	wait_log("next.service", "Started next.service");
	journald_start();
	/* The running service has lost its stream and lives. */
	CHECK(pid > 1 && kill((pid_t)pid, SIGUSR1) == 0);
	sys_wait_for(s, "the service goes on", is_there, mark);
	CHECK(sys_ctl(s, "restart next.service") == 0);
	follow_until(fd, "next-line\n");
	kill(follower, SIGKILL);
	waitpid(follower, NULL, 0);
	wait_journalctl("_SYSTEMD_UNIT=next.service -o cat", "next-line");
	wait_journalctl("-u next.service -o cat", "Started next.service");
	/* supd-log's first line and the journal's second are one log. */
	wait_repeated("next.service", "Started next.service.");
	wait_repeated("next.service", "next-line");
	check_last_two("next.service");
	CHECK(sys_number(s, "talk.service", "MainPID") == pid);
	CHECK(sys_ctl(s, "is-active talk.service") == 0);
	CHECK(sys_ctl(s, "restart talk.service") == 0);
	wait_journalctl("_SYSTEMD_UNIT=talk.service -o cat", "before\nbefore");
}

/* n one-shots whose records are long, all wanted by a target, which comes after them. */
static void write_talkers(const char *prefix, int n)
{
	char name[32], text[2048], words[1024];

	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	snprintf(name, sizeof(name), "%s.target", prefix);
	sys_unit(s, name, "[Unit]\nDescription=all of them\n");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%d.service", prefix, i);
		snprintf(text, sizeof(text),
			"[Unit]\nDescription=%s\n[Service]\nType=oneshot\n"
			"ExecStart=/bin/true\nStandardOutput=null\n",
			words);
		sys_unit(s, name, text);
		snprintf(text, sizeof(text), "%s.target.wants/%s", prefix, name);
		sys_unit(s, text, "");
		snprintf(text, sizeof(text), "%s/%s.target.wants/%s", s->units, prefix, name);
		snprintf(words, sizeof(words), "../%s", name);
		must(unlink(text) == 0 && symlink(words, text) == 0, text);
		memset(words, 'x', sizeof(words) - 1);
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
}

#define OWN "SYSLOG_IDENTIFIER=supd + SYSLOG_IDENTIFIER=supd-init -o cat"

/* supd's own records wait for a journald that does not read, and keep their order. */
static void test_journald_behind(void **state)
{
	char text[64];

	(void)state;
	write_talkers("few", 20);
	must(kill(journald, SIGSTOP) == 0, "SIGSTOP");
	CHECK(sys_ctl(s, "start few.target") == 0);
	must(kill(journald, SIGCONT) == 0, "SIGCONT");
	wait_journalctl(OWN, "few.target - all of them");
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "Finished few%d.service", i);
		CHECK(sys_said(s, text) &&
			strstr(s->output, text) < strstr(s->output, "few.target - all"));
	}
	CHECK(!sys_said(s, "were lost"));
}

/* supd-init has heard all that supd said before it hears that this is to be run: on a busy machine
 * it can be far behind when supctl ends. */
static void wait_heard(void)
{
	load("heard.service",
		"[Service]\nType=oneshot\nExecStart=/bin/true\nStandardOutput=null\n");
	CHECK(sys_ctl(s, "start heard.service") == 0);
}

/* What is too much is counted, and the number is told as soon as there is room: not only when there
 * is something else to tell. How much was not too much is the kernel's to say: it is not read
 * whole. */
static void test_journald_too_far_behind(void **state)
{
	(void)state;
	write_talkers("many", 200);
	must(kill(journald, SIGSTOP) == 0, "SIGSTOP");
	CHECK(sys_ctl(s, "start many.target") == 0);
	wait_heard();
	must(kill(journald, SIGCONT) == 0, "SIGCONT");
	wait_journalctl("SYSLOG_IDENTIFIER=supd-init -o cat",
		"messages of supd were lost: the log was too far behind");
	wait_journalctl("MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 -n 5 -o cat", "Starting many");
	load("last.service", "[Unit]\nDescription=the last word\n[Service]\nType=oneshot\n"
			     "ExecStart=/bin/true\nStandardOutput=null\n");
	CHECK(sys_ctl(s, "start last.service") == 0);
	wait_journalctl("-u last.service -o cat", "Finished last.service - the last word");
}

static void test_stale_sockets(void **state)
{
	(void)state;
	load("talk.service", TALK);
	CHECK(sys_ctl(s, "start talk.service") == 0);
	wait_talk();
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup_journald, teardown_journald)
	const struct CMUnitTest tests[] = {
		WITH(test_lines),
		WITH(test_journalctl),
		WITH(test_short_lived),
		WITH(test_profiles),
		WITH(test_follow),
		WITH(test_journald_behind),
		WITH(test_journald_too_far_behind),
		WITH(test_journald_restart),
		cmocka_unit_test_setup_teardown(test_stale_sockets, setup_stale, teardown_journald),
	};

	sys_require();
	if (access(JOURNALD, X_OK) < 0 || access("/usr/bin/journalctl", X_OK) < 0 ||
		access("/etc/machine-id", F_OK) < 0) {
		printf("skipped: systemd-journald, journalctl or /etc/machine-id is not there\n");
		return 77;
	}
	sys_private(NULL);
	journald_places();
	return cmocka_run_group_tests_name("journald", tests, NULL, NULL);
}
