// SPDX-License-Identifier: MIT
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/timeutil.h"
#include "findings.h"

#define CGROUP2_MAGIC 0x63677270
#define POLL_US       10000
#define ARGS_MAX      64

/* How long a condition may take; SUPD_TEST_DEADLINE (seconds) serves whoever looks for a fault. */
static usec_t deadline_us(void)
{
	const char *text = getenv("SUPD_TEST_DEADLINE");

	return now_us() + (text ? strtoul(text, NULL, 10) : SYS_WITHIN_SEC) * USEC_PER_SEC;
}

static const char *cgroup_base(void)
{
	static const char *const candidates[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

	for (size_t i = 0; i < ELEMENTSOF(candidates); i++) {
		struct statfs fs;

		if (statfs(candidates[i], &fs) == 0 && fs.f_type == CGROUP2_MAGIC) {
			return candidates[i];
		}
	}
	return NULL;
}

static void skip(const char *reason)
{
	printf("skipped: %s\n", reason);
	exit(77);
}

void sys_require(void)
{
	if (geteuid() != 0) {
		skip("needs root");
	}
	if (!cgroup_base() || access(cgroup_base(), W_OK) < 0) {
		skip("needs a writable cgroup v2 tree");
	}
	if (!getenv("SUPD_BUILD")) {
		skip("SUPD_BUILD is not set; run it by meson test");
	}
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "harness: %s: %s\n", what, strerror(errno));
		abort();
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0, "lo up");
}

/* The programs under test stay where they are, whatever was mounted over a directory above them. */
static void keep_build(int build)
{
	const char *path = getenv("SUPD_BUILD");
	char part[4096], from[64];
	struct stat st, now;

	must(fstat(build, &st) == 0, "fstat");
	if (stat(path, &now) == 0 && now.st_dev == st.st_dev && now.st_ino == st.st_ino) {
		return;
	}
	snprintf(part, sizeof(part), "%s/", path);
	for (char *p = part + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		must(mkdir(part, 0755) == 0 || errno == EEXIST, part);
	}
	snprintf(from, sizeof(from), "/proc/self/fd/%d", build);
	must(mount(from, path, NULL, MS_BIND, NULL) == 0, path);
}

void sys_private(const char *const *scratch)
{
	AUTO_CLOSE int build = -1;

	must(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0, "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private /");
	build = open(getenv("SUPD_BUILD"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(build >= 0, "SUPD_BUILD");
	must(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0, "tmpfs /run");
	must(mkdir("/run/lock", 01777) == 0 && chmod("/run/lock", 01777) == 0, "/run/lock");
	for (; scratch && *scratch; scratch++) {
		struct stat st;
		char options[64];

		must(stat(*scratch, &st) == 0, *scratch);
		snprintf(options, sizeof(options), "mode=0%o,uid=%u,gid=%u", st.st_mode & 07777,
			st.st_uid, st.st_gid);
		must(mount("tmpfs", *scratch, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0,
			*scratch);
	}
	keep_build(build);
	loopback_up();
}

struct sys *sys_new(void)
{
	struct sys *s = calloc(1, sizeof(*s));

	must(s != NULL, "memory");
	s->init = -1;
	strcpy(s->dir, "/run/supd-test-XXXXXX");
	must(mkdtemp(s->dir) != NULL && chmod(s->dir, 0755) == 0, "mkdtemp");
	snprintf(s->units, sizeof(s->units), "%s/units", s->dir);
	must(mkdir(s->units, 0755) == 0, s->units);
	snprintf(s->cgroup, sizeof(s->cgroup), "%s/%s", cgroup_base(), s->dir + strlen("/run/"));
	must(mkdir(s->cgroup, 0755) == 0, s->cgroup);
	return s;
}

static void write_file(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0, path);
}

void sys_unit(struct sys *s, const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->units, name);
	for (char *p = path + strlen(s->units) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
		*p = '/';
	}
	write_file(path, text);
}

const char *sys_payload(struct sys *s)
{
	static char path[96];
	char from[4096];
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;
	struct stat st;

	snprintf(path, sizeof(path), "%s/payload", s->dir);
	snprintf(from, sizeof(from), "%s/tests/system/payload", getenv("SUPD_BUILD"));
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	must(in >= 0 && out >= 0 && fstat(in, &st) == 0, from);
	for (off_t at = 0; at < st.st_size;) {
		must(sendfile(out, in, &at, (size_t)(st.st_size - at)) > 0, path);
	}
	return path;
}

void sys_copy_unit(struct sys *s, const char *path)
{
	static char text[65536];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd >= 0, path);
	n = fd_read_full(fd, text, sizeof(text) - 1);
	must(n > 0, path);
	text[n] = '\0';
	sys_unit(s, strrchr(path, '/') + 1, text);
}

void sys_remove_unit(struct sys *s, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->units, name);
	must(unlink(path) == 0, path);
}

/* In the child: the program beside the others in the build root. */
static void exec_program(const char *name, char **argv)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("SUPD_BUILD"), name);
	execv(path, argv);
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static void init_child(struct sys *s, const char *const *units)
{
	char dirs[3][96], output[96], config[96];
	char *argv[ARGS_MAX] = { "supd-init", "--unit-path", s->units, "--runtime-dir", dirs[0],
		"--state-dir", dirs[1], "--log-dir", dirs[2], "--cgroup", s->cgroup };
	int n = 11, fd;

	snprintf(dirs[0], sizeof(dirs[0]), "%s/run", s->dir);
	snprintf(dirs[1], sizeof(dirs[1]), "%s/state", s->dir);
	snprintf(dirs[2], sizeof(dirs[2]), "%s/log", s->dir);
	snprintf(config, sizeof(config), "%s/supd.conf", s->dir);
	if (access(config, F_OK) == 0) {
		argv[n++] = "--config";
		argv[n++] = config;
	}
	for (; units && *units && n < ARGS_MAX - 1; units++) {
		argv[n++] = (char *)*units;
	}
	snprintf(output, sizeof(output), "%s/init.out", s->dir);
	fd = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	exec_program("supd-init", argv);
}

void sys_spawn(struct sys *s, const char *const *units)
{
	s->init = fork();
	must(s->init >= 0, "fork");
	if (s->init == 0) {
		/* A test that is killed takes its supd with it. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		init_child(s, units);
	}
}

static bool is_ready(struct sys *s, void *arg)
{
	(void)arg;
	if (waitpid(s->init, NULL, WNOHANG) == s->init) {
		s->init = -1;
		sys_fail(s, "supd-init ended before it was ready");
	}
	sys_ctl(s, "is-system-running");
	return sys_said(s, "running") || sys_said(s, "degraded");
}

void sys_start(struct sys *s, const char *const *units)
{
	sys_spawn(s, units);
	sys_wait_for(s, "supd is ready", is_ready, NULL);
}

int sys_run(struct sys *s, const char *const *argv, bool errors)
{
	int pair[2], status;
	ssize_t n;
	pid_t pid;

	must(pipe2(pair, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		dup2(pair[1], STDOUT_FILENO);
		if (errors) {
			dup2(pair[1], STDERR_FILENO);
		}
		execvp(argv[0], (char **)(uintptr_t)argv);
		fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(pair[1]);
	n = fd_read_full(pair[0], s->output, sizeof(s->output) - 1);
	s->output[n > 0 ? n : 0] = '\0';
	close(pair[0]);
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == FINDING_STATUS && !s->failing) {
		sys_fail(s, "a sanitizer stopped %s", argv[0]);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* errors: the error stream is in s->output as well. */
static int run_ctl(struct sys *s, bool errors, const char *format, va_list ap)
{
	char line[4096], program[4096], runtime[96];
	const char *argv[ARGS_MAX] = { program, "--runtime-dir", runtime };
	int n = 3;

	vsnprintf(line, sizeof(line), format, ap);
	snprintf(program, sizeof(program), "%s/supctl", getenv("SUPD_BUILD"));
	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	for (char *save, *word = strtok_r(line, " ", &save); word && n < ARGS_MAX - 1;
		word = strtok_r(NULL, " ", &save)) {
		argv[n++] = word;
	}
	return sys_run(s, argv, errors);
}

int sys_ctl(struct sys *s, const char *format, ...)
{
	va_list ap;
	int code;

	va_start(ap, format);
	code = run_ctl(s, true, format, ap);
	va_end(ap);
	return code;
}

int sys_answer(struct sys *s, const char *format, ...)
{
	va_list ap;
	int code;

	va_start(ap, format);
	code = run_ctl(s, false, format, ap);
	va_end(ap);
	return code;
}

bool sys_said(const struct sys *s, const char *text)
{
	return strstr(s->output, text) != NULL;
}

const char *sys_text(struct sys *s, const char *unit, const char *property)
{
	sys_ctl(s, "show -p %s --value %s", property, unit);
	s->output[strcspn(s->output, "\n")] = '\0';
	return s->output;
}

long sys_number(struct sys *s, const char *unit, const char *property)
{
	return strtol(sys_text(s, unit, property), NULL, 10);
}

void sys_wait_for(
	struct sys *s, const char *what, bool (*predicate)(struct sys *, void *), void *arg)
{
	usec_t deadline = deadline_us();

	while (!predicate(s, arg)) {
		if (now_us() > deadline) {
			sys_fail(s, "waited in vain: %s", what);
		}
		nanosleep(&(struct timespec) { .tv_nsec = POLL_US * 1000 }, NULL);
	}
}

struct expectation {
	const char *unit;
	const char *property;
	const char *value;
};

static bool property_is(struct sys *s, void *arg)
{
	struct expectation *e = arg;

	return strcmp(sys_text(s, e->unit, e->property), e->value) == 0;
}

void sys_wait(struct sys *s, const char *unit, const char *property, const char *value)
{
	struct expectation e = { unit, property, value };
	char what[256];

	snprintf(what, sizeof(what), "%s: %s=%s", unit, property, value);
	sys_wait_for(s, what, property_is, &e);
}

/* Parent and name of a process from /proc/PID/stat; false when it is gone. */
static bool process_of(pid_t pid, pid_t *ret_parent, char *ret_name, size_t size)
{
	char path[64], text[512], *open_paren, *close_paren;
	ssize_t n;
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0) {
		return false;
	}
	text[n] = '\0';
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren[2] == 'Z') {
		return false;
	}
	snprintf(ret_name, size, "%.*s", (int)(close_paren - open_paren - 1), open_paren + 1);
	*ret_parent = (pid_t)strtol(close_paren + 4, NULL, 10);
	return true;
}

pid_t sys_supd_pid(struct sys *s)
{
	DIR *proc = opendir("/proc");
	pid_t found = 0;

	must(proc != NULL, "/proc");
	for (struct dirent *e; !found && (e = readdir(proc));) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10), parent;
		char name[64];

		if (pid > 0 && process_of(pid, &parent, name, sizeof(name)) && parent == s->init &&
			strcmp(name, "supd") == 0) {
			found = pid;
		}
	}
	closedir(proc);
	return found;
}

const char *sys_file(struct sys *s, const char *path, char *buf, size_t size)
{
	char full[512];
	ssize_t n;
	AUTO_CLOSE int fd = -1;

	snprintf(full, sizeof(full), "%s/%s", s->dir, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : fd_read_full(fd, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

void sys_fail(struct sys *s, const char *format, ...)
{
	static char tail[16384];
	va_list ap;

	s->failing = true;
	fprintf(stderr, "FAILED: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n--- last supctl output%s:\n%s\n--- supd-init:\n%s\n",
		strlen(s->output) == sizeof(s->output) - 1 ? " (cut off: there was more)" : "",
		s->output, sys_file(s, "init.out", tail, sizeof(tail)));
	sys_ctl(s, "list --all --type=service");
	fprintf(stderr, "--- services:\n%s\n", s->output);
	sys_ctl(s, "logs -n 60");
	fprintf(stderr, "--- logs:\n%s\n", s->output);
	sys_free(s);
	exit(1);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

static int remove_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP) {
		rmdir(path);
	}
	return 0;
}

static bool cgroup_is_empty(const struct sys *s)
{
	char path[256], text[256];
	ssize_t n;
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "%s/cgroup.events", s->cgroup);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return !strstr(text, "populated 1");
}

static void kill_cgroup(struct sys *s)
{
	usec_t deadline = deadline_us();
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.kill", s->cgroup);
	if (access(path, F_OK) < 0) {
		return;
	}
	if (!cgroup_is_empty(s)) {
		write_file(path, "1");
	}
	while (!cgroup_is_empty(s) && now_us() < deadline) {
		nanosleep(&(struct timespec) { .tv_nsec = POLL_US * 1000 }, NULL);
	}
	nftw(s->cgroup, remove_cgroup, 16, FTW_DEPTH | FTW_PHYS);
}

static void stop_init(struct sys *s)
{
	usec_t deadline = deadline_us();

	if (s->init <= 0) {
		return;
	}
	findings_look(s);
	kill(s->init, SIGTERM);
	while (waitpid(s->init, NULL, WNOHANG) == 0) {
		if (now_us() > deadline) {
			kill(s->init, SIGKILL);
			waitpid(s->init, NULL, 0);
			break;
		}
		nanosleep(&(struct timespec) { .tv_nsec = POLL_US * 1000 }, NULL);
	}
	s->init = -1;
}

void sys_free(struct sys *s)
{
	bool failed;

	if (!s) {
		return;
	}
	stop_init(s);
	kill_cgroup(s);
	failed = !s->failing && findings_print(s);
	nftw(s->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(s);
	if (failed) {
		exit(1);
	}
}

static bool kill_succeeds(struct sys *s, void *pid)
{
	*(pid_t *)pid = sys_supd_pid(s);
	return *(pid_t *)pid > 1 && kill(*(pid_t *)pid, SIGKILL) == 0;
}

static bool has_ended(struct sys *s, void *pid)
{
	pid_t parent;
	char name[64];

	(void)s;
	return !process_of(*(pid_t *)pid, &parent, name, sizeof(name)) || parent != s->init;
}

/* A signal takes effect some time after kill(2): whoever asks next shall not ask the old one. */
void sys_kill_supd(struct sys *s)
{
	pid_t pid = 0;

	sys_wait_for(s, "a supd to kill", kill_succeeds, &pid);
	sys_wait_for(s, "the end of supd", has_ended, &pid);
}
