// SPDX-License-Identifier: MIT
/*
 * Unit files nobody should have written: each is refused with its name and the reason, none of them
 * stops the loader, and a good unit beside them starts and stops as ever.
 */
#include "check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

#define HUGE_LINE (1100u * 1024u)
#define GOOD      "[Service]\nType=oneshot\nExecStart=/bin/true\n"

static const char *payload;

static const char *unit_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->units, name);
	return path;
}

/* Writes bytes that sys_unit() could not. */
static void write_bytes(const char *name, const char *bytes, size_t n)
{
	AUTO_CLOSE int fd = open(unit_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_full(fd, bytes, n) == 0);
}

static void make_noise(const char *name)
{
	static const char bytes[] = "\x7f"
				    "ELF\2\1\1\0\0\0\xff\xfe\n\x80\x81\0\0[Service]\n";

	write_bytes(name, bytes, sizeof(bytes) - 1);
}

static void make_nul(const char *name)
{
	static const char bytes[] = "[Service]\nExecStart=/bin/true \0 x\n";

	write_bytes(name, bytes, sizeof(bytes) - 1);
}

static void make_latin(const char *name)
{
	sys_unit(s, name, "[Unit]\nDescription=gr\xfc\xdf\n" GOOD);
}

static void make_huge(const char *name)
{
	AUTO_FREE char *text = malloc(HUGE_LINE);

	CHECK(text != NULL);
	memset(text, 'a', HUGE_LINE);
	memcpy(text, "[Unit]\nDescription=", 19);
	text[HUGE_LINE - 1] = '\n';
	write_bytes(name, text, HUGE_LINE);
}

static void make_sparse(const char *name)
{
	write_bytes(name, GOOD, sizeof(GOOD) - 1);
	CHECK(truncate(unit_path(name), (off_t)1 << 30) == 0);
}

static void make_fifo(const char *name)
{
	CHECK(mkfifo(unit_path(name), 0644) == 0);
}

static void make_endless(const char *name)
{
	CHECK(symlink("/dev/zero", unit_path(name)) == 0);
}

/* What no open() takes: it is judged before. */
static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, unit_path(name));
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
}

static void make_loop(const char *name)
{
	CHECK(symlink(name, unit_path(name)) == 0);
}

static void make_dangling(const char *name)
{
	CHECK(symlink("/does/not/exist", unit_path(name)) == 0);
}

static void make_directory(const char *name)
{
	CHECK(mkdir(unit_path(name), 0755) == 0);
}

static void make_writable(const char *name)
{
	sys_unit(s, name, GOOD);
	CHECK(chmod(unit_path(name), 0666) == 0);
}

static void make_group_writable(const char *name)
{
	sys_unit(s, name, GOOD);
	CHECK(chmod(unit_path(name), 0664) == 0);
}

static void make_foreign(const char *name)
{
	sys_unit(s, name, GOOD);
	CHECK(chown(unit_path(name), 65534, 65534) == 0);
}

static void make_no_exec(const char *name)
{
	sys_unit(s, name, "[Service]\nType=simple\n");
}

static void make_no_section(const char *name)
{
	sys_unit(s, name, "ExecStart=/bin/true\n");
}

static const struct bad_file {
	const char *name;
	void (*make)(const char *name);
	const char *says; /* behind the file's name */
} bad_files[] = {
	{ "noise.service", make_noise, "error: NUL byte" },
	{ "nul.service", make_nul, ":2:21: error: NUL byte" },
	{ "latin.service", make_latin, ":2:15: error: not UTF-8" },
	{ "huge.service", make_huge, ": error: file is larger than 1 MiB" },
	{ "sparse.service", make_sparse, ": error: file is larger than 1 MiB" },
	{ "fifo.service", make_fifo, ": error: not a regular file" },
	{ "endless.service", make_endless, ": error: not a regular file" },
	{ "socket.service", make_socket, ": error: not a regular file" },
	{ "loop.service", make_loop, ": error: cannot open: Too many levels" },
	{ "dangling.service", make_dangling, ": error: cannot open: No such file" },
	{ "folder.service", make_directory, ": error: not a regular file" },
	{ "writable.service", make_writable, ": error: refused: others than the owner can write" },
	{ "group.service", make_group_writable, ": error: refused: others than the owner" },
	{ "foreign.service", make_foreign, ": error: refused: the file does not belong to root" },
	{ "empty-handed.service", make_no_exec, "error" },
	{ "homeless.service", make_no_section, ":1:1: error: assignment outside of a section" },
};

/* The output has a line with the path of the file that goes on with the text. */
static bool said_of_file(const char *name, const char *text)
{
	const char *path = unit_path(name);

	for (const char *at = s->output; (at = strstr(at, path)); at++) {
		const char *rest = strstr(at, text);

		if (rest && rest <= at + strcspn(at, "\n")) {
			return true;
		}
	}
	return false;
}

static void check_good(void)
{
	CHECK(sys_ctl(s, "start good.service") == 0);
	CHECK(property_equals("good.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop good.service") == 0);
	CHECK(property_equals("good.service", "Result", "success"));
}

static int setup_bad(void **state)
{
	char text[600];

	(void)state;
	s = sys_new();
	payload = sys_payload(s);
	for (size_t i = 0; i < ELEMENTSOF(bad_files); i++) {
		bad_files[i].make(bad_files[i].name);
	}
	snprintf(text, sizeof(text), "[Service]\nExecStart=%s pause\n", payload);
	sys_unit(s, "good.service", text);
	sys_start(s, NULL);
	return 0;
}

static void test_files_are_named(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (size_t i = 0; i < ELEMENTSOF(bad_files); i++) {
		if (!said_of_file(bad_files[i].name, bad_files[i].says)) {
			sys_fail(s, "%s: no \"%s\"", bad_files[i].name, bad_files[i].says);
		}
	}
	check_good();
}

static void test_files_do_not_start(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad_files); i++) {
		CHECK(sys_ctl(s, "start %s", bad_files[i].name) != 0);
		CHECK(sys_said(s, bad_files[i].name));
		CHECK(property_equals(bad_files[i].name, "ActiveState", "inactive"));
		CHECK(!property_equals(bad_files[i].name, "LoadState", "loaded"));
	}
	check_good();
}

static void test_drop_in_directories(void **state)
{
	(void)state;
	sys_unit(s, "in.service", GOOD);
	sys_unit(s, "in.service.d/open.conf", "[Unit]\nDescription=from outside\n");
	CHECK(chmod(unit_path("in.service.d"), 0777) == 0);
	CHECK(symlink("around.service.d", unit_path("around.service.d")) == 0);
	sys_unit(s, "lent.service", GOOD);
	sys_unit(s, "lent.service.d/x.conf", "[Unit]\nDescription=from outside\n");
	CHECK(chown(unit_path("lent.service.d"), 65534, 65534) == 0);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(said_of_file("in.service.d", "refused: others than root can write"));
	CHECK(said_of_file("lent.service.d", "refused"));
	CHECK(said_of_file("around.service.d", "Too many levels"));
	CHECK(!property_equals("in.service", "Description", "from outside"));
	/* What they would have said, perhaps of walls, is not left out. */
	CHECK(sys_ctl(s, "start in.service") != 0);
	CHECK(sys_said(s, "in.service.d: error: what it says is not read, so the unit is"));
	CHECK(!property_equals("lent.service", "Description", "from outside"));
	check_good();
}

/* A stranger's file, looked at by root: it says nothing to the terminal. */
static void test_verify_prints_text(void **state)
{
	(void)state;
	sys_unit(s, "paint.service",
		"[Service]\nExecStart=/bin/true\nProtectSystem=\033[2J\xc2\x9b\n");
	sys_unit(s, "paint.service.d/a\033[32m.conf", "[Service]\nNoSuchThing=1\n");
	CHECK(sys_ctl(s, "verify %s", unit_path("paint.service")) == 1);
	CHECK(!strchr(s->output, '\033') && !sys_said(s, "\xc2\x9b"));
	CHECK(sys_said(s, "\\x1b[2J\\xc2\\x9b") && sys_said(s, "a\\x1b[32m.conf"));
	sys_remove_unit(s, "paint.service.d/a\033[32m.conf");
	sys_remove_unit(s, "paint.service");
	check_good();
}

static void test_broken_later(void **state)
{
	(void)state;
	/* What runs goes on as it was; the reload says what is wrong. */
	CHECK(sys_ctl(s, "start good.service") == 0);
	sys_unit(s, "good.service", "[Service\nExecStart=\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(said_of_file("good.service", ":1:1: error"));
	CHECK(property_equals("good.service", "SubState", "running"));
	CHECK(sys_ctl(s, "stop good.service") == 0);
	loadf("good.service", "[Service]\nExecStart=%s pause\n", payload);
	CHECK(!said_of_file("good.service", "error"));
	check_good();
}

static void write_script(const char *name, const char *text)
{
	sys_unit(s, name, text);
	CHECK(chmod(unit_path(name), 0755) == 0);
}

static void test_missing_programs(void **state)
{
	(void)state;
	load("missing.service", "[Service]\nType=oneshot\nExecStart=/does/not/exist\n");
	CHECK(sys_ctl(s, "start missing.service") == 1);
	CHECK(sys_said(s, "/does/not/exist: No such file") && sys_said(s, "missing.service:3"));
	CHECK(property_equals("missing.service", "Result", "exit-code"));
	CHECK(sys_number(s, "missing.service", "ExecMainStatus") == 203);
	write_script("plain", "echo no interpreter\n");
	loadf("plain.service", "[Service]\nType=oneshot\nExecStart=%s\n", unit_path("plain"));
	CHECK(sys_ctl(s, "start plain.service") == 1);
	CHECK(sys_said(s, "/plain: Exec format error") && sys_said(s, "plain.service:3"));
	write_script("lost", "#!/does/not/exist/either\n");
	loadf("lost.service", "[Service]\nType=oneshot\nExecStart=%s\n", unit_path("lost"));
	CHECK(sys_ctl(s, "start lost.service") == 1);
	CHECK(sys_said(s, "/lost: No such file") && sys_said(s, "lost.service:3"));
	check_good();
}

static void test_unknown_user(void **state)
{
	char never[128];

	(void)state;
	snprintf(never, sizeof(never), "%s/never", s->dir);
	loadf("who.service",
		"[Service]\nType=oneshot\nUser=supd-no-such-user\nExecStart=/bin/touch %s\n"
		"[Container]\nProfile=trusted\n",
		never);
	CHECK(sys_said(s, "who.service:3") && sys_said(s, "supd-no-such-user"));
	CHECK(sys_ctl(s, "start who.service") == 1);
	CHECK(sys_said(s, "no such user") && sys_said(s, "who.service"));
	CHECK(property_equals("who.service", "ActiveState", "failed"));
	CHECK(access(never, F_OK) < 0);
	load("what.service", "[Service]\nType=oneshot\nUser=no:such user\nExecStart=/bin/true\n");
	CHECK(sys_said(s, "what.service:3"));
	CHECK(sys_ctl(s, "start what.service") != 0);
	check_good();
}

/* A limit that cannot be kept is no limit: refused with the way out, where the machine lacks it. */
static void test_missing_controller(void **state)
{
	char path[256];
	bool can;

	(void)state;
	snprintf(path, sizeof(path), "%s/memory.max", s->cgroup);
	can = access(path, F_OK) == 0;
	load("held.service", "[Service]\nType=oneshot\nMemoryMax=64M\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start held.service") == (can ? 0 : 1));
	CHECK(can || sys_said(s, "no cgroup controller memory: RequireControllers=no starts "
				 "without it (MemoryMax=, held.service:3)"));
	load("held.service", "[Service]\nType=oneshot\nMemoryMax=64M\nExecStart=/bin/true\n"
			     "[Container]\nRequireControllers=no\n");
	CHECK(sys_ctl(s, "start held.service") == 0);
}

static void test_ordering_cycle(void **state)
{
	(void)state;
	sys_unit(s, "c1.service", "[Unit]\nWants=c2.service\nAfter=c2.service\n" GOOD);
	sys_unit(s, "c2.service", "[Unit]\nWants=c3.service\nAfter=c3.service\n" GOOD);
	load("c3.service", "[Unit]\nWants=c1.service\nAfter=c1.service\n" GOOD);
	sys_ctl(s, "start c1.service");
	wait_log("c1.service c2.service c3.service", "ordering cycle: ");
	CHECK(sys_said(s, "c1.service -> c2.service -> c3.service -> c1.service") ||
		sys_said(s, "c2.service -> c3.service -> c1.service -> c2.service") ||
		sys_said(s, "c3.service -> c1.service -> c2.service -> c3.service"));
	/* Nothing in it can be left out: refused, with the path. */
	sys_unit(s, "r1.service", "[Unit]\nRequires=r2.service\nAfter=r2.service\n" GOOD);
	load("r2.service", "[Unit]\nRequires=r1.service\nAfter=r1.service\n" GOOD);
	CHECK(sys_ctl(s, "start r1.service") != 0);
	CHECK(sys_said(s, "r1.service -> r2.service -> r1.service") ||
		sys_said(s, "r2.service -> r1.service -> r2.service"));
	check_good();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_named),
		cmocka_unit_test(test_files_do_not_start),
		cmocka_unit_test(test_drop_in_directories),
		cmocka_unit_test(test_verify_prints_text),
		cmocka_unit_test(test_broken_later),
		cmocka_unit_test(test_missing_programs),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_missing_controller),
		cmocka_unit_test(test_ordering_cycle),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_bad, teardown);
}
