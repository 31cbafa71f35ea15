// SPDX-License-Identifier: MIT
/*
 * The escape corpus: every row of the table of past escapes that can occur here, tried again. A row
 * is a unit and an attempt; the verdict is the unit's result. Where the same attempt must succeed
 * without walls, the row says so, and it is tried there too: a payload that cannot get
 * through anywhere proves nothing.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../system/harness.h"

static struct sys *s;

struct attempt {
	const char *name;    /* of the unit, and in the table of SECURITY.md */
	const char *unit;    /* further lines of [Service] and sections after it */
	const char *try;     /* arguments of the payload */
	const char *control; /* as unit: walls behind which it must get through; NULL: there are
				none, or it is the control of another row */
};

#define TRUSTED "[Container]\nProfile=trusted\n"

/* As if the launcher had left one open. */
#define LEAKS "ExecStart=\nExecStart=/bin/sh -c 'exec 7</; exec DIR/probe fds'\n"

static const struct attempt attempts[] = {
	{ "shocker", "", "handle", TRUSTED },
	{ "capabilities", "", "caps", TRUSTED },
	{ "groups", "User=daemon\nSupplementaryGroups=bin sys\n", "groups 2",
		"User=daemon\nSupplementaryGroups=bin\n" },
	{ "groups-none", "User=daemon\n", "groups 0", "User=daemon\nSupplementaryGroups=bin\n" },
	{ "new-userns", "", "namespaces", TRUSTED },
	{ "mounts", "", "mounts", "PrivateMounts=yes\n" TRUSTED },
	{ "families", "", "sockets", TRUSTED },
	{ "foreign-abi", "", "foreign", TRUSTED },
	{ "kernel-classes", "", "kernel", TRUSTED },
	{ "young-calls", "", "young", NULL },
	{ "young-calls-compat", "[Container]\nProfile=compat\n", "young", NULL },
	{ "reach", "", "reach", TRUSTED },
	{ "x32", "", "x32", TRUSTED },
	{ "x32-compat", "[Container]\nProfile=compat\n", "x32", NULL },
	{ "tiocsti", "", "tty", NULL },
	{ "knobs", "", "knobs", TRUSTED },
	{ "knobs-strict", "[Container]\nProfile=strict\n", "knobs", NULL },
	{ "cgroupfs", "", "cgroup", TRUSTED },
	{ "nodes", "", "nodes", "PrivateTmp=yes\n" TRUSTED },
	{ "descriptors", "", "fds", LEAKS },
	{ "descriptors-strict", "[Container]\nProfile=strict\n", "fds", NULL },
	{ "control-socket", "", "control DIR/run/control", TRUSTED },
	{ "root-files", "", "file DIR/secret", TRUSTED },
	{ "root-files-caps", "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH\n",
		"file DIR/secret", NULL },
};

/* Text with each DIR replaced. The caller frees. */
static char *with_dir(const char *text)
{
	char *ret = NULL;
	size_t size;
	FILE *f = open_memstream(&ret, &size);
	const char *at;

	assert_non_null(f);
	while ((at = strstr(text, "DIR/"))) {
		fprintf(f, "%.*s%s/", (int)(at - text), text, s->dir);
		text = at + 4;
	}
	fputs(text, f);
	fclose(f);
	return ret;
}

static void write_attempt(const char *unit, const struct attempt *a, const char *lines)
{
	AUTO_FREE char *try = with_dir(a->try);
	AUTO_FREE char *more = with_dir(lines);
	char text[2048];

	snprintf(text, sizeof(text), "[Service]\nType=oneshot\nExecStart=%s/probe %s\n%s", s->dir,
		try, more);
	sys_unit(s, unit, text);
}

static void test_attempts(void **state)
{
	char unit[64], control[64];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(attempts); i++) {
		snprintf(unit, sizeof(unit), "%s.service", attempts[i].name);
		write_attempt(unit, &attempts[i], attempts[i].unit);
		snprintf(control, sizeof(control), "%s-control.service", attempts[i].name);
		if (attempts[i].control) {
			write_attempt(control, &attempts[i], attempts[i].control);
		}
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (size_t i = 0; i < ELEMENTSOF(attempts); i++) {
		int code = sys_ctl(s, "start %s", attempts[i].name);

		if (code != 0) {
			sys_ctl(s, "logs %s", attempts[i].name);
			sys_fail(s, "%s got out", attempts[i].name);
		}
		if (attempts[i].control && sys_ctl(s, "start %s-control", attempts[i].name) == 0) {
			sys_fail(s, "%s cannot get out of its control: no proof", attempts[i].name);
		}
	}
}

/* ---- units that would widen what they get by a slip ---- */

static const char *const refused[] = {
	"User=1000x\n",
	"User=4294967296\n",
	"User=2147483648\n",
	"User=-1\n",
	"User=\" \"\n",
	"User=4294967295\n",
	"Group=0x10\n",
	"WorkingDirectory=../etc\n",
	"BindPaths=/tmp:/proc\n",
	"BindPaths=/tmp:/proc/sys\n",
	"BindPaths=../x:/y\n",
	"RootDirectory=relative\n",
	"CapabilityBoundingSet=CAP_SYS_ADMON\n",
	"SystemCallFilter=@sistem-service:EFOO\n",
	"RestrictAddressFamilies=INET\n",
	"RestrictNamespaces=usr\n",
	"ProtectSystem=stric\n",
	"PrivateTmpp=yes\n",
	"UMask=999\n",
};

static void test_refused(void **state)
{
	char name[64], text[512];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		snprintf(name, sizeof(name), "refused%zu.service", i);
		snprintf(text, sizeof(text), "[Service]\nType=oneshot\nExecStart=/bin/true\n%s",
			refused[i]);
		sys_unit(s, name, text);
	}
	sys_ctl(s, "daemon-reload");
	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		if (sys_ctl(s, "start refused%zu", i) == 0) {
			sys_fail(s, "a unit with %s was started", refused[i]);
		}
	}
}

/* A descriptor of the host as directory: the service must not end up outside (CVE-2024-21626). */
static void test_working_directory(void **state)
{
	(void)state;
	for (int fd = 3; fd < 12; fd++) {
		char name[64], text[256];

		snprintf(name, sizeof(name), "cwd%d.service", fd);
		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\nExecStart=/bin/true\n"
			"WorkingDirectory=/proc/self/fd/%d\n",
			fd);
		sys_unit(s, name, text);
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (int fd = 3; fd < 12; fd++) {
		CHECK(sys_ctl(s, "start cwd%d", fd) != 0);
	}
}

/* ---- roots full of links ---- */

static void make_link(const char *root, const char *at, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, at);
	rmdir(path);
	CHECK(symlink(to, path) == 0);
}

static bool is_empty(const char *path)
{
	/* rmdir of a copy of the name would do, but it must stay for the next row */
	return rmdir(path) == 0 && mkdir(path, 0755) == 0;
}

/* The image's /dev, /tmp, /proc and mount targets lead to a canary of the host's. */
static void test_links(void **state)
{
	static const char *const links[] = { "dev", "tmp", "proc", "srv", "var" };
	static const char *const dirs[] = { "dev", "tmp", "proc", "srv", "var", "var/tmp", "sys",
		"run", "etc", "home", "root" };
	char root[128], canary[128], up[192], text[1024], path[512];

	(void)state;
	snprintf(canary, sizeof(canary), "%s/canary", s->dir);
	CHECK(mkdir(canary, 0755) == 0);
	for (size_t i = 0; i < 2 * ELEMENTSOF(links); i++) {
		snprintf(root, sizeof(root), "%s/root%zu", s->dir, i);
		CHECK(mkdir(root, 0755) == 0);
		for (size_t k = 0; k < ELEMENTSOF(dirs); k++) {
			snprintf(path, sizeof(path), "%s/%s", root, dirs[k]);
			CHECK(mkdir(path, 0755) == 0);
		}
		snprintf(path, sizeof(path), "cp %s/probe %s/probe && mkdir -p %s%s/run", s->dir,
			root, root, s->dir);
		CHECK(system(path) == 0);
		if (strcmp(links[i / 2], "var") == 0) {
			snprintf(path, sizeof(path), "%s/var/tmp", root);
			rmdir(path);
		}
		snprintf(up, sizeof(up), "../../../../../../..%s", canary);
		make_link(root, links[i / 2], i % 2 ? canary : up);
		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\nExecStart=/probe caps\nRootDirectory=%s\n"
			"TemporaryFileSystem=/srv/x\nBindPaths=%s/units:/srv/y\n"
			"StateDirectory=escape-test-%zu-%d\n",
			root, s->dir, i, (int)getpid());
		snprintf(path, sizeof(path), "links%zu.service", i);
		sys_unit(s, path, text);
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (size_t i = 0; i < 2 * ELEMENTSOF(links); i++) {
		/* Refused or started inside: either is well, as long as nothing is touched outside.
		 */
		(void)sys_ctl(s, "start links%zu", i);
		if (!is_empty(canary)) {
			sys_fail(s, "root%zu reached the canary", i);
		}
		snprintf(path, sizeof(path), "/var/lib/escape-test-%zu-%d", i, (int)getpid());
		rmdir(path);
	}
}

/* ---- what lies about outside ---- */

static void check_mode(const char *name, mode_t most)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	if (stat(path, &st) < 0 || st.st_mode & 0777 & ~most) {
		sys_fail(s, "%s has mode %o, at most %o is right", path,
			(unsigned)st.st_mode & 0777, (unsigned)most);
	}
}

static void test_modes(void **state)
{
	(void)state;
	check_mode("run/init", 0700);
	check_mode("run/init/table", 0600);
	check_mode("run/init/settings", 0600);
	check_mode("run/supd", 0700);
	check_mode("state/idtable", 0600);
	check_mode("log", 0750);
}

/* ---- supctl exec while the unit hunts ---- */

#define EXECS 40

static void test_exec_hunted(void **state)
{
	char path[160], text[2048], found[512] = "";
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/found", s->dir);
	snprintf(text, sizeof(text),
		"[Service]\nExecStart=%s/probe catch\nStandardOutput=file:%s\n"
		"CapabilityBoundingSet=CAP_SYS_PTRACE\nSystemCallFilter=@system-service ptrace\n"
		"PrivatePIDs=yes\n",
		s->dir, path);
	sys_unit(s, "hunter.service", text);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "start hunter") == 0);
	for (int i = 0; i < EXECS; i++) {
		CHECK(sys_ctl(s, "exec hunter -- %s/probe caps", s->dir) <= 1);
	}
	CHECK(sys_ctl(s, "exec hunter -- %s/probe fds", s->dir) == 0);
	CHECK(sys_ctl(s, "exec hunter -- %s/probe file %s/secret", s->dir, s->dir) == 0);
	CHECK(sys_ctl(s, "stop hunter") == 0);
	CHECK(sys_ctl(s, "exec hunter -- /bin/true") != 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, found, sizeof(found) - 1) > 0) {
		sys_fail(s, "the unit saw the launcher: %s", found);
	}
	if (fd >= 0) {
		close(fd);
	}
}

static int setup(void **state)
{
	char command[512];

	(void)state;
	sys_private(NULL);
	s = sys_new();
	snprintf(command, sizeof(command), "cp %s %s/probe && umask 077 && echo secret >%s/secret",
		getenv("SUPD_PROBE"), s->dir, s->dir);
	CHECK(system(command) == 0);
	sys_start(s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_working_directory),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_exec_hunted),
	};

	sys_require();
	return cmocka_run_group_tests(tests, setup, teardown);
}
