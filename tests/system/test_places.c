// SPDX-License-Identifier: MIT
/* Roots, images, mounts and the unit's own directories, measured from inside, each with a unit
 * without the setting beside it. */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

static void make_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* A program as a shell would run it; 0 or its status. */
static int command(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A root file system with the probe in it and a file that only its root may read. */
static void make_tree(const char *name)
{
	static const char *const dirs[] = { "", "/etc", "/proc", "/sys", "/dev", "/run", "/tmp",
		"/usr", "/var", "/var/tmp", "/var/lib", "/data" };
	char path[256], probe[128];

	snprintf(probe, sizeof(probe), "%s/probe", s->dir);
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s%s", s->dir, name, dirs[i]);
		CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
	snprintf(path, sizeof(path), "%s/%s/probe", s->dir, name);
	CHECK(command((char *[]) { "cp", probe, path, NULL }) == 0);
	snprintf(path, sizeof(path), "%s/%s/etc/own", s->dir, name);
	write_text(path, "own\n");
	CHECK(chmod(path, 0600) == 0);
	snprintf(path, sizeof(path), "%s/%s/etc/inside", s->dir, name);
	write_text(path, "the tree's\n");
}

static void test_root_directory(void **state)
{
	(void)state;
	make_tree("tree");
	/* Root inside reads what the tree's root owns, though root of the host it is not. */
	run("rd.service", "[Service]\nType=oneshot\nRootDirectory=DIR/tree\nStateDirectory=rd\n"
			  "ExecStart=/probe ids ls:/ cat:/etc/inside read:/etc/own stat:/etc/own "
			  "read:/etc/shadow write:/etc/x ls:/run stat:/proc/self/comm ls:/sys "
			  "read:/dev/zero write:/var/lib/rd/file write:/tmp/x\n");
	EXPECT({ "uid", "0" }, { "ls:/", "= data dev etc probe proc run sys tmp usr var" },
		{ "cat:/etc/inside", "the tree's" }, { "read:/etc/own", "ok" },
		{ "stat:/etc/own", "0 0 600" }, { "read:/etc/shadow", "ENOENT" },
		{ "write:/etc/x", "EROFS" }, { "ls:/sys", "=*kernel*" },
		{ "stat:/proc/self/comm", "0 0 *" }, { "read:/dev/zero", "ok" },
		{ "write:/var/lib/rd/file", "ok" }, { "write:/tmp/x", "ok" });
	CHECK(access("/var/lib/rd/file", F_OK) == 0);
	/* Where the tree is writable, ids are not mapped: nothing of root's may be left in it. */
	run("rd2.service", "[Service]\nType=oneshot\nRootDirectory=DIR/tree\nProtectSystem=no\n"
			   "PrivateTmp=no\nExecStart=/probe read:/etc/own stat:/etc/own\n");
	EXPECT({ "read:/etc/own", "EACCES" }, { "stat:/etc/own", "65534 65534 600" });
	run("rd3.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "RootDirectory=DIR/tree\nMountAPIVFS=no\n"
			   "ExecStart=/probe ls:/proc ls:/sys read:/etc/own\n");
	EXPECT({ "ls:/proc", "=" }, { "ls:/sys", "=" }, { "read:/etc/own", "ok" });
	/* A path of the host that lies in the tree is the unit's path without the tree. */
	run("rd4.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "RootDirectory=DIR/tree\nReadOnlyPaths=DIR/tree/data\n"
			   "InaccessiblePaths=+/etc/inside\n"
			   "ExecStart=/probe write:/data/x read:/etc/inside write:/var/lib/y\n");
	EXPECT({ "write:/data/x", "EROFS" }, { "read:/etc/inside", "E*" },
		{ "write:/var/lib/y", "ok" });
	unit("rd5.service", "[Service]\nType=oneshot\nRootDirectory=DIR/nowhere\n"
			    "ExecStart=/probe ids\n");
	CHECK(sys_ctl(s, "start rd5.service") != 0);
	CHECK(sys_said(s, "/nowhere: No such file or directory"));
	sys_remove_unit(s, "rd5.service");
}

static bool make_image(const char *name, const char *tree)
{
	char image[128], from[128];

	snprintf(image, sizeof(image), "%s/%s", s->dir, name);
	snprintf(from, sizeof(from), "%s/%s", s->dir, tree);
	return command((char *[]) { "truncate", "-s", "8M", image, NULL }) == 0 &&
	       command((char *[]) { "mkfs.ext4", "-q", "-d", from, image, NULL }) == 0;
}

static void test_images(void **state)
{
	char path[128];

	(void)state;
	if (access("/dev/loop-control", R_OK | W_OK) < 0 || !make_image("disk", "tree")) {
		printf("images skipped: no /dev/loop-control or no mkfs.ext4\n");
		return;
	}
	run("ri.service", "[Service]\nType=oneshot\nRootImage=DIR/disk\nRootImageOptions=noatime\n"
			  "ExecStart=/probe ids cat:/etc/inside read:/etc/own stat:/etc/own "
			  "write:/etc/x ls:/dev stat:/proc/self/comm\n");
	EXPECT({ "uid", "0" }, { "cat:/etc/inside", "the tree's" }, { "read:/etc/own", "ok" },
		{ "stat:/etc/own", "0 0 600" }, { "write:/etc/x", "EROFS" },
		{ "ls:/dev", "=*zero*" }, { "stat:/proc/self/comm", "0 0 *" });
	run("ri2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "RootImage=DIR/disk\nExecStart=/probe write:/etc/x read:/etc/own\n");
	EXPECT({ "write:/etc/x", "ok" }, { "read:/etc/own", "ok" });
	run("ri3.service", "[Service]\nType=oneshot\nTemporaryFileSystem=/mnt\n"
			   "MountImages=DIR/disk:/mnt/img:ro,noexec\nMountImages=-DIR/no:/mnt/no\n"
			   "ExecStart=DIR/probe cat:/mnt/img/etc/inside read:/mnt/img/etc/own "
			   "write:/mnt/img/x exec:/mnt/img/probe ls:/mnt\n");
	EXPECT({ "cat:/mnt/img/etc/inside", "the tree's" }, { "read:/mnt/img/etc/own", "ok" },
		{ "write:/mnt/img/x", "EROFS" }, { "exec:/mnt/img/probe", "EACCES" },
		{ "ls:/mnt", "= img" });
	snprintf(path, sizeof(path), "%s/junk", s->dir);
	write_text(path, "not a file system\n");
	unit("ri4.service", "[Service]\nType=oneshot\nRootImage=DIR/junk\nExecStart=/probe ids\n");
	CHECK(sys_ctl(s, "start ri4.service") != 0 && sys_said(s, "junk: Wrong medium type"));
	unit("ri5.service", "[Service]\nType=oneshot\nRootImage=DIR/disk\nRootDirectory=DIR/tree\n"
			    "ExecStart=/probe ids\n");
	CHECK(sys_ctl(s, "start ri5.service") != 0 && sys_said(s, "two roots"));
	sys_remove_unit(s, "ri4.service");
	/* Several commands: the second one comes into the namespaces and under the device program
	 * of the first. */
	run("ri6.service", "[Service]\nType=oneshot\nRootImage=DIR/disk\nPrivateNetwork=yes\n"
			   "PrivateIPC=yes\nExecStartPre=/probe tcp:9\n"
			   "ExecStart=/probe ids cat:/etc/inside tcp:9\n");
	wait_answer("ri6.service", "cat:/etc/inside");
	EXPECT({ "cat:/etc/inside", "the tree's" }, { "tcp", "ECONNREFUSED" });
}

static void test_tmpfs(void **state)
{
	char path[128];

	(void)state;
	make_dir("a");
	snprintf(path, sizeof(path), "%s/a/seen", s->dir);
	write_text(path, "x");
	run("tf.service",
		"[Service]\nType=oneshot\nUser=alice\n"
		"TemporaryFileSystem=/srv:ro,size=1M /opt:mode=1777,noexec,nosuid\n"
		"BindReadOnlyPaths=DIR/a:/srv/deep/er DIR/probe:/opt/prog\n"
		"ExecStart=DIR/probe write:/srv/x ls:/srv ls:/srv/deep/er write:/srv/deep/er/x "
		"write:/opt/x stat:/opt exec:/opt/prog exec:DIR/probe\n");
	EXPECT({ "write:/srv/x", "EROFS" }, { "ls:/srv", "= deep" },
		{ "ls:/srv/deep/er", "= seen" }, { "write:/srv/deep/er/x", "EROFS" },
		{ "write:/opt/x", "ok" }, { "stat:/opt", "* 1777" }, { "exec:/opt/prog", "ok" },
		{ "exec:DIR/probe", "ok" });
	run("tf2.service", "[Service]\nType=oneshot\nUser=alice\nBindPaths=DIR/a:/srv:norbind\n"
			   "ExecStart=DIR/probe ls:/srv write:/opt/x\n");
	EXPECT({ "ls:/srv", "= seen" }, { "write:/opt/x", "EROFS" });
	unit("tf3.service", "[Service]\nType=oneshot\nTemporaryFileSystem=/srv:suid\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start tf3.service") != 0);
	CHECK(sys_said(s, "always nosuid and nodev") && sys_said(s, "tf3.service:3"));
	unit("tf3.service", "[Service]\nType=oneshot\nTemporaryFileSystem=/srv:wrong=1\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start tf3.service") != 0);
	CHECK(sys_said(s, "tmpfs /srv") && sys_said(s, "(TemporaryFileSystem=, tf3.service:3)"));
	sys_remove_unit(s, "tf3.service");
}

static void test_exec_paths(void **state)
{
	(void)state;
	run("xp.service", "[Service]\nType=oneshot\nNoExecPaths=/\nExecPaths=DIR /proc -/nowhere\n"
			  "ExecStart=DIR/probe exec:/bin/true exec:DIR/probe\n");
	EXPECT({ "exec:/bin/true", "EACCES" }, { "exec:DIR/probe", "ok" });
	run("xp2.service", "[Service]\nType=oneshot\nExecStart=DIR/probe exec:/bin/true\n");
	EXPECT({ "exec:/bin/true", "ok" });
}

/* A root of nothing but what the unit names. */
static void test_empty_root(void **state)
{
	(void)state;
	run("er.service",
		"[Service]\nType=oneshot\nUser=alice\nTemporaryFileSystem=/:ro\n"
		"BindReadOnlyPaths=DIR/probe:/bin/probe DIR/a:/deep/a\nStateDirectory=er\n"
		"ExecStart=/bin/probe ls:/ ls:/deep/a write:/x stat:/proc/self/comm "
		"read:/etc/passwd write:/var/lib/er/x read:/dev/null\n");
	EXPECT({ "ls:/", "= bin deep dev proc run sys tmp var" }, { "ls:/deep/a", "= seen" },
		{ "write:/x", "EROFS" }, { "stat:/proc/self/comm", ALICE " *" },
		{ "read:/etc/passwd", "ENOENT" }, { "write:/var/lib/er/x", "ok" },
		{ "read:/dev/null", "ok" });
	run("er2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "ReadOnlyPaths=/\nReadWritePaths=/srv\n"
			   "ExecStart=DIR/probe write:/etc/x write:/srv/x\n");
	EXPECT({ "write:/etc/x", "EROFS" }, { "write:/srv/x", "ok" });
}

static void test_cgroups(void **state)
{
	(void)state;
	run("cg.service", "[Container]\nProfile=compat\n[Service]\nType="
			  "oneshot\nProtectControlGroups=strict\n"
			  "ExecStart=DIR/probe cat:/sys/fs/cgroup/cgroup.procs "
			  "write:/sys/fs/cgroup/cgroup.procs\n");
	EXPECT({ "cat:/sys/fs/cgroup/cgroup.procs", "?*" },
		{ "write:/sys/fs/cgroup/cgroup.procs", "EROFS" });
	run("cg2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "ProtectControlGroups=private\n"
			   "ExecStart=DIR/probe cat:/sys/fs/cgroup/cgroup.procs "
			   "write:/sys/fs/cgroup/cgroup.max.depth\n");
	EXPECT({ "cat:/sys/fs/cgroup/cgroup.procs", "?*" },
		{ "write:/sys/fs/cgroup/cgroup.max.depth", "!EROFS" });
	unit("cg3.service", "[Service]\nType=oneshot\nProtectControlGroups=maybe\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start cg3.service") != 0 && sys_said(s, "none of no, yes, private"));
	sys_remove_unit(s, "cg3.service");
}

static void test_host_name(void **state)
{
	struct utsname uts;

	(void)state;
	CHECK(uname(&uts) == 0);
	run("hn.service", "[Service]\nType=oneshot\nProtectHostname=yes:inside.example\n"
			  "ExecStart=DIR/probe cat:/proc/sys/kernel/hostname sethostname:x\n");
	EXPECT({ "cat:/proc/sys/kernel/hostname", "inside.example" }, { "sethostname:x", "EPERM" });
	run("hn2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "ProtectHostname=private\n"
			   "ExecStart=DIR/probe sethostname:x cat:/proc/sys/kernel/hostname\n");
	EXPECT({ "sethostname:x", "ok" }, { "cat:/proc/sys/kernel/hostname", "x" });
	run("hn3.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			   "ExecStart=DIR/probe cat:/proc/sys/kernel/hostname\n");
	CHECK(strcmp(answer("cat:/proc/sys/kernel/hostname"), uts.nodename) == 0);
}

/* What could be taken for another path than was meant refuses the unit, by file and line. */
static void test_bad_paths(void **state)
{
	static const char *const lines[] = { "RootImage=image", "RootDirectory=/a/../b",
		"BindPaths=/a/../b", "BindPaths=a:/b", "MountImages=/x", "MountImages=/x:y",
		"TemporaryFileSystem=srv", "ReadWritePaths=usr", "InaccessiblePaths=+../x",
		"StateDirectory=/abs", "StateDirectory=../x", "StateDirectory=a:b:rw",
		"ConfigurationDirectory=a:b", "RootImageOptions=usr:ro", "MountFlags=shared",
		"ProtectHostname=no:x", "MountAPIVFS=maybe", "InaccessiblePaths=/" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		char name[32], text[256];

		snprintf(name, sizeof(name), "bad%zu.service", i);
		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\nExecStart=DIR/probe ids\n%s\n", lines[i]);
		unit(name, text);
		snprintf(text, sizeof(text), "%s:4", name);
		CHECK(sys_ctl(s, "start %s", name) != 0);
		CHECK(sys_said(s, text));
		CHECK(strcmp(sys_text(s, name, "LoadState"), "bad-setting") == 0);
		sys_remove_unit(s, name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_directory),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_tmpfs),
		cmocka_unit_test(test_exec_paths),
		cmocka_unit_test(test_empty_root),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_host_name),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
