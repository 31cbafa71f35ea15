// SPDX-License-Identifier: MIT
#include "../../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "fakeinit.h"

#define RANGE    0x70000000u
#define ALL_CAPS ((UINT64_C(1) << 41) - 1)

/* One command and all it needs; copied by each test. */
struct fixture {
	struct fake fake;
	struct plan plan;
	struct outcome outcome;
	const char *argv[4];
	const char *env[3];
	struct plan_stdio stdio[3];
	struct plan_idmap map[2];
	char out[128];
	char text[8192];
};

static const char *build_dir;

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));

	assert_int_equal(fake_init(&x->fake, build_dir), 0);
	snprintf(x->out, sizeof(x->out), "%s/out", x->fake.dir);
	memset(x->outcome.got, 0xff, sizeof(x->outcome.got));
	x->argv[0] = "sh";
	x->argv[1] = "-c";
	x->env[0] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	x->env[1] = "WORDS=one 'two three'";
	x->stdio[1] = (struct plan_stdio) { .kind = STDIO_FILE_TRUNCATE, .path = x->out };
	x->stdio[2].kind = STDIO_INHERIT;
	x->map[0] = (struct plan_idmap) { 0, RANGE, 1000 };
	x->map[1] = (struct plan_idmap) { 1000, 1000, 1 };
	x->plan = (struct plan) {
		.op = PLAN_EXEC,
		.unit = "web.service",
		.origin = "web.service:7",
		.path = "/bin/sh",
		.argv = { x->argv, 3 },
		.env = { x->env, 2 },
		.stdio = { x->stdio, 3 },
		.cap_bounding = ALL_CAPS,
		.cap_effective = ALL_CAPS,
		.umask = 022,
	};
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	outcome_fini(&x->outcome);
	fake_fini(&x->fake);
	free(x);
	return 0;
}

static void confine(struct fixture *x)
{
	x->plan.uid = x->plan.gid = 1000;
	x->plan.uid_map = (struct tlv_array) { x->map, 2 };
	x->plan.gid_map = (struct tlv_array) { x->map, 2 };
	x->plan.cap_bounding = x->plan.cap_effective = 0;
	x->plan.namespaces =
		PLAN_NS_USER | PLAN_NS_MOUNT | PLAN_NS_IPC | PLAN_NS_UTS | PLAN_NS_CGROUP;
	x->plan.flags |= PLAN_NO_NEW_PRIVS | PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES |
			 PLAN_ROOT_READ_ONLY | PLAN_KEYRING_PRIVATE;
}

/* Runs the script; what it wrote is in x->text. */
static void run(struct fixture *x, const char *script)
{
	int fd;
	ssize_t n = 0;

	x->argv[2] = script;
	outcome_fini(&x->outcome);
	assert_int_equal(fake_compile(&x->fake, &x->plan), 0);
	assert_int_equal(fake_run(&x->fake, &x->outcome), 0);
	fd = open(x->out, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, x->text, sizeof(x->text) - 1);
		close(fd);
	}
	x->text[n > 0 ? n : 0] = '\0';
	for (uint32_t i = 0; i < x->outcome.n_reports; i++) {
		const struct launch_report *r = &x->outcome.reports[i];

		if (r->type == LAUNCH_FAILED) {
			print_message("%s: %s: %s (%s)\n",
				launch_step_to_string((enum launch_step)r->step), r->text,
				strerror(r->value), r->origin);
		}
	}
}

static void assert_exit(const struct fixture *x, int code)
{
	assert_non_null(outcome_find(&x->outcome, LAUNCH_EXEC_NOW));
	assert_null(outcome_find(&x->outcome, LAUNCH_FAILED));
	assert_true(WIFEXITED(x->outcome.child_status));
	assert_int_equal(WEXITSTATUS(x->outcome.child_status), code);
}

static void assert_failed(const struct fixture *x, enum launch_step step, int error)
{
	const struct launch_report *r = outcome_find(&x->outcome, LAUNCH_FAILED);

	assert_non_null(r);
	assert_int_equal(r->step, step);
	assert_int_equal(r->value, error);
}

static void assert_says(const struct fixture *x, const char *text)
{
	if (!strstr(x->text, text)) {
		fail_msg("no \"%s\" in:\n%s", text, x->text);
	}
}

/* ---- tests ---- */

static void test_plain(void **state)
{
	struct fixture *x = *state;

	run(x, "cat /proc/self/cgroup; ls /proc/self/fd; exit 7");
	assert_exit(x, 7);
	assert_says(x, strrchr(x->fake.cgroup, '/'));
	assert_null(strstr(x->text, "\n4\n"));
}

static void kill_cgroup(const struct fixture *x)
{
	AUTO_CLOSE int fd = openat(x->fake.cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "1", 1), 1);
}

/* Linux 6.18 kills at birth what is cloned into a cgroup that was killed: a second clone lives. */
static void test_into_cgroup(void **state)
{
	struct fixture *x = *state;

	x->fake.job.into_cgroup = 1;
	for (int i = 0; i < 3; i++) {
		run(x, "cat /proc/self/cgroup; exit 7");
		assert_exit(x, 7);
		assert_says(x, strrchr(x->fake.cgroup, '/'));
		kill_cgroup(x);
	}
}

/* The namespace's root is the unit's cgroup, whichever way led there; held namespaces too. */
static void test_into_cgroup_confined(void **state)
{
	struct fixture *x = *state;

	confine(x);
	x->fake.job.into_cgroup = 1;
	x->fake.unit_flags = CATALOGUE_UNIT_HOLD;
	for (int i = 0; i < 3; i++) {
		run(x, "grep ^0: /proc/self/cgroup; exit 7");
		assert_exit(x, 7);
		assert_string_equal(x->text, "0::/\n");
		for (int tag = LAUNCH_TAG_USERNS; i == 0 && tag <= LAUNCH_TAG_TMP; tag++) {
			x->fake.held[tag] = x->outcome.got[tag];
			x->outcome.got[tag] = -1;
		}
		if (i == 1) {
			kill_cgroup(x);
		}
	}
	for (int tag = LAUNCH_TAG_USERNS; tag <= LAUNCH_TAG_TMP; tag++) {
		if (x->fake.held[tag] >= 0) {
			close(x->fake.held[tag]);
		}
	}
}

static void test_environment_and_argv(void **state)
{
	struct fixture *x = *state;

	x->plan.flags |= PLAN_PASS_MAINPID;
	x->fake.job.main_pid = 4711;
	x->argv[3] = "$WORDS";
	x->plan.argv.n = 4;
	run(x, "echo \"pid=$$MAINPID id=$$INVOCATION_ID a0=$$0 a1=$$1 w=${WORDS}\"");
	assert_exit(x, 0);
	assert_says(x, "pid=4711 id=00000000000000000000000000000000 a0=one a1=two three");
}

static void test_env_file(void **state)
{
	struct fixture *x = *state;
	char path[128];
	struct plan_env_file files[] = { { path, 0, "web.service:3" },
		{ "/nonexistent/env", 1, "web.service:4" } };
	FILE *f;

	snprintf(path, sizeof(path), "%s/env", x->fake.dir);
	f = fopen(path, "we");
	fputs("# comment\nA = 'x y'\nB=\"q\\$q\"\n", f);
	fclose(f);
	x->plan.env_files = (struct tlv_array) { files, 2 };
	run(x, "echo '<${A}|${B}>'");
	assert_exit(x, 0);
	assert_string_equal(x->text, "<x y|q$q>\n");
	files[1].optional = 0;
	run(x, "true");
	assert_failed(x, STEP_ENVIRONMENT, ENOENT);
	assert_string_equal(outcome_find(&x->outcome, LAUNCH_FAILED)->origin, "web.service:4");
}

static void test_user_namespace(void **state)
{
	struct fixture *x = *state;

	confine(x);
	run(x, "grep -E 'Uid|Gid|Groups|Cap|NoNewPrivs' /proc/self/status; cat /proc/self/uid_map;"
	       "touch /etc/x 2>/dev/null || echo ro; touch /tmp/mine && ls -A /tmp; ls /dev;"
	       "echo x >/dev/null && echo null-ok; cat /etc/shadow 2>/dev/null || echo no-shadow;"
	       "ls -A /tmp | wc -l");
	assert_exit(x, 0);
	assert_says(x, "Uid:\t1000\t1000\t1000\t1000");
	assert_says(x, "Groups:\t \n");
	assert_says(x, "CapInh:\t0000000000000000");
	assert_says(x, "CapPrm:\t0000000000000000");
	assert_says(x, "CapBnd:\t0000000000000000");
	assert_says(x, "CapAmb:\t0000000000000000");
	assert_says(x, "NoNewPrivs:\t1");
	assert_says(x, "1879048192");
	assert_says(x, "ro\nmine\n");
	assert_says(x, "null-ok\nno-shadow\n1\n");
	assert_says(x, "urandom");
}

static void test_mount_rows(void **state)
{
	struct fixture *x = *state;
	char source[128], inner[160];
	struct plan_mount rows[] = {
		{ PLAN_MOUNT_INACCESSIBLE, 0, NULL, "/etc/passwd", NULL, "web.service:1" },
		{ PLAN_MOUNT_TMPFS, PLAN_MOUNT_F_READ_ONLY, NULL, "/home", "mode=0755",
			"web.service:2" },
		{ PLAN_MOUNT_BIND, PLAN_MOUNT_F_READ_ONLY, source, "/home/bound", NULL,
			"web.service:3" },
		{ PLAN_MOUNT_BIND, PLAN_MOUNT_F_IGNORE_MISSING, "/nonexistent/a", "/mnt", NULL,
			"web.service:4" },
		{ PLAN_MOUNT_INACCESSIBLE, 0, NULL, "/opt", NULL, "web.service:5" },
		{ PLAN_MOUNT_INACCESSIBLE, 0, NULL, "/usr/local", NULL, "web.service:6" },
		{ PLAN_MOUNT_READ_WRITE, 0, NULL, inner, NULL, "web.service:7" },
	};

	snprintf(source, sizeof(source), "%s/source", x->fake.dir);
	snprintf(inner, sizeof(inner), "%s/inner", x->fake.dir);
	assert_int_equal(mkdir(source, 0755), 0);
	assert_int_equal(mkdir(inner, 0777), 0);
	assert_int_equal(chmod(inner, 0777), 0);
	confine(x);
	x->plan.flags &= ~(uint32_t)PLAN_PRIVATE_TMP;
	x->plan.mounts = (struct tlv_array) { rows, ELEMENTSOF(rows) };
	x->env[1] = inner;
	run(x, "ls /home; touch /home/bound/f 2>/dev/null || echo bound-ro;"
	       "touch /home/g 2>/dev/null || echo home-ro; cat /etc/passwd 2>/dev/null || echo "
	       "masked;"
	       "ls /opt 2>/dev/null || echo opt; ls /usr/local 2>/dev/null || echo local; pwd");
	assert_exit(x, 0);
	assert_string_equal(x->text, "bound\nbound-ro\nhome-ro\nmasked\nopt\nlocal\n/\n");
	rows[3].flags = 0;
	run(x, "true");
	assert_failed(x, STEP_MOUNTS, ENOENT);
	assert_string_equal(outcome_find(&x->outcome, LAUNCH_FAILED)->text, "bind /nonexistent/a");
	assert_string_equal(outcome_find(&x->outcome, LAUNCH_FAILED)->origin, "web.service:4");
}

static void test_held_namespaces(void **state)
{
	struct fixture *x = *state;
	struct outcome first;

	confine(x);
	x->plan.namespaces |= PLAN_NS_NET;
	x->fake.unit_flags = CATALOGUE_UNIT_HOLD;
	run(x, "touch /tmp/kept; readlink /proc/self/ns/user; cat /sys/class/net/lo/operstate;"
	       "cat /proc/net/dev | wc -l");
	assert_exit(x, 0);
	first = x->outcome;
	memset(x->outcome.got, 0xff, sizeof(x->outcome.got));
	for (int tag = LAUNCH_TAG_USERNS; tag <= LAUNCH_TAG_TMP; tag++) {
		assert_true(first.got[tag] >= 0);
		x->fake.held[tag] = first.got[tag];
	}
	run(x, "ls /tmp; id -u");
	assert_exit(x, 0);
	assert_string_equal(x->text, "kept\n1000\n");
	assert_null(outcome_find(&x->outcome, LAUNCH_FDS));
	outcome_fini(&first);
}

static void test_pid_namespace(void **state)
{
	struct fixture *x = *state;
	const struct launch_report *r;
	/* As for ProtectSystem=strict: the API file systems stay writable. */
	struct plan_mount rows[] = {
		{ PLAN_MOUNT_READ_WRITE, 0, NULL, "/dev", NULL, "profile standard" },
		{ PLAN_MOUNT_READ_WRITE, 0, NULL, "/proc", NULL, "profile standard" },
		{ PLAN_MOUNT_READ_WRITE, 0, NULL, "/sys", NULL, "profile standard" },
	};

	confine(x);
	x->plan.mounts = (struct tlv_array) { rows, 3 };
	x->plan.namespaces |= PLAN_NS_PID;
	x->plan.flags |= PLAN_PROC_FRESH | PLAN_PROC_SUBSET_PID;
	run(x, "echo $$$$; ls -d /proc/[0-9]* | wc -l; ls /proc/kcore 2>&1 | grep -c No;"
	       "echo 100 >/proc/self/oom_score_adj && echo proc-rw; exit 3");
	r = outcome_find(&x->outcome, LAUNCH_EXITED);
	assert_non_null(r);
	assert_int_equal(r->step, CLD_EXITED);
	assert_int_equal(r->value, 3);
	assert_non_null(outcome_find(&x->outcome, LAUNCH_EXECED));
	assert_true(x->outcome.payload > 2);
	assert_exit(x, 3);
	assert_says(x, "2\n");
	assert_says(x, "proc-rw");
	/* PID 1 has the service's user, but its files are not the service's. */
	run(x, "for i in $$(seq 1000); do [ $$(stat -c %u /proc/1/status) = $$(id -u) ] || "
	       "{ echo out-of-reach; break; }; done");
	assert_says(x, "out-of-reach");
	run(x, "kill -9 $$$$");
	r = outcome_find(&x->outcome, LAUNCH_EXITED);
	assert_non_null(r);
	assert_int_equal(r->step, CLD_KILLED);
	assert_int_equal(r->value, SIGKILL);
	x->plan.path = "/nonexistent/program";
	run(x, "true");
	assert_failed(x, STEP_EXEC, ENOENT);
	assert_null(outcome_find(&x->outcome, LAUNCH_EXECED));
}

/* compat: all walls but the user namespace; the notify directory shows through the mask. */
static void test_compat_notify_and_listen(void **state)
{
	struct fixture *x = *state;
	char notify[200], secret[200];
	int ends[2];

	snprintf(notify, sizeof(notify), "%s/notify", x->fake.dir);
	assert_int_equal(mkdir(notify, 0711), 0);
	snprintf(secret, sizeof(secret), "%s/secret", x->fake.dir);
	assert_int_equal(mkdir(secret, 0755), 0);
	strcat(notify, "/3");
	assert_int_equal(mkdir(notify, 0711), 0);
	x->fake.held[LAUNCH_TAG_NOTIFY_DIR] = open(notify, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(x->fake.job.notify_path, sizeof(x->fake.job.notify_path), "%s/notify", notify);
	strcat(notify, "/notify");
	assert_true(mknod(notify, S_IFREG | 0644, 0) == 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	x->fake.held[LAUNCH_TAG_LISTEN] = ends[0];
	confine(x);
	x->plan.namespaces &= ~(uint32_t)PLAN_NS_USER;
	x->plan.flags &= ~(uint32_t)PLAN_PRIVATE_TMP;
	x->plan.flags |= PLAN_NOTIFY_FD | PLAN_PASS_LISTEN_FDS;
	x->plan.hide_dir = x->fake.dir;
	x->argv[3] = secret;
	x->plan.argv.n = 4;
	run(x, "test -e \"$$NOTIFY_SOCKET\" && echo notify; ls -d \"$$0\" 2>/dev/null || echo "
	       "hidden;"
	       "echo fds=$$LISTEN_FDS:$$LISTEN_FDNAMES; test $$LISTEN_PID = $$$$ && echo pid;"
	       "test -S /proc/self/fd/3 && echo socket; test -e /proc/self/fd/4 || echo no-more");
	assert_exit(x, 0);
	assert_says(x, "notify\nhidden\nfds=1:unknown\npid\nsocket\nno-more\n");
	close(ends[0]);
	close(ends[1]);
	close(x->fake.held[LAUNCH_TAG_NOTIFY_DIR]);
}

static void test_missing_program(void **state)
{
	struct fixture *x = *state;

	x->plan.path = "/nonexistent/program";
	run(x, "true");
	assert_failed(x, STEP_EXEC, ENOENT);
	assert_string_equal(
		outcome_find(&x->outcome, LAUNCH_FAILED)->text, "exec /nonexistent/program");
	assert_string_equal(outcome_find(&x->outcome, LAUNCH_FAILED)->origin, "web.service:7");
}

static void test_unknown_user_is_never_root(void **state)
{
	struct fixture *x = *state;

	x->plan.stale_users = 1;
	run(x, "echo ran");
	assert_string_equal(x->text, "");
	assert_non_null(outcome_find(&x->outcome, LAUNCH_STALE));
	x->fake.job.params.flags = WIRE_RUN_STALE_OK;
	run(x, "echo ran");
	assert_failed(x, STEP_USERS, ESRCH);
	assert_string_equal(x->text, "");
}

static void test_seccomp(void **state)
{
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct fixture *x = *state;

	confine(x);
	x->fake.filter = filter;
	x->fake.filter_size = sizeof(filter);
	run(x, "cd /usr 2>/dev/null || echo refused; grep Seccomp: /proc/self/status");
	assert_exit(x, 0);
	assert_says(x, "refused\nSeccomp:\t2");
	x->plan.path = "/nonexistent/program";
	run(x, "true");
	assert_failed(x, STEP_EXEC, ENOENT);
}

static void test_limits_and_groups(void **state)
{
	struct fixture *x = *state;
	struct plan_rlimit limits[] = { { RLIMIT_NOFILE, 100, 200, "web.service:9" },
		{ RLIMIT_CORE, 0, 0, "web.service:10" } };
	uint32_t groups[] = { 5, 6 };

	x->plan.uid = 1000;
	x->plan.gid = 1000;
	x->plan.groups = (struct tlv_u32v) { groups, 2 };
	x->plan.cap_effective = 0;
	x->plan.cap_bounding = 1 << 10;
	x->plan.cap_ambient = 1 << 10;
	x->plan.rlimits = (struct tlv_array) { limits, 2 };
	x->plan.nice_set = 1;
	x->plan.nice = 5;
	x->plan.umask = 077;
	x->plan.working_dir = "/usr";
	run(x, "ulimit -n; ulimit -Hn; umask; nice; pwd; grep -E 'Groups|CapAmb' "
	       "/proc/self/status");
	assert_exit(x, 0);
	assert_says(x, "100\n200\n0077\n5\n/usr\n");
	assert_says(x, "Groups:\t5 6");
	assert_says(x, "CapAmb:\t0000000000000400");
}

/* A launcher that dies half-way leaves no process behind, and no EXEC_NOW. */
static void test_launcher_killed(void **state)
{
	struct fixture *x = *state;
	int sock, launcher;
	char path[128];

	snprintf(path, sizeof(path), "%s/fifo", x->fake.dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	x->stdio[1].path = path; /* opening a FIFO for writing waits for a reader */
	x->argv[2] = "true";
	assert_int_equal(fake_compile(&x->fake, &x->plan), 0);
	assert_int_equal(fake_start(&x->fake, &sock, &launcher), 0);
	assert_int_equal(kill(launcher, SIGKILL), 0);
	assert_int_equal(fake_collect(sock, launcher, &x->outcome), 0);
	assert_true(WIFSIGNALED(x->outcome.launcher_status));
	assert_null(outcome_find(&x->outcome, LAUNCH_EXEC_NOW));
}

static void test_check(void **state)
{
	struct fixture *x = *state;
	char absent[128];

	snprintf(absent, sizeof(absent), "%s/absent", x->fake.dir);
	struct plan_condition list[] = {
		{ .type = CONDITION_PATH_EXISTS, .parameter = "/etc/passwd" },
		{ .type = CONDITION_PATH_EXISTS_GLOB, .parameter = "/etc/pass*" },
		{ .type = CONDITION_PATH_IS_MOUNT_POINT, .parameter = "/proc" },
		{ .type = CONDITION_DIRECTORY_NOT_EMPTY, .parameter = "/etc" },
		{ .type = CONDITION_PATH_EXISTS, .negate = 1, .parameter = absent },
		{ .type = CONDITION_FILE_IS_EXECUTABLE, .parameter = "/etc/passwd", .assert = 1 },
	};

	x->plan.op = PLAN_CHECK;
	x->plan.conditions = (struct tlv_array) { list, 6 };
	run(x, "true");
	assert_int_equal(outcome_find(&x->outcome, LAUNCH_RESULT)->value, 5);
	list[5].parameter = "/bin/sh";
	run(x, "true");
	assert_int_equal(outcome_find(&x->outcome, LAUNCH_RESULT)->value, -1);
}

static void test_clean_and_readpid(void **state)
{
	struct fixture *x = *state;
	char dir[128], keep[160], link[160], pid_file[128];
	struct plan_dir dirs[] = { { PLAN_DIR_RUNTIME, 0755, dir, 0, "web.service:2" } };
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/run", x->fake.dir);
	snprintf(keep, sizeof(keep), "%s/keep", x->fake.dir);
	snprintf(link, sizeof(link), "%s/link", dir);
	snprintf(pid_file, sizeof(pid_file), "%s/pid", x->fake.dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mkdir(keep, 0755), 0);
	assert_int_equal(symlink(keep, link), 0);
	x->plan.op = PLAN_CLEAN;
	x->plan.dirs = (struct tlv_array) { dirs, 1 };
	run(x, "true");
	assert_non_null(outcome_find(&x->outcome, LAUNCH_RESULT));
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(keep, F_OK), 0);
	x->plan.op = PLAN_READPID;
	x->plan.pid_file = pid_file;
	x->plan.timeout_us = 10000;
	run(x, "true");
	assert_failed(x, STEP_PIDFILE, ETIMEDOUT);
	f = fopen(pid_file, "we");
	fputs("4711\n", f);
	fclose(f);
	run(x, "true");
	assert_int_equal(outcome_find(&x->outcome, LAUNCH_RESULT)->value, 4711);
	/* Whoever owns it: supd-init takes a process of the unit's cgroup only. */
	assert_int_equal(chown(pid_file, 4, 4), 0);
	run(x, "true");
	assert_int_equal(outcome_find(&x->outcome, LAUNCH_RESULT)->value, 4711);
	assert_int_equal(unlink(pid_file), 0);
	assert_int_equal(mkdir(pid_file, 0755), 0);
	run(x, "true");
	assert_failed(x, STEP_PIDFILE, EPERM);
}

static void test_bind(void **state)
{
	struct fixture *x = *state;
	char path[128];
	struct stat st;
	struct plan_socket s = { .family = 1, .type = 1, .path = path, .mode = 0600, .uid = 7 };

	snprintf(path, sizeof(path), "%s/new/socket", x->fake.dir);
	x->plan.op = PLAN_BIND;
	x->plan.sockets = (struct tlv_array) { &s, 1 };
	run(x, "true");
	assert_int_equal(outcome_find(&x->outcome, LAUNCH_RESULT)->value, 1);
	assert_true(x->outcome.got[LAUNCH_TAG_LISTEN] >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { TEST(test_plain), TEST(test_into_cgroup),
		TEST(test_into_cgroup_confined), TEST(test_environment_and_argv),
		TEST(test_env_file), TEST(test_user_namespace), TEST(test_mount_rows),
		TEST(test_held_namespaces), TEST(test_pid_namespace),
		TEST(test_compat_notify_and_listen), TEST(test_missing_program),
		TEST(test_unknown_user_is_never_root), TEST(test_seccomp),
		TEST(test_limits_and_groups), TEST(test_launcher_killed), TEST(test_check),
		TEST(test_clean_and_readpid), TEST(test_bind) };

	if (geteuid() != 0) {
		fprintf(stderr, "skipped: needs root\n");
		return 77;
	}
	build_dir = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
