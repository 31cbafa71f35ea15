// SPDX-License-Identifier: MIT
/*
 * Runs inside a unit, tries things and prints what came of them, one "NAME VALUE" a line, to its
 * standard output, where the test reads it back from the log. Arguments are words VERB or
 * VERB:ARGUMENT, done in order. Static, so that it runs in any tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define NAMES_MAX   512

/* The errno's name, or "ok". */
static const char *result(long r)
{
	return r >= 0 ? "ok" : strerrorname_np(errno);
}

/* A file's text on one line. */
static void print_file(const char *name, const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0) {
		printf("%s %s\n", name, result(-1));
		return;
	}
	text[n] = '\0';
	printf("%s", name);
	for (char *save, *word = strtok_r(text, " \t\n", &save); word;
		word = strtok_r(NULL, " \t\n", &save)) {
		printf(" %s", word);
	}
	printf("\n");
	close(fd);
}

static void do_ids(const char *arg)
{
	gid_t groups[64];
	int n = getgroups((int)ELEMENTS(groups), groups);

	(void)arg;
	printf("uid %u\ngid %u\ngroups", getuid(), getgid());
	for (int i = 0; i < n; i++) {
		printf(" %u", groups[i]);
	}
	printf("\n");
	print_file("uid_map", "/proc/self/uid_map");
	print_file("gid_map", "/proc/self/gid_map");
}

static void do_status(const char *arg)
{
	static const char *const keys[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
		"NoNewPrivs", "Seccomp" };
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	(void)arg;
	while (f && fgets(line, sizeof(line), f)) {
		size_t n = strcspn(line, ":");

		for (size_t i = 0; i < ELEMENTS(keys); i++) {
			if (strlen(keys[i]) == n && strncmp(line, keys[i], n) == 0) {
				printf("%s %s", keys[i], line + n + 2);
			}
		}
	}
}

static void do_ns(const char *arg)
{
	static const char *const names[] = { "user", "mnt", "ipc", "uts", "cgroup", "net", "pid" };

	(void)arg;
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		char path[64], target[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		printf("ns.%s %s\n", names[i], target);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void do_ls(const char *arg)
{
	char *names[NAMES_MAX];
	DIR *dir = opendir(arg);
	size_t n = 0;

	if (!dir) {
		printf("ls:%s %s\n", arg, result(-1));
		return;
	}
	for (struct dirent *e; n < NAMES_MAX && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			names[n++] = strdup(e->d_name);
		}
	}
	closedir(dir);
	qsort(names, n, sizeof(names[0]), by_name);
	printf("ls:%s =", arg);
	for (size_t i = 0; i < n; i++) {
		printf(" %s", names[i]);
	}
	printf("\n");
}

/* Open descriptors, without the one that lists them. */
static void do_fds(const char *arg)
{
	(void)arg;
	printf("fds");
	for (int fd = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			printf(" %d", fd);
		}
	}
	printf("\n");
}

static void do_cwd(const char *arg)
{
	char path[4096] = "";

	(void)arg;
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0) {
		strcpy(path, result(-1));
	}
	printf("cwd %s\n", path);
}

static void do_read(const char *arg)
{
	char byte;
	int fd = open(arg, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	long r = fd;

	/* Opening a mask works for its owner: only what can be read counts. */
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		r = read(fd, &byte, 1);
	}
	printf("read:%s %s\n", arg, result(r));
}

static void do_write(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);

	printf("write:%s %s\n", arg, result(fd));
	if (fd >= 0 && write(fd, "written\n", 8) < 0) {
		printf("write:%s %s\n", arg, result(-1));
	}
}

static void do_stat(const char *arg)
{
	struct stat st;

	if (lstat(arg, &st) < 0) {
		printf("stat:%s %s\n", arg, result(-1));
		return;
	}
	printf("stat:%s %u %u %o\n", arg, st.st_uid, st.st_gid, st.st_mode & 07777);
}

static void do_env(const char *arg)
{
	const char *value = getenv(arg);

	printf("env:%s %s\n", arg, value ? value : "(unset)");
}

static void do_limit(const char *arg)
{
	struct rlimit lim;

	getrlimit((__rlimit_resource_t)atoi(arg), &lim);
	printf("limit:%s %lu %lu\n", arg, (unsigned long)lim.rlim_cur, (unsigned long)lim.rlim_max);
}

static void do_connect(const char *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(to.sun_path, arg, sizeof(to.sun_path) - 1);
	printf("connect:%s %s\n", arg, result(connect(fd, (struct sockaddr *)&to, sizeof(to))));
}

static void do_tcp(const char *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arg)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	printf("tcp %s\n", result(connect(fd, (struct sockaddr *)&to, sizeof(to))));
}

/* Sends a datagram to a notify socket, the unit's own with an empty argument. */
static void do_notify(const char *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = *arg ? arg : getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t r;

	if (!path) {
		printf("notify:%s unset\n", arg);
		return;
	}
	strncpy(to.sun_path, path, sizeof(to.sun_path) - 1);
	r = sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&to, sizeof(to));
	printf("notify:%s %s\n", arg, result(r));
}

/* ---- system calls ---- */

/* The arguments are wrong on purpose: a call that gets through fails otherwise than by EPERM. */
static long try_mount(void)
{
	return syscall(SYS_mount, 1, 1, 1, 0, 0);
}

static long try_newuser(void)
{
	return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long try_bpf(void)
{
	return syscall(SYS_bpf, 9999, NULL, 0);
}

static long try_keyctl(void)
{
	return syscall(SYS_keyctl, 9999, 0, 0, 0, 0);
}

static long try_ptrace(void)
{
	pid_t child = fork();
	long r;
	int error;

	if (child == 0) {
		pause();
		_exit(0);
	}
	r = ptrace(PTRACE_SEIZE, child, NULL, NULL);
	error = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	errno = error;
	return r;
}

static long try_open_by_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}

static long try_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0x70000000);
}

static long try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 0, NULL);
}

static long try_alg(void)
{
	return socket(AF_ALG, SOCK_SEQPACKET, 0);
}

static long try_vsock(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0);
}

static long try_netlink_route(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long try_netlink_generic(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
}

static long try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_unknown(void)
{
	return syscall(500);
}

static const struct {
	const char *name;
	long (*run)(void);
} calls[] = {
	{ "mount", try_mount },
	{ "unshare-user", try_newuser },
	{ "clone3", try_clone3 },
	{ "bpf", try_bpf },
	{ "keyctl", try_keyctl },
	{ "ptrace", try_ptrace },
	{ "open_by_handle_at", try_open_by_handle },
	{ "userfaultfd", try_userfaultfd },
	{ "io_uring_setup", try_io_uring },
	{ "af_alg", try_alg },
	{ "af_vsock", try_vsock },
	{ "netlink-route", try_netlink_route },
	{ "netlink-generic", try_netlink_generic },
	{ "af_inet", try_inet },
	{ "unknown", try_unknown },
};

/* Each in a process of its own: a filter may kill. */
static void in_child(const char *name, long (*run)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		printf("call.%s %s\n", name, result(run()));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		printf("call.%s SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
	}
}

static void do_calls(const char *arg)
{
	(void)arg;
	for (size_t i = 0; i < ELEMENTS(calls); i++) {
		in_child(calls[i].name, calls[i].run);
	}
}

/* getpid by the 32-bit door, which no 64-bit filter rule names. */
#if defined(__x86_64__)
static long try_int80(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return r;
}
#else
static long try_int80(void)
{
	errno = ENOSYS;
	return -1;
}
#endif

static void do_int80(const char *arg)
{
	(void)arg;
	in_child("int80", try_int80);
}

static void do_sleep(const char *arg)
{
	(void)arg;
	fflush(stdout);
	for (;;) {
		pause();
	}
}

static void do_cat(const char *arg)
{
	char name[512];

	snprintf(name, sizeof(name), "cat:%s", arg);
	print_file(name, arg);
}

static void do_exec(const char *arg)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execl(arg, arg, (char *)NULL);
		_exit(errno);
	}
	waitpid(pid, &status, 0);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	printf("exec:%s %s\n", arg, result(errno ? -1 : 0));
}

/* Signals that nobody takes until there is no more room: what the kernel counts for a user. */
static void do_signals(const char *arg)
{
	unsigned n = 0;
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (n < 1000000 && sigqueue(getpid(), SIGRTMIN, (union sigval) { 0 }) == 0) {
		n++;
	}
	printf("signals %u %s\n", n, result(-1));
}

static void do_sethostname(const char *arg)
{
	printf("sethostname:%s %s\n", arg, result(sethostname(arg, strlen(arg))));
}

/* Signal 0 and a look at its memory: what one may do to another's process. */
static void do_reach(const char *arg)
{
	pid_t pid = (pid_t)atoi(arg);
	char path[64];

	printf("kill %s\n", result(kill(pid, 0)));
	printf("trace %s\n", result(ptrace(PTRACE_SEIZE, pid, NULL, NULL)));
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	printf("environ %s\n", result(open(path, O_RDONLY | O_CLOEXEC)));
}

/* Four digits of base64 at a time; '=' counts as nothing. */
static size_t decode(const char *from, char *to, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned group = 0, bits = 0;
	size_t n = 0;

	for (; *from && *from != '=' && strchr(digits, *from) && n < size; from++) {
		group = group << 6 | (unsigned)(strchr(digits, *from) - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[n++] = (char)(group >> bits);
		}
	}
	return n;
}

/* As a program that watches its memory pressure would: the trigger, and that the file takes it. */
static void do_pressure(const char *arg)
{
	const char *path = getenv("MEMORY_PRESSURE_WATCH"), *text = getenv("MEMORY_PRESSURE_WRITE");
	char line[64] = "", beside[512];
	size_t n = text ? decode(text, line, sizeof(line) - 1) : 0;
	struct pollfd p = { .events = POLLPRI };

	(void)arg;
	printf("watch %s\n", path ? path : "(unset)");
	printf("trigger %s\n", text ? line : "(unset)");
	printf("ends %s\n", n && line[n - 1] == '\0' && strlen(line) == n - 1 ? "well" : "badly");
	if (!path || !text) {
		return;
	}
	p.fd = open(path, O_RDWR | O_CLOEXEC);
	printf("opened %s\n", result(p.fd));
	printf("written %s\n", result(write(p.fd, line, n)));
	printf("polled %s\n", poll(&p, 1, 0) >= 0 && !(p.revents & POLLERR) ? "ok" : "POLLERR");
	snprintf(beside, sizeof(beside), "%.*s/cgroup.procs", (int)(strrchr(path, '/') - path),
		path);
	printf("beside %s\n", result(open(beside, O_WRONLY | O_CLOEXEC)));
}

static const struct {
	const char *name;
	void (*run)(const char *arg);
} verbs[] = {
	{ "ids", do_ids },
	{ "status", do_status },
	{ "ns", do_ns },
	{ "ls", do_ls },
	{ "fds", do_fds },
	{ "cwd", do_cwd },
	{ "read", do_read },
	{ "write", do_write },
	{ "stat", do_stat },
	{ "cat", do_cat },
	{ "env", do_env },
	{ "limit", do_limit },
	{ "connect", do_connect },
	{ "tcp", do_tcp },
	{ "notify", do_notify },
	{ "calls", do_calls },
	{ "int80", do_int80 },
	{ "sleep", do_sleep },
	{ "exec", do_exec },
	{ "pressure", do_pressure },
	{ "reach", do_reach },
	{ "signals", do_signals },
	{ "sethostname", do_sethostname },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], ":");
		size_t v = 0;

		while (v < ELEMENTS(verbs) &&
			(strlen(verbs[v].name) != n || strncmp(verbs[v].name, argv[i], n) != 0)) {
			v++;
		}
		if (v == ELEMENTS(verbs)) {
			printf("what is %s?\n", argv[i]);
			return 2;
		}
		verbs[v].run(argv[i] + n + (argv[i][n] == ':'));
		fflush(stdout);
	}
	printf("done\n");
	return 0;
}
