// SPDX-License-Identifier: MIT
/* Path units: the five kinds, parents that come later, links, and the death of supd. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

static void make(const char *path, const char *text)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	AUTO_CLOSE int fd = open(full, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void make_dir(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	CHECK(mkdir(full, 0755) == 0);
}

static void drop(const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	CHECK(remove(full) == 0);
}

/* Lines that the service has written: how often it ran. */
static size_t count(const char *name)
{
	char path[64], text[4096];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s.ran", name);
	for (const char *p = sys_file(s, path, text, sizeof(text)); *p; p++) {
		n += *p == '\n';
	}
	return n;
}

struct ran {
	const char *name;
	size_t times;
};

static bool has_run(struct sys *sys, void *arg)
{
	const struct ran *r = arg;

	(void)sys;
	return count(r->name) >= r->times;
}

/* The service has run so often, and the path is at rest again. */
static void wait_ran(const char *name, size_t times)
{
	struct ran r = { name, times };
	char unit[64];

	sys_wait_for(s, name, has_run, &r);
	snprintf(unit, sizeof(unit), "%s.path", name);
	sys_wait(s, unit, "SubState", "waiting");
	CHECK(count(name) == times);
}

/* NAME.path with a line, and a service that counts and then removes what started it. */
static void watch(const char *name, const char *line, const char *then)
{
	char unit[64];

	snprintf(unit, sizeof(unit), "%s.path", name);
	loadf(unit, "[Path]\n%s\n", line);
	snprintf(unit, sizeof(unit), "%s.service", name);
	loadf(unit,
		"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo ran >>%s/%s.ran; %s'\n"
		"[Container]\nProfile=trusted\n",
		s->dir, name, then);
	CHECK(sys_ctl(s, "start %s.path", name) == 0);
}

static void test_exists(void **state)
{
	char line[256], then[256];

	(void)state;
	snprintf(line, sizeof(line), "PathExists=%s/e/deep/flag", s->dir);
	snprintf(then, sizeof(then), "rm %s/e/deep/flag", s->dir);
	watch("exists", line, then);
	CHECK(property_equals("exists.path", "SubState", "waiting"));
	make_dir("e");
	make_dir("e/deep");
	make("e/deep/flag", "x");
	wait_ran("exists", 1);
	make("e/deep/flag", "x");
	wait_ran("exists", 2);
	CHECK(sys_ctl(s, "status exists.path") == 0);
	CHECK(sys_said(s, "(PathExists)") && sys_said(s, "exists.service"));
	CHECK(sys_ctl(s, "list-paths") == 0);
	CHECK(sys_said(s, "/e/deep/flag") && sys_said(s, "PathExists"));
	CHECK(sys_said(s, "exists.path") && sys_said(s, "exists.service"));
	CHECK(sys_ctl(s, "list-paths exists") == 0 && sys_said(s, "exists.path"));
	CHECK(sys_ctl(s, "list-paths no*") == 0 && !sys_said(s, "exists.path"));
	CHECK(sys_ctl(s, "stop exists.path") == 0);
	make("e/deep/flag", "x");
	CHECK(sys_ctl(s, "start exists.path") == 0); /* it is there already */
	wait_ran("exists", 3);
	CHECK(sys_ctl(s, "stop exists.path") == 0);
}

static void test_glob(void **state)
{
	char line[256], then[256];

	(void)state;
	make_dir("g");
	snprintf(line, sizeof(line), "PathExistsGlob=%s/g/*.job", s->dir);
	snprintf(then, sizeof(then), "rm %s/g/*.job", s->dir);
	watch("glob", line, then);
	make("g/other", "x");
	make("g/one.job", "x");
	wait_ran("glob", 1);
	CHECK(sys_ctl(s, "stop glob.path") == 0);
}

static void test_changed(void **state)
{
	char line[256], from[256], to[256];

	(void)state;
	snprintf(line, sizeof(line), "PathChanged=%s/c.conf", s->dir);
	make("c.conf", "first");
	watch("changed", line, "true");
	make("c.conf", "second");
	wait_ran("changed", 1);
	/* as editors do it */
	make("c.new", "third");
	snprintf(from, sizeof(from), "%s/c.new", s->dir);
	snprintf(to, sizeof(to), "%s/c.conf", s->dir);
	CHECK(rename(from, to) == 0);
	wait_ran("changed", 2);
	drop("c.conf");
	wait_ran("changed", 3);
	/* at once: a file that is made and written later has changed twice */
	make("c.new", "fourth");
	CHECK(rename(from, to) == 0);
	wait_ran("changed", 4);
	CHECK(sys_ctl(s, "stop changed.path") == 0);
}

static void test_modified(void **state)
{
	char line[256], path[256];

	(void)state;
	make("m.log", "x");
	snprintf(line, sizeof(line), "PathModified=%s/m.log", s->dir);
	watch("modified", line, "true");
	snprintf(path, sizeof(path), "%s/m.log", s->dir);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, "y", 1) == 1); /* written, not closed */
	wait_ran("modified", 1);
	CHECK(sys_ctl(s, "stop modified.path") == 0);
}

static void test_not_empty(void **state)
{
	char line[256], then[256], path[256];
	struct stat st;

	(void)state;
	snprintf(line, sizeof(line),
		"DirectoryNotEmpty=%s/spool/in\nMakeDirectory=yes\n"
		"DirectoryMode=0750",
		s->dir);
	snprintf(then, sizeof(then), "rm %s/spool/in/*", s->dir);
	watch("spool", line, then);
	snprintf(path, sizeof(path), "%s/spool/in", s->dir);
	CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0750);
	make("spool/in/a", "x");
	wait_ran("spool", 1);
	CHECK(sys_ctl(s, "stop spool.path") == 0);
}

/* What changes while no supd is there starts the service once. */
static void test_survives(void **state)
{
	char line[256];

	(void)state;
	make("k.conf", "x");
	snprintf(line, sizeof(line), "PathChanged=%s/k.conf", s->dir);
	watch("keep", line, "true");
	for (size_t i = 1; i <= 4; i++) {
		sys_kill_supd(s);
		make("k.conf", "y");
		wait_ran("keep", i);
	}
	CHECK(sys_ctl(s, "stop keep.path") == 0);
}

static void test_failures(void **state)
{
	char line[256];

	(void)state;
	make("busy.flag", "x");
	snprintf(line, sizeof(line),
		"PathExists=%s/busy.flag\nTriggerLimitBurst=3\nTriggerLimitIntervalSec=1h", s->dir);
	watch("busy", line, "true");
	sys_wait(s, "busy.path", "SubState", "failed");
	CHECK(property_equals("busy.path", "Result", "trigger-limit-hit"));
	CHECK(count("busy") == 3);
	loadf("mk.path", "[Path]\nDirectoryNotEmpty=/proc/supd-none\nMakeDirectory=yes\n");
	loadf("mk.service", "[Service]\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start mk.path") != 0);
	CHECK(sys_said(s, "/proc/supd-none") && sys_said(s, "mk.path:2"));
	sys_unit(s, "none.path", "[Path]\nMakeDirectory=yes\n");
	CHECK(sys_ctl(s, "verify %s/none.path", s->units) != 0 && sys_said(s, "no path"));
	sys_unit(s, "none.path", "[Path]\nPathExists=relative\n");
	CHECK(sys_ctl(s, "verify %s/none.path", s->units) != 0 && sys_said(s, "absolute path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_modified),
		cmocka_unit_test(test_not_empty),
		cmocka_unit_test(test_survives),
		cmocka_unit_test(test_failures),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
