// SPDX-License-Identifier: MIT
/* Secrets of a unit: where they come from, who can read them, and that they are gone afterwards. */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

#define SECRET "h1dden-w0rd"

static void make_dir(const char *path)
{
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* A file below the test's directory. */
static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	write_text(path, text);
	CHECK(chmod(path, 0600) == 0);
}

static void test_sources(void **state)
{
	(void)state;
	put("secret", SECRET "\n");
	make_dir("/run/credstore");
	write_text("/run/credstore/stored", "from the store\n");
	write_text("/run/credstore/imp.one", "1\n");
	write_text("/run/credstore/imp.two", "2\n");
	write_text("/run/credstore/other", "not asked for\n");
	run("src.service",
		"[Service]\nType=oneshot\nUser=alice\nLoadCredential=file:DIR/secret\n"
		"LoadCredential=stored\nLoadCredential=renamed:stored\nLoadCredential=absent\n"
		"ImportCredential=imp.*\nImportCredential=imp.t*:new.\n"
		"SetCredential=text:a\\x62c\\n\nSetCredential=file:the file wins\n"
		"SetCredential=imp.one:the store wins\n"
		"ExecStart=DIR/probe env:CREDENTIALS_DIRECTORY ls:%d cat:%d/file cat:%d/stored "
		"cat:%d/renamed cat:%d/imp.one cat:%d/new.wo cat:%d/text stat:%d stat:%d/file "
		"write:%d/file write:%d/x ls:/run/credentials\n");
	EXPECT({ "env:CREDENTIALS_DIRECTORY", "/run/credentials/src.service" },
		{ "ls:/run/credentials/src.service", "= file imp.one imp.two new.wo renamed stored "
						     "text" },
		{ "cat:/run/credentials/src.service/file", SECRET },
		{ "cat:/run/credentials/src.service/stored", "from the store" },
		{ "cat:/run/credentials/src.service/renamed", "from the store" },
		{ "cat:/run/credentials/src.service/imp.one", "1" },
		{ "cat:/run/credentials/src.service/new.wo", "2" },
		{ "cat:/run/credentials/src.service/text", "abc" },
		{ "stat:/run/credentials/src.service", ALICE " " ALICE_GID " 500" },
		{ "stat:/run/credentials/src.service/file", ALICE " " ALICE_GID " 400" },
		{ "write:/run/credentials/src.service/file", "EACCES" },
		{ "write:/run/credentials/src.service/x", "E*" },
		{ "ls:/run/credentials", "= src.service" });
	run("src2.service", "[Service]\nType=oneshot\nUser=alice\nExecStart=DIR/probe "
			    "env:CREDENTIALS_DIRECTORY read:DIR/secret ls:/run/credentials\n");
	EXPECT({ "env:CREDENTIALS_DIRECTORY", "(unset)" }, { "read:DIR/secret", "EACCES" },
		{ "ls:/run/credentials", "=" });
	/* Root of the unit's own range, and no user namespace at all. */
	run("src3.service", "[Service]\nType=oneshot\nLoadCredential=k:DIR/secret\n"
			    "ExecStart=DIR/probe cat:%d/k write:%d/k\n");
	EXPECT({ "cat:/run/credentials/src3.service/k", SECRET },
		{ "write:/run/credentials/src3.service/k", "E*" });
	run("src4.service",
		"[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
		"LoadCredential=k:DIR/secret\nExecStart=DIR/probe cat:%d/k write:%d/k\n");
	EXPECT({ "cat:/run/credentials/src4.service/k", SECRET },
		{ "write:/run/credentials/src4.service/k", "EROFS" });
}

static void test_directory(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/tree", s->dir);
	make_dir(path);
	snprintf(path, sizeof(path), "%s/tree/sub", s->dir);
	make_dir(path);
	put("tree/a", "A");
	put("tree/sub/b", "B");
	snprintf(path, sizeof(path), "%s/tree/link", s->dir);
	CHECK(symlink("/etc/shadow", path) == 0);
	snprintf(path, sizeof(path), "%s/tree/pipe", s->dir);
	CHECK(mkfifo(path, 0600) == 0);
	run("tree.service", "[Service]\nType=oneshot\nLoadCredential=t:DIR/tree\n"
			    "ExecStart=DIR/probe ls:%d cat:%d/t_sub_b\n");
	EXPECT({ "ls:/run/credentials/tree.service", "= t_a t_sub_b" },
		{ "cat:/run/credentials/tree.service/t_sub_b", "B" });
}

/* Answers one client with the client's own address, in which systemd.exec(5) says who asks. */
static pid_t serve(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX }, from = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(from);
	pid_t pid;

	strcpy(at.sun_path, path);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0);
	pid = fork();
	if (pid == 0) {
		int client = accept(fd, (struct sockaddr *)&from, &len);
		ssize_t n = write(client, from.sun_path + 1,
			len - offsetof(struct sockaddr_un, sun_path) - 1);

		_exit(n <= 0);
	}
	close(fd);
	return pid;
}

static void test_socket(void **state)
{
	char path[100];
	int status = 0;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/vault", s->dir);
	pid = serve(path);
	run("sock.service", "[Service]\nType=oneshot\nLoadCredential=key:DIR/vault\n"
			    "ExecStart=DIR/probe cat:%d/key\n");
	EXPECT({ "cat:/run/credentials/sock.service/key", "*/unit/sock.service/key" });
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* What cannot be had is a failed start that names setting and file, never its text. */
static void test_missing(void **state)
{
	static char big[1024 * 1024 + 2];
	char path[128], link[256];

	(void)state;
	unit("miss.service", "[Service]\nType=oneshot\nLoadCredential=k:DIR/none\n"
			     "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start miss.service") != 0);
	CHECK(sys_said(s, "credentials directory: credential k: No such file or directory "
			  "(miss.service:3)"));
	run("miss.service", "[Service]\nType=oneshot\nLoadCredential=k:DIR/none\n"
			    "SetCredential=k:fallback\nExecStart=DIR/probe cat:%d/k\n");
	EXPECT({ "cat:/run/credentials/miss.service/k", "fallback" });
	memset(big, 'x', sizeof(big) - 1);
	put("big", big);
	unit("big.service", "[Service]\nType=oneshot\nLoadCredential=k:DIR/big\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start big.service") != 0 && sys_said(s, "k: File too large"));
	/* A link in a directory of alice's could lead anywhere. */
	snprintf(path, sizeof(path), "%s/hers", s->dir);
	make_dir(path);
	snprintf(link, sizeof(link), "%s/key", path);
	CHECK(symlink("/etc/shadow", link) == 0);
	CHECK(chown(path, (uid_t)atoi(ALICE), (gid_t)atoi(ALICE_GID)) == 0);
	unit("link.service", "[Service]\nType=oneshot\nUser=alice\nLoadCredential=k:DIR/hers/key\n"
			     "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start link.service") != 0);
	CHECK(sys_said(s, "k: Too many levels of symbolic links"));
	CHECK(chown(path, 0, 0) == 0 && sys_ctl(s, "start link.service") == 0);
	sys_remove_unit(s, "miss.service");
	sys_remove_unit(s, "big.service");
}

static void test_refused(void **state)
{
	static const char *const lines[][2] = {
		{ "LoadCredentialEncrypted=k:/x", "encrypted credentials are not supported" },
		{ "SetCredentialEncrypted=k:abc", "encrypted credentials are not supported" },
		{ "LoadCredential=../k:/x", "is not a name of a credential" },
		{ "LoadCredential=k:/a/../b", "without \"..\"" },
		{ "LoadCredential=k:a/b", "neither an absolute path" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\n%s\nExecStart=DIR/probe ids\n", lines[i][0]);
		unit("refused.service", text);
		CHECK(sys_ctl(s, "start refused.service") != 0);
		CHECK(sys_said(s, lines[i][1]));
		CHECK(sys_said(s, "refused.service:3"));
	}
	sys_remove_unit(s, "refused.service");
}

/* Later commands have what the start had; the next start reads anew. */
static void test_kept(void **state)
{
	char path[256];

	(void)state;
	put("kept", "first");
	unit("kept.service", "[Service]\nLoadCredential=k:DIR/kept\n"
			     "ExecStart=DIR/probe cat:%d/k sleep\n"
			     "ExecStop=DIR/probe ls:%d read:%d/k\n");
	CHECK(sys_ctl(s, "start kept.service") == 0);
	wait_answer("kept.service", "cat:/run/credentials/kept.service/k");
	EXPECT({ "cat:/run/credentials/kept.service/k", "first" });
	snprintf(path, sizeof(path), "%s/kept", s->dir);
	CHECK(unlink(path) == 0);
	CHECK(sys_ctl(s, "stop kept.service") == 0);
	wait_answer("kept.service", "read:/run/credentials/kept.service/k");
	EXPECT({ "read:/run/credentials/kept.service/k", "ok" });
	CHECK(sys_ctl(s, "start kept.service") != 0);
	put("kept", "second");
	unit("kept2.service", "[Service]\nType=oneshot\nLoadCredential=k:DIR/kept\n"
			      "ExecStartPre=DIR/probe ls:%d\nExecStart=DIR/probe cat:%d/k\n");
	CHECK(sys_ctl(s, "start kept2.service") == 0);
	wait_answer("kept2.service", "cat:/run/credentials/kept2.service/k");
	EXPECT({ "cat:/run/credentials/kept2.service/k", "second" });
}

static bool is_mounted(const char *path)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	bool found = false;

	while (f && fgets(line, sizeof(line), f)) {
		found |= strstr(line, path) != NULL;
	}
	fclose(f);
	return found;
}

/* Without a mount namespace they stand on the host, for root and the user alone, until CLEAN. */
static void test_on_host(void **state)
{
	(void)state;
	put("secret", SECRET);
	unit("host.service", "[Container]\nProfile=trusted\n[Service]\nUser=alice\n"
			     "LoadCredential=k:DIR/secret\nExecStartPre=+DIR/probe cat:%d/k\n"
			     "ExecStart=DIR/probe read:%d/k ns sleep\n");
	CHECK(sys_ctl(s, "start host.service") == 0);
	wait_answer("host.service", "ns.pid");
	EXPECT({ "cat:/run/credentials/host.service/k", SECRET },
		{ "read:/run/credentials/host.service/k", "ok" });
	CHECK(is_mounted("/run/credentials/host.service"));
	run("look.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\nUser=nobody\n"
			    "ExecStart=DIR/probe ls:/run/credentials/host.service\n");
	EXPECT({ "ls:/run/credentials/host.service", "EACCES" });
	CHECK(sys_ctl(s, "restart host.service") == 0);
	CHECK(sys_ctl(s, "stop host.service") == 0);
	CHECK(!is_mounted("/run/credentials/host.service"));
	CHECK(access("/run/credentials/host.service", F_OK) < 0);
}

/* No client and no file of supd's shows the text; its name may be seen. */
static void test_hidden(void **state)
{
	static const char *const verbs[] = { "show hide.service", "status hide.service",
		"logs hide.service", "show -p LoadCredential hide.service" };

	(void)state;
	unit("hide.service", "[Service]\nSetCredential=k:" SECRET "\n"
			     "ExecStart=DIR/probe ls:%d sleep\n");
	CHECK(sys_ctl(s, "start hide.service") == 0);
	wait_answer("hide.service", "ls:/run/credentials/hide.service");
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		sys_ctl(s, "%s", verbs[i]);
		CHECK(!sys_said(s, SECRET));
	}
	CHECK(sys_ctl(s, "stop hide.service") == 0);
}

static void test_condition(void **state)
{
	(void)state;
	unit("cond.service", "[Unit]\nConditionCredential=given\n[Service]\nType=oneshot\n"
			     "RemainAfterExit=yes\nExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start cond.service") == 0);
	CHECK(strcmp(sys_text(s, "cond.service", "ActiveState"), "inactive") == 0);
	make_dir("/run/credentials");
	make_dir("/run/credentials/@system");
	write_text("/run/credentials/@system/given", "x");
	CHECK(sys_ctl(s, "start cond.service") == 0);
	CHECK(strcmp(sys_text(s, "cond.service", "ActiveState"), "active") == 0);
	run("given.service", "[Service]\nType=oneshot\nLoadCredential=given\n"
			     "ExecStart=DIR/probe cat:%d/given ls:/run/credentials\n");
	EXPECT({ "cat:/run/credentials/given.service/given", "x" },
		{ "ls:/run/credentials", "= given.service" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_on_host),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_condition),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
