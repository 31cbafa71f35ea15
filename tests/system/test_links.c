// SPDX-License-Identifier: MIT
/* Files that root opens for a service, where the service may write: a link that it has put in the
 * way leads nowhere, one that root has made does. */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

#define HERS "/var/lib/hers"
#define ROOT "/srv/roots"

static void make_dir(const char *path, uid_t uid)
{
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
	CHECK(chown(path, uid, 0) == 0);
}

static void put_link(const char *to, const char *at, uid_t uid)
{
	unlink(at);
	CHECK(symlink(to, at) == 0 && lchown(at, uid, 0) == 0);
}

static void setup_files(void)
{
	uid_t alice = (uid_t)atoi(ALICE);

	make_dir(HERS, alice);
	make_dir(ROOT, 0);
	write_text(ROOT "/secret", "SECRET=root's\n");
	CHECK(chmod(ROOT "/secret", 0600) == 0);
	put_link(ROOT "/secret", HERS "/file", alice);
	put_link(ROOT, HERS "/dir", alice);
	write_text(ROOT "/plain", "SECRET=plain\n");
	put_link(ROOT "/plain", ROOT "/link", 0);
	put_link(HERS "/dir", ROOT "/hers", 0);
	put_link("../roots/dir/../plain", ROOT "/relative", 0);
	make_dir(ROOT "/dir", 0);
	put_link(ROOT, HERS "/behind", alice);
	put_link(HERS "/behind", ROOT "/through", 0);
}

static bool is_untouched(void)
{
	char text[64] = "";
	AUTO_CLOSE int fd = open(ROOT "/secret", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && fd_read_full(fd, text, sizeof(text) - 1) > 0);
	return strcmp(text, "SECRET=root's\n") == 0 && access(ROOT "/new", F_OK) < 0;
}

/* Of what is bound, and where: the rest of the line. A mask that leads elsewhere is none. */
static const char *const mounts[] = {
	"BindPaths=" HERS "/dir:/mnt",
	"BindReadOnlyPaths=" HERS "/file:/mnt/file",
	"BindReadOnlyPaths=" HERS "/dir/plain:/mnt/file",
	"BindPaths=" HERS "/behind:/mnt",
	"BindPaths=/mnt:" HERS "/dir",
	"BindPaths=/mnt:" HERS "/dir/new",
	"TemporaryFileSystem=" HERS "/dir",
	"ReadWritePaths=" HERS "/dir",
	"InaccessiblePaths=" HERS "/dir",
	"RootDirectory=" HERS "/dir",
	"NetworkNamespacePath=" HERS "/file",
};

static const char *const lines[] = {
	"StandardOutput=append:",
	"StandardOutput=truncate:",
	"StandardOutput=file:",
	"StandardError=append:",
	"StandardInput=file:",
	"EnvironmentFile=",
};

static void write_unit(const char *line, const char *path)
{
	char text[512];

	snprintf(text, sizeof(text),
		"[Container]\nProfile=compat\n[Service]\nType=oneshot\nUser=alice\n%s%s\n"
		"ExecStart=/bin/echo something\n",
		line, path);
	unit("link.service", text);
}

static void test_hers(void **state)
{
	static const char *const paths[] = { HERS "/file", HERS "/dir/secret", HERS "/dir/new",
		/* by way of a link that root has made to what she can change */
		ROOT "/hers/secret", ROOT "/hers/new", ROOT "/through/secret" };

	(void)state;
	setup_files();
	for (size_t i = 0; i < ELEMENTSOF(lines) * ELEMENTSOF(paths); i++) {
		const char *path = paths[i % ELEMENTSOF(paths)];

		write_unit(lines[i / ELEMENTSOF(paths)], path);
		if (sys_ctl(s, "start link.service") == 0 ||
			!sys_said(s, "Too many levels of symbolic links") || !sys_said(s, path)) {
			sys_fail(s, "%s%s", lines[i / ELEMENTSOF(paths)], path);
		}
		CHECK(is_untouched());
	}
}

static void test_roots(void **state)
{
	(void)state;
	setup_files();
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		write_unit(lines[i], ROOT "/link");
		CHECK(sys_ctl(s, "start link.service") == 0);
	}
	CHECK(is_untouched());
	/* What she has herself is hers to have. */
	for (size_t i = 0; i < 3; i++) {
		write_unit(lines[i], HERS "/own");
		CHECK(sys_ctl(s, "start link.service") == 0 && access(HERS "/own", F_OK) == 0);
	}
}

static void write_mounts(const char *profile, const char *line)
{
	char text[512];

	snprintf(text, sizeof(text),
		"[Container]\nProfile=%s\n[Service]\nType=oneshot\nUser=alice\n%s\n"
		"ExecStart=/bin/true\n",
		profile, line);
	unit("link.service", text);
}

static void test_mounts(void **state)
{
	static const char *const profiles[] = { "trusted", "compat", "standard" };

	(void)state;
	setup_files();
	for (size_t i = 0; i < ELEMENTSOF(mounts) * ELEMENTSOF(profiles); i++) {
		const char *line = mounts[i % ELEMENTSOF(mounts)];

		write_mounts(profiles[i / ELEMENTSOF(mounts)], line);
		if (sys_ctl(s, "start link.service") == 0 ||
			!sys_said(s, "Too many levels of symbolic links") || !sys_said(s, HERS)) {
			sys_fail(s, "%s with %s", line, profiles[i / ELEMENTSOF(mounts)]);
		}
		CHECK(is_untouched());
	}
}

/* Links of root's, the distribution's among them, are followed in both ways. */
static void test_roots_mounts(void **state)
{
	static const char *const good[] = {
		"BindReadOnlyPaths=/var/run:/mnt",
		"BindReadOnlyPaths=/bin/true:/lib/os-release",
		"BindReadOnlyPaths=" ROOT "/link:/mnt/bound",
		"BindReadOnlyPaths=" ROOT "/relative:/mnt/bound",
		"BindPaths=" HERS ":/var/lock/hers",
		"BindPaths=" HERS ":/var/run/new/hers",
		"ReadWritePaths=/var/lock",
		"InaccessiblePaths=/bin/su /var/run/lock",
	};

	(void)state;
	setup_files();
	for (size_t i = 0; i < ELEMENTSOF(good) * 2; i++) {
		const char *line = good[i % ELEMENTSOF(good)];

		write_mounts(i < ELEMENTSOF(good) ? "compat" : "standard", line);
		if (sys_ctl(s, "start link.service") != 0) {
			sys_fail(s, "%s", line);
		}
	}
}

/* Output to a socket: to the one that the path leads to, not to what it might lead to later. */
static void test_output_socket(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int client = -1;
	char text[32] = "", path[200];

	(void)state;
	setup_files();
	/* Longer than an address may be, by a link of root's. */
	snprintf(path, sizeof(path), ROOT "/%0120d", 0);
	make_dir(path, 0);
	put_link(path, "/run/out", 0);
	strcpy(at.sun_path, "/run/out/socket");
	CHECK(bind(sock, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(sock, 4) == 0);
	strcat(path, "/socket");
	write_unit("StandardOutput=file:", path);
	CHECK(sys_ctl(s, "start link.service") == 0);
	client = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	CHECK(client >= 0 && fd_read_full(client, text, sizeof(text) - 1) == 10);
	CHECK(strcmp(text, "something\n") == 0);
	put_link(path, HERS "/socket", (uid_t)atoi(ALICE));
	write_unit("StandardOutput=append:", HERS "/socket");
	CHECK(sys_ctl(s, "start link.service") != 0);
	CHECK(sys_said(s, "Too many levels of symbolic links"));
}

/* A socket in her directory: its mode and owner are never set by a name that she can change. */
static void test_socket(void **state)
{
	struct stat st;

	(void)state;
	setup_files();
	sys_unit(s, "hers.service", "[Service]\nExecStart=/bin/sleep 1000\n");
	unit("hers.socket", "[Socket]\nListenStream=" HERS "/socket\nListenFIFO=" HERS "/fifo\n"
			    "SocketMode=0640\nSocketUser=alice\nSocketGroup=extra\n");
	CHECK(sys_ctl(s, "start hers.socket") == 0);
	CHECK(lstat(HERS "/socket", &st) == 0 && S_ISSOCK(st.st_mode));
	CHECK((st.st_mode & 07777) == 0640 && st.st_uid == (uid_t)atoi(ALICE) &&
		st.st_gid == (gid_t)atoi(EXTRA_GID));
	CHECK(lstat(HERS "/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK((st.st_mode & 07777) == 0640 && st.st_uid == (uid_t)atoi(ALICE));
	CHECK(sys_ctl(s, "stop hers.socket") == 0);
	unlink(HERS "/socket");
	put_link(ROOT "/secret", HERS "/socket", (uid_t)atoi(ALICE));
	CHECK(sys_ctl(s, "start hers.socket") != 0);
	CHECK(stat(ROOT "/secret", &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_uid == 0);
	CHECK(is_untouched());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hers),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_roots_mounts),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_output_socket),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
