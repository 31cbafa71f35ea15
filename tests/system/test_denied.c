// SPDX-License-Identifier: MIT
/* The table of denied_rows.h, row by row; and the settings that one attempt does not show. */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"
#include "denied_rows.h"

#define BATCH 24u /* supctl gets 64 words from the harness */

/* ---- what the attempts meet ---- */

static void make_dir(const char *path)
{
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static void put_program(const char *path, mode_t mode)
{
	static char data[8 * 1024 * 1024];
	AUTO_CLOSE int in = open(getenv("SUPD_PROBE"), O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n = in < 0 ? -1 : fd_read_full(in, data, sizeof(data));

	CHECK(n > 0 && out >= 0 && fd_write_full(out, data, (size_t)n) == 0);
	CHECK(fchmod(out, mode) == 0);
}

static int listen_abstract(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(name);

	memcpy(at.sun_path + 1, name, n);
	CHECK(bind(fd, (struct sockaddr *)&at,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0);
	CHECK(listen(fd, 64) == 0);
	return fd;
}

/* A root of its own for whom RootDirectory= names it, with what the attempts need in it. */
static void make_tree(void)
{
	static const char *const dirs[] = { "/srv/tree", "/srv/tree/srv", "/srv/tree/proc",
		"/srv/tree/sys", "/srv/tree/dev", "/srv/tree/run", "/srv/tree/var",
		"/srv/tree/var/lib", "/srv/tree/etc" };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		make_dir(dirs[i]);
	}
	put_program("/srv/tree/var/lib/tries", 0755);
	write_text("/srv/tree/etc/passwd", "1000:x:0:0::/:/x\nalice:x:0:0::/:/x\n");
	write_text("/srv/tree/dev/null", "not null\n");
	write_text("/srv/tree/srv/root-file", "root's\n");
	CHECK(chmod("/srv/tree/srv/root-file", 0600) == 0);
}

static void make_extension(void)
{
	static const char *const dirs[] = { "/srv/extension", "/srv/extension/usr",
		"/srv/extension/usr/share", "/srv/extension/usr/lib",
		"/srv/extension/usr/lib/extension-release.d" };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		make_dir(dirs[i]);
	}
	write_text("/srv/extension/usr/lib/extension-release.d/extension-release.extension",
		"ID=_any\n");
	write_text("/srv/extension/usr/share/denied-marker", "there\n");
}

static int setup(void **state)
{
	int r = ask_setup(state);

	make_dir("/srv/denied");
	make_dir("/srv/suid");
	put_program("/srv/tries", 0755);
	put_program("/var/lib/tries", 0755);
	make_tree();
	make_extension();
	/* The test's own tmpfs forbids set-id programs. */
	CHECK(mount("suid", "/srv/suid", "tmpfs", MS_NODEV, "mode=0755") == 0);
	put_program("/srv/suid/tries", 04755);
	write_text("/srv/marker", "there\n");
	write_text("/root/marker", "there\n");
	write_text("/tmp/marker", "there\n");
	write_text("/srv/root-file", "root's\n");
	CHECK(chmod("/srv/root-file", 0600) == 0);
	write_text("/srv/extra-file", "the group's\n");
	CHECK(chown("/srv/extra-file", 0, (gid_t)atoi(EXTRA_GID)) == 0);
	CHECK(chmod("/srv/extra-file", 0640) == 0);
	CHECK(shmget(4711, 4096, IPC_CREAT | 0777) >= 0);
	listen_abstract("denied");
	return r;
}

static int teardown(void **state)
{
	umount2("/srv/suid", MNT_DETACH);
	return ask_teardown(state);
}

/* ---- the table ---- */

/* "PID" is this process, "CGROUP" the test's cgroup below the mount. */
static void write_attempt(char *to, size_t size, const char *attempt)
{
	const char *pid = strstr(attempt, "PID"), *cgroup = strstr(attempt, "CGROUP");

	if (pid) {
		snprintf(to, size, "%.*s%d%s", (int)(pid - attempt), attempt, (int)getpid(),
			pid + 3);
	} else if (cgroup) {
		snprintf(to, size, "open-write:%s%s", s->cgroup, cgroup + 6);
	} else {
		snprintf(to, size, "%s", attempt);
	}
}

static void write_row(size_t i, bool with)
{
	const struct denied_row *row = &denied_rows[i];
	char name[64], attempt[256], text[1024];

	write_attempt(attempt, sizeof(attempt), row->attempt);
	snprintf(name, sizeof(name), "d%zu-%s.service", i, with ? "with" : "without");
	snprintf(text, sizeof(text),
		"[Container]\nProfile=trusted\n[Service]\nType=oneshot\nStandardOutput=truncate:%s/"
		"%s\n%s%s%sExecStart=/var/lib/tries %s\n",
		s->dir, name, row->base ? row->base : "", with ? row->lines : "", with ? "\n" : "",
		attempt);
	sys_unit(s, name, text);
}

static void start_rows(size_t from, size_t end)
{
	char line[4000] = "start";
	size_t n = strlen(line);

	for (size_t i = from; i < end; i++) {
		n += (size_t)snprintf(line + n, sizeof(line) - n,
			" d%zu-with.service d%zu-without.service", i, i);
	}
	CHECK(n < sizeof(line));
	if (sys_ctl(s, "%s", line) != 0) {
		sys_fail(s, "rows %zu to %zu: not all have started", from, end - 1);
	}
}

static bool row_holds(size_t i, bool with)
{
	const struct denied_row *row = &denied_rows[i];
	const char *pattern = with ? row->with : row->without;
	bool inverse = pattern[0] == '!';
	char name[64], text[256];

	snprintf(name, sizeof(name), "d%zu-%s.service", i, with ? "with" : "without");
	if (row->needs && prctl(PR_CAPBSET_READ, row->needs, 0, 0, 0) != 1) {
		printf("%s skipped: capability %d is not there\n", row->attempt, row->needs);
		return true;
	}
	sys_file(s, name, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	if (text[0] && (fnmatch(pattern + inverse, text, 0) == 0) != inverse) {
		return true;
	}
	fprintf(stderr, "%s %s: %s is \"%s\", not \"%s\"\n", with ? "with" : "without", row->lines,
		row->attempt, text, pattern);
	return false;
}

static void test_rows(void **state)
{
	size_t bad = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(denied_rows); i++) {
		write_row(i, true);
		write_row(i, false);
	}
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	for (size_t i = 0; i < ELEMENTSOF(denied_rows); i += BATCH) {
		size_t end = i + BATCH;

		start_rows(i, end < ELEMENTSOF(denied_rows) ? end : ELEMENTSOF(denied_rows));
	}
	for (size_t i = 0; i < ELEMENTSOF(denied_rows); i++) {
		bad += !row_holds(i, true);
		bad += !row_holds(i, false);
	}
	if (bad) {
		sys_fail(s, "%zu attempts went otherwise", bad);
	}
	for (size_t i = 0; i < ELEMENTSOF(denied_rows); i++) {
		char name[64];

		for (int with = 0; with < 2; with++) {
			snprintf(name, sizeof(name), "d%zu-%s.service", i,
				with ? "with" : "without");
			sys_remove_unit(s, name);
		}
	}
}

/* ---- limits of controllers ---- */

static bool dump_has(const char *lines, const char *text)
{
	char path[256], command[512], line[1024];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/limit.service", s->dir);
	snprintf(line, sizeof(line), "[Service]\nExecStart=/bin/true\n%s\n", lines);
	write_text(path, line);
	snprintf(command, sizeof(command), "%s/supd-load --dump %s 2>&1", getenv("SUPD_BUILD"),
		path);
	f = popen(command, "re");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		found |= strstr(line, text) != NULL;
	}
	CHECK(pclose(f) == 0);
	return found;
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(denied_limits); i++) {
		const struct denied_limit *row = &denied_limits[i];

		if (!dump_has(row->lines, row->written)) {
			sys_fail(s, "%s does not write \"%s\"", row->lines, row->written);
		}
		if (dump_has("", row->written)) {
			sys_fail(s, "\"%s\" is written without %s", row->written, row->setting);
		}
	}
}

/* ---- seen from outside ---- */

/* What a unit with PrivateMounts= mounts is not there for others. */
static void test_private_mounts(void **state)
{
	(void)state;
	make_dir("/srv/seen");
	for (int with = 0; with < 2; with++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Container]\nProfile=trusted\n[Service]\nType=oneshot\n%s"
			"ExecStart=/bin/mount -t tmpfs seen /srv/seen\n"
			"ExecStart=/bin/touch /srv/seen/file\n",
			with ? "PrivateMounts=yes\n" : "");
		unit(with ? "pm1.service" : "pm0.service", text);
		CHECK(sys_ctl(s, "start %s", with ? "pm1.service" : "pm0.service") == 0);
		CHECK((umount2("/srv/seen", MNT_DETACH) == 0) == !with);
	}
}

static void test_remove_ipc(void **state)
{
	(void)state;
	for (int with = 0; with < 2; with++) {
		const char *name = with ? "ipc1.service" : "ipc0.service";
		char text[256];
		int id;

		snprintf(text, sizeof(text),
			"[Container]\nProfile=trusted\n[Service]\nType=oneshot\nUser=alice\n"
			"RemoveIPC=%s\nExecStart=/srv/tries segment:4712\n",
			with ? "yes" : "no");
		unit(name, text);
		id = shmget(4712, 4096, IPC_CREAT | 0777);
		CHECK(id >= 0);
		struct shmid_ds ds;

		CHECK(shmctl(id, IPC_STAT, &ds) == 0);
		ds.shm_perm.uid = (uid_t)atoi(ALICE);
		CHECK(shmctl(id, IPC_SET, &ds) == 0);
		CHECK(sys_ctl(s, "start %s", name) == 0);
		if (with) {
			sys_wait(s, name, "ActiveState", "inactive");
		}
		CHECK((shmctl(id, IPC_STAT, &ds) < 0) == with);
		shmctl(id, IPC_RMID, NULL);
	}
}

static void test_preserve(void **state)
{
	static const struct {
		const char *value;
		bool stays;
	} rows[] = { { "no", false }, { "yes", true }, { "restart", false } };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char name[32], path[64], text[256];

		snprintf(name, sizeof(name), "keep%zu.service", i);
		snprintf(path, sizeof(path), "/run/keep%zu", i);
		snprintf(text, sizeof(text),
			"[Service]\nExecStart=/srv/tries ptrace\nRemainAfterExit=yes\n"
			"RuntimeDirectory=keep%zu\nRuntimeDirectoryPreserve=%s\n",
			i, rows[i].value);
		unit(name, text);
		CHECK(sys_ctl(s, "start %s", name) == 0 && access(path, F_OK) == 0);
		CHECK(sys_ctl(s, "stop %s", name) == 0);
		CHECK((access(path, F_OK) == 0) == rows[i].stays);
	}
}

/* ---- sockets ---- */

static void listen_unit(const char *name, const char *lines)
{
	char text[512], full[64];

	snprintf(full, sizeof(full), "%s.service", name);
	sys_unit(s, full, "[Service]\nExecStart=/bin/sleep 1000\n");
	snprintf(text, sizeof(text), "[Socket]\n%s\n", lines);
	snprintf(full, sizeof(full), "%s.socket", name);
	unit(full, text);
}

static void test_socket_owner(void **state)
{
	struct stat st;

	(void)state;
	listen_unit("so0", "ListenStream=/run/so0");
	CHECK(sys_ctl(s, "start so0.socket") == 0);
	CHECK(stat("/run/so0", &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
	listen_unit("so1", "ListenStream=/run/so1\nSocketUser=alice\nSocketGroup=extra");
	CHECK(sys_ctl(s, "start so1.socket") == 0);
	CHECK(stat("/run/so1", &st) == 0 && st.st_uid == (uid_t)atoi(ALICE) &&
		st.st_gid == (gid_t)atoi(EXTRA_GID));
	CHECK(sys_ctl(s, "stop so0.socket so1.socket") == 0);
}

static void test_socket_device(void **state)
{
	(void)state;
	listen_unit("dev0", "ListenStream=127.0.0.1:7103\nBindToDevice=lo");
	CHECK(sys_ctl(s, "start dev0.socket") == 0);
	CHECK(sys_ctl(s, "stop dev0.socket") == 0);
	listen_unit("dev1", "ListenStream=127.0.0.1:7104\nBindToDevice=nosuch0");
	CHECK(sys_ctl(s, "start dev1.socket") != 0);
	sys_ctl(s, "status dev1.socket");
	CHECK(sys_said(s, "BindToDevice") || sys_said(s, "nosuch0"));
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	return fd;
}

static bool is_count(struct sys *sys, void *arg)
{
	return sys_number(sys, "per.socket", "NConnections") == *(const long *)arg;
}

/* The second of the same caller is closed at once. */
static void test_per_source(void **state)
{
	long one = 1;
	char byte;

	(void)state;
	sys_unit(s, "per@.service", "[Service]\nStandardInput=socket\nExecStart=/bin/sleep 1000\n");
	unit("per.socket", "[Socket]\nListenStream=/run/per\nAccept=yes\n"
			   "MaxConnectionsPerSource=1\n");
	CHECK(sys_ctl(s, "start per.socket") == 0);
	AUTO_CLOSE int first = connect_to("/run/per");

	sys_wait_for(s, "the first connection", is_count, &one);
	AUTO_CLOSE int second = connect_to("/run/per");

	CHECK(read(second, &byte, 1) <= 0);
	sys_wait_for(s, "the first alone", is_count, &one);
	CHECK(recv(first, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	CHECK(sys_ctl(s, "stop per.socket") == 0);
	sys_ctl(s, "stop per@*.service");
}

/* Labels that this kernel has not fail or refuse, never pass in silence. */
static void test_socket_labels(void **state)
{
	static const struct {
		const char *setting;
		const char *text;
	} rows[] = {
		{ "SELinuxContextFromNet",
			"ListenStream=127.0.0.1:7105\nSELinuxContextFromNet=yes" },
		{ "SmackLabel", "ListenFIFO=/run/label\nSmackLabel=a" },
		{ "SmackLabelIPIn", "ListenStream=127.0.0.1:7105\nSmackLabelIPIn=a" },
		{ "SmackLabelIPOut", "ListenStream=127.0.0.1:7105\nSmackLabelIPOut=a" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		listen_unit("label", rows[i].text);
		if (sys_ctl(s, "start label.socket") == 0) {
			sys_fail(s, "%s: passed", rows[i].setting);
		}
		sys_ctl(s, "verify %s/label.socket", s->units);
		if (!sys_said(s, rows[i].setting)) {
			sys_ctl(s, "status label.socket");
		}
		if (!sys_said(s, rows[i].setting)) {
			sys_fail(s, "%s: not named", rows[i].setting);
		}
	}
	sys_remove_unit(s, "label.socket");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_private_mounts),
		cmocka_unit_test(test_remove_ipc),
		cmocka_unit_test(test_preserve),
		cmocka_unit_test(test_socket_owner),
		cmocka_unit_test(test_socket_device),
		cmocka_unit_test(test_per_source),
		cmocka_unit_test(test_socket_labels),
	};
	static const char *const scratch[] = { "/var/lib", "/var/cache", "/var/log", "/srv", "/tmp",
		"/var/tmp", "/root", "/mnt", "/etc/default", NULL };

	sys_require();
	if (!getenv("SUPD_PROBE")) {
		printf("skipped: SUPD_PROBE is not set; run it by meson test\n");
		return 77;
	}
	sys_private(scratch);
	if (unshare(CLONE_NEWIPC) < 0) {
		printf("skipped: no IPC namespace: %s\n", strerror(errno));
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
